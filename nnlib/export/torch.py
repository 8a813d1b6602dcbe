"""A network's parameters under PyTorch's names and in its shapes; torch is not needed."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nnlib.export.known import require_finished, require_known
from nnlib.layers import Dense
from nnlib.network import Network
from nnlib.validation import as_numbers, require_finite

__all__ = ["from_torch_state_dict", "to_torch_state_dict"]


def to_torch_state_dict(network: Network) -> dict[str, np.ndarray]:
    """Return the parameters under the names of a ``torch.nn.Sequential``.

    A Dense is an ``nn.Linear``, whose weight has the shape (n_out, n_in): the transposed
    W. The number in a name counts every layer, those without parameters too::

        state = {name: torch.from_numpy(a) for name, a in to_torch_state_dict(net).items()}
        model.load_state_dict(state)

    Parameters
    ----------
    network : Network
        Of Dense, Activation, Dropout and GaussianDropout layers.

    Returns
    -------
    dict of str to ndarray
        ``"0.weight"``, ``"0.bias"``, ``"2.weight"``, ...: copies, contiguous, in the
        network's dtype. A model of another dtype converts them when it loads them.

    Raises
    ------
    TypeError
        If a layer is of another class.
    ValueError
        If a parameter is not finite.

    References
    ----------
    PyTorch documentation, *torch.nn.Linear*, *torch.nn.Module.load_state_dict*.
    """
    require_finished(network)
    return {name: np.array(view, order="C") for name, view, _ in _parameters(network)}


def from_torch_state_dict(network: Network, state: Mapping[str, Any]) -> Network:
    """Fill a network with the parameters of a ``torch.nn.Sequential``, all or none.

    A state dict holds no activations, so the network comes first: the same layers in the
    same places. Whatever the dtype of the values, they are converted to the network's:
    float32 to float64 is exact, float64 to float32 rounds.

    Parameters
    ----------
    network : Network
        Filled in place.
    state : mapping of str to array_like
        What ``model.state_dict()`` returns, or arrays under the same names, in any
        layout. Tensors may be on another device.

    Returns
    -------
    Network
        The one that was given.

    Raises
    ------
    TypeError
        If state is no mapping, a value does not hold real numbers, or a layer is of
        another class.
    ValueError
        If a name is missing or unexpected, or a value has another shape, is not finite,
        or is too large for the network's dtype; nothing is changed.

    References
    ----------
    PyTorch documentation, *torch.nn.Linear*, *torch.nn.Module.state_dict*.
    """
    require_known(network)
    _require_names(network, state)
    filled = network.copy()
    for name, view, owner in _parameters(filled):
        view[...] = _values(state[name], name, view, owner)
    network.theta = filled.theta
    return network


def _parameters(network: Network) -> Iterator[tuple[str, np.ndarray, str]]:
    """Yield PyTorch's name of each array, a view of it in PyTorch's shape, and its layer."""
    for i, layer in enumerate(network.layers):
        if isinstance(layer, Dense):
            yield f"{i}.weight", layer.W.T, f"layer {i}, {layer!r},"
            yield f"{i}.bias", layer.b, f"layer {i}, {layer!r},"


def _values(value: Any, name: str, view: np.ndarray, owner: str) -> np.ndarray:
    """Return one entry of a state dict as an array that fits, or say why not."""
    if hasattr(value, "detach"):  # a tensor: numpy takes none that learns or lives on a GPU
        value = value.detach().cpu().double()
    array = as_numbers(value, name)
    if array.shape != view.shape:
        hint = ": PyTorch keeps (out, in), try its .T" if array.shape == view.shape[::-1] else ""
        raise ValueError(f"{name} has shape {array.shape}, but {owner} takes {view.shape}{hint}")
    require_finite(array, name)
    with np.errstate(over="ignore"):  # refused in the next line
        array = array.astype(view.dtype)
    require_finite(array, name, f": it is too large for {view.dtype}, the network's dtype")
    return array


def _require_names(network: Network, state: Any) -> None:
    if not isinstance(state, Mapping):
        hint = ": write model.state_dict()" if hasattr(state, "state_dict") else ""
        raise TypeError(f"state must be a dict of arrays, got {type(state).__name__}{hint}")
    shapes = {name: view.shape for name, view, _ in _parameters(network)}
    faults = [
        *(f"{name!r} is missing" for name in shapes if name not in state),
        *(f"{name!r} is unexpected" for name in state if name not in shapes),
    ]
    if faults:
        wanted = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(
            f"in state {', '.join(faults)}; the network takes {wanted or 'no parameters'}: the "
            "number counts every module of the Sequential, activations and dropout too"
        )
