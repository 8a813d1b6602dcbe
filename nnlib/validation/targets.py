"""Checks of what a loss compares: predictions, targets, labels."""

from typing import Any

import numpy as np

from nnlib.validation.arrays import as_numbers, in_rows, is_trusted, require_finite

__all__ = ["require_labels", "require_same_shape", "require_shares"]


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
    if is_trusted():
        return prediction, in_rows(target, prediction.dtype)
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
    return in_rows(prediction, dtype), in_rows(target, dtype)


def require_shares(target: np.ndarray) -> None:
    """Refuse targets that are no probabilities.

    Raises
    ------
    ValueError
        If one lies outside [0, 1].
    """
    if is_trusted():
        return
    wrong = (target < 0) | (target > 1)
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(
            f"target {target[place]:g} at {place}: a probability lies in [0, 1]; yes is 1, no is 0"
        )


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
    if is_trusted():
        return logits, _as_labels(labels, logits.dtype)
    logits = as_numbers(logits, "logits")
    logits = in_rows(logits, logits.dtype if logits.dtype.kind == "f" else float)
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
    require_finite(logits, "logits", ": did the training diverge?")
    require_finite(labels, "labels")
    (_require_probabilities if labels.ndim == 2 else _require_indices)(labels, logits.shape[1])
    return logits, _as_labels(labels, logits.dtype)


def _as_labels(labels: np.ndarray, dtype: Any) -> np.ndarray:
    """Return class indices as integers, probabilities in the logits' dtype."""
    return labels.astype(np.intp, copy=False) if labels.ndim == 1 else in_rows(labels, dtype)


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
