"""A lab: controls, a picture, a sentence, the numbers. It only wires; it computes nothing."""

import contextlib
import html
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import ipywidgets as widgets
import numpy as np

from nnlib.explorers.controls import Keys, as_written, move, value_of
from nnlib.explorers.picture import Picture
from nnlib.explorers.run import ONE_BY_ONE, Run
from nnlib.explorers.table import Table
from nnlib.running import limit_threads
from nnlib.validation import require_choice

__all__ = ["Lab"]

# Seconds after which a computation counts as long, and the next one is announced.
LONG = 0.15


class Lab(widgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Controls wired to a computation and its picture.

    Every change of a control computes anew, moves the picture, and writes its
    sentence below it. An error, or a warning, is shown under the buttons; the
    picture then still is that of the last values that worked.

    Parameters
    ----------
    name : str
        The name of the function in ``nnlib.explorers`` that makes this lab.
    compute : callable
        Takes the values of all controls by name and returns a result. Pure: the
        same values give the same result.
    picture : Picture
        Draws a result.
    table : callable
        Takes a result and returns the `Table` of what is drawn.
    controls : dict of str to widget
        By the names of ``compute``'s parameters; one of them is ``seed``.
    presets : dict of str to dict, optional
        Buttons that set several controls at once.
    advance : callable, optional
        Takes a result and returns the next one, or None at the end. With it come
        the buttons "step" and "run". Pure, like ``compute``.
    start : dict
        First values of some controls, instead of their own.

    Attributes
    ----------
    controls : dict of str to widget
    result : object
        What ``compute`` or ``advance`` returned last.
    sentence : str
        What the picture shows, in words.

    Raises
    ------
    TypeError, ValueError
        If ``start`` names no control of this lab, or a value that it cannot take.
    """

    def __init__(
        self,
        name: str,
        compute: Callable[..., Any],
        picture: Picture,
        table: Callable[[Any], Table],
        controls: Mapping[str, Any],
        *,
        presets: Mapping[str, Mapping[str, Any]] | None = None,
        advance: Callable[[Any], Any] | None = None,
        start: Mapping[str, Any] | None = None,
    ) -> None:
        self.name, self.compute, self.picture = name, compute, picture
        self.controls = dict(controls)
        self._table, self._advance = table, advance
        self._run = Run(self.step, self._told, self._label_run)
        self._listening, self._took = False, 0.0
        self._caption, self._message, self._numbers = (widgets.HTML() for _ in range(3))
        # Three lines are kept free, so that nothing below jumps when a sentence grows.
        self._caption.layout.min_height = "62px"
        self._buttons = self._make_buttons(presets or {})
        for key, control in self.controls.items():
            control.add_class(f"nnlib-{key}")
            control.observe(self._on_change, "value")
        self.set(**{**self.values, **dict(start or {})})
        self._defaults = self.values
        super().__init__(
            [
                widgets.Box([*self.controls.values()], layout=_flow()),
                picture.widget,
                self._caption,
                widgets.Box([*self._buttons.values()], layout=_flow()),
                self._message,
                self._numbers,
                Keys(),
            ]
        )
        self.add_class("nnlib-lab")

    def __repr__(self) -> str:
        """Return the line that makes this lab."""
        values = ", ".join(f"{key}={value!r}" for key, value in self.values.items())
        return f"{self.name}({values})"

    @property
    def values(self) -> dict[str, Any]:
        """The values of all controls, by name."""
        return {key: value_of(control) for key, control in self.controls.items()}

    @property
    def figure(self) -> Any:
        """The matplotlib figure, for ``plots.show(lab.figure, alt=lab.sentence)``."""
        return self.picture.figure

    def set(self, **values: Any) -> None:
        """Move controls by name, all at once, and compute anew.

        Raises
        ------
        TypeError, ValueError
            If there is no such control, or it cannot take the value; then, and if
            the computation fails, every control stays where it was.
        """
        with ONE_BY_ONE:
            before = self.values
            try:
                with self._silent():
                    for key, value in values.items():
                        require_choice("control", key, self.controls)
                        move(key, self.controls[key], value)
                self._compute()
            except Exception:
                with self._silent():
                    for key, value in before.items():
                        self.controls[key].value = as_written(self.controls[key], value)
                raise

    def reset(self) -> None:
        """Go back to the values that the lab began with."""
        self.set(**self._defaults)

    def new_seed(self) -> None:
        """Draw everything random anew, from the next seed."""
        self.set(seed=self.controls["seed"].value + 1)

    def step(self, n: int = 1) -> bool:
        """Go on n times; return whether there is more to come."""
        if self._advance is None:
            raise TypeError(f"{self.name} has no steps; its controls are {', '.join(self.values)}")
        with ONE_BY_ONE:
            result: Any = self.result
            for _ in range(n):
                with _strict():
                    following = self._advance(result)
                if following is None:
                    break
                result = following
            if result is not self.result:
                self._show(result)
                return True
            return False

    def close(self) -> None:
        """Take the lab off the page, and give its memory back."""
        self._run.stop()
        parts = list(self.children)
        for part in parts:
            parts += getattr(part, "children", ())
            part.close()
        super().close()

    def table(self) -> Table:
        """Return the numbers of the picture."""
        return self._table(self.result)

    def toggle_table(self) -> None:
        """Show the numbers below the picture, or hide them."""
        self._numbers.value = "" if self._numbers.value else self.table()._repr_html_()

    def _make_buttons(self, presets: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Make the buttons and wire each to what it does."""
        actions: dict[str, Callable[[], Any]] = {
            text: partial(self.set, **values) for text, values in presets.items()
        }
        if self._advance is not None:
            actions |= {"step": self.step, "run": self._run.toggle}
        actions |= {
            "new seed": self.new_seed,
            "reset": self.reset,
            "table": self.toggle_table,
        }
        return {text: self._button(text, action) for text, action in actions.items()}

    def _button(self, text: str, action: Callable[[], Any]) -> widgets.Button:
        layout = widgets.Layout(width="auto", min_width="88px")
        button = widgets.Button(description=text, layout=layout)
        button.add_class(f"nnlib-{text.replace(' ', '-')}")

        def pressed(_: widgets.Button) -> None:
            with self._told(), ONE_BY_ONE:
                if text != "run":
                    self._run.stop()
                action()

        button.on_click(pressed)
        return button

    def _label_run(self, text: str) -> None:
        self._buttons["run"].description = text

    def _on_change(self, _: Any) -> None:
        with self._told(), ONE_BY_ONE:
            if self._listening:
                self._compute()

    def _compute(self) -> None:
        """Compute from the controls, and show the result."""
        self._run.stop()
        if self._took > LONG:
            self._say("computing ...")
        start = time.perf_counter()
        try:
            with _strict():
                result = self.compute(**self.values)
        except BaseException:  # Ctrl-C too: the picture still is the one before
            self._say(getattr(self, "sentence", ""))
            raise
        self._took = time.perf_counter() - start
        self._show(result)

    def _show(self, result: Any) -> None:
        with _strict():
            self.sentence = self.picture.show(result)
        self.result = result
        self._say(self.sentence)
        self._message.value = ""
        if self._numbers.value:
            self._numbers.value = self.table()._repr_html_()

    def _say(self, sentence: str) -> None:
        """Write below the picture."""
        self._caption.value = f'<span role="status">{html.escape(sentence)}</span>'

    @contextlib.contextmanager
    def _silent(self) -> Iterator[None]:
        """Move several controls without computing after each."""
        self._listening = False
        try:
            yield
        finally:
            self._listening = True

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Tell the reader, in the lab, what went wrong."""
        try:
            yield
        except Exception as error:
            text = html.escape(f"{type(error).__name__}: {error}")
            self._message.value = (
                f'<span role="alert"><b>This could not be shown.</b> {text} '
                "The picture still is the one before; reset brings the first values back.</span>"
            )


def _flow() -> widgets.Layout:
    return widgets.Layout(flex_flow="row wrap", max_width="760px")


@contextlib.contextmanager
def _strict() -> Iterator[None]:
    """Make an error of every warning: a lab never shows numbers that numpy doubts.

    One thread: for arrays this small a second one costs more than it brings.
    """
    with limit_threads(1), warnings.catch_warnings(), np.errstate(all="warn", under="ignore"):
        warnings.simplefilter("error")
        yield
