"""Four epochs, in which gradients die: a step should not get slower.

Adam's averages of gradients that have become zero shrink into denormal numbers, on which a
processor needs many times longer. One epoch is too short to see it.
"""

import statistics
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from benchmarks.cases import case_named
from benchmarks.data import load
from benchmarks.peers import side
from benchmarks.rounds import N_ROUNDS, alternate, timed
from benchmarks.rows import Row, paired

__all__ = ["N_EPOCHS", "rows"]

N_EPOCHS = 4
WANTED = 2.2


def turn(prepare: Callable[..., object], n_examples: int | None, number: int) -> list[float]:
    """Return the seconds of each epoch: one call each, which goes on where the last ended."""
    case = replace(case_named("MNIST, batch 32"), n_epochs=1)
    job = prepare(case, load("mnist").astype(np.float32, n_examples), number)
    return [timed(job.fit) for _ in range(N_EPOCHS)]


def rows(
    n_rounds: int = N_ROUNDS, peer: str = "PyTorch", n_examples: int | None = None
) -> list[Row]:
    """Return nnlib against a peer over all epochs, and its last epoch against its first."""
    sides = {name: partial(turn, side(name), n_examples) for name in ("nnlib", peer)}
    found = alternate(sides, n_rounds)
    total = {name: [sum(epochs) for epochs in found[name]] for name in found}
    first, *_, last = ours = list(zip(*found["nnlib"]))
    name = f"MNIST, batch 32, epochs 1 to {N_EPOCHS}"
    return [
        Row(
            name, f"{peer} / nnlib", *paired(total[peer], total["nnlib"]), wanted=WANTED,
            peer=peer, detail=f"{in_words(total['nnlib'])} and {in_words(total[peer])} s",
        ),
        Row(
            name, f"epoch {N_EPOCHS} / epoch 1", *paired(last, first),
            detail=f"{', '.join(map(in_words, ours))} s an epoch",
        ),
    ]  # fmt: skip


def in_words(seconds: list[float] | tuple[float, ...]) -> str:
    """Return the median of some rounds."""
    return f"{statistics.median(seconds):.2f}"
