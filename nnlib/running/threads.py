"""How many threads the linear algebra may use."""

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

__all__ = ["limit_threads"]


@cache
def _libraries() -> Any:
    """Return a handle on the loaded linear algebra; finding it takes milliseconds."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def limit_threads(n_threads: int) -> AbstractContextManager[Any]:
    """Let the linear algebra use so many threads inside a with statement.

    Parameters
    ----------
    n_threads : int

    Returns
    -------
    context manager
    """
    return _libraries().limit(limits=n_threads, user_api="blas")
