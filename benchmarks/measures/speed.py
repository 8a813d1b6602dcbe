"""The time of a step: nnlib, its peers, its variants and the limit in the same rounds."""

import statistics
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from benchmarks.cases import Case
from benchmarks.data import load, pixels
from benchmarks.peers import Job, side
from benchmarks.rounds import N_ROUNDS, alternate, timed
from benchmarks.rows import Row, paired

__all__ = ["PEERS", "compare"]

PEERS = ("scikit-learn", "PyTorch")
Make = Callable[[int], Job]


def makers(case: Case, peers: Iterable[str]) -> dict[str, Make]:
    """Return everything that takes turns in a case."""
    data = load(case.data).astype(np.float32, case.n_examples)
    ours = side("nnlib")
    found: dict[str, Make] = {"nnlib": partial(ours, case, data)}
    found |= {name: partial(side(name), case, data) for name in [*peers, "matmul"]}
    found["float64"] = partial(ours, case, data.astype(np.float64))
    if case.measured:
        found["measure=True"] = partial(ours, case, data, measure=True)
    if case.pixels:
        found["uint8"] = partial(ours, case, pixels())
    return found


def turn(make: Make, case: Case, number: int) -> tuple[float, float]:
    """Return the seconds of one training run, and its accuracy in percent."""
    job = make(number)
    took = timed(job.fit)
    if job.predict is None:
        return took, float("nan")
    data = load(case.data)
    return took, 100 * float(np.mean(job.predict(data.X_test) == data.y_test))


def compare(case: Case, peers: Iterable[str] = PEERS, n_rounds: int = N_ROUNDS) -> list[Row]:
    """Return the rows of a case: each side against nnlib in float32."""
    turns = {name: partial(turn, make, case) for name, make in makers(case, peers).items()}
    found = alternate(turns, n_rounds)
    return [row(case, name, found, name in peers) for name in found if name != "nnlib"]


def row(case: Case, name: str, found: dict[str, list[tuple[float, float]]], competes: bool) -> Row:
    """Return the row of one side; only the limit stands below the line."""
    ours, right = zip(*found["nnlib"])
    other, other_right = zip(*found[name])
    limit = name == "matmul"
    ratio = paired(ours, other) if limit else paired(other, ours)
    n = case.n_examples or len(load(case.data).X)
    steps = case.n_epochs * -(-n // case.batch_size)
    micro = [1e6 * statistics.median(seconds) / steps for seconds in (ours, other)]
    return Row(
        case.name,
        "nnlib / matmul" if limit else f"{name} / nnlib",
        *ratio,
        wanted=case.wanted.get(name),
        peer=name if competes else None,
        detail="{:,.0f} and {:,.0f} µs a step".format(*micro),
        accuracy=""
        if limit
        else f"{statistics.mean(right):.1f}, {statistics.mean(other_right):.1f}",
    )
