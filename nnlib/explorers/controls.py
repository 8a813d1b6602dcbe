"""The controls of the labs: all of them answer to the keyboard."""

from collections.abc import Sequence
from typing import Any

import anywidget
import ipywidgets as widgets

from nnlib.validation import require_between, require_choice, require_integer

__all__ = [
    "Keys",
    "as_written",
    "choice",
    "move",
    "seed",
    "slider",
    "steps",
    "switch",
    "value_of",
]

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
        value, min=0, max=999_999, description="seed", style=_STYLE, layout=_WIDTH
    )


def value_of(control: Any) -> Any:
    """Return the value of a control; a browser writes 1.1 as 1.0999999999999996."""
    return round(control.value, 10) if isinstance(control, widgets.FloatSlider) else control.value


def as_written(control: Any, value: Any) -> Any:
    """Return a value as a browser's slider writes it: nothing then comes back from there.

    What came back late would undo what was set meanwhile.
    """
    if not isinstance(control, widgets.FloatSlider):
        return value
    width = control.max - control.min
    steps, step = (value - control.min) / control.step, control.step * 100 / width
    if abs(steps - round(steps)) > 1e-6 or value >= control.max:
        return value
    return round(steps) * step * width / 100 + control.min


def move(key: str, control: Any, value: Any) -> None:
    """Give a control a value.

    Raises
    ------
    TypeError, ValueError
        If it cannot take the value; the message says which values it takes.
    """
    if isinstance(control, widgets.Checkbox) and not isinstance(value, bool):
        raise TypeError(f"{key} must be True or False, got {value!r}")
    if isinstance(control, widgets.Dropdown | widgets.SelectionSlider):
        _require_option(key, value, control.options)
    elif isinstance(control, widgets.IntSlider | widgets.BoundedIntText):
        value = require_integer(key, value, least=control.min)
    if hasattr(control, "max"):
        require_between(key, value, control.min, control.max, closed=True)
    control.value = as_written(control, value)


def _require_option(key: str, value: Any, options: Sequence[Any]) -> None:
    known = [option[1] if isinstance(option, tuple) else option for option in options]
    if all(isinstance(option, str) for option in known):
        require_choice(key, value, known)
        return
    require_between(key, value, min(known), max(known), closed=True)
    if value not in known:
        listed = ", ".join(f"{option:g}" for option in known)
        raise ValueError(f"{key} must be one of {listed}, got {value!r}")
