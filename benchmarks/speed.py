"""The speed of a step: every side takes its turn in every round."""

import gc
import statistics
import time
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from benchmarks.cases import Case
from benchmarks.data import load, pixels
from benchmarks.peers import Job, side
from benchmarks.rows import Row, paired

__all__ = ["PEERS", "compare", "rounds", "timed"]

PEERS = ("scikit-learn", "PyTorch")
Make = Callable[[int], Job]


def timed(fit: Callable[[], object]) -> float:
    """Return the seconds that a call takes."""
    gc.collect()
    start = time.perf_counter()
    fit()
    return time.perf_counter() - start


def rounds(
    sides: dict[str, Make], n_rounds: int, judge: Callable[[Job], float]
) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Return seconds of every round and mean accuracy; one more round warms up.

    Every second round goes through the sides backwards.
    """
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    right: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(n_rounds + 1):
        names = list(sides)[:: 1 if number % 2 else -1]
        for name in names:
            job = sides[name](number)
            took = timed(job.fit)
            if number:
                seconds[name].append(took)
                right[name].append(judge(job))
    return seconds, {name: statistics.mean(values) for name, values in right.items()}


def sides_of(case: Case, peers: Iterable[str]) -> dict[str, Make]:
    """Return everything that takes turns in a case."""
    data = load(case.data).astype(np.float32, case.n_examples)
    double = data.astype(np.float64)
    ours = side("nnlib")
    sides: dict[str, Make] = {"nnlib": partial(ours, case, data)}
    sides |= {name: partial(side(name), case, data) for name in [*peers, "matmul"]}
    sides["float64"] = partial(ours, case, double)
    if case.measured:
        sides["measure=True"] = partial(ours, case, data, measure=True)
    if case.pixels:
        sides["uint8"] = partial(ours, case, pixels())
    return sides


def compare(case: Case, peers: Iterable[str] = PEERS, n_rounds: int = 5) -> list[Row]:
    """Return the rows of a case."""
    X, y = load(case.data)[2:]

    def judge(job: Job) -> float:
        if job.predict is None:
            return float("nan")
        return float(np.mean(job.predict(X) == y))

    seconds, right = rounds(sides_of(case, peers), n_rounds, judge)
    n = case.n_examples or len(load(case.data).X)
    steps = case.n_epochs * -(-n // case.batch_size)
    return [
        row(case, name, seconds, right, steps, name in peers) for name in seconds if name != "nnlib"
    ]


def row(
    case: Case,
    name: str,
    seconds: dict[str, list[float]],
    right: dict[str, float],
    steps: int,
    competes: bool,
) -> Row:
    """Return one row: a peer over nnlib, or nnlib over the limit, or a variant of nnlib over it."""
    ours, other = seconds["nnlib"], seconds[name]
    above, below = (ours, other) if name == "matmul" else (other, ours)
    compared = "nnlib / matmul" if name == "matmul" else f"{name} / nnlib"
    micro = [1e6 * statistics.median(took) / steps for took in (ours, other)]
    judged = [f"{100 * right[key]:.1f}" for key in ("nnlib", name) if name != "matmul"]
    return Row(
        case.name, compared, *paired(above, below), case.wanted.get(name), competes,
        name if competes else None, " : ".join(f"{value:,.0f}" for value in micro),
        " : ".join(judged),
    )  # fmt: skip
