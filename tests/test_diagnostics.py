"""nnlib.diagnostics: worked examples, laws, the 30-layer numbers, extremes, errors."""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import networks, seeds

from nnlib import (
    Activation,
    Dense,
    Dropout,
    Network,
    Signals,
    initialization,
    measure_signals,
    mlp,
    signal_experiment,
)
from nnlib.activations import sigmoid_derivative, tanh_derivative
from nnlib.layers import ACTIVATIONS

FIELDS = [field.name for field in dataclasses.fields(Signals)]


def chain(*layers: Any, W: Any, dtype: Any = np.float64) -> Network:
    """Build a network and give each Dense its weights; biases stay 0."""
    network = Network(list(layers), rng=0, dtype=dtype)
    dense = [layer for layer in network if isinstance(layer, Dense)]
    for layer, values in zip(dense, W, strict=True):
        layer.W[...] = values
    return network


def equal(a: Signals, b: Signals) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in FIELDS)


# Worked examples


def worked(dtype: Any = np.float64) -> Signals:
    """Two examples, relu cuts off one entry of the first and all of the second unit."""
    network = chain(
        Dense(2, 2),
        Activation("relu"),
        Dense(2, 1),
        W=([[1, -1], [0, -2]], [[2], [3]]),
        dtype=dtype,
    )
    X, dy = [[3.0, 1.0], [1.0, 1.0]], [[1.0], [3.0]]
    # z = [[3, -5], [1, -3]], h = [[3, 0], [1, 0]], out = [[6], [2]]
    # dh = dy W2^T = [[2, 3], [6, 9]], dz = [[2, 0], [6, 0]]
    # dW1 = X^T dz = [[12, 0], [8, 0]], dW2 = h^T dy = [[6], [0]]
    return measure_signals(network, X, dy, learning_rate=0.5)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_two_layers_by_hand(dtype: Any):
    s = worked(dtype)
    close = {"rtol": 1e-6}
    np.testing.assert_allclose(s.activation_mean, [1, 4], **close)
    np.testing.assert_allclose(s.activation_sd, [math.sqrt(10 / 4 - 1), 2], **close)
    np.testing.assert_allclose(s.gradient_mean, [5, 2], **close)
    np.testing.assert_allclose(s.gradient_sd, [math.sqrt(130 / 4 - 25), 1], **close)
    np.testing.assert_array_equal(s.saturated, [0.5, 0])
    np.testing.assert_array_equal(s.dead, [0.5, 0])
    np.testing.assert_allclose(s.dW_norm, [math.sqrt(208), 6], **close)
    ratios = [0.5 * math.sqrt(208 / 6), 0.5 * 6 / math.sqrt(13)]
    np.testing.assert_allclose(s.update_ratio, ratios, **close)


def test_a_histogram_by_hand():
    s = worked()
    np.testing.assert_allclose(s.activation_edges[0], np.linspace(-3, 3, 81), atol=1e-15)
    np.testing.assert_allclose(s.gradient_edges[1], np.linspace(-3, 3, 81), atol=1e-15)
    found = {k: s.activation_counts[0, k] for k in np.flatnonzero(s.activation_counts[0])}
    assert found == {40: 2, 53: 1, 79: 1}  # 0 twice; 1; 3: bins are 0.075 wide
    found = {k: s.gradient_counts[0, k] for k in np.flatnonzero(s.gradient_counts[0])}
    assert found == {48: 1, 53: 1, 66: 1, 79: 1}  # 2, 3, 6, 9: bins are 0.225 wide


def test_saturated_begins_at_a_thousandth_of_the_steepest_slope():
    for name, z in (("tanh", 4.146), ("sigmoid", 8.293)):
        function = {"tanh": tanh_derivative, "sigmoid": sigmoid_derivative}[name]
        below = function(np.array([z, z + 0.01])) / function(np.zeros(1)) < 1e-3
        assert below.tolist() == [False, True]
        network = chain(Dense(1, 4), Activation(name), W=([[z, z + 0.01, -z, -z - 0.01]],))
        s = measure_signals(network, [[1.0]], np.ones((1, 4)))
        assert s.saturated == [0.5]
        assert s.dead == [0]


def test_a_layer_that_is_saturated_everywhere_has_no_steep_entry_to_hide_behind():
    network = chain(Dense(1, 3), Activation("sigmoid"), W=(20,))
    s = measure_signals(network, [[1.0], [1.1]], np.ones((2, 3)))
    assert (s.saturated, s.dead) == ([1], [0])
    network = chain(Dense(1, 3), Activation("sigmoid"), W=([[40, 1, 1000]],))
    s = measure_signals(network, [[1.0], [1.1]], np.ones((2, 3)))
    np.testing.assert_allclose([s.saturated[0], s.dead[0]], 2 / 3)


def test_shares_are_those_of_the_first_notebook():
    rng = np.random.default_rng(0)
    examples = rng.normal(size=(200, 10))
    W, b = rng.normal(size=(10, 1000)), 5 * rng.normal(size=1000)
    z = examples @ W + b
    for name, (_, derivative) in ACTIVATIONS.items():
        network = chain(Dense(10, 1000), Activation(name), W=(W,))
        network[0].b[...] = b
        s = measure_signals(network, examples, np.ones((200, 1000)))
        slope = derivative(z)
        assert s.saturated[0] == np.mean(slope < 1e-3 * slope.max())
        assert s.dead[0] == np.mean(np.all(slope == 0, axis=0))


def test_a_row_is_a_dense_and_what_follows_up_to_the_next():
    layers = [Activation("tanh"), Dense(3, 4), Activation("relu"), Dropout(0.5), Dense(4, 5)]
    network = Network([*layers, Dense(5, 2), Activation("sigmoid")], rng=0)
    rng = np.random.default_rng(1)
    X, dy = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    s = measure_signals(network, X, dy)
    assert len(s.dead) == 3
    y = network.forward(X)
    hidden = network[4].x  # dropout drops nothing here
    np.testing.assert_allclose(s.activation_sd, [hidden.std(), network[5].x.std(), y.std()])
    slope = ACTIVATIONS["relu"][1](network[2].x)
    np.testing.assert_array_equal(s.saturated, [np.mean(slope == 0), 0, 0])


def test_the_experiment_by_parts():
    rng = np.random.default_rng(7)
    layers = [Dense(5, 5, "he_uniform"), Activation("relu")]
    network = Network([*layers, Dense(5, 5, "he_uniform"), Activation("relu")], rng)
    network.theta *= 1.5
    X, dy = rng.normal(size=(2, 9, 5))
    by_parts = measure_signals(network, X, dy / 9)
    assert equal(by_parts, signal_experiment(2, 5, "relu", "he_uniform", 1.5, 7, n_examples=9))
    W = initialization.he_uniform(5, 5, np.random.default_rng(7))
    np.testing.assert_allclose(network[0].W, 1.5 * W)


# The numbers of the lesson: width 512, 30 layers, sd at layers 1, 10, 30


@pytest.mark.parametrize(
    ("activation", "scheme", "gain", "expected"),
    [
        ("relu", "he_normal", 1, (0.825, 0.807, 1.05)),
        ("relu", "xavier_normal", 1, (0.585, 0.0254, 3.4e-5)),
        ("relu", "normal", 1, (0.132, 8.4e-9, 9e-25)),
        ("relu", "normal", 100, (13.2, 9.2e11, 9.6e35)),
        ("tanh", "xavier_normal", 1, (0.628, 0.228, 0.132)),
        ("tanh", "normal", 100, (0.98, 0.98, 0.98)),
    ],
)
def test_thirty_layers(activation: str, scheme: str, gain: float, expected: tuple[float, ...]):
    s = signal_experiment(30, 512, activation, scheme, gain, seed=1, n_examples=50)
    found = s.activation_sd[[0, 9, 29]]
    # One draw of relu wanders by a fifth in 10 layers and by a third in 30; tanh hardly at all.
    spread = (0.02, 0.4, 0.6) if activation == "relu" else (0.01, 0.03, 0.05)
    assert np.all(np.abs(np.log(found / expected)) < spread), found
    assert s.activation_counts.sum(axis=1).tolist() == [50 * 512] * 30
    if gain == 100 and activation == "tanh":  # the sd alone hides it
        assert np.all(s.saturated > 0.8)


# Laws


@given(network=networks(), seed=seeds, n=st.integers(1, 5))
def test_every_row_agrees_with_a_plain_computation(network: Network, seed: int, n: int):
    rng = np.random.default_rng(seed)
    X, dy = rng.normal(size=(n, network.n_in)), rng.normal(size=(n, network.n_out))
    s = measure_signals(network, X, dy, learning_rate=0.1)
    network.forward(X)
    network.backward(dy)
    dense = [k for k, layer in enumerate(network) if isinstance(layer, Dense)]
    for row, k in enumerate(dense):
        W, dW = network[k].W, network[k].dW
        assert s.dW_norm[row] == pytest.approx(np.sqrt(np.sum(dW**2)), rel=1e-12)
        ratio = 0.1 * np.sqrt(np.sum(dW**2) / np.sum(W**2))
        assert s.update_ratio[row] == pytest.approx(ratio, rel=1e-12)
    for row, k in enumerate(dense[1:]):
        y = network[k].x
        dy_here = _gradient_at(network, k, dy)
        for values, of in ((y, "activation"), (dy_here, "gradient")):
            m = np.abs(values).max()
            assert getattr(s, f"{of}_mean")[row] == pytest.approx(values.mean(), abs=1e-12 * m)
            assert getattr(s, f"{of}_sd")[row] == pytest.approx(values.std(), abs=1e-12 * m)
            counts, edges = getattr(s, f"{of}_counts")[row], getattr(s, f"{of}_edges")[row]
            assert counts.sum() == values.size
            assert (edges[0], edges[-1]) == ((-m, m) if m else (-1, 1))


def _gradient_at(network: Network, place: int, dy: np.ndarray) -> np.ndarray:
    """Return dL/d(input of a layer)."""
    for layer in network.layers[: place - 1 : -1]:
        dy = layer.backward(dy)
    return dy


@given(c=st.floats(0.25, 4), seed=seeds)
def test_relu_and_linear_are_homogeneous(c: float, seed: int):
    for name in ("relu", "linear", "leaky_relu"):
        one = signal_experiment(5, 6, name, "he_normal", 1.0, seed, n_examples=4)
        scaled = signal_experiment(5, 6, name, "he_normal", c, seed, n_examples=4)
        power = np.arange(1, 6)
        np.testing.assert_allclose(scaled.activation_sd, c**power * one.activation_sd, rtol=1e-9)
        np.testing.assert_allclose(
            scaled.gradient_sd, c ** (5 - power) * one.gradient_sd, rtol=1e-9
        )
        np.testing.assert_allclose(scaled.dW_norm, c**4 * one.dW_norm, rtol=1e-9)
        np.testing.assert_array_equal(scaled.dead, one.dead)


@given(network=networks(), seed=seeds)
def test_nothing_is_changed(network: Network, seed: int):
    rng = np.random.default_rng(seed)
    X, dy = rng.normal(size=(4, network.n_in)), rng.normal(size=(4, network.n_out))
    network.forward(X[:2])
    network.backward(dy[:2])
    kept = [network.theta.copy(), network.grad.copy(), X.copy(), dy.copy()]
    X.setflags(write=False)
    dy.setflags(write=False)
    first = measure_signals(network, X, dy)
    for before, after in zip(kept, (network.theta, network.grad, X, dy)):
        np.testing.assert_array_equal(before, after)
    network.backward(dy[:2])  # still belongs to the forward of two rows
    np.testing.assert_array_equal(network.grad, kept[1])
    assert equal(first, measure_signals(network, X.tolist(), dy.tolist()))


def test_the_update_ratio_follows_the_learning_rate_and_nothing_else_does():
    network = mlp([3, 4, 2], rng=0)
    X, dy = np.ones((2, 3)), np.ones((2, 2))
    slow, fast = (measure_signals(network, X, dy, rate) for rate in (0.01, 0.03))
    np.testing.assert_allclose(fast.update_ratio, 3 * slow.update_ratio)
    assert equal(slow, dataclasses.replace(fast, update_ratio=slow.update_ratio))
    assert equal(slow, measure_signals(network, X, dy))


def test_seeds():
    one = signal_experiment(3, 4, "tanh", "lecun_normal", seed=3)
    assert equal(
        one, signal_experiment(3, 4, "tanh", "lecun_normal", 1.0, np.random.default_rng(3))
    )
    assert not equal(one, signal_experiment(3, 4, "tanh", "lecun_normal", seed=4))


def test_the_result_cannot_be_rebound():
    with pytest.raises(dataclasses.FrozenInstanceError):
        worked().dead = np.zeros(2)  # type: ignore[misc]


# Extremes


SIZES = (1e300, 1e160, 9.6e35, 9e-25, 1e-160, 1e-300, 5e-324)


@pytest.mark.parametrize(
    ("size", "dtype"),
    [*((size, np.float64) for size in SIZES), (9.6e35, np.float32), (9e-25, np.float32)],
)
def test_sizes_whose_squares_leave_the_range(size: float, dtype: Any):
    network = chain(Dense(2, 2), W=([[size, 0], [0, -size]],), dtype=dtype)
    X, dy = np.array([[1.0, 1.0], [0.0, 0.0]]), size * np.eye(2)
    s = measure_signals(network, X, dy)
    size = float(dtype(size))
    close = {"rel": 1e-6}
    if size > 1e-320:
        assert s.activation_sd[0] == pytest.approx(size * math.sqrt(0.5), abs=0, **close)
        assert s.gradient_sd[0] == pytest.approx(size / 2, abs=0, **close)
        assert s.dW_norm[0] == pytest.approx(size * math.sqrt(2), abs=0, **close)
    assert s.update_ratio[0] == pytest.approx(0.01, rel=0.01) or size < 1e-320
    assert s.activation_edges[0, -1] == size


def test_zero_weights():
    network = chain(Dense(2, 3), Activation("tanh"), Dense(3, 1), W=(0, 0))
    s = measure_signals(network, np.ones((2, 2)), np.ones((2, 1)))
    assert s.activation_sd.tolist() == s.gradient_sd.tolist() == s.dW_norm.tolist() == [0, 0]
    assert s.update_ratio.tolist() == [0, 0]
    network[0].W[...] = 1
    s = measure_signals(network, np.ones((2, 2)), np.ones((2, 1)))
    assert s.update_ratio.tolist() == [0, math.inf]
    assert s.activation_counts[1, 40] == 2
    assert (s.activation_edges[1, 0], s.activation_edges[1, -1]) == (-1, 1)


# Errors

NET = mlp([3, 4, 2], rng=0)
X, DY = np.ones((5, 3)), np.ones((5, 2))


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: measure_signals(NET, X, DY[:4]), ValueError, r"dy has shape \(4, 2\).*\(5, 2\): "),
        (lambda: measure_signals(NET, X, 1.0), ValueError, r"dy has shape \(\), but"),
        (lambda: measure_signals(NET, X, np.full((5, 2), "a")), TypeError, r"dy must hold real"),
        (lambda: measure_signals(NET, X, np.inf * DY), ValueError, r"dy contains inf at row 0"),
        (lambda: measure_signals(NET, X[:0], DY[:0]), ValueError, r"X has no rows; give at least"),
        (lambda: measure_signals(NET, X.T, DY), ValueError, r"Try X\.T"),
        (lambda: measure_signals(NET, np.nan * X, DY), ValueError, r"X contains nan"),
        (lambda: measure_signals(NET, X, DY, 0), ValueError, r"learning_rate must be .* above 0"),
        (lambda: measure_signals(NET, X, DY, "1"), TypeError, r"learning_rate must be a number"),
        (
            lambda: measure_signals(Network([Activation("relu")]), X, X),
            ValueError,
            r"no Dense layer, so nothing can be measured: build one with mlp",
        ),
        (lambda: signal_experiment(0, 4, "relu", "he_normal"), ValueError, r"depth must be at"),
        (
            lambda: signal_experiment(2.0, 4, "relu", "he_normal"),
            TypeError,
            r"depth must be a whole",
        ),
        (
            lambda: signal_experiment(2, 0, "relu", "he_normal"),
            ValueError,
            r"n_in must be at least",
        ),
        (lambda: signal_experiment(2, 4, "rleu", "he_normal"), ValueError, r"mean 'relu'"),
        (lambda: signal_experiment(2, 4, "relu", "he"), ValueError, r"unknown init 'he'"),
        (lambda: signal_experiment(2, 4, "relu", "normal", -1), ValueError, r"gain must be a fin"),
        (
            lambda: signal_experiment(2, 4, "relu", "normal", 1, "0"),
            TypeError,
            r"rng must be a who",
        ),
        (
            lambda: signal_experiment(2, 4, "relu", "normal", n_examples=0),
            ValueError,
            r"n_examples must be at least 1, got 0",
        ),
    ],
)
def test_refusals(call: Any, error: type[Exception], says: str):
    with pytest.raises(error, match=says):
        call()


def test_what_overflows_is_named_without_a_warning():
    hint = r"contains (inf|-inf|nan) .*; every value must be finite: take smaller weights, or fewer"
    with pytest.raises(ValueError, match=rf"the output of layer \d+ {hint}"):
        signal_experiment(120, 4, "relu", "constant", 1e3)
    network = chain(*(Dense(1, 1) for _ in range(3)), W=(1e-200, 1e200, 1e200))
    with pytest.raises(ValueError, match=f"the gradient {hint}"):
        measure_signals(network, [[1e-5]], [[1.0]])
