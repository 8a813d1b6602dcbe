"""Where the time of a step goes, and what of it is not computing."""

import statistics
from collections.abc import Callable, Iterable
from functools import partial
from itertools import cycle

import numpy as np

from benchmarks.cases import Case, case_named
from benchmarks.data import load
from benchmarks.peers import side
from benchmarks.peers.matmul import multiply, products
from benchmarks.rounds import N_ROUNDS, alternate, timed
from nnlib import Adam, mlp, softmax_cross_entropy

__all__ = ["block", "parts", "shares"]

CASES = ("MNIST, batch 32", "MNIST, batch 128", "MNIST, batch 512")
N_STEPS = 100


def parts(case: Case, n_steps: int = N_STEPS) -> dict[str, Callable[[], object]]:
    """Return the parts of a step, each to be called once a step on arrays as training has them."""
    rng = np.random.default_rng(0)
    X, y = load(case.data).astype(np.float32)[:2]
    net = mlp(case.sizes, case.activation, rng=rng, dtype=np.float32)
    step = products(case.sizes, case.batch_size, X.dtype, rng)
    batches = cycle(rng.permutation(len(X))[: n_steps * case.batch_size].reshape(n_steps, -1))
    batch = next(batches)
    logits = net.forward(X[batch], training=True)
    net.backward(softmax_cross_entropy(logits, y[batch])[1])
    adam = Adam(case.learning_rate)

    def gather() -> object:
        rows = next(batches)
        return X[rows], y[rows]

    return {
        "products": partial(multiply, step),
        "optimizer": partial(adam.step, net.theta, net.grad),
        "gather": gather,
        "loss": partial(softmax_cross_entropy, logits, y[batch]),
    }


def shares(case: Case, n_rounds: int = N_ROUNDS, n_steps: int = N_STEPS) -> dict[str, float]:
    """Return microseconds a step: the whole, its parts, and what is left."""
    data = load(case.data).astype(np.float32, n_steps * case.batch_size)

    def repeat(part: Callable[[], object]) -> None:
        for _ in range(n_steps):
            part()

    turns: dict[str, Callable[[int], float]] = {
        "step": lambda number: timed(side("nnlib")(case, data, number).fit) / case.n_epochs
    }
    for name, part in parts(case, n_steps).items():
        turns[name] = lambda number, part=part: timed(partial(repeat, part))
    seconds = alternate(turns, n_rounds)
    micro = {name: 1e6 * statistics.median(took) / n_steps for name, took in seconds.items()}
    return micro | {"rest": 2 * micro["step"] - sum(micro.values())}


def block(names: Iterable[str] = CASES, n_rounds: int = N_ROUNDS) -> list[str]:
    """Return the parts as a table, in microseconds and percent of a step."""
    found: list[str] = []
    for case in map(case_named, names):
        micro = shares(case, n_rounds)
        if not found:
            found = [f"| µs | {' | '.join(micro)} |", f"|---|{'---|' * len(micro)}"]
        cells = [
            f"{value:,.0f}" + ("" if name == "step" else f" ({100 * value / micro['step']:.0f} %)")
            for name, value in micro.items()
        ]
        found.append(f"| {case.name} | {' | '.join(cells)} |")
    return found
