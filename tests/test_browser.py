"""The labs in a real JupyterLab: keys move every control, and the right picture comes.

The right picture is that of the same lab, made in this process and set to the same values:
the PNG's bytes, its accessible name, the sentence below it and the numbers have to agree.
"""

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import browser
import nbformat
import plan
import pytest
from browser import Jupyter, LabView, NotebookPage, make_lab, next_press, notebook, shown_by

from nnlib import explorers, mlp
from nnlib.explorers.labs import signal_lab

chromium, jupyter = browser.chromium, browser.jupyter  # the fixtures

# Every lab of every notebook: the cell that shows it, its name, its first values.
CALLS = [(path, call) for path in plan.course_notebooks() for call in browser.lab_calls(path)]
SEEN = sorted({path for path, _ in CALLS})
LABS = sorted(set(explorers.__all__) - {"Lab", "Picture", "Table"})
# Presses of one key, at most, until a control changes the picture.
PRESSES = 10


def first_code(path: Path) -> int:
    """Return the place of the cell with the imports."""
    kinds = [cell.cell_type for cell in plan.read_notebook(path).cells]
    return kinds.index("code")


def check_control(view: LabView, mirror: Any, key: str, seconds: float = browser.PATIENCE) -> None:
    """Press a control's key until its picture is another one; the browser has to follow."""
    before = mirror.picture.widget.value
    for _ in range(PRESSES):
        inside, pressed, value = next_press(mirror.controls[key])
        view.press(key, pressed, inside)
        mirror.set(**{key: value})
        view.expect(shown_by(mirror, table=True), f"{mirror.name}: {key} = {value}", seconds)
        if mirror.picture.widget.value != before:
            return
    raise AssertionError(f"{mirror.name}: {PRESSES} presses of {key} change nothing")


def check_buttons(view: LabView, mirror: Any) -> None:
    """Press every button but run, by Enter and by Space in turn."""
    texts = [text for text in mirror._buttons if text not in {"run", "table", "reset"}]
    for k, text in enumerate([*texts, "reset"]):
        view.press(text, ("Enter", "Space")[k % 2])
        mirror._buttons[text].click()
        view.expect(shown_by(mirror, table=True), f"{mirror.name}: {text}")


def check_lab(view: LabView, mirror: Any) -> None:
    """Walk through a lab by keyboard: the table, every control, every button."""
    view.expect(shown_by(mirror), f"{mirror.name}: opened")
    view.watch()
    view.press("table", "Enter")
    view.expect(shown_by(mirror, table=True), f"{mirror.name}: table")
    for key, control in mirror.controls.items():
        if next_press(control) is not None:
            check_control(view, mirror, key)
    check_buttons(view, mirror)
    view.press("table", "Space")
    view.expect(shown_by(mirror), f"{mirror.name}: the table goes")
    seen = view.seen()
    assert seen["blank"] == 0, f"{mirror.name}: {seen['blank']} of {seen['frames']} frames blank"
    assert seen["jump"] <= 1, f"{mirror.name}: the buttons jump by {seen['jump']} pixels"


def check_notebook(chromium: Any, jupyter: Jupyter, path: Path, whole: bool) -> None:
    """Open a copy of a notebook, run its labs' cells, or all of them, and use the labs."""
    copy = Path(shutil.copy(path, jupyter.folder))
    calls = browser.lab_calls(path)
    cells = plan.read_notebook(path).cells
    code = [k for k, cell in enumerate(cells) if cell.cell_type == "code"]
    wanted = code if whole else sorted({code[0], *(call.cell for call in calls)})
    with NotebookPage(chromium, jupyter, copy) as page:
        for cell in wanted:
            page.run(cell)
            for call in calls:
                if call.cell == cell:
                    check_lab(page.lab(cell), make_lab(call.name, call.start))
        assert page.outside() == []
        assert page.errors == []


@pytest.mark.parametrize("path", SEEN, ids=lambda path: path.stem)
def test_the_labs_of_a_notebook_follow_the_keys(chromium: Any, jupyter: Jupyter, path: Path):
    check_notebook(chromium, jupyter, path, whole=False)


@pytest.mark.full
@pytest.mark.parametrize("path", SEEN, ids=lambda path: path.stem)
def test_a_whole_notebook_runs_in_jupyterlab(chromium: Any, jupyter: Jupyter, path: Path):
    check_notebook(chromium, jupyter, path, whole=True)


# One page for what every lab shares: each cell shows another lab.
CELLS = {
    "imports": "import nnlib\nfrom nnlib.explorers import neuron, signal_lab",
    "disconnected": (
        'lab = neuron()\nlab.controls["bias"].unobserve_all()\n'
        'lab._buttons["XOR"]._click_handlers.callbacks.clear()\nlab'
    ),
    "wrong": "lab = neuron()\nlab.compute = lambda **values: 1 // 0\nlab",
    "fast": "neuron()",
    "running": "stack = signal_lab(depth=20, width=200)\nstack",
    "from Python": "stack.set(depth=3)",
}


@pytest.fixture(scope="module")
def page(chromium: Any, jupyter: Jupyter) -> Any:
    path = notebook(jupyter.folder / "machinery.ipynb", *CELLS.values())
    with NotebookPage(chromium, jupyter, path) as opened:
        opened.run(0)
        yield opened
        assert opened.outside() == []


def show(page: NotebookPage, name: str) -> LabView:
    cell = list(CELLS).index(name)
    page.run(cell)
    return page.lab(cell)


def test_a_control_or_a_button_without_its_wire_is_found(page: NotebookPage):
    view, mirror = show(page, "disconnected"), make_lab("neuron")
    view.press("table", "Enter")
    check_control(view, mirror, "w1")
    with pytest.raises(
        AssertionError, match=r"neuron: bias = -0\.7: picture: .*sentence: .*-0\.70"
    ):
        check_control(view, mirror, "bias", seconds=1.5)
    mirror.set(data="NAND")
    view.press("data", "ArrowDown", "select")
    view.press("XOR", "Enter")
    mirror._buttons["XOR"].click()
    with pytest.raises(AssertionError, match="the button does nothing"):
        view.expect(shown_by(mirror, table=True), "the button does nothing", 1.5)


def test_an_error_in_a_callback_is_told_on_the_page(page: NotebookPage):
    view, mirror = show(page, "wrong"), make_lab("neuron")
    view.press("w1", "ArrowRight", ".noUi-handle")
    alert = view.root.get_by_role("alert")
    alert.wait_for()
    assert "ZeroDivisionError: integer division or modulo by zero" in alert.inner_text()
    assert alert.is_visible()
    now = view.shown()
    assert now is not None
    assert now._replace(message=None) == shown_by(mirror)


def test_fifteen_fast_presses_end_on_the_picture_of_the_last_value(page: NotebookPage):
    view, mirror = show(page, "fast"), make_lab("neuron")
    view.expect(shown_by(mirror), "opened")
    view.watch()
    for _ in range(15):
        view.press("w1", "ArrowRight", ".noUi-handle")
        time.sleep(0.02)
    mirror.set(w1=2.5)
    view.expect(shown_by(mirror), "the last of fifteen values")
    time.sleep(0.5)
    assert view.shown() == shown_by(mirror)
    seen = view.seen()
    assert seen["pictures"] >= 1
    assert (seen["blank"], seen["jump"]) == (0, 0)


def steps(sentence: str | None) -> int:
    """Return how many steps of training a sentence of signal_lab tells."""
    found = re.search(r"after (\d+) steps", sentence or "")
    return int(found[1]) if found else 0


def wait_for_steps(view: LabView, more_than: int) -> None:
    end = time.monotonic() + browser.PATIENCE
    while steps((now := view.shown()) and now.sentence) <= more_than:
        assert time.monotonic() < end, f"the run shows no step after {more_than}"


def test_run_starts_stop_stops_and_a_slider_begins_again(page: NotebookPage):
    view, mirror = show(page, "running"), make_lab("signal_lab", {"depth": 20, "width": 200})
    button = view.root.locator(".nnlib-run")
    view.press("run", "Enter")
    wait_for_steps(view, 0)
    assert button.inner_text() == "stop"
    view.press("run", "Space")
    page.page.wait_for_function("e => e.textContent === 'run'", arg=button.element_handle())
    time.sleep(0.3)
    stopped = view.shown()
    time.sleep(0.5)
    assert view.shown() == stopped
    assert 0 < steps(stopped.sentence) < signal_lab.N_STEPS
    while steps(mirror.sentence) < steps(stopped.sentence):
        mirror.step()
    assert stopped == shown_by(mirror)
    view.press("run", "Enter")
    wait_for_steps(view, steps(stopped.sentence))
    view.press("depth", "ArrowRight", ".noUi-handle")
    mirror.set(depth=21)
    view.expect(shown_by(mirror), "a slider ends the run")
    assert button.inner_text() == "run"
    view.press("run", "Enter")
    wait_for_steps(view, 0)
    page.run(list(CELLS).index("from Python"))
    mirror.set(depth=3)
    view.expect(shown_by(mirror), "a value from Python ends the run")


# The picture of a network

# A stored output: whether it is trusted, then what is seen of it and what is heard.
PICTURE = """() => {
    const {model, node} = jupyterapp.shell.currentWidget.content.widgets[0];
    const image = node.querySelector('.jp-OutputArea-output img');
    const table = node.querySelector('.jp-OutputArea-output pre');
    return [model.trusted, image.naturalWidth, image.alt, table.textContent];
}"""


def test_a_network_in_a_notebook_that_is_not_trusted(chromium: Any, jupyter: Jupyter):
    network = mlp([4, 3, 2], rng=0)
    path = notebook(jupyter.folder / "stored.ipynb", "network")
    stored = plan.read_notebook(path)
    data = {"text/plain": repr(network), "text/html": network._repr_html_()}
    stored.cells[0].outputs = [nbformat.v4.new_output("execute_result", data, execution_count=1)]
    plan.write_notebook(stored, path)
    with NotebookPage(chromium, jupyter, path) as page:
        page.page.wait_for_selector(".jp-OutputArea-output img")
        trusted, width, words, table = page.page.evaluate(PICTURE)
        assert not trusted
        assert width > 200  # the picture was decoded
        assert words == "Network, 23 parameters: 4 inputs; 3 units, relu; 2 outputs"
        assert table == repr(network)
        assert page.outside() == []


# Memory

# What loads once is loaded first: the packages, the digits with scikit-learn, the fonts of a lab.
# Then all labs are opened, moved and closed, one after the other; the sizes are what the process
# holds, in MB, before and after each round.
MEMORY = """
import gc, json
import matplotlib.pyplot as plt
import psutil
from nnlib import datasets, explorers

def used():
    gc.collect()
    return psutil.Process().memory_info().rss / 2**20

datasets.digits(rng=0)
explorers.neuron().close()
sizes = [used()]
for _ in range(2):
    for name in LABS:
        lab = getattr(explorers, name)()
        lab.new_seed()
        lab.close()
    sizes.append(used())
print(json.dumps([sizes, plt.get_fignums()]))
"""


def test_all_labs_in_one_kernel_leave_no_figure_and_little_memory():
    run = subprocess.run(
        [sys.executable, "-c", f"LABS = {LABS!r}\n{MEMORY}"],
        capture_output=True,
        encoding="utf-8",
        check=True,
        cwd=plan.ROOT,
    )
    (before, first, second), figures = json.loads(run.stdout)
    assert figures == []
    assert first - before < 50
    assert second - first < 10


@pytest.mark.parametrize("name", LABS)
def test_a_picture_that_let_its_pixels_go_is_drawn_as_before(name: str):
    lab = make_lab(name)
    first = lab.picture.widget.value
    make_lab("neuron")
    lab.set()
    assert lab.picture.widget.value == first
