"""nnlib.gradient_check: worked examples, laws, the check of whole networks, errors."""

import math
from typing import Any

import numpy as np
import pytest
from cases import LOSSES
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import networks, seeds, shift_biases, sizes

from nnlib import (
    Activation,
    Dense,
    Dropout,
    GaussianDropout,
    Network,
    check_gradients,
    mean_absolute_error,
    mean_squared_error,
    mlp,
    numerical_gradient,
    relative_error,
)

# Worked examples


def test_slopes_by_hand():
    x = np.array([[1.0, -2.0], [3.0, 0.5]])
    np.testing.assert_allclose(numerical_gradient(lambda x: (x**3).sum(), x), 3 * x**2, rtol=1e-9)
    assert numerical_gradient(lambda x: float(x) ** 2, 3.0) == pytest.approx(6, rel=1e-9)
    # (f(x + h) - f(x - h)) / 2h is exact for a parabola, however long the step.
    assert numerical_gradient(lambda x: float(x**2), 3, step=0.5) == 6
    assert numerical_gradient(lambda x: float(x**3), 2, step=0.5) == 12.25


def test_the_error_falls_with_the_square_of_the_step():
    errors = [
        abs(float(numerical_gradient(lambda x: math.exp(x.item()), 0.0, step=h)) - 1)
        for h in (0.2, 0.1)
    ]
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.02)
    default = numerical_gradient(lambda x: np.abs(x - 2e-5).item(), 0.0)
    assert float(default) == pytest.approx(-1)  # 1e-5 does not reach the kink at 2e-5
    assert float(numerical_gradient(lambda x: np.abs(x - 5e-6).item(), 0.0)) == pytest.approx(-0.5)


@pytest.mark.parametrize(
    ("a", "b", "error"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0),
        ([0.0, 0.0], [0.0, 0.0], 0),
        ([1.0, 4.0], [1.0, 5.0], 1 / 5),
        ([-5.0, 1.0], [-4.0, 1.0], 1 / 5),
        ([1.0], [-1.0], 2),
        ([0.0], [3.0], 1),
        ([], [], 0),
        (2.0, 4.0, 1 / 2),
    ],
)
def test_relative_error_by_hand(a: Any, b: Any, error: float):
    assert relative_error(a, b) == relative_error(b, a) == error
    assert type(relative_error(a, b)) is float


def test_relative_error_hides_no_nan():
    assert math.isnan(relative_error([math.nan, 1.0], [1.0, 1.0]))
    assert math.isnan(relative_error([1.0, 1.0], [1.0, math.nan]))


# Laws


@given(n=sizes, k=sizes, seed=seeds)
def test_slopes_of_a_linear_function_are_its_weights(n: int, k: int, seed: int):
    rng = np.random.default_rng(seed)
    W, x = rng.normal(size=(n, k)), rng.normal(size=(n, k))
    before = x.copy()
    x.setflags(write=False)
    assert relative_error(numerical_gradient(lambda x: float(np.sum(W * x)), x), W) < 1e-9
    np.testing.assert_array_equal(x, before)


# Gradients of networks up to six layers deep


@pytest.mark.parametrize("name", LOSSES)
@settings(max_examples=40)
@given(data=st.data())
def test_backpropagation_is_the_measured_slope(name: str, data: st.DataObject):
    network = data.draw(networks(n_out=st.integers(2, 5)))
    rng = np.random.default_rng(data.draw(seeds))
    n = data.draw(sizes)
    X = rng.normal(size=(n, network.n_in))
    theta = network.theta.copy()
    error, n_skipped = check_gradients(
        network, LOSSES[name].loss, X, LOSSES[name].target(rng, n, network.n_out)
    )
    assert error < 1e-7
    assert n_skipped <= 0.05 * network.n_parameters
    np.testing.assert_array_equal(network.theta, theta)


@pytest.mark.parametrize("cls", [Dropout, GaussianDropout])
def test_a_frozen_mask_lets_the_check_run(cls: type):
    network = Network([cls(0.2), Dense(3, 8), Activation("tanh"), cls(0.5), Dense(8, 2)], rng=0)
    shift_biases(network, 1)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    with pytest.raises(RuntimeError, match=r"two forward passes .* differ.*frozen = True"):
        check_gradients(network, mean_squared_error, X, y)
    network[0].frozen = network[3].frozen = True
    error, n_skipped = check_gradients(network, mean_squared_error, X, y)
    assert error < 1e-7
    assert n_skipped == 0


@pytest.mark.parametrize("fault", ["sign", "factor", "bias", "unmasked"])
def test_a_wrong_backward_is_seen(fault: str, monkeypatch: pytest.MonkeyPatch):
    network = shift_biases(mlp([3, 4, 2], rng=0), 0)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    backward, dense = network.backward, network[2]

    def wrong(dy: np.ndarray) -> None:
        backward(dy)
        if fault == "sign":
            dense.dW[0, 0] *= -1
        elif fault == "factor":
            network.grad *= 1.001
        elif fault == "bias":
            dense.db[...] = 0

    assert check_gradients(network, mean_squared_error, X, y)[0] < 1e-7
    if fault == "unmasked":
        monkeypatch.setattr(network[1], "derivative", np.ones_like)
    else:
        monkeypatch.setattr(network, "backward", wrong)
    assert check_gradients(network, mean_squared_error, X, y)[0] > 1e-4


def test_steps_across_a_kink_are_skipped_and_counted():
    network = Network([Dense(1, 2), Activation("relu"), Dense(2, 1)], rng=0)
    network.theta = [1.0, 1.0, 4e-6, 1.0, 1.0, 2.0, 0.5]  # W, b, W, b; the first unit is at 0
    X, y = np.array([[0.0]]), np.array([[9.0]])
    # The first bias moves the first unit over its kink; at x = 0 its weight does not.
    assert check_gradients(network, mean_squared_error, X, y) == (pytest.approx(0, abs=1e-7), 1)
    network.theta = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 7.0 + 4e-6]
    # The prediction is 4e-6 above the target: every step that moves it crosses that kink.
    assert check_gradients(network, mean_absolute_error, X, y) == (0, 5)


def test_a_generator_draws_two_hundred_entries():
    network = mlp([10, 40, 3], rng=0)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(4, 10)), rng.normal(size=(4, 3))
    calls = []

    def loss(prediction: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
        calls.append(network.theta.copy())
        return mean_squared_error(prediction, target)

    error, _ = check_gradients(network, loss, X, y, rng=1)
    assert error < 1e-7
    assert len(calls) == 1 + 2 * 200
    moved = {int(np.argmax(theta != network.theta)) for theta in calls[1:]}
    assert len(moved) == 200
    np.testing.assert_allclose(calls[1] - calls[2], 2e-5 * (calls[1] != calls[2]), rtol=1e-9)


# Errors


def test_float32_is_too_coarse():
    network = mlp([2, 2], rng=0, dtype=np.float32)
    with pytest.raises(TypeError, match=r"needs float64, the network is float32: .*dtype"):
        check_gradients(network, mean_squared_error, np.ones((1, 2)), np.ones((1, 2)))


def test_shapes_that_differ():
    with pytest.raises(ValueError, match=r"a has shape \(2, 1\), b \(2,\); they must be equal"):
        relative_error([[1.0], [2.0]], [1.0, 2.0])


@pytest.mark.parametrize(
    ("step", "error"),
    [(0, ValueError), (-1e-5, ValueError), (math.nan, ValueError), ("1", TypeError)],
)
def test_a_step_that_is_refused(step: Any, error: type[Exception]):
    with pytest.raises(error, match=r"step must be a"):
        numerical_gradient(lambda x: 0.0, [1.0], step=step)
