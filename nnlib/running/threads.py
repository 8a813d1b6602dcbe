"""How many threads the linear algebra may use."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any

__all__ = ["limit_threads"]

_LOCK = threading.Lock()
# For each limit in force: who asked for it so far, and the way back.
_IN_FORCE: dict[int, tuple[int, ExitStack]] = {}


@cache
def _libraries() -> Any:
    """Return a handle on the loaded linear algebra; finding it takes milliseconds."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def limit_threads(n_threads: int) -> Iterator[None]:
    """Let the linear algebra use so many threads inside a with statement.

    The limit counts for the whole process. Where several threads train at a time, as in
    a worker of a cluster, the last one to leave lifts it.

    Parameters
    ----------
    n_threads : int

    Returns
    -------
    context manager
    """
    with _LOCK:
        users, way_back = _IN_FORCE.get(n_threads, (0, ExitStack()))
        if not users:
            way_back.enter_context(_libraries().limit(limits=n_threads, user_api="blas"))
        _IN_FORCE[n_threads] = users + 1, way_back
    try:
        yield
    finally:
        with _LOCK:
            users, way_back = _IN_FORCE.pop(n_threads)
            if users > 1:
                _IN_FORCE[n_threads] = users - 1, way_back
            else:
                way_back.close()
