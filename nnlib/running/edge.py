"""The checks of what ``train`` is given, all of them before anything changes."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from nnlib.running.measuring import Loss, loss_of_zeros
from nnlib.validation import as_numbers

__all__ = ["as_callbacks", "require_pair", "require_parts", "require_validation_pair"]


def require_parts(loss: Any, optimizer: Any, penalty: Any, schedule: Any) -> None:
    """Refuse what cannot be called, or is a class where an object is needed."""
    if isinstance(optimizer, type) or not hasattr(optimizer, "step"):
        raise TypeError(
            f"optimizer must be an object with a step, got {optimizer!r}: write Adam(0.01)"
        )
    if not callable(loss):
        raise TypeError(f"loss must be a function, got {loss!r}: write softmax_cross_entropy")
    for name, part, example in (
        ("penalty", penalty, "L2(0.001)"),
        ("schedule", schedule, "cosine(1000)"),
    ):
        if part is not None and not callable(part):
            raise TypeError(f"{name} must be callable, got {part!r}: write {name}={example}")


def as_callbacks(callbacks: Any) -> tuple[Callable[[Any, Any], Any], ...]:
    """Return the callbacks as a tuple; a single one is taken too."""
    found = tuple(callbacks) if isinstance(callbacks, Iterable) else (callbacks,)
    for callback in found:
        if not callable(callback):
            raise TypeError(
                f"callbacks must be functions (network, history), got {callback!r}: "
                "write callbacks=[EarlyStopping(5)]"
            )
    return found


def require_pair(network: Any, X: Any, y: Any, which: str = "") -> tuple[Any, Any]:
    """Check features as a whole, and that there is a target for each, without copies."""
    X, y = network.require_input(X, f"{which}X"), _as_targets(y, f"{which}y")
    if len(X) == 0:
        raise ValueError(f"{which}X has shape {X.shape}: give at least one example")
    if y.ndim == 0 or len(X) != len(y):
        raise ValueError(
            f"{which}X has {len(X)} examples, {which}y has shape {y.shape}: give each one target"
        )
    return X, y


def require_validation_pair(network: Any, loss: Loss, validation: Any) -> tuple[Any, Any] | None:
    """Return the validation examples, checked as the training examples are."""
    if validation is None:
        return None
    if not isinstance(validation, tuple | list) or len(validation) != 2:
        raise TypeError(
            f"validation must be a pair (X, y), got {type(validation).__name__}: "
            "validation=(X_val, y_val)"
        )
    X, y = validation
    X, y = require_pair(network, X, y, "validation ")
    loss_of_zeros(network, loss, y)
    return X, y


def _as_targets(y: Any, name: str) -> np.ndarray:
    """Return y as an array; text goes on to the loss, which knows what it needs."""
    array = np.asarray(y)
    return array if array.dtype.kind in "US" else as_numbers(y, name)
