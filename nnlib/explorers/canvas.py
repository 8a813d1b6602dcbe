"""A canvas to draw on, with a grid of cells for the keyboard beside it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

from nnlib.validation import require_between, require_integer

__all__ = ["CELLS", "DOTS", "Canvas", "Mark", "as_marks"]

# A stroke, a list of points (x, y); or a cell, (row, column, dots).
Mark = list[Any]
# Cells in a row of the grid.
CELLS = 8
# Dots in a cell.
DOTS = 16

_STYLE = """
.nnlib-canvas {display: flex; flex-wrap: wrap; gap: 4px 24px; margin: 2px 2px 6px}
.nnlib-canvas-text {font-size: 13px; line-height: 20px; min-height: 20px}
.nnlib-canvas-field {display: block; width: 224px; height: 224px; border: 1px solid #6b6b6b;
  background: white; touch-action: none; cursor: crosshair}
.nnlib-canvas-buttons {display: flex; gap: 4px; margin-top: 4px}
.nnlib-canvas-buttons button {width: 88px; min-width: 88px}
.nnlib-canvas-grid {width: 224px; border: 1px solid #6b6b6b; background: white}
.nnlib-canvas-row {display: flex}
.nnlib-canvas-cell {box-sizing: border-box; width: 28px; height: 28px; border: 1px solid #bbbbbb;
  cursor: pointer}
.nnlib-canvas-cell:focus {outline: 3px solid #d55e00; outline-offset: -3px}
"""


class Canvas(anywidget.AnyWidget):  # type: ignore[misc,unused-ignore]  # traitlets are untyped
    """A field for mouse, pen or finger, and a grid for the keyboard.

    A drawing that Python sets is an example: the reader's first stroke clears it, a
    cell changes it. The buttons "clear" and "undo" go back over all of the reader's marks.

    Parameters
    ----------
    value : sequence of marks, or ndarray of shape (8, 8)
        See `as_marks`.
    sweep : sequence
        Values that a test of the lab should try.

    Attributes
    ----------
    value : list of marks
        x grows to the right and y downwards, both from 0 to 1.
    pen : float
        Width of the line, where the field is 32 wide.
    """

    _esm = Path(__file__).with_name("canvas.js")
    _css = _STYLE
    value = traitlets.Any().tag(sync=True)
    pen = traitlets.Float(4.0).tag(sync=True)

    def __init__(self, value: Any = (), sweep: Sequence[Any] = ()) -> None:
        super().__init__(value=value)
        self.sweep = list(sweep)

    @traitlets.default("value")  # type: ignore[untyped-decorator,unused-ignore]
    def _nothing(self) -> list[Mark]:
        return []

    @traitlets.validate("value")  # type: ignore[untyped-decorator,unused-ignore]
    def _marks(self, proposal: Any) -> list[Mark]:
        return as_marks(proposal["value"])


def as_marks(value: Any) -> list[Mark]:
    """Return a drawing as a list of marks: lists of points, and cells.

    Parameters
    ----------
    value : sequence, or ndarray of shape (8, 8)
        Of strokes, each a sequence of points (x, y) in the unit square, and of cells
        (row, column, dots) with rows and columns from 0 to 7 and 1 to 16 dots. An
        array holds the dots of all cells, from 0 to 16.

    Raises
    ------
    TypeError, ValueError
        If it is anything else; the message says which mark and which point.
    """
    if isinstance(value, np.ndarray):
        return _cells(value)
    if not _is_sequence(value):
        raise TypeError(
            "strokes must be a list of strokes such as [[(0.2, 0.1), (0.8, 0.9)]], or an array of "
            f"8 x 8 counts, got {value!r} ({type(value).__name__})"
        )
    return [_mark(f"strokes[{k}]", mark) for k, mark in enumerate(value)]


def _cells(counts: np.ndarray) -> list[Mark]:
    """Return the cells that hold dots, from an array of counts."""
    if counts.shape != (CELLS, CELLS):
        raise ValueError(
            f"an array of counts has the shape (8, 8), got {counts.shape}: reshape(8, 8) a row of "
            "64; give strokes as lists of points"
        )
    if not (np.isin(counts, np.arange(DOTS + 1))).all():
        raise ValueError(
            "counts must be whole numbers from 0 to 16: multiply grey values from 0 to 1 by 16"
        )
    return [[int(r), int(c), int(counts[r, c])] for r, c in np.argwhere(counts)]


def _mark(name: str, mark: Any) -> Mark:
    """Return a stroke or a cell, checked."""
    if not _is_sequence(mark) or len(mark) == 0:
        raise TypeError(f"{name} must be a list of points (x, y), at least one, got {mark!r}")
    if _is_sequence(mark[0]):
        return [_point(f"{name}[{k}]", point) for k, point in enumerate(mark)]
    if len(mark) != 3:
        raise ValueError(
            f"{name} is neither a list of points (x, y) nor a cell (row, column, dots): {mark!r}"
        )
    limits = {"row": (0, CELLS - 1), "column": (0, CELLS - 1), "dots": (1, DOTS)}
    for (what, (low, high)), number in zip(limits.items(), mark):
        require_integer(f"{what} of {name}", number, least=low)
        require_between(f"{what} of {name}", number, low, high, closed=True)
    return [int(number) for number in mark]


def _point(name: str, point: Any) -> list[float]:
    """Return a point of the unit square, checked."""
    if not _is_sequence(point) or len(point) != 2:
        raise ValueError(f"{name} must be a point (x, y), got {point!r}")
    return [
        require_between(f"{axis} of {name}", number, 0, 1, closed=True)
        for axis, number in zip("xy", point)
    ]


def _is_sequence(value: Any) -> bool:
    return isinstance(value, list | tuple | np.ndarray)
