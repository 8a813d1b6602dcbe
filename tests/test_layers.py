"""nnlib.layers: every layer of the table keeps the same laws, and its gradients are right."""

import pickle

import numpy as np
import pytest
from cases import LAYERS
from hypothesis import given
from strategies import frozen, seeds, sizes

import nnlib
from nnlib import Dense, Dropout, GaussianDropout, Network, NotFittedError, affine, affine_backward
from nnlib.gradient_check import numerical_gradient, relative_error
from nnlib.initialization import SCHEMES
from nnlib.inspection import Layer
from nnlib.inspection.layers import _REGISTRY
from nnlib.layers import ACTIVATIONS, Activation

every_layer = pytest.mark.parametrize("name", LAYERS)


def make(name: str, seed: int = 0, dtype: type = np.float64) -> tuple[Layer, Network]:
    """Return a layer of the table, and the network that lends it its numbers."""
    layer = LAYERS[name].build()
    network = Network([layer], rng=seed, dtype=dtype)
    network.theta = np.random.default_rng(seed).normal(size=network.n_parameters)
    return layer, network


def batch(name: str, n: int = 5, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return an input and an upstream gradient for a layer of the table."""
    rng, case = np.random.default_rng(seed), LAYERS[name]
    return rng.normal(size=(n, case.n_in)), rng.normal(size=(n, case.n_out))


def test_every_layer_is_in_the_table():
    ours = {c for c in _REGISTRY.values() if c.__module__.startswith("nnlib.")}
    assert {type(case.build()) for case in LAYERS.values()} == ours
    assert {f"Activation-{name}" for name in ACTIVATIONS} <= set(LAYERS)


# Worked examples


def test_affine_by_hand():
    x, W, b = np.array([[1.0, 2.0], [0.0, -1.0]]), np.array([[1.0, 0, 3], [2, 1, 0]]), [1, 0, -1]
    np.testing.assert_array_equal(affine(x, W, np.array(b)), [[6, 2, 2], [-1, -1, -1]])
    dx, dW, db = affine_backward(np.array([[1.0, 0, 2], [0, 1, 0]]), x, W)
    np.testing.assert_array_equal(dx, [[7, 2], [0, 1]])
    np.testing.assert_array_equal(dW, [[1, 0, 2], [2, -1, 4]])
    np.testing.assert_array_equal(db, [1, 1, 2])


def test_dense_is_affine_with_the_numbers_of_its_network():
    layer, network = make("Dense")
    x, dy = batch("Dense")
    np.testing.assert_array_equal(layer.forward(x), affine(x, layer.W, layer.b))
    dx, dW, db = affine_backward(dy, x, layer.W)
    np.testing.assert_array_equal(layer.backward(dy), dx)
    np.testing.assert_allclose(layer.dW, dW, rtol=1e-15)
    np.testing.assert_allclose(layer.db, db, rtol=1e-15)
    np.testing.assert_array_equal(network.theta, np.concatenate([layer.W.ravel(), layer.b]))
    np.testing.assert_array_equal(network.grad, np.concatenate([layer.dW.ravel(), layer.db]))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_calls_the_function_of_its_name(name: str):
    x, dy = batch(f"Activation-{name}")
    layer = Activation(name)
    np.testing.assert_array_equal(layer.forward(x), getattr(nnlib, name)(x))
    np.testing.assert_array_equal(layer.backward(dy), dy * getattr(nnlib, f"{name}_derivative")(x))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_dense_draws_by_the_scheme_that_it_names(scheme: str):
    layer = Dense(4, 3, init=scheme)
    Network([layer, Activation("relu")], rng=5)
    np.testing.assert_array_equal(layer.W, SCHEMES[scheme](4, 3, np.random.default_rng(5)))
    np.testing.assert_array_equal(layer.b, 0)


@pytest.mark.parametrize("p", [0.0, 0.2, 0.5, 0.9])
def test_dropout_mask_has_mean_1_and_the_variance_of_its_formula(p: float):
    n = 400_000
    for layer in (Dropout(p), GaussianDropout(p)):
        Network([layer], rng=2)
        y = layer.forward(np.full((1000, n // 1000), 3.0), training=True) / 3
        variance = p / (1 - p)
        # Five standard errors of the mean; the variance within 2 %.
        assert abs(y.mean() - 1) <= 5 * np.sqrt(variance / n)
        assert y.var() == pytest.approx(variance, rel=0.02, abs=1e-15)
        if type(layer) is Dropout:
            assert set(np.unique(y).round(12)) == ({0, round(1 / (1 - p), 12)} if p else {1})
            assert np.mean(y == 0) == pytest.approx(p, abs=0.005)
        elif p:
            z = (y - 1) / np.sqrt(variance)
            assert np.mean(np.abs(z) < 1) == pytest.approx(0.6827, abs=0.005)


# Laws


@every_layer
@pytest.mark.parametrize("training", [False, True])
def test_backward_gives_the_same_bits_twice_and_changes_no_input(name: str, training: bool):
    layer, network = make(name)
    x, dy = map(frozen, batch(name))
    y = layer.forward(x, training=training)
    assert y.shape == dy.shape
    first, grad = layer.backward(dy), network.grad.copy()
    np.testing.assert_array_equal(layer.backward(dy), first)
    np.testing.assert_array_equal(network.grad, grad)
    assert first.shape == x.shape


@every_layer
def test_rows_are_examples(name: str):
    layer, network = make(name)
    x, dy = batch(name)
    y, dx, grad = layer.forward(x), layer.backward(dy), network.grad.copy()
    rows = [4, 2, 0, 1, 3]
    np.testing.assert_allclose(layer.forward(x[rows]), y[rows], rtol=1e-14)
    np.testing.assert_allclose(layer.backward(dy[rows]), dx[rows], rtol=1e-14)
    np.testing.assert_allclose(network.grad, grad, rtol=1e-13)
    total = np.zeros_like(grad)
    for i in range(5):
        np.testing.assert_allclose(layer.forward(x[i : i + 1]), y[i : i + 1], rtol=1e-14)
        np.testing.assert_allclose(layer.backward(dy[i : i + 1]), dx[i : i + 1], rtol=1e-14)
        total += network.grad
    np.testing.assert_allclose(total, grad, rtol=1e-13)


@every_layer
def test_backward_is_linear(name: str):
    layer, network = make(name)
    x, dy = batch(name)
    layer.forward(x, training=True)
    dx = layer.backward(dy)
    grad = network.grad.copy()
    np.testing.assert_allclose(layer.backward(-2 * dy), -2 * dx, rtol=1e-14)
    np.testing.assert_allclose(network.grad, -2 * grad, rtol=1e-14)
    layer.backward(0 * dy)  # and nothing of an earlier batch is left
    np.testing.assert_array_equal(network.grad, 0)


@every_layer
@pytest.mark.parametrize("training", [False, True])
def test_float32_stays_float32(name: str, training: bool):
    layer, network = make(name, dtype=np.float32)
    x, dy = (values.astype(np.float32) for values in batch(name))
    assert layer.forward(x, training=training).dtype == np.float32
    assert layer.backward(dy).dtype == np.float32
    assert network.grad.dtype == network.theta.dtype == np.float32


@every_layer
def test_no_rows_in_no_rows_out(name: str):
    layer, network = make(name)
    x, dy = batch(name, n=0)
    assert layer.forward(x).shape == dy.shape
    assert layer.backward(dy).shape == x.shape
    np.testing.assert_array_equal(network.grad, 0)


@every_layer
def test_evaluation_draws_nothing(name: str):
    layer, _ = make(name)
    x, _ = batch(name)
    np.testing.assert_array_equal(layer.forward(x), layer.forward(x))


@every_layer
def test_a_pickle_keeps_the_arguments_and_forgets_the_batch(name: str):
    layer, _ = make(name)
    layer.forward(batch(name, n=5000)[0], training=True)
    data = pickle.dumps(layer)
    assert len(data) < 2000
    assert repr(pickle.loads(data)) == repr(layer)


@pytest.mark.parametrize("cls", [Dropout, GaussianDropout])
def test_dropout_in_evaluation_is_exactly_the_identity(cls: type):
    layer = cls(0.5)
    Network([layer], rng=0)
    x, dy = batch("Dropout")
    layer.forward(x, training=True)
    np.testing.assert_array_equal(layer.forward(x), x)
    np.testing.assert_array_equal(layer.backward(dy), dy)  # it belongs to the last forward


@pytest.mark.parametrize("cls", [Dropout, GaussianDropout])
def test_the_mask_of_the_forward_pass_is_that_of_the_backward_pass(cls: type):
    layer = cls(0.5)
    Network([layer], rng=0)
    ones = np.ones((40, 50))
    mask = layer.forward(ones, training=True)
    np.testing.assert_array_equal(layer.backward(ones), mask)
    assert (layer.forward(ones, training=True) != mask).any()
    layer.frozen = True
    mask = layer.forward(ones, training=True)
    np.testing.assert_array_equal(layer.forward(2 * ones, training=True), 2 * mask)
    assert layer.forward(ones[:7], training=True).shape == (7, 50)  # it fits no other batch
    mask = layer.forward(ones, training=True)
    layer.forward(ones)  # an evaluation in between leaves the frozen mask alone
    np.testing.assert_array_equal(layer.forward(ones, training=True), mask)
    layer.frozen = False
    again = layer.forward(ones, training=True)
    assert (layer.forward(ones, training=True) != again).any()


def test_dropout_does_not_change_the_weights_that_a_seed_draws():
    plain = Network([Dense(3, 4), Dense(4, 2)], rng=7)
    dropped = Network([Dropout(0.1), Dense(3, 4), Dropout(0.5), Dense(4, 2)], rng=7)
    np.testing.assert_array_equal(plain.theta, dropped.theta)
    ones = np.ones((9, 9))
    assert (dropped[0].draw((9, 9)) * 0.9 != dropped[2].draw((9, 9)) * 0.5).any()
    other = Network([Dropout(0.1), Dense(3, 4)], rng=8)
    same = Network([Dropout(0.1), Dense(3, 4)], rng=8)
    np.testing.assert_array_equal(
        other[0].forward(ones, training=True), same[0].forward(ones, training=True)
    )


# Gradients


@every_layer
@given(n=sizes, seed=seeds)
def test_both_gradients_are_the_measured_slopes(name: str, n: int, seed: int):
    layer, network = make(name, seed)
    x, dy = batch(name, n, seed)
    x[np.abs(x) < 1e-3] = 0.5  # a kink has no slope
    layer.forward(x, training=True)
    layer.frozen = True  # only dropout looks at it
    dx = layer.backward(dy)

    def output(values: np.ndarray) -> float:
        return float(np.sum(dy * layer.forward(values, training=True)))

    def output_of_theta(values: np.ndarray) -> float:
        network.theta = values
        return output(x)

    assert relative_error(dx, numerical_gradient(output, x)) < 1e-7
    theta, grad = network.theta.copy(), network.grad.copy()
    assert relative_error(grad, numerical_gradient(output_of_theta, theta)) < 1e-7


def test_kinks_are_told_where_there_are_some():
    x = np.array([[-1.0, 0.0, 2.0]])
    for name in ACTIVATIONS:
        layer = Activation(name)
        layer.forward(x)
        expected = [[False, False, True]] if "relu" in name else []
        np.testing.assert_array_equal(layer.kinks(), expected)


# Errors


@every_layer
def test_backward_before_forward(name: str):
    layer, _ = make(name)
    with pytest.raises(RuntimeError, match=r"remembers no forward pass.*call forward\(x\)"):
        layer.backward(batch(name)[1])


@every_layer
def test_an_upstream_gradient_of_another_shape(name: str):
    layer, network = make(name)
    x, dy = batch(name)
    layer.forward(x)
    layer.backward(dy)
    grad = network.grad.copy()
    for wrong in (dy[:3], dy[:, :0], dy.T, dy[0], dy.sum()):
        if wrong.shape != dy.shape:
            with pytest.raises(ValueError, match=r"got dy of shape .* gave \(5, .*call forward"):
                layer.backward(wrong)
    np.testing.assert_array_equal(network.grad, grad)


@pytest.mark.parametrize("shape", [(5, 3), (4,), (), (2, 5, 4)])
def test_dense_refuses_other_features(shape: tuple[int, ...]):
    layer, _ = make("Dense")
    with pytest.raises(ValueError, match=r"Dense\(4, 3\) takes x of shape \(n, 4\), got"):
        layer.forward(np.zeros(shape))


@pytest.mark.parametrize("attribute", ["W", "b", "dW", "db"])
def test_a_layer_outside_a_network_has_no_numbers(attribute: str):
    with pytest.raises(NotFittedError, match=rf"no {attribute} yet.*Network\(\[Dense\(2, 3\)\]"):
        getattr(Dense(2, 3), attribute)
    with pytest.raises(AttributeError, match="no attribute 'w'"):
        _ = Dense(2, 3).w
    with pytest.raises(NotFittedError, match=r"Network\(\[Dropout\(0.5\)\], rng=0\)"):
        Dropout(0.5).forward(np.ones((2, 2)), training=True)


@pytest.mark.parametrize(
    ("build", "error", "parts"),
    [
        (lambda: Dense(0, 3), ValueError, "n_in must be at least 1, got 0"),
        (lambda: Dense(3, -1), ValueError, "n_out must be at least 1, got -1"),
        (lambda: Dense(3.0, 2), TypeError, "n_in must be a whole number, got 3.0 .*n_in=3"),
        (lambda: Dense(3, True), TypeError, "n_out must be a whole number, got True"),
        (lambda: Dense("5", 2), TypeError, "n_in must be a whole number, got '5'"),
        (lambda: Dense(3, 2, init="he_norml"), ValueError, "init 'he_norml': did you mean 'he_nor"),
        (lambda: Dense(3, 2, init=3), TypeError, "init must be one of the names .*got 3"),
        (lambda: Activation("rleu"), ValueError, "activation 'rleu': did you mean 'relu'.*tanh"),
        (lambda: Activation("Tanh"), ValueError, "did you mean 'tanh'"),
        (lambda: Activation("xyzzy"), ValueError, "unknown activation 'xyzzy': Known: linear"),
        (lambda: Activation(np.tanh), TypeError, "activation must be one of the names.*quotes"),
        (lambda: Dropout(1), ValueError, r"drop_prob must lie in \[0, 1\), got 1.*one half"),
        (lambda: Dropout(50), ValueError, "got 50: 0.5 drops one half"),
        (lambda: GaussianDropout(-0.1), ValueError, "drop_prob must lie in .*got -0.1"),
        (lambda: Dropout(float("nan")), ValueError, "got nan"),
        (lambda: Dropout("0.5"), TypeError, "drop_prob must be a number, got '0.5'"),
        (lambda: Dropout(False), TypeError, "drop_prob must be a number, got False"),
    ],
)
def test_arguments_that_are_refused(build, error: type[Exception], parts: str):
    with pytest.raises(error, match=parts):
        build()


def test_sizes_of_numpy_do_not_overflow():
    assert Dense(np.uint8(200), np.uint8(200)).n_parameters == 200 * 200 + 200
    assert Dense(np.int64(3), 2).n_parameters == 8


@pytest.mark.parametrize("shape", [(4, 1), (1, 4), (1,), (3,), ()])
def test_affine_never_stretches_a_bias(shape: tuple[int, ...]):
    with pytest.raises(ValueError, match=r"b has shape .*W of shape \(3, 4\).*try b.ravel"):
        affine(np.ones((4, 3)), np.ones((3, 4)), np.ones(shape))
