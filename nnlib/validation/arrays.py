"""Checks that every array passes: numbers, finite, of the shape that was asked for."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

__all__ = [
    "as_numbers",
    "in_rows",
    "is_trusted",
    "require_finite",
    "require_float64",
    "require_repeatable",
    "require_shape",
    "trusted",
]

_TRUSTED: ContextVar[bool] = ContextVar("trusted", default=False)
# Rows looked at together: a temporary array of a whole data set would cost memory.
_BLOCK = 4096


@contextmanager
def trusted(value: bool = True) -> Iterator[None]:
    """Let the checks of the data rest: the caller has made them; with False they wake again."""
    token = _TRUSTED.set(value)
    try:
        yield
    finally:
        _TRUSTED.reset(token)


def is_trusted() -> bool:
    """Tell whether the caller has checked the data as a whole."""
    return _TRUSTED.get()


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
    if array.dtype.kind != "f" or is_trusted():
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


def require_shape(dy: np.ndarray, shape: tuple[int, ...], layer: Any) -> np.ndarray:
    """Return an upstream gradient as an array, if it has the shape of the last output."""
    if is_trusted():
        return dy
    dy = np.asarray(dy)
    if dy.shape != shape:
        raise ValueError(
            f"{layer!r} got dy of shape {dy.shape}, but its last forward gave {shape}: "
            "call forward for this batch first"
        )
    return dy


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


def in_rows(array: np.ndarray, dtype: Any) -> np.ndarray:
    """Return an array row by row in memory: another layout would sum in another order."""
    return array.astype(dtype, order="C", copy=False)
