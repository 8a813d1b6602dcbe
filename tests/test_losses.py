"""nnlib.losses: worked examples, laws, gradients, extremes, errors."""

import math
from typing import Any

import numpy as np
import pytest
from cases import LOSSES
from hypothesis import given
from sklearn import metrics
from strategies import LAYOUTS, frozen, seeds, sizes

from nnlib import losses
from nnlib.activations import sigmoid, softmax
from nnlib.gradient_check import numerical_gradient, relative_error
from nnlib.losses import (
    binary_cross_entropy,
    mean_absolute_error,
    mean_squared_error,
    softmax_cross_entropy,
)

every_loss = pytest.mark.parametrize("name", LOSSES)


def batch(name: str, n: int, k: int, seed: int = 0) -> tuple[Any, np.ndarray, np.ndarray]:
    """Return a loss, predictions and a target that it takes."""
    rng = np.random.default_rng(seed)
    case = LOSSES[name]
    return case.loss, rng.normal(0, 2, (n, k)), case.target(rng, n, k)


def test_every_loss_is_in_the_table():
    assert {case.loss.__name__ for case in LOSSES.values()} == set(losses.__all__)


# Worked examples: the values of PyTorch's reduction="mean", by formula


def test_squared_and_absolute_error_by_hand():
    prediction, target = np.array([[1.0, 2.0], [0.0, -4.0]]), np.array([[0.0, 2.0], [1.0, 0.0]])
    value, gradient = mean_squared_error(prediction, target)
    assert value == (1 + 0 + 1 + 16) / 4
    np.testing.assert_array_equal(gradient, [[2 / 4, 0], [-2 / 4, -8 / 4]])
    value, gradient = mean_absolute_error(prediction, target)
    assert value == (1 + 0 + 1 + 4) / 4
    np.testing.assert_array_equal(gradient, [[1 / 4, 0], [-1 / 4, -1 / 4]])


def test_binary_cross_entropy_by_hand():
    # Probabilities 3/4, 1/2 and 1/4; the last target is a probability itself.
    logits, target = np.log([[3.0], [1.0], [1 / 3]]), np.array([[1.0], [0.0], [0.25]])
    value, gradient = binary_cross_entropy(logits, target)
    shared = -0.25 * math.log(1 / 4) - 0.75 * math.log(3 / 4)
    assert value == pytest.approx((math.log(4 / 3) + math.log(2) + shared) / 3, rel=1e-14)
    np.testing.assert_allclose(gradient, [[-1 / 12], [1 / 6], [0]], rtol=1e-14, atol=1e-17)


def test_softmax_cross_entropy_by_hand():
    logits = np.log([[1.0, 2.0, 3.0], [6.0, 3.0, 1.0]])
    value, gradient = softmax_cross_entropy(logits, np.array([2, 1]))
    assert value == pytest.approx((math.log(2) + math.log(10 / 3)) / 2, rel=1e-14)
    by_hand = [[1 / 12, 2 / 12, -3 / 12], [6 / 20, -7 / 20, 1 / 20]]
    np.testing.assert_allclose(gradient, by_hand, rtol=1e-14)
    value, gradient = softmax_cross_entropy(logits, [[0.5, 0.5, 0], [0, 0, 1]])
    assert value == pytest.approx((math.log(6) / 2 + math.log(3) / 2 + math.log(10)) / 2)
    by_hand = [[-2 / 12, -1 / 12, 3 / 12], [6 / 20, 3 / 20, -9 / 20]]
    np.testing.assert_allclose(gradient, by_hand, rtol=1e-13)


@pytest.mark.parametrize("k", [2, 3, 10])
def test_equal_logits_cost_log_k(k: int):
    assert softmax_cross_entropy(np.ones((4, k)), [0, 1, 0, 1])[0] == pytest.approx(math.log(k))


def test_scikit_learn_agrees():
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(0, 3, (50, 4)), rng.integers(4, size=50)
    target, yes = rng.normal(0, 3, (50, 4)), rng.integers(2, size=(50, 1)).astype(float)
    for (ours, _), theirs in [
        (
            softmax_cross_entropy(logits, labels),
            metrics.log_loss(labels, softmax(logits), labels=range(4)),
        ),
        (
            binary_cross_entropy(logits[:, :1], yes),
            metrics.log_loss(yes[:, 0], sigmoid(logits[:, 0])),
        ),
        (mean_squared_error(logits, target), metrics.mean_squared_error(target, logits)),
        (mean_absolute_error(logits, target), metrics.mean_absolute_error(target, logits)),
    ]:
        assert ours == pytest.approx(theirs, rel=1e-12, abs=0)


# Laws


@every_loss
@given(n=sizes, k=sizes, seed=seeds)
def test_repeating_the_batch_halves_the_gradient_alone(name: str, n: int, k: int, seed: int):
    loss, prediction, target = batch(name, n, k, seed)
    value, gradient = loss(prediction, target)
    twice, gradients = loss(np.tile(prediction, (2, 1)), np.concatenate([target, target]))
    assert value >= 0
    assert twice == pytest.approx(value, rel=1e-13)
    np.testing.assert_allclose(gradients, np.tile(gradient, (2, 1)) / 2, rtol=1e-13)


@every_loss
@given(n=sizes, k=sizes, seed=seeds)
def test_the_order_of_the_examples_is_nothing(name: str, n: int, k: int, seed: int):
    loss, prediction, target = batch(name, n, k, seed)
    order = np.random.default_rng(seed).permutation(n)
    value, gradient = loss(prediction, target)
    other, permuted = loss(prediction[order], target[order])
    assert other == pytest.approx(value, rel=1e-13)
    np.testing.assert_allclose(permuted, gradient[order], rtol=1e-13)


@given(n=sizes, k=sizes, seed=seeds)
def test_rows_of_the_softmax_gradient_sum_to_0(n: int, k: int, seed: int):
    for name in ("softmax_cross_entropy-labels", "softmax_cross_entropy-probabilities"):
        loss, logits, target = batch(name, n, k, seed)
        np.testing.assert_allclose(loss(logits, target)[1].sum(axis=1), 0, atol=1e-15)


@every_loss
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_python_float_and_a_gradient_of_the_dtype_of_the_prediction(name: str, dtype: type):
    loss, prediction, target = batch(name, 5, 3)
    value, gradient = loss(prediction.astype(dtype), target)
    assert type(value) is float
    assert (gradient.dtype, gradient.shape) == (dtype, prediction.shape)
    if dtype == np.float32:
        precise, slopes = loss(prediction, target)
        assert value == pytest.approx(precise, rel=1e-6)
        np.testing.assert_allclose(gradient, slopes, rtol=1e-5, atol=1e-7)


@every_loss
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_layout_in_memory_changes_no_bit(name: str, layout: str):
    loss, prediction, target = batch(name, 7, 64)
    value, gradient = loss(prediction, target)
    laid_out = LAYOUTS[layout](target) if target.ndim == 2 else target
    for got in (loss(LAYOUTS[layout](prediction), target), loss(prediction, laid_out)):
        assert got[0] == value
        np.testing.assert_array_equal(got[1], gradient)


@every_loss
def test_the_inputs_stay_as_they_are(name: str):
    loss, prediction, target = batch(name, 4, 3)
    assert loss(frozen(prediction), frozen(target))[0] == loss(prediction, target)[0]


@pytest.mark.parametrize(
    "labels",
    [
        [0, 1],
        (0, 1),
        [0.0, 1.0],
        [False, True],
        np.array([0, 1], np.uint8),
        np.array([0, 1], object),
        [[1, 0], [0, 1]],
        [[True, False], [False, True]],
    ],
)
def test_labels_of_every_kind_mean_the_same(labels: Any):
    logits = np.array([[0.5, -1.0], [2.0, 0.25]])
    value, gradient = softmax_cross_entropy(logits, np.array([0, 1]))
    other, slopes = softmax_cross_entropy(logits, labels)
    assert other == value
    np.testing.assert_array_equal(slopes, gradient)


# Gradients


@every_loss
@given(n=sizes, k=sizes, seed=seeds)
def test_the_gradient_is_the_measured_slope(name: str, n: int, k: int, seed: int):
    loss, prediction, target = batch(name, n, k + 1, seed)
    _, gradient = loss(prediction, target)
    measured = numerical_gradient(lambda p: loss(p, target)[0], prediction)
    assert relative_error(gradient, measured) < 1e-7


# Extremes


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [100.0, 1e4, 1e30])
def test_confident_logits_right_and_wrong(dtype: type, size: float):
    z = np.array([[size, -size]], dtype)
    with np.errstate(all="raise", under="ignore"):
        right, wrong = softmax_cross_entropy(z, [0]), softmax_cross_entropy(z, [1])
        yes, no = (binary_cross_entropy(z[:, :1], [[target]]) for target in (1, 0))
    assert (right[0], yes[0]) == (0, 0)
    assert wrong[0] == pytest.approx(2 * size, rel=1e-6)
    assert no[0] == pytest.approx(size, rel=1e-6)
    np.testing.assert_array_equal(wrong[1], [[1, -1]])
    np.testing.assert_allclose(right[1], [[0, 0]], atol=1e-40)
    np.testing.assert_allclose([no[1], yes[1]], [[[1]], [[0]]], atol=1e-40)


# Errors: what came, what was expected, what to do

TWO = np.zeros((2, 3))


@pytest.mark.parametrize(
    ("labels", "error", "parts"),
    [
        ([0, 3], ValueError, "label 3 at position 1: .* 3 outputs, .* 0 to 2"),
        ([-100, 0], ValueError, "label -100 at position 0"),
        ([0, 0.5], ValueError, "label 0.5 at position 1: .* whole numbers"),
        ([0, math.nan], ValueError, "labels contains nan at row 1; .* finite"),
        (["a", "b"], TypeError, "labels are text, .* a; .* np.unique"),
        (np.array(["a", "b"], object), TypeError, "real numbers"),
        ([0j, 1j], TypeError, "labels must hold real numbers, got complex128"),
        ([[0], [1]], ValueError, r"\(2, 1\), logits \(2, 3\); .* labels.ravel\(\)"),
        ([0], ValueError, r"labels have shape \(1,\), logits \(2, 3\)"),
        (0, ValueError, r"labels have shape \(\)"),
        ([[0.5, 0.5, 0.5], [1, 0, 0]], ValueError, r"row 0 of the labels sums to 1.5; .* sum to 1"),
        ([[1, 0, 0], [2, -1, 0]], ValueError, "row 1 of the labels"),
        ([[1, 0, 0], [1, 1e-4, 0]], ValueError, "row 1 of the labels"),
    ],
)
def test_labels_that_are_refused(labels: Any, error: type[Exception], parts: str):
    with pytest.raises(error, match=parts):
        softmax_cross_entropy(TWO, labels)


@pytest.mark.parametrize(
    "name", ["mean_squared_error", "mean_absolute_error", "binary_cross_entropy"]
)
@pytest.mark.parametrize(
    ("prediction", "target", "error", "parts"),
    [
        (np.zeros((2, 1)), np.zeros(2), ValueError, r"\(2, 1\), target \(2,\).*target\[:, None\]"),
        (np.zeros(2), np.zeros((2, 1)), ValueError, r"\(2,\), target \(2, 1\).*target.ravel\(\)"),
        (TWO, np.zeros((3, 2)), ValueError, r"\(2, 3\), target \(3, 2\); they must be equal"),
        (TWO, 0.0, ValueError, r"\(2, 3\), target \(\)"),
        (TWO[:0], TWO[:0], ValueError, "batch is empty.*at least one example"),
        ([], [], ValueError, "batch is empty"),
        (TWO * np.nan, TWO, ValueError, "prediction contains nan at row 0, column 0.*diverge"),
        (TWO, TWO + np.inf, ValueError, "target contains inf at row 0, column 0.*replace"),
        (TWO, TWO + 0j, TypeError, "target must hold real numbers, got complex128"),
        (TWO, [["a"] * 3] * 2, TypeError, "target must hold real numbers"),
        ([[1, 2], [3]], TWO, ValueError, "prediction has rows of different lengths: row 0 has 2"),
    ],
)
def test_pairs_that_are_refused(
    name: str, prediction: Any, target: Any, error: type[Exception], parts: str
):
    with pytest.raises(error, match=parts):
        getattr(losses, name)(prediction, target)


@pytest.mark.parametrize("value", [-0.1, 1.1])
def test_binary_targets_are_probabilities(value: float):
    with pytest.raises(ValueError, match=rf"target {value} at \(0, 1\): .* \[0, 1\]"):
        binary_cross_entropy(TWO, [[0.5, value, 0.5], [0.0, 1.0, 0.5]])


@pytest.mark.parametrize(
    ("logits", "parts"),
    [
        (np.zeros(3), r"logits have shape \(3,\); they must be \(n, k\)"),
        (np.zeros((0, 3)), "batch is empty"),
        (np.zeros((3, 0)), "batch is empty"),
        (np.full((3, 2), np.inf), "logits contains inf at row 0, column 0"),
    ],
)
def test_logits_that_are_refused(logits: np.ndarray, parts: str):
    with pytest.raises(ValueError, match=parts):
        softmax_cross_entropy(logits, [0, 1, 0][: len(logits)])
