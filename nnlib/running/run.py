"""One call of ``train`` as a context: divergence, steps, epochs, and the end."""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import numpy as np

from nnlib.running.edge import (
    as_callbacks,
    require_pair,
    require_parts,
    require_validation_pair,
)
from nnlib.running.interrupts import Interrupts
from nnlib.running.measuring import Loss, evaluate, loss_of_zeros
from nnlib.running.progress import Progress
from nnlib.running.threads import limit_threads
from nnlib.validation import (
    DivergedError,
    as_generator,
    require_choice,
    require_integer,
    require_positive,
    require_validation,
    trusted,
)

__all__ = ["Run"]

# Diverged: an epoch's loss above this multiple of where training started.
TOO_MUCH = 10


class _StopTraining(Exception):
    """Ends the loop from inside; the argument says why."""


class Run:
    """One call of ``train``: checked when built, guarded while it lasts."""

    def __init__(
        self,
        network: Any,
        loss: Loss,
        optimizer: Any,
        X: Any,
        y: Any,
        history: Any,
        *,
        n_epochs: int,
        batch_size: int,
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
    ) -> None:
        require_parts(loss, optimizer, penalty, schedule)
        self.network, self.loss, self.optimizer = network, loss, optimizer
        self.history, self.measure = history, measure
        self.n_epochs = require_integer("n_epochs", n_epochs, least=0)
        require_integer("batch_size", batch_size, least=1)
        require_choice("on_divergence", on_divergence, ("raise", "stop"))
        if clip_norm is not None:
            require_positive("clip_norm", clip_norm)
        if n_threads is not None:
            require_integer("n_threads", n_threads, least=1)
        self.rng = as_generator(rng)
        self.X, self.y = require_pair(network, X, y)
        self.zero_loss = loss_of_zeros(network, loss, self.y)
        self.validation = require_validation_pair(network, loss, validation)
        self.schedule, self.callbacks = schedule, as_callbacks(callbacks)
        watching = any(getattr(c, "needs_validation", False) for c in self.callbacks)
        if watching and (self.validation is None or not measure):
            require_validation([])
        self.on_divergence, self.n_threads = on_divergence, n_threads
        self.progress = Progress(progress, self.n_epochs)
        self.epoch = self.n_steps = 0
        self.running_loss = 0.0
        self.base_rate = optimizer.learning_rate

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        try:
            self._prepare()
        except BaseException:
            self._stack.close()  # Python calls __exit__ only after a complete __enter__
            raise
        return self

    def _prepare(self) -> None:
        """Change the surroundings for the run, and measure where it starts."""
        self._stack.enter_context(trusted())
        self._stack.enter_context(np.errstate(all="ignore"))
        if self.n_threads is not None:
            self._stack.enter_context(limit_threads(self.n_threads))
        self.interrupts = self._stack.enter_context(Interrupts())
        self.good = self.network.theta.copy()
        self.start = evaluate(self.network, self.loss, self.X, self.y)[0] if self.measure else None
        self.ceiling = TOO_MUCH * max(self.zero_loss, self.start or 0)
        self._stack.enter_context(self.progress)

    def epochs(self) -> Iterator[int]:
        """Yield the epochs 1 .. n_epochs; after each, look at what came of it."""
        numbers = range(1, self.n_epochs + 1)
        for self.epoch in numbers:
            self.running_loss, self.step_in_epoch = 0.0, 0
            yield self.epoch
            self._close_epoch()

    def steps(self, batches: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield the batches of an epoch, setting the rate and heeding Ctrl-C."""
        for batch in batches:
            if self.interrupts.asked:
                raise _StopTraining("interrupted")
            if self.schedule is not None:
                self.optimizer.learning_rate = self.base_rate * self.schedule(self.n_steps)
            self._batch = len(batch)
            yield batch
            self.n_steps += 1

    def check(self, value: float) -> None:
        """Note the loss of a batch; stop if it is not finite."""
        self.step_in_epoch += 1
        if not math.isfinite(value):
            raise _StopTraining(f"the batch loss became {value}")
        if self.n_steps == 0 and not self.measure:
            self.ceiling = max(self.ceiling, TOO_MUCH * value)
        self.running_loss += self._batch * value

    def _close_epoch(self) -> None:
        """Measure the epoch, stop if it diverged, record it, call the callbacks."""
        if not np.isfinite(self.network.theta).all():
            raise _StopTraining("a parameter is no longer finite")
        if self.measure:
            loss, accuracy = evaluate(self.network, self.loss, self.X, self.y)
        else:
            loss, accuracy = self.running_loss / len(self.X), None
        if not loss <= self.ceiling:
            raise _StopTraining(f"the loss of the epoch is {loss:.3g}")
        self.good[...] = self.network.theta
        self._record(loss, accuracy)
        self.progress.show(loss)
        with trusted(False):  # a callback brings data of its own
            stops = [callback(self.network, self.history) for callback in self.callbacks]
        if any(isinstance(stop, bool | np.bool_) and stop for stop in stops):
            raise _StopTraining("callback")

    def _record(self, loss: float, accuracy: float | None) -> None:
        self.history.loss.append(loss)
        if accuracy is not None:
            self.history.accuracy.append(accuracy)
        if self.measure and self.validation:
            loss, accuracy = evaluate(self.network, self.loss, *self.validation)
            self.history.validation_loss.append(loss)
            if accuracy is not None:
                self.history.validation_accuracy.append(accuracy)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self.optimizer.learning_rate = self.base_rate
        self._stack.close()
        if error is not None and not isinstance(error, _StopTraining):
            return False
        if error is None or str(error) in ("interrupted", "callback"):
            self.history.stopped = str(error) if error else None
            self._finish()
            return True
        reason = str(error)
        self.network.theta = self.good
        self.history.stopped = "diverged"
        self._finish()
        if self.on_divergence == "raise":
            raise self._diverged(reason) from None
        return True

    def _finish(self) -> None:
        """Let callbacks that want to, such as EarlyStopping, have the last word."""
        for callback in self.callbacks:
            if hasattr(callback, "finish"):
                callback.finish(self.network)

    def _diverged(self, reason: str) -> DivergedError:
        rate = self.base_rate
        kept = f"epoch {len(self.history)}" if len(self.history) else "the start"
        error = DivergedError(
            f"training diverged in epoch {self.epoch}, step {self.step_in_epoch}: {reason}, with "
            f"learning_rate={rate:g}. The network is back at {kept}. Try "
            f"learning_rate={rate / 10:g}, smaller initial weights, or clip_norm=1"
        )
        error.history = self.history
        return error
