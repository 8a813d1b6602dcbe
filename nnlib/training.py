"""Training: pass over the examples in batches, step after step."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnlib.inspection import HistoryTools
from nnlib.running import Run
from nnlib.validation import (
    as_generator,
    require_between,
    require_integer,
    require_positive,
    require_validation,
)

__all__ = [
    "L2",
    "EarlyStopping",
    "History",
    "clip_gradient",
    "minibatches",
    "train",
]


@dataclass(repr=False)
class History(HistoryTools):
    """What training looked like: lists with one value an epoch.

    Attributes
    ----------
    loss, validation_loss : list of float
        Mean loss after the epoch, measured without dropout; with
        ``measure=False`` the running mean over the epoch's batches.
    accuracy, validation_accuracy : list of float
        Share of right answers in [0, 1]; empty unless y holds class
        indices.
    stopped : str or None
        "diverged", "interrupted" or "callback" where training ended early.
    """

    loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    stopped: str | None = None


def minibatches(
    n: int, batch_size: int, rng: Any = None
) -> Iterator[np.ndarray]:
    """Yield each of n examples once, shuffled, batch_size at a time.

    Parameters
    ----------
    n : int
        How many examples there are.
    batch_size : int
        The last batch holds what is left.
    rng : None, int or Generator
        Pass the same generator again to get another order.

    Yields
    ------
    ndarray of int, shape (batch_size,)
        Row numbers of the examples.

    Raises
    ------
    TypeError
        If n or batch_size is not a whole number.
    ValueError
        If n is negative, or batch_size is below 1.

    References
    ----------
    Goodfellow, Bengio & Courville (2016), *Deep Learning*, section 8.1.3.
    """
    require_integer("n", n, least=0)
    require_integer("batch_size", batch_size, least=1)
    order = as_generator(rng).permutation(n)
    for start in range(0, n, batch_size):
        yield order[start : start + batch_size]


def clip_gradient(grad: np.ndarray, max_norm: float) -> float:
    r"""Shorten a gradient, in place, to :math:`\min(\lVert g\rVert, c)`.

    Parameters
    ----------
    grad : ndarray, shape (n_parameters,)
        Changed in place; its direction stays.
    max_norm : float
        The largest norm c, above 0.

    Returns
    -------
    float
        The norm as it was.

    Raises
    ------
    TypeError, ValueError
        If max_norm is no number, or not above 0.

    References
    ----------
    Pascanu, Mikolov & Bengio (2013), *On the difficulty of training
    recurrent neural networks*, algorithm 1.
    """
    require_positive("max_norm", max_norm)
    largest = float(np.abs(grad).max(initial=0)) or 1.0
    unit = grad / largest  # entries up to 1: no square overflows
    length = float(np.linalg.norm(unit))
    if largest * length > max_norm:
        grad[...] = unit * (max_norm / length)
    return largest * length


class L2:
    r"""A price on large weights, :math:`\frac s2\sum w^2`, not biases.

    Parameters
    ----------
    strength : float
        The price s, 0 or more.

    Raises
    ------
    TypeError, ValueError
        If the strength is no number, or negative.

    References
    ----------
    Goodfellow, Bengio & Courville (2016), *Deep Learning*, section 7.1.1.
    """

    def __init__(self, strength: float) -> None:
        self.strength = require_between("strength", strength, 0, np.inf)

    def __call__(self, network: Any) -> float:
        """Add the price's gradient to every dW; return the price."""
        squares = 0.0
        for layer in network.layers:
            if layer.n_parameters:
                layer.dW += self.strength * layer.W
                squares += float(np.sum(layer.W**2))
        return self.strength / 2 * squares


class EarlyStopping:
    """Stop when the validation loss no longer falls; give back the best.

    Parameters
    ----------
    patience : int
        Epochs to wait for a lower validation loss.

    Attributes
    ----------
    best_loss : float
    best_epoch : int
        The epoch whose parameters the network gets back.

    Raises
    ------
    TypeError, ValueError
        If patience is not a whole number of at least 1.

    References
    ----------
    Goodfellow, Bengio & Courville (2016), *Deep Learning*, algorithm 7.1.
    """

    needs_validation = True

    def __init__(self, patience: int) -> None:
        self.patience = require_integer("patience", patience, least=1)
        self.best_loss, self.best_epoch = float("inf"), 0
        self.best: np.ndarray | None = None

    def __call__(self, network: Any, history: Any) -> bool:
        """Remember the best epoch; True once patience is used up."""
        losses = require_validation(history.validation_loss)
        if len(losses) == 1 or losses[-1] < self.best_loss:
            self.best_loss, self.best_epoch = losses[-1], len(losses)
            self.best = network.theta.copy()
        return len(losses) - self.best_epoch >= self.patience

    def finish(self, network: Any) -> None:
        """Give the network the best parameters back, as a copy."""
        if self.best is not None:
            network.theta, self.best = self.best, None


def train(
    network: Any,
    loss: Callable[[Any, Any], tuple[float, np.ndarray]],
    optimizer: Any,
    X: Any,
    y: Any,
    *,
    n_epochs: int,
    batch_size: int = 32,
    rng: Any = None,
    validation: tuple[Any, Any] | None = None,
    penalty: Callable[[Any], float] | None = None,
    clip_norm: float | None = None,
    schedule: Callable[[int], float] | None = None,
    callbacks: Iterable[Callable[[Any, Any], Any]] = (),
    measure: bool = True,
    on_divergence: str = "raise",
    n_threads: int | None = 1,
    progress: bool = False,
) -> History:
    """Fit a network by mini-batch descent; a second call goes on.

    Parameters
    ----------
    network : Network
        Changed in place.
    loss : callable
        ``loss(prediction, target) -> (value, gradient)``.
    optimizer : Optimizer
        Keeps its state from call to call.
    X : array_like, shape (n, n_in)
        uint8 is read as pixels and divided by 255, a batch at a time.
    y : array_like, shape (n,) or (n, k)
        What the loss takes.
    n_epochs : int
        Passes over all examples; 0 changes nothing.
    batch_size : int
        Examples per step; n or more makes it batch descent.
    rng : None, int or Generator
        Shuffles the examples, anew in every epoch.
    validation : (X, y) or None
        Measured after each epoch, never learned from.
    penalty : callable or None
        ``penalty(network)`` adds its gradient to ``network.grad``, as L2
        does.
    clip_norm : float or None
        The largest norm of a gradient; a longer one is shortened.
    schedule : callable or None
        ``schedule(steps_done)``, the multiple of the learning rate.
    callbacks : iterable of callable
        ``callback(network, history)`` after each epoch; True ends training:
        ``callbacks=[lambda network, history: history.loss[-1] < 0.1]``.
    measure : bool
        Measure training and validation examples after each epoch, the same
        way and without dropout. False records the running mean of the
        batches.
    on_divergence : {"raise", "stop"}
        Diverged means: a batch loss or a parameter that is not finite, or
        an epoch's loss above 10 times the larger of the loss before
        training and that of an all-zero output. The network gets the
        parameters of the last good epoch back.
    n_threads : int or None
        Threads of the linear algebra; None leaves them alone.
    progress : bool
        Show a bar of epochs with the last loss (needs tqdm).

    Returns
    -------
    History

    Raises
    ------
    TypeError, ValueError
        If an argument or the data cannot be right; nothing has changed
        then.
    DivergedError
        If training diverges and ``on_divergence="raise"``.

    References
    ----------
    Goodfellow, Bengio & Courville (2016), *Deep Learning*, algorithm 8.1.
    """
    history = History()
    with Run(**locals()) as run:
        for _ in run.epochs():
            for batch in run.steps(
                minibatches(len(run.X), batch_size, run.rng)
            ):
                outputs = network.forward(run.X[batch], training=True)
                value, dy = loss(outputs, run.y[batch])
                run.check(value)
                network.backward(dy)
                if penalty:
                    penalty(network)
                if clip_norm:
                    clip_gradient(network.grad, clip_norm)
                optimizer.step(network.theta, network.grad)
    return history
