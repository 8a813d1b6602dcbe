"""Small data sets: drawn from a generator, or shipped with scikit-learn.

scikit-learn is loaded where a data set comes from it.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from nnlib.validation import as_generator, require_between, require_extra, require_integer

__all__ = ["Dataset", "Split", "digits", "moons", "spiral", "xor"]


class Dataset(NamedTuple):
    """Examples X, shape (n, n_in), and their class indices y, shape (n,)."""

    X: np.ndarray
    y: np.ndarray


@dataclass(frozen=True, repr=False)
class Split:
    """Examples to learn from, to choose by, and to judge by."""

    X_train: np.ndarray
    y_train: np.ndarray
    X_val: np.ndarray
    y_val: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray

    def __repr__(self) -> str:
        return (
            f"{len(self.X_train)} training, {len(self.X_val)} validation, {len(self.X_test)} test "
            f"examples of {self.X_train.shape[1]} features"
        )


def xor() -> Dataset:
    """Return the four corners of the unit square; y is 1 where they differ."""
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    return Dataset(X, np.array([0, 1, 1, 0]))


def moons(n: int = 200, noise: float = 0.1, rng: Any = None) -> Dataset:
    """Draw two interleaved half circles, one a class.

    Parameters
    ----------
    n : int
        Examples in all.
    noise : float
        Standard deviation of the noise, in units of the circles' radius.
    rng : None, int or Generator

    Returns
    -------
    Dataset
        X of shape (n, 2).

    Raises
    ------
    ImportError
        If scikit-learn is missing.
    """
    require_integer("n", n, least=1)
    require_between("noise", noise, 0, np.inf)
    sklearn = require_extra("sklearn.datasets", "datasets")
    X, y = sklearn.make_moons(n, noise=noise, random_state=_seed(rng))
    return Dataset(X, y)


def spiral(n: int = 300, n_classes: int = 3, noise: float = 0.15, rng: Any = None) -> Dataset:
    """Draw arms of a spiral, one a class, in the square from -1 to 1.

    Parameters
    ----------
    n : int
        Examples in all; the arms differ by one at the most.
    n_classes : int
        Arms.
    noise : float
        Standard deviation of the angle, in radians.
    rng : None, int or Generator

    Returns
    -------
    Dataset
        X of shape (n, 2).
    """
    require_integer("n", n, least=1)
    require_integer("n_classes", n_classes, least=1)
    require_between("noise", noise, 0, np.inf)
    y = np.arange(n) % n_classes
    radius = 0.05 + 0.95 * (np.arange(n) // n_classes + 1) / -(-n // n_classes)
    angle = 2 * np.pi * y / n_classes + 4 * radius
    angle = angle + as_generator(rng).normal(0, noise, n)
    return Dataset(np.column_stack([radius * np.sin(angle), radius * np.cos(angle)]), y)


def digits(test_size: float = 0.2, validation_size: float = 0.1, rng: Any = None) -> Split:
    """Load 1,797 handwritten digits of 8 x 8 pixels, split into three parts.

    Every part holds the ten classes in the same shares. The writers are mixed: a
    hand in the test part has been seen in training.

    Parameters
    ----------
    test_size, validation_size : float
        Shares of all examples, in [0, 1); their sum is below 1.
    rng : None, int or Generator
        Decides which example goes where.

    Returns
    -------
    Split
        Rows of 64 grey values in [0, 1], and labels 0 to 9.

    Raises
    ------
    ImportError
        If scikit-learn is missing.
    ValueError
        If the shares leave nothing to learn from.

    References
    ----------
    Alpaydin & Kaynak (1998), *Optical Recognition of Handwritten Digits*, UCI
    Machine Learning Repository.
    """
    require_between("test_size", test_size, 0, 1)
    require_between("validation_size", validation_size, 0, 1)
    if test_size + validation_size >= 1:
        raise ValueError(
            f"test_size={test_size} and validation_size={validation_size} leave nothing to learn "
            "from; their sum must be below 1"
        )
    sklearn = require_extra("sklearn.datasets", "datasets")
    X, y = sklearn.load_digits(return_X_y=True)
    seed = _seed(rng)
    X, X_test, y, y_test = _part(X / 16, y, test_size, seed)
    X, X_val, y, y_val = _part(X, y, validation_size / (1 - test_size), seed + 1)
    return Split(X, y, X_val, y_val, X_test, y_test)


def _part(X: np.ndarray, y: np.ndarray, share: float, seed: int) -> list[np.ndarray]:
    """Split off a share of the examples, with the classes in proportion."""
    if share == 0:
        return [X, X[:0], y, y[:0]]
    from sklearn.model_selection import train_test_split

    parts: list[np.ndarray] = train_test_split(X, y, test_size=share, random_state=seed, stratify=y)
    return parts


def _seed(rng: Any) -> int:
    """Return a seed for scikit-learn, which takes no Generator."""
    return int(as_generator(rng).integers(2**31 - 1))
