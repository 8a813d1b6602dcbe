"""One point moves, two lines answer: least squares, and least absolute deviations."""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nnlib.explorers import controls
from nnlib.explorers.lab import Lab
from nnlib.explorers.picture import Picture
from nnlib.explorers.table import Table
from nnlib.losses import mean_absolute_error, mean_squared_error
from nnlib.plots import COLOURS

__all__ = ["Fits", "FitsPicture", "compute", "outlier", "table"]

# Eight points that stay, near the line 1 + x/2; the ninth is the one that moves.
PLACES = np.array([0.2, 1.1, 1.9, 3.2, 3.9, 5.1, 6.3, 6.8])
SLOPE, INTERCEPT, NOISE = 0.5, 1.0, 0.3
HEIGHTS = np.linspace(-10, 30, 81)
# The left and the right end of what is shown.
ENDS = (-0.7, 20.7)
NAMES = ["least squares", "least absolute deviations"]
LOOKS: list[dict[str, Any]] = [
    {"c": COLOURS["orange"], "ls": "--"},
    {"c": COLOURS["blue"], "ls": "-"},
]
# Two lines whose mean errors differ by less are equally good: the first pair is taken.
TIE = 1e-9


@dataclass(frozen=True, eq=False)
class Fits:
    """Two lines through nine points, of which the last can be moved.

    Attributes
    ----------
    x, y : ndarray, shape (9,)
        The points; the last is the one that moves.
    lines : ndarray, shape (2, 2)
        Slope and intercept of least squares, and of least absolute deviations.
    through : tuple of int
        The two points that the line of least absolute deviations goes through.
    losses : ndarray, shape (2, 2)
        MSE and MAE of least squares, and of least absolute deviations.
    slopes : ndarray, shape (2, 81)
        Both slopes, if the moved point stood at heights from -10 to 30.
    """

    x: np.ndarray
    y: np.ndarray
    lines: np.ndarray
    through: tuple[int, int]
    losses: np.ndarray
    slopes: np.ndarray


def compute(height: float, place: float, seed: int) -> Fits:
    """Return both lines, for the moved point where it is and at all heights."""
    noise = np.random.default_rng(seed).normal(0, NOISE, len(PLACES))
    x = np.append(PLACES, place)
    Y = np.empty((1 + len(HEIGHTS), len(x)))
    Y[:, :-1] = INTERCEPT + SLOPE * PLACES + noise
    Y[:, -1] = [height, *HEIGHTS]
    squared, (absolute, pairs) = _least_squares(x, Y), _least_absolute(x, Y)
    lines, y = np.array([squared[0], absolute[0]]), Y[0]
    losses = np.array(
        [[loss(a * x + b, y)[0] for loss in (mean_squared_error, mean_absolute_error)]
         for a, b in lines]
    )  # fmt: skip
    first, second = (int(i) for i in pairs[0])
    slopes = np.array([squared[1:, 0], absolute[1:, 0]])
    return Fits(x, y, lines, (first, second), losses, slopes)


def _least_squares(x: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Return slope and intercept for each row of Y."""
    slope = (Y - Y.mean(axis=1, keepdims=True)) @ (x - x.mean()) / np.sum((x - x.mean()) ** 2)
    return np.column_stack([slope, Y.mean(axis=1) - slope * x.mean()])


def _least_absolute(x: np.ndarray, Y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return slope and intercept for each row of Y, and the two points they go through.

    Some best line goes through two points that do not stand one above the other,
    so the best of all such pairs is exact.
    """
    pairs = [(i, j) for i, j in itertools.combinations(range(len(x)), 2) if x[i] != x[j]]
    i, j = np.array(pairs).T
    slope = (Y[:, j] - Y[:, i]) / (x[j] - x[i])
    intercept = Y[:, i] - slope * x[i]
    errors = slope[..., None] * x + intercept[..., None] - Y[:, None, :]
    loss = np.abs(errors).mean(axis=2)
    best = (loss <= loss.min(axis=1, keepdims=True) + TIE).argmax(axis=1)
    row = np.arange(len(Y))
    return np.column_stack([slope[row, best], intercept[row, best]]), np.array(pairs)[best]


class FitsPicture(Picture):
    """Left points, lines and residuals; right the slopes by height, and the losses."""

    size = (7.4, 4.2)

    def build(self, figure: Figure) -> None:
        """Draw the axes, the keys, and the frame of the losses."""
        grid = figure.add_gridspec(2, 2, width_ratios=[5, 3], height_ratios=[3, 2])
        self._build_points(figure.add_subplot(grid[:, 0]))
        figure.legend(
            loc="outside upper left", ncols=4, columnspacing=1.2, handlelength=1.8,
            handletextpad=0.5, borderpad=0.1,
        )  # fmt: skip
        self._build_slopes(figure.add_subplot(grid[0, 1]))
        self._build_losses(figure.add_subplot(grid[1, 1]))

    def _build_points(self, ax: Axes) -> None:
        self.residuals = [
            self.moves(ax.plot([], [], c=look["c"], ls="-", lw=1.6, alpha=0.6)[0]) for look in LOOKS
        ]
        self.lines = [
            self.moves(ax.plot([], [], label=name, **look)[0]) for name, look in zip(NAMES, LOOKS)
        ]
        black: dict[str, Any] = {"c": COLOURS["black"], "ls": ""}
        ring: dict[str, Any] = {"mfc": "none", "mec": COLOURS["blue"], "ls": ""}
        self.points = self.moves(ax.plot([], [], "o", ms=4, **black)[0])
        self.rings = self.moves(
            ax.plot([], [], "o", ms=13, label="the two points it goes through", **ring)[0]
        )
        self.moved = self.moves(ax.plot([], [], "s", ms=7, label="the moved point", **black)[0])
        ax.set(xlabel="x", ylabel="y", xlim=ENDS, ylim=(-12, 32), xticks=range(0, 21, 5))

    def _build_slopes(self, ax: Axes) -> None:
        self.curves = [self.moves(ax.plot([], [], **look)[0]) for look in LOOKS]
        self.marks = [
            self.moves(ax.plot([], [], marker, c=look["c"], ms=6)[0])
            for marker, look in zip("so", LOOKS)
        ]
        ax.axhline(SLOPE, c=COLOURS["grey"], ls=":", lw=1)
        ax.set(xlabel="height of the moved point", ylabel=f"slope (dotted: {SLOPE})")
        ax.set(xlim=(-12, 32), xticks=[-10, 0, 10, 20, 30], ylim=(-1.6, 2.6))

    def _build_losses(self, ax: Axes) -> None:
        """Draw a table of two by two; each line is the best by its own loss."""
        ax.set(xlim=(0, 3), ylim=(0, 3))
        ax.set_axis_off()
        middle: dict[str, Any] = {"ha": "center", "va": "center"}
        box = {"boxstyle": "square,pad=0.3", "fc": "#e8e8e8", "ec": "none"}
        self.numbers = []
        ax.text(0, 2.5, "line", va="center")
        for column, loss in enumerate(("MSE", "MAE")):
            ax.text(1.55 + column, 2.5, loss, weight="bold", **middle)
        for row, name in enumerate(("squares", "absolute")):
            look = {"color": LOOKS[row]["c"], "fontsize": 10}
            ax.text(0, 1.5 - row, name, va="center", **look)
            for column in (0, 1):
                at = 1.55 + column, 1.5 - row
                if row == column:
                    # As wide as the widest number, which nobody sees.
                    ax.text(*at, "000.00", color="none", bbox=box, **middle)
                self.numbers += [self.moves(ax.text(*at, "", **middle))]
        ax.text(3, -0.3, "grey: lowest possible", ha="right", fontsize=9)

    def update(self, result: Fits) -> str:
        """Move the points, both lines, their residuals, slopes and losses."""
        x, y = result.x, result.y
        self.points.set_data(x[:-1], y[:-1])
        self.moved.set_data(x[-1:], y[-1:])
        self.rings.set_data(x[[*result.through]], y[[*result.through]])
        ends = np.array(ENDS)
        for k, (a, b) in enumerate(result.lines):
            self.lines[k].set_data(ends, a * ends + b)
            self.residuals[k].set_data(*_residuals(x + (0.16 * k - 0.08), y, a * x + b))
            self.curves[k].set_data(HEIGHTS, result.slopes[k])
            self.marks[k].set_data([y[-1]], [a])
        for number, loss in zip(self.numbers, result.losses.flat):
            number.set_text(f"{loss:.2f}")
        return _sentence(result)


def _residuals(x: np.ndarray, y: np.ndarray, fit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return upright strokes from the points to a line, with gaps between them."""
    gap = np.full(len(x), np.nan)
    return np.column_stack([x, x, gap]).ravel(), np.column_stack([y, fit, gap]).ravel()


def _sentence(result: Fits) -> str:
    """Say where the point is and what both lines make of it."""
    (a2, _), (a1, b1) = result.lines
    (mse2, mae2), (mse1, mae1) = result.losses
    x, y = result.x[-1], result.y[-1]
    goes = "goes through it" if 8 in result.through else f"misses it by {abs(a1 * x + b1 - y):.2f}"
    return (
        f"With one point moved to ({x:g}, {y:g}) least squares has slope {a2:.2f}, MSE {mse2:.2f}, "
        f"MAE {mae2:.2f}. Least absolute deviations has slope {a1:.2f}, MSE {mse1:.2f}, "
        f"MAE {mae1:.2f}, and {goes}."
    )


def table(result: Fits) -> Table:
    """Return one row a line."""
    heads = {"line": "", "slope": ".3f", "intercept": ".3f", "MSE": ".3f", "MAE": ".3f"}
    rows = zip(NAMES, result.lines, result.losses)
    return Table(heads, [[name, *line, *losses] for name, line, losses in rows])


def outlier(**start: Any) -> Lab:
    """One point moves: the line of least squares follows, that of absolute errors hardly.

    Parameters
    ----------
    **start
        First values by name: ``height`` (-10 to 30) and ``place`` (0 to 20), the y and
        the x of the moved point; ``seed``, from which the noise of the other eight is drawn.

    Returns
    -------
    Lab

    Raises
    ------
    TypeError, ValueError
        If ``start`` names no control, or a value that it cannot take.

    References
    ----------
    Bloomfield & Steiger (1983), *Least Absolute Deviations*: a best line goes through two
    of the points.
    """
    return Lab(
        "outlier",
        compute,
        FitsPicture(),
        table,
        {
            "height": controls.slider("height (its y)", 15.0, -10.0, 30.0, 0.5, ".1f"),
            "place": controls.slider("place (its x)", 8.0, 0.0, 20.0, 0.1, ".1f"),
            "seed": controls.seed(),
        },
        presets={
            "on the line": {"height": 5.0, "place": 8.0},
            "far up": {"height": 25.0, "place": 8.0},
            "above the middle": {"height": 25.0, "place": 3.5},
            "far to the side": {"height": 25.0, "place": 20.0},
        },
        start=start,
    )
