"""Network: layers in a row, all their parameters in one vector."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from nnlib.activations import softmax
from nnlib.inspection import Layer, NetworkTools
from nnlib.layers import Activation, Dense
from nnlib.validation import as_generator

__all__ = ["Network", "mlp"]


class Network(NetworkTools):
    """Layers in a row, all their parameters in one vector theta.

    Parameters
    ----------
    layers : sequence of Layer
        From the input to the output, each of them in no other network.
    rng : None, int or Generator
        Draws the weights, and seeds the layers that draw numbers
        themselves.
    dtype : float64 or float32

    Attributes
    ----------
    theta, grad : ndarray, shape (n_parameters,)
        All parameters, and dL/dtheta as the last backward left it.
        Assigning to them copies into them: the layers' W, b, dW and db stay
        views.
    layers : list of Layer

    Raises
    ------
    TypeError
        If something is not a layer, or the dtype is another one.
    ValueError
        If there is no layer, or a layer does not take what the one before
        gives.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        rng: Any = None,
        dtype: Any = np.float64,
    ) -> None:
        rng = as_generator(rng)  # refused before the layers are taken
        self.own(layers, dtype)
        self.initialize(rng)

    def bind(self) -> None:
        """Lend each layer its stretch of theta and grad, as views."""
        ends = np.cumsum([layer.n_parameters for layer in self.layers])
        parts = np.split(self.theta, ends), np.split(self.grad, ends)
        for layer, theta, grad in zip(self.layers, *parts):
            layer.bind(theta, grad)

    def initialize(self, rng: Any = None) -> None:
        """Draw new parameters: He before relu, Xavier otherwise."""
        rng = as_generator(rng)
        for layer, after in zip(self.layers, [*self.layers[1:], None]):
            he = "relu" in getattr(after, "name", "")
            layer.initialize("he_normal" if he else "xavier_normal", rng)

    def forward(self, X: np.ndarray, training: bool = False) -> np.ndarray:
        """Return the last layer's output, shape (n, n_out)."""
        y = self.as_input(X)
        for layer in self.layers:
            y = layer.forward(y, training)
        return y

    def backward(self, dy: np.ndarray) -> None:
        """Fill grad, from dL/d(output) of the last forward."""
        for layer in reversed(self.layers[1:]):
            dy = layer.backward(dy)
        self.layers[0].parameter_gradient(dy)  # nobody needs dL/dX

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return the class index of each row's largest output."""
        return self.scores(X).argmax(axis=1)

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Return the probability of each class, shape (n, k)."""
        return softmax(self.scores(X))


def mlp(
    sizes: Sequence[int],
    activation: str = "relu",
    rng: Any = None,
    dtype: Any = np.float64,
) -> Network:
    """Build a multilayer perceptron: Dense layers, bends between them.

    Parameters
    ----------
    sizes : sequence of int
        Features, units of each hidden layer, outputs: ``[64, 32, 10]``.
    activation : str
        Name of the bend behind every layer but the last.
    rng : None, int or Generator
        Draws the weights: He for relu, Xavier for tanh and sigmoid.
    dtype : float64 or float32

    Returns
    -------
    Network

    Raises
    ------
    TypeError
        If a size is not a whole number.
    ValueError
        If there are fewer than two sizes, one is below 1, or the activation
        is unknown.
    """
    layers: list[Layer] = []
    for n_in, n_out in pairwise(sizes):
        layers += [Dense(n_in, n_out), Activation(activation)]
    return Network(layers[:-1], rng, dtype)
