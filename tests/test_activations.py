"""nnlib.activations: worked examples, laws, gradients, extremes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special
from strategies import LAYOUTS, logits, seeds

from nnlib import activations
from nnlib.activations import (
    leaky_relu,
    leaky_relu_derivative,
    log_softmax,
    relu_derivative,
    sigmoid,
    softmax,
)
from nnlib.gradient_check import numerical_gradient, relative_error

# The same functions by other means: scipy, or numpy's choice by condition.
REFERENCE = {
    "linear": lambda z: z,
    "linear_derivative": lambda z: np.where(np.isnan(z), z, 1.0),
    "sigmoid": special.expit,
    "sigmoid_derivative": lambda z: special.expit(z) * special.expit(-z),
    "tanh": lambda z: 2 * special.expit(2 * z) - 1,
    "tanh_derivative": lambda z: 4 * special.expit(2 * z) * special.expit(-2 * z),
    "relu": lambda z: np.where(z < 0, 0.0, z),
    "relu_derivative": lambda z: np.where(np.isnan(z), z, z > 0),
    "leaky_relu": lambda z: np.where(z < 0, z / 100, z),
    "leaky_relu_derivative": lambda z: np.where(np.isnan(z), z, np.where(z > 0, 1.0, 0.01)),
}
ELEMENTWISE = sorted(REFERENCE)
BENDS = [name for name in ELEMENTWISE if not name.endswith("_derivative")]
EVERY = sorted(activations.__all__)


def test_every_public_function_is_tested():
    assert {*REFERENCE, "softmax", "log_softmax"} == set(activations.__all__)


# Worked examples: values that fractions give


@pytest.mark.parametrize(
    ("name", "z", "value"),
    [
        ("linear", -1.5, -1.5),
        ("linear_derivative", -1.5, 1),
        ("sigmoid", 0, 1 / 2),
        ("sigmoid", math.log(3), 3 / 4),
        ("sigmoid", -math.log(3), 1 / 4),
        ("sigmoid_derivative", math.log(3), 3 / 16),
        ("tanh", math.log(2), 3 / 5),
        ("tanh_derivative", math.log(2), 16 / 25),
        ("relu", -2.0, 0),
        ("relu", 2.0, 2),
        ("relu_derivative", -2.0, 0),
        ("relu_derivative", 2.0, 1),
        ("leaky_relu", -2.0, -0.02),
        ("leaky_relu", 2.0, 2),
        ("leaky_relu_derivative", -2.0, 0.01),
        ("leaky_relu_derivative", 2.0, 1),
    ],
)
def test_worked_by_hand(name: str, z: float, value: float):
    assert getattr(activations, name)(np.array(z)) == pytest.approx(value, rel=1e-15, abs=0)


def test_the_slope_of_relu_at_0_is_0():
    np.testing.assert_array_equal(relu_derivative(np.array([0.0, -0.0])), 0)
    np.testing.assert_array_equal(leaky_relu_derivative(np.array([0.0, -0.0])), 0.01)


def test_another_slope_below_0():
    z = np.array([-4.0, 4.0])
    np.testing.assert_array_equal(leaky_relu(z, slope=0.25), [-1, 4])
    np.testing.assert_array_equal(leaky_relu_derivative(z, slope=0.25), [0.25, 1])


def test_softmax_by_hand():
    z = np.log([[1.0, 2.0, 3.0], [6.0, 3.0, 1.0]])
    p = [[1 / 6, 2 / 6, 3 / 6], [6 / 10, 3 / 10, 1 / 10]]
    np.testing.assert_allclose(softmax(z), p, rtol=1e-14)
    np.testing.assert_allclose(log_softmax(z), np.log(p), rtol=1e-14)


# Laws


@given(z=logits)
def test_softmax_agrees_with_scipy(z: np.ndarray):
    np.testing.assert_allclose(softmax(z), special.softmax(z, axis=1), rtol=1e-12)
    np.testing.assert_allclose(
        log_softmax(z), special.log_softmax(z, axis=1), rtol=1e-12, atol=1e-13
    )


@given(z=logits, shift=st.floats(-100, 100))
def test_rows_are_distributions_and_a_common_shift_is_nothing(z: np.ndarray, shift: float):
    p = softmax(z)
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-14)
    np.testing.assert_allclose(softmax(z + shift), p, rtol=1e-11)
    np.testing.assert_allclose(log_softmax(z + shift), log_softmax(z), atol=1e-11)


@given(z=logits, seed=seeds)
def test_each_row_of_softmax_stands_alone(z: np.ndarray, seed: int):
    order = np.random.default_rng(seed).permutation(len(z))
    np.testing.assert_array_equal(softmax(z)[order], softmax(z[order]))
    np.testing.assert_array_equal(softmax(z[0]), softmax(z)[0])
    columns = np.random.default_rng(seed).permutation(z.shape[1])
    np.testing.assert_allclose(softmax(z)[:, columns], softmax(z[:, columns]), rtol=1e-14)


@given(z=logits)
def test_sigmoid_is_a_softmax_of_two_and_symmetric(z: np.ndarray):
    pair = np.stack([z, np.zeros_like(z)], axis=-1)
    np.testing.assert_allclose(sigmoid(z), softmax(pair)[..., 0], rtol=1e-14)
    np.testing.assert_allclose(sigmoid(z) + sigmoid(-z), 1, rtol=1e-15)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtype_and_shape_stay(name: str, dtype: type):
    f = getattr(activations, name)
    for shape in [(3, 4), (2, 3, 4), (0, 4), (5,)]:
        y = f(np.ones(shape, dtype))
        assert (y.dtype, y.shape) == (dtype, shape)


@pytest.mark.parametrize("layout", sorted({*LAYOUTS} - {"object"}))
@pytest.mark.parametrize("name", EVERY)
def test_the_layout_in_memory_changes_no_bit(name: str, layout: str):
    z = np.random.default_rng(0).normal(0, 3, (4, 5))
    f = getattr(activations, name)
    expected = f(z.copy())
    np.testing.assert_array_equal(f(LAYOUTS[layout](z)), expected)


# Gradients


@pytest.mark.parametrize("name", BENDS)
@given(seed=seeds)
def test_the_derivative_is_the_measured_slope(name: str, seed: int):
    z = np.random.default_rng(seed).normal(0, 3, 5)
    z[np.abs(z) < 1e-3] = 1.0  # a kink has no slope
    f, slope = getattr(activations, name), getattr(activations, f"{name}_derivative")
    measured = numerical_gradient(lambda x: f(x).sum(), z)
    assert relative_error(slope(z), measured) < 1e-7


# Extremes: all 65,536 numbers of half precision

EVERY_HALF = np.arange(2**16, dtype=np.uint16).view(np.float16)
EVERY_HALF[np.isnan(EVERY_HALF)] = np.nan  # signalling ones warn whoever touches them


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float16, 1.5e-3), (np.float64, 4e-16)])
def test_on_every_half_precision_number(name: str, dtype: type, tolerance: float):
    z = EVERY_HALF.astype(dtype)
    with np.errstate(all="raise", under="ignore"):
        y = getattr(activations, name)(z)
    expected = REFERENCE[name](EVERY_HALF.astype(float))
    if name not in {"linear_derivative", "relu_derivative", "leaky_relu_derivative"}:
        np.testing.assert_array_equal(np.isnan(y), np.isnan(z))
    finite = np.isfinite(z)
    assert np.isfinite(y[finite]).all()
    np.testing.assert_allclose(y[finite], expected[finite], rtol=tolerance, atol=tolerance)
    infinite = np.isinf(z)
    np.testing.assert_allclose(y[infinite], expected[infinite], rtol=tolerance)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_softmax_of_huge_logits(dtype: type):
    z = np.array([[1e4, -1e4, 0], [-1e4, -1e4, -1e4], [1e4, 1e4, -1e4]], dtype)
    third, half = 1 / dtype(3), 1 / dtype(2)
    with np.errstate(all="raise", under="ignore"):
        p, log_p = softmax(z), log_softmax(z)
    np.testing.assert_array_equal(p, [[1, 0, 0], [third, third, third], [half, half, 0]])
    with np.errstate(all="raise"):
        np.testing.assert_allclose(log_p[0], [0, -2e4, -1e4], rtol=1e-3)
        np.testing.assert_allclose(log_p[1], -np.log(3), rtol=1e-3)


def test_softmax_on_every_half_precision_number_against_0():
    z = EVERY_HALF[np.isfinite(EVERY_HALF)]
    pairs = np.stack([z, np.zeros_like(z)], axis=1)
    with np.errstate(all="raise", under="ignore"):
        p, log_p = softmax(pairs), log_softmax(pairs)
    assert np.isfinite(log_p).all()
    np.testing.assert_allclose(p, special.softmax(pairs.astype(float), axis=1), atol=2e-3)
