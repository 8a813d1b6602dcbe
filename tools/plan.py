"""The plan of the house: which module stands on which floor, and where the notebooks are.

This is the one place that says what is taught and what is written by hand; the promotion
tool, the notebook lint and the test of the architecture all read it.
"""

import contextlib
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

__all__ = [
    "FLOOR",
    "ROOT",
    "SUPPORT",
    "TAUGHT",
    "code_cells",
    "course_notebooks",
    "environment",
    "kernel_environment",
    "needs_mnist",
    "notebook_number",
    "python_source",
    "read_notebook",
    "tags",
    "write_notebook",
]

ROOT = Path(__file__).resolve().parents[1]

# Mathematics, numpy alone, developed in a notebook and promoted from it.
TAUGHT = {
    "activations": 1,
    "initialization": 1,
    "gradient_check": 1,
    "losses": 2,
    "layers": 2,
    "optimizers": 2,
    "network": 3,
    "training": 4,
    "diagnostics": 4,
}
# What a classroom needs around the mathematics, written by hand.
SUPPORT = {
    "validation": 0,
    "plots": 0,
    "inspection": 1,
    "datasets": 1,
    "running": 3,
    "estimators": 5,
    "export": 5,
    "homework": 5,
    "explorers": 6,
}
FLOOR = TAUGHT | SUPPORT


def course_notebooks(root: Path = ROOT) -> list[Path]:
    """Return every stored notebook, in the order in which they are read."""
    found = (root / "notebooks").rglob("*.ipynb")
    return sorted(path for path in found if ".ipynb_checkpoints" not in path.parts)


def notebook_number(path: Path) -> int | None:
    """Return the number that a notebook's name begins with; None without one."""
    match = re.match(r"(\d\d)_", path.name)
    return int(match[1]) if match else None


def read_notebook(path: Path) -> NotebookNode:
    """Read a notebook in format 4."""
    return nbformat.read(path, as_version=4)


def write_notebook(notebook: NotebookNode, path: Path) -> bool:
    """Write a notebook in its one stored form; return whether the file changed."""
    nbformat.validate(notebook)
    text = nbformat.writes(notebook).rstrip("\n") + "\n"
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.write_text(text, encoding="utf-8")
    return True


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the code cells, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tags(cell: NotebookNode) -> list[str]:
    """Return the tags of a cell."""
    return list(cell.metadata.get("tags", []))


@cache
def python_source(source: str) -> str:
    """Return the source of a cell as plain Python: magics become calls."""
    return str(TransformerManager().transform_cell(source))


@cache
def needs_mnist(path: Path) -> bool:
    """Tell whether a notebook loads MNIST: a code cell calls ``mnist()``."""
    return any(re.search(r"\bmnist\(", cell.source) for cell in code_cells(read_notebook(path)))


def kernel_environment(home: str, root: Path = ROOT) -> dict[str, str]:
    """Return the variables under which every kernel runs, so that numbers stay the same.

    The package is that of the checkout, wherever another one is installed; `home` is an
    empty folder for IPython. What else is set, NNLIB_DATA for instance, reaches the kernels too.
    """
    path = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        # Neither a reader's own start-up files nor a shared history file reach the kernels.
        "IPYTHONDIR": home,
        "PYTHONHASHSEED": "0",
        "PYTHONIOENCODING": "utf-8",
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(path)),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "TQDM_DISABLE": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }


@contextlib.contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """Set environment variables for a while."""
    old = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(old)
