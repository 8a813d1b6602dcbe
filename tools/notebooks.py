"""Edit notebooks as text and store them freshly run.

    python tools/notebooks.py text [notebook ...]     # notebooks/*.ipynb -> text/*.py
    python tools/notebooks.py untext [notebook ...]   # text/*.py -> notebooks/*.ipynb
    python tools/notebooks.py run [notebook ...]      # execute top to bottom and store
    python tools/notebooks.py clean [notebook ...]    # drop what changes at every run

Without names each works on all notebooks. ``untext`` keeps ids and outputs, also the outputs of
cells whose code has changed: always run afterwards.
"""

import argparse
import hashlib
import sys
import tempfile
from pathlib import Path

import jupytext
import plan
from jupytext.combine import combine_inputs_with_outputs
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

__all__ = ["clean", "run", "text", "untext"]

PERCENT = {"extension": ".py", "format_name": "percent"}
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
KEPT_CELL_METADATA = {"tags", "slideshow", "mystnb", "nbgrader"}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def clean(notebook: NotebookNode) -> NotebookNode:
    """Drop in place what changes from run to run or machine to machine."""
    notebook.metadata = NotebookNode(kernelspec=NotebookNode(KERNEL))
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for cell in notebook.cells:
        for key in set(cell.metadata) - KEPT_CELL_METADATA:
            del cell.metadata[key]
        for output in cell.get("outputs", []):
            output.pop("transient", None)
            output.get("data", {}).pop(WIDGET_VIEW, None)
    return notebook


def _name_cells(notebook: NotebookNode, old: set[str]) -> None:
    """Give each cell whose id is not in `old` an id that follows from its text."""
    taken = set(old)
    for cell in notebook.cells:
        if cell.id not in old:
            digest = hashlib.sha256(cell.source.encode()).hexdigest()
            ids = (digest[k : k + 8] for k in range(len(digest) - 8))
            cell.id = next(i for i in ids if i not in taken)
            taken.add(cell.id)


def _text_path(path: Path, root: Path) -> Path:
    """Return the text file of a notebook."""
    inside = path.resolve().relative_to(root.resolve() / "notebooks")
    return root / "text" / inside.with_suffix(".py")


def text(path: Path, root: Path = plan.ROOT) -> Path:
    """Write a notebook as a py:percent file and return that file."""
    target = _text_path(path, root)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(jupytext.writes(plan.read_notebook(path), PERCENT), encoding="utf-8")
    return target


def untext(path: Path, root: Path = plan.ROOT) -> bool:
    """Write a py:percent file back into its notebook, or make a new one of it.

    Cells that stay keep their ids and outputs; a new cell gets its id from its text.
    """
    source = _text_path(path, root)
    notebook = jupytext.reads(source.read_text(encoding="utf-8"), PERCENT)
    old: set[str] = set()
    if path.exists():
        stored = plan.read_notebook(path)
        notebook = combine_inputs_with_outputs(notebook, stored, PERCENT)
        old = {cell.id for cell in stored.cells}
    _name_cells(notebook, old)
    return plan.write_notebook(clean(notebook), path)


def run(path: Path, root: Path = plan.ROOT, timeout: int = 120) -> bool:
    """Execute a notebook in a fresh kernel, store it, and return whether it changed."""
    notebook = clean(plan.read_notebook(path))
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        record_timing=False,
        coalesce_streams=True,
        store_widget_state=False,
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
    with (
        tempfile.TemporaryDirectory() as home,
        plan.environment(plan.kernel_environment(home, root)),
    ):
        client.execute()
    return plan.write_notebook(clean(notebook), path)


def _all(command: str, root: Path) -> list[Path]:
    """Return the notebooks that a command without names works on."""
    if command != "untext":
        return plan.course_notebooks(root)
    return [
        root / "notebooks" / source.relative_to(root / "text").with_suffix(".ipynb")
        for source in sorted((root / "text").rglob("*.py"))
    ]


def main() -> int:
    """Do one command for each notebook named, or for all of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("command", choices=["text", "untext", "run", "clean"])
    parser.add_argument("notebook", nargs="*", type=Path, help="notebooks/01_neuron.ipynb")
    args = parser.parse_args()
    for path in args.notebook or _all(args.command, plan.ROOT):
        if path.suffix != ".ipynb":
            parser.error(f"got {path}; expected a notebook, such as notebooks/01_neuron.ipynb")
        if args.command == "text":
            print(f"{path.name} -> text/{text(path).name}")
            continue
        try:
            if args.command == "clean":
                changed = plan.write_notebook(clean(plan.read_notebook(path)), path)
            else:
                changed = untext(path) if args.command == "untext" else run(path)
        except CellExecutionError as error:
            print(f"{path.name}: a cell fails; nothing was stored\n{error}")
            return 1
        print(f"{path.name}: {'stored' if changed else 'unchanged'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
