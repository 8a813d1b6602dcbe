"""A deep stack of layers: what is left of a signal, and of the gradient that comes back."""

import math
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nnlib import datasets
from nnlib.diagnostics import Signals, signal_experiment
from nnlib.explorers import controls
from nnlib.explorers.lab import Lab
from nnlib.explorers.picture import Picture
from nnlib.explorers.table import Table
from nnlib.initialization import SCHEMES
from nnlib.layers import ACTIVATIONS, Activation, Dense
from nnlib.losses import softmax_cross_entropy
from nnlib.network import Network
from nnlib.optimizers import SGD
from nnlib.plots import COLOURS

__all__ = ["Stack", "StackPicture", "advance", "compute", "signal_lab", "table"]

# The bins in which every layer's activations are shown; what lies outside counts in the last.
BINS = np.linspace(-2, 2, 81)
# In the picture a bin is brightest that holds this share of its layer, or more.
BRIGHT = 0.05
# The short training: steps of descent on one batch of digits. At most five are made at once,
# fewer where they have to move more parameters than this: a reader waits for each call.
RATE, N_STEPS, AT_ONCE, N_DIGITS = 0.01, 100, 5, 256
PARAMETERS_AT_ONCE = 1_000_000
# What the panels can show; a value beyond is drawn at the edge.
NORMS, LOSSES = (1e-12, 1e6), (0.0, 5.0)


@dataclass(frozen=True, eq=False)
class Stack:
    """What a stack of equal layers does to a signal, and how it trains.

    Attributes
    ----------
    title : str
    signals : Signals
        Every layer's activations and gradients: one row a layer.
    shares : ndarray, shape (depth, 80)
        Share of a layer's activations in each of 80 bins from -2 to 2.
    network : Network
        The same stack between 64 pixels and 10 classes, after the steps so far.
    losses : tuple of float
        Its loss before each step, and after the last.
    """

    title: str
    signals: Signals
    shares: np.ndarray
    network: Network
    losses: tuple[float, ...]


@cache
def _batch() -> tuple[np.ndarray, np.ndarray]:
    """Return the digits that the short training sees."""
    data = datasets.digits(rng=0)
    return data.X_train[:N_DIGITS], data.y_train[:N_DIGITS]


def compute(depth: int, width: int, activation: str, scheme: str, gain: float, seed: int) -> Stack:
    """Return the signals of a stack, and the loss of the same stack on the digits."""
    signals = signal_experiment(depth, width, activation, scheme, gain, seed)
    network = _classifier(depth, width, activation, scheme, gain, seed)
    layers = f"layer{'s' * (depth > 1)}"
    title = f"{depth} {activation} {layers} of {width}, {scheme} times {gain:g}"
    cut = signals.saturated if activation == "relu" else np.zeros(depth)
    shares = np.array([_in_bins(*row) for row in zip(
        signals.activation_counts, signals.activation_edges, cut
    )])  # fmt: skip
    losses = (_loss(network)[0],)
    network.forward(_batch()[0][:1])  # so that it remembers one example, not all of them
    return Stack(title, signals, shares, network, losses)


def _classifier(
    depth: int, width: int, activation: str, scheme: str, gain: float, seed: int
) -> Network:
    """Return the stack between 64 pixels and 10 classes."""
    sizes = [64, *[width] * depth]
    layers: list[Any] = []
    for n_in, n_out in pairwise(sizes):
        layers += [Dense(n_in, n_out, scheme), Activation(activation)]
    network = Network([*layers, Dense(width, 10, scheme)], seed)
    network.theta *= gain
    return network


def _in_bins(counts: np.ndarray, edges: np.ndarray, at_zero: float) -> np.ndarray:
    """Return shares in the common bins, from a layer's own; what relu cut off is at 0."""
    total = counts.sum()
    counts = counts.astype(float)
    counts[len(counts) // 2] -= at_zero * total
    below = np.concatenate([[0.0], np.cumsum(counts)])
    at = np.interp(BINS[1:-1], edges, below)
    shares = np.diff(at, prepend=0.0, append=below[-1]).clip(0) / total  # interp rounds to -1e-17
    shares[len(shares) // 2] += at_zero
    return shares


def _loss(network: Network) -> tuple[float, np.ndarray]:
    """Return the loss on the digits and its gradient; infinite where the numbers overflow."""
    X, y = _batch()
    with np.errstate(over="ignore", invalid="ignore"):
        logits = network.forward(X)
        if not np.isfinite(logits).all():
            return math.inf, np.zeros_like(logits)
        return softmax_cross_entropy(logits, y)


def advance(stack: Stack) -> Stack | None:
    """Return the stack some steps of descent later; None at the end, or when it diverged."""
    network, losses = stack.network.copy(), list(stack.losses)
    left, affordable = N_STEPS + 1 - len(losses), PARAMETERS_AT_ONCE // network.n_parameters
    if left == 0 or not math.isfinite(losses[-1]):
        return None
    dy = _loss(network)[1]
    for _ in range(min(left, AT_ONCE, max(affordable, 1))):
        with np.errstate(over="ignore", invalid="ignore"):
            network.backward(dy)
        if not np.isfinite(network.grad).all():
            losses.append(math.inf)
            break
        SGD(RATE).step(network.theta, network.grad)
        loss, dy = _loss(network)
        losses.append(loss)
        if loss == math.inf:
            break
    return replace(stack, network=network, losses=tuple(losses))


class StackPicture(Picture):
    """Four panels: activations, norms, shares, and the training."""

    size = (7.4, 5.2)

    def build(self, figure: Figure) -> None:
        """Draw the axes and their keys; layers stand from 0 (the first) to 1 (the last)."""
        (heat, norms), (shares, loss) = figure.subplots(2, 2)
        self.heat = self.moves(
            heat.imshow(
                np.zeros((80, 2)), extent=(0, 1, -2, 2), origin="lower", aspect="auto",
                interpolation="nearest", vmin=0, vmax=1,
            )
        )  # fmt: skip
        heat.set(ylabel="activation", yticks=[-2, -1, 0, 1, 2])
        heat.set_yticklabels(["-2, below", "-1", "0", "1", "2, above"])
        heat.set_title("activations (bright: 5 % or more)")
        self.ends = [self._layer_axis(ax) for ax in (heat, norms, shares)]
        looks = {
            "sd of y": ("blue", "o"),
            "sd of dL/dy": ("pink", "s"),
            "norm of dL/dW": ("green", "^"),
        }
        self.norms = self._lines(norms, looks)
        norms.set(yscale="log", ylim=NORMS, yticks=[1e-12, 1e-6, 1, 1e6])
        looks = {"saturated": ("yellow", "D"), "dead": ("black", "X")}
        self.shares = self._lines(shares, looks)
        self.shares[0].set_markersize(7)  # seen also where both are 0
        shares.set(ylim=(-0.03, 1.03), ylabel="share", yticks=[0, 0.5, 1])
        (self.loss,) = loss.plot(
            [], [], "o-", c=COLOURS["blue"], ms=5, markevery=[-1], clip_on=False
        )
        self.moves(self.loss).set_in_layout(False)
        self.lost = self.moves(loss.text(6, LOSSES[1] - 0.3, "", fontsize=9, va="top"))
        loss.axhline(math.log(10), c=COLOURS["grey"], ls=":", lw=1)
        loss.text(N_STEPS, math.log(10) + 0.2, "a guess: ln 10", ha="right", fontsize=9)
        loss.set(xlabel="step of training", ylabel="loss (nats)", xlim=(0, N_STEPS), ylim=LOSSES)
        loss.set_title("training on digits: step, run")

    def _layer_axis(self, ax: Axes) -> Any:
        """Name the ends of an axis of layers; return the name that moves."""
        ax.set(xlim=(0, 1), xticks=[], xlabel="layer")
        look: dict[str, Any] = {"transform": ax.transAxes, "fontsize": 9, "va": "top"}
        ax.text(0, -0.04, "1", ha="left", **look)
        return self.moves(ax.text(1, -0.04, "", ha="right", **look))

    def _lines(self, ax: Axes, looks: dict[str, tuple[str, str]]) -> list[Line2D]:
        """Make a line for each name, with its colour and marker, and a key above the axes."""
        lines = []
        for name, (colour, marker) in looks.items():
            look: Any = {"color": COLOURS[colour], "marker": marker, "ms": 4, "lw": 1, "ls": "-"}
            lines += ax.plot([], [], label=name, **look)
        ax.legend(
            loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=3, columnspacing=0.8,
            handlelength=1, handletextpad=0.3, borderpad=0.1,
        )  # fmt: skip
        return [self.moves(line) for line in lines]

    def update(self, result: Stack) -> str:
        """Move everything to a stack."""
        s, depth = result.signals, len(result.shares)
        at = (np.arange(depth) + 0.5) / depth
        self.heat.set_data(np.sqrt(np.minimum(result.shares.T / BRIGHT, 1)))
        for text in self.ends:
            text.set_text(str(depth))
        for line, values in zip(self.norms, (s.activation_sd, s.gradient_sd, s.dW_norm)):
            line.set_data(at, np.clip(values, *NORMS))
        for line, values in zip(self.shares, (s.saturated, s.dead)):
            line.set_data(at, values)
        self.loss.set_data(range(len(result.losses)), np.clip(result.losses, *LOSSES))
        lost = not math.isfinite(result.losses[-1])
        self.lost.set_text(f"diverged at step {len(result.losses) - 1}" if lost else "")
        return (
            f"{result.title}: from the first to the last layer the sd of y goes from "
            f"{s.activation_sd[0]:.2g} to {s.activation_sd[-1]:.2g}; on the way back that of dL/dy "
            f"from {s.gradient_sd[-1]:.2g} to {s.gradient_sd[0]:.2g}. {_training(result.losses)}"
        )


def _training(losses: tuple[float, ...]) -> str:
    """Say in words how the training went so far."""
    if not math.isfinite(losses[-1]):
        return f"Training diverged at step {len(losses) - 1}."
    if len(losses) == 1:
        return f"Loss before training {losses[0]:.3g}."
    return f"Loss {losses[0]:.3g} before training, {losses[-1]:.3g} after {len(losses) - 1} steps."


def table(result: Stack) -> Table:
    """Return one row a layer."""
    s = result.signals
    heads = {
        "layer": "d", "sd of y": ".3g", "saturated": ".0%", "dead": ".0%",
        "sd of dL/dy": ".3g", "norm of dL/dW": ".3g",
    }  # fmt: skip
    layers = range(1, len(s.dead) + 1)
    return Table(heads, zip(layers, s.activation_sd, s.saturated, s.dead, s.gradient_sd, s.dW_norm))


def signal_lab(**start: Any) -> Lab:
    """A deep stack of layers: watch signals and gradients vanish, explode, or stay.

    Parameters
    ----------
    **start
        First values by name: ``depth`` (1 to 50), ``width``, ``activation``, ``scheme``,
        ``gain`` (multiplies every weight), ``seed``.

    Returns
    -------
    Lab
        With the buttons "step" and "run", which train the stack on digits.

    Raises
    ------
    TypeError, ValueError
        If ``start`` names no control, or a value that it cannot take.

    References
    ----------
    Glorot & Bengio (2010), *Understanding the difficulty of training deep feedforward
    neural networks*, section 4.
    """
    gains = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0]
    return Lab(
        "signal_lab",
        compute,
        StackPicture(),
        table,
        {
            "depth": controls.slider("depth", 10, 1, 50, 1),
            "width": controls.steps("width", 100, [10, 20, 50, 100, 200, 512]),
            "activation": controls.choice("activation", "relu", list(ACTIVATIONS)),
            "scheme": controls.choice("scheme", "he_normal", list(SCHEMES)),
            "gain": controls.steps("gain", 1.0, gains),
            "seed": controls.seed(),
        },
        presets={
            "vanishing": {"activation": "relu", "scheme": "he_normal", "gain": 0.5},
            "exploding": {"activation": "relu", "scheme": "he_normal", "gain": 2.0},
            "right": {"activation": "relu", "scheme": "he_normal", "gain": 1.0},
        },
        advance=advance,
        start=start,
    )
