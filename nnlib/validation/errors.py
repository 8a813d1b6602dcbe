"""The package's own errors, and the sentence for a missing optional package."""

import importlib
from types import ModuleType
from typing import Any

__all__ = [
    "DISTRIBUTION",
    "CheckpointError",
    "DivergedError",
    "NnlibWarning",
    "NotFittedError",
    "require_extra",
]

# The name to install by; a test holds it equal to the one in pyproject.toml.
DISTRIBUTION = "nnlib-course"


class NotFittedError(ValueError, AttributeError):
    """Something was asked of an object that has no parameters yet."""


class DivergedError(FloatingPointError):
    """Training ran away; the network holds the end of the last good epoch.

    Attributes
    ----------
    history : History or None
        What was recorded up to that epoch.
    """

    history: Any = None


class CheckpointError(ValueError):
    """A saved network cannot be read back, or would not be safe to read."""


class NnlibWarning(UserWarning):
    """Something that works but is probably not what was meant."""


def require_extra(module: str, extra: str) -> ModuleType:
    """Import an optional package, or say which extra brings it.

    Parameters
    ----------
    module : str
        The module to import, for instance ``"matplotlib"``.
    extra : str
        The extra of the distribution that installs it.

    Returns
    -------
    module

    Raises
    ------
    ImportError
        If the package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        if error.name != package:
            raise
        raise ImportError(
            f"this needs {package}, which is not installed: pip install '{DISTRIBUTION}[{extra}]'",
            name=package,
        ) from error
