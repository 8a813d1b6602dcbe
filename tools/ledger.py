r"""The equation ledger: numbered results and the cells that check them by numbers.

A displayed result carries ``\tag{4.3}``. A code cell whose first line is ``# checks (4.3)``
asserts it with one of the comparisons in `COMPARISONS`, whose first argument is the tested
side. To show that such a cell can fail, `survivors` multiplies each tested side by 1.01 and
expects an AssertionError.
"""

import ast
import contextlib
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import plan
from nbformat import NotebookNode

__all__ = ["COMPARISONS", "check", "checked", "comparisons", "equations", "survivors"]

DISPLAY = re.compile(r"\$\$.+?\$\$|\\begin\{(equation|align|gather)\}.+?\\end\{\1\}", re.DOTALL)
TAG = re.compile(r"\\tag\*?\{([^}]*)\}")
NUMBER = re.compile(r"\d+\.\d+")
CHECKS = re.compile(r"# checks((?: \(\d+\.\d+\))+)")
# Calls that count as the assertion of an equation: inside an assert statement ...
TRUTHS = {"isclose", "allclose", "array_equal"}
# ... or, from numpy.testing, as a statement of their own.
RAISING = {"assert_allclose", "assert_equal", "assert_array_equal"}
COMPARISONS = TRUTHS | RAISING


def equations(notebook: NotebookNode) -> list[str]:
    """Return the tags of the displayed equations, in order."""
    return [
        tag
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for display in DISPLAY.finditer(cell.source)
        for tag in TAG.findall(display[0])
    ]


def checked(cell: NotebookNode) -> list[str]:
    """Return the numbers of the equations that a code cell says it checks."""
    if cell.cell_type != "code":
        return []
    match = CHECKS.fullmatch(cell.source.partition("\n")[0].rstrip())
    return NUMBER.findall(match[1]) if match else []


def _calls(statement: ast.stmt) -> list[ast.Call]:
    """Return the comparing calls of one statement, none for statements of other kinds."""
    match statement:
        case ast.Assert(test=test):
            names, inside = TRUTHS, test
        case ast.Expr(value=ast.Call() as inside):
            names = RAISING
        case _:
            return []
    calls = [node for node in ast.walk(inside) if isinstance(node, ast.Call)]
    return [
        call
        for call in calls
        if len(call.args) >= 2
        and getattr(call.func, "attr", getattr(call.func, "id", None)) in names
    ]


def comparisons(source: str) -> list[ast.Call]:
    """Return the comparing calls of a cell, in the order of its lines."""
    tree = ast.parse(plan.python_source(source))
    statements = (node for node in ast.walk(tree) if isinstance(node, ast.stmt))
    return sorted(
        (call for statement in statements for call in _calls(statement)),
        key=lambda call: (call.lineno, call.col_offset),
    )


def check(root: Path = plan.ROOT) -> list[str]:
    """Return what breaks the ledger: order, place and form of tags, equations without check."""
    report: list[str] = []
    owner: dict[str, str] = {}
    proved: dict[str, str] = {}
    for path in plan.course_notebooks(root):
        notebook, chapter = plan.read_notebook(path), plan.notebook_number(path)
        found = equations(notebook)
        written = sum(
            len(TAG.findall(cell.source)) for cell in notebook.cells if cell.cell_type == "markdown"
        )
        if written != len(found):
            report.append(
                f"{path.name}: {written - len(found)} \\tag outside display math; "
                "put the equation between $$ and $$"
            )
        expected = [f"{chapter}.{k}" for k in range(1, len(found) + 1)]
        if found != expected:
            report.append(
                f"{path.name}: equations are numbered {', '.join(found)}; "
                f"in reading order they should be {', '.join(expected)}"
            )
        for number in found:
            if number in owner:
                report.append(f"{path.name}: ({number}) is used already in {owner[number]}")
            owner.setdefault(number, path.name)
        for index, cell in enumerate(notebook.cells):
            place = f"{path.name}, cell {index + 1}"
            if cell.cell_type != "code":
                continue
            numbers = checked(cell)
            proved.update(dict.fromkeys(numbers, place))
            if len(re.findall(r"#\s*checks?\b.*\(\d", cell.source)) != bool(numbers):
                report.append(
                    f"{place}: a checks comment that is not read; it is the cell's first "
                    "line and has the form: # checks (4.3) (4.4)"
                )
            if len(comparisons(cell.source)) < len(numbers):
                report.append(
                    f"{place}: claims {len(numbers)} equations and has "
                    f"{len(comparisons(cell.source))} comparing assertions; use one of "
                    f"{', '.join(sorted(COMPARISONS))} for each"
                )
    report += [
        f"{owner[number]}: ({number}) is checked by no cell; add one with # checks ({number})"
        for number in owner
        if number not in proved
    ]
    report += [
        f"{place}: checks ({number}), which no notebook displays"
        for number, place in proved.items()
        if number not in owner
    ]
    return report


class _Spoiler(ast.NodeTransformer):
    """Put before each comparing assertion a copy whose tested side is 1 % off.

    The copy must raise AssertionError; whether it did goes to ``__verdict__``. The statement
    itself follows unchanged, so that one run of the cell tries all of them.
    """

    def visit(self, node: ast.AST) -> Any:
        self.generic_visit(node)
        if not isinstance(node, ast.stmt):
            return node
        attempts = [self._attempt(node, k) for k in range(len(_calls(node)))]
        return [*attempts, node] if attempts else node

    def _attempt(self, statement: ast.stmt, k: int) -> ast.Try:
        (spoiled,) = ast.parse(ast.unparse(statement)).body
        call = _calls(spoiled)[k]
        call.args[0] = ast.Call(ast.Name("__off__", ast.Load()), [call.args[0]], [])
        original = _calls(statement)[k]
        place = f"{original.lineno}, {original.col_offset}"
        caught = ast.parse(f"__verdict__({place}, True)").body
        passed = ast.parse(f"__verdict__({place}, False)").body
        handler = ast.ExceptHandler(ast.Name("AssertionError", ast.Load()), None, caught)
        return ast.Try([spoiled], [handler], passed, [])


def _run(source: str, namespace: dict[str, Any], spoil: bool) -> None:
    """Execute one cell in `namespace`, its comparing assertions tried 1 % off if `spoil`."""
    tree = ast.parse(plan.python_source(source))
    if spoil:
        tree = ast.fix_missing_locations(_Spoiler().visit(tree))
    exec(compile(tree, "<cell>", "exec"), namespace)


@contextlib.contextmanager
def _quietly(folder: Path) -> Iterator[None]:
    """Run notebook code in its folder, without a screen."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()):
        try:
            yield
        finally:
            plt.close("all")


def survivors(path: Path, factor: float = 1.01) -> list[str]:
    """Run a notebook with each tested side multiplied by `factor`; return what stayed green."""
    report: list[str] = []
    verdicts: dict[tuple[int, int], list[bool]] = {}

    def verdict(line: int, column: int, caught: bool) -> None:
        verdicts.setdefault((line, column), []).append(caught)

    off: Callable[[Any], Any] = lambda side: np.multiply(factor, side)  # noqa: E731
    namespace: dict[str, Any] = {
        "__name__": "__main__",
        "__off__": off,
        "__verdict__": verdict,
        "display": lambda *args, **kwargs: None,
        "get_ipython": lambda: _NoShell(),
    }
    with _quietly(path.parent):
        for index, cell in enumerate(plan.read_notebook(path).cells):
            if cell.cell_type != "code":
                continue
            verdicts.clear()
            numbers = checked(cell)
            try:
                _run(cell.source, namespace, bool(numbers))
            except Exception as error:
                if "raises-exception" in plan.tags(cell):
                    continue
                raise AssertionError(f"{path.name}, cell {index + 1} fails: {error!r}") from error
            if not numbers:
                continue
            place = f"{path.name}, cell {index + 1}, checks ({') ('.join(numbers)})"
            lines = cell.source.splitlines()
            for call in comparisons(cell.source):
                outcome = verdicts.get((call.lineno, call.col_offset), [])
                if not outcome or not all(outcome):
                    state = "is never reached" if not outcome else f"passes at {factor} times"
                    report.append(f"{place}: {lines[call.lineno - 1].strip()!r} {state}")
    return report


class _NoShell:
    """Stand-in for IPython's shell: magics do nothing outside a kernel."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *args, **kwargs: None
