r"""Diagnostics: what each layer passes on, and what comes back to it.

One row stands for one layer: a Dense and the bend behind it, up to the
next Dense. Everything is measured in evaluation, on copies: the network,
its gradient and the batch stay as they were.

- An entry is *saturated* where the slope of the bend is below a thousandth
  of the largest slope that this bend has (1/4 for sigmoid, else 1). For
  relu that is every entry that it cuts off.
- A unit is *dead* if its slope is exactly 0 for every example of the batch.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from nnlib.inspection import Layer
from nnlib.layers import Activation, Dense
from nnlib.network import Network
from nnlib.validation import (
    as_generator,
    require_finite,
    require_integer,
    require_positive,
    require_upstream,
)

__all__ = ["Signals", "measure_signals", "signal_experiment"]

# Bins of a histogram: even, so that 0 is an edge and the signs are apart.
BINS = 80


@dataclass(frozen=True, eq=False)
class Signals:
    """What a batch does in each of L layers: arrays, one row a layer.

    Attributes
    ----------
    activation_counts, gradient_counts : ndarray of int, shape (L, 80)
        Histograms of a layer's outputs y, and of dL/dy.
    activation_edges, gradient_edges : ndarray, shape (L, 81)
        The edges of their bins, from minus to plus the largest size.
    activation_mean, gradient_mean : ndarray, shape (L,)
    activation_sd, gradient_sd : ndarray, shape (L,)
        Mean and standard deviation over all entries.
    saturated : ndarray, shape (L,)
        Share of entries, in [0, 1], whose slope is below a thousandth of
        the bend's largest.
    dead : ndarray, shape (L,)
        Share of units, in [0, 1], whose slope is 0 for every example.
    dW_norm : ndarray, shape (L,)
        Length of dL/dW, all entries as one vector.
    update_ratio : ndarray, shape (L,)
        Length of the step learning_rate * dL/dW over the length of W; 0
        where nothing moves, infinite where weights that are all 0 move.
    """

    activation_counts: np.ndarray
    activation_edges: np.ndarray
    activation_mean: np.ndarray
    activation_sd: np.ndarray
    gradient_counts: np.ndarray
    gradient_edges: np.ndarray
    gradient_mean: np.ndarray
    gradient_sd: np.ndarray
    saturated: np.ndarray
    dead: np.ndarray
    dW_norm: np.ndarray
    update_ratio: np.ndarray


def _walk(
    network: Network, X: Any, dy: Any
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return each layer's output, and dL/d(that output)."""
    outputs, gradients = [network.as_input(X)], []
    hint = ": take smaller weights, or fewer layers"
    with np.errstate(over="ignore", invalid="ignore"):
        for place, layer in enumerate(network.layers):
            y = layer.forward(outputs[-1])
            require_finite(y, f"the output of layer {place}", hint)
            outputs.append(y)
        dy = require_upstream(dy, outputs[-1])
        for layer in reversed(network.layers):
            gradients.append(dy)
            dy = layer.backward(dy)
    require_finite(network.grad, "the gradient", hint)
    return outputs[1:], gradients[::-1]


def _unit(values: np.ndarray) -> tuple[np.ndarray, float]:
    """Scale to the largest size 1: the square of 1e300 would overflow."""
    scale = float(np.abs(values).max(initial=0)) or 1.0
    return values.astype(float) / scale, scale


def _describe(values: np.ndarray) -> tuple[Any, ...]:
    """Return histogram, edges, mean and standard deviation."""
    unit, scale = _unit(values)
    counts, edges = np.histogram(unit, BINS, (-1, 1))
    return counts, scale * edges, scale * unit.mean(), scale * unit.std()


def _norm(values: np.ndarray) -> float:
    """Return the length of all entries as one vector."""
    unit, scale = _unit(values)
    return scale * float(np.linalg.norm(unit))


def _faults(y: np.ndarray, bends: list[Layer]) -> tuple[float, float]:
    """Return the share of saturated entries, and of dead units."""
    slope = np.ones(y.shape)
    for bend in bends:
        if isinstance(bend, Activation):
            # Every bend is steepest at 0 or, like relu, right of it.
            steepest = bend.derivative(np.array([0.0, 1.0])).max()
            slope *= bend.derivative(bend.x) / steepest
    dead = np.all(slope == 0, axis=0)
    return float(np.mean(slope < 1e-3)), float(np.mean(dead))


def _stretches(layers: list[Layer]) -> list[tuple[int, int]]:
    """Return where each Dense stands, and where the next one does."""
    starts = [
        k for k, layer in enumerate(layers) if isinstance(layer, Dense)
    ]
    if not starts:
        raise ValueError(
            "the network has no Dense layer, so nothing can be measured: "
            "build one with mlp([64, 32, 10])"
        )
    return list(pairwise([*starts, len(layers)]))


def _ratio(step: float, size: float) -> float:
    """Return step / size; a step from 0 is infinite, no step is 0."""
    return step / size if size else np.inf if step else 0.0


def measure_signals(
    network: Network, X: Any, dy: Any, learning_rate: float = 0.01
) -> Signals:
    """Send a batch forward and a gradient back; describe every layer.

    Parameters
    ----------
    network : Network
        Stays as it is: a copy of it is measured.
    X : array_like, shape (n, n_in)
    dy : array_like, shape (n, n_out)
        dL/d(output), as a loss gives it.
    learning_rate : float
        The rate of the step that ``update_ratio`` is about.

    Returns
    -------
    Signals
        One row for each Dense.

    Raises
    ------
    TypeError, ValueError
        If X, dy or learning_rate is not valid, the shape of dy is not that
        of the output, there is no example or no Dense, or the numbers
        overflow.

    References
    ----------
    Glorot & Bengio (2010), *Understanding the difficulty of training deep
    feedforward neural networks*, sections 3 and 4.
    """
    rate = require_positive("learning_rate", learning_rate)
    network = network.copy()
    outputs, gradients = _walk(network, X, dy)
    rows: list[Any] = []
    for start, end in _stretches(network.layers):
        dense, *bends = network.layers[start:end]
        y, dy, norm = outputs[end - 1], gradients[end - 1], _norm(dense.dW)
        faults = _faults(y, bends)
        ratio = _ratio(rate * norm, _norm(dense.W))
        rows.append((*_describe(y), *_describe(dy), *faults, norm, ratio))
    return Signals(*map(np.array, zip(*rows)))


def signal_experiment(
    depth: int,
    width: int,
    activation: str,
    scheme: str,
    gain: float = 1.0,
    seed: Any = 0,
    n_examples: int = 200,
) -> Signals:
    """Measure a stack of equal layers, random inside and outside.

    Parameters
    ----------
    depth, width : int
        How many layers, and units in each.
    activation, scheme : str
        Names of the bend and of the scheme that draws the weights.
    gain : float
        Every weight is multiplied by it: ``normal`` draws with standard
        deviation 0.01, so 100 makes that 1.
    seed : None, int or Generator
    n_examples : int

    Returns
    -------
    Signals
        For a standard normal batch X, and a standard normal dL/d(output)
        divided by the number of examples, as if L were their mean.

    Raises
    ------
    TypeError, ValueError
        If a size is no whole number or below 1, a name is unknown, or gain
        is not above 0.
    """
    require_integer("depth", depth, least=1)
    require_integer("n_examples", n_examples, least=1)
    gain, rng = require_positive("gain", gain), as_generator(seed)
    layers: list[Layer] = []
    for _ in range(depth):
        layers += [Dense(width, width, scheme), Activation(activation)]
    network = Network(layers, rng)
    network.theta *= gain
    X, dy = rng.normal(size=(2, n_examples, width))
    return measure_signals(network, X, dy / n_examples)
