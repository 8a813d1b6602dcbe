"""Dropout: units that are switched off, the mean that is kept, the gap that narrows."""

import copy
import itertools
import math
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from nnlib.datasets import Split, digits
from nnlib.explorers import controls
from nnlib.explorers.lab import Lab
from nnlib.explorers.picture import Picture
from nnlib.explorers.table import Table
from nnlib.layers import Activation, Dense, Dropout
from nnlib.losses import softmax_cross_entropy
from nnlib.network import Network
from nnlib.optimizers import Adam
from nnlib.plots import COLOURS
from nnlib.training import train

__all__ = ["Draw", "DrawPicture", "Race", "advance", "compute", "dropout_lab", "table"]

# The small network that is drawn, its input, and the bins of its output (whole network = 1).
N_UNITS, INPUT = 8, np.array([[1.0, -0.5, 0.5]])
BINS = np.linspace(-0.025, 3.025, 62)
# The overfit of notebook 09: few digits, a wide layer, some labels wrong.
N_DIGITS, WIDTH, RATE, N_EPOCHS, AT_ONCE = 100, 128, 0.005, 100, 4
LOSSES = (0.0, 5.0)
SCALINGS = ("inverted", "at test time", "none")


@dataclass(frozen=True, eq=False)
class Race:
    """The same network trained without and with dropout, on the same batches.

    Attributes
    ----------
    data : tuple of ndarray
        X, y, X_validation, y_validation.
    networks, optimizers, rngs : tuple
        Without dropout, with it.
    losses : ndarray, shape (2, 2, epochs + 1)
        Network (without, with), loss (training, validation), epoch.
    """

    data: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
    networks: tuple[Network, Network]
    optimizers: tuple[Adam, Adam]
    rngs: tuple[np.random.Generator, np.random.Generator]
    losses: np.ndarray


@dataclass(frozen=True, eq=False)
class Draw:
    """What many masks do to the output of a small network, and a race of two nets.

    Attributes
    ----------
    drop_prob : float
    scaling : str
    units : ndarray, shape (8,)
        What the hidden units put out when none is dropped.
    kept : ndarray of bool, shape (n_masks, 8)
    outputs : ndarray, shape (n_masks,)
        The output under each mask, in training.
    whole : float
        The output of the whole network, unscaled.
    test : float
        The output at test time, by the chosen scaling.
    mean, sd : float
        What the formulas say of the outputs.
    race : Race
    """

    drop_prob: float
    scaling: str
    units: np.ndarray
    kept: np.ndarray
    outputs: np.ndarray
    whole: float
    test: float
    mean: float
    sd: float
    race: Race


def compute(drop_prob: float, scaling: str, n_masks: int, wrong: float, seed: int) -> Draw:
    """Return the outputs under many masks, and two networks that are not yet trained."""
    layers = [Dense(3, N_UNITS), Activation("sigmoid"), Dropout(drop_prob), Dense(N_UNITS, 1)]
    network = Network(layers, rng=seed)
    # Weights of one sign, so that the mean stands out from the spread.
    weights = np.random.default_rng(seed).uniform(0.5, 1.5, (N_UNITS, 1))
    network[3].W[...] = weights
    outputs = network.forward(INPUT.repeat(n_masks, axis=0), training=True)[:, 0]
    kept = network[2].mask > 0
    whole = network.forward(INPUT).item()
    units = network[1].forward(network[0].forward(INPUT))[0]
    share = 1 - drop_prob
    sd = math.sqrt(drop_prob / share * float(np.sum((units * weights[:, 0]) ** 2)))
    if scaling != "inverted":
        outputs, sd = outputs * share, sd * share
    mean = whole if scaling == "inverted" else whole * share
    test = whole * share if scaling == "at test time" else whole
    race = _start(drop_prob, wrong, seed)
    return Draw(drop_prob, scaling, units, kept, outputs, whole, test, mean, sd, race)


@cache
def _digits() -> Split:
    return digits(test_size=0.4, validation_size=0.1, rng=0)


def _mislabel(y: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return labels of which a share is another digit."""
    wrong = rng.permutation(len(y))[: round(share * len(y))]
    y = y.copy()
    y[wrong] = (y[wrong] + rng.integers(1, 10, len(wrong))) % 10
    return y


def _start(drop_prob: float, wrong: float, seed: int) -> Race:
    """Return both networks before the first epoch, from the same weights."""
    split, rng = _digits(), np.random.default_rng(seed)
    y = _mislabel(split.y_train[:N_DIGITS], wrong, rng)
    data = split.X_train[:N_DIGITS], y, split.X_val, _mislabel(split.y_val, wrong, rng)
    plain, dropping = (
        Network([Dense(64, WIDTH), Activation("relu"), Dropout(p), Dense(WIDTH, 10)], rng=seed)
        for p in (0.0, drop_prob)
    )
    losses = [[_loss(plain, *data[:2])], [_loss(plain, *data[2:])]]
    rngs = np.random.default_rng(seed), np.random.default_rng(seed)
    return Race(data, (plain, dropping), (Adam(RATE), Adam(RATE)), rngs, np.array([losses] * 2))


def _loss(network: Network, X: np.ndarray, y: np.ndarray) -> float:
    return softmax_cross_entropy(network.forward(X), y)[0]


def advance(result: Draw) -> Draw | None:
    """Return the same with both networks trained for some epochs more; None at the end."""
    race, losses = result.race, []
    done = race.losses.shape[2] - 1
    if done >= N_EPOCHS:
        return None
    parts = copy.deepcopy((race.networks, race.optimizers, race.rngs))
    for network, adam, rng in zip(*parts):
        history = train(
            network, softmax_cross_entropy, adam, *race.data[:2], rng=rng,
            n_epochs=min(AT_ONCE, N_EPOCHS - done), validation=race.data[2:], n_threads=None,
        )  # fmt: skip
        losses.append([history.loss, history.validation_loss])
    grown = np.concatenate([race.losses, losses], axis=2)
    return replace(result, race=Race(race.data, *parts, grown))


class DrawPicture(Picture):
    """Above the thinned network and its outputs; below the two trainings."""

    size = (7.4, 5.3)

    def build(self, figure: Figure) -> None:
        """Draw the axes, the inputs, and the keys."""
        figure.set_layout_engine("none")
        edges = {"left": 0.07, "right": 0.94, "bottom": 0.09, "top": 0.94}
        (net, outputs), curves = figure.subplots(
            2, 2, gridspec_kw=edges | {"wspace": 0.34, "hspace": 0.48}
        )
        self._build_net(net)
        self._build_outputs(outputs)
        self.curves = []
        for ax, title in zip(curves, ("training without dropout", "training with dropout")):
            looks = {"training": ("blue", "-", "o"), "validation": ("orange", "--", "s")}
            for name, (colour, style, marker) in looks.items():
                look: Any = {"c": COLOURS[colour], "ls": style, "marker": marker, "ms": 4}
                line = ax.plot([], [], label=name, markevery=[-1], clip_on=False, **look)[0]
                self.curves.append(self.moves(line))
            ax.set(xlim=(0, N_EPOCHS), ylim=LOSSES, xlabel="epoch", ylabel="loss (nats)")
            ax.set_title(title)
            ax.axhline(math.log(10), c=COLOURS["grey"], ls=":", lw=1)
            ax.text(N_EPOCHS + 2, math.log(10), "guess", va="center", fontsize=9)
            ax.legend(loc="upper left", handlelength=2, borderpad=0.1)

    def _build_net(self, ax: Axes) -> None:
        """Draw inputs and output; the units and their edges move."""
        ax.set(xlim=(-0.25, 2.75), ylim=(-1.2, 7.4), title="the first mask")
        ax.set_axis_off()
        heights = np.arange(N_UNITS)[::-1].astype(float)
        self.ends = [
            [(0, 5.5 - 2 * i), (1, h)] for h, i in itertools.product(heights, range(3))
        ] + [[(1, h), (2, 3.5)] for h in heights]
        self.edges = self.moves(LineCollection([], colors="#a8a8a8", lw=0.8))
        ax.add_collection(self.edges, autolim=False)
        self.moves(ax.plot([0] * 3, [5.5, 3.5, 1.5], "s", c=COLOURS["grey"], ms=9)[0])
        self.moves(ax.plot(2, 3.5, "o", c=COLOURS["green"], ms=11)[0])
        self.on = self.moves(ax.plot([], [], "o", c=COLOURS["blue"], ms=10)[0])
        self.off = self.moves(ax.plot([], [], "x", c=COLOURS["grey"], ms=8, mew=2)[0])
        self.output = self.moves(ax.text(2.12, 3.5, "", va="center", weight="bold"))
        self.counted = self.moves(ax.text(1, -1.2, "", ha="center", va="bottom", fontsize=9))
        self.heights = heights

    def _build_outputs(self, ax: Axes) -> None:
        """Draw what the output of many masks is held against."""
        ax.set(xlim=(-0.03, 3.03), ylim=(-0.5, 1.12), xlabel="output (whole network = 1)")
        ax.set_xticks([0, 1, 2, 3], ["0", "1", "2", "3 or more"])
        ax.set_yticks([-0.15, -0.35], ["measured", "formula"])
        ax.tick_params(axis="y", length=0)
        ax.set_title("output, many masks")
        self.bars = self.moves(
            ax.stairs(np.zeros(61), BINS, fill=True, color=COLOURS["sky"], alpha=0.7)
        )
        self.test = self.moves(ax.plot([], [], c=COLOURS["black"], ls="--", lw=1.6)[0])
        self.name = self.moves(ax.text(0, 1.02, "at test time", fontsize=9, va="bottom"))
        self.spreads = [
            self.moves(ax.plot([], [], c=COLOURS[colour], ls=style, lw=2, marker=marker, ms=6)[0])
            for colour, style, marker in (("blue", "-", "|"), ("orange", "--", "d"))
        ]

    def update(self, result: Draw) -> str:
        """Move the mask, the bars, the lines and the curves."""
        first = result.kept[0]
        edges = [first.repeat(3), first]
        self.edges.set_segments(list(itertools.compress(self.ends, np.concatenate(edges))))
        self.on.set_data(np.ones(first.sum()), self.heights[first])
        self.off.set_data(np.ones(N_UNITS - first.sum()), self.heights[~first])
        self.output.set_text(f"{result.outputs[0] / result.whole:.2f}")
        factor = 1 / (1 - result.drop_prob) if result.scaling == "inverted" else 1
        self.counted.set_text(f"{first.sum()} of {N_UNITS} units kept, each times {factor:.3g}")
        self._update_outputs(result)
        for line, losses in zip(self.curves, result.race.losses.reshape(4, -1)):
            line.set_data(range(len(losses)), np.clip(losses, *LOSSES))
        return _told(result)

    def _update_outputs(self, result: Draw) -> None:
        """Move the bars, the output at test time, and both means with their spread."""
        outputs = result.outputs / result.whole
        counts, _ = np.histogram(np.clip(outputs, 0, 3), BINS)
        self.bars.set_data(counts / counts.max())
        test = result.test / result.whole
        self.test.set_data([test, test], [-0.5, 1])
        self.name.set_position((test, 1.02))
        formula = result.mean / result.whole, result.sd / result.whole
        pairs = ((outputs.mean(), outputs.std()), formula)
        for line, height, (mean, sd) in zip(self.spreads, (-0.15, -0.35), pairs):
            line.set_data([mean - sd, mean, mean + sd], [height] * 3)


def _told(result: Draw) -> str:
    """Say the mean and the spread, and how the trainings stand."""
    outputs = result.outputs / result.whole
    text = (
        f"p = {result.drop_prob:.2f}, scaling {result.scaling}: {len(outputs)} masks give "
        f"{outputs.mean():.2f} ± {outputs.std():.2f} in training, by the formulas "
        f"{result.mean / result.whole:.2f} ± {result.sd / result.whole:.2f}, "
        f"and at test time {result.test / result.whole:.2f}."
    )
    losses = result.race.losses
    if losses.shape[2] == 1:
        return text
    plain, dropping = losses[:, 1, -1]
    return text + (
        f" After {losses.shape[2] - 1} epochs the validation loss is {plain:.2f} without, "
        f"{dropping:.2f} with dropout."
    )


def table(result: Draw) -> Table:
    """Return the outputs, measured and by formula, and the losses of both networks."""
    outputs, losses = result.outputs / result.whole, result.race.losses
    rows = [
        ("mean output, measured", f"{outputs.mean():.3f}"),
        ("mean output, formula", f"{result.mean / result.whole:.3f}"),
        ("sd, measured", f"{outputs.std():.3f}"),
        ("sd, formula", f"{result.sd / result.whole:.3f}"),
        ("output at test time", f"{result.test / result.whole:.3f}"),
        ("epochs", f"{losses.shape[2] - 1}"),
    ]
    for name, (own, validation) in zip(("without dropout", "with dropout"), losses):
        rows += [(f"training loss {name}", f"{own[-1]:.3f}")]
        rows += [(f"validation loss {name}", f"{validation[-1]:.3f}")]
        rows += [(f"lowest validation loss {name}", f"{validation.min():.3f}")]
    return Table({"number": "", "value": ""}, rows)


def dropout_lab(**start: Any) -> Lab:
    """Drop units: what it does to an output, and to a network that overfits.

    Parameters
    ----------
    **start
        First values by name: ``drop_prob`` (0 to 0.9), ``scaling`` (inverted, at test
        time, or none), ``n_masks``, ``wrong`` (the share of wrong labels), ``seed``.

    Returns
    -------
    Lab
        With the buttons "step" (4 epochs) and "run" (to 100), which train a network on 100
        digits, without and with dropout. The training always scales inverted, as
        ``nnlib.Dropout`` does.

    Raises
    ------
    TypeError, ValueError
        If ``start`` names no control, or a value that it cannot take.

    References
    ----------
    Srivastava et al. (2014), *Dropout: A Simple Way to Prevent Neural Networks from
    Overfitting*.
    """
    return Lab(
        "dropout_lab",
        compute,
        DrawPicture(),
        table,
        {
            "drop_prob": controls.slider("drop p", 0.5, 0.0, 0.9, 0.05),
            "scaling": controls.choice("scaling", "inverted", SCALINGS),
            "n_masks": controls.steps("masks", 1000, [3, 10, 100, 1000, 10_000]),
            "wrong": controls.steps("wrong labels", 0.3, [0.0, 0.1, 0.2, 0.3, 0.5]),
            "seed": controls.seed(),
        },
        presets={
            "inverted": {"scaling": "inverted", "drop_prob": 0.5},
            "no scaling": {"scaling": "none", "drop_prob": 0.5},
            "nothing dropped": {"drop_prob": 0.0},
            "heavy": {"scaling": "inverted", "drop_prob": 0.8},
        },
        advance=advance,
        start=start,
    )
