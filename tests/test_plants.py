"""Faults planted in the notebooks: the checks that read them must turn red.

Every fault is made in a copy. Those of nnlib are planted in test_mutants.py.
"""

import copy
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import ledger
import notebook_lint
import plan
import promote
import pytest
from nbformat import NotebookNode
from sample import edit


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """Copy the notebooks and the package."""
    shutil.copytree(plan.ROOT / "notebooks", tmp_path / "notebooks")
    shutil.copytree(plan.ROOT / "nnlib", tmp_path / "nnlib")
    (tmp_path / "tools").mkdir()
    shutil.copy(plan.ROOT / "tools" / "not_yet_taught.txt", tmp_path / "tools")
    return tmp_path


def change(path: Path, index: int, alter: Callable[[NotebookNode], None]) -> None:
    """Alter one cell of a stored notebook."""
    notebook = plan.read_notebook(path)
    alter(notebook.cells[index])
    plan.write_notebook(notebook, path)


def test_a_changed_comment_in_a_promoted_cell_is_red(course: Path):
    promotion = next(p for p in promote.promotions(course) if "#" in p.block.text)

    def alter(cell: NotebookNode) -> None:
        cell.source = re.sub(r"# (\w)", r"# Then \1", cell.source, count=1)

    change(promotion.notebook, promotion.cell, alter)
    report = "\n".join(promote.check(course))
    assert f"{promotion.place} -> nnlib/{promotion.module}.py" in report
    assert "# Then" in report


def test_an_unpromoted_public_function_is_red(course: Path):
    module = course / "nnlib" / "activations.py"
    source = module.read_text(encoding="utf-8")
    module.write_text(f"{source}\n\ndef swish(z):\n    return z * sigmoid(z)\n", encoding="utf-8")
    report = "\n".join(promote.check(course))
    assert "activations.swish: no cell promotes it" in report


def test_an_unchecked_equation_is_red(course: Path):
    cells = [
        (path, index, ledger.checked(cell))
        for path in plan.course_notebooks(course)
        for index, cell in enumerate(plan.read_notebook(path).cells)
    ]
    numbers = [number for _, _, checked in cells for number in checked]
    number = next(number for number in numbers if numbers.count(number) == 1)
    path, index = next((path, index) for path, index, checked in cells if number in checked)
    change(path, index, lambda cell: cell.update(source="assert True"))
    assert f"({number}) is checked by no cell" in "\n".join(ledger.check(course))


# A wrong derivation: the notebook, the equation whose own cell must see it, old and new text.
DERIVATIONS = {
    "sign": ("04", "4.13", "return softmax(z) - y", "return y - softmax(z)"),
    "swapped index": ("04", "4.8", "else -p[j] * p[m]", "else -p[j] * p[j]"),
    "wrong axis": (
        "04",
        "4.6",
        "return powers / powers.sum(axis=1, keepdims=True)",
        "return powers / powers.sum(axis=0, keepdims=True)",
    ),
    "transposed product": ("05", "5.5", "return dy @ W.T, x.T @ dy", "return dy @ W, x.T @ dy"),
    "missing factor": ("05", "5.9", "delta = dA * tanh_derivative(Z[layer])", "delta = dA"),
}


@pytest.mark.parametrize("fault", DERIVATIONS)
def test_a_wrong_derivation_turns_its_own_checks_red(fault: str, tmp_path: Path):
    number, equation, old, new = DERIVATIONS[fault]
    (stored,) = (plan.ROOT / "notebooks").glob(f"{number}_*.ipynb")
    path = Path(shutil.copy(stored, tmp_path))
    edit(path, old, new)
    cells = enumerate(plan.read_notebook(path).cells, 1)
    own = [index for index, cell in cells if equation in ledger.checked(cell)]
    with pytest.raises(AssertionError, match=r"cell \d+ fails: AssertionError") as stopped:
        ledger.survivors(path)
    assert int(re.search(r"cell (\d+)", str(stopped.value))[1]) in own


PAGES = [
    notebook_lint.Page(path, plan.ROOT, plan.read_notebook(path))
    for path in plan.course_notebooks()
]


def complaints_after(
    page: notebook_lint.Page, index: int, alter: Callable[[NotebookNode], None]
) -> list[str]:
    """Return what the lint says of the outputs when one cell is altered."""
    cells = list(page.notebook.cells)
    cells[index] = copy.deepcopy(cells[index])
    alter(cells[index])
    altered = replace(page, notebook=NotebookNode(page.notebook, cells=cells))
    return [*notebook_lint.freshly_run(altered), *notebook_lint.drawn(altered)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.stem)
def test_a_cleared_output_is_red(page: notebook_lint.Page):
    printing = [k for k, cell in enumerate(page.notebook.cells) if cell.get("outputs")]
    assert printing
    for index in (printing[0], printing[-1]):
        cleared = {"outputs": [], "execution_count": None}
        assert complaints_after(page, index, lambda cell, new=cleared: cell.update(new))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.stem)
def test_a_deleted_figure_is_red(page: notebook_lint.Page):
    def delete(cell: NotebookNode) -> None:
        cell.outputs = [o for o in cell.outputs if "image/png" not in o.get("data", {})]

    cells = enumerate(page.notebook.cells)
    drawing = [k for k, cell in cells if notebook_lint.figures(cell.get("outputs", []))]
    assert drawing or page.number == 0
    for index in drawing:
        (report,) = complaints_after(page, index, delete)
        assert "figures and stores 0" in report
