"""A small network on the plane: how it begins decides whether it learns."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from contourpy import contour_generator
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from nnlib import datasets
from nnlib.diagnostics import Signals, measure_signals
from nnlib.explorers import controls
from nnlib.explorers.lab import Lab
from nnlib.explorers.picture import Picture
from nnlib.explorers.table import Table
from nnlib.initialization import constant
from nnlib.layers import ACTIVATIONS, Dense
from nnlib.losses import softmax_cross_entropy
from nnlib.network import Network, mlp
from nnlib.optimizers import SGD
from nnlib.plots import COLOURS

__all__ = ["PlayPicture", "Run", "advance", "compute", "playground", "table"]

DATA = ("moons", "spiral")
N_POINTS, NOISE = 200, {"moons": 0.15, "spiral": 0.1}
# Times the weights that `Network` draws; "equal" gives every weight the value 1/n_in.
GAINS = {"zeros": 0.0, "equal": 1.0, "too small": 0.2, "right": 1.0, "too large": 5.0}
# An epoch is one step on all points. A loss above DIVERGED ends the run: it counts as infinite.
N_EPOCHS, AT_ONCE, DIVERGED = 1000, 20, 1e9
# The plane that is shown, and what the panels can; a value beyond is drawn at the edge.
PLANE = np.linspace(-2.4, 2.4, 60)
GRID = np.stack(np.meshgrid(PLANE, PLANE), axis=-1).reshape(-1, 2)
LOSSES, NORMS = (1e-3, 1e3), (1e-9, 1e6)


@dataclass(frozen=True, eq=False)
class Run:
    """A network, its points, and how far it has come.

    Attributes
    ----------
    title : str
    X : ndarray, shape (200, 2)
        The points; both coordinates have mean 0 and standard deviation 1.
    y : ndarray of int, shape (200,)
    network : Network
        After the epochs so far; its grad is that of the last loss. Of a run that diverged
        the last network whose loss was below a billion.
    learning_rate : float
    losses : tuple of float
        The mean cross-entropy at the start and after each epoch, in nats; infinite if the
        run diverged.
    surface : ndarray, shape (60, 60)
        The probability of class 1 over the plane; a row has one x2.
    n_right : int
    W_start, W_norm : ndarray, shape (depth + 1,)
        Length of each layer's weights, at the start and now.
    signals : Signals
        What every layer passes on, and what comes back to it.
    """

    title: str
    X: np.ndarray
    y: np.ndarray
    network: Network
    learning_rate: float
    losses: tuple[float, ...]
    surface: np.ndarray
    n_right: int
    W_start: np.ndarray
    W_norm: np.ndarray
    signals: Signals


def compute(
    data: str, init: str, activation: str, depth: int, width: int, learning_rate: float, seed: int
) -> Run:
    """Return a network before its first step."""
    rng = np.random.default_rng(seed)
    X, y = _points(data, rng)
    network = mlp([2, *[width] * depth, 2], activation, rng)
    network.theta *= GAINS[init]
    if init == "equal":
        for dense in _dense(network):
            dense.W[...] = constant(dense.n_in, dense.n_out, value=1 / dense.n_in)
    title = f"{data}, {depth} x {width} {activation}, start {init}"
    return _measured(title, X, y, network, learning_rate, (_gradient(network, X, y),), None)


def _points(data: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw the points of two classes, each coordinate with mean 0 and sd 1."""
    if data == "moons":
        X, y = datasets.moons(N_POINTS, NOISE[data], rng)
    else:
        X, y = datasets.spiral(N_POINTS, 2, NOISE[data], rng)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


def _dense(network: Network) -> list[Dense]:
    return [layer for layer in network.layers if isinstance(layer, Dense)]


def _gradient(network: Network, X: np.ndarray, y: np.ndarray) -> float:
    """Fill the network's grad and return its loss; infinite where the run is lost."""
    with np.errstate(over="ignore", invalid="ignore"):
        logits = network.forward(X)
        if not np.isfinite(logits).all():
            return math.inf
        loss, dy = softmax_cross_entropy(logits, y)
        network.backward(dy)
    return loss if loss < DIVERGED and np.isfinite(network.grad).all() else math.inf


def _measured(
    title: str, X: np.ndarray, y: np.ndarray, network: Network, learning_rate: float,
    losses: tuple[float, ...], W_start: np.ndarray | None,
) -> Run:  # fmt: skip
    """Return the run with everything that the picture needs."""
    W_norm = np.array([np.linalg.norm(dense.W) for dense in _dense(network)])
    surface = network.predict_proba(GRID)[:, 1].reshape(len(PLANE), -1)
    dy = softmax_cross_entropy(network.forward(X), y)[1]
    signals = measure_signals(network, X, dy, learning_rate)
    n_right = int(np.sum(network.predict(X) == y))
    start = W_norm if W_start is None else W_start
    return Run(
        title, X, y, network, learning_rate, losses, surface, n_right, start, W_norm, signals
    )  # fmt: skip


def advance(run: Run) -> Run | None:
    """Return the run some epochs later; None at its end, or when it diverged."""
    if len(run.losses) > N_EPOCHS or not math.isfinite(run.losses[-1]):
        return None
    network, losses, descent = run.network.copy(), list(run.losses), SGD(run.learning_rate)
    for _ in range(AT_ONCE):
        good = network.theta.copy()
        descent.step(network.theta, network.grad)
        losses.append(_gradient(network, run.X, run.y))
        if not math.isfinite(losses[-1]):
            network.theta = good
            _gradient(network, run.X, run.y)
            break
    return _measured(
        run.title, run.X, run.y, network, run.learning_rate, tuple(losses), run.W_start
    )  # fmt: skip


class PlayPicture(Picture):
    """Left the plane with its points; right the loss, and every layer's weights and step."""

    size = (7.4, 3.7)

    def build(self, figure: Figure) -> None:
        """Draw the axes and their keys."""
        grid = figure.add_gridspec(2, 2, width_ratios=[5, 4])
        plane, loss, norms = (figure.add_subplot(g) for g in (grid[:, 0], grid[0, 1], grid[1, 1]))
        self._build_plane(plane)
        figure.colorbar(
            self.surface, ax=plane, label="probability of a square", ticks=[0, 0.5, 1], shrink=0.8
        )  # fmt: skip
        loss.axhline(math.log(2), c=COLOURS["grey"], ls=":", lw=1)
        loss.text(N_EPOCHS, 2 * math.log(2), "a guess: ln 2", ha="right", fontsize=9)
        (self.loss,) = loss.plot(
            [], [], "o-", c=COLOURS["blue"], ms=5, markevery=[-1], clip_on=False
        )
        self.moves(self.loss).set_in_layout(False)
        self.lost = self.moves(loss.text(60, 60, "", fontsize=9))
        loss.set(xlabel="epoch", ylabel="loss (nats)", yscale="log")
        loss.set(xlim=(0, N_EPOCHS), ylim=LOSSES, yticks=[1e-3, 1, 1e3])
        self._build_norms(norms)

    def _build_plane(self, ax: Axes) -> None:
        hues = [COLOURS["blue"], "white", COLOURS["orange"]]
        edge = PLANE[0], PLANE[-1], PLANE[0], PLANE[-1]
        self.surface = self.moves(
            ax.imshow(
                np.zeros((60, 60)), extent=edge, origin="lower", vmin=0, vmax=1, alpha=0.55,
                cmap=LinearSegmentedColormap.from_list("classes", hues),
            )
        )  # fmt: skip
        (self.border,) = ax.plot([], [], c=COLOURS["black"], ls="-", lw=1.5)
        self.moves(self.border)
        self.points = [
            self.moves(ax.plot([], [], m, ms=4.5, c=COLOURS[hue], mec="white", mew=0.6)[0])
            for m, hue in (("o", "blue"), ("s", "orange"))
        ]
        ax.set(xlabel="$x_1$", ylabel="$x_2$", xlim=edge[:2], ylim=edge[:2])
        ax.set(xticks=[-2, 0, 2], yticks=[-2, 0, 2], title="line: probability one half")

    def _build_norms(self, ax: Axes) -> None:
        looks = {"W": ("black", "D", "-"), "W at the start": ("grey", "", ":")}
        looks |= {"one step": ("green", "^", "-")}
        self.norms = []
        for name, (hue, marker, style) in looks.items():
            look: Any = {"c": COLOURS[hue], "marker": marker, "ls": style, "ms": 4, "lw": 1}
            self.norms += [self.moves(ax.plot([], [], label=name, **look)[0])]
        ax.legend(
            loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=3, columnspacing=0.8,
            handlelength=1.2, handletextpad=0.3, borderpad=0.1,
        )  # fmt: skip
        ax.set(xlabel="layer", ylabel="norm", yscale="log", ylim=NORMS, xlim=(0.7, 7.3))
        ax.set(xticks=range(1, 8), yticks=[1e-9, 1e-3, 1e3])

    def update(self, result: Run) -> str:
        """Move the border, the loss and the norms."""
        self.surface.set_data(result.surface)
        self.border.set_data(*_border(result.surface))
        for k, points in enumerate(self.points):
            points.set_data(*np.clip(result.X[result.y == k], PLANE[0], PLANE[-1]).T)
        self.loss.set_data(range(len(result.losses)), np.clip(result.losses, *LOSSES))
        lost = not math.isfinite(result.losses[-1])
        epoch = len(result.losses) - 1
        self.lost.set_text(f"diverged at epoch {epoch}" if lost else "")
        steps = result.learning_rate * result.signals.dW_norm
        for line, values in zip(self.norms, (result.W_norm, result.W_start, steps)):
            line.set_data(range(1, len(values) + 1), np.clip(values, *NORMS))
        right = f"{result.n_right} of {N_POINTS} points are right."
        if lost:
            return f"{result.title}: the run diverged at epoch {epoch}; just before, {right}"
        ratio = result.signals.update_ratio[0]
        moves = f"moves the W of layer 1 by {ratio:.2g} of its norm"
        return (
            f"{result.title}: at epoch {epoch} the loss is {result.losses[-1]:.3g}, {right} "
            f"The next step {moves if ratio else 'does not move the W of layer 1'}."
        )


def _border(surface: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the line on which the probability is one half, its pieces parted by NaN.

    A piece of less than three cells is left out: the grid is too coarse to draw it truly.
    """
    pieces: Any = contour_generator(PLANE, PLANE, surface).lines(0.5)
    least = 3 * (PLANE[1] - PLANE[0])
    pieces = [piece for piece in pieces if np.ptp(piece, axis=0).max() >= least]
    gap = np.full((1, 2), np.nan)
    points = np.concatenate([gap, *(part for piece in pieces for part in (piece, gap))])
    return points[:, 0], points[:, 1]


def table(result: Run) -> Table:
    """Return one row a layer."""
    s = result.signals
    heads = {
        "layer": "d", "norm of W": ".3g", "at the start": ".3g", "norm of dL/dW": ".2g",
        "step / W": ".2g", "dead": ".0%",
    }  # fmt: skip
    layers = range(1, len(s.dead) + 1)
    return Table(heads, zip(
        layers, result.W_norm, result.W_start, s.dW_norm, s.update_ratio, s.dead
    ))  # fmt: skip


def playground(**start: Any) -> Lab:
    """A small network on moons or a spiral: choose how it begins, then let it learn.

    Parameters
    ----------
    **start
        First values by name: ``data`` (moons or spiral), ``init`` (zeros, equal, too small,
        right or too large), ``activation``, ``depth`` (hidden layers, 1 to 6), ``width``
        (units in each), ``learning_rate``, ``seed``.

    Returns
    -------
    Lab
        With the buttons "step" and "run"; a step is 20 epochs, a run ends after 1,000.

    Raises
    ------
    TypeError, ValueError
        If ``start`` names no control, or a value that it cannot take.

    References
    ----------
    Katanforoosh & Kunin (2019), *Initializing neural networks*, deeplearning.ai.
    """
    return Lab(
        "playground",
        compute,
        PlayPicture(),
        table,
        {
            "data": controls.choice("points", "moons", DATA),
            "init": controls.choice("start", "right", list(GAINS)),
            "activation": controls.choice("activation", "relu", list(ACTIVATIONS)),
            "depth": controls.slider("hidden layers", 4, 1, 6, 1),
            "width": controls.steps("width", 16, [1, 2, 4, 8, 16, 32]),
            "learning_rate": controls.steps(
                "learning rate", 0.03, [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0]
            ),
            "seed": controls.seed(),
        },
        presets={name: {"init": name} for name in ("equal", "too small", "right", "too large")},
        advance=advance,
        start=start,
    )
