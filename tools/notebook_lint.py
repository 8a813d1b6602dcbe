"""Read the stored notebooks and say what a reader, a test or the book would trip over.

nbval passes a notebook whose outputs were cleared, and it never looks at a picture. The rules
here close these holes and hold the form that the course has promised. `complaints` applies all
of them; each rule is a function from a `Page` to the sentences that it has to say.
"""

import ast
import base64
import io
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import plan
from nbformat import NotebookNode
from PIL import Image

__all__ = ["RULES", "Figure", "Page", "complaints", "drawn", "figures", "freshly_run"]

COLUMNS = 76
LINES = {"cell": 20, "function": 20, "class": 40}
LONGER = {"train": 40}  # twenty lines of it name the arguments
BYTES = 1_000_000
ALT_LENGTH = 30
IGNORED_CELLS = 1
TAGS = {"exercise", "check", "lab", "raises-exception"}
IGNORING = {"nbval-skip", "nbval-ignore-output"}
SLIDES = ("slide", "subslide")
CLOSING = ["Summary", "Exercises", "References"]
# Words that hide a step, flatter, or fill.
WORDS = [
    "simply",
    "obviously",
    "just",
    "easy",
    "easily",
    "trivial",
    "trivially",
    "clearly",
    "of course",
    "as you can see",
    "let's dive",
    "let us dive",
    "magic",
]

MARKER = re.compile(r"NBVAL_\w+|PYTEST_VALIDATE\w*")
SEEN_MARKER = re.compile(r"#+ *(NBVAL_IGNORE_OUTPUT|NBVAL_SKIP|NBVAL_RAISES_EXCEPTION)")
LONG_NUMBER = re.compile(r"\d\.\d{7,}")
NEGATIVE_ZERO = re.compile(r"(?<![\w.])-0(?:\.0*)?(?![\w.])")
DECIMAL = re.compile(r"(?<![\w.])\d+\.\d{3,}(?:e[+-]?\d+)?(?![\w.]*\d)")
CITATION = re.compile(r"\([^()]*\b(?:1[89]|20)\d\d[a-z]?\b[^()]*\)|\]\(\S+\)|https?://")
ABSOLUTE = re.compile(
    r"(?<![\w.:/~-])/(?:home|root|tmp|work|usr|mnt|opt|Users|var)/\w|\b[A-Z]:\\\w"
)
EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf\u2b50\u2b55]")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#{1,6}) +(.*?) *#*$", re.MULTILINE)
WORD = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, WORDS))})(?![\w-])", re.IGNORECASE)


class Figure(NamedTuple):
    """A stored picture: its alternative text, the text beside it, its size, if it is blank."""

    alt: str
    plain: str
    size: tuple[int, int]
    blank: bool


def figures(outputs: list[NotebookNode]) -> list[Figure]:
    """Return the PNG pictures among the outputs of a cell."""
    found = []
    for output in outputs:
        data = output.get("data", {})
        if "image/png" not in data:
            continue
        with Image.open(io.BytesIO(base64.b64decode(data["image/png"]))) as image:
            lowest, highest = image.convert("L").getextrema()
            metadata = output.get("metadata", {}).get("image/png", {})
            found.append(
                Figure(
                    metadata.get("alt", ""),
                    data.get("text/plain", ""),
                    image.size,
                    lowest == highest,
                )
            )
    return found


@dataclass(frozen=True)
class Page:
    """A stored notebook and what the rules ask of it."""

    path: Path
    root: Path
    notebook: NotebookNode

    @property
    def number(self) -> int | None:
        """The number in the notebook's name."""
        return plan.notebook_number(self.path)

    @cached_property
    def code(self) -> list[tuple[str, NotebookNode]]:
        """The code cells, each with its place."""
        return [(place, cell) for place, cell in self.cells if cell.cell_type == "code"]

    @cached_property
    def prose(self) -> list[tuple[str, NotebookNode, str]]:
        """The markdown cells, each with its place and its text without code fences."""
        return [
            (place, cell, FENCE.sub("", cell.source))
            for place, cell in self.cells
            if cell.cell_type == "markdown"
        ]

    @cached_property
    def cells(self) -> list[tuple[str, NotebookNode]]:
        """All cells with their places, counted from 1."""
        return [
            (f"{self.path.name}, cell {number}", cell)
            for number, cell in enumerate(self.notebook.cells, 1)
        ]

    @cached_property
    def version(self) -> str:
        """The package's version, read from its source."""
        source = (self.root / "nnlib" / "__init__.py").read_text(encoding="utf-8")
        match = re.search(r'^__version__(?:: \w+)? = "([^"]+)"', source, re.MULTILINE)
        if match is None:
            raise ValueError('nnlib/__init__.py has no line __version__ = "..."')
        return match[1]


Rule = Callable[[Page], Iterator[str]]
RULES: list[Rule] = []


def _rule(function: Rule) -> Rule:
    RULES.append(function)
    return function


def _tree(cell: NotebookNode) -> ast.Module:
    return ast.parse(plan.python_source(cell.source))


def _texts(cell: NotebookNode) -> Iterator[str]:
    """Yield what a cell prints; a picture's text is prose, not a computed output."""
    for output in cell.outputs:
        if output.output_type == "stream":
            yield output.text
        data = output.get("data", {})
        if "image/png" not in data:
            yield from (data[kind] for kind in data if kind.startswith("text/"))
        if output.output_type == "error":
            yield f"{output.ename}: {output.evalue}"


def _called(tree: ast.AST) -> Iterator[str]:
    """Yield the dotted names of the calls that run with the cell, not inside definitions."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)
        yield from _called(node)


def _ignored(cell: NotebookNode) -> bool:
    return bool(IGNORING & set(plan.tags(cell)))


def _length(source: str) -> int:
    return sum(bool(line.strip()) for line in source.splitlines())


@_rule
def valid(page: Page) -> Iterator[str]:
    """A valid file of a modest size, with nothing that changes from run to run."""
    try:
        nbformat.validate(page.notebook)
    except nbformat.ValidationError as error:
        yield f"{page.path.name}: not a valid notebook: {str(error).splitlines()[0]}"
    if page.path.stat().st_size >= BYTES:
        yield f"{page.path.name}: {page.path.stat().st_size} bytes; at most {BYTES}"
    if page.notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        yield f"{page.path.name}: the kernel is not python3; run: make run"
    if extra := set(page.notebook.metadata) - {"kernelspec"}:
        yield f"{page.path.name}: metadata {sorted(extra)} changes with machines; run: make run"


@_rule
def freshly_run(page: Page) -> Iterator[str]:
    """Every cell was run once, top to bottom, in a fresh kernel, and left no fault."""
    counts = [cell.execution_count for _, cell in page.code]
    if counts != list(range(1, len(counts) + 1)):
        yield f"{page.path.name}: execution counts {counts} are not 1..{len(counts)}; run: make run"
    for place, cell in page.code:
        streams = [output for output in cell.outputs if output.output_type == "stream"]
        body = _tree(cell).body
        certain: list[ast.stmt] = [node for node in body if isinstance(node, ast.Expr | ast.For)]
        if "print" in _called(ast.Module(certain, [])) and not streams and not _ignored(cell):
            yield f"{place}: prints, and no output is stored; run: make run"
        if any(stream.name == "stderr" for stream in streams):
            yield f"{place}: something on stderr, a warning or a progress bar; remove its cause"
        raises = {"raises-exception", "nbval-raises-exception"} & set(plan.tags(cell))
        if any(output.output_type == "error" for output in cell.outputs) and not raises:
            yield f"{place}: a stored error; mend it, or tag the cell raises-exception"


@_rule
def drawn(page: Page) -> Iterator[str]:
    """Each figure is stored, not blank, says in a sentence what it shows, and prints numbers."""
    for place, cell in page.code:
        calls = list(_called(_tree(cell)))
        found = figures(cell.outputs)
        if "plt.show" in calls:
            yield f"{place}: plt.show() stores no alternative text; use plots.show(figure, alt=...)"
        if len(found) < calls.count("plots.show"):
            yield (
                f"{place}: draws {calls.count('plots.show')} figures and stores {len(found)}; "
                "run: make run"
            )
        for output in cell.outputs:
            data = output.get("data", {})
            if data.get("text/plain", "").startswith("<Figure") and "image/png" not in data:
                yield f"{place}: a figure without its picture; use plots.show"
        for figure in found:
            if figure.blank:
                yield f"{place}: a blank figure"
            alt = figure.alt.strip()
            if len(alt) < ALT_LENGTH or not alt.endswith(".") or "figure of" in alt.lower():
                yield (
                    f"{place}: alternative text {alt!r}; expected a sentence of {ALT_LENGTH} "
                    "characters or more that tells a fact of the picture and ends in a full stop"
                )
            if figure.plain != figure.alt:
                yield f"{place}: a figure's text/plain is not its alternative text; use plots.show"
        if found and not any(o.output_type == "stream" for o in cell.outputs):
            yield f"{place}: draws and prints nothing; print what the artists hold"


@_rule
def compared(page: Page) -> Iterator[str]:
    """The comparison sees every marker, and at most one cell is ignored, with its reason."""
    ignored = 0
    for place, cell in page.code:
        known = TAGS | IGNORING | {f"promote:{module}" for module in plan.TAUGHT}
        if strange := set(plan.tags(cell)) - known:
            yield f"{place}: unknown tags {sorted(strange)}; expected some of {sorted(known)}"
        ignores = _ignored(cell)
        for line in cell.source.splitlines():
            if MARKER.search(line):
                if not SEEN_MARKER.fullmatch(line.strip()):
                    yield f"{place}: nbval does not see the marker in {line!r}; give it a line"
                ignores |= "RAISES" not in line
        if ignores and not cell.source.lstrip().startswith("#"):
            yield f"{place}: ignored without a reason; begin the cell with a comment that says it"
        ignored += ignores
        if cell.source.rstrip().endswith(";"):
            yield f"{place}: ends in ;, which nbval cannot compare; remove it"
    if ignored > IGNORED_CELLS:
        yield f"{page.path.name}: {ignored} ignored cells; at most {IGNORED_CELLS}"
    for place, cell in page.cells:
        if cell.cell_type != "code" and (strange := set(plan.tags(cell)) - TAGS):
            yield f"{place}: unknown tags {sorted(strange)} on a text cell"


@_rule
def printed(page: Page) -> Iterator[str]:
    """What is printed is the same everywhere: rounded, without addresses or paths."""
    for place, cell in page.code:
        for text in _texts(cell):
            if match := LONG_NUMBER.search(text):
                yield f"{place}: prints {match[0]}... with 7 or more decimals; round it"
            if match := NEGATIVE_ZERO.search(text):
                yield f"{place}: prints {match[0]}, whose sign changes with machines; add 0.0"
            if re.search(r"\bat 0x[0-9a-fA-F]{6}", text):
                yield f"{place}: prints an address in memory"
    for place, cell in page.cells:
        stored = list(_texts(cell)) if cell.cell_type == "code" else []
        for text in [cell.source, *stored]:
            if match := ABSOLUTE.search(text):
                yield f"{place}: an absolute path, {match[0]}...; write it relative"


@_rule
def computed(page: Page) -> Iterator[str]:
    """A number of three or more decimals in the prose is printed by a cell or cited."""
    outputs = {n for _, cell in page.code for text in _texts(cell) for n in DECIMAL.findall(text)}
    for place, _, text in page.prose:
        for line in text.splitlines():
            if CITATION.search(line):
                continue
            for number in DECIMAL.findall(line):
                if number not in outputs:
                    yield (
                        f"{place}: {number} is printed by no cell of this notebook; print it, "
                        "or cite its source (Author, year) on the same line"
                    )


@_rule
def short(page: Page) -> Iterator[str]:
    """Lines fit the book's page, cells fit a slide."""
    for place, cell in page.code:
        for line in cell.source.splitlines():
            if len(line) > COLUMNS:
                yield f"{place}: {len(line)} columns, at most {COLUMNS}: {line.strip()[:40]}..."
        if not any(tag.startswith("promote:") for tag in plan.tags(cell)):
            if _length(cell.source) > LINES["cell"]:
                yield f"{place}: {_length(cell.source)} lines; at most {LINES['cell']}"
            continue
        for node in _tree(cell).body:
            kind = "class" if isinstance(node, ast.ClassDef) else "function"
            length = _length(ast.get_source_segment(cell.source, node) or "")
            most = LONGER.get(getattr(node, "name", ""), LINES[kind])
            if length > most:
                yield f"{place}: a promoted {kind} of {length} lines; at most {most}"
        if _length(cell.source) > LINES["class"]:
            yield f"{place}: {_length(cell.source)} promoted lines; at most {LINES['class']}"


@_rule
def imported(page: Page) -> Iterator[str]:
    """The first code cell imports all that is needed and checks the package's version."""
    if not page.code:
        yield f"{page.path.name}: no code cell"
        return
    place, first = page.code[0]
    lines = first.source.splitlines()
    for line in (
        "import nnlib",
        f'assert nnlib.__version__ == "{page.version}", '
        f'"run: %pip install nnlib-course=={page.version}"',
    ):
        if line not in lines:
            yield f"{place}: the first code cell has to hold the line: {line}"
    for place, cell in page.code[1:]:
        if any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(_tree(cell))):
            yield f"{place}: imports; only the first code cell does"


@_rule
def outlined(page: Page) -> Iterator[str]:
    """One title, no level skipped, the three closing sections, slide tags on headings."""
    found = []
    for place, cell, text in page.prose:
        slide = cell.metadata.get("slideshow", {}).get("slide_type")
        headings = [(len(marks), title) for marks, title in HEADING.findall(text)]
        found += headings
        if headings and slide not in SLIDES:
            yield f"{place}: a heading on a cell of slide type {slide!r}; expected {SLIDES}"
        if headings and not text.lstrip().startswith("#"):
            yield f"{place}: a heading in the middle of a cell; begin a new cell with it"
    if [level for level, _ in found].count(1) != 1 or found[0][0] != 1:
        yield f"{page.path.name}: expected one # title, the first heading of all"
    for (above, _), (level, title) in pairwise(found):
        if level > above + 1:
            yield f"{page.path.name}: {title!r} skips a heading level"
    if page.number == 0:
        return
    titles = [re.sub(r"^[\d.]+ +", "", title) for level, title in found if level == 2]
    if [title for title in titles if title in CLOSING] != CLOSING:
        yield f"{page.path.name}: closes with ## {', ## '.join(CLOSING)}, once each, in this order"


@_rule
def plain(page: Page) -> Iterator[str]:
    """No word that hides a step, no decoration."""
    for place, _, text in page.prose:
        words = re.sub(r"`[^`]*`", "", text)
        for match in WORD.finditer(words):
            yield f"{place}: {match[0]!r}; leave it out, or say the step"
        if EMOJI.search(words):
            yield f"{place}: a pictograph; write the word"


def complaints(path: Path, root: Path = plan.ROOT) -> list[str]:
    """Return what every rule has to say about a stored notebook."""
    page = Page(path, root, plan.read_notebook(path))
    return [sentence for rule in RULES for sentence in rule(page)]


def main() -> int:
    """Print the complaints about the notebooks named, or about all of them."""
    paths: list[Any] = [Path(name).resolve() for name in sys.argv[1:]] or plan.course_notebooks()
    found = [sentence for path in paths for sentence in complaints(path)]
    print("\n".join(found) or f"{len(paths)} notebooks: no complaint")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
