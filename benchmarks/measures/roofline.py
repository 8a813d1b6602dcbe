"""The roofline: what an operation may reach, given how much it computes on each byte it moves.

The model is that of Williams, Waterman & Patterson (2009), *Roofline: an insightful visual
performance model for multicore architectures*: an operation reaches at most the processor's
peak, and at most its arithmetic intensity (operations a byte) times the bandwidth.
"""

import time
import timeit
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from nnlib import Adam, relu

__all__ = ["Operation", "Roofs", "block", "measure", "operations"]


class Operation(NamedTuple):
    """Something that a step does: what it computes, what it has to move, and how to do it."""

    name: str
    flops: float
    n_bytes: float
    work: Callable[[], object]

    @property
    def intensity(self) -> float:
        """Operations for each byte that has to be read or written once."""
        return self.flops / self.n_bytes


class Roofs(NamedTuple):
    """The peak in GFLOP/s; the bandwidth from memory and from the cache in GB/s."""

    peak: float
    memory: float
    cache: float

    def limit(self, intensity: float) -> float:
        """Return GFLOP/s that an operation whose numbers lie in the cache may reach."""
        return min(self.peak, self.cache * intensity)


def per_second(amount: float, work: Callable[[], object]) -> float:
    """Return billions a second, in the best of some repetitions of about 50 ms."""
    timer = timeit.Timer(work, timer=time.process_time)
    once = max(timer.timeit(3) / 3, 1e-7)
    number = max(int(0.05 / once), 1)
    return amount * number / min(timer.repeat(7, number)) / 1e9


def measure() -> Roofs:
    """Measure the roofs: products of squares, sums of long and of short arrays."""
    peaks = []
    for n in (256, 512, 1024):
        square, out = np.ones((n, n), np.float32), np.empty((n, n), np.float32)
        peaks.append(per_second(2 * n**3, partial(np.matmul, square, square, out=out)))
    bandwidths = []
    for n in (16_000_000, 16_384):
        a, b, c = (np.ones(n, np.float32) for _ in range(3))
        bandwidths.append(per_second(3 * a.nbytes, partial(np.add, a, b, out=c)))
    return Roofs(max(peaks), *bandwidths)


def operations(n_in: int = 784, n_out: int = 100) -> list[Operation]:
    """Return what a step of the course's MNIST network does."""
    found = []
    W = np.ones((n_in, n_out), np.float32)
    for n in (32, 128, 512):
        x, y = np.ones((n, n_in), np.float32), np.empty((n, n_out), np.float32)
        n_bytes = x.nbytes + W.nbytes + y.nbytes
        work = partial(np.matmul, x, W, out=y)
        found.append(Operation(f"product, batch {n}", 2 * n * n_in * n_out, n_bytes, work))
    z, theta = np.ones((128, n_out), np.float32), W.ravel().copy()
    found.append(Operation("relu, batch 128", z.size, 2 * z.nbytes, partial(relu, z)))
    # theta, g and two averages are read; theta and the averages are written.
    adam = partial(Adam().step, theta, np.ones_like(theta))
    return [*found, Operation("Adam", 10 * theta.size, 7 * theta.nbytes, adam)]


def block(roofs: Roofs, reached: dict[str, float], done: list[Operation]) -> list[str]:
    """Return the roofs and every operation in words."""
    found = [
        f"Peak {roofs.peak:.0f} GFLOP/s; {roofs.memory:.0f} GB/s from memory, "
        f"{roofs.cache:.0f} GB/s from the cache; float32, one thread.",
        "",
        "| operation | operations a byte | GFLOP/s | of its roof |",
        "|---|---|---|---|",
    ]
    for one in done:
        share = reached[one.name] / roofs.limit(one.intensity)
        found.append(
            f"| {one.name} | {one.intensity:.2g} | {reached[one.name]:.3g} | {100 * share:.0f} % |"
        )
    return found
