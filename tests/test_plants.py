"""Faults planted on purpose: each of them must turn the suite red.

A fault in nnlib has to be seen twice, by a unit test and by a notebook; a fault in a notebook
by the checks that read it. Every plant is made in a copy, and the copy proves that it is the
one that is imported (conftest.py).
"""

import copy
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import ledger
import notebook_lint
import plan
import promote
import pytest
from nbformat import NotebookNode
from sample import checkout, edit, pytest_in, red_cells


class Plant(NamedTuple):
    """A fault in nnlib: where it goes, and the quickest test and notebook that must see it."""

    name: str
    file: str
    old: str
    new: str
    test: str
    notebook: str


DIGITS = "10_digits_classifier.ipynb"
PLANTS = [
    Plant(
        "wrong sign",
        "losses.py",
        "(np.exp(log_p) - target) / n",
        "(target - np.exp(log_p)) / n",
        "test_losses.py",
        DIGITS,
    ),
    Plant(
        "missing 1/n",
        "losses.py",
        "(np.exp(log_p) - target) / n",
        "np.exp(log_p) - target",
        "test_losses.py",
        DIGITS,
    ),
    Plant(
        "dropped bias gradient",
        "layers.py",
        "np.sum(dy, axis=0, out=self.db)",
        "self.db[...] = 0",
        "test_layers.py",
        DIGITS,
    ),
    Plant(
        "unmasked relu",
        "activations.py",
        "return np.heaviside(z, 0)",
        "return np.ones_like(z)",
        "test_activations.py",
        DIGITS,
    ),
]


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_a_fault_in_the_package_is_seen_by_a_test_and_by_a_notebook(plant: Plant, tmp_path: Path):
    root = checkout(tmp_path)
    for path in (plan.ROOT / "tests").glob("*.py"):
        shutil.copy(path, root / "tests")
    (root / "notebooks").mkdir()
    shutil.copy(plan.ROOT / "notebooks" / plant.notebook, root / "notebooks")
    edit(root / "nnlib" / plant.file, plant.old, plant.new)

    tests = pytest_in(root, "-x", f"tests/{plant.test}")
    assert tests.returncode == 1, tests.stdout + tests.stderr
    assert re.search(r"^\d+ failed", tests.stdout, re.MULTILINE), tests.stdout
    assert red_cells(pytest_in(root, "-x", "--nbval", "notebooks"))


# Faults in the notebooks


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
