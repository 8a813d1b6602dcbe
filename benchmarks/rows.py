"""A row of the table: a ratio of two times, or another number that should stay small."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Row", "middle", "paired"]


@dataclass(frozen=True)
class Row:
    """What was compared, and what came out.

    Attributes
    ----------
    case, what : str
        ``what`` names the number: "PyTorch / nnlib".
    value, low, high : float
        Median over the rounds, and its quartiles.
    wanted : float or None
        A peer's ratio has to reach it, any other number stays below it.
    peer : str or None
        Whose time stands above that of nnlib; None where nobody competes.
    detail : str
        The measurements behind the number, in words.
    accuracy : str
        Test accuracy in percent, of nnlib and of the other side.
    """

    case: str
    what: str
    value: float
    low: float
    high: float
    wanted: float | None = None
    peer: str | None = None
    detail: str = ""
    accuracy: str = ""

    @property
    def winner(self) -> str:
        """Who is faster: nobody where the quartiles lie on both sides of 1."""
        if self.peer is None:
            return "-"
        if self.low <= 1 <= self.high:
            return "even"
        return "nnlib" if self.low > 1 else self.peer

    @property
    def reached(self) -> bool:
        """Whether the number, as it is printed, is what is wanted."""
        if self.wanted is None:
            return True
        shown = round(self.value, 2)
        return shown >= self.wanted if self.peer else shown <= self.wanted


def middle(values: Iterable[float]) -> tuple[float, float, float]:
    """Return the median and the two quartiles."""
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return median, low, high


def paired(above: Sequence[float], below: Sequence[float]) -> tuple[float, float, float]:
    """Return the median of the rounds' ratios and its quartiles."""
    return middle(a / b for a, b in zip(above, below, strict=True))
