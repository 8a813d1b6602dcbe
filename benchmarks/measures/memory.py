"""Memory that training takes beyond the data and the network."""

import tracemalloc
from dataclasses import replace

import numpy as np

from benchmarks.cases import case_named
from benchmarks.data import Data, load, pixels
from benchmarks.peers import side
from benchmarks.rows import Row

__all__ = ["peak", "rows"]

WANTED = 10


def peak(data: Data, batch_size: int = 32) -> float:
    """Return the most megabytes that one epoch, measured, holds at a time; numpy reports its."""
    case = replace(case_named("MNIST, batch 32"), batch_size=batch_size)
    job = side("nnlib")(case, data, 0, measure=True)
    tracemalloc.start()
    try:
        job.fit()
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def rows() -> list[Row]:
    """Return a row for each kind that MNIST's 60,000 rows come in."""
    kinds = {"float32": load("mnist").astype(np.float32), "uint8": pixels()}
    found = []
    for kind, data in kinds.items():
        value = peak(data)
        detail = f"the data themselves: {data.X.nbytes / 1e6:.0f} MB"
        name = f"MNIST, {kind}, memory of training"
        found.append(Row(name, "peak, MB", value, value, value, wanted=WANTED, detail=detail))
    return found
