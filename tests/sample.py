"""A course of two notebooks and two modules, small enough to break in every way."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import plan
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

VERSION = 'assert nnlib.__version__ == "0.1.0", "run: %pip install nnlib-course==0.1.0"'
ACTIVATIONS = '''\
"""Activations."""

import numpy as np

__all__ = ["double", "relu"]


# Above 0 nothing changes.
def relu(z: np.ndarray) -> np.ndarray:
    r"""Cut off what is negative.

    Parameters
    ----------
    z : ndarray
    """
    return np.maximum(z, 0)  # the bend


def double(z):
    """Twice z."""
    return 2 * z
'''
LAYERS = '''\
"""Layers."""

__all__ = ["Scale"]


class Scale:
    """Multiply by a number.

    Parameters
    ----------
    by : float
    """

    def __init__(self, by):
        self.by = by

    def forward(self, x):
        """Return by x.

        More about it.
        """
        return self.by * x
'''
RELU = '''\
# Above 0 nothing changes.
def relu(z: np.ndarray) -> np.ndarray:
    """Cut off what is negative."""
    return np.maximum(z, 0)  # the bend'''
SCALE = '''\
class Scale:
    """Multiply by a number."""

    def __init__(self, by):
        self.by = by

    def forward(self, x):
        """Return by x."""
        return self.by * x'''


def md(source: str, *tags: str) -> NotebookNode:
    """Return a text cell, a slide if it begins with a heading."""
    cell = new_markdown_cell(source)
    if source.startswith("#"):
        cell.metadata["slideshow"] = {"slide_type": "slide"}
    if tags:
        cell.metadata["tags"] = list(tags)
    return cell


def code(source: str, *tags: str, prints: str = "") -> NotebookNode:
    """Return a code cell with what it prints."""
    cell = new_code_cell(source)
    if tags:
        cell.metadata["tags"] = list(tags)
    if prints:
        cell.outputs = [new_output("stream", name="stdout", text=prints)]
    return cell


def store(path: Path, cells: list[NotebookNode]) -> Path:
    """Write a notebook whose cells count from 1, with ids that are always the same."""
    count = 0
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
    path.parent.mkdir(parents=True, exist_ok=True)
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    notebook.nbformat_minor = 5
    plan.write_notebook(notebook, path)
    return path


def first(*more: NotebookNode) -> list[NotebookNode]:
    """Return the cells of the first notebook, which promotes relu and checks (1.1)."""
    return [
        md("# 1 Neuron"),
        code(f"import math\n\nimport numpy as np\n\nimport nnlib\n\n{VERSION}"),
        md("## 1.1 A bend\n\n$$ r(z) = \\max(z, 0) \\tag{1.1} $$"),
        code(RELU, "promote:activations"),
        code(
            "# checks (1.1)\nvalue = relu(np.array([3.0]))[0]\n"
            'assert math.isclose(value, (3 + abs(3)) / 2)\nprint(f"{value:.4f}")',
            prints="3.0000\n",
        ),
        md("## Summary\n\nThe bend gives 3.0000."),
        md("## Exercises"),
        md("## References"),
        *more,
    ]


def second(*more: NotebookNode) -> list[NotebookNode]:
    """Return the cells of the second notebook, which uses relu and promotes Scale."""
    return [
        md("# 2 Forward pass"),
        code(f"import numpy as np\n\nimport nnlib\nfrom nnlib import plots, relu\n\n{VERSION}"),
        code(SCALE, "promote:layers"),
        code("relu(np.zeros(1))"),
        md("## Summary"),
        md("## Exercises"),
        md("## References"),
        *more,
    ]


def tree(root: Path) -> Path:
    """Make the sample course in `root` and return it."""
    package = {
        "__init__": '__version__ = "0.1.0"\n',
        "activations": ACTIVATIONS,
        "layers": LAYERS,
        "plots": "",
    }
    (root / "nnlib").mkdir(parents=True)
    for name, source in package.items():
        (root / "nnlib" / f"{name}.py").write_text(source, encoding="utf-8")
    (root / "tools").mkdir()
    listed = root / "tools" / "not_yet_taught.txt"
    listed.write_text("activations.double\n", encoding="utf-8")
    store(root / "notebooks" / "01_neuron.ipynb", first())
    store(root / "notebooks" / "02_forward_pass.ipynb", second())
    return root


def edit(path: Path, old: str, new: str) -> None:
    """Replace the one place of `old` in a file; in a notebook, in one cell's source."""
    if path.suffix != ".ipynb":
        source = path.read_text(encoding="utf-8")
        assert source.count(old) == 1, f"{old!r} occurs {source.count(old)} times"
        path.write_text(source.replace(old, new), encoding="utf-8")
        return
    notebook = nbformat.read(path, as_version=4)
    assert sum(cell.source.count(old) for cell in notebook.cells) == 1
    for cell in notebook.cells:
        cell.source = cell.source.replace(old, new)
    plan.write_notebook(notebook, path)


def checkout(root: Path) -> Path:
    """Copy to `root` what `pytest --nbval` needs, the package included, notebooks not."""
    junk = shutil.ignore_patterns("__pycache__", ".*")
    for name in ("nnlib", "tools"):
        shutil.copytree(plan.ROOT / name, root / name, ignore=junk)
    (root / "tests").mkdir()
    for name in ("conftest.py", "pyproject.toml", "tests/sanitize.cfg"):
        shutil.copy(plan.ROOT / name, root / name)
    return root


def pytest_in(root: Path, *args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a copy of the project, on the copy's own package."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    inherited["PYTHONPATH"] = str(root)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--color=no", "-p", "no:cacheprovider", *args],
        cwd=root,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def red_cells(run: subprocess.CompletedProcess[str]) -> list[int]:
    """Return the numbers of the code cells, from 0, that a run of nbval found red."""
    assert run.returncode in (0, 1), run.stdout + run.stderr
    return [int(cell) for cell in re.findall(r"^(?:FAILED|ERROR) .*::Cell (\d+)", run.stdout, re.M)]
