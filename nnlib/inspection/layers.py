"""What every layer inherits: its name in the registry, its repr, its state."""

import inspect
from typing import Any, ClassVar

import numpy as np

from nnlib.validation import CheckpointError, NotFittedError

__all__ = ["Layer", "build_layer"]

_REGISTRY: dict[str, type["Layer"]] = {}


class Layer:
    """A forward map and its backward map; a subclass enters itself by its name.

    A subclass keeps each constructor argument as an attribute of the same name,
    writes ``forward`` and ``backward``, and, if it has parameters, sets
    ``n_parameters`` and writes ``bind``, ``initialize`` and
    ``parameter_gradient``.
    """

    n_parameters: int = 0
    owned: bool = False  # by a network; two of them would share what forward remembers
    # What a network lends, and what a forward pass leaves: never copied or saved.
    lent: ClassVar[tuple[str, ...]] = ("W", "b", "dW", "db")
    remembered: ClassVar[tuple[str, ...]] = ("x", "mask", "factors")

    def __init_subclass__(cls) -> None:
        _REGISTRY[cls.__name__] = cls

    def bind(self, theta: np.ndarray, grad: np.ndarray) -> None:
        """Keep views of a stretch of the network's vectors; none by default."""

    def initialize(self, scheme: str, rng: np.random.Generator) -> None:
        """Draw the parameters; a layer without any does nothing."""

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """Return the output for a batch, and remember what backward needs."""
        raise NotImplementedError(f"{type(self).__name__} has no forward")

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Return dL/dx of the last forward, from dL/dy."""
        raise NotImplementedError(f"{type(self).__name__} has no backward")

    def parameter_gradient(self, dy: np.ndarray) -> None:
        """Write the gradients of the parameters alone; none by default."""

    def kinks(self) -> np.ndarray:
        """Tell on which side of a kink each number was in the last forward."""
        return np.empty(0, dtype=bool)

    def arguments(self) -> dict[str, Any]:
        """Return the constructor's arguments by name."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def output_size(self, n_in: int | None) -> int | None:
        """Return how many numbers come out for each example."""
        return getattr(self, "n_out", n_in)

    def __repr__(self) -> str:
        values = [f"{v!r}" for v in self.arguments().values() if v is not None]
        return f"{type(self).__name__}({', '.join(values)})"

    def __getstate__(self) -> dict[str, Any]:
        dropped = {*self.lent, *self.remembered, "owned"}
        return {name: value for name, value in vars(self).items() if name not in dropped}

    def __getattr__(self, name: str) -> Any:
        if name in (*self.lent, "rng"):
            raise NotFittedError(
                f"{self!r} has no {name} yet: a layer gets its numbers in a network: "
                f"Network([{self!r}], rng=0)"
            )
        if name in self.remembered:
            raise RuntimeError(
                f"{self!r} remembers no forward pass yet: call forward(x) before backward(dy)"
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


def build_layer(name: str, arguments: dict[str, Any]) -> Layer:
    """Return a new layer of a registered class, as a checkpoint describes it.

    Raises
    ------
    CheckpointError
        If no class of that name is known, or it does not take the arguments.
    """
    if name not in _REGISTRY:
        raise CheckpointError(
            f"the file holds a layer {name!r}, which is not known here; known are "
            f"{', '.join(_REGISTRY)}: import the module that defines {name}"
        )
    try:
        return _REGISTRY[name](**arguments)
    except (TypeError, ValueError) as error:
        raise CheckpointError(
            f"the file's layer {name}({arguments}) is not valid: {error}"
        ) from error
