"""One neuron on the plane: where its line lies, and what it puts out on either side."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

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
# The plane that is shown, in both directions, and the sums under the bend.
PLANE, SUMS = np.linspace(-0.6, 1.6, 89), np.linspace(-6, 6, 241)
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
    n_right : int
        How many points lie on the side of z = 0 on which they belong.
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
    n_right: int
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
    n_right = int(np.sum((X @ weights + bias > 0) == (y == 1)))
    surface = f(w1 * PLANE + w2 * PLANE[:, None] + bias)
    return Cut(
        (w1, w2, bias), activation, data, X, y, n_right, z, f(z), target, surface, f(SUMS)
    )  # fmt: skip


class CutPicture(Picture):
    """Left the plane with its points and the line; right the bend with the four corners."""

    size = (7.4, 3.5)

    def build(self, figure: Figure) -> None:
        """Draw both panels."""
        left, right = figure.subplots(1, 2, width_ratios=[5, 4])
        edge = PLANE[0], PLANE[-1], PLANE[0], PLANE[-1]
        self.surface = self.moves(
            left.imshow(
                PLANE[:, None] * PLANE, extent=edge, origin="lower", vmin=-1, vmax=1, alpha=0.75,
                cmap="cividis",
            )
        )  # fmt: skip
        figure.colorbar(self.surface, ax=left, label="output a", ticks=[-1, 0, 1], shrink=0.9)
        (self.line,) = left.plot([], [], c=COLOURS["black"], ls="-")
        self.moves(self.line)
        looks = (("o", COLOURS["blue"]), ("s", COLOURS["orange"]))
        self.points, self.corners = [], []
        for marker, colour in looks:
            look = {"marker": marker, "c": colour, "ls": "", "mec": "white", "mew": 0.7}
            self.points += [self.moves(left.plot([], [], ms=6, **look)[0])]
        left.set(xlabel="$x_1$", ylabel="$x_2$", xlim=edge[:2], ylim=edge[:2])
        left.set(xticks=[0, 1], yticks=[0, 1], title="line z = 0, output a")
        (self.bend,) = right.plot([], [], c=COLOURS["grey"], ls="-")
        self.moves(self.bend)
        for marker, colour in looks:
            look = {"marker": marker, "c": colour, "ls": "", "mec": "white", "mew": 0.7}
            self.corners += [self.moves(right.plot([], [], ms=8, **look)[0])]
        right.axvline(0, c=COLOURS["black"], ls=":", lw=1)
        right.set(xlabel="sum z", ylabel="output a", xlim=(-6, 6), ylim=(-2.1, 3.1))
        right.set_title("the four corners on the bend")

    def update(self, result: Cut) -> str:
        """Move the line, the points and the surface."""
        self.surface.set_data(result.surface)
        self.line.set_data(*_zero_line(*result.weights))
        for k in (0, 1):
            self.points[k].set_data(*result.X[result.y == k].T)
            at = result.target == k
            self.corners[k].set_data(np.clip(result.z[at], -6, 6), np.clip(result.a[at], -2, 3))
        self.bend.set_data(SUMS, result.bend)
        w1, w2, bias = result.weights
        return (
            f"z = {w1:.2f} x1 {w2:+.2f} x2 {bias:+.2f}: {result.n_right} of {len(result.y)} points "
            f"of {result.data} lie on their side of the line; squares belong where z > 0."
        )


def _zero_line(w1: float, w2: float, bias: float) -> tuple[list[float], list[float]]:
    """Return the ends of a long stretch of the line z = 0; nothing where there is no line."""
    length = np.hypot(w1, w2)
    if length == 0:
        return [], []
    foot = -bias * np.array([w1, w2]) / length**2
    along = 3 * np.array([-w2, w1]) / length
    return [foot[0] - along[0], foot[0] + along[0]], [foot[1] - along[1], foot[1] + along[1]]


def table(result: Cut) -> Table:
    """Return sum and output at the four corners."""
    right = ["yes" if (z > 0) == (t == 1) else "no" for z, t in zip(result.z, result.target)]
    rows = zip(*CORNERS.T, result.target, result.z, result.a, right)
    heads = {"x1": ".0f", "x2": ".0f", result.data: "d", "z": ".2f", "a": ".4f", "right": ""}
    return Table(heads, rows)


def neuron(**start: Any) -> Lab:
    """One neuron with two inputs: move its weights, its bias and its bend.

    Parameters
    ----------
    **start
        First values by name: ``w1``, ``w2`` and ``bias`` from -4 to 4, ``activation``,
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
    weight = (-4.0, 4.0, 0.1)
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
