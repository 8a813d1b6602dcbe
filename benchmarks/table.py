"""The table as text, and what it says in words."""

from collections.abc import Sequence

from benchmarks.rows import Row

__all__ = ["HEADER", "lines", "parse", "verdicts"]

HEADER = (
    "case", "ratio", "median", "quartiles", "wanted", "µs a step", "accuracy %", "winner"
)  # fmt: skip


def cells(row: Row) -> tuple[str, ...]:
    """Return one row's text."""
    wanted = ""
    if row.wanted is not None:
        sign = "≥" if row.at_least else "≤"
        wanted = f"{sign} {row.wanted:g}{'' if row.reached else ' missed'}"
    return (
        row.case, row.compared, f"{row.ratio:.2f}", f"{row.low:.2f} to {row.high:.2f}", wanted,
        row.times, row.accuracy, row.winner,
    )  # fmt: skip


def lines(rows: Sequence[Row]) -> list[str]:
    """Return the table in markdown, its columns aligned for who reads it as text."""
    table = [HEADER, *map(cells, rows)]
    widths = [max(map(len, column)) for column in zip(*table)]
    texts = [" | ".join(f"{cell:{width}}" for cell, width in zip(line, widths)) for line in table]
    rule = "|".join("-" * (width + 2) for width in widths)
    return [f"| {texts[0]} |", f"|{rule}|", *(f"| {text} |" for text in texts[1:])]


def parse(text: str) -> dict[tuple[str, str], str]:
    """Return who won, by case and ratio, from a table as `lines` writes it."""
    found = {}
    for line in text.splitlines():
        parts = [part.strip() for part in line.strip("| ").split("|")]
        if line.startswith("| ") and len(parts) == len(HEADER) and parts[0] != HEADER[0]:
            found[parts[0], parts[1]] = parts[-1]
    return found


def verdicts(rows: Sequence[Row]) -> list[str]:
    """Say where a peer wins, and what is not reached."""
    lost = [row for row in rows if row.winner not in ("-", "nnlib")]
    missed = [row for row in rows if not row.reached]
    said = [
        f"{row.winner} wins: {row.case}, {row.compared} = {row.ratio:.2f}, "
        f"{1 / row.ratio:.2f} times as fast as nnlib."
        for row in lost
    ] or ["No peer wins a row."]
    return said + [
        f"Not reached: {row.case}, {row.compared} = {row.ratio:.2f}, wanted "
        f"{'at least' if row.at_least else 'at most'} {row.wanted:g}."
        for row in missed
    ]
