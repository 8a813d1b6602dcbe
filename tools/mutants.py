"""Faults in the taught modules: chosen ones, and ones drawn by lot from cosmic-ray's.

The lot does not depend on positions in a file: each mutation gets a number from the seed and
its own text, and the lowest numbers are drawn. So the same seed draws the same mutations until
the lines that they change are edited.

    python tools/mutants.py 5          # print the first five of each module
"""

import hashlib
import sys
from collections.abc import Iterator
from functools import cache
from itertools import takewhile
from typing import NamedTuple

import plan
import promote

__all__ = ["SEED", "Fault", "chosen", "drawn"]

SEED = 2015


class Fault(NamedTuple):
    """One change of a taught module: the definition, its lines before and after, all of it."""

    module: str
    definition: str
    old: str
    new: str
    source: str

    def __str__(self) -> str:
        return f"{self.module}.{self.definition}: {self.old} -> {self.new}"


@cache
def _module(module: str) -> tuple[str, dict[str, promote.Block]]:
    """Return the text of a taught module and its definitions."""
    source = (plan.ROOT / "nnlib" / f"{module}.py").read_text(encoding="utf-8")
    return source, promote.definitions(source, module)


def _alike(a: list[str], b: list[str]) -> int:
    """Count the equal lines that two texts begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b)))


def _fault(module: str, changed: str) -> Fault | None:
    """Compare a module with a changed text; None if no definition contains the change."""
    source, definitions = _module(module)
    before, after = source.splitlines(), changed.splitlines()
    start = _alike(before, after)
    rest = before[start:], after[start:]
    same = _alike(*(lines[::-1] for lines in rest))
    old, new = (" ".join(" ".join(lines[: len(lines) - same]).split()) for lines in rest)
    for name, block in definitions.items():
        if block.start <= start < block.stop:
            return Fault(module, name, old, new, changed)
    return None


def chosen(module: str, old: str, new: str) -> Fault:
    """Return the fault that writes `new` for `old`, which occurs once in the module."""
    source, _ = _module(module)
    assert source.count(old) == 1, f"{old!r} occurs {source.count(old)} times in {module}.py"
    fault = _fault(module, source.replace(old, new))
    assert fault, f"{old!r} stands in no definition of {module}.py"
    return fault


def _mutations(module: str) -> Iterator[Fault]:
    """Yield cosmic-ray's mutations of a module, those with bit operators left out.

    Bits of floats are a TypeError wherever they come, and `|` joins types alone here.
    """
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator, operator_names

    source, _ = _module(module)
    for name in operator_names():
        operator = get_operator(name)
        if operator.arguments() or "Bit" in name or "Shift" in name:
            continue
        occurrence = 0
        while (changed := mutate_code(source, operator(), occurrence)) is not None:
            occurrence += 1
            fault = _fault(module, changed)
            if fault:
                yield fault


@cache
def drawn(module: str, count: int, seed: int = SEED) -> list[Fault]:
    """Draw that many different mutations of a module."""

    def number(fault: Fault) -> str:
        return hashlib.sha256(f"{seed} {fault}".encode()).hexdigest()

    faults = {str(fault): fault for fault in _mutations(module)}
    return sorted(faults.values(), key=number)[:count]


if __name__ == "__main__":
    for taught in plan.TAUGHT:
        print(*drawn(taught, int(sys.argv[1])), sep="\n")
