"""nnlib.network: worked examples, laws, the four guard rails, extremes, errors."""

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import LAYOUTS, frozen, networks, seeds, shift_biases, sizes

from nnlib import Activation, Dense, Dropout, Network, mlp, softmax
from nnlib.inspection import Layer
from nnlib.layers import ACTIVATIONS


def small(dtype: type = np.float64) -> Network:
    return shift_biases(mlp([4, 3, 2], rng=0, dtype=dtype), 1)


X = np.random.default_rng(0).normal(size=(6, 4))

# Worked examples


def test_forward_and_backward_by_hand():
    network = mlp([2, 2, 1])
    network.theta = [1, 0, 0, -1, 0, 1, 2, 3, 5]  # W, b, W, b, row by row
    x = np.array([[2.0, 3.0], [-1.0, -1.0]])
    # Z = [[2, -2], [-1, 2]], relu: [[2, 0], [0, 2]]
    np.testing.assert_array_equal(network.forward(x), [[9], [11]])
    assert network.backward(np.array([[1.0], [10.0]])) is None
    # dZ = [[2, 0], [0, 30]]
    np.testing.assert_array_equal(network.grad, [4, -30, 6, -30, 2, 30, 2, 20, 11])


def test_mlp_is_the_same_by_parts():
    by_parts = Network([Dense(4, 3), Activation("tanh"), Dense(3, 2)], rng=3)
    network = mlp([4, 3, 2], activation="tanh", rng=3)
    assert repr(network) == repr(by_parts)
    np.testing.assert_array_equal(network.theta, by_parts.theta)
    assert [type(layer) for layer in network] == [Dense, Activation, Dense]


def test_classes_and_probabilities():
    network = Network([Dense(2, 3)])
    network.theta = [1, 0, 0, 0, 1, 0, 0, 0, 0.5]
    x = np.array([[2.0, 1], [0, 3], [-1, -1], [0, 0]])
    np.testing.assert_array_equal(network.predict(x), [0, 1, 2, 2])
    np.testing.assert_array_equal(network.predict_proba(x), softmax(network.forward(x)))
    assert network.predict(x).dtype.kind == "i"


@pytest.mark.parametrize(
    ("name", "variance"),
    [("relu", 2 / 600), ("leaky_relu", 2 / 600), ("tanh", 2 / 1000), ("sigmoid", 2 / 1000)],
)
def test_he_before_relu_and_xavier_otherwise(name: str, variance: float):
    network = mlp([600, 400, 200], activation=name, rng=0)
    assert network[0].W.var() == pytest.approx(variance, rel=0.02)
    assert network[2].W.var() == pytest.approx(2 / 600, rel=0.02)  # Xavier: nothing follows
    np.testing.assert_array_equal(network[0].b, 0)
    constant = Network([Dense(2, 3, init="constant"), Activation("relu")], rng=0)
    np.testing.assert_array_equal(constant[0].W, 0.5)


def test_what_a_student_would_try_first():
    network = small()
    assert (len(network), network.n_parameters, network.n_in, network.n_out) == (3, 23, 4, 2)
    assert network[0] is network.layers[0]
    assert network[-1].W.shape == (3, 2)


# Laws


@given(network=networks(), n=st.integers(0, 5), seed=seeds)
def test_shapes_and_views(network: Network, n: int, seed: int):
    x = np.random.default_rng(seed).normal(size=(n, network.n_in))
    y = network.forward(x)
    assert y.shape == (n, network.n_out)
    network.backward(np.ones_like(y))
    for kind, vector in (("W b", network.theta), ("dW db", network.grad)):
        parts = [
            getattr(layer, name).ravel()
            for layer in network
            if layer.n_parameters
            for name in kind.split()
        ]
        np.testing.assert_array_equal(np.concatenate(parts), vector)


@given(widths=st.lists(sizes, min_size=2, max_size=4), seed=seeds)
def test_a_seed_and_its_generator_draw_the_same(widths: list[int], seed: int):
    theta = mlp(widths, rng=seed).theta
    np.testing.assert_array_equal(mlp(widths, rng=np.random.default_rng(seed)).theta, theta)
    again = mlp(widths, rng=seed + 1)
    assert (again.theta != theta).any()
    again.initialize(seed)
    np.testing.assert_array_equal(again.theta, theta)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_layout_in_memory_changes_no_bit(layout: str):
    network = mlp([40, 30, 10], rng=0)
    x = np.random.default_rng(0).normal(size=(50, 40))
    y = network.forward(x)
    network.backward(y)
    grad = network.grad.copy()
    np.testing.assert_array_equal(network.forward(LAYOUTS[layout](x)), y)
    network.backward(y)
    np.testing.assert_array_equal(network.grad, grad)
    np.testing.assert_array_equal(network.predict(LAYOUTS[layout](x)), y.argmax(axis=1))
    row = np.broadcast_to(x[0], (50, 40))
    np.testing.assert_array_equal(network.forward(row), network.forward(row.copy()))


def test_forward_reads_its_input_only():
    network = small()
    np.testing.assert_array_equal(network.forward(frozen(X)), network.forward(X))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bytes_are_pixels_and_other_numbers_are_themselves(dtype: type):
    network = mlp([256, 3], rng=0, dtype=dtype)
    pixels = np.arange(256, dtype=np.uint8)[None, ::-1]
    shares = (pixels / 255).astype(dtype)
    y = network.forward(shares)
    np.testing.assert_array_equal(network.forward(pixels), y)
    np.testing.assert_array_equal(network.predict_proba(pixels), softmax(y))
    for kind in (np.int64, np.int16, np.uint16):
        expected = network.forward(pixels.astype(dtype))
        np.testing.assert_array_equal(network.forward(pixels.astype(kind)), expected)
    black_and_white = pixels > 100
    expected = network.forward(black_and_white.astype(dtype))
    np.testing.assert_array_equal(network.forward(black_and_white), expected)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_float32_stays_float32(name: str):
    network = mlp([4, 5, 3], activation=name, rng=0, dtype=np.float32)
    y = network.forward(X)
    network.backward(y)
    assert {v.dtype for v in (y, network.theta, network.grad)} == {np.dtype(np.float32)}
    assert network.predict_proba(X).dtype == np.float32
    exact = mlp([4, 5, 3], activation=name, rng=0)
    np.testing.assert_allclose(network.theta, exact.theta, rtol=1e-6)
    np.testing.assert_allclose(y, exact.forward(X), rtol=1e-4, atol=1e-6)


def test_prediction_draws_nothing_and_blocks_change_nothing():
    network = Network([Dropout(0.5), Dense(4, 3)], rng=0)
    many = np.random.default_rng(0).normal(size=(2500, 4))
    np.testing.assert_array_equal(network.predict(many), network.predict(many))
    y = network.forward(many)
    np.testing.assert_array_equal(network.predict(many), y.argmax(axis=1))
    np.testing.assert_allclose(network.predict_proba(many), softmax(y), rtol=1e-13)
    assert (network.forward(many, training=True) != y).any()


def test_the_first_layer_learns_too_and_returns_no_gradient_of_the_data():
    network = small()
    y = network.forward(X)
    network.backward(y)
    grad = network.grad.copy()
    dy = y
    for layer in reversed(network.layers):
        dy = layer.backward(dy)
    np.testing.assert_array_equal(network.grad, grad)
    assert dy.shape == X.shape


# The four guard rails of the parameter vector


WAYS: dict[str, Callable[[Network, Path], Network]] = {
    "built": lambda network, path: network,
    "assigned": lambda network, path: setattr(network, "theta", network.theta + 0) or network,
    "copy": lambda network, path: network.copy(),
    "copy.copy": lambda network, path: copy.copy(network),
    "deepcopy": lambda network, path: copy.deepcopy(network),
    "pickle": lambda network, path: pickle.loads(pickle.dumps(network)),
    "load": lambda network, path: Network.load(network.save(path / "network.npz")),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_views_stay_views(way: str, dtype: type, tmp_path: Path):
    network = small(dtype)
    y = network.forward(X)
    network.backward(y)
    twin = WAYS[way](network, tmp_path)
    np.testing.assert_array_equal(twin.theta, network.theta)
    np.testing.assert_array_equal(twin.forward(X), y)
    assert (twin.theta.dtype, repr(twin)) == (dtype, repr(network))
    for layer in (twin[0], twin[2]):
        assert np.shares_memory(twin.theta, layer.W)
        assert np.shares_memory(twin.theta, layer.b)
        assert np.shares_memory(twin.grad, layer.dW)
        assert np.shares_memory(twin.grad, layer.db)
    twin.theta[...] = 0
    np.testing.assert_array_equal(twin.forward(X), 0)
    if twin is not network:
        assert not np.shares_memory(twin.theta, network.theta)
        np.testing.assert_array_equal(network.forward(X), y)


def test_assigning_copies_into_the_vectors():
    network = small()
    theta, values = network.theta, np.arange(23.0)
    network.theta = values
    network.grad = values.tolist()
    values[0] = 99
    assert network.theta is theta
    assert (theta[0], network.grad[0], network[0].W[0, 1]) == (0, 0, 1)
    network.theta -= 1
    network.theta = network.theta[::-1]
    assert network.theta is theta
    np.testing.assert_array_equal(theta, np.arange(22.0, -1, -1) - 1)


@pytest.mark.parametrize("values", [0.0, [], np.zeros(22), np.zeros((23, 1)), np.zeros((1, 23))])
def test_assigning_another_shape_is_an_error(values: Any):
    network = small()
    before = network.theta.tobytes()
    for name in ("theta", "grad"):
        with pytest.raises(ValueError, match=rf"{name} has shape \(23,\), got .*every parameter"):
            setattr(network, name, values)
    with pytest.raises(TypeError, match=r"theta must hold real numbers"):
        network.theta = np.zeros(23, complex)
    assert network.theta.tobytes() == before


def test_a_copied_layer_is_free_for_another_network():
    first = mlp([3, 2], rng=0)
    second = Network([copy.deepcopy(first[0])], rng=1)
    assert not np.shares_memory(first.theta, second[0].W)
    with pytest.raises(ValueError, match="belongs to another network"):
        Network([first.copy()[0]])


def test_a_copy_draws_the_same_masks_on_its_own():
    network = Network([Dropout(0.5), Dense(4, 3)], rng=0)
    network.forward(X, training=True)
    twin = network.copy()
    y = network.forward(X, training=True)
    np.testing.assert_array_equal(twin.forward(X, training=True), y)


# Extremes


def test_no_rows():
    network = small()
    assert network.forward(np.zeros((0, 4))).shape == (0, 2)
    assert network.predict(np.zeros((0, 4))).shape == (0,)
    assert network.predict_proba(np.zeros((0, 4))).shape == (0, 2)


def test_a_network_without_parameters():
    network = Network([Activation("relu"), Dropout(0.5)], rng=0)
    np.testing.assert_array_equal(network.forward(X), np.maximum(X, 0))
    network.backward(X)
    assert (network.n_parameters, network.n_in, network.n_out) == (0, None, None)


def test_a_network_that_has_run_away_chooses_no_class():
    network = small()
    network[2].W[...] = np.nan
    with pytest.raises(ValueError, match=r"output of row 0 is .*nan.* lower learning rate"):
        network.predict(X)


# Errors


@pytest.mark.parametrize(
    ("x", "error", "parts"),
    [
        (
            np.zeros((6, 3)),
            ValueError,
            r"^X has 3 features, .* layer takes 4: Dense\(4, 3\)$",
        ),
        (np.zeros((4, 6)), ValueError, r"X has 6 features.*is X transposed\? Try X.T"),
        (np.zeros(4), ValueError, r"X has shape \(4,\); it must be \(n, 4\): .*X\[None, :\]"),
        (np.zeros(5), ValueError, r"X has shape \(5,\); it must be \(n, 4\): one row an example"),
        (0.0, ValueError, r"X has shape \(\); it must be \(n, 4\)"),
        (np.zeros((5, 2, 2)), ValueError, r"X has shape \(5, 2, 2\);.*X.reshape\(len\(X\), -1\)"),
        (
            [[1, 2, 3, 4], [1, 2]],
            ValueError,
            r"of different lengths: row 0 has 4, row 1 has 2",
        ),
        ([["a"] * 4], TypeError, r"X must hold real numbers, got <U1, for instance .*a.*encode"),
        (np.array([["a"] * 4], object), TypeError, r"X must hold real numbers"),
        (np.zeros((2, 4), complex), TypeError, r"X must hold real numbers, got complex128"),
    ],
)
def test_features_that_are_refused(x: Any, error: type[Exception], parts: str):
    network = small()
    for call in (network.forward, network.predict, network.predict_proba):
        with pytest.raises(error, match=parts):
            call(x)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("row", [3, 5000])
def test_numbers_that_are_not_finite_are_found(value: float, row: int):
    x = np.zeros((6000, 4))
    x[row, 2] = x[row + 1, 0] = value
    network = small()
    for call in (network.forward, network.predict):
        with pytest.raises(ValueError, match=rf"X contains {value} at row {row}, column 2; "):
            call(x)


def test_one_output_has_no_class():
    network = mlp([4, 1], rng=0)
    for call in (network.predict, network.predict_proba):
        with pytest.raises(ValueError, match=r"one output.*forward\(X\).*forward\(X\) > 0"):
            call(X)


def test_backward_before_forward_or_for_another_batch():
    network = small()
    with pytest.raises(RuntimeError, match=r"remembers no forward pass yet: call forward\(x\)"):
        network.backward(np.zeros((6, 2)))
    network.forward(X)
    for shape in [(5, 2), (6, 3), (6,), (6, 1)]:
        with pytest.raises(ValueError, match=r"Dense\(3, 2\) got dy of shape .* gave \(6, 2\)"):
            network.backward(np.zeros(shape))
    np.testing.assert_array_equal(network.grad, 0)


SHARED = Dense(2, 2)


@pytest.mark.parametrize(
    ("build", "error", "parts"),
    [
        (lambda: Network([]), ValueError, r"needs at least one layer, got none: Network\(\[Dense"),
        (
            lambda: Network([Dense]),
            TypeError,
            r"layer 0 is <class .*such as Dense\(64, 10\)",
        ),
        (lambda: Network(["relu"]), TypeError, r"layer 0 is 'relu'"),
        (lambda: Network(5), TypeError, r"layers must be a list, got 5"),
        (lambda: Network([SHARED, SHARED]), ValueError, r"layer 1, Dense\(2, 2\), stands twice"),
        (
            lambda: Network([Dense(3, 2), Activation("relu"), Dense(3, 2)]),
            ValueError,
            r"layer 2 is Dense\(3, 2\), but layer 1, Activation\('relu'\), gives 2 values",
        ),
        (lambda: Network([SHARED], dtype="float16"), TypeError, r"dtype must be .*got 'float16'"),
        (
            lambda: Network([SHARED], dtype=int),
            TypeError,
            r"dtype must be np.float64 or ",
        ),
        (lambda: Network([SHARED], dtype=None), TypeError, r"dtype must be .*got None"),
        (lambda: Network([SHARED], rng="a"), TypeError, r"rng must be a whole number .*got 'a'"),
        (lambda: Network([SHARED], rng=-1), ValueError, r"rng must be 0 or more, got -1"),
        (lambda: mlp([3, 2], activation="rleu"), ValueError, r"did you mean 'relu'"),
        (lambda: mlp([3]), ValueError, r"needs at least one layer"),
        (lambda: mlp([3, 0]), ValueError, r"n_out must be at least 1, got 0"),
        (lambda: mlp([3, 2.0]), TypeError, r"n_out must be a whole number, got 2.0"),
    ],
)
def test_networks_that_are_refused(build: Any, error: type[Exception], parts: str):
    with pytest.raises(error, match=parts):
        build()
    assert not SHARED.owned  # it can still be used


def test_a_layer_belongs_to_one_network():
    network = small()
    theta = network.theta.copy()
    with pytest.raises(ValueError, match=r"Dense\(4, 3\), belongs to another network.*copy"):
        Network(network.layers, rng=1)
    np.testing.assert_array_equal(network.theta, theta)
    assert np.shares_memory(network.theta, network[0].W)


@pytest.mark.parametrize("dtype", [np.float32, "float32", np.dtype("float32")])
def test_a_dtype_may_be_written_in_every_way(dtype: Any):
    assert Network([Dense(2, 1)], rng=0, dtype=dtype).theta.dtype == np.float32
    assert Network([Dense(2, 1)], rng=0, dtype=float).theta.dtype == np.float64


def test_a_layer_of_ones_own():
    class Double(Layer):
        def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
            self.x = x
            return 2 * x

        def backward(self, dy: np.ndarray) -> np.ndarray:
            return 2 * dy

    network = Network([Dense(2, 2), Double()], rng=0)
    plain = mlp([2, 2], rng=0)
    np.testing.assert_array_equal(network.forward([[1, 2]]), 2 * plain.forward([[1, 2]]))
    assert repr(network[1]) == "Double()"
    with pytest.raises(NotImplementedError, match=r"Layer has no forward"):
        Layer().forward(X)
    with pytest.raises(NotImplementedError, match=r"Layer has no backward"):
        Layer().backward(X)
