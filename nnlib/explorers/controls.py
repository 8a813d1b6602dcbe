"""The controls of the labs: all of them answer to the keyboard."""

from collections.abc import Sequence
from typing import Any

import anywidget
import ipywidgets as widgets

__all__ = ["Keys", "choice", "seed", "slider", "steps", "switch"]

_WIDTH = widgets.Layout(width="340px")
_STYLE = {"description_width": "104px"}


class Keys(anywidget.AnyWidget):  # type: ignore[misc,unused-ignore]  # ipywidgets has no types
    """Nothing to see: leaves the keys that are pressed in a lab to its controls.

    Without it JupyterLab takes the arrows that choose from a list to go to another
    cell, and a letter to add or to delete one.
    """

    _esm = """
    export default {
      render({ el }) {
        el.style.display = "none";
        const begin = () => {
          const lab = el.closest(".nnlib-lab");
          if (!lab) return requestAnimationFrame(begin); // not yet on the page
          lab.addEventListener("focusin", (event) =>
            event.target.setAttribute("data-lm-suppress-shortcuts", "true"));
        };
        begin();
      },
    };
    """


def slider(
    text: str, value: float, low: float, high: float, step: float, form: str = ".2f"
) -> widgets.FloatSlider | widgets.IntSlider:
    """Return a slider: arrow keys move it by one step, Home and End to its ends.

    Parameters
    ----------
    text : str
        What stands before it.
    value, low, high, step : float
        If all four are whole numbers the slider gives int, else float.
    form : str
        How a float is written.
    """
    whole = all(isinstance(number, int) for number in (value, low, high, step))
    kind, form = (widgets.IntSlider, "d") if whole else (widgets.FloatSlider, form)
    return kind(
        value, min=low, max=high, step=step, description=text, readout_format=form,
        style=_STYLE, layout=_WIDTH,
    )  # fmt: skip


def steps(text: str, value: Any, values: Sequence[Any]) -> widgets.SelectionSlider:
    """Return a slider over given values, such as 0.001, 0.01, 0.1."""
    return widgets.SelectionSlider(
        options=[(f"{v:g}" if isinstance(v, float) else str(v), v) for v in values],
        value=value, description=text, style=_STYLE, layout=_WIDTH,
    )  # fmt: skip


def choice(text: str, value: str, values: Sequence[str]) -> widgets.Dropdown:
    """Return a list of names to choose one from."""
    return widgets.Dropdown(
        options=list(values), value=value, description=text, style=_STYLE, layout=_WIDTH
    )


def switch(text: str, value: bool) -> widgets.Checkbox:
    """Return a box to tick."""
    return widgets.Checkbox(value, description=text, style=_STYLE, layout=_WIDTH)


def seed(value: int = 0) -> widgets.BoundedIntText:
    """Return the number from which everything random is drawn."""
    return widgets.BoundedIntText(
        value, min=0, max=2**31 - 1, description="seed", style=_STYLE, layout=_WIDTH
    )
