"""Checks of arrays: features, labels, targets, and shapes that must agree."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

__all__ = [
    "as_features",
    "as_numbers",
    "require_bias",
    "require_columns",
    "require_finite",
    "require_float64",
    "require_labels",
    "require_repeatable",
    "require_same_shape",
    "require_shape",
    "require_upstream",
    "trusted",
]

_TRUSTED: ContextVar[bool] = ContextVar("trusted", default=False)
# Rows looked at together: a temporary array of a whole data set would cost memory.
_BLOCK = 4096


@contextmanager
def trusted() -> Iterator[None]:
    """Let the checks that read every number rest: the caller has checked the data."""
    token = _TRUSTED.set(True)
    try:
        yield
    finally:
        _TRUSTED.reset(token)


def as_numbers(values: Any, name: str) -> np.ndarray:
    """Return an array of real numbers; lists, tuples and data frames are taken.

    Raises
    ------
    TypeError
        If it holds text, complex numbers or other objects, or is sparse.
    ValueError
        If the rows have different lengths.
    """
    if hasattr(values, "toarray"):
        raise TypeError(f"{name} is a sparse matrix; a dense one is needed: {name}.toarray()")
    try:
        array = np.asarray(values)
        if array.dtype == object:
            array = array.astype(float)
    except (ValueError, TypeError) as error:
        raise _unreadable(values, name, error) from error
    if array.dtype.kind not in "biuf":
        found = f"got {array.dtype}, for instance {array.flat[0]!r}" if array.size else "got none"
        raise TypeError(f"{name} must hold real numbers, {found}: encode text as numbers first")
    return array


def _unreadable(values: Any, name: str, error: Exception) -> Exception:
    """Return the error for values that no rectangular array of numbers holds."""
    lengths = [len(row) if hasattr(row, "__len__") else 1 for row in values]
    if len(set(lengths)) > 1 and not any(isinstance(row, str) for row in values):
        other = next(i for i, length in enumerate(lengths) if length != lengths[0])
        return ValueError(
            f"{name} has rows of different lengths: row 0 has {lengths[0]}, row {other} has "
            f"{lengths[other]}; give every row the same number of values"
        )
    return TypeError(f"{name} must hold real numbers, but {error}: encode text as numbers first")


def require_finite(array: np.ndarray, name: str, hint: str = "") -> None:
    """Refuse NaN and infinity, and say where the first one stands.

    Raises
    ------
    ValueError
        If a value is not finite.
    """
    if array.dtype.kind != "f" or _TRUSTED.get():
        return
    for start in range(0, len(array) if array.ndim else 1, _BLOCK):
        block = array[start : start + _BLOCK] if array.ndim else array
        finite = np.isfinite(block)
        if not finite.all():
            first = tuple(int(i) for i in np.argwhere(~finite)[0]) if array.ndim else ()
            value = block[first]
            place = "".join(
                f"{separator}{word} {i + offset}"
                for separator, word, i, offset in zip(
                    (" at ", ", ", ", "), ("row", "column", "place"), first, (start, 0, 0)
                )
            )
            raise ValueError(
                f"{name} contains {value}{place}; every value must be finite"
                + (hint or ": remove or replace such values")
            )


def as_features(X: Any, n_in: int | None, layer: Any, dtype: Any) -> np.ndarray:
    """Return a batch of examples as (n, n_in) numbers of the given dtype.

    Parameters
    ----------
    X : array_like, shape (n, n_in)
        Rows are examples. uint8 is read as pixels and divided by 255.
    n_in : int or None
        How many features the first layer takes; None if it takes any number.
    layer : object
        The layer that the message names.
    dtype : numpy dtype
        float32 or float64.

    Raises
    ------
    TypeError
        If X does not hold real numbers.
    ValueError
        If X is not two-dimensional, has another number of features, or holds
        NaN or infinity.
    """
    X = as_numbers(X, "X")
    if X.ndim != 2:
        advice = (
            "for one example write X[None, :]"
            if X.ndim == 1 and X.size == n_in
            else "flatten each example: X.reshape(len(X), -1)"
            if X.ndim > 2
            else "one row an example, one column a feature"
        )
        raise ValueError(f"X has shape {X.shape}; it must be (n, {n_in or 'n_in'}): {advice}")
    if n_in is not None and X.shape[1] != n_in:
        advice = f"the first layer takes {n_in}: {layer!r}"
        if X.shape[0] == n_in:
            advice += ". Rows are examples: is X transposed? Try X.T"
        raise ValueError(f"X has {X.shape[1]} features, but {advice}")
    require_finite(X, "X")
    if X.dtype == np.uint8:
        X = np.divide(X, 255, dtype=dtype)
    return _in_rows(X, dtype)


def require_columns(x: np.ndarray, n_in: int, layer: Any) -> np.ndarray:
    """Return a layer's input if it is (n, n_in)."""
    if getattr(x, "ndim", None) != 2 or x.shape[1] != n_in:
        raise ValueError(f"{layer!r} takes x of shape (n, {n_in}), got {np.shape(x)}")
    return x


def require_shape(dy: np.ndarray, shape: tuple[int, ...], layer: Any) -> np.ndarray:
    """Return an upstream gradient if it has the shape of the last output."""
    if np.shape(dy) != shape:
        raise ValueError(
            f"{layer!r} got dy of shape {np.shape(dy)}, but its last forward gave {shape}: "
            "call forward for this batch first"
        )
    return dy


def require_upstream(dy: Any, output: np.ndarray) -> np.ndarray:
    """Return the gradient of a network's output, in the dtype of the output.

    Raises
    ------
    TypeError
        If it does not hold real numbers.
    ValueError
        If it has another shape than the output, there is no example, or a value
        is not finite.
    """
    dy = as_numbers(dy, "dy")
    if dy.shape != output.shape:
        raise ValueError(
            f"dy has shape {dy.shape}, but the output has {output.shape}: give dL/d(output), "
            "one row for each row of X"
        )
    if not len(output):
        raise ValueError("X has no rows; give at least one example")
    require_finite(dy, "dy")
    return _in_rows(dy, output.dtype)


def require_bias(b: np.ndarray, W: np.ndarray) -> None:
    """Refuse a bias that broadcasting would stretch or add to the wrong axis.

    Raises
    ------
    ValueError
        If b does not hold one number for each column of W.
    """
    if np.shape(b) != W.shape[1:]:
        raise ValueError(
            f"b has shape {np.shape(b)}, but W of shape {W.shape} needs a b of shape "
            f"{W.shape[1:]}, one number for each column: try b.ravel()"
        )


def require_float64(theta: np.ndarray) -> np.ndarray:
    """Return parameters that are precise enough for a gradient check.

    Raises
    ------
    TypeError
        If they are float32: their rounding is larger than the step.
    """
    if theta.dtype != np.float64:
        raise TypeError(
            f"a gradient check needs float64, the network is {theta.dtype}: build it with "
            "dtype=np.float64"
        )
    return theta


def require_repeatable(network: Any, X: Any) -> np.ndarray:
    """Return a network's outputs, if it does not draw new numbers in every pass.

    Raises
    ------
    RuntimeError
        If two forward passes of one batch differ.
    """
    first, second = network.forward(X, training=True), network.forward(X, training=True)
    if not np.array_equal(first, second, equal_nan=True):
        raise RuntimeError(
            "two forward passes of one batch differ, and a gradient check needs equal ones: set "
            "frozen = True on each Dropout, so that it keeps its last mask"
        )
    return second


def require_same_shape(prediction: Any, target: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return prediction and target as arrays of one shape and one dtype.

    Raises
    ------
    TypeError
        If either does not hold real numbers.
    ValueError
        If the shapes differ (broadcasting would hide it), there is no example,
        or a value is not finite.
    """
    prediction, target = as_numbers(prediction, "prediction"), as_numbers(target, "target")
    if prediction.shape != target.shape:
        raise ValueError(
            f"prediction has shape {prediction.shape}, target {target.shape}; they must be equal"
            f"{_reshape(prediction, target)}"
        )
    _require_examples(prediction)
    require_finite(prediction, "prediction", ": did the training diverge?")
    require_finite(target, "target")
    dtype = prediction.dtype if prediction.dtype.kind == "f" else np.dtype(float)
    return _in_rows(prediction, dtype), _in_rows(target, dtype)


def _in_rows(array: np.ndarray, dtype: Any) -> np.ndarray:
    """Return an array row by row in memory: another layout would sum in another order."""
    return array.astype(dtype, order="C", copy=False)


def _reshape(prediction: np.ndarray, target: np.ndarray) -> str:
    """Return the advice for shapes that differ by an axis of length 1."""
    if prediction.shape == (*target.shape, 1):
        return ": write target[:, None]"
    if (*prediction.shape, 1) == target.shape:
        return ": write target.ravel()"
    return ": one target for every prediction"


def _require_examples(prediction: np.ndarray) -> None:
    if prediction.size == 0:
        raise ValueError(
            f"the batch is empty, shape {prediction.shape}: a mean over no examples is not "
            "defined; give at least one example"
        )


def require_labels(labels: Any, logits: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return (logits, labels) as arrays: n class indices, or n rows of probabilities.

    Parameters
    ----------
    labels : array_like, shape (n,) or (n, k)
        Class indices 0 .. k-1 (integral floats are taken), or probabilities whose
        rows sum to 1.
    logits : array_like, shape (n, k)

    Raises
    ------
    TypeError
        If the labels do not hold numbers.
    ValueError
        If shapes do not fit, a label is out of range or not a whole number, rows of
        probabilities do not sum to 1, or the batch is empty.
    """
    logits = as_numbers(logits, "logits")
    logits = _in_rows(logits, logits.dtype if logits.dtype.kind == "f" else float)
    if isinstance(labels, str) or np.asarray(labels).dtype.kind in "US":
        raise TypeError(
            f"labels are text, for instance {np.asarray(labels).flat[0]!s}; class indices are "
            "needed: names, labels = np.unique(labels, return_inverse=True)"
        )
    labels = as_numbers(labels, "labels")
    if logits.ndim != 2:
        raise ValueError(f"logits have shape {logits.shape}; they must be (n, k): one row each")
    _require_examples(logits)
    if labels.shape not in {logits.shape[:1], logits.shape}:
        advice = ": write labels.ravel()" if labels.shape == (len(logits), 1) else ""
        raise ValueError(
            f"labels have shape {labels.shape}, logits {logits.shape}; labels must be "
            f"{logits.shape[:1]} class indices or {logits.shape} probabilities{advice}"
        )
    if not _TRUSTED.get():
        require_finite(logits, "logits", ": did the training diverge?")
        require_finite(labels, "labels")
        (_require_probabilities if labels.ndim == 2 else _require_indices)(labels, logits.shape[1])
    if labels.ndim == 2:
        return logits, _in_rows(labels, logits.dtype)
    return logits, labels.astype(np.intp, copy=False)


def _require_indices(labels: np.ndarray, k: int) -> None:
    wrong = (labels < 0) | (labels >= k)
    if labels.dtype.kind == "f":
        wrong |= labels != np.round(labels)
    if wrong.any():
        i = int(np.argmax(wrong))
        raise ValueError(
            f"label {labels[i]} at position {i}: the network has {k} outputs, so labels are the "
            f"whole numbers 0 to {k - 1}"
        )


def _require_probabilities(labels: np.ndarray, k: int) -> None:
    wrong = (labels < 0).any(axis=1) | (np.abs(labels.sum(axis=1) - 1) > 1e-6)
    if wrong.any():
        i = int(np.argmax(wrong))
        raise ValueError(
            f"row {i} of the labels sums to {labels[i].sum():g}; {k} probabilities sum to 1. "
            "Class indices have shape (n,): labels.argmax(axis=1)"
        )
