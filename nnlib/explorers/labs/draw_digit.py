"""A digit of your own: the drawing becomes 8 x 8 counts, and a trained network reads them."""

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
import traitlets
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D

from nnlib import datasets
from nnlib.explorers import controls
from nnlib.explorers.canvas import CELLS, DOTS, Canvas, Mark, as_marks
from nnlib.explorers.lab import Lab
from nnlib.explorers.picture import Picture
from nnlib.explorers.table import Table
from nnlib.layers import Activation, Dense, Dropout
from nnlib.losses import softmax_cross_entropy
from nnlib.network import Network
from nnlib.optimizers import Adam
from nnlib.plots import COLOURS
from nnlib.training import train

__all__ = ["Reading", "ReadingPicture", "compute", "draw_digit", "rasterize", "table", "trained"]

# The bitmap: its side in dots, the dots of a cell, and where their middles lie.
SIDE, BLOCK = 32, 4
MIDDLES = np.arange(SIDE) + 0.5
# A fitted drawing is as high as the frame; the data's digits leave the outer columns free.
WIDEST, MOST = 26.0, 8.0
# In which order a cell's dots are inked, for a count below 16: evenly spread.
ORDER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]])

FOUR = [[(0.24, 0.1), (0.14, 0.32), (0.38, 0.32)], [(0.32, 0.18), (0.3, 0.5)]]
FOOT = [[(0.35, 0.3), (0.52, 0.1), (0.52, 0.9)], [(0.3, 0.9), (0.72, 0.9)]]
CHESSBOARD = [(r, c, DOTS) for r in range(CELLS) for c in range(CELLS) if (r + c) % 2 == 0]


@dataclass(frozen=True, eq=False)
class Reading:
    """How the network reads a drawing.

    Attributes
    ----------
    bitmap : ndarray of bool, shape (32, 32)
        True where there is ink; a row has one y.
    counts : ndarray of int, shape (8, 8)
        The inked dots in each block of 4 x 4, from 0 to 16.
    probabilities : ndarray, shape (10,)
        Of the digits 0 to 9; all 0 where nothing is drawn, for then nobody is asked.
    seed : int
        Of the network's training.
    hits, n_test : int
        How many of the test digits it reads rightly, and how many there are.
    """

    bitmap: np.ndarray
    counts: np.ndarray
    probabilities: np.ndarray
    seed: int
    hits: int
    n_test: int


@lru_cache(maxsize=8)
def trained(seed: int) -> tuple[Network, int, int]:
    """Return a network trained on the digits, its right answers on the test part, and its size."""
    data = _digits()
    network = Network([Dense(64, 64), Activation("relu"), Dropout(0.2), Dense(64, 10)], rng=seed)
    train(
        network, softmax_cross_entropy, Adam(0.005), data.X_train, data.y_train,
        n_epochs=60, rng=seed, measure=False,
    )  # fmt: skip
    hits = int(np.sum(network.predict(data.X_test) == data.y_test))
    return network, hits, len(data.y_test)


@lru_cache(maxsize=1)
def _digits() -> datasets.Split:
    return datasets.digits(rng=0)


def compute(strokes: Any, pen: float, fit: bool, seed: int) -> Reading:
    """Return the bitmap of a drawing, its counts, and the network's answer."""
    bitmap = rasterize(as_marks(strokes), pen, fit)
    counts = bitmap.reshape(CELLS, BLOCK, CELLS, BLOCK).sum(axis=(1, 3))
    network, hits, n_test = trained(seed)
    probabilities = np.zeros(10)
    if counts.any():
        probabilities = network.predict_proba(counts.reshape(1, -1) / DOTS)[0]
    return Reading(bitmap, counts, probabilities, seed, hits, n_test)


def rasterize(marks: list[Mark], pen: float, fit: bool) -> np.ndarray:
    """Return the bitmap of a drawing: a dot is ink if its middle is nearer than half the pen.

    Parameters
    ----------
    marks : list
        Strokes and cells, see `nnlib.explorers.canvas.as_marks`.
    pen : float
        Width of the line, in dots.
    fit : bool
        If the strokes fill the frame: as high as it is (or 26 dots wide), in its middle.
        Cells stay where they are.

    Returns
    -------
    ndarray of bool, shape (32, 32)
    """
    lines = [SIDE * np.array(mark) for mark in marks if isinstance(mark[0], list)]
    if fit and lines:
        lines = _fitted(lines, pen)
    bitmap = np.zeros((SIDE, SIDE), dtype=bool)
    for line in lines:
        bitmap |= _near(line, pen / 2)
    for row, column, dots in (mark for mark in marks if not isinstance(mark[0], list)):
        block = np.s_[BLOCK * row : BLOCK * (row + 1), BLOCK * column : BLOCK * (column + 1)]
        bitmap[block] |= dots > ORDER
    return bitmap


def _fitted(lines: list[np.ndarray], pen: float) -> list[np.ndarray]:
    """Return the strokes enlarged to the frame, without their width, and put in its middle."""
    points = np.concatenate(lines)
    low, high = points.min(axis=0), points.max(axis=0)
    room = np.array([WIDEST, SIDE]) - pen
    scale = min(MOST, *(room / np.maximum(high - low, room / MOST)))
    return [(line - (low + high) / 2) * scale + SIDE / 2 for line in lines]


def _near(line: np.ndarray, radius: float) -> np.ndarray:
    """Return which dots have their middle nearer to a line than the radius."""
    start, way = line[:-1], np.diff(line, axis=0)
    if len(line) == 1:
        start, way = line, np.zeros((1, 2))
    dx = MIDDLES - start[:, 0, None, None]
    dy = MIDDLES[:, None] - start[:, 1, None, None]
    wx, wy = way.T[:, :, None, None]
    length = wx**2 + wy**2
    along = np.clip((dx * wx + dy * wy) / np.where(length > 0, length, 1), 0, 1)
    distance = (dx - along * wx) ** 2 + (dy - along * wy) ** 2
    return distance.min(axis=0) < radius**2


class ReadingPicture(Picture):
    """From left to right: the bitmap, the counts, the probabilities."""

    size = (7.4, 2.7)

    def build(self, figure: Figure) -> None:
        """Draw the frames and all that later moves."""
        left, middle, right = figure.subplots(1, 3, width_ratios=[1, 1, 1.15])
        self.bitmap = self._grid(left, 1)
        left.set_title("32 x 32 dots")
        self.counts = self._grid(middle, DOTS)
        middle.set_title("ink in each 4 x 4 block")
        # One collection of outlines is drawn many times faster than 64 texts.
        points = Affine2D().scale(1 / 72, 1 / 72) + figure.dpi_scale_trans
        middles = np.indices((CELLS, CELLS)).reshape(2, -1).T[:, ::-1] + 0.5
        numbers = PathCollection(
            [], offsets=middles, offset_transform=middle.transData, transform=points, lw=0
        )
        self.numbers = self.moves(middle.add_collection(numbers))
        self.bars = [self.moves(bar) for bar in right.bar(range(10), np.zeros(10), width=0.8)]
        look: Any = {"ha": "center", "va": "bottom", "fontsize": 10}
        self.winner = self.moves(right.text(4.5, 0.5, "", **look))
        right.set(xticks=range(10), xlabel="digit", ylabel="probability", ylim=(0, 1.15))
        right.set_yticks([0, 0.5, 1])
        self.title = self.moves(right.set_title("network, seed 0"))

    def _grid(self, ax: Axes, most: int) -> AxesImage:
        """Return the image of a panel, below the edges of its 64 cells."""
        edges = [[(k, 0), (k, 8)] for k in range(9)] + [[(0, k), (8, k)] for k in range(9)]
        image = ax.imshow(
            np.zeros((8, 8)), vmin=0, vmax=most, cmap="gray_r", interpolation="nearest",
            extent=(0, 8, 8, 0),
        )  # fmt: skip
        ax.set_axis_off()
        self.moves(image)
        look: Any = {"colors": COLOURS["sky"], "lw": 0.7, "clip_on": False}
        self.moves(ax.add_collection(LineCollection(edges, **look)))
        return image

    def update(self, result: Reading) -> str:
        """Move everything to a drawing."""
        self.bitmap.set_data(result.bitmap)
        self.counts.set_data(result.counts)
        self.numbers.set_paths([_numeral(int(count)) for count in result.counts.ravel()])
        self.numbers.set_facecolor(np.where(result.counts.ravel() > 7, "white", "black").tolist())
        self.title.set_text(f"network, seed {result.seed}")
        for bar, height in zip(self.bars, result.probabilities):
            bar.set(height=height, color=COLOURS["blue"])
        network = (
            f"the network of seed {result.seed} ({result.hits} of {result.n_test} test digits)"
        )
        if not result.counts.any():
            self.winner.set(x=4.5, y=0.5, text="nothing is drawn")
            return f"Nothing is drawn, so {network} is not asked: draw a digit on the canvas."
        second, first = (int(k) for k in np.argsort(result.probabilities)[-2:])
        p, q = (float(result.probabilities[k]) for k in (first, second))
        self.bars[first].set(color=COLOURS["orange"])
        self.winner.set(x=np.clip(first, 1.2, 7.8), y=p + 0.01, text=f"{first}: {_written(p)}")
        return (
            f"{result.bitmap.sum()} of 1024 dots are ink; {network} reads {first} with probability "
            f"{_written(p)}, then {second} with {_written(q)}."
        )


@cache
def _numeral(count: int) -> Path:
    """Return the outline of a number around the origin, in points; nothing for 0."""
    if count == 0:
        return Path(np.zeros((0, 2)))
    outline = TextPath((0, 0), str(count), size=9)
    return outline.transformed(Affine2D().translate(*-outline.get_extents().get_points().mean(0)))


def _written(p: float) -> str:
    """Write a probability with two digits; never as 0 or 1, which it is not."""
    return f"{p:.2f}" if 0.005 <= p < 0.995 else "above 0.99" if p > 0.5 else "below 0.01"


def table(result: Reading) -> Table:
    """Return the probability of each digit."""
    return Table({"digit": "d", "probability": ".3f"}, enumerate(result.probabilities))


def draw_digit(**start: Any) -> Lab:
    """Draw a digit: it becomes 8 x 8 counts of ink, and a trained network reads it.

    Parameters
    ----------
    **start
        First values by name: ``strokes``, a list of strokes, each a list of points (x, y)
        in the unit square, or an array of 8 x 8 counts from 0 to 16; ``pen``, the width of
        the line, 2 to 10 of 32 dots; ``fit``, if the strokes are enlarged to the frame, as
        the data's digits were; ``seed``, of the network's start and its training.

    Returns
    -------
    Lab
        A new seed takes about half a second: it trains a network.

    Raises
    ------
    TypeError, ValueError
        If ``start`` names no control, or a value that it cannot take.

    References
    ----------
    Alpaydin & Kaynak (1998), *Optical Recognition of Handwritten Digits*, UCI Machine
    Learning Repository: 32 x 32 dots, counted in blocks of 4 x 4.
    """
    canvas = Canvas(FOUR, sweep=[[], FOOT, CHESSBOARD])
    pen = controls.slider("pen width", 6.0, 2.0, 10.0, 0.5, ".1f")
    traitlets.dlink((pen, "value"), (canvas, "pen"))
    return Lab(
        "draw_digit",
        compute,
        ReadingPicture(),
        table,
        {
            "strokes": canvas,
            "pen": pen,
            "fit": controls.switch("fit strokes to the frame", True),
            "seed": controls.seed(),
        },
        presets={
            "small 4": {"strokes": FOUR, "fit": True},
            "not fitted": {"strokes": FOUR, "fit": False},
            "1 with a foot": {"strokes": FOOT, "fit": True},
            "chessboard": {"strokes": CHESSBOARD},
        },
        start=start,
    )
