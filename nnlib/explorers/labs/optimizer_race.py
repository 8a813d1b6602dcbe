"""Six rules on one hill: each at its own best rate, or at a multiple of it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nnlib.explorers import controls
from nnlib.explorers.lab import Lab
from nnlib.explorers.picture import Picture
from nnlib.explorers.table import Table
from nnlib.optimizers import SGD, AdaGrad, Adam, Momentum, Nesterov, RMSProp
from nnlib.plots import COLOURS

__all__ = [
    "Race", "RacePicture", "compute", "hessian", "optimizer_race", "table", "walk",
]  # fmt: skip

RULES: dict[str, Callable[..., Any]] = {
    "descent": SGD, "momentum": Momentum, "Nesterov": Nesterov,
    "AdaGrad": AdaGrad, "RMSProp": RMSProp, "Adam": Adam,
}  # fmt: skip
CURVATURES = {"bowl": (0.2, 4.0), "ravine": (0.04, 4.0)}
# The best settings of notebook 08, tuned on other starts: a power of ten, then beta. The ravine
# was tuned at a turn of 45 degrees.
TUNED: dict[str, list[tuple[float, ...]]] = {
    "bowl": [(-0.5,), (-0.25, 0.5), (-0.5, 0.5), (0.5,), (-0.75, 0.9), (0.0, 0.5)],
    "ravine": [(-0.5,), (-0.25, 0.5), (-0.5, 0.9), (0.5,), (-0.25, 0.9), (0.5, 0.5)],
}
DISTANCE, MOST_STEPS, GOAL, PALE = 5.0, 100, 1e-3, 0.15
LOOKS = [
    ("black", "o"), ("blue", "s"), ("green", "^"), ("orange", "D"), ("sky", "v"), ("pink", "X"),
]  # fmt: skip
# The plane and the losses that are shown; what lies beyond is drawn at the edge.
EDGE, LOSSES = 6.6, (1e-12, 1e4)
LEVELS = np.array([0.05, 0.5, 2.0, 6.0, 15.0, 40.0])
AROUND = np.append(np.linspace(0, 2 * np.pi, 90), np.nan)  # nan parts one ellipse from the next


@dataclass(frozen=True, eq=False)
class Race:
    """Where six rules have come to.

    Attributes
    ----------
    surface : str
    factor : float
        By what every tuned rate is multiplied.
    show : str
        The rule that is not drawn pale, or all.
    H : ndarray, shape (2, 2)
        The hill is half of theta^T H theta.
    settings : tuple of tuple
        Each rule's rate, and its beta if it has one.
    paths : ndarray, shape (6, n_steps + 1, 2)
    losses : ndarray, shape (6, n_steps + 1)
    """

    surface: str
    factor: float
    show: str
    H: np.ndarray
    settings: tuple[tuple[float, ...], ...]
    paths: np.ndarray
    losses: np.ndarray


def hessian(surface: str, turn: float) -> np.ndarray:
    """Return the curvatures of a surface, turned by some degrees."""
    c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    Q = np.array([[c, -s], [s, c]])
    return np.asarray(Q @ np.diag(CURVATURES[surface]) @ Q.T)


def walk(rule: Any, H: np.ndarray, start: Any, noise: np.ndarray) -> np.ndarray:
    """Return the path of a rule; each row of noise is added to one gradient."""
    theta = np.array(start, dtype=float)
    path = [theta.copy()]
    for error in noise:
        rule.step(theta, H @ theta + error)
        path.append(theta.copy())
    return np.array(path)


def compute(
    surface: str, turn: int, factor: float, noise: float, n_steps: int, show: str, seed: int
) -> Race:
    """Return the race of all rules from one start, all with the same noise."""
    rng, H = np.random.default_rng(seed), hessian(surface, turn)
    angle = rng.uniform(0, 2 * np.pi)
    start = DISTANCE * np.array([math.cos(angle), math.sin(angle)])
    errors = noise * rng.normal(size=(MOST_STEPS, 2))[:n_steps]
    settings = tuple((factor * 10**power, *beta) for power, *beta in TUNED[surface])
    rules = [rule(*setting) for rule, setting in zip(RULES.values(), settings)]
    paths = np.array([walk(rule, H, start, errors) for rule in rules])
    losses = np.sum(paths @ H * paths, axis=-1) / 2
    return Race(surface, factor, show, H, settings, paths, losses)


class RacePicture(Picture):
    """Left the paths on the hill; right every loss, step by step."""

    size = (7.4, 4.0)

    def build(self, figure: Figure) -> None:
        """Draw both panels and, above them, the key of the rules."""
        left, right = figure.subplots(1, 2)
        (self.hill,) = left.plot([], [], c="#b4b4b4", lw=0.8)
        self.moves(self.hill)
        left.plot(0, 0, "*", c=COLOURS["green"], ms=12)
        self.trails = [self.moves(_line(left, k, lw=1)) for k in range(6)]
        self.curves = [
            self.moves(_line(right, k, lw=1.2, marker=m, ms=4, markevery=10))
            for k, (_, m) in enumerate(LOOKS)
        ]
        look: Any = {"ls": "", "ms": 7, "mec": "white", "mew": 0.7}
        self.runners, self.ends = (
            [self.moves(_line(ax, k, marker=m, **look)) for k, (_, m) in enumerate(LOOKS)]
            for ax in (left, right)
        )
        left.set(xlabel=r"$\theta_1$", ylabel=r"$\theta_2$", xlim=(-EDGE, EDGE), ylim=(-EDGE, EDGE))
        left.set(aspect="equal", title="the paths; star: the bottom")
        right.set(yscale="log", xlim=(0, MOST_STEPS), ylim=LOSSES, xlabel="step", ylabel="loss")
        right.set(yticks=[1e-12, 1e-8, 1e-4, 1, 1e4], title="the loss")
        figure.legend(
            self.runners, list(RULES), loc="outside upper center", ncols=6, columnspacing=1.2,
            handletextpad=0.1,
        )  # fmt: skip

    def update(self, result: Race) -> str:
        """Move the hill, the runners and their losses."""
        self.hill.set_data(*_ellipses(result.H))
        for k, (path, losses) in enumerate(zip(result.paths, result.losses)):
            last, shown = len(path) - 1, np.clip(losses, *LOSSES)
            self.trails[k].set_data(*path[: _left(path)].T)
            self.runners[k].set_data(*np.clip(path[-1:], -EDGE, EDGE).T)
            self.curves[k].set_data(range(last + 1), shown)
            self.ends[k].set_data([last], [shown[-1]])
            for artist in (self.trails[k], self.curves[k], self.runners[k], self.ends[k]):
                artist.set_alpha(1.0 if result.show in ("all", list(RULES)[k]) else PALE)
        return _sentence(result)


def _line(ax: Axes, k: int, **look: Any) -> Line2D:
    """Draw the line of one rule, empty as yet."""
    return ax.plot([], [], **{"ls": "-", "c": COLOURS[LOOKS[k][0]], **look})[0]


def _left(path: np.ndarray) -> int:
    """Return how many points to draw: up to the first that is far outside the picture."""
    outside = np.abs(path).max(axis=1) > 5 * EDGE
    return int(outside.argmax()) + 1 if outside.any() else len(path)


def _ellipses(H: np.ndarray) -> np.ndarray:
    """Return the lines of equal loss, one behind the other."""
    curvatures, axes = np.linalg.eigh(H)
    circle = np.stack([np.cos(AROUND), np.sin(AROUND)]) / np.sqrt(curvatures)[:, None]
    return np.concatenate([axes @ circle * math.sqrt(2 * level) for level in LEVELS], axis=1)


def _sentence(result: Race) -> str:
    """Say who leads, who is last, and who is worse off than at the start."""
    ends, first, n_steps = result.losses[:, -1], result.losses[0, 0], result.losses.shape[1] - 1
    best, leaders = _with(ends, ends.min())
    worst, losers = _with(ends, ends.max())
    text = (
        f"{result.surface.capitalize()}, tuned rates times {result.factor:g}: after "
        f"{n_steps} step{'s' * (n_steps > 1)} {', '.join(leaders)} "
        f"{'lead' if len(leaders) > 1 else 'leads'} with loss {best}; {', '.join(losers)} "
        f"{'are' if len(losers) > 1 else 'is'} last with {worst}."
    )
    climbed = ", ".join(name for name, end in zip(RULES, ends) if end > first)
    return f"{text} Above the start: {climbed}." if climbed else text


def _with(ends: np.ndarray, end: float) -> tuple[str, list[str]]:
    """Write a loss, and name all rules that end beyond the picture with it, or there alone."""
    low, high = LOSSES
    beyond = ends < low if end < low else ends > high if end > high else ends == end
    return _loss(end), [name for name, there in zip(RULES, beyond) if there]


def _loss(value: float) -> str:
    """Write a loss; what lies beyond the picture is only said to be so."""
    low, high = LOSSES
    return f"<{low:g}" if value < low else f">{high:g}" if value > high else f"{value:.2g}"


def table(result: Race) -> Table:
    """Return one row a rule."""
    heads = {"rule": "", "rate": ".3g", "beta": "", "loss": "", f"below {GOAL:g} at step": ""}
    rows: list[list[Any]] = []
    for name, (rate, *beta), losses in zip(RULES, result.settings, result.losses):
        below = np.flatnonzero(losses < GOAL)
        when = str(below[0]) if len(below) else "never"
        rows.append([name, rate, str(*beta) or "none", _loss(losses[-1]), when])
    return Table(heads, rows)


def optimizer_race(**start: Any) -> Lab:
    """Six rules race to the bottom of a hill: descent, momentum, Nesterov, AdaGrad, RMSProp, Adam.

    Each has the rate, and beta, that was best for it on this hill from other starts. AdamW
    is not among them: its decay pulls towards 0, and here 0 is the bottom.

    Parameters
    ----------
    **start
        First values by name: ``surface`` (bowl or ravine), ``turn`` (how far its long axis
        is turned, 0 to 90 degrees), ``factor`` (multiplies every rate, 0.1 to 10), ``noise``
        (standard deviation that is added to each gradient, 0 to 2), ``n_steps`` (1 to 100),
        ``show`` (all, or the one rule that is not drawn pale), ``seed`` (the start, at
        distance 5, and the noise).

    Returns
    -------
    Lab

    Raises
    ------
    TypeError, ValueError
        If ``start`` names no control, or a value that it cannot take.

    References
    ----------
    Kingma & Ba (2015), *Adam: A Method for Stochastic Optimization*, section 5.
    """
    factors = [0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0, 5.0, 10.0]
    return Lab(
        "optimizer_race",
        compute,
        RacePicture(),
        table,
        {
            "surface": controls.choice("surface", "bowl", list(CURVATURES)),
            "turn": controls.slider("turn (degrees)", 0, 0, 90, 5),
            "factor": controls.steps("rate, times", 1.0, factors),
            "noise": controls.slider("gradient noise", 0.0, 0.0, 2.0, 0.1, ".1f"),
            "n_steps": controls.slider("steps", 50, 1, MOST_STEPS, 1),
            "show": controls.choice("show", "all", ["all", *RULES]),
            "seed": controls.seed(),
        },
        presets={
            "bowl": {"surface": "bowl", "turn": 0, "factor": 1.0, "noise": 0.0},
            "ravine": {"surface": "ravine", "turn": 0, "factor": 1.0, "noise": 0.0},
            "turned ravine": {"surface": "ravine", "turn": 45, "factor": 1.0, "noise": 0.0},
            "rates too large": {"surface": "bowl", "turn": 0, "factor": 2.0, "noise": 0.0},
        },
        start=start,
    )
