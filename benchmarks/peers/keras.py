"""Keras on TensorFlow, with one thread; its graph is traced before the clock starts."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.cases import Case
from benchmarks.data import Data
from benchmarks.peers import Job

__all__ = ["prepare"]

# TensorFlow takes the numbers before its first operation, and never again.
tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
OPTIMIZERS = {"adam": keras.optimizers.Adam, "sgd": keras.optimizers.SGD}


def prepare(case: Case, data: Data, seed: int) -> Job:
    """Return `fit`, as every example of Keras calls it."""
    keras.utils.set_random_seed(seed)
    model = network(case)
    options: dict[str, Any] = {"batch_size": case.batch_size, "verbose": 0}
    n = case.batch_size + len(data.X) % case.batch_size  # a full batch and the last one
    model.fit(data.X[:n], data.y[:n], **options)

    def predict(rows: np.ndarray) -> np.ndarray:
        return model.predict(rows, batch_size=1000, verbose=0).argmax(axis=1)

    return Job(lambda: model.fit(data.X, data.y, epochs=case.n_epochs, **options), predict)


def network(case: Case) -> keras.Model:
    """Return the network of the case, compiled."""
    hidden = [keras.layers.Dense(n, case.activation) for n in case.sizes[1:-1]]
    ends = keras.Input((case.sizes[0],)), keras.layers.Dense(case.sizes[-1])
    model = keras.Sequential([ends[0], *hidden, ends[1]])
    model.compile(
        OPTIMIZERS[case.optimizer](case.learning_rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model
