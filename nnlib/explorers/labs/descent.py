"""Descent on a bowl that is a mean over examples: the threshold, the zigzag, the noise ball."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nnlib.explorers import controls
from nnlib.explorers.lab import Lab
from nnlib.explorers.picture import Picture
from nnlib.explorers.table import Table
from nnlib.optimizers import SGD
from nnlib.plots import COLOURS, label_line
from nnlib.training import minibatches

__all__ = ["Descent", "DescentPicture", "bowl", "compute", "descent", "examples", "table"]

# The bowl 0.1 theta1^2 + 2 theta2^2: its curvatures, and the largest rate that it forgives.
CURVATURES = np.array([0.2, 4.0])
THRESHOLD = 2 / CURVATURES.max()
N_EXAMPLES, MOST_STEPS, MOST_RATE = 512, 120, 0.7
# The plane and the losses that are shown; a diamond that lies beyond is drawn at the edge.
WIDTH, HEIGHT, LOSSES = 6.6, 4.8, (1e-5, 1e3)
FRAME = np.array([[-WIDTH, -HEIGHT], [WIDTH, HEIGHT]])
LEVELS = [0.3, 1.5, 4.0, 9.0, 18.0, 32.0]


@dataclass(frozen=True, eq=False)
class Descent:
    """A walk down the bowl.

    Attributes
    ----------
    learning_rate : float
    batch_size : int
    centers : ndarray, shape (512, 2)
        Where each example has its own minimum; their mean is 0, their variance 1.
    path : ndarray, shape (n_steps + 1, 2)
    losses : ndarray, shape (n_steps + 1,)
        The bowl at each point of the path.
    factors : ndarray, shape (2,)
        By what a step multiplies each coordinate, on average.
    ball : float
        Mean loss to which fresh batches lead in the long run; infinite above the threshold.
    """

    learning_rate: float
    batch_size: int
    centers: np.ndarray
    path: np.ndarray
    losses: np.ndarray
    factors: np.ndarray
    ball: float


def bowl(theta: np.ndarray) -> np.ndarray:
    """Return the loss 0.1 theta1^2 + 2 theta2^2 of points of shape (..., 2)."""
    return np.asarray(0.5 * np.sum(CURVATURES * theta**2, axis=-1))


def examples(rng: Any) -> np.ndarray:
    """Draw the centers of 512 examples, with mean 0 and variance 1."""
    centers = np.random.default_rng(rng).normal(size=(N_EXAMPLES, 2))
    centers -= centers.mean(axis=0)
    return centers / centers.std(axis=0)


def compute(
    theta1: float, theta2: float, learning_rate: float, batch_size: int, n_steps: int, seed: int
) -> Descent:
    """Return the walk from (theta1, theta2), epoch after epoch."""
    centers, rng = examples(seed), np.random.default_rng(seed)
    theta, rule = np.array([theta1, theta2], dtype=float), SGD(learning_rate)
    path = [theta.copy()]
    while len(path) <= n_steps:
        for batch in minibatches(N_EXAMPLES, batch_size, rng):
            rule.step(theta, CURVATURES * (theta - centers[batch].mean(axis=0)))
            path.append(theta.copy())
            if len(path) > n_steps:
                break
    points, factors = np.array(path), 1 - learning_rate * CURVATURES
    return Descent(
        learning_rate, batch_size, centers, points, bowl(points), factors,
        _ball(learning_rate, batch_size),
    )  # fmt: skip


def _ball(learning_rate: float, batch_size: int) -> float:
    """Return the loss at which what a step gains is what the noise of its batch costs."""
    if learning_rate >= THRESHOLD:
        return np.inf
    shares = learning_rate * CURVATURES
    variance = (N_EXAMPLES - batch_size) / (N_EXAMPLES - 1) / batch_size
    return float(0.5 * np.sum(CURVATURES * shares / (2 - shares)) * variance)


class DescentPicture(Picture):
    """Left the path on the bowl; right the loss of each step, and where the rate stands."""

    size = (7.4, 3.7)

    def build(self, figure: Figure) -> None:
        """Draw the three panels."""
        axes = figure.subplot_mosaic(
            [["plane", "loss"], ["plane", "rate"]], width_ratios=[10, 9], height_ratios=[1, 1]
        )
        self._build_plane(axes["plane"])
        self._build_losses(axes["loss"])
        self._build_rates(axes["rate"])

    def _build_plane(self, ax: Axes) -> None:
        x, y = np.linspace(-WIDTH, WIDTH, 100), np.linspace(-HEIGHT, HEIGHT, 60)
        values = bowl(np.stack(np.meshgrid(x, y), axis=-1))
        ax.contour(x, y, values, LEVELS, colors="#b4b4b4", linewidths=0.8)
        (self.centers,) = ax.plot([], [], ls="", marker=".", ms=1.6, c="#d8c7a3")
        (self.path,) = ax.plot([], [], ms=3, lw=1.1)
        (self.ends,) = ax.plot([], [], ls="", marker="D", ms=6, c=COLOURS["black"])
        for artist in (self.centers, self.path, self.ends):
            self.moves(artist)
        ax.plot(0, 0, "+", c=COLOURS["black"], ms=9)
        ax.set(
            xlabel=r"$\theta_1$", ylabel=r"$\theta_2$", xlim=(-WIDTH, WIDTH), ylim=(-HEIGHT, HEIGHT)
        )
        ax.set(aspect="equal", title="path to the diamond; 512 examples")

    def _build_losses(self, ax: Axes) -> None:
        (self.ball,) = ax.plot([], [], c=COLOURS["grey"], ls=":", lw=1.2)
        (self.losses,) = ax.plot([], [], ms=2.5, lw=1.1)
        self.moves(self.ball)
        self.moves(self.losses)
        ax.set(yscale="log", xlim=(0, MOST_STEPS), ylim=LOSSES, yticks=[1e-4, 1e-2, 1, 1e2])
        ax.set(xlabel="step", ylabel="loss", title="loss; dotted: the noise ball")

    def _build_rates(self, ax: Axes) -> None:
        rates = np.linspace(0, MOST_RATE, 141)
        looks = (("sky", "--"), ("pink", "-."))
        for curvature, (colour, style) in zip(CURVATURES, looks):
            ax.plot(rates, abs(1 - rates * curvature), c=COLOURS[colour], ls=style, lw=1.4)
        ax.axvline(THRESHOLD, c=COLOURS["orange"], ls=":")
        label_line(ax, 0.13, 1.13, r"along: $\theta_1$", "sky")
        label_line(ax, 0.31, 0.13, r"across: $\theta_2$", "pink")
        look: Any = {"ha": "right", "xytext": (-4, 0)}
        label_line(ax, THRESHOLD, 1.65, f"threshold {THRESHOLD:g}", "orange", **look)
        look = {"marker": "o", "ms": 5, "lw": 1, "clip_on": False}
        (self.rate,) = ax.plot([0, 0], [0, 1], c=COLOURS["black"], **look)
        self.moves(self.rate)
        ax.set(
            xlim=(0, MOST_RATE),
            ylim=(0, 1.9),
            xticks=[0, 0.2, 0.4, 0.6],
            yticks=[0, 1],
            ylabel="factor of a step",
        )
        ax.set_xlabel("learning rate")

    def update(self, result: Descent) -> str:
        """Move the path, the losses and the mark of the rate."""
        safe = result.learning_rate < THRESHOLD
        colour, look = ("blue", "o-") if safe else ("orange", "s--")
        for line in (self.path, self.losses):
            line.set(color=COLOURS[colour], marker=look[0], linestyle=look[1:])
        self.centers.set_data(*result.centers.T)
        self.path.set_data(*result.path[: _left(result.path)].T)
        self.ends.set_data(*np.clip(result.path[-1:], *FRAME).T)
        self.losses.set_data(range(len(result.path)), result.losses)
        self.ball.set_data([0, MOST_STEPS], [min(result.ball, 2 * LOSSES[1])] * 2)
        self.rate.set_data([result.learning_rate] * 2, abs(result.factors))
        return _sentence(result)


def _left(path: np.ndarray) -> int:
    """Return how many points to draw: up to the first that is far outside the picture."""
    outside = np.abs(path).max(axis=1) > 5 * WIDTH
    return int(outside.argmax()) + 1 if outside.any() else len(path)


def _sentence(result: Descent) -> str:
    """Say where the walk ends, and why."""
    (end1, end2), (first, second) = _clean(result.path[-1]), result.factors
    n_steps = len(result.path) - 1
    whole = result.batch_size == N_EXAMPLES
    batch = "all examples" if whole else f"batches of {result.batch_size}"
    side = "below" if result.learning_rate < THRESHOLD else "not below"
    has_ball = 0 < result.ball < np.inf
    return (
        f"After {n_steps} step{'s' * (n_steps > 1)} at ({end1:.3g}, {end2:.3g}), loss "
        f"{_clean(result.losses[-1]):.3g}. Rate {result.learning_rate:g} with {batch}: "
        f"{'' if whole else 'on average '}a step multiplies theta1 by {first:.3g} and theta2 "
        f"by {second:.3g}, and the rate is {side} the threshold {THRESHOLD:g}."
        f"{f' Noise ball: loss {result.ball:.3g}.' * has_ball}"
    )


def _clean(values: Any) -> np.ndarray:
    """Return values without what rounding leaves of a zero."""
    return np.round(values, 12) + 0.0


def table(result: Descent) -> Table:
    """Return point and loss at eleven steps or fewer, evenly spread."""
    last = len(result.path) - 1
    at = np.unique(np.linspace(0, last, 11).round().astype(int))
    rows = zip(at, *_clean(result.path[at]).T, _clean(result.losses[at]))
    return Table({"step": "d", "theta1": ".3g", "theta2": ".3g", "loss": ".3g"}, rows)


def descent(**start: Any) -> Lab:
    """Walk down a bowl: choose where to start, how far to step, how many examples to ask.

    The loss 0.1 theta1^2 + 2 theta2^2 is a mean over 512 examples, each with a bowl of the same
    shape around a center of its own (the pale dots).

    Parameters
    ----------
    **start
        First values by name: ``theta1`` (-6 to 6) and ``theta2`` (-3 to 3), the point from which
        the walk starts, ``learning_rate`` (0.01 to 0.7), ``batch_size`` (1, 2, 4 ... 512),
        ``n_steps`` (1 to 120), ``seed`` (the examples and their order).

    Returns
    -------
    Lab

    Raises
    ------
    TypeError, ValueError
        If ``start`` names no control, or a value that it cannot take.

    References
    ----------
    LeCun, Bottou, Orr & Müller (1998), *Efficient BackProp*, section 5: the threshold.
    """
    sizes = [2**k for k in range(10)]
    return Lab(
        "descent",
        compute,
        DescentPicture(),
        table,
        {
            "theta1": controls.slider("start theta 1", -5.0, -6.0, 6.0, 0.1, ".1f"),
            "theta2": controls.slider("start theta 2", -2.0, -3.0, 3.0, 0.1, ".1f"),
            "learning_rate": controls.slider("learning rate", 0.4, 0.01, MOST_RATE, 0.01),
            "batch_size": controls.steps("batch size", N_EXAMPLES, sizes),
            "n_steps": controls.slider("steps", 40, 1, MOST_STEPS, 1),
            "seed": controls.seed(),
        },
        presets={
            "creeps": {"learning_rate": 0.02, "batch_size": N_EXAMPLES, "n_steps": 60},
            "zigzags": {"learning_rate": 0.47, "batch_size": N_EXAMPLES, "n_steps": 60},
            "explodes": {"learning_rate": 0.52, "batch_size": N_EXAMPLES, "n_steps": 60},
            "noise ball": {"learning_rate": 0.2, "batch_size": 1, "n_steps": MOST_STEPS},
        },
        start=start,
    )
