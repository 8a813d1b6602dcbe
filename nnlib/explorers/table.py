"""The numbers behind a picture, as a table that can be read."""

import html
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["Table"]


class Table:
    """Rows of numbers and words, printed in columns.

    Parameters
    ----------
    columns : dict of str to str
        The head of each column, with the format of its entries, such as ``".3g"``.
    rows : iterable of sequence
        One entry for each column.
    """

    def __init__(self, columns: dict[str, str], rows: Iterable[Sequence[Any]]) -> None:
        self.head = list(columns)
        self.rows = [
            [_written(entry, form) for entry, form in zip(row, columns.values(), strict=True)]
            for row in rows
        ]

    def __str__(self) -> str:
        lines = [self.head, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines)]
        return "\n".join(
            "  ".join(text.rjust(width) for text, width in zip(line, widths)) for line in lines
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{html.escape(text)}</th>' for text in self.head)
        rows = (
            "".join(f'<td style="text-align:right">{html.escape(text)}</td>' for text in row)
            for row in self.rows
        )
        return f"<table><tr>{head}</tr>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def _written(entry: Any, form: str) -> str:
    """Write an entry; a number that rounds to minus zero is written as zero."""
    text = format(entry, form)
    is_zero = not isinstance(entry, str) and text.strip("-0.e+") == ""
    return text.removeprefix("-") if is_zero else text
