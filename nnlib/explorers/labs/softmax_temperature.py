"""Softmax of three scores at any temperature: probabilities, entropy, drawn answers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nnlib.activations import log_softmax, softmax
from nnlib.explorers import controls
from nnlib.explorers.lab import Lab
from nnlib.explorers.picture import Picture
from nnlib.explorers.table import Table
from nnlib.plots import COLOURS

__all__ = ["Warmed", "WarmedPicture", "compute", "softmax_temperature", "table"]

NAMES = ["cat", "dog", "bird"]
LOOKS = [("blue", "-", "o"), ("orange", "--", "s"), ("green", "-.", "^")]
# The temperatures of the slider, and those of the curves.
STEPS = [
    0.05, 0.06, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8,
    1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0,
]  # fmt: skip
HEAT = np.geomspace(STEPS[0], STEPS[-1], 201)
N_DRAWN = 100


@dataclass(frozen=True, eq=False)
class Warmed:
    """What softmax makes of three scores.

    Attributes
    ----------
    z : ndarray, shape (3,)
        The scores of cat, dog and bird.
    temperature : float
    p : ndarray, shape (3,)
        Their probabilities at this temperature.
    entropy : float
        In nats.
    drawn : ndarray of int, shape (3,)
        How often each class came in 100 answers drawn with these probabilities.
    curves : ndarray, shape (201, 3)
        The probabilities at temperatures from 0.05 to 20.
    entropies : ndarray, shape (201,)
    """

    z: np.ndarray
    temperature: float
    p: np.ndarray
    entropy: float
    drawn: np.ndarray
    curves: np.ndarray
    entropies: np.ndarray


def compute(cat: float, dog: float, bird: float, temperature: float, seed: int) -> Warmed:
    """Return the probabilities here and at all temperatures, and draw answers."""
    z = np.array([cat, dog, bird])
    p, curves = softmax(z / temperature), softmax(z / HEAT[:, None])
    entropy, entropies = _entropy(z / temperature), _entropy(z / HEAT[:, None])
    # One number from 0 to 1 an answer: the class in whose stretch it falls is drawn.
    place = np.random.default_rng(seed).random(N_DRAWN)
    answers = np.searchsorted(np.cumsum(p)[:-1], place, side="right")
    drawn = np.bincount(answers, minlength=len(z))
    return Warmed(z, temperature, p, float(entropy), drawn, curves, entropies)


def _entropy(z: np.ndarray) -> np.ndarray:
    """Return the entropy of each row's softmax, from the scores: no log of 0 is taken."""
    log_p = log_softmax(z)
    # 0 minus the sum, so that a sure answer has 0 and not -0.
    return 0.0 - np.sum(np.exp(log_p) * log_p, axis=-1)


class WarmedPicture(Picture):
    """Left the probabilities and the entropy by temperature; right those at the present one."""

    size = (7.4, 4.4)

    def build(self, figure: Figure) -> None:
        """Draw the axes; the bars stand on names that do not move."""
        grid = figure.add_gridspec(2, 2, width_ratios=[3, 2], height_ratios=[3, 2])
        above = figure.add_subplot(grid[0, 0])
        below = figure.add_subplot(grid[1, 0], sharex=above)
        self.here = [
            self.moves(ax.plot([], [], c=COLOURS["grey"], ls=":", lw=1.2)[0])
            for ax in (above, below)
        ]
        self._build_curves(above)
        self._build_entropy(below)
        self._build_bars(figure.add_subplot(grid[:, 1]))

    def _build_curves(self, ax: Axes) -> None:
        self.curves, self.dots = [], []
        for name, (colour, style, marker) in zip(NAMES, LOOKS):
            ax.plot([], [], c=COLOURS[colour], ls=style, marker=marker, label=name)
            self.curves += [self.moves(ax.plot([], [], c=COLOURS[colour], ls=style)[0])]
            self.dots += [self.moves(ax.plot([], [], marker, c=COLOURS[colour], ms=7)[0])]
        self.name = self.moves(ax.text(1, 1.09, "", ha="center", va="center", fontsize=9))
        ax.set(xscale="log", xlim=(0.026, 38), ylim=(-0.04, 1.18), ylabel="probability")
        ax.set(yticks=[0, 0.5, 1])
        ax.tick_params(labelbottom=False)
        ax.legend(
            loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=3, columnspacing=1.2,
            handlelength=3, borderpad=0.1,
        )  # fmt: skip

    def _build_entropy(self, ax: Axes) -> None:
        look: dict[str, Any] = {"c": COLOURS["pink"]}
        self.entropies = self.moves(ax.plot([], [], ls="-", **look)[0])
        self.dot = self.moves(ax.plot([], [], "D", ms=7, **look)[0])
        most = float(np.log(len(NAMES)))
        ax.axhline(most, c=COLOURS["grey"], ls=":", lw=1)
        ax.text(0.03, most + 0.05, "all equal: log 3", va="bottom", fontsize=9)
        ax.set(xlabel="temperature T", ylabel="entropy (nats)", ylim=(-0.06, 1.45))
        ax.set(yticks=[0, 0.5, 1])
        ax.set_xticks([0.1, 1, 10], ["0.1", "1", "10"])

    def _build_bars(self, ax: Axes) -> None:
        places = range(len(NAMES))
        self.bars = [
            self.moves(bar)
            for bar in ax.bar(places, 0, 0.7, color=[COLOURS[colour] for colour, *_ in LOOKS])
        ]
        # Above all bars: beside a diamond the number would pass for its share.
        self.texts = [self.moves(ax.text(k, 1.1, "", ha="center", va="center")) for k in places]
        black: dict[str, Any] = {"mec": COLOURS["black"], "mfc": "white", "ls": ""}
        share = f"share of {N_DRAWN} drawn answers"
        self.drawn = self.moves(ax.plot([], [], "D", ms=7, label=share, clip_on=False, **black)[0])
        self.drawn.set_in_layout(False)
        ax.legend(loc="lower left", bbox_to_anchor=(-0.05, 1.0), handlelength=1, borderpad=0.1)
        ax.set_xticks(places, NAMES)
        ax.set(xlim=(-0.6, 2.6), ylim=(0, 1.18), yticks=[0, 0.5, 1], ylabel="probability at T")

    def update(self, result: Warmed) -> str:
        """Move curves, dots and bars."""
        T = result.temperature
        for line, top in zip(self.here, (1.03, np.log(len(NAMES)))):
            line.set_data([T, T], [-0.1, top])
        self.name.set_text(f"T = {T:g}")
        self.name.set_x(T)
        for k, p in enumerate(result.p):
            self.curves[k].set_data(HEAT, result.curves[:, k])
            self.dots[k].set_data([T], [p])
            self.bars[k].set_height(p)
            self.texts[k].set_text(f"p = {p:.2f}")
        self.drawn.set_data(range(len(NAMES)), result.drawn / N_DRAWN)
        self.entropies.set_data(HEAT, result.entropies)
        self.dot.set_data([T], [result.entropy])
        words = [_listed(f"{x:{form}}" for x in row) for form, row in _rows(result)]
        return (
            f"Scores {words[0]} at T = {T:g} give {_listed(NAMES)} the probabilities {words[1]}; "
            f"their entropy is {result.entropy:.2f} of at most 1.10 nats. "
            f"In {N_DRAWN} drawn answers they come {words[2]} times."
        )


def _rows(result: Warmed) -> list[tuple[str, np.ndarray]]:
    return [(".3g", result.z), (".2f", result.p), ("d", result.drawn)]


def _listed(words: Any) -> str:
    """Join three words or numbers as in a sentence."""
    *first, last = words
    return f"{', '.join(first)} and {last}"


def table(result: Warmed) -> Table:
    """Return one row a class."""
    heads = {"class": "", "score z": ".2f", "z / T": ".2f", "p": ".3f", "drawn": "d"}
    scaled = result.z / result.temperature
    return Table(heads, zip(NAMES, result.z, scaled, result.p, result.drawn))


def softmax_temperature(**start: Any) -> Lab:
    """Three scores and a temperature: how sure the probabilities are.

    Parameters
    ----------
    **start
        First values by name: the scores ``cat``, ``dog`` and ``bird`` from -4 to 4;
        ``temperature``, one of 27 values from 0.05 to 20; ``seed``, from which 100 answers
        are drawn with the probabilities.

    Returns
    -------
    Lab

    Raises
    ------
    TypeError, ValueError
        If ``start`` names no control, or a value that it cannot take.

    References
    ----------
    Guo, Pleiss, Sun & Weinberger (2017), *On Calibration of Modern Neural Networks*,
    section 4.2.
    """
    score = (-4.0, 4.0, 0.01)
    return Lab(
        "softmax_temperature",
        compute,
        WarmedPicture(),
        table,
        {
            "cat": controls.slider("score of cat", -0.92, *score),
            "dog": controls.slider("score of dog", -0.51, *score),
            "bird": controls.slider("score of bird", 0.0, *score),
            "temperature": controls.steps("temperature", 1.0, STEPS),
            "seed": controls.seed(),
        },
        presets={
            "cold": {"temperature": 0.05},
            "hot": {"temperature": 20.0},
            "cold, two equal": {"dog": 0.0, "bird": 0.0, "temperature": 0.05},
            "all scores + 3": {"cat": 2.08, "dog": 2.49, "bird": 3.0},
        },
        start=start,
    )
