"""The limit: the matrix products of every step, and nothing else.

Forward x W; backward x^T dy and, but for the first layer, dy W^T. The arrays are made
before, so that nothing is allocated, gathered or updated.
"""

from itertools import pairwise

import numpy as np

from benchmarks.cases import Case
from benchmarks.data import Data
from benchmarks.peers import Job

__all__ = ["prepare"]

Product = tuple[np.ndarray, np.ndarray, np.ndarray]


def prepare(case: Case, data: Data, seed: int) -> Job:
    """Return the products of as many steps as the case takes."""
    full, rest = divmod(len(data.X), case.batch_size)
    rng = np.random.default_rng(seed)
    whole = products(case.sizes, case.batch_size, data.X.dtype, rng)
    last = products(case.sizes, rest, data.X.dtype, rng) if rest else []

    def fit() -> None:
        for _ in range(case.n_epochs):
            for _ in range(full):
                multiply(whole)
            multiply(last)

    return Job(fit, None)


def products(
    sizes: tuple[int, ...], n: int, dtype: np.dtype, rng: np.random.Generator
) -> list[Product]:
    """Return (left, right, out) for every product of one step with n examples."""
    found = []
    xs = [rng.random((n, size), dtype=np.float32).astype(dtype) for size in sizes]
    for layer, (n_in, n_out) in enumerate(pairwise(sizes)):
        x, dy = xs[layer], np.ones((n, n_out), dtype)
        W = rng.random((n_in, n_out), dtype=np.float32).astype(dtype)
        found += [(x, W, np.empty_like(dy)), (x.T, dy, np.empty_like(W))]
        if layer:
            found.append((dy, W.T, np.empty_like(x)))
    return found


def multiply(step: list[Product]) -> None:
    """Do the products, by `dot`: on a column times a row `matmul` is six times slower."""
    for left, right, out in step:
        np.dot(left, right, out=out)
