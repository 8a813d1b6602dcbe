"""The table as text, and what it says in words."""

from collections.abc import Sequence

from benchmarks.rows import Row

__all__ = ["HEADER", "contradictions", "lines", "parse", "verdicts"]

HEADER = (
    "case", "what", "median", "quartiles", "wanted", "winner", "accuracy %", "measured"
)  # fmt: skip


def cells(row: Row) -> tuple[str, ...]:
    """Return one row's text."""
    wanted = ""
    if row.wanted is not None:
        wanted = f"{'≥' if row.peer else '≤'} {row.wanted:g}{'' if row.reached else ', missed'}"
    quartiles = f"{row.low:.2f} to {row.high:.2f}" if row.low < row.high else ""
    return (
        row.case, row.what, f"{row.value:.2f}", quartiles, wanted,
        row.winner, row.accuracy, row.detail,
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
        parts = [part.strip() for part in line.removeprefix("|").removesuffix("|").split("|")]
        if len(parts) == len(HEADER) and line.startswith("| ") and parts[0] != HEADER[0]:
            found[parts[0], parts[1]] = parts[HEADER.index("winner")]
    return found


def contradictions(rows: Sequence[Row], stored: str) -> list[str]:
    """Say which rows another run has given to somebody else; "even" contradicts nobody."""
    before = parse(stored)
    pairs = [(row, before.get((row.case, row.what), "even")) for row in rows]
    return [
        f"{row.case}, {row.what}: {row.winner} wins, in the stored table {winner}"
        for row, winner in pairs
        if row.winner != winner and "even" not in (row.winner, winner)
    ]


def verdicts(rows: Sequence[Row]) -> list[str]:
    """Say where a peer wins, where nobody does, and what is not reached."""
    return [
        *(
            f"{row.peer} wins: {row.case}, {1 / row.value:.2f} times as fast as nnlib."
            for row in rows
            if row.peer and row.winner == row.peer
        ),
        *(f"Nobody wins: {row.case}, {row.what}." for row in rows if row.winner == "even"),
        *(
            f"Not reached: {row.case}, {row.what} is {row.value:.2f}, wanted "
            f"{'at least' if row.peer else 'at most'} {row.wanted:g}."
            for row in rows
            if not row.reached
        ),
    ] or ["No peer wins a row, and every number is what is wanted."]
