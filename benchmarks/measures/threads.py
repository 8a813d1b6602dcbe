"""Two threads for both sides, timed by the clock on the wall."""

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from benchmarks.cases import Case, case_named
from benchmarks.data import load
from benchmarks.peers import Job, side
from benchmarks.rounds import N_ROUNDS, alternate, timed
from benchmarks.rows import Row, paired

__all__ = ["rows"]

CASES = ("MNIST, batch 512", "MNIST, wide")


def of_torch(case: Case, n_threads: int, number: int) -> float:
    """Return PyTorch's seconds; its number of threads holds until it is set again."""
    import torch

    data = load(case.data).astype(np.float32, case.n_examples)
    job = side("PyTorch")(case, data, number)
    torch.set_num_threads(n_threads)
    try:
        return timed(job.fit, time.perf_counter)
    finally:
        torch.set_num_threads(1)


def of_nnlib(case: Case, n_threads: int, number: int) -> float:
    """Return nnlib's seconds."""
    data = load(case.data).astype(np.float32, case.n_examples)
    job: Job = side("nnlib")(case, data, number, n_threads=n_threads)
    return timed(job.fit, time.perf_counter)


def rows(n_rounds: int = N_ROUNDS, names: tuple[str, ...] = CASES) -> list[Row]:
    """Return PyTorch over nnlib with two threads, and what the second thread brings nnlib."""
    found = []
    for name in names:
        # Where the cores are busy two threads take ten times as long: less of the work will do.
        case = replace(case_named(name), n_epochs=1, n_examples=20_480)
        sides: dict[str, Callable[[int], float]] = {
            "one": partial(of_nnlib, case, 1),
            "two": partial(of_nnlib, case, 2),
            "PyTorch": partial(of_torch, case, 2),
        }
        seconds = alternate(sides, n_rounds)
        found += rows_of(case, seconds)
    return found


def rows_of(case: Case, seconds: dict[str, list[float]]) -> list[Row]:
    """Return the two rows of a case."""
    one, two, torch = (statistics.median(values) for values in seconds.values())
    name = f"{case.name}, two threads"
    return [
        Row(
            name, "PyTorch / nnlib", *paired(seconds["PyTorch"], seconds["two"]),
            peer="PyTorch", detail=f"{two:.2f} and {torch:.2f} s",
        ),
        Row(
            name, "two threads / one", *paired(seconds["two"], seconds["one"]),
            detail=f"nnlib: {two:.2f} and {one:.2f} s",
        ),
    ]  # fmt: skip
