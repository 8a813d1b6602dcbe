"""What a network inherits: its vectors, its table, copies, saving, loading."""

import copy
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from nnlib.inspection.checkpoints import read_checkpoint, write_checkpoint
from nnlib.inspection.drawing import as_html
from nnlib.inspection.layers import Layer
from nnlib.validation import (
    CheckpointError,
    as_floats,
    as_numbers,
    is_trusted,
    require_features,
    trusted,
)

__all__ = ["NetworkTools"]

_BLOCK = 1024  # rows that are evaluated together, so that memory stays small


class NetworkTools:
    """The parts of Network that no lesson teaches.

    A subclass writes ``bind`` and ``forward``; its constructor begins with
    ``own``, which checks the layers, makes the two vectors and calls ``bind``.
    """

    layers: list[Layer]

    def bind(self) -> None:
        """Lend each layer its stretch of theta and grad."""
        raise NotImplementedError

    def forward(self, X: np.ndarray, training: bool = False) -> np.ndarray:
        """Return the output of the last layer."""
        raise NotImplementedError

    def own(self, layers: Sequence[Layer], dtype: Any) -> None:
        """Check the layers, make zero vectors for them and lend each its parts."""
        self.layers = _require_layers(layers)
        self._sizes = _require_chain(self.layers)
        dtype = _require_float(dtype)
        size = sum(layer.n_parameters for layer in self.layers)
        self._theta, self._grad = np.zeros(size, dtype), np.zeros(size, dtype)
        self._take()

    def _take(self) -> None:
        """Make the layers this network's own."""
        for layer in self.layers:
            layer.owned = True
        self.bind()

    @property
    def theta(self) -> np.ndarray:
        """All parameters, one vector; assigning copies into it."""
        return self._theta

    @theta.setter
    def theta(self, values: Any) -> None:
        _copy_into(self._theta, values, "theta")

    @property
    def grad(self) -> np.ndarray:
        """dL/dtheta of the last backward, one vector; assigning copies into it."""
        return self._grad

    @grad.setter
    def grad(self, values: Any) -> None:
        _copy_into(self._grad, values, "grad")

    @property
    def n_parameters(self) -> int:
        """How many numbers the network learns."""
        return self._theta.size

    @property
    def n_in(self) -> int | None:
        """Features that the first layer takes; None if it takes any number."""
        return self._sizes[0]

    @property
    def n_out(self) -> int | None:
        """Outputs of the last layer; None if they follow the input."""
        return self._sizes[-1]

    def require_input(self, X: Any, name: str = "X") -> np.ndarray:
        """Return examples as an array (n, n_in) of the numbers that they are."""
        first = next((layer for layer in self.layers if hasattr(layer, "n_in")), None)
        return require_features(X, self.n_in, first, name)

    def as_input(self, X: Any) -> np.ndarray:
        """Return examples as (n, n_in) numbers of the network's dtype."""
        return as_floats(X if is_trusted() else self.require_input(X), self._theta.dtype)

    def scores(self, X: Any) -> np.ndarray:
        """Return the k outputs of every row, block by block.

        Raises
        ------
        ValueError
            If the network has one output, or an output is not finite.
        """
        if self.n_out == 1:
            raise ValueError(
                "the network has one output, so there is no class to choose: "
                "forward(X) gives the values, forward(X) > 0 yes or no"
            )
        X = self.require_input(X)  # as a whole: a block would count its rows from 0
        with trusted():
            starts = range(0, max(len(X), 1), _BLOCK)
            scores = np.concatenate([self.forward(X[start : start + _BLOCK]) for start in starts])
        if not np.isfinite(scores).all():
            row = int(np.argmin(np.isfinite(scores).all(axis=1)))
            raise ValueError(
                f"the output of row {row} is {scores[row]}: the parameters are too large or not "
                "numbers; train again with a lower learning rate"
            )
        return scores

    def copy(self) -> Self:
        """Return an independent network with the same parameters."""
        return copy.deepcopy(self)

    def save(self, path: Any) -> Path:
        """Write layers and parameters to a .npz file, whole or not at all.

        Parameters
        ----------
        path : str or Path
            ``.npz`` is added where there is no suffix.

        Returns
        -------
        Path
            The file that was written.

        Raises
        ------
        OSError
            If it cannot be written; a file that was there is untouched.
        """
        layers = [(type(layer).__name__, layer.arguments()) for layer in self.layers]
        return write_checkpoint(path, layers, self._theta)

    @classmethod
    def load(cls, path: Any) -> Self:
        """Read a network that :meth:`save` wrote; nothing in the file is executed.

        Raises
        ------
        CheckpointError
            If the file is no checkpoint, damaged, unsafe or from a newer version.
        FileNotFoundError
            If there is no such file.
        """
        layers, theta = read_checkpoint(path)
        try:
            network = cls(layers, rng=0, dtype=theta.dtype)  # type: ignore[call-arg]
        except ValueError as error:
            raise CheckpointError(
                f"the layers in {path} make no network ({error}); save the network again"
            ) from error
        network.theta = theta
        return network

    def summary(self) -> None:
        """Print the table that ``repr(network)`` is, and return nothing, as Keras does."""
        print(self)

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, index: int) -> Layer:
        return self.layers[index]

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __copy__(self) -> Self:
        return self.copy()  # a shallow copy would take the layers' views away

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._take()

    def __repr__(self) -> str:
        rows = [("layer", "output", "parameters")]
        for layer, size in zip(self.layers, self._sizes[1:]):
            rows.append((repr(layer), f"(n, {size or 'n_in'})", f"{layer.n_parameters:,}"))
        rows.append(("total", "", f"{self.n_parameters:,}"))
        widths = [max(map(len, column)) for column in zip(*rows)]
        return "\n".join(
            f"{name:<{widths[0]}}  {shape:<{widths[1]}}  {count:>{widths[2]}}"
            for name, shape, count in rows
        )

    def _repr_html_(self) -> str:
        return as_html(self)


def _require_layers(layers: Any) -> list[Layer]:
    if not isinstance(layers, Layer | Iterable):
        raise TypeError(
            f"layers must be a list, got {layers!r} ({type(layers).__name__}): "
            "Network([Dense(64, 10)])"
        )
    found = [layers] if isinstance(layers, Layer) else list(layers)
    if not found:
        raise ValueError(
            "a network needs at least one layer, got none: Network([Dense(64, 10)]), mlp([64, 10])"
        )
    for place, layer in enumerate(found):
        if not isinstance(layer, Layer):
            raise TypeError(f"layer {place} is {layer!r}; layers are objects such as Dense(64, 10)")
        if any(layer is other for other in found[:place]):
            raise ValueError(
                f"layer {place}, {layer!r}, stands twice; build it anew for each place"
            )
        if layer.owned:
            raise ValueError(
                f"layer {place}, {layer!r}, belongs to another network; build it anew, or copy the "
                "whole network with network.copy()"
            )
    return found


def _require_chain(layers: list[Layer]) -> list[int | None]:
    """Return the features at the input and behind each layer."""
    size = next((layer.n_in for layer in layers if hasattr(layer, "n_in")), None)
    sizes: list[int | None] = [size]
    for place, layer in enumerate(layers):
        if getattr(layer, "n_in", size) != size:
            raise ValueError(
                f"layer {place} is {layer!r}, but layer {place - 1}, {layers[place - 1]!r}, gives "
                f"{size} values: its n_in must be {size}"
            )
        size = layer.output_size(size)
        sizes.append(size)
    return sizes


def _require_float(dtype: Any) -> np.dtype[Any]:
    for known in (np.dtype(np.float64), np.dtype(np.float32)):
        if dtype is not None and known == dtype:  # None would be equal to float64
            return known
    raise TypeError(f"dtype must be np.float64 or np.float32, got {dtype!r}")


def _copy_into(vector: np.ndarray, values: Any, name: str) -> None:
    array = as_numbers(values, name)
    if array.shape != vector.shape:
        raise ValueError(
            f"{name} has shape {vector.shape}, got {array.shape}; give every parameter"
        )
    vector[...] = array
