"""One neuron on the plane: where its line lies, and what it puts out on either side."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from nnlib.activations import leaky_relu, linear, relu, sigmoid, tanh
from nnlib.explorers import controls
from nnlib.explorers.lab import Lab
from nnlib.explorers.picture import Picture
from nnlib.explorers.table import Table
from nnlib.plots import COLOURS

__all__ = ["Cut", "CutPicture", "compute", "neuron", "table"]

CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
TARGETS = {"AND": [0, 0, 0, 1], "OR": [0, 1, 1, 1], "NAND": [1, 1, 1, 0], "XOR": [0, 1, 1, 0]}
ACTIVATIONS = {
    "sigmoid": sigmoid, "tanh": tanh, "relu": relu, "leaky_relu": leaky_relu, "linear": linear,
}  # fmt: skip
# The plane that is shown, in both directions, and the sums and outputs of the bend.
PLANE, SUMS, OUTPUTS = np.linspace(-0.6, 1.6, 89), np.linspace(-6, 6, 241), (-2.1, 3.1)
# From below the output at z = 0, over it, to above.
OUTPUT = LinearSegmentedColormap.from_list("output", ["#7fb8d8", "white", "#eaae7f"])
LEGEND = "solid: z = 0, dashed: z = -1 and 1\narrow: w, ring: wrong side"
PER_CORNER, SPREAD = 10, 0.12


@dataclass(frozen=True, eq=False)
class Cut:
    """What the neuron says.

    Attributes
    ----------
    weights : tuple of float
        w1, w2 and the bias.
    activation, data : str
    X : ndarray, shape (40, 2)
        Ten points around each corner.
    y : ndarray of int, shape (40,)
    right : ndarray of bool, shape (40,)
        Which points lie on the side of z = 0 on which they belong: 1 where z > 0.
    corners_right : ndarray of bool, shape (4,)
        The same for the corners themselves.
    z, a : ndarray, shape (4,)
        Sum and output at the corners (0, 0), (0, 1), (1, 0), (1, 1).
    target : ndarray of int, shape (4,)
    surface : ndarray, shape (89, 89)
        The output over the plane; a row has one x2.
    bend : ndarray, shape (241,)
        The activation over the sums from -6 to 6.
    """

    weights: tuple[float, float, float]
    activation: str
    data: str
    X: np.ndarray
    y: np.ndarray
    right: np.ndarray
    corners_right: np.ndarray
    z: np.ndarray
    a: np.ndarray
    target: np.ndarray
    surface: np.ndarray
    bend: np.ndarray


def compute(w1: float, w2: float, bias: float, activation: str, data: str, seed: int) -> Cut:
    """Return what a neuron with these weights says about the points and the plane."""
    f, weights = ACTIVATIONS[activation], np.array([w1, w2])
    target = np.array(TARGETS[data])
    rng = np.random.default_rng(seed)
    X = CORNERS.repeat(PER_CORNER, axis=0) + rng.normal(0, SPREAD, (4 * PER_CORNER, 2))
    y, z = target.repeat(PER_CORNER), CORNERS @ weights + bias
    right = (X @ weights + bias > 0) == (y == 1)
    corners_right = (z > 0) == (target == 1)
    surface = f(w1 * PLANE + w2 * PLANE[:, None] + bias)
    return Cut(
        (w1, w2, bias), activation, data, X, y, right, corners_right, z, f(z), target, surface,
        f(SUMS),
    )  # fmt: skip


class CutPicture(Picture):
    """Left the plane with its points and lines; right the bend with the four corners."""

    size = (7.4, 3.7)

    def build(self, figure: Figure) -> None:
        """Draw both panels."""
        left, right = figure.subplots(1, 2, width_ratios=[5, 4])
        edge = PLANE[0], PLANE[-1]
        self.surface = self._coloured(left, (*edge, *edge))
        (self.sides,) = left.plot([], [], c=COLOURS["black"], ls="--", lw=1)
        (self.line,) = left.plot([], [], c=COLOURS["black"], ls="-", lw=2)
        arrow = {"arrowstyle": "-|>", "color": COLOURS["black"], "shrinkA": 0, "shrinkB": 0}
        self.arrow = left.annotate("", (0.75, 0.75), (0.5, 0.5), arrowprops=arrow)
        (self.wrong,) = left.plot([], [], "o", ms=10, mfc="none", c=COLOURS["black"], mew=1.2)
        self.points = _both_classes(left, (6, 6))
        left.set(xlabel="$x_1$", ylabel="$x_2$", xlim=edge, ylim=edge, aspect="equal")
        left.set(xticks=[0, 1], yticks=[0, 1])
        left.set_title(LEGEND, fontsize=9.5)
        self.strip = self._coloured(right, (-6, -5.5, *OUTPUTS))
        (self.bend,) = right.plot([], [], c=COLOURS["grey"], ls="-", lw=2)
        # Corners with the same sum lie on each other: the circle shows around the square.
        self.corners = _both_classes(right, (12, 6))
        for z, style in ((-1, "--"), (0, "-"), (1, "--")):
            right.axvline(z, c=COLOURS["black"], ls=style, lw=1)
        right.set(xlabel="sum z", ylabel="output a", xlim=(-6, 6), ylim=OUTPUTS, aspect="auto")
        right.set_title(
            "corners on the bend, or at the edge\nstrip: how a is painted on the left",
            fontsize=9.5,
        )
        for artist in (
            self.sides, self.line, self.arrow, self.wrong, *self.points, self.bend, *self.corners
        ):  # fmt: skip
            self.moves(artist)

    def _coloured(self, ax: Axes, extent: tuple[float, float, float, float]) -> AxesImage:
        """Draw outputs as colours; `_by_output` says which."""
        look: dict[str, Any] = {"vmin": -1, "vmax": 1, "cmap": OUTPUT, "origin": "lower"}
        return self.moves(ax.imshow(np.zeros((2, 2)), extent=extent, zorder=0, **look))

    def update(self, result: Cut) -> str:
        """Move the lines, the points and the surface."""
        name = result.activation
        self.surface.set_data(_by_output(name, result.surface))
        self.strip.set_data(_by_output(name, np.linspace(*OUTPUTS, 105)[:, None]))
        self._move_lines(np.array(result.weights[:2]), result.weights[2])
        self.wrong.set_data(*result.X[~result.right].T)
        for k in (0, 1):
            self.points[k].set_data(*result.X[result.y == k].T)
            at = result.target == k
            self.corners[k].set_data(np.clip(result.z[at], -5.8, 5.8), np.clip(result.a[at], -2, 3))
        self.bend.set_data(SUMS, result.bend)
        return _sentence(result)

    def _move_lines(self, w: np.ndarray, bias: float) -> None:
        """Move the lines z = -1, 0, 1 and the arrow w; without weights there are none."""
        length = float(np.hypot(*w))
        for artist in (self.sides, self.line, self.arrow):
            artist.set_visible(length > 0)
        if length == 0:
            return
        # The point of each line nearest to the middle of the square, as (1.2) of the course gives.
        middle, unit = np.array([0.5, 0.5]), w / length
        feet = [middle - (w @ middle + bias - z) / length * unit for z in (-1, 0, 1)]
        ends = [foot + 3 * s * unit[::-1] * [-1, 1] for foot in feet for s in (-1, 1)]
        self.line.set_data(*np.transpose(ends[2:4]))
        self.sides.set_data(*np.transpose([*ends[:2], [np.nan, np.nan], *ends[4:]]))
        self.arrow.xy = tuple(feet[1] + 0.3 * unit)
        self.arrow.set_position(tuple(feet[1]))


def _both_classes(ax: Axes, sizes: tuple[float, float]) -> list[Any]:
    """Return the empty marks of class 0, blue circles, and class 1, orange squares."""
    look: dict[str, Any] = {"ls": "", "mec": "white", "mew": 0.7}
    pair = zip("os", ("blue", "orange"), sizes)
    return [ax.plot([], [], marker=m, c=COLOURS[c], ms=size, **look)[0] for m, c, size in pair]


def _by_output(activation: str, a: np.ndarray) -> np.ndarray:
    """Return the place of outputs between the colours: 0, white, is the output at z = 0."""
    return np.clip(2 * a - 1 if activation == "sigmoid" else a, -1, 1)


def _sentence(result: Cut) -> str:
    """Say where the line is and how many points lie on their side of it."""
    w1, w2, bias = (w + 0.0 for w in result.weights)
    where = f"z = {w1:.2f} x1 {w2:+.2f} x2 {bias:+.2f}"
    if w1 == w2 == 0:
        where = f"Without weights z is {bias:.2f} everywhere and there is no line"
    return (
        f"{where}: {result.corners_right.sum()} of 4 corners and {result.right.sum()} of "
        f"{len(result.y)} points of {result.data} are on their side, squares where z > 0."
    )


def table(result: Cut) -> Table:
    """Return sum and output at the four corners."""
    right = ["yes" if agrees else "no" for agrees in result.corners_right]
    rows = zip(*CORNERS.T, result.target, result.z, result.a, right)
    heads = {"x1": ".0f", "x2": ".0f", result.data: "d", "z": ".2f", "a": ".4f", "right": ""}
    return Table(heads, rows)


def neuron(**start: Any) -> Lab:
    """One neuron with two inputs: move its weights, its bias and its bend.

    Parameters
    ----------
    **start
        First values by name: ``w1``, ``w2`` and ``bias`` from -6 to 6, ``activation``,
        ``data`` (AND, OR, NAND or XOR), ``seed``.

    Returns
    -------
    Lab

    Raises
    ------
    TypeError, ValueError
        If ``start`` names no control, or a value that it cannot take.

    References
    ----------
    Minsky & Papert (1969), *Perceptrons*: no line parts the points of XOR.
    """
    weight = (-6.0, 6.0, 0.1)
    return Lab(
        "neuron",
        compute,
        CutPicture(),
        table,
        {
            "w1": controls.slider("weight w1", 1.0, *weight),
            "w2": controls.slider("weight w2", 1.0, *weight),
            "bias": controls.slider("bias b", -0.8, *weight),
            "activation": controls.choice("activation", "sigmoid", list(ACTIVATIONS)),
            "data": controls.choice("points", "AND", list(TARGETS)),
            "seed": controls.seed(),
        },
        presets={
            "AND": {"data": "AND", "w1": 1.0, "w2": 1.0, "bias": -1.5},
            "OR": {"data": "OR", "w1": 1.0, "w2": 1.0, "bias": -0.5},
            "NAND": {"data": "NAND", "w1": -1.0, "w2": -1.0, "bias": 1.5},
            "XOR": {"data": "XOR", "w1": 1.0, "w2": 1.0, "bias": -0.5},
        },
        start=start,
    )
