"""Layers: a forward map, and the same map read backwards.

Rows are examples. ``forward(x, training=False)`` returns y and remembers
what ``backward(dy)`` needs; ``backward`` belongs to the last forward,
writes dL/dW and dL/db into ``dW`` and ``db`` and returns dL/dx. Neither
changes its input. A layer is built without numbers: the network that it
becomes a part of lends it W, b, dW and db, as views of its own vectors
theta and grad.
"""

import math
from collections.abc import Callable

import numpy as np

from nnlib import activations
from nnlib.initialization import SCHEMES
from nnlib.inspection import Layer
from nnlib.validation import (
    require_between,
    require_bias,
    require_choice,
    require_columns,
    require_integer,
    require_shape,
)

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "Dense",
    "Dropout",
    "GaussianDropout",
    "affine",
    "affine_backward",
]

Elementwise = Callable[[np.ndarray], np.ndarray]


def affine(x: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
    r"""Weighted sums of every row, :math:`XW + b`.

    Parameters
    ----------
    x : ndarray, shape (n, n_in)
        Rows are examples.
    W : ndarray, shape (n_in, n_out)
        One column of weights for each output.
    b : ndarray, shape (n_out,)

    Returns
    -------
    ndarray, shape (n, n_out)

    Raises
    ------
    ValueError
        If the shapes do not fit; b is never broadcast to another shape.

    References
    ----------
    Goodfellow, Bengio & Courville (2016), *Deep Learning*, section 6.4.
    """
    require_bias(b, W)
    return x @ W + b


def affine_backward(
    dy: np.ndarray, x: np.ndarray, W: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Gradients of affine: :math:`dy\,W^T`, :math:`x^T dy`, sums of dy.

    Parameters
    ----------
    dy : ndarray, shape (n, n_out)
        dL/dy, for y = affine(x, W, b).
    x : ndarray, shape (n, n_in)
    W : ndarray, shape (n_in, n_out)

    Returns
    -------
    dx : ndarray, shape (n, n_in)
    dW : ndarray, shape (n_in, n_out)
    db : ndarray, shape (n_out,)

    References
    ----------
    Goodfellow, Bengio & Courville (2016), *Deep Learning*, algorithm 6.4.
    """
    return dy @ W.T, x.T @ dy, dy.sum(axis=0)


class Dense(Layer):
    r"""A layer of weighted sums, :math:`y = xW + b`.

    Parameters
    ----------
    n_in, n_out : int
        Inputs and outputs.
    init : str or None
        Name of the scheme that draws W; None leaves the choice to the
        network: He before relu, Xavier otherwise. b starts at 0.

    Attributes
    ----------
    W, dW : ndarray, shape (n_in, n_out)
        Weights and dL/dW: views of the network's theta and grad.
    b, db : ndarray, shape (n_out,)
        Biases and dL/db: views too.

    Raises
    ------
    TypeError
        If a size is not a whole number.
    ValueError
        If a size is below 1, or the scheme is unknown.
    """

    def __init__(
        self, n_in: int, n_out: int, init: str | None = None
    ) -> None:
        self.n_in = require_integer("n_in", n_in, least=1)
        self.n_out = require_integer("n_out", n_out, least=1)
        if init is not None:
            require_choice("init", init, SCHEMES)
        self.init = init
        self.n_parameters = (self.n_in + 1) * self.n_out

    def bind(self, theta: np.ndarray, grad: np.ndarray) -> None:
        """Keep W, b, dW and db as views of a stretch of theta and grad."""
        shape, n_weights = (self.n_in, self.n_out), self.n_in * self.n_out
        self.W, self.b = theta[:n_weights].reshape(shape), theta[n_weights:]
        self.dW, self.db = grad[:n_weights].reshape(shape), grad[n_weights:]

    def initialize(self, scheme: str, rng: np.random.Generator) -> None:
        """Draw W by the layer's own scheme, or by the one proposed."""
        draw = SCHEMES[self.init or scheme]
        self.W[...], self.b[...] = draw(self.n_in, self.n_out, rng), 0

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """Return x W + b, shape (n, n_out), for x of shape (n, n_in)."""
        self.x = require_columns(x, self.n_in, self)
        return affine(x, self.W, self.b)

    def parameter_gradient(self, dy: np.ndarray) -> None:
        """Write dL/dW and dL/db for dy of shape (n, n_out)."""
        dy = require_shape(dy, (len(self.x), self.n_out), self)
        np.dot(self.x.T, dy, out=self.dW)
        dy.sum(axis=0, out=self.db)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Write dL/dW and dL/db, return dL/dx, shape (n, n_in)."""
        self.parameter_gradient(dy)
        return dy @ self.W.T


# Each activation by its name: the function, and its slope.
ACTIVATIONS: dict[str, tuple[Elementwise, Elementwise]] = {
    "linear": (activations.linear, activations.linear_derivative),
    "sigmoid": (activations.sigmoid, activations.sigmoid_derivative),
    "tanh": (activations.tanh, activations.tanh_derivative),
    "relu": (activations.relu, activations.relu_derivative),
    "leaky_relu": (
        activations.leaky_relu,
        activations.leaky_relu_derivative,
    ),
}


class Activation(Layer):
    """A bend applied to every number; it has no parameters.

    Parameters
    ----------
    name : str
        linear, sigmoid, tanh, relu or leaky_relu.

    Raises
    ------
    ValueError
        If the name is unknown; the message proposes the closest one.
    """

    def __init__(self, name: str) -> None:
        self.name = require_choice("activation", name, ACTIVATIONS)
        self.function, self.derivative = ACTIVATIONS[name]

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """Return the bent x, any shape."""
        self.x = x
        return self.function(x)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Return dL/dx: dy times the slope at x."""
        dy = require_shape(dy, self.x.shape, self)
        return dy * self.derivative(self.x)

    def kinks(self) -> np.ndarray:
        """Tell on which side of its kink each number was, if it has one."""
        return (
            self.x > 0 if "relu" in self.name else np.empty(0, dtype=bool)
        )


class Dropout(Layer):
    r"""Drop numbers at random, scale the rest to keep the mean.

    In training :math:`y = x m`, where m is 0 with probability p and
    :math:`1/(1-p)` otherwise; elsewhere y is x.

    Parameters
    ----------
    drop_prob : float
        The probability p, in [0, 1); 0.2 drops a fifth.

    Attributes
    ----------
    frozen : bool
        Use the last mask again, so that a gradient check can run.

    Raises
    ------
    TypeError, ValueError
        If drop_prob is no number or lies outside [0, 1).

    References
    ----------
    Srivastava et al. (2014), *Dropout: A Simple Way to Prevent Neural
    Networks from Overfitting*, section 10.
    """

    frozen = False
    mask = np.empty(0)  # the last one drawn; an empty one fits no batch

    def __init__(self, drop_prob: float) -> None:
        hint = ": 0.5 drops one half; at 1 nothing would be left"
        self.drop_prob = require_between("drop_prob", drop_prob, 0, 1, hint)

    def initialize(self, scheme: str, rng: np.random.Generator) -> None:
        """Take a generator of its own: the weights stay the same."""
        self.rng = rng.spawn(1)[0]

    def draw(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return factors of mean 1: 0, or 1 / (1 - drop_prob)."""
        kept = self.rng.random(shape) >= self.drop_prob
        return kept / (1 - self.drop_prob)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """Return x times a new mask; in evaluation exactly x."""
        if not training:
            self.factors = np.ones_like(x)
            return x
        if not self.frozen or self.mask.shape != x.shape:
            self.mask = self.draw(x.shape).astype(x.dtype)
        self.factors = self.mask
        return x * self.factors

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Return dL/dx: what was dropped learns nothing."""
        require_shape(dy, self.factors.shape, self)
        return dy * self.factors


class GaussianDropout(Dropout):
    r"""Multiply by noise of the mean and variance of dropout's mask.

    In training :math:`y = x m` with m drawn from
    :math:`\mathcal N(1, p/(1-p))`; elsewhere y is x.

    Parameters
    ----------
    drop_prob : float
        The probability p of the dropout that it imitates, in [0, 1).

    Raises
    ------
    TypeError, ValueError
        If drop_prob is no number or lies outside [0, 1).

    References
    ----------
    Srivastava et al. (2014), *Dropout: A Simple Way to Prevent Neural
    Networks from Overfitting*, section 10.
    """

    def draw(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return normal factors of mean 1 and variance p / (1 - p)."""
        sd = math.sqrt(self.drop_prob / (1 - self.drop_prob))
        return self.rng.normal(1, sd, shape)
