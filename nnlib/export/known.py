"""Which networks have a form outside nnlib."""

from typing import Any

from nnlib.inspection import Layer
from nnlib.layers import Activation, Dense, Dropout, GaussianDropout
from nnlib.network import Network
from nnlib.validation import require_finite

__all__ = ["require_finished", "require_known"]

# Their subclasses have none: what a subclass changes would be lost on the way.
_KNOWN: tuple[type[Layer], ...] = (Dense, Activation, Dropout, GaussianDropout)


def require_known(network: Any) -> None:
    """Refuse what is no network, and a layer that other programs do not know.

    Raises
    ------
    TypeError
        If the network is none, or a layer is not one of the course's.
    """
    if not isinstance(network, Network):
        raise TypeError(f"network must be a Network, got {type(network).__name__}")
    for i, layer in enumerate(network.layers):
        if type(layer) not in _KNOWN:
            names = ", ".join(cls.__name__ for cls in _KNOWN)
            raise TypeError(
                f"layer {i}, {layer!r}, has no form outside nnlib; those that have one are "
                f"{names}: build the network of these"
            )


def require_finished(network: Any) -> None:
    """Refuse a network that should not leave: unknown layers, or parameters not finite.

    Raises
    ------
    TypeError
        As :func:`require_known`.
    ValueError
        If a parameter is not finite.
    """
    require_known(network)
    require_finite(network.theta, "theta", ": did the training diverge?")
