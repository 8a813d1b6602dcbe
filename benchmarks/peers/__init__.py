"""The sides of the comparison, each written as its own users would write it.

A side is a function ``prepare(case, data, seed) -> Job``. What a user does once before
training, such as building the network, is done there and is not timed.
"""

import importlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from benchmarks.cases import Case
from benchmarks.data import Data

__all__ = ["Job", "Prepare", "side"]


class Job(NamedTuple):
    """What is timed, and the class indices that come out afterwards."""

    fit: Callable[[], object]
    predict: Callable[[np.ndarray], np.ndarray] | None


Prepare = Callable[[Case, Data, int], Job]
_MODULES = {
    "nnlib": "ours",
    "matmul": "matmul",
    "scikit-learn": "scikit_learn",
    "PyTorch": "pytorch",
    "Keras": "keras",
}


def side(name: str) -> Prepare:
    """Return a side by name; its library is loaded only now."""
    return importlib.import_module(f"benchmarks.peers.{_MODULES[name]}").prepare
