"""nnlib: everything that is not the case's own is left at its default."""

from typing import Any

from benchmarks.cases import Case
from benchmarks.data import Data
from benchmarks.peers import Job
from nnlib import SGD, Adam, mlp, softmax_cross_entropy, train

__all__ = ["prepare"]

OPTIMIZERS = {"adam": Adam, "sgd": SGD}


def prepare(case: Case, data: Data, seed: int, **options: Any) -> Job:
    """Return training in the dtype of the data; uint8 trains in float32."""
    dtype = "float32" if data.X.dtype == "uint8" else data.X.dtype
    net = mlp(case.sizes, case.activation, rng=seed, dtype=dtype)
    optimizer = OPTIMIZERS[case.optimizer](case.learning_rate)
    options = {"measure": False, **options}

    def fit() -> None:
        train(
            net, softmax_cross_entropy, optimizer, data.X, data.y, n_epochs=case.n_epochs,
            batch_size=case.batch_size, rng=seed, **options,
        )  # fmt: skip

    return Job(fit, net.predict)
