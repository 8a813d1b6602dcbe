"""Compare a derivative worked out by hand with a measured one."""

from collections.abc import Callable
from typing import Any

import numpy as np

from nnlib.validation import (
    as_generator,
    require_float64,
    require_positive,
    require_repeatable,
)

__all__ = ["check_gradients", "numerical_gradient", "relative_error"]

# A check with a generator looks at this many entries at the most.
SAMPLE = 200


def numerical_gradient(
    f: Callable[[np.ndarray], float], x: np.ndarray, step: float = 1e-5
) -> np.ndarray:
    r"""Measure the slopes of f at x, :math:`(f(x + h) - f(x - h))/2h`.

    Parameters
    ----------
    f : callable
        Takes an array of the shape of x and returns a number.
    x : array_like, any shape
        Where to measure; never changed.
    step : float
        The distance h to either side; the error is O(h**2).

    Returns
    -------
    ndarray of float64, the shape of x
        One slope for each entry of x.

    Raises
    ------
    ValueError
        If step is not above 0.

    References
    ----------
    Press et al. (2007), *Numerical Recipes*, section 5.7.
    """
    require_positive("step", step)
    x = np.array(x, dtype=float)  # a copy: x itself stays as it was
    slopes = np.empty_like(x)
    for i in np.ndindex(x.shape):
        centre = x[i]
        x[i] = centre + step
        above = f(x)
        x[i] = centre - step
        below = f(x)
        x[i] = centre
        slopes[i] = (above - below) / (2 * step)
    return slopes


def relative_error(a: np.ndarray, b: np.ndarray) -> float:
    r"""How far apart two arrays are, :math:`\max|a-b|/\max(|a|,|b|)`.

    Parameters
    ----------
    a, b : array_like
        Of one shape.

    Returns
    -------
    float
        0 where both are 0 throughout; 1 or more means no digit in common.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        raise ValueError(
            f"a has shape {a.shape}, b {b.shape}; they must be equal"
        )
    tiny = np.finfo(float).tiny
    largest = max(np.abs(a).max(initial=tiny), np.abs(b).max(initial=tiny))
    return float(np.abs(a - b).max(initial=0) / largest)


def _sides(network: Any, dy: np.ndarray) -> bytes:
    """Tell on which side of every kink the last forward passed."""
    sides = [layer.kinks() for layer in network.layers] + [np.sign(dy)]
    return b"".join(side.tobytes() for side in sides)


def check_gradients(
    network: Any, loss: Any, X: Any, y: Any, rng: Any = None
) -> tuple[float, int]:
    """Hold a network's gradient against the measured slopes of its loss.

    Every entry of ``network.theta`` is moved up and down by 1e-5. Where
    that step crosses a kink (a relu switches on or off, an absolute error
    changes sign) there is no slope to measure: the entry is skipped and
    counted.

    Parameters
    ----------
    network : Network
        In float64. Its parameters are as before afterwards.
    loss : callable
        ``loss(prediction, target) -> (value, gradient)``.
    X : array_like, shape (n, n_in)
    y : array_like
        What the loss takes.
    rng : None, int or Generator
        None checks every entry; a generator draws 200 of them.

    Returns
    -------
    error : float
        The relative error over the entries that were not skipped.
    n_skipped : int

    Raises
    ------
    TypeError
        If the network is float32: its rounding is larger than the step.
    RuntimeError
        If two forward passes differ: freeze the layers that draw numbers.
    """
    theta = require_float64(network.theta).copy()
    entries = np.arange(theta.size)
    if rng is not None:
        entries = as_generator(rng).permutation(entries)[:SAMPLE]
    _, dy = loss(require_repeatable(network, X), y)
    network.backward(dy)
    before = _sides(network, dy)

    def loss_at(values: np.ndarray) -> float:
        network.theta[entries] = values
        value, dy = loss(network.forward(X, training=True), y)
        return float(value) if _sides(network, dy) == before else np.nan

    slopes = numerical_gradient(loss_at, theta[entries])
    network.theta = theta
    smooth = np.isfinite(slopes)
    error = relative_error(network.grad[entries][smooth], slopes[smooth])
    return error, int(np.sum(~smooth))
