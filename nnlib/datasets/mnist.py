"""MNIST: 70,000 handwritten digits, found on the disk or fetched once and verified.

The file is the ``mnist.npz`` of Keras, or another ``.npz`` with the same four arrays:
what counts is their fingerprint, not how they are compressed.
"""

import hashlib
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nnlib.validation import DISTRIBUTION, require_extra

__all__ = ["Mnist", "mnist", "mnist_file"]

NAME = "mnist.npz"
FOLDER = "NNLIB_DATA"
URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
# Of Keras's file, and of the four arrays: their names, dtypes, shapes and bytes.
SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
FINGERPRINT = "b8370d4157fa0b022fbe73e37bdbd58bf6ba70dc85345002838ce9b2e3868914"
ARRAYS = ("x_train", "y_train", "x_test", "y_test")
_KEEP = f"put it into a folder as {NAME} and set the environment variable {FOLDER} to that folder"
_GET = f"Get {URL}, {_KEEP}"


@dataclass(frozen=True, repr=False)
class Mnist:
    """Pixels, uint8 of shape (n, 784), and labels 0 to 9, shape (n,)."""

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray

    def __repr__(self) -> str:
        return (
            f"MNIST: {len(self.X_train):,} training, {len(self.X_test):,} test examples of "
            f"{self.X_train.shape[1]} features (28 x 28 pixels, {self.X_train.dtype})"
        )


def mnist() -> Mnist:
    """Load MNIST: 60,000 digits to learn from, 10,000 to judge by.

    ``mnist.npz`` is looked for in the folder that the environment variable
    ``NNLIB_DATA`` names, then in the user's cache; if it is in neither, it is
    downloaded into the cache (11 megabytes) and verified.

    Returns
    -------
    Mnist
        X_train (60000, 784) and X_test (10000, 784) are uint8, rows of 28 times
        28 pixels from 0, paper, to 255, ink. They stay so: ``forward``,
        ``predict`` and ``train`` divide uint8 by 255, a batch at a time.
        y_train and y_test hold class indices.

    Raises
    ------
    FileNotFoundError
        If the file is nowhere and cannot be downloaded.
    ImportError
        If it is not in ``NNLIB_DATA``, and pooch, which fetches it, is missing.
    ValueError
        If the file is damaged, or holds something else.

    References
    ----------
    LeCun, Bottou, Bengio & Haffner (1998), *Gradient-Based Learning Applied to
    Document Recognition*, section III.A.
    """
    arrays = _read(mnist_file() or _download())
    X_train, y_train, X_test, y_test = (arrays[name] for name in ARRAYS)
    return Mnist(
        X_train.reshape(len(X_train), -1),
        y_train.astype(np.intp),
        X_test.reshape(len(X_test), -1),
        y_test.astype(np.intp),
    )


def mnist_file() -> Path | None:
    """Return the file that `mnist` reads without a download; None if there is none.

    Returns
    -------
    Path or None
        In the folder that ``NNLIB_DATA`` names, else in the user's cache.

    Raises
    ------
    NotADirectoryError
        If ``NNLIB_DATA`` names a file.
    """
    own = _own_folder()
    if own and (own / NAME).is_file():
        return own / NAME
    try:
        pooch = require_extra("pooch", "datasets")
    except ImportError:
        return None
    cached = _cache(pooch) / NAME
    # A damaged file in the cache would be downloaded again.
    return cached if cached.is_file() and pooch.file_hash(str(cached)) == SHA256 else None


def _own_folder() -> Path | None:
    """Return the folder that the user named, None if there is none."""
    name = os.environ.get(FOLDER)
    if not name:
        return None
    folder = Path(name).expanduser()
    if folder.is_file():
        raise NotADirectoryError(
            f"{FOLDER} is {name}, a file; it names the folder that holds {NAME}: "
            f"set {FOLDER}={folder.parent}"
        )
    return folder


def _cache(pooch: Any) -> Path:
    return Path(pooch.os_cache(DISTRIBUTION))


def _download() -> Path:
    """Fetch the file into the cache; pooch moves it there once it is whole and verified."""
    pooch = require_extra("pooch", "datasets")
    cache = _cache(pooch)
    try:
        with _quiet(pooch.get_logger()):
            return Path(pooch.retrieve(URL, SHA256, fname=NAME, path=cache))
    except ValueError as error:  # the hash
        raise ValueError(
            f"{URL} gave another file than the {NAME} that was expected, and nothing was kept. "
            f"{_GET}"
        ) from error
    except OSError as error:  # those of requests among them
        raise FileNotFoundError(
            f"MNIST is not here and could not be downloaded ({type(error).__name__}). Tried: "
            f"{_tried()}; the cache {cache}; {URL}. Get that file where there is a network, {_KEEP}"
        ) from error


def _tried() -> str:
    folder = _own_folder()
    return f"the folder {folder} ({FOLDER})" if folder else f"{FOLDER}, which is not set"


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """Let a logger speak of problems alone, for a while."""
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _read(path: Path) -> dict[str, np.ndarray]:
    """Return the four arrays of a file, if they are those of MNIST."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            names = sorted(archive.files)
            arrays = {name: archive[name] for name in ARRAYS if name in names}
    except Exception as error:  # what a damaged archive raises is not a closed list
        raise ValueError(
            f"{path} is damaged or no .npz file ({error}): remove it. {_GET}"
        ) from error
    if len(arrays) < len(ARRAYS):
        raise ValueError(f"{path} holds {', '.join(names)}; expected {', '.join(ARRAYS)}. {_GET}")
    if _fingerprint(arrays) != FINGERPRINT:
        raise ValueError(
            f"{path} holds other arrays than MNIST's: x_train has shape "
            f"{arrays['x_train'].shape} and dtype {arrays['x_train'].dtype}. {_GET}"
        )
    return arrays


def _fingerprint(arrays: Mapping[str, np.ndarray]) -> str:
    """Return a hash of names, dtypes, shapes and bytes."""
    digest = hashlib.sha256()
    for name in ARRAYS:
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.data)
    return digest.hexdigest()
