"""What every optimizer inherits: the step counter, its memories, the blocks."""

import inspect
import math
from collections.abc import Callable
from typing import ClassVar

import numpy as np

from nnlib.validation import require_between, require_positive

__all__ = ["Optimizer"]


class Optimizer:
    """One update rule; a subclass writes its equation as ``update``.

    ``step`` hands the equation blocks of the vectors that are short enough for
    their temporaries to stay in the processor's cache; on a large network the
    same lines on the whole vector take longer.

    Parameters
    ----------
    learning_rate : float
        Above 0; may be changed between steps, down to 0.

    Attributes
    ----------
    t : int
        Steps taken.
    """

    block: ClassVar[int] = 32_768
    sweep: ClassVar[int] = 64  # steps from one sweep of the memories to the next
    memories: ClassVar[tuple[str, ...]] = ()  # vectors kept from step to step

    def __init__(self, learning_rate: float) -> None:
        self.learning_rate = require_positive(
            "learning_rate", learning_rate, ": a step against the gradient lowers the loss"
        )
        self.reset()

    def reset(self) -> None:
        """Forget every step taken."""
        self.t = 0
        self._kept: list[np.ndarray] | None = None

    @property
    def learning_rate(self) -> float:
        """The factor in front of every step."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        # A schedule may end at 0; a new rule that stands still is a mistake.
        self._learning_rate = require_between("learning_rate", value, 0, math.inf)

    # Each rule names its own memories behind theta and the gradient g.
    update: Callable[..., None]

    def step(self, theta: np.ndarray, grad: np.ndarray) -> None:
        """Take one step: change theta in place.

        Parameters
        ----------
        theta : ndarray, shape (n_parameters,)
        grad : ndarray, shape (n_parameters,)
            dL/dtheta.

        Raises
        ------
        TypeError
            If theta is not an array of floats.
        ValueError
            If the shapes differ, or the memories are those of another network.
        """
        if not (isinstance(theta, np.ndarray) and theta.dtype.kind == "f"):
            raise TypeError(f"theta must be an array of floats, changed in place; got {theta!r}")
        if np.shape(grad) != theta.shape:
            raise ValueError(
                f"grad has shape {np.shape(grad)}, theta {theta.shape}; both must agree"
            )
        if self._kept is None:
            self._kept = [np.zeros_like(theta) for _ in self.memories]
        if self._kept and self._kept[0].shape != theta.shape:
            raise ValueError(
                f"this {type(self).__name__} remembers {self._kept[0].size} parameters of another "
                f"network, theta has {theta.size}: build a new one"
            )
        self.t += 1
        grad = np.asarray(grad)
        for start in range(0, len(theta), self.block):
            part = slice(start, start + self.block)
            self.update(theta[part], grad[part], *[memory[part] for memory in self._kept])
        if self.t % self.sweep == 0:
            self._sweep()

    def _sweep(self) -> None:
        """Set to 0 what has faded: with numbers near the least ones processors crawl.

        A memory of a gradient that became 0 shrinks for ever. What is swept away is too
        small to change any parameter.
        """
        for memory in self._kept or []:
            numbers = np.finfo(memory.dtype)
            memory[np.abs(memory) < numbers.tiny / numbers.eps] = 0

    @property
    def n_bytes(self) -> int:
        """Memory that the rule keeps from step to step, in bytes."""
        return sum(memory.nbytes for memory in self._kept or [])

    def __repr__(self) -> str:
        values = [
            f"{name}={getattr(self, name)!r}" for name in inspect.signature(type(self)).parameters
        ]
        return f"{type(self).__name__}({', '.join(values)})"
