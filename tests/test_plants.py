"""Faults planted on purpose: each of them must turn the suite red.

A fault in nnlib has to be seen twice, by a unit test and by a notebook; a fault in a notebook
by the checks that read it. Every plant is made in a copy, and the copy proves that it is the
one that is imported (conftest.py).
"""

import copy
import re
import shutil
from collections.abc import Callable
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
    found = 0
    for path in plan.course_notebooks(course):
        for index, cell in enumerate(plan.read_notebook(path).cells):
            if not ledger.checked(cell):
                continue
            before = path.read_bytes()
            change(path, index, lambda cell: cell.update(source="assert True"))
            missing = set(ledger.checked(cell)) - {
                number
                for other in plan.course_notebooks(course)
                for kept in plan.read_notebook(other).cells
                for number in ledger.checked(kept)
            }
            report = "\n".join(ledger.check(course))
            for number in missing:
                found += 1
                assert f"({number}) is checked by no cell" in report
            path.write_bytes(before)
    assert found


def mutated(path: Path, alter: Callable[[NotebookNode], None], index: int) -> list[str]:
    """Return what the lint says of a notebook with one cell altered in memory."""
    notebook = copy.deepcopy(plan.read_notebook(path))
    alter(notebook.cells[index])
    page = notebook_lint.Page(path, plan.ROOT, notebook)
    return [line for rule in notebook_lint.RULES for line in rule(page)]


def test_a_cleared_output_is_red():
    found = 0
    for path in plan.course_notebooks():
        for index, cell in enumerate(plan.read_notebook(path).cells):
            if cell.get("outputs"):
                found += 1
                cleared = {"outputs": [], "execution_count": None}
                assert mutated(path, lambda cell, new=cleared: cell.update(new), index)
    assert found


def test_a_deleted_figure_is_red():
    found = 0
    for path in plan.course_notebooks():
        for index, cell in enumerate(plan.read_notebook(path).cells):
            if notebook_lint.figures(cell.get("outputs", [])):
                found += 1

                def delete(cell: NotebookNode) -> None:
                    cell.outputs = [o for o in cell.outputs if "image/png" not in o.get("data", {})]

                assert mutated(path, delete, index), f"{path.name}, cell {index + 1}"
    assert found
