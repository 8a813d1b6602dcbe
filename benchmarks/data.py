"""The data of the cases, as every side gets it: the same array."""

from functools import cache
from typing import NamedTuple

import numpy as np

from nnlib import datasets

__all__ = ["Data", "load", "pixels"]


class Data(NamedTuple):
    """Rows in [0, 1] and class indices, to learn from and to judge by."""

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray

    def astype(self, dtype: type, n: int | None = None) -> "Data":
        """Return the first n examples with rows of another kind."""
        return Data(
            self.X[:n].astype(dtype, copy=False), self.y[:n],
            self.X_test.astype(dtype, copy=False), self.y_test,
        )  # fmt: skip


@cache
def load(name: str) -> Data:
    """Return "mnist" or "digits", in float32."""
    if name == "digits":
        split = datasets.digits(test_size=0.2, validation_size=0, rng=0)
        data = Data(split.X_train, split.y_train, split.X_test, split.y_test)
        return data.astype(np.float32)
    X, y, X_test, y_test = pixels()
    scale = np.float32(255)
    return Data(X / scale, y, X_test / scale, y_test)


@cache
def pixels() -> Data:
    """Return MNIST as it is stored: uint8."""
    mnist = datasets.mnist()
    return Data(mnist.X_train, mnist.y_train, mnist.X_test, mnist.y_test)
