"""The parts of README.md that the scripts write: each stands between two comments."""

import re
from collections.abc import Iterable
from pathlib import Path

__all__ = ["PAGE", "read", "replaced", "write"]

PAGE = Path(__file__).parents[1] / "README.md"


def pattern(name: str) -> re.Pattern[str]:
    """Return what a part looks like, with its comments."""
    return re.compile(rf"(<!-- {name} -->\n)(.*?)(<!-- end of {name} -->)", flags=re.DOTALL)


def read(text: str, name: str) -> str:
    """Return a part of the page."""
    found = pattern(name).search(text)
    if found is None:
        raise ValueError(f"README.md has no part between <!-- {name} --> and its end")
    return found[2]


def replaced(text: str, name: str, lines: Iterable[str]) -> str:
    """Return the page with other lines in one part."""
    read(text, name)
    inside = "\n".join(["", *lines, "", ""])
    return pattern(name).sub(lambda found: found[1] + inside + found[3], text)


def write(name: str, lines: Iterable[str]) -> None:
    """Write one part of benchmarks/README.md."""
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(replaced(text, name, lines), encoding="utf-8")
