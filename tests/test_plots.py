"""nnlib.plots: what is drawn, read back from the artists; how a figure is shown; errors."""

import struct
from collections.abc import Iterator
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from nnlib import History, plots
from nnlib.plots import (
    COLOURS,
    decision_regions,
    image_grid,
    label_line,
    learning_curves,
    network_diagram,
    show,
    use_style,
)

mpl.use("agg")


@pytest.fixture(autouse=True)
def _style() -> Iterator[None]:
    with mpl.rc_context():
        use_style()
        yield
    plt.close("all")


def texts(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.texts]


# The look


def test_the_style_is_legible_and_its_colours_are_those_of_okabe_and_ito():
    for size in ("font.size", "axes.labelsize", "xtick.labelsize", "ytick.labelsize"):
        assert mpl.rcParams[size] >= 9
    assert mpl.rcParams["figure.facecolor"] == mpl.rcParams["savefig.facecolor"] == "white"
    cycle = list(mpl.rcParams["axes.prop_cycle"])
    assert {style["color"] for style in cycle} <= set(COLOURS.values())
    assert len({(style["color"], style["linestyle"]) for style in cycle}) == len(cycle)


def test_the_distribution_carries_the_style():
    assert (plots.Path(plots.__file__).parent / "course.mplstyle").is_file()


# What is drawn


def test_learning_curves_draw_the_history():
    history = History([3.0, 2.0, 1.0], [3.5, 3.0, 2.5], [0.1, 0.5, 0.9], [0.2, 0.4, 0.6])
    figure = history.plot()
    loss, accuracy = figure.axes
    for ax, training, validation in (
        (loss, history.loss, history.validation_loss),
        (accuracy, history.accuracy, history.validation_accuracy),
    ):
        assert [line.get_ydata().tolist() for line in ax.lines] == [training, validation]
        assert all(list(line.get_xdata()) == [1, 2, 3] for line in ax.lines)
        assert [line.get_linestyle() for line in ax.lines] == ["-", "--"]
        assert sorted(texts(ax)) == ["training", "validation"]
        assert (ax.get_xlabel(), len(ax.lines)) == ("epoch", 2)
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["loss", "accuracy"]


@pytest.mark.parametrize("n_epochs", [0, 1])
def test_learning_curves_of_little(n_epochs: int):
    (ax,) = learning_curves(History(loss=[1.0] * n_epochs)).axes
    assert (len(ax.lines), texts(ax)) == (n_epochs, ["training"] * n_epochs)


def test_decision_regions_colour_the_plane_by_the_answer():
    X, y = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]]), np.array([0, 1, 2])
    asked = []

    def classify(points: np.ndarray) -> np.ndarray:
        asked.append(points)
        return (points[:, 0] > 0.5).astype(int) + (points[:, 0] > 1.5)

    ax = plt.figure().add_subplot()
    decision_regions(ax, classify, X, y, margin=0.5)
    np.testing.assert_array_equal(
        [asked[0].min(axis=0), asked[0].max(axis=0)], [[-0.5] * 2, [2.5, 1.5]]
    )
    mesh, *dots = ax.collections
    grid = mesh.get_array().reshape(201, 201)
    np.testing.assert_array_equal(grid, classify(asked[0]).reshape(201, 201))
    assert (grid[:, 0] == 0).all()
    assert (grid[:, -1] == 2).all()  # columns run along x
    for k, scatter in enumerate(dots):
        np.testing.assert_array_equal(scatter.get_offsets(), X[y == k])
        assert to_hex(scatter.get_facecolor()[0]) == mesh.cmap.colors[k].lower()
    assert len({scatter.get_paths()[0].vertices.tobytes() for scatter in dots}) == 3


@pytest.mark.parametrize("flat", [True, False])
def test_a_grid_of_images(flat: bool):
    images = np.random.default_rng(0).random((12, 8, 8))
    figure = image_grid(
        images.reshape(12, 64) if flat else images, titles="abcdefghijk", n_columns=5
    )
    assert len(figure.axes) == 15
    drawn = [ax.images[0].get_array() for ax in figure.axes if ax.images]
    np.testing.assert_array_equal(drawn, images)
    assert [ax.get_title() for ax in figure.axes[:12]] == [*"abcdefghijk", ""]
    assert not any(ax.axison for ax in figure.axes)


def test_a_diagram_of_a_network():
    ax = plt.figure().add_subplot()
    network_diagram(ax, [3, 2, 20], most=4)
    units = [len(dots.get_offsets()) for dots in ax.collections]
    assert (units, len(ax.lines)) == ([3, 2, 4], 3 * 2 + 2 * 4)
    labels = texts(ax)
    for size in ("3", "2", "20"):
        assert sum(label.split("\n")[0] == size for label in labels) == 1
    assert labels.count("\u22ee") == 1


def test_a_line_is_named_in_its_colour():
    ax = plt.figure().add_subplot()
    label_line(ax, 1, 2, "theory", "grey")
    label_line(ax, 1, 2, "other", "#123456", va="top")
    assert texts(ax) == ["theory", "other"]
    assert [text.get_color() for text in ax.texts] == [COLOURS["grey"], "#123456"]
    assert ax.texts[0].xy == (1, 2)
    assert [text.get_verticalalignment() for text in ax.texts] == ["center", "top"]


# How a figure is shown


def test_one_picture_with_its_sentence(monkeypatch: pytest.MonkeyPatch):
    shown: list[Any] = []
    monkeypatch.setattr("IPython.core.getipython.get_ipython", object)
    monkeypatch.setattr(
        "IPython.display.display", lambda data, **options: shown.append((data, options))
    )
    figure, ax = plt.subplots(figsize=(3, 2))
    ax.plot([0, 1], [0, 1])
    sentence = "One line rises from 0 to 1."
    show(figure, alt=sentence)
    ((data, options),) = shown
    assert set(data) == {"image/png", "text/plain"}
    assert data["text/plain"] == sentence
    assert data["image/png"].startswith(b"\x89PNG")
    assert struct.unpack(">II", data["image/png"][16:24]) == (3 * 144, 2 * 144)
    assert b"matplotlib" not in data["image/png"].lower()  # no version in a stored output
    metadata = {"image/png": {"alt": sentence, "width": 288, "height": 192}}
    assert options == {"metadata": metadata, "raw": True}
    assert plt.get_fignums() == []


def test_outside_of_a_notebook_the_sentence_is_printed(capsys: pytest.CaptureFixture[str]):
    show(plt.figure(), alt="An empty square of white.")
    assert capsys.readouterr().out == "An empty square of white.\n"
    assert plt.get_fignums() == []


# Errors


@pytest.mark.parametrize("alt", ["", "A figure", None, 5])
def test_a_figure_needs_a_sentence(alt: Any):
    figure = plt.figure()
    with pytest.raises(
        ValueError, match=r"alt must be a sentence that tells what the picture shows"
    ):
        show(figure, alt=alt)
    assert plt.get_fignums() == [figure.number]  # it can still be shown


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch):
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr("nnlib.validation.errors.importlib.import_module", missing)
    with pytest.raises(ImportError, match=r"matplotlib.*pip install 'nnlib-course\[plots\]'"):
        History().plot()
