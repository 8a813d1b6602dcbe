"""Fair turns: in every round each side works once, and every second round goes backwards."""

import gc
import time
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["N_ROUNDS", "Clock", "alternate", "timed"]

N_ROUNDS = 5
Clock = Callable[[], float]


def timed(work: Callable[[], Any], clock: Clock = time.process_time) -> float:
    """Return the seconds that a call takes, by default of this process's processor time.

    With one thread that is what a clock on the wall shows on an idle machine; what else runs
    there does not count.
    """
    gc.collect()
    start = clock()
    work()
    return clock() - start


def alternate(
    sides: Mapping[str, Callable[[int], Any]], n_rounds: int = N_ROUNDS
) -> dict[str, list[Any]]:
    """Call ``side(number)`` of every side in every round; return what they gave.

    A round with number 0 comes first, to warm up, and is left out.
    """
    found: dict[str, list[Any]] = {name: [] for name in sides}
    for number in range(n_rounds + 1):
        for name in list(sides)[:: 1 if number % 2 else -1]:
            result = sides[name](number)
            if number:
                found[name].append(result)
    return found
