"""The picture of a lab: built once, then only what moves is drawn again."""

from typing import Any, ClassVar, TypeVar

import ipywidgets as widgets
import matplotlib.style
import traitlets
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from nnlib import plots
from nnlib.explorers.png import png

__all__ = ["Picture"]

# Dots per inch that are drawn, and that a browser shows: text stays sharp when it is enlarged.
DRAWN, SHOWN = 120, 96

A = TypeVar("A", bound=Artist)


class _Described(widgets.Image):  # type: ignore[misc]  # ipywidgets has no types
    """An image that can be shown with a tooltip.

    JupyterLab reads the description of whatever has a tooltip, and fails without one.
    """

    description = traitlets.Unicode("").tag(sync=True)


class Picture:
    """A figure of fixed size, for a lab.

    A subclass writes two methods. ``build`` draws everything once, and passes each
    artist that a result changes through ``moves``. ``update`` moves those artists
    to a result. Whatever else it changes, such as the limits of an axis, it has to
    tell by calling ``redraw``: that costs as much as all other steps together.

    The figure is made without pyplot, so nothing has to be closed. Only the picture that
    was drawn last keeps its pixels: a notebook may open many labs.

    Attributes
    ----------
    size : tuple of float
        Width and height in inches, 96 pixels of the screen each.
    figure : Figure
    widget : ipywidgets.Image
        Shows the picture; its tooltip is the sentence for those who cannot see it.
    """

    size = (7.2, 3.4)
    _last: "ClassVar[Picture | None]" = None

    def __init__(self) -> None:
        with matplotlib.style.context(plots.STYLE):
            self.figure = Figure(figsize=self.size, dpi=DRAWN)
            self.canvas = self._new_canvas()
            self._moving: list[Artist] = []
            self._still: Any = None
            self.build(self.figure)
            # Laid out once: from here on nothing shifts, whatever is drawn.
            self.canvas.draw()
            self.figure.set_layout_engine("none")
        width, height = (f"{round(SHOWN * inches)}px" for inches in self.size)
        layout = widgets.Layout(width=width, height=height, flex="none")
        self.widget = _Described(format="png", layout=layout)
        self.widget.add_class("nnlib-picture")

    def build(self, figure: Figure) -> None:
        """Draw what every result shares."""
        raise NotImplementedError(f"{type(self).__name__} has no build")

    def update(self, result: Any) -> str:
        """Move the artists to a result; return one sentence that says what they show."""
        raise NotImplementedError(f"{type(self).__name__} has no update")

    def moves(self, artist: A) -> A:
        """Return an artist that is drawn again for every result, in the order of these calls.

        One that is not clipped to its axes needs data when it is built, or the layout
        collapses.
        """
        artist.set_animated(True)
        self._moving.append(artist)
        return artist

    def redraw(self) -> None:
        """Draw also what stands still, the next time."""
        self._still = None

    def show(self, result: Any) -> str:
        """Put a result on the screen; return its sentence."""
        sentence = self.update(result)
        with self.widget.hold_sync():  # one message: the picture and its name come together
            self.widget.value = self.png()
            self.widget.tooltip = sentence
        return sentence

    def png(self) -> bytes:
        """Return the picture as it stands."""
        if Picture._last not in (self, None):
            Picture._last._let_go()
        Picture._last = self
        if self._still is None:
            with matplotlib.style.context(plots.STYLE):
                self.canvas.draw()
            self._still = self.canvas.copy_from_bbox(self.figure.bbox)
        self.canvas.restore_region(self._still)
        renderer = self.canvas.get_renderer()
        for artist in self._moving:
            artist.draw(renderer)
        return png(self.canvas.buffer_rgba())

    def _let_go(self) -> None:
        """Keep no pixels: the next result is drawn from nothing."""
        self._still, self.canvas = None, self._new_canvas()

    def _new_canvas(self) -> Any:
        return FigureCanvasAgg(self.figure)
