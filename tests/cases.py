"""The one table of layers, losses and optimizers; what stands in no table fails a test."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from nnlib import losses, optimizers
from nnlib.activations import sigmoid, softmax
from nnlib.inspection import Layer
from nnlib.layers import ACTIVATIONS, Activation, Dense, Dropout, GaussianDropout


class LayerCase(NamedTuple):
    """How to build a layer, and how many numbers an example has before and behind it."""

    build: Callable[[], Layer]
    n_in: int
    n_out: int


LAYERS = {
    "Dense": LayerCase(lambda: Dense(4, 3), 4, 3),
    "Dense-one-output": LayerCase(lambda: Dense(4, 1), 4, 1),
    "Dense-scheme": LayerCase(lambda: Dense(2, 5, init="lecun_normal"), 2, 5),
    **{
        f"Activation-{name}": LayerCase(lambda name=name: Activation(name), 4, 4)
        for name in ACTIVATIONS
    },
    "Dropout": LayerCase(lambda: Dropout(0.4), 4, 4),
    "Dropout-none": LayerCase(lambda: Dropout(0.0), 4, 4),
    "GaussianDropout": LayerCase(lambda: GaussianDropout(0.3), 4, 4),
}


class LossCase(NamedTuple):
    """A loss, a target that it takes, and what the prediction means."""

    loss: Callable[..., tuple[float, np.ndarray]]
    target: Callable[[np.random.Generator, int, int], np.ndarray]


LOSSES = {
    "mean_squared_error": LossCase(
        losses.mean_squared_error, lambda rng, n, k: rng.normal(0, 2, (n, k))
    ),
    "mean_absolute_error": LossCase(
        losses.mean_absolute_error, lambda rng, n, k: rng.normal(0, 2, (n, k))
    ),
    "binary_cross_entropy": LossCase(
        losses.binary_cross_entropy, lambda rng, n, k: sigmoid(rng.normal(0, 2, (n, k)))
    ),
    "softmax_cross_entropy-labels": LossCase(
        losses.softmax_cross_entropy, lambda rng, n, k: rng.integers(k, size=n)
    ),
    "softmax_cross_entropy-probabilities": LossCase(
        losses.softmax_cross_entropy, lambda rng, n, k: softmax(rng.normal(0, 2, (n, k)))
    ),
}


# The papers' formulas, number by number, in loops: nothing here is shared with nnlib.
def sgd(theta: list[float], g: list[float], t: int, kept: dict[Any, float]) -> list[float]:
    return [x - 0.1 * d for x, d in zip(theta, g)]


def momentum(theta: list[float], g: list[float], t: int, kept: dict[Any, float]) -> list[float]:
    out = []
    for i, (x, d) in enumerate(zip(theta, g)):
        kept[i] = 0.9 * kept.get(i, 0.0) + d
        out.append(x - 0.05 * kept[i])
    return out


def nesterov(theta: list[float], g: list[float], t: int, kept: dict[Any, float]) -> list[float]:
    """Sutskever's form in the variable that PyTorch keeps: theta + beta times the velocity."""
    out = []
    for i, (x, d) in enumerate(zip(theta, g)):
        # In the paper's terms: w is behind theta by beta * v, the gradient is taken at theta.
        v = kept.get(i, 0.0)
        w = x - 0.8 * v
        v = 0.8 * v - 0.05 * d
        kept[i] = v
        out.append(w + v + 0.8 * v)
    return out


def adagrad(theta: list[float], g: list[float], t: int, kept: dict[Any, float]) -> list[float]:
    out = []
    for i, (x, d) in enumerate(zip(theta, g)):
        kept[i] = kept.get(i, 0.0) + d * d
        out.append(x - 0.1 * d / (kept[i] ** 0.5 + 1e-3))
    return out


def rmsprop(theta: list[float], g: list[float], t: int, kept: dict[Any, float]) -> list[float]:
    out = []
    for i, (x, d) in enumerate(zip(theta, g)):
        kept[i] = 0.8 * kept.get(i, 0.0) + 0.2 * d * d
        out.append(x - 0.1 * d / (kept[i] ** 0.5 + 1e-3))
    return out


def adam(
    theta: list[float], g: list[float], t: int, kept: dict[Any, float], decay: float = 0.0
) -> list[float]:
    out = []
    for i, (x, d) in enumerate(zip(theta, g)):
        m = kept["m", i] = 0.8 * kept.get(("m", i), 0.0) + 0.2 * d
        v = kept["v", i] = 0.95 * kept.get(("v", i), 0.0) + 0.05 * d * d
        m_hat, v_hat = m / (1 - 0.8**t), v / (1 - 0.95**t)
        out.append(x - 0.1 * (m_hat / (v_hat**0.5 + 1e-3) + decay * x))
    return out


def adamw(theta: list[float], g: list[float], t: int, kept: dict[Any, float]) -> list[float]:
    return adam(theta, g, t, kept, decay=0.3)


class OptimizerCase(NamedTuple):
    """How to build an optimizer, and the same rule written from its paper."""

    build: Callable[[], Any]
    rule: Callable[[list[float], list[float], int, dict[Any, float]], list[float]]


# Every constant differs from its default, and epsilon is large enough to be seen.
OPTIMIZERS = {
    "SGD": OptimizerCase(lambda: optimizers.SGD(0.1), sgd),
    "Momentum": OptimizerCase(lambda: optimizers.Momentum(0.05, beta=0.9), momentum),
    "Nesterov": OptimizerCase(lambda: optimizers.Nesterov(0.05, beta=0.8), nesterov),
    "AdaGrad": OptimizerCase(lambda: optimizers.AdaGrad(0.1, epsilon=1e-3), adagrad),
    "RMSProp": OptimizerCase(lambda: optimizers.RMSProp(0.1, beta=0.8, epsilon=1e-3), rmsprop),
    "Adam": OptimizerCase(lambda: optimizers.Adam(0.1, beta1=0.8, beta2=0.95, epsilon=1e-3), adam),
    "AdamW": OptimizerCase(
        lambda: optimizers.AdamW(0.1, beta1=0.8, beta2=0.95, epsilon=1e-3, weight_decay=0.3),
        adamw,
    ),
}
