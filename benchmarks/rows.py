"""A row of the table: two times taken in the same rounds, and their ratio."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Row", "paired"]


@dataclass(frozen=True)
class Row:
    """What was compared, and what came out.

    Attributes
    ----------
    case, compared : str
        ``compared`` names the ratio: "PyTorch / nnlib".
    ratio, low, high : float
        Median over the rounds, and its quartiles.
    wanted : float or None
    at_least : bool
        Whether the ratio has to reach what is wanted, or to stay below it.
    peer : str or None
        Who wins where the ratio is below 1; None where nobody competes.
    times : str
        The two times, in words.
    accuracy : str
        Test accuracy of the two, in words.
    """

    case: str
    compared: str
    ratio: float
    low: float
    high: float
    wanted: float | None = None
    at_least: bool = False
    peer: str | None = None
    times: str = ""
    accuracy: str = ""

    @property
    def winner(self) -> str:
        """Who is faster; a dash where nobody competes."""
        if self.peer is None:
            return "-"
        return "nnlib" if self.ratio > 1 else self.peer

    @property
    def reached(self) -> bool:
        """Whether the ratio, as it is printed, is what is wanted."""
        if self.wanted is None:
            return True
        shown = round(self.ratio, 2)
        return shown >= self.wanted if self.at_least else shown <= self.wanted


def paired(above: Sequence[float], below: Sequence[float]) -> tuple[float, float, float]:
    """Return the median of the rounds' ratios and its quartiles."""
    ratios = [a / b for a, b in zip(above, below, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return middle, low, high
