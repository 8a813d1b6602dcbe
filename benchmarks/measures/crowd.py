"""A classroom's server: four processes train at once, each library as it comes.

Nobody is told how many threads to take. The examples a second of the four are added up.
"""

import multiprocessing
import os
import time
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from benchmarks.cases import case_named
from benchmarks.data import load
from benchmarks.peers import side
from benchmarks.rounds import N_ROUNDS, alternate
from benchmarks.rows import Row, middle, paired

__all__ = ["rows"]

N_PROCESSES = 4
N_EXAMPLES = 2560
# The two differ by an order of magnitude; with these epochs each takes about a second.
N_EPOCHS = {"nnlib": 20, "scikit-learn": 1}
WANTED = 10
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def work(name: str, seed: int, barrier: Any, answers: Any) -> None:
    """Train once when all are ready; answer with examples a second."""
    case = replace(case_named("MNIST, batch 128"), n_epochs=N_EPOCHS[name])
    data = load("mnist").astype(np.float32, N_EXAMPLES)
    side(name)(replace(case, n_epochs=1), data.astype(np.float32, 256), seed).fit()  # warm up
    job = side(name)(case, data, seed)
    barrier.wait()
    start = time.perf_counter()
    job.fit()
    answers.put(N_EPOCHS[name] * N_EXAMPLES / (time.perf_counter() - start))


def throughput(name: str, number: int) -> float:
    """Return the examples a second of all processes together."""
    fresh = multiprocessing.get_context("spawn")
    barrier, answers = fresh.Barrier(N_PROCESSES), fresh.Queue()
    workers = [
        fresh.Process(target=work, args=(name, 10 * number + k, barrier, answers))
        for k in range(N_PROCESSES)
    ]
    hidden = {key: os.environ.pop(key) for key in THREADS if key in os.environ}
    try:
        for worker in workers:
            worker.start()
    finally:
        os.environ.update(hidden)
    total = sum(answers.get(timeout=600) for _ in workers)
    for worker in workers:
        worker.join()
    return total


def rows(n_rounds: int = N_ROUNDS) -> list[Row]:
    """Return the throughput of nnlib over that of scikit-learn."""
    found = alternate({name: partial(throughput, name) for name in N_EPOCHS}, n_rounds)
    ours, theirs = found.values()
    rates = [middle(rates)[0] / 1000 for rates in (ours, theirs)]
    return [
        Row(
            f"MNIST, {N_PROCESSES} processes on {os.cpu_count()} cores",
            "scikit-learn / nnlib", *paired(ours, theirs), wanted=WANTED, peer="scikit-learn",
            detail="{:.0f} and {:.0f} thousand examples a second".format(*rates),
        )
    ]  # fmt: skip
