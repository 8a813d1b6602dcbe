"""Keep promoted notebook cells and the taught modules of nnlib the same text.

A code cell tagged ``promote:activations`` holds whole definitions (functions, classes,
capitalised constants) and nothing else. Its code, its comments and the first line of each
docstring are the text of ``nnlib/activations.py``; there the docstring goes on, which would
drown the lesson. Module docstring, imports and ``__all__`` are written in the module by hand.

    python tools/promote.py            # check; exit 1 and say what differs
    python tools/promote.py --write    # notebooks -> nnlib, the usual direction
    python tools/promote.py --pull     # nnlib -> notebooks, after editing a module
"""

import argparse
import ast
import difflib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from symtable import symtable

import plan
from nbformat import NotebookNode

__all__ = [
    "Block",
    "Promotion",
    "PromotionError",
    "check",
    "definitions",
    "differences",
    "merged",
    "not_yet_taught",
    "promotions",
    "pull",
    "rebound",
    "reduced",
    "underived",
    "untaught",
    "write",
]

PREFIX = "promote:"
# Network, promoted in 05, draws by the schemes that 06 derives, and says so.
EARLY = {(5, "SCHEMES")}
Definition = ast.FunctionDef | ast.ClassDef


class PromotionError(ValueError):
    """A cell that cannot be promoted: not definitions alone, or a name twice."""


@dataclass(frozen=True)
class Block:
    """A top-level definition with the comments right above it.

    `start` and `stop` are the lines of its source, counted from 0, `stop` excluded.
    """

    name: str
    text: str
    start: int
    stop: int


@dataclass(frozen=True)
class Promotion:
    """One definition of a promoted cell: where it stands and where it ships."""

    notebook: Path
    cell: int
    module: str
    block: Block

    @property
    def place(self) -> str:
        """The notebook and its cell, counted from 1, markdown included."""
        return f"{self.notebook.name}, cell {self.cell + 1}"

    def target(self, root: Path) -> Path:
        """Return the module's file."""
        return root / "nnlib" / f"{self.module}.py"


def _bound_name(node: ast.stmt) -> str | None:
    """Return the name that a top-level statement defines; None for any other one."""
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
    return None


def definitions(source: str, where: str, *, strict: bool = False) -> dict[str, Block]:
    """Return the top-level definitions of `source` by name, without ``__all__``.

    With `strict`, for promoted cells, whatever else stands there is refused: the reader
    would see it and it would never ship.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise PromotionError(
            f"{where}, line {error.lineno}: not plain Python ({error.msg}); "
            "a promoted cell holds definitions alone, without magics"
        ) from error
    lines, found, free = source.splitlines(), dict[str, Block](), 0
    for node in tree.body:
        decorators = [d.lineno for d in getattr(node, "decorator_list", [])]
        start = min([node.lineno, *decorators]) - 1
        while start > free and lines[start - 1].startswith("#"):
            start -= 1
        if strict and any(line.strip() for line in lines[free:start]):
            raise PromotionError(
                f"{where}, line {free + 1}: a comment that belongs to no definition; "
                "put it right above one, or into the text"
            )
        free = node.end_lineno or node.lineno
        name = _bound_name(node)
        constant = isinstance(node, ast.Assign | ast.AnnAssign)
        if strict and (name is None or (constant and not re.fullmatch(r"_?[A-Z]\w*", name))):
            raise PromotionError(
                f"{where}, line {node.lineno}: {lines[node.lineno - 1].strip()!r} is not a "
                "function, a class or a capitalised constant; move it to another cell"
            )
        if name is None or name == "__all__":
            continue
        if name in found:
            raise PromotionError(f"{where}: {name} is defined twice; keep one definition")
        found[name] = Block(name, "\n".join(lines[start:free]), start, free)
    if strict and any(line.strip() for line in lines[free:]):
        raise PromotionError(
            f"{where}, line {free + 1}: a comment that belongs to no definition; "
            "put it right above one, or into the text"
        )
    if strict and not found:
        raise PromotionError(f"{where}: a promoted cell without a definition; remove its tag")
    return found


def _docstrings(text: str) -> dict[str, ast.Expr]:
    """Return the docstring nodes of a definition and of those inside it, by dotted name."""
    found: dict[str, ast.Expr] = {}

    def visit(body: list[ast.stmt], path: str) -> None:
        for node in body:
            if isinstance(node, Definition):
                name = f"{path}.{node.name}"
                first = node.body[0]
                if ast.get_docstring(node) is not None and isinstance(first, ast.Expr):
                    found[name] = first
                visit(node.body, name)

    visit(ast.parse(text).body, "")
    return found


DOCSTRING = re.compile(r'([rRuU]?)("""|\'\'\'|"|\')(.*)\2', re.DOTALL)


def _split_docstring(text: str, node: ast.Expr) -> tuple[str, str, str, str]:
    """Return prefix, quotes, first line and the rest of a docstring's source."""
    match = DOCSTRING.fullmatch(ast.get_source_segment(text, node) or "")
    if match is None:
        raise PromotionError(f"line {node.lineno}: a docstring must be one plain string")
    first, newline, rest = match[3].partition("\n")
    return match[1], match[2], first.rstrip(), newline + rest


def _with_docstrings(text: str, new: dict[str, str]) -> str:
    """Return `text` with the docstrings of the dotted names in `new` replaced."""
    lines = text.splitlines()
    for name, node in reversed(_docstrings(text).items()):
        start, stop = node.lineno - 1, node.end_lineno or node.lineno
        head, tail = lines[start][: node.col_offset], lines[stop - 1][node.end_col_offset :]
        lines[start:stop] = f"{head}{new[name]}{tail}".splitlines()
    return "\n".join(lines)


def reduced(text: str) -> str:
    """Return a definition as a page shows it: each docstring is its first line."""
    new = {}
    for name, node in _docstrings(text).items():
        prefix, quotes, first, _ = _split_docstring(text, node)
        # A raw prefix is kept only where the first line needs it.
        kept = prefix if "\\" in first else ""
        new[name] = f"{kept}{quotes}{first}{quotes}"
    return _with_docstrings(text, new)


def merged(page: str, shipped: str) -> str:
    """Return the code of `page` with the rest of each docstring of `shipped`."""
    new, old = {}, _docstrings(shipped)
    for name, node in _docstrings(page).items():
        prefix, quotes, first, rest = _split_docstring(page, node)
        if name in old:
            old_prefix, quotes, _, rest = _split_docstring(shipped, old[name])
            prefix = prefix or old_prefix
        new[name] = f"{prefix}{quotes}{first}{rest}{quotes}"
    return _with_docstrings(page, new)


def promotions(root: Path = plan.ROOT) -> list[Promotion]:
    """Return every promoted definition, in reading order; refuse what cannot ship."""
    found: list[Promotion] = []
    owner: dict[str, Promotion] = {}
    for path in plan.course_notebooks(root):
        for index, cell in enumerate(plan.read_notebook(path).cells):
            place = f"{path.name}, cell {index + 1}"
            modules = [t.removeprefix(PREFIX) for t in plan.tags(cell) if t.startswith(PREFIX)]
            if not modules:
                continue
            if cell.cell_type != "code" or len(modules) > 1:
                raise PromotionError(f"{place}: one promote tag, on a code cell; has {modules}")
            if modules[0] not in plan.TAUGHT:
                raise PromotionError(
                    f"{place}: {modules[0]!r} is not a taught module; they are "
                    f"{', '.join(plan.TAUGHT)}"
                )
            for name, block in definitions(cell.source, place, strict=True).items():
                new = Promotion(path, index, modules[0], block)
                if name in owner:
                    raise PromotionError(
                        f"{place}: {name} is already promoted by {owner[name].place}; "
                        "import it there"
                    )
                for doc in _docstrings(block.text).values():
                    if doc.end_lineno != doc.lineno:
                        raise PromotionError(
                            f"{place}: {name} has a docstring of several lines; the page keeps "
                            "the first one, the rest belongs in the module"
                        )
                owner[name] = new
                found.append(new)
    return found


def _shipped(promotion: Promotion, root: Path) -> dict[str, Block]:
    """Return the definitions of the module that a promotion ships in."""
    target = promotion.target(root)
    if not target.exists():
        raise PromotionError(
            f"{promotion.place}: nnlib/{target.name} does not exist; create it with its "
            "docstring, imports and __all__"
        )
    return definitions(target.read_text(encoding="utf-8"), f"nnlib/{target.name}")


def _comparable(text: str) -> list[str]:
    """Return the reduced lines, without the blank lines that follow a docstring."""
    text = reduced(text)
    ends = {node.end_lineno for node in _docstrings(text).values()}
    kept, after_docstring = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() or not after_docstring:
            kept.append(line)
        after_docstring = number in ends or (after_docstring and not line.strip())
    return kept


def differences(root: Path = plan.ROOT) -> list[str]:
    """Return what differs between promoted cells and modules, each with a diff."""
    report = []
    for promotion in promotions(root):
        shipped = _shipped(promotion, root).get(promotion.block.name)
        where = f"{promotion.place} -> nnlib/{promotion.module}.py: {promotion.block.name}"
        if shipped is None:
            report.append(f"{where} is missing in the module; run: make promote")
            continue
        diff = difflib.unified_diff(
            _comparable(promotion.block.text),
            _comparable(shipped.text),
            promotion.notebook.name,
            f"nnlib/{promotion.module}.py",
            lineterm="",
        )
        if text := "\n".join(diff):
            report.append(f"{where} differs; run: make promote (or: make pull)\n{text}")
    return report


def not_yet_taught(root: Path = plan.ROOT) -> list[str]:
    """Return the names, ``module.name``, that a coming notebook will promote."""
    path = root / "tools" / "not_yet_taught.txt"
    if not path.exists():
        return []
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def untaught(root: Path = plan.ROOT) -> list[str]:
    """Return definitions of taught modules that no cell promotes and no list excuses.

    A private helper counts as well: the page shows all of the mathematics, and whatever is
    not mathematics belongs in a support module.
    """
    taught = {f"{p.module}.{p.block.name}" for p in promotions(root)}
    listed = not_yet_taught(root)
    existing = set()
    for module in plan.TAUGHT:
        path = root / "nnlib" / f"{module}.py"
        if path.exists():
            source = path.read_text(encoding="utf-8")
            existing |= {f"{module}.{name}" for name in definitions(source, f"nnlib/{path.name}")}
    here = "tools/not_yet_taught.txt"
    return [
        *(
            f"{name}: no cell promotes it; promote it, list it in {here}, or move it to a "
            "support module"
            for name in sorted(existing - taught - set(listed))
        ),
        *(
            f"{name}: stands in {here} and is promoted; remove the line"
            for name in listed
            if name in taught
        ),
        *(
            f"{name}: stands in {here} and nnlib has no such definition; remove the line"
            for name in listed
            if name not in existing
        ),
        *(
            f"{name}: stands twice in {here}; remove a line"
            for name in sorted({name for name in listed if listed.count(name) > 1})
        ),
    ]


def _may_rebind(path: Path) -> bool:
    """Return whether a notebook needs wrong or unfinished versions of what was taught."""
    return plan.notebook_number(path) == 14 or path.parent.name != "notebooks"


def _bindings(cell: NotebookNode) -> Iterator[str]:
    """Yield the notebook-wide names that a cell binds, imports from nnlib excepted."""
    source = plan.python_source(cell.source)
    taken = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "nnlib":
            taken |= {alias.name for alias in node.names if alias.asname in (None, alias.name)}
    for symbol in symtable(source, "cell", "exec").get_symbols():
        if symbol.is_assigned() or (symbol.is_imported() and symbol.get_name() not in taken):
            yield symbol.get_name()


def rebound(root: Path = plan.ROOT) -> list[str]:
    """Return the places that bind a promoted name again after its promoting cell.

    Before it, in the same notebook or an earlier one, a naive version may bear the name.
    """
    order = plan.course_notebooks(root)
    owner = {p.block.name: p for p in promotions(root)}
    report = []
    for position, path in enumerate(order):
        if _may_rebind(path):
            continue
        for index, cell in enumerate(plan.read_notebook(path).cells):
            if cell.cell_type != "code":
                continue
            for name in sorted(set(_bindings(cell)) & set(owner)):
                first = owner[name]
                if (position, index) > (order.index(first.notebook), first.cell):
                    report.append(
                        f"{path.name}, cell {index + 1}: binds {name} again, which "
                        f"{first.place} promotes; import it, or choose another name"
                    )
    return report


def _used(tree: ast.AST) -> Iterator[tuple[str, ...]]:
    """Yield the dotted paths below nnlib that code uses, aliases of its modules resolved."""
    alias: dict[str, tuple[str, ...]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                parts = tuple(name.name.split("."))
                if parts[0] == "nnlib":
                    alias[name.asname or "nnlib"] = parts[1:] if name.asname else ()
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "nnlib":
            base = tuple((node.module or "").split("."))[1:]
            for name in node.names:
                alias[name.asname or name.name] = (*base, name.name)
                yield (*base, name.name)
    for node in ast.walk(tree):
        parts, inner = (), node
        while isinstance(inner, ast.Attribute):
            parts, inner = (inner.attr, *parts), inner.value
        if parts and isinstance(inner, ast.Name) and inner.id in alias:
            yield (*alias[inner.id], *parts)


def underived(root: Path = plan.ROOT) -> list[str]:
    """Return what a notebook uses from nnlib before any notebook has derived it.

    00 shows the package around and derives nothing: it is exempt; so is 10 as long as
    something is listed as not yet taught.
    """
    order = plan.course_notebooks(root)
    since = {p.block.name: order.index(p.notebook) for p in promotions(root)}
    package = {
        module: set(definitions(path.read_text(encoding="utf-8"), path.name))
        for module in plan.FLOOR
        if (path := root / "nnlib" / f"{module}.py").exists()
    }
    taught = set().union(*(package.get(module, set()) for module in plan.TAUGHT))
    report = []
    for position, path in enumerate(order):
        number = plan.notebook_number(path)
        if number == 0 or (number == 10 and not_yet_taught(root)):
            continue
        cells = plan.code_cells(plan.read_notebook(path))
        tree = ast.parse("\n".join(plan.python_source(cell.source) for cell in cells))
        for used in sorted(set(_used(tree))):
            if used[0] in plan.SUPPORT:
                continue
            name = used[1] if used[0] in plan.TAUGHT and len(used) > 1 else used[0]
            if name == "*":
                report.append(f"{path.name}: a star import; name what you import")
            elif (number, name) in EARLY:
                continue
            elif name in taught and since.get(name, len(order)) > position:
                report.append(
                    f"{path.name}: uses nnlib's {name} before a notebook has derived it; "
                    "write it out, or promote it first"
                )
    return list(dict.fromkeys(report))


def check(root: Path = plan.ROOT) -> list[str]:
    """Return everything that breaks the rules of promotion."""
    try:
        return [*differences(root), *untaught(root), *rebound(root), *underived(root)]
    except PromotionError as error:
        return [str(error)]


def write(root: Path = plan.ROOT) -> list[str]:
    """Write the notebooks' code into the modules; keep the longer docstrings."""
    done = []
    for promotion in promotions(root):
        name, page = promotion.block.name, promotion.block.text
        target = promotion.target(root)
        old = _shipped(promotion, root).get(name)
        source = target.read_text(encoding="utf-8")
        lines = source.rstrip("\n").splitlines()
        if old is None:
            lines += ["", "", *page.splitlines()]
        elif _comparable(old.text) != _comparable(page):
            lines[old.start : old.stop] = merged(page, old.text).splitlines()
        else:
            continue
        target.write_text("\n".join(lines) + "\n", encoding="utf-8")
        hint = "; name it in __all__" if old is None else ""
        done.append(f"{promotion.place} -> nnlib/{target.name}: {name} written{hint}")
    return done


def pull(root: Path = plan.ROOT) -> list[str]:
    """Write the modules' code into the notebooks; the page keeps first lines only."""
    done = []
    by_notebook: dict[Path, list[Promotion]] = {}
    for promotion in promotions(root):
        by_notebook.setdefault(promotion.notebook, []).append(promotion)
    for path, found in by_notebook.items():
        notebook = plan.read_notebook(path)
        for promotion in reversed(found):  # from the end, so that line numbers stay true
            shipped = _shipped(promotion, root).get(promotion.block.name)
            same = shipped and _comparable(shipped.text) == _comparable(promotion.block.text)
            if shipped is None or same:
                continue
            cell, old = notebook.cells[promotion.cell], promotion.block
            lines = cell.source.splitlines()
            lines[old.start : old.stop] = reduced(shipped.text).splitlines()
            cell.source = "\n".join(lines)
            done.append(f"nnlib/{promotion.module}.py -> {promotion.place}: {old.name} pulled")
        plan.write_notebook(notebook, path)
    return done


def main() -> int:
    """Check, write or pull, as the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--write", action="store_true", help="notebooks -> nnlib")
    group.add_argument("--pull", action="store_true", help="nnlib -> notebooks")
    args = parser.parse_args()
    if args.write or args.pull:
        try:
            done = write() if args.write else pull()
        except PromotionError as error:
            print(error)
            return 1
        print("\n".join(done) or "nothing to do")
        if done and args.pull:
            print("the outputs are older than the code now; run: make run")
        return 0
    report = check()
    print("\n".join(report) or "notebooks and nnlib agree")
    return int(bool(report))


if __name__ == "__main__":
    sys.exit(main())
