"""Growth: what an example, a batch, a width and a depth cost as they grow."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from benchmarks.cases import Case, case_named
from benchmarks.data import load
from benchmarks.peers import side
from benchmarks.rounds import N_ROUNDS, alternate, timed
from benchmarks.rows import Row

__all__ = ["SERIES", "Series", "rows"]

WANTED = 1.1


@dataclass(frozen=True)
class Series:
    """Cases that differ in one number.

    ``vary(case, value)`` gives each; about ``n_seen`` examples are trained on in each, so that
    one takes about as long as the next. ``per`` is what one measurement is divided by.
    """

    name: str
    base: str
    values: tuple[int, ...]
    vary: Callable[[Case, int], Case]
    n_seen: Callable[[int], int]
    linear: bool = True


SERIES = (
    Series(
        "examples", "MNIST, batch 128", (1_000, 6_000, 20_000, 60_000),
        lambda case, n: replace(case, n_examples=n), lambda n: 60_000, linear=False,
    ),
    Series(
        "batch", "MNIST, batch 32", (16, 64, 256, 512, 1024, 2048),
        lambda case, n: replace(case, batch_size=n), lambda n: 20_480 if n < 256 else 61_440,
    ),
    Series(
        "width", "MNIST, batch 128", (32, 64, 128, 256, 512, 1024),
        lambda case, n: replace(case, sizes=(784, n, 10)), lambda n: 7_000_000 // (n + 100),
    ),
    Series(
        "depth", "digits, deep", (1, 2, 4, 8, 16),
        lambda case, n: replace(case, sizes=(64, *[64] * n, 10)), lambda n: 200_000 // (n + 1),
    ),
)  # fmt: skip


def turn(case: Case, n_seen: int, number: int) -> float:
    """Return microseconds a step, over whole epochs of full batches."""
    data = load(case.data)
    n = min(case.n_examples or len(data.X), n_seen)
    n = n if case.n_examples else max(n // case.batch_size, 1) * case.batch_size
    n_epochs = max(round(n_seen / n), 1)
    job = side("nnlib")(replace(case, n_epochs=n_epochs), data.astype(np.float32, n), number)
    return 1e6 * timed(job.fit) / (n_epochs * n) * case.batch_size


def rows(n_rounds: int = N_ROUNDS, series: Sequence[Series] = SERIES) -> list[Row]:
    """Return one row a series."""
    found = []
    for one in series:
        base = case_named(one.base)
        turns = {
            str(value): partial(turn, one.vary(base, value), one.n_seen(value))
            for value in one.values
        }
        found.append(row(one, base, alternate(turns, n_rounds)))
    return found


def row(series: Series, base: Case, found: dict[str, list[float]]) -> Row:
    """Return the largest over the smallest cost, or over what a straight line says."""
    micro = [statistics.median(times) for times in found.values()]
    value = off_the_line(series.values, micro) if series.linear else max(micro) / min(micro)
    if not series.linear:
        micro = [value / base.batch_size for value in micro]
    unit = "a step" if series.linear else "an example"
    shown = ", ".join(f"{value:,.0f}" if series.linear else f"{value:.1f}" for value in micro)
    return Row(
        f"{base.name}, {series.name} {series.values[0]:,} to {series.values[-1]:,}",
        "largest / line" if series.linear else "largest / smallest", value, value, value,
        wanted=WANTED, detail=f"{shown} µs {unit}",
    )  # fmt: skip


def off_the_line(x: Sequence[float], times: Sequence[float]) -> float:
    """Return the largest time over the straight line that fits all of them best.

    The line makes the relative distances small, so that short times count as much as long ones.
    """
    t = np.asarray(times)
    columns = np.column_stack([np.ones(len(t)), x]) / t[:, None]
    line = np.linalg.lstsq(columns, np.ones(len(t)), rcond=None)[0]
    return float(max(1 / (columns @ line)))
