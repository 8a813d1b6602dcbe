"""The stored notebooks keep their form, and the tools that store and compare them work."""

import base64
import io
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import notebook_lint
import plan
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from nbformat.v4 import new_output
from PIL import Image
from sample import VERSION, checkout, code, edit, first, md, pytest_in, red_cells, store, tree

import conftest as root_conftest
import notebooks

ALT = "A black square stands on a white ground."


@pytest.mark.parametrize("path", plan.course_notebooks(), ids=lambda path: path.stem)
def test_a_stored_notebook_keeps_its_form(path: Path):
    found = notebook_lint.complaints(path)
    assert found == [], "\n".join(found)


# The rules, each with a page that breaks it


@pytest.fixture
def course(tmp_path: Path) -> Path:
    return tree(tmp_path)


def complain(course: Path, cells: list[NotebookNode]) -> list[str]:
    path = store(course / "notebooks" / "01_neuron.ipynb", cells)
    return notebook_lint.complaints(path, course)


def picture(size: tuple[int, int] = (8, 6), blank: bool = False) -> str:
    image = Image.new("L", size, 255)
    if not blank:
        image.paste(0, (1, 1, 3, 3))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()


def drawing(alt: str = ALT, plain: str | None = None, blank: bool = False) -> NotebookNode:
    cell = code(f"plots.show(figure, alt={alt!r})\nprint(1)", prints="1\n")
    data = {"image/png": picture(blank=blank), "text/plain": alt if plain is None else plain}
    metadata = {"image/png": {"alt": alt, "width": 8, "height": 6}}
    cell.outputs.append(new_output("display_data", data=data, metadata=metadata))
    return cell


def test_the_sample_has_no_fault(course: Path):
    for path in plan.course_notebooks(course):
        assert notebook_lint.complaints(path, course) == []
    assert complain(course, first(drawing(), md("See 1.234 (Rosenblatt, 1958)."))) == []


def holding(*outputs: NotebookNode) -> NotebookNode:
    """Return a cell with these outputs."""
    cell = code("x = 1")
    cell.outputs = list(outputs)
    return cell


def half_drawn(kept: int) -> NotebookNode:
    """Return a drawing cell that has lost its text or its picture."""
    cell = drawing()
    cell.outputs = [cell.outputs[kept]]
    return cell


ERROR = new_output("error", ename="ValueError", evalue="no", traceback=[])
STDERR = new_output("stream", name="stderr", text="Warning\n")
FIGURE = new_output("display_data", data={"text/plain": "<Figure size 640x480 with 1 Axes>"})
SKIP = "# The seconds differ.\nx = 1"
LONG_CLASS = "class A:\n" + "    x = 1\n" * 40
PLAIN_HEADING = md("## 1.2 More")
PLAIN_HEADING.metadata.clear()


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        (holding(ERROR), "a stored error"),
        (holding(STDERR), "on stderr"),
        (code("x = 1\nprint(x)"), "prints, and no output is stored"),
        (code("for x in range(3):\n    print(x)"), "prints, and no output is stored"),
        (half_drawn(0), "draws 1 figures and stores 0"),
        (holding(FIGURE), "without its picture"),
        (code("plt.show()"), "plots.show(figure, alt=...)"),
        (half_drawn(1), "draws and prints nothing"),
        (drawing(blank=True), "blank figure"),
        (drawing(alt=""), "alternative text ''"),
        (drawing(alt="A square."), "alternative text 'A square.'"),
        (drawing(alt=ALT[:-1]), "alternative text"),
        (drawing(alt="A figure of a black square on a ground."), "alternative text"),
        (drawing(plain="<Figure>"), "text/plain is not its alternative text"),
        (code("x = 1  # NBVAL_SKIP"), "does not see the marker"),
        (code("# NBVAL_IGNORE\nx = 1"), "does not see the marker"),
        (code("x = 1", "nbval-ignored"), "unknown tags ['nbval-ignored']"),
        (md("text", "exercises"), "unknown tags ['exercises']"),
        (code("x = 1", "nbval-skip"), "ignored without a reason"),
        (code("x = 1;"), "ends in ;"),
        (code("x = 1", prints="0.49641003\n"), "7 or more decimals"),
        (code("x = 1", prints="<A at 0x7f1234567890>\n"), "address"),
        (code("x = 1", prints="[-0.  1.]\n"), "prints -0."),
        (code("x = 1", prints="loss -0.0000\n"), "prints -0.0000"),
        (code("open('/home/me/data.csv')"), "absolute path"),
        (code("x = 1", prints="C:\\Users\n"), "absolute path"),
        (md("It gives 0.731."), "0.731 is printed by no cell"),
        (md("It gives 3.000."), "3.000 is printed by no cell"),
        (md("So $x = 1.5312e-5$."), "1.5312e-5 is printed by no cell"),
        (code("x = " + "1" * 73), "77 columns"),
        (code("x = 1\n" * 21), "21 lines; at most 20"),
        (code(f"def f():\n{'    x = 1' + chr(10)}" * 21, "exercise"), "42 lines"),
        (code("def f():\n" + "    x = 1\n" * 20, "promote:layers"), "a promoted function of 21"),
        (code(LONG_CLASS, "promote:layers"), "a promoted class of 41"),
        (code("import math"), "only the first code cell does"),
        (code("from nnlib import relu"), "only the first code cell does"),
        (md("# 1 Neuron again"), "expected one # title"),
        (md("#### Deep"), "skips a heading level"),
        (md("## Summary"), "closes with ## Summary, ## Exercises, ## References"),
        (md("Some text.\n\n## 1.9 Late"), "in the middle of a cell"),
        (PLAIN_HEADING, "a heading on a cell of slide type None"),
        (md("This is simply a sum."), "'simply'"),
        (md("Let's dive in."), '"Let\'s dive"'),
        (md("Well done \U0001f389"), "pictograph"),
    ],
)
def test_each_rule_finds_its_fault(course: Path, cell: NotebookNode, says: str):
    report = complain(course, first(cell))
    assert any(says in line for line in report), report
    assert len(report) <= 2, report


def test_a_cell_that_was_not_run_or_not_in_order_is_found(course: Path):
    path = course / "notebooks" / "01_neuron.ipynb"
    for counts in ([1, None, 3], [1, 3, 2], [2, 3, 4]):
        notebook = plan.read_notebook(path)
        for cell, count in zip(plan.code_cells(notebook), counts):
            cell.execution_count = count
        plan.write_notebook(notebook, path)
        (report,) = notebook_lint.complaints(path, course)
        assert "are not 1..3; run: make run" in report


def test_cleared_outputs_are_found_with_and_without_their_counts(course: Path):
    path = course / "notebooks" / "01_neuron.ipynb"
    notebook = plan.read_notebook(path)
    for cell in plan.code_cells(notebook):
        cell.outputs = []
    plan.write_notebook(notebook, path)
    report = "\n".join(notebook_lint.complaints(path, course))
    assert "prints, and no output is stored" in report
    assert "3.0000 is printed by no cell" in report


def test_more_than_one_ignored_cell_is_found(course: Path):
    one = complain(course, first(code(SKIP, "nbval-ignore-output")))
    assert one == []
    two = complain(course, first(code(SKIP, "nbval-skip"), code(SKIP, "nbval-ignore-output")))
    assert two == ["01_neuron.ipynb: 2 ignored cells; at most 1"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (VERSION, VERSION.replace("0.1.0", "0.2.0"), "hold the line: assert nnlib.__version__"),
        ("import nnlib\n", "from nnlib import relu\n", "hold the line: import nnlib"),
        ("## References", "## Sources", "closes with"),
        ("## Exercises", "## 1.8 Exercises", ""),
    ],
)
def test_the_first_and_the_last_cells_are_held(course: Path, old: str, new: str, says: str):
    path = course / "notebooks" / "01_neuron.ipynb"
    edit(path, old, new)
    report = notebook_lint.complaints(path, course)
    assert (len(report) == 1 and says in report[0]) if says else report == []


def test_metadata_that_changes_with_machines_is_found_and_cleaned(course: Path):
    path = course / "notebooks" / "01_neuron.ipynb"
    notebook = plan.read_notebook(path)
    before = path.read_bytes()
    notebook.metadata["language_info"] = {"name": "python", "version": "3.11.9"}
    notebook.cells[1].metadata["execution"] = {"iopub.status.busy": "2026-01-01"}
    plan.write_notebook(notebook, path)
    (report,) = notebook_lint.complaints(path, course)
    assert "language_info" in report
    plan.write_notebook(notebooks.clean(notebook), path)
    assert path.read_bytes() == before


# The sanitizer

RULES = re.findall(
    r"^regex: (.*)\nreplace: (.+)$",
    (plan.ROOT / "tests" / "sanitize.cfg").read_text(encoding="utf-8"),
    re.MULTILINE,
)


@given(
    number=st.one_of(st.floats(), st.integers()),
    form=st.sampled_from(["{}", "{:.4f}", "{:+.3e}", "{:g}", "loss {}", "[{}]", "{} of 360"]),
)
def test_the_sanitizer_never_touches_a_number(number: float, form: str):
    text = form.format(number)
    for pattern, replacement in RULES:
        assert re.sub(pattern, replacement, text) == text


def test_the_sanitizer_does_what_it_is_for():
    assert len(RULES) == 2
    text = "<A at 0x7f12345678> in /tmp/ipykernel_12/345.py:3"
    for pattern, replacement in RULES:
        text = re.sub(pattern, replacement, text)
    assert text == "<A at 0xADDRESS> in CELL.py:3"


# Text, untext, run


def test_text_and_back_keeps_the_file_to_the_last_byte(course: Path):
    path = store(
        course / "notebooks" / "01_neuron.ipynb",
        first(code("x = 1\n%time x", "exercise"), md("No heading", "exercise"), drawing()),
    )
    before = path.read_bytes()
    written = notebooks.text(path, course)
    assert written == course / "text" / "01_neuron.py"
    assert 'tags=["promote:activations"]' in written.read_text(encoding="utf-8")
    assert not notebooks.untext(path, course)
    assert path.read_bytes() == before


def test_an_edited_text_changes_that_cell_and_no_other(course: Path):
    path = course / "notebooks" / "01_neuron.ipynb"
    old = plan.read_notebook(path).cells
    edit(notebooks.text(path, course), "# ## Exercises", "# ## Exercises\n#\n# One.\n\n# %%\nx = 1")
    assert notebooks.untext(path, course)
    new = plan.read_notebook(path).cells
    assert [cell.source for cell in new[6:8]] == ["## Exercises\n\nOne.", "x = 1"]
    assert [new[k] for k in (*range(6), -1)] == [old[k] for k in (*range(6), -1)]
    assert new[6].id == old[6].id
    assert new[6].metadata == old[6].metadata
    ids = [cell.id for cell in new]
    assert len(set(ids)) == len(ids)


def test_a_new_notebook_comes_out_the_same_each_time(course: Path):
    path = course / "notebooks" / "01_neuron.ipynb"
    cells = plan.read_notebook(path).cells
    notebooks.text(path, course)
    stored = []
    for _ in range(2):
        path.unlink()
        notebooks.untext(path, course)
        stored.append(path.read_bytes())
    assert stored[0] == stored[1]
    fresh = plan.read_notebook(path)
    assert fresh.metadata.kernelspec.name == "python3"
    assert [cell.source for cell in fresh.cells] == [cell.source for cell in cells]
    assert [cell.metadata for cell in fresh.cells] == [cell.metadata for cell in cells]


def test_two_equal_new_cells_get_different_ids(tmp_path: Path):
    text = tmp_path / "text" / "01_a.py"
    text.parent.mkdir()
    (tmp_path / "notebooks").mkdir()
    text.write_text("# %%\nx = 1\n\n# %%\nx = 1\n", encoding="utf-8")
    path = tmp_path / "notebooks" / "01_a.ipynb"
    notebooks.untext(path, tmp_path)
    one, two = plan.read_notebook(path).cells
    assert one.id != two.id


def test_a_second_run_changes_nothing_and_a_failing_one_stores_nothing(tmp_path: Path):
    cells = [
        code("import os\nprint(os.environ['OPENBLAS_NUM_THREADS'])\nprint('again')"),
        code("%matplotlib inline\nimport matplotlib.pyplot as plt"),
        code("plt.plot([1, 2])\nplt.show()"),
        code("6 * 7"),
    ]
    path = store(tmp_path / "notebooks" / "01_a.ipynb", cells)
    assert notebooks.run(path, tmp_path)
    once = path.read_bytes()
    assert not notebooks.run(path, tmp_path)
    assert path.read_bytes() == once
    stored = plan.read_notebook(path)
    assert [cell.execution_count for cell in stored.cells] == [1, 2, 3, 4]
    assert stored.cells[0].outputs[0].text == "1\nagain\n"
    assert stored.cells[3].outputs[0].data == {"text/plain": "42"}
    assert len(notebook_lint.figures(stored.cells[2].outputs)) == 1
    assert set(stored.metadata) == {"kernelspec"}
    assert all(not cell.metadata for cell in stored.cells)

    edit(path, "6 * 7", "6 / 0")
    broken = path.read_bytes()
    with pytest.raises(CellExecutionError):
        notebooks.run(path, tmp_path)
    assert path.read_bytes() == broken


# What conftest.py adds to nbval

FIGURE_CELL = f"""
image = Image.new("L", (80, 60), 255)
image.paste(0, (10, 10, 30, 30))
stream = io.BytesIO()
image.save(stream, "PNG")
display(
    {{"image/png": stream.getvalue(), "text/plain": {ALT!r}}},
    metadata={{"image/png": {{"alt": {ALT!r}}}}},
    raw=True,
)"""


def test_figures_are_compared(tmp_path: Path):
    cells = [code("import io\nfrom PIL import Image"), *(code(FIGURE_CELL) for _ in range(6))]
    path = store(checkout(tmp_path) / "notebooks" / "01_a.ipynb", cells)
    notebooks.run(path, tmp_path)
    notebook = plan.read_notebook(path)
    _, _, deleted, blank, small, alt, near = (cell.outputs for cell in notebook.cells)
    deleted[0].data.pop("image/png")
    blank[0].data["image/png"] = picture((80, 60), blank=True)
    small[0].data["image/png"] = picture((40, 60))
    alt[0].metadata["image/png"]["alt"] = "Another sentence tells what it shows."
    near[0].data["image/png"] = picture((84, 58))
    plan.write_notebook(notebook, path)
    run = pytest_in(tmp_path, "--nbval", "notebooks")
    assert red_cells(run) == [2, 3, 4, 5], run.stdout
    for says in ("0 figures are stored", "blank", "size: stored (40, 60)", "Another sentence"):
        assert says in run.stdout


def test_what_is_printed_from_a_trained_weight_must_not_hang_on_its_last_bit(tmp_path: Path):
    cells = [
        code("import numpy as np\nfrom nnlib import SGD, mean_squared_error, mlp, train"),
        code("rng = np.random.default_rng(0)\nX = rng.normal(size=(40, 3))\ny = X[:, :1] * 2"),
        code(
            "net = mlp([3, 8, 1], rng=1)\n"
            "h = train(net, mean_squared_error, SGD(0.1), X, y, n_epochs=5, rng=2)"
        ),
        code("print(f'{h.loss[-1]:.4f}', np.round(net[0].W[0, :3], 3) + 0.0)"),
        code("print(repr(net[2].b[0]))"),
    ]
    path = store(checkout(tmp_path) / "notebooks" / "01_a.ipynb", cells)
    notebooks.run(path, tmp_path)
    assert red_cells(pytest_in(tmp_path, "--nbval", "notebooks")) == []
    jittered = pytest_in(tmp_path, "--nbval", "notebooks", NNLIB_CPU="jitter")
    assert red_cells(jittered) == [4], jittered.stdout


# The simulated machines


def kernel(*machine: Any) -> SimpleNamespace:
    """Return a stand-in for a kernel that says it is `machine`."""
    found = {"probe": {"status": "ok", "data": {"text/plain": repr(machine)}}}
    reply = {"content": {"user_expressions": found}}
    return SimpleNamespace(kc=SimpleNamespace(execute=lambda *args, **kwargs: reply))


HERE = str(plan.ROOT / "nnlib" / "__init__.py")


@pytest.mark.parametrize(
    ("cpu", "machine"),
    [
        ("haswell", ("SkylakeX", True, True, False)),
        ("haswell", ("Haswell", True, True, False)),
        ("haswell", (None, False, False, False)),
        ("nehalem", ("Haswell", False, False, False)),
        ("nehalem", ("Nehalem", True, False, False)),
        ("jitter", ("SkylakeX", True, True, False)),
    ],
)
def test_a_simulation_that_did_not_take_effect_stops(monkeypatch, cpu: str, machine):
    monkeypatch.setenv("NNLIB_CPU", cpu)
    with pytest.raises(RuntimeError, match=f"the simulated {cpu} did not take effect"):
        root_conftest._prove(kernel(HERE, *machine))


def test_a_simulation_that_took_effect_goes_on(monkeypatch):
    for cpu, (blas, avx2, avx512, jitter) in root_conftest.MACHINES.items():
        monkeypatch.setenv("NNLIB_CPU", cpu)
        root_conftest._prove(kernel(HERE, blas, avx2, avx512, jitter))
    monkeypatch.delenv("NNLIB_CPU")
    root_conftest._prove(kernel(HERE, "SkylakeX", True, True, False))


def test_a_kernel_with_another_package_stops(monkeypatch, tmp_path: Path):
    monkeypatch.delenv("NNLIB_CPU", raising=False)
    for package in (str(tmp_path / "nnlib" / "__init__.py"), None):
        with pytest.raises(RuntimeError, match="the kernel imports nnlib from"):
            root_conftest._prove(kernel(package, "SkylakeX", True, True, False))


def test_an_unknown_machine_is_refused(tmp_path: Path):
    with pytest.raises(pytest.UsageError, match="expected one of haswell, nehalem, jitter"):
        root_conftest._simulated("hasswell", tmp_path)


def test_the_jitter_moves_by_one_unit_in_the_last_place(monkeypatch):
    import runpy

    import numpy as np

    monkeypatch.setattr(np.random, "default_rng", plain := np.random.default_rng)
    runpy.run_path(str(plan.ROOT / "tools" / "jitter" / "00_jitter.py"))
    for draw in (
        lambda rng: rng.normal(size=(50, 4)),
        lambda rng: rng.uniform(-1, 1, 200),
        lambda rng: rng.random(200),
        lambda rng: rng.standard_normal(200, dtype=np.float32),
        lambda rng: rng.random(out=np.empty(200)),
        lambda rng: np.array([rng.normal() for _ in range(200)]),
        lambda rng: rng.spawn(2)[1].normal(size=200),
    ):
        moved, still = draw(np.random.default_rng(3)), draw(plain(3))
        assert moved.dtype == still.dtype
        apart = np.abs(moved - still)
        assert np.all(apart <= np.spacing(np.abs(still)))
        assert 0 < np.count_nonzero(apart) < still.size
    moved, still = np.random.default_rng(3), plain(3)
    assert np.array_equal(moved.permutation(50), still.permutation(50))
    assert np.array_equal(moved.integers(0, 9, 50), still.integers(0, 9, 50))
    assert np.random.default_rng(moved) is moved
    assert isinstance(moved, np.random.Generator)
    legacy = np.random.RandomState(1).random_sample()
    assert legacy == 0.417022004702574
