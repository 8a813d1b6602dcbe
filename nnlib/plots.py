"""Pictures that several notebooks share, and how a figure is shown.

Colours are those of Okabe and Ito, which readers with any colour vision tell
apart; a line style, a marker or a word always says the same a second time.
"""

import io
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from PIL import Image

__all__ = [
    "COLOURS",
    "STYLE",
    "decision_regions",
    "image_grid",
    "label_line",
    "learning_curves",
    "network_diagram",
    "show",
    "use_style",
]

COLOURS = {
    "blue": "#0072B2",
    "orange": "#D55E00",
    "green": "#009E73",
    "pink": "#CC79A7",
    "yellow": "#E69F00",
    "sky": "#56B4E9",
    "black": "#000000",
    "grey": "#6b6b6b",
}
# The look of the course, for matplotlib.style.
STYLE = Path(__file__).with_name("course.mplstyle")
_CLASSES = [COLOURS[name] for name in ("blue", "orange", "green", "pink", "yellow", "sky")]
_MARKERS = "os^DvP"
# How a network's layers are told apart: colour and marker.
_ROLES = {"input": ("grey", "s"), "hidden": ("blue", "o"), "output": ("green", "o")}


def use_style() -> None:
    """Draw every figure from here on in the look of the course."""
    plt.style.use(STYLE)


def show(figure: Figure, alt: str) -> None:
    """Show a figure, with a sentence for those who cannot see it.

    Parameters
    ----------
    figure : Figure
        Closed afterwards, so that none piles up in memory.
    alt : str
        One sentence that tells a fact of the picture.

    Raises
    ------
    ValueError
        If the sentence is missing.
    """
    if not isinstance(alt, str) or len(alt.split()) < 4:
        raise ValueError(f"alt must be a sentence that tells what the picture shows, got {alt!r}")
    width, height = (round(96 * inches) for inches in figure.get_size_inches())
    png = _small_png(figure)
    plt.close(figure)
    _display(png, alt, width, height)


def _small_png(figure: Figure) -> bytes:
    """Return a PNG of at most 256 colours: a third of the bytes, the same to the eye."""
    full, small = io.BytesIO(), io.BytesIO()
    figure.savefig(full, format="png")
    picture = Image.open(full).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    picture.save(small, format="png", optimize=True)
    return small.getvalue()


def _display(png: bytes, alt: str, width: int, height: int) -> None:
    """Hand the picture to the notebook; outside of one, print its sentence."""
    try:
        from IPython.core.getipython import get_ipython
        from IPython.display import display
    except ModuleNotFoundError:
        print(alt)
        return
    if get_ipython() is None:
        print(alt)
        return
    metadata = {"image/png": {"alt": alt, "width": width, "height": height}}
    display({"image/png": png, "text/plain": alt}, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]


def label_line(ax: Axes, x: float, y: float, text: str, colour: str, **options: Any) -> None:
    """Write a line's name beside it, in its colour."""
    options = {"xytext": (4, 0), "textcoords": "offset points", "va": "center", **options}
    ax.annotate(text, (x, y), color=COLOURS.get(colour, colour), fontsize=9, **options)


def decision_regions(
    ax: Axes,
    classify: Callable[[np.ndarray], np.ndarray],
    X: np.ndarray,
    y: np.ndarray,
    margin: float = 0.4,
) -> None:
    """Colour the plane by the class that ``classify`` gives, and draw the examples.

    Parameters
    ----------
    ax : Axes
    classify : callable
        Takes points, shape (m, 2), and returns class indices, shape (m,).
    X : ndarray, shape (n, 2)
    y : ndarray of int, shape (n,)
    margin : float
        How far the plane reaches beyond the examples, in their units.
    """
    low, high = X.min(axis=0) - margin, X.max(axis=0) + margin
    xs, ys = np.linspace(low[0], high[0], 201), np.linspace(low[1], high[1], 201)
    points = np.column_stack([grid.ravel() for grid in np.meshgrid(xs, ys)])
    classes = np.asarray(classify(points)).reshape(201, 201)
    n_classes = max(int(np.max(y)), int(classes.max())) + 1
    ax.pcolormesh(
        xs, ys, classes, cmap=ListedColormap(_CLASSES[:n_classes]), alpha=0.25, vmin=0,
        vmax=n_classes - 1 or 1, rasterized=True,
    )  # fmt: skip
    for k in range(n_classes):
        ax.scatter(
            X[y == k, 0],
            X[y == k, 1],
            c=_CLASSES[k],
            marker=_MARKERS[k],
            edgecolors="white",
            linewidths=0.5,
            s=24,
            zorder=3,
        )
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")


def image_grid(
    images: np.ndarray, titles: Sequence[str] = (), n_columns: int = 10, size: float = 0.75
) -> Figure:
    """Draw small grey images in rows, dark ink on white.

    Parameters
    ----------
    images : ndarray, shape (n, height, width) or (n, pixels) for square ones
    titles : sequence of str
        One above each image.
    n_columns : int
    size : float
        Width of one image, in inches.

    Returns
    -------
    Figure
    """
    if images.ndim == 2:
        side = round(images.shape[1] ** 0.5)
        images = images.reshape(-1, side, side)
    n_columns = min(n_columns, len(images))
    n_rows = -(-len(images) // n_columns)
    height = size + (0.25 if len(titles) else 0)
    figure, axes = plt.subplots(
        n_rows, n_columns, figsize=(size * n_columns, height * n_rows), squeeze=False
    )
    for ax in axes.flat:
        ax.set_axis_off()
    for i, (ax, image) in enumerate(zip(axes.flat, images)):
        ax.imshow(image, cmap="gray_r")
        if i < len(titles):
            ax.set_title(titles[i], fontsize=9, fontweight="normal", loc="center")
    return figure


def learning_curves(history: Any) -> Figure:
    """Draw the lists of a history against the epoch.

    Parameters
    ----------
    history : History

    Returns
    -------
    Figure
        The loss on the left; the accuracy, where there is one, on the right.
    """
    panels = [("loss", history.loss, history.validation_loss)]
    if history.accuracy:
        panels.append(("accuracy", history.accuracy, history.validation_accuracy))
    figure, axes = plt.subplots(1, len(panels), figsize=(3.4 * len(panels), 2.8), squeeze=False)
    for ax, (name, training, validation) in zip(axes.flat, panels):
        for colour, style, values in (
            ("blue", "-", training),
            ("orange", "--", validation),
        ):
            if values:
                ax.plot(range(1, len(values) + 1), values, color=COLOURS[colour], ls=style)
        _label_curves(ax, training, validation)
        ax.set(xlabel="epoch", title=name)
    return figure


def _label_curves(ax: Axes, training: list[float], validation: list[float]) -> None:
    """Name both curves at their ends, above and below each other."""
    ax.margins(x=0.02)
    if not training:
        return
    ax.set_xlim(right=1.42 * len(training))
    lift = 0
    if validation:
        lift = 7 if training[-1] > validation[-1] else -7
        label_line(ax, len(validation), validation[-1], "validation", "orange", xytext=(4, -lift))
    label_line(ax, len(training), training[-1], "training", "blue", xytext=(4, lift))


def network_diagram(ax: Axes, sizes: Sequence[int], most: int = 8) -> None:
    """Draw a network as columns of units, each joined to the next column.

    Inputs are squares, for they compute nothing; below each column stand the number of its
    units and its role.

    Parameters
    ----------
    ax : Axes
    sizes : sequence of int
        Units of each layer, from the input to the output.
    most : int
        A wider layer shows this many, and a gap.
    """
    columns = [_unit_heights(size, most) for size in sizes]
    last, floor = len(sizes) - 1, min(heights.min() for heights in columns)
    for x, (left, right) in enumerate(itertools.pairwise(columns)):
        for a, b in itertools.product(left, right):
            ax.plot([x, x + 1], [a, b], color="#a8a8a8", lw=0.6, ls="-", zorder=1)
    for x, (size, heights) in enumerate(zip(sizes, columns)):
        role = "input" if x == 0 else "output" if x == last else "hidden"
        colour, marker = _ROLES[role]
        ax.scatter(
            [x] * len(heights), heights, s=110, c=COLOURS[colour], marker=marker,
            edgecolors="white", zorder=2,
        )  # fmt: skip
        if size > most:
            ax.text(x, 0, "\u22ee", ha="center", va="center", fontsize=14)
        ax.annotate(
            f"{size:,}\n{role}", (x, floor), xytext=(0, -12), textcoords="offset points",
            ha="center", va="top", fontsize=9,
        )  # fmt: skip
    ax.set_axis_off()
    ax.set_xlim(-0.4, last + 0.4)


def _unit_heights(size: int, most: int) -> np.ndarray:
    """Return where a layer's units stand, with a gap in the middle of a wide one."""
    if size <= most:
        return np.arange(size)[::-1] - (size - 1) / 2
    half = most // 2
    top = np.arange(half) + 1.0
    return np.concatenate([top[::-1], -top])
