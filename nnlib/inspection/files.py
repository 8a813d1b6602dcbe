"""A file that is written whole or not at all.

It is written beside its target and put in place in one move, so that a reader meets
the old file or the new one, never a part of one.
"""

import glob
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from nnlib.validation import as_path

__all__ = ["as_target", "replacing"]

_DAY = 86_400  # seconds after which a file that a killed process left is nobody's


def as_target(path: Any, suffix: str) -> Path:
    """Return the path of a file to be written, its suffix in place.

    Raises
    ------
    FileNotFoundError
        If its folder is missing.
    TypeError, ValueError
        If it is no path, a folder, or has another suffix.
    """
    path = as_path(path, suffix)
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"{path.parent.resolve()} does not exist; create the folder first, then save again"
        )
    return path


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file beside ``path`` and move it there when it is whole.

    Raises
    ------
    OSError
        If the folder takes no file or the disk is full; an older file is untouched.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    except OSError as error:
        raise type(error)(f"{path.resolve()} cannot be written: {error}") from error
    _remove_stale(path)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, path.stat().st_mode if path.exists() else 0o666 & ~_umask())
        os.replace(name, path)
    except OSError as error:
        raise OSError(error.errno, f"not saved, an older file is untouched: {error}") from error
    finally:
        Path(name).unlink(missing_ok=True)


def _remove_stale(path: Path) -> None:
    """Remove what a save that was killed long ago left beside the file."""
    for stale in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        with suppress(OSError):
            if time.time() - stale.stat().st_mtime > _DAY:
                stale.unlink()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
