"""Checks of single arguments: numbers, names, generators, paths."""

import difflib
import math
import numbers
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

__all__ = [
    "as_generator",
    "as_path",
    "require_between",
    "require_choice",
    "require_integer",
    "require_positive",
    "require_validation",
]


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, got {value!r} ({type(value).__name__})")
    return float(value)


def require_positive(name: str, value: Any, hint: str = "") -> float:
    """Return ``value`` as a float if it is a finite number above 0.

    Raises
    ------
    TypeError
        If it is not a real number.
    ValueError
        If it is 0, negative, infinite or NaN.
    """
    number = _number(name, value)
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"{name} must be a finite number above 0, got {number:g}{hint}")
    return number


def require_between(
    name: str, value: Any, low: float, high: float, hint: str = "", *, closed: bool = False
) -> float:
    """Return ``value`` as a float if low <= value < high (<= high where closed).

    Raises
    ------
    TypeError
        If it is not a real number.
    ValueError
        If it lies outside, or is NaN.
    """
    number = _number(name, value)
    if not (low <= number <= high if closed else low <= number < high):
        interval = f"[{low:g}, {high:g}" + ("]" if closed else ")")
        raise ValueError(f"{name} must lie in {interval}, got {number:g}{hint}")
    return number


def require_integer(name: str, value: Any, least: int) -> int:
    """Return ``value`` as an int if it is a whole number of at least ``least``.

    Raises
    ------
    TypeError
        If it is a float, a bool, or no number at all.
    ValueError
        If it is below ``least``.
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Integral):
        raise TypeError(
            f"{name} must be a whole number, got {value!r} ({type(value).__name__}): "
            f"write {name}={_whole(value)}"
        )
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")
    return int(value)


def _whole(value: Any) -> str:
    """Return the whole number that was probably meant, as text."""
    if isinstance(value, numbers.Real) and math.isfinite(value):
        return str(max(1, round(float(value))))
    return "32"


def require_choice(name: str, value: Any, known: Iterable[str]) -> str:
    """Return ``value`` if it is one of the known names.

    Raises
    ------
    ValueError
        If it is not; the message names the closest known one.
    TypeError
        If it is not a string.
    """
    names = list(known)
    if not isinstance(value, str):
        raise TypeError(
            f"{name} must be one of the names {', '.join(names)}, got {value!r} "
            f"({type(value).__name__}); names are written in quotes"
        )
    if value not in names:
        close = difflib.get_close_matches(value.lower(), names, n=1, cutoff=0.5)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ValueError(f"unknown {name} {value!r}: {hint}Known: {', '.join(names)}")
    return value


def as_generator(rng: Any) -> np.random.Generator:
    """Return a random generator made from ``rng``.

    Parameters
    ----------
    rng : None, int, numpy.random.Generator or numpy.random.RandomState
        An int is a seed: ``rng=3`` and ``rng=np.random.default_rng(3)`` draw the
        same numbers. None draws fresh entropy. A generator is used as it is.

    Raises
    ------
    TypeError
        If it is anything else.
    ValueError
        If the seed is negative.
    """
    if isinstance(rng, np.random.Generator):
        return rng
    if isinstance(rng, np.random.RandomState):
        return np.random.default_rng(rng.randint(2**31))
    if rng is None:
        return np.random.default_rng()
    if isinstance(rng, bool | np.bool_) or not isinstance(rng, numbers.Integral):
        raise TypeError(
            f"rng must be a whole number or a numpy.random.Generator, got {rng!r} "
            f"({type(rng).__name__}): write rng=0"
        )
    if rng < 0:
        raise ValueError(f"rng must be 0 or more, got {rng}: write rng={-int(rng)}")
    return np.random.default_rng(int(rng))


def require_validation(losses: list[float]) -> list[float]:
    """Return the validation losses, if there are any.

    Raises
    ------
    ValueError
        If training measures none.
    """
    if not losses:
        raise ValueError(
            "EarlyStopping watches the validation loss, and there is none: "
            "train(..., validation=(X_val, y_val), measure=True)"
        )
    return losses


def as_path(path: Any, suffix: str) -> Path:
    """Return a path with the user's home expanded and the suffix in place.

    Raises
    ------
    TypeError
        If it is neither a string nor a path.
    ValueError
        If it has another suffix, or is a folder.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path must be a string or a Path, got {path!r} ({type(path).__name__})")
    result = Path(path).expanduser()
    if result.is_dir():
        raise ValueError(
            f"{result} is a folder; name a file in it: '{result / f'network{suffix}'}'"
        )
    if result.suffix == "":
        return result.with_name(result.name + suffix)
    if result.suffix != suffix:
        raise ValueError(
            f"{result.name} must end in {suffix}: write '{result.with_suffix(suffix).name}'"
        )
    return result
