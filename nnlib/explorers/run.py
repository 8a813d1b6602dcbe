"""A run: a lab steps on by itself, and the kernel listens to the reader in between."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

__all__ = ["ONE_BY_ONE", "Run"]

# Seconds between two steps, in which the kernel hears what the reader presses.
PAUSE = 0.02
# JupyterLab may deliver two messages in two threads: one is answered after the other.
ONE_BY_ONE = threading.RLock()


class Run:
    """One step after another, until the last one or until it is stopped.

    Parameters
    ----------
    step : callable
        Goes on once; returns whether there is more to come.
    told : callable
        Gives the context in which an error is told to the reader.
    label : callable
        Takes the word for the button: "run", or "stop" while it runs.
    """

    def __init__(
        self,
        step: Callable[[], bool],
        told: Callable[[], AbstractContextManager[None]],
        label: Callable[[str], None],
    ) -> None:
        self._step, self._told, self._label = step, told, label
        self._task: asyncio.Task[None] | None = None

    def toggle(self) -> None:
        """Start, or stop."""
        if self._task is not None:
            self.stop()
            return
        self._task = asyncio.get_running_loop().create_task(self._go())
        self._label("stop")

    def stop(self) -> None:
        """Stop, if it runs."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
            self._label("run")

    async def _go(self) -> None:
        this = asyncio.current_task()
        with self._told():
            while self._step_of(this):
                await asyncio.sleep(PAUSE)
        if self._task is this:
            self.stop()

    def _step_of(self, task: "asyncio.Task[None] | None") -> bool:
        """Step if this run has not been stopped, perhaps in another thread."""
        with ONE_BY_ONE:
            return self._task is task and self._step()
