"""Mean loss and share of right answers, in blocks so that no copy of the data is made."""

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["Loss", "evaluate", "loss_of_zeros"]

Loss = Callable[[Any, Any], tuple[float, np.ndarray]]

_BLOCK = 1024  # rows measured together


def evaluate(network: Any, loss: Loss, X: np.ndarray, y: np.ndarray) -> tuple[float, float | None]:
    """Return the mean loss and the share of right answers, without dropout.

    The share is None unless y holds class indices. Rows are read in blocks, so
    that no copy of the data is made.
    """
    total, right = 0.0, 0
    for start in range(0, len(X), _BLOCK):
        rows = slice(start, start + _BLOCK)
        outputs = network.forward(X[rows])
        total += len(outputs) * loss(outputs, y[rows])[0]
        if _has_classes(network, y):
            right += int(np.sum(outputs.argmax(axis=1) == y[rows]))
    return total / len(X), right / len(X) if _has_classes(network, y) else None


def _has_classes(network: Any, y: np.ndarray) -> bool:
    return y.ndim == 1 and network.n_out != 1


def loss_of_zeros(network: Any, loss: Loss, y: np.ndarray) -> float:
    """Return the loss of an all-zero output; reading y, the loss checks it too."""
    total, k = 0.0, network.n_out or 1
    try:
        for start in range(0, len(y), _BLOCK):
            rows = y[start : start + _BLOCK]
            value, gradient = loss(np.zeros((len(rows), k)), rows)
            _require_gradient(loss, gradient, (len(rows), k))
            total += len(rows) * value
    except (TypeError, ValueError):
        loss(np.zeros((len(y), k)), y)  # once more as a whole: the message names the place in y
        raise
    return total / len(y)


def _require_gradient(loss: Loss, gradient: Any, shape: tuple[int, int]) -> None:
    """Refuse a loss whose gradient would be stretched on its way back."""
    if np.shape(gradient) != shape:
        raise ValueError(
            f"the gradient of the loss {getattr(loss, '__name__', loss)} has shape "
            f"{np.shape(gradient)}, the prediction {shape}: return (value, d value / d prediction)"
        )
