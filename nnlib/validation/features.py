"""Checks of what goes into a layer: features, biases, and gradients on their way back."""

from typing import Any

import numpy as np

from nnlib.validation.arrays import as_numbers, in_rows, is_trusted, require_finite

__all__ = [
    "as_floats",
    "require_bias",
    "require_columns",
    "require_features",
    "require_upstream",
]


def require_features(X: Any, n_in: int | None, layer: Any, name: str = "X") -> np.ndarray:
    """Return a batch of examples as an array (n, n_in), checked but not converted.

    Parameters
    ----------
    X : array_like, shape (n, n_in)
        Rows are examples.
    n_in : int or None
        How many features the first layer takes; None if it takes any number.
    layer : object
        The layer that the message names.
    name : str
        What the message calls X.

    Raises
    ------
    TypeError
        If X does not hold real numbers.
    ValueError
        If X is not two-dimensional, has another number of features, or holds
        NaN or infinity.
    """
    X = as_numbers(X, name)
    if X.ndim != 2:
        advice = (
            f"for one example write {name}[None, :]"
            if X.ndim == 1 and X.size == n_in
            else f"flatten each example: {name}.reshape(len({name}), -1)"
            if X.ndim > 2
            else "one row an example, one column a feature"
        )
        raise ValueError(f"{name} has shape {X.shape}; it must be (n, {n_in or 'n_in'}): {advice}")
    if n_in is not None and X.shape[1] != n_in:
        advice = f"the first layer takes {n_in}: {layer!r}"
        if X.shape[0] == n_in:
            advice += f". Rows are examples: is {name} transposed? Try {name}.T"
        raise ValueError(f"{name} has {X.shape[1]} features, but {advice}")
    require_finite(X, name)
    return X


def as_floats(X: np.ndarray, dtype: Any) -> np.ndarray:
    """Return checked features row by row in the given dtype; pixels 0 .. 255 become 0 .. 1."""
    if X.dtype == np.uint8:
        return np.divide(X, 255, dtype=dtype)
    return in_rows(X, dtype)


def require_columns(x: np.ndarray, n_in: int, layer: Any) -> np.ndarray:
    """Return a layer's input if it is (n, n_in)."""
    if not is_trusted() and (getattr(x, "ndim", None) != 2 or x.shape[1] != n_in):
        raise ValueError(f"{layer!r} takes x of shape (n, {n_in}), got {np.shape(x)}")
    return x


def require_bias(b: np.ndarray, W: np.ndarray) -> None:
    """Refuse a bias that broadcasting would stretch or add to the wrong axis.

    Raises
    ------
    ValueError
        If b does not hold one number for each column of W.
    """
    if not is_trusted() and np.shape(b) != W.shape[1:]:
        raise ValueError(
            f"b has shape {np.shape(b)}, but W of shape {W.shape} needs a b of shape "
            f"{W.shape[1:]}, one number for each column: try b.ravel()"
        )


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
    return in_rows(dy, output.dtype)
