"""The canvas of draw_digit in a browser: mouse, keyboard, clear and undo, and Python's answer."""

import ast
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("playwright", reason="no browser tests: playwright is not installed")

import browser
from browser import LabView, NotebookPage

chromium, jupyter = browser.chromium, browser.jupyter  # fixtures
SEVEN = [(0.25, 0.15), (0.75, 0.15), (0.45, 0.9)]


class CanvasView(LabView):
    """The lab on the screen, with its canvas."""

    def draw(self, points: list[tuple[float, float]], steps: int = 8) -> None:
        """Draw a stroke with the mouse."""
        mouse = self.page.mouse
        for k, (x, y) in enumerate(points):
            box = self.root.locator(".nnlib-canvas-field").bounding_box()
            mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=steps)
            if k == 0:
                mouse.down()
        mouse.up()

    def press_button(self, name: str) -> None:
        self.root.get_by_role("button", name=name, exact=True).click()

    def labels(self) -> list[str]:
        """Return what a screen reader says of the 64 cells."""
        return self.root.get_by_role("gridcell").evaluate_all(
            "cells => cells.map(cell => cell.getAttribute('aria-label'))"
        )

    def value(self) -> list[Any]:
        """Return the drawing that Python holds, at rest."""
        self.page.wait_for_timeout(200)
        outputs = self.page.evaluate(
            """async () => {
                const notebook = jupyterapp.shell.currentWidget.content;
                const focused = document.activeElement;
                notebook.activeCellIndex = 1;
                await jupyterapp.commands.execute('notebook:run-cell');
                focused.focus();
                return notebook.widgets[1].model.outputs.toJSON();
            }"""
        )
        return ast.literal_eval(outputs[0]["text"])

    def expect_python(self, why: str) -> list[Any]:
        """Wait for what Python makes of the drawing, in picture and words; return the drawing."""
        strokes = self.value()
        lab = browser.make_lab("draw_digit", {"strokes": strokes})
        self.expect(browser.shown_by(lab), why)
        return strokes


@pytest.fixture(scope="module")
def page(chromium: Any, jupyter: Any) -> Iterator[NotebookPage]:
    path = browser.notebook(
        jupyter.folder / "canvas.ipynb",
        "import nnlib\nlab = nnlib.explorers.draw_digit()\nlab",
        "print(lab.values['strokes'])",
    )
    with NotebookPage(chromium, jupyter, path) as page:
        page.run(0)
        yield page
        assert page.errors == []
        assert page.outside() == []


@pytest.fixture
def lab(page: NotebookPage) -> CanvasView:
    view = CanvasView(page.page, page.lab(0).root)
    view.press_button("reset")
    view.expect_python("reset")
    return view


def test_a_stroke_of_the_mouse_is_read_as_python_reads_it(lab: CanvasView):
    before = lab.shown()
    lab.draw(SEVEN)
    (stroke,) = lab.expect_python("after a stroke")
    assert lab.shown() != before
    np.testing.assert_allclose([stroke[0], stroke[-1]], [SEVEN[0], SEVEN[-1]], atol=0.01)
    # Every point lies on the way of the mouse: on the bar, or on the slanted line.
    x, y = np.array(stroke).T
    slanted = np.abs((x - 0.75) * 0.75 + (y - 0.15) * 0.3) / np.hypot(0.75, 0.3)
    assert np.all(np.minimum(np.abs(y - 0.15), slanted) < 0.01)
    assert "reads 7" in lab.shown().sentence


def test_the_picture_follows_while_the_stroke_still_grows(lab: CanvasView):
    lab.press_button("clear")
    assert lab.expect_python("cleared") == []
    mouse, box = lab.page.mouse, lab.root.locator(".nnlib-canvas-field").bounding_box()
    middle = box["x"] + box["width"] / 2
    mouse.move(middle, box["y"] + 20)
    mouse.down()
    mouse.move(middle, box["y"] + 120, steps=6)
    strokes = lab.expect_python("the button still down")
    assert strokes[0][-1][1] == pytest.approx(120 / box["height"], abs=0.01)
    mouse.move(middle, box["y"] + 200, steps=6)
    mouse.up()
    assert len(lab.expect_python("released")[0]) > len(strokes[0])


def test_an_example_gives_way_and_undo_brings_it_back(lab: CanvasView):
    example = lab.value()
    lab.draw(SEVEN)
    first = lab.expect_python("the example is gone")
    assert len(first) == 1
    lab.draw([(0.3, 0.5), (0.7, 0.5)])
    assert len(lab.expect_python("a second stroke")) == 2
    lab.press_button("undo")
    assert lab.expect_python("one undone") == first
    lab.press_button("clear")
    assert lab.expect_python("cleared") == []
    assert "Nothing is drawn" in lab.shown().sentence
    lab.press_button("undo")
    assert lab.expect_python("clear undone") == first
    lab.press_button("undo")
    assert lab.expect_python("all undone") == example


def test_the_grid_answers_to_the_keyboard(lab: CanvasView):
    lab.press_button("clear")
    lab.root.locator(".nnlib-canvas-undo").focus()
    press = lab.page.keyboard.press
    press("Tab")  # the grid is one tab stop
    focused = "document.activeElement.getAttribute('aria-label')"
    assert lab.page.evaluate(focused) == "row 1, column 1, empty"
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "Space"):
        press(key)
    assert lab.page.evaluate(focused) == "row 2, column 3, ink"
    assert lab.expect_python("one cell") == [[1, 2, 16]]
    for key in ("ArrowUp", "ArrowUp", "End", "Enter", "ArrowRight", "Home", "ArrowLeft", "Space"):
        press(key)
    assert lab.expect_python("three cells") == [[1, 2, 16], [0, 7, 16], [0, 0, 16]]
    assert [k for k, text in enumerate(lab.labels()) if text.endswith("ink")] == [0, 7, 10]
    press("Space")
    assert lab.expect_python("wiped") == [[1, 2, 16], [0, 7, 16]]
    press("Tab")
    assert lab.page.evaluate("document.activeElement.closest('.nnlib-canvas-grid')") is None
    lab.press_button("undo")
    assert lab.expect_python("undone") == [[1, 2, 16], [0, 7, 16], [0, 0, 16]]


def test_what_python_sets_is_drawn(lab: CanvasView):
    lab.press_button("chessboard")
    cells = lab.expect_python("a preset")
    assert len(cells) == 32
    assert sum(text.endswith("ink") for text in lab.labels()) == 32
    dark = """canvas => {
        const side = canvas.width, at = k => Math.round((k + 0.5) / 8 * side);
        const pen = canvas.getContext('2d');
        return [0, 1].map(k => pen.getImageData(at(k), at(0), 1, 1).data[0]);
    }"""
    assert json.dumps(lab.root.locator("canvas").evaluate(dark)) == "[0, 255]"


def test_the_field_keeps_a_finger_from_scrolling(lab: CanvasView):
    field = lab.root.locator(".nnlib-canvas-field")
    assert field.evaluate("e => getComputedStyle(e).touchAction") == "none"
    send = """(field, [type, x, y]) => {
        const box = field.getBoundingClientRect();
        field.dispatchEvent(new PointerEvent(type, {
            pointerId: 1, pointerType: 'touch', bubbles: true, cancelable: true,
            clientX: box.left + x * box.width, clientY: box.top + y * box.height,
        }));
    }"""
    field.evaluate("field => { field.setPointerCapture = () => {}; }")
    for step in (["pointerdown", 0.5, 0.1], ["pointermove", 0.5, 0.9], ["pointerup", 0.5, 0.9]):
        field.evaluate(send, step)
    assert lab.expect_python("a finger") == [[[0.5, 0.1], [0.5, 0.9]]]
