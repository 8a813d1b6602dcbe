"""The context in which ``train`` runs: what surrounds the loop of the lesson.

It checks the input once, before anything changes (``edge``); measures after each
epoch (``measuring``); turns Ctrl-C into a clean end (``interrupts``); limits the
threads of the linear algebra (``threads``); shows a bar (``progress``); notices
divergence and gives back the last good parameters (``run``).
"""

from nnlib.running.measuring import evaluate
from nnlib.running.run import Run
from nnlib.running.threads import limit_threads

__all__ = ["Run", "evaluate", "limit_threads"]
