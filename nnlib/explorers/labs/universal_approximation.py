"""A curve drawn by hinges: relu units set by hand, and how far they miss it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nnlib.activations import relu
from nnlib.explorers import controls
from nnlib.explorers.lab import Lab
from nnlib.explorers.picture import Picture
from nnlib.explorers.table import Table
from nnlib.layers import affine
from nnlib.plots import COLOURS

__all__ = ["Hinges", "HingesPicture", "compute", "table", "universal_approximation"]

Function = Callable[[np.ndarray], np.ndarray]
CURVES = ["random", "wave", "parabola", "root"]
PLACES = ["equal", "where it bends", "random"]
WORDS = dict(zip(PLACES, ["equally far apart", "where the curve bends", "at random"]))
MOST = 32
UNITS = np.arange(1, MOST + 1)
# Places along one piece where a curve is compared with its chord; 1/4 and 1/2 are among them.
ALONG = np.linspace(0, 1, 65)
# The grid that is drawn, and on which bends are added up: finer towards 0, where the root bends.
X = np.linspace(0, 1, 401) ** 4
ENDS = slice(None, -1), slice(1, None)
N_WAVES = 3
# What the panels can show; a value beyond is drawn at the edge, or cut off there.
HEIGHT, HINGE, ERRORS = 1.6, 3.4, (1e-4, 30.0)


@dataclass(frozen=True, eq=False)
class Hinges:
    """A broken line through points of a curve.

    Attributes
    ----------
    name : str
        Which curve.
    place : str
        How the knots are placed.
    curve : ndarray, shape (401,)
        The curve over the grid ``X``.
    knots : ndarray, shape (units + 1,)
        Where the line meets the curve; a hinge starts at each but the last.
    network : ndarray, shape (units + 1,)
        The output of the network at the knots.
    slopes, weights : ndarray, shape (units,)
        The slope of each piece, and the change of slope where it begins: the output weights.
    misses, limits : ndarray, shape (units,)
        The largest error on each piece, and its limit h**2 / 8 times the largest abs(f'').
    worst : tuple of float
        The place of the largest error, and the values of the curve and of the network there.
    errors : dict of str to ndarray, shape (32,)
        The largest error with 1 to 32 units, for each way to place the knots.
    limit : ndarray, shape (32,)
        The largest of the limits of all pieces, with 1 to 32 units, for the chosen way.
    """

    name: str
    place: str
    curve: np.ndarray
    knots: np.ndarray
    network: np.ndarray
    slopes: np.ndarray
    weights: np.ndarray
    misses: np.ndarray
    limits: np.ndarray
    worst: tuple[float, float, float]
    errors: dict[str, np.ndarray]
    limit: np.ndarray

    @property
    def error(self) -> float:
        """The largest error on the whole interval."""
        return float(self.misses.max())


def compute(units: int, curve: str, knots: str, seed: int) -> Hinges:
    """Return the broken line with this many units, and the errors of all other numbers."""
    f, bend = _functions(curve, seed)
    t = _knots(_spent(bend), knots, units, seed)
    slopes = np.diff(f(t)) / np.diff(t)
    x = t[:-1, None] + np.diff(t)[:, None] * ALONG
    network = _network(f, t, x.ravel()).reshape(x.shape)
    misses = np.abs(network - f(x))
    # Of places that err alike but for rounding, the first.
    at = np.unravel_index(np.argmax(misses > (1 - 1e-9) * misses.max()), x.shape)
    worst = float(x[at]), float(f(x[at])), float(network[at])
    errors, limits = _all_units(curve, seed)
    return Hinges(
        curve, knots, f(X), t, _network(f, t, t), slopes, np.diff(slopes, prepend=0.0),
        misses.max(axis=1), _limits(bend, x), worst, errors, limits[knots],
    )  # fmt: skip


def _functions(curve: str, seed: int) -> tuple[Function, Function]:
    """Return the curve, and the absolute value of its second derivative."""
    if curve == "wave":
        return _wave, _wave_bend
    if curve == "parabola":
        return np.square, lambda x: np.full_like(x, 2.0)
    if curve == "root":
        # Infinite at 0, and so is the limit of the first piece.
        return np.sqrt, lambda x: np.divide(0.25, x**1.5, out=np.full_like(x, np.inf), where=x > 0)
    # The real part of a polynomial on the unit circle: a few waves of random height and phase.
    m = 2 * np.pi * np.arange(N_WAVES, -1, -1)
    real, imaginary = np.random.default_rng(seed).normal(size=(2, N_WAVES))
    c = np.append((real + 1j * imaginary) / m[:-1], 0)
    c /= np.abs(np.polyval(c, _circle(X)).real).max()
    return (
        lambda x: np.polyval(c, _circle(x)).real,
        lambda x: np.abs(np.polyval(c * m**2, _circle(x)).real),
    )


def _circle(x: np.ndarray) -> np.ndarray:
    return np.exp(2j * np.pi * x)


def _wave(x: np.ndarray) -> np.ndarray:
    return np.sin(2 * np.pi * x**2)


def _wave_bend(x: np.ndarray) -> np.ndarray:
    angle = 2 * np.pi * x**2
    return np.abs(4 * np.pi * np.cos(angle) - 8 * np.pi * angle * np.sin(angle))


def _spent(bend: Function) -> np.ndarray:
    """Return the share of all bending that lies before each place of the grid."""
    share = np.cumsum(np.sqrt(bend((X[1:] + X[:-1]) / 2)) * np.diff(X))
    return np.concatenate([[0.0], share / share[-1]])


def _knots(spent: np.ndarray, place: str, units: int, seed: int) -> np.ndarray:
    """Return where the pieces meet, from 0 to 1; one more than units."""
    equal = np.linspace(0, 1, units + 1)
    if place == "equal":
        return equal
    if place == "random":
        # Each unit adds one knot to those before it.
        inner = np.random.default_rng([seed, 1]).random(MOST)[: units - 1]
        return np.concatenate([[0.0], np.sort(inner), [1.0]])
    # By (2.9) of the course all pieces err alike when h is proportional to 1 / sqrt(abs(f'')).
    return np.interp(equal, spent, X)


def _network(f: Function, t: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the output at x of the hinges at t that meet f: (2.7) with the weights of (2.8)."""
    weights = np.diff(np.diff(f(t)) / np.diff(t), prepend=0.0)
    hidden = relu(affine(x[:, None], np.ones((1, len(t) - 1)), -t[:-1]))
    return affine(hidden, weights[:, None], f(t[:1]))[:, 0]


def _limits(bend: Function, x: np.ndarray) -> np.ndarray:
    """Return the limit (2.9) of each piece, given places along it from end to end."""
    return (x[:, -1] - x[:, 0]) ** 2 / 8 * bend(x).max(axis=1)


@lru_cache(maxsize=16)
def _all_units(curve: str, seed: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the largest error and the limit with 1 to 32 units, for each way to place knots."""
    f, bend = _functions(curve, seed)
    spent, first = _spent(bend), np.cumsum(UNITS) - UNITS
    errors, limits = {}, {}
    for place in PLACES:
        every = [_knots(spent, place, k, seed) for k in range(1, MOST + 1)]
        start, end = (np.concatenate([t[part] for t in every]) for part in ENDS)
        x = start[:, None] + (end - start)[:, None] * ALONG
        y = f(x)
        # On each piece the network is the chord; all pieces of all networks at once.
        misses = np.abs(y[:, :1] + (y[:, -1:] - y[:, :1]) * ALONG - y).max(axis=1)
        errors[place] = np.maximum.reduceat(misses, first)
        limits[place] = np.maximum.reduceat(_limits(bend, x), first)
        # Shared by all results of this curve, so nobody may write to them.
        errors[place].flags.writeable = limits[place].flags.writeable = False
    return errors, limits


class HingesPicture(Picture):
    """Left the curve and the broken line, below them the hinges; right the errors."""

    size = (7.4, 4.6)

    def build(self, figure: Figure) -> None:
        """Draw the three panels."""
        grid = figure.add_gridspec(2, 2, width_ratios=[5, 4], height_ratios=[3, 2])
        top, low, right = (figure.add_subplot(grid[at]) for at in ((0, 0), (1, 0), (slice(2), 1)))
        (self.curve,) = top.plot([], [], c=COLOURS["grey"], ls=":", lw=2.5)
        (self.network,) = top.plot([], [], "o-", c=COLOURS["blue"], ms=4, lw=1.5)
        (self.gap,) = top.plot([], [], c=COLOURS["pink"], ls="-", lw=4)
        top.set(xlim=(-0.02, 1.02), ylim=(-HEIGHT, HEIGHT), xticklabels=[], ylabel="f(x)")
        top.set_title("dotted: curve, line: network\nbar: the largest error", fontsize=9.5)
        (self.up,) = low.plot([], [], c=COLOURS["blue"], ls="-", lw=1.2)
        (self.down,) = low.plot([], [], c=COLOURS["orange"], ls="--", lw=1.2)
        low.set(xlim=(-0.02, 1.02), ylim=(-HINGE, HINGE), xlabel="x", ylabel="v relu(x - t)")
        low.set_title("its hinges: solid up, dashed down", fontsize=9.5)
        self.errors = self._build_errors(right)
        for artist in (
            self.curve, self.gap, self.network, self.up, self.down, *self.errors, self.limit,
            self.present,
        ):  # fmt: skip
            self.moves(artist)

    def _build_errors(self, ax: Axes) -> list[Line2D]:
        """Return the empty lines of the panel of errors."""
        looks = [("blue", "o-"), ("green", "^-"), ("grey", "x-")]
        lines = [
            ax.loglog([], [], style, c=COLOURS[c], ms=3.5, lw=0.8, label=place)[0]
            for place, (c, style) in zip(PLACES, looks)
        ]
        (self.limit,) = ax.plot([], [], c=COLOURS["black"], ls=":", label="limit of the ring")
        (self.present,) = ax.plot([], [], "o", ms=11, mfc="none", c=COLOURS["pink"], mew=2.5)
        ax.set(xlim=(0.9, 36), ylim=ERRORS, xlabel="hidden units k")
        ax.set_xticks([1, 2, 4, 8, 16, 32], ["1", "2", "4", "8", "16", "32"])
        ax.minorticks_off()
        ax.set_title("largest error by place of knots\nring: the network on the left", fontsize=9.5)
        ax.legend(loc="lower left", fontsize=9, frameon=False, handlelength=1.5)
        return lines

    def update(self, result: Hinges) -> str:
        """Move the lines to a network."""
        x, f, network = result.worst
        self.curve.set_data(X, result.curve)
        self.network.set_data(result.knots, result.network)
        self.gap.set_data([x, x], [f, network])
        for line, sign in ((self.up, 1), (self.down, -1)):
            line.set_data(*_fan(result, sign))
        for line, place in zip(self.errors, PLACES):
            line.set_data(UNITS, np.clip(result.errors[place], *ERRORS))
        finite = np.isfinite(result.limit)
        self.limit.set_data(UNITS[finite], result.limit[finite])
        self.present.set_data([len(result.weights)], np.clip([result.error], *ERRORS))
        return _sentence(result)


def _fan(result: Hinges, sign: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the hinges that go up (1) or down (-1): flat, then a slope, then a gap."""
    # A weight that is 0 but for rounding draws a flat line, among those that go up.
    chosen = (result.weights < -1e-9) == (sign < 0)
    t, v = result.knots[:-1][chosen], result.weights[chosen]
    start, gap = np.zeros_like(t), np.full_like(t, np.nan)
    x = np.column_stack([start, t, start + 1, gap])
    return x.ravel(), np.column_stack([start, start, v * (1 - t), gap]).ravel()


def _sentence(result: Hinges) -> str:
    """Say how large the error is, what it may be, and what twice the units would bring."""
    k, errors = len(result.weights), result.errors[result.place]
    limit, other = result.limit[k - 1], 2 * k if 2 * k <= MOST else k // 2
    promise = f"limit {limit:.2g}" if np.isfinite(limit) else "no limit, it bends without end at 0"
    name = result.name.replace("random", "random curve")
    return (
        f"{_units(k)}, knots {WORDS[result.place]}: the largest error on the {name} is "
        f"{result.error:.2g} ({promise}), at x = {result.worst[0]:.2f}; with {_units(other)} it is "
        f"{errors[other - 1]:.2g}."
    )


def _units(k: int) -> str:
    return f"{k} unit" + "s" * (k > 1)


def table(result: Hinges) -> Table:
    """Return one row for each hinge and the piece that it begins."""
    heads = {
        "j": "d", "knot t": ".3f", "slope s": ".2f", "weight v": ".2f", "error": ".2g",
        "limit": ".2g",
    }  # fmt: skip
    columns = result.knots, result.slopes, result.weights, result.misses, result.limits
    return Table(heads, zip(range(len(result.weights)), *columns))


def universal_approximation(**start: Any) -> Lab:
    """A curve drawn by relu units whose weights are set by hand, and how far they miss it.

    Every unit is a hinge, zero up to its knot; the sum of ``units`` hinges is a broken
    line that meets the curve at every knot.

    Parameters
    ----------
    **start
        First values by name: ``units`` (1 to 32), ``curve`` (random, wave, parabola or
        root), ``knots`` (equal, where it bends or random), ``seed`` (draws the random
        curve and the random knots).

    Returns
    -------
    Lab

    Raises
    ------
    TypeError, ValueError
        If ``start`` names no control, or a value that it cannot take.

    References
    ----------
    Leshno, Lin, Pinkus & Schocken (1993), *Multilayer feedforward networks with a
    nonpolynomial activation function can approximate any function*; for the limit
    h**2 / 8 times the largest abs(f''), Atkinson (1989), chapter 3.
    """
    return Lab(
        "universal_approximation",
        compute,
        HingesPicture(),
        table,
        {
            "units": controls.slider("units k", 6, 1, MOST, 1),
            "curve": controls.choice("curve", "random", CURVES),
            "knots": controls.choice("knots", "equal", PLACES),
            "seed": controls.seed(),
        },
        presets={
            "6 units": {"units": 6, "curve": "wave", "knots": "equal"},
            "24 units": {"units": 24, "curve": "wave", "knots": "equal"},
            "24 where it bends": {"units": 24, "curve": "wave", "knots": "where it bends"},
            "no limit": {"units": 16, "curve": "root", "knots": "equal"},
        },
        start=start,
    )
