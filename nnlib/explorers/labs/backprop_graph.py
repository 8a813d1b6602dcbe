"""A drawn 2-3-1 network, one step at a time: values go forward, gradients come back."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, PathPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath, text_to_path

from nnlib.explorers import controls
from nnlib.explorers.lab import Lab
from nnlib.explorers.picture import Picture
from nnlib.explorers.table import Table
from nnlib.layers import ACTIVATIONS, Activation, Dense
from nnlib.losses import mean_squared_error
from nnlib.network import Network
from nnlib.plots import COLOURS

__all__ = ["STEPS", "Walk", "WalkPicture", "backprop_graph", "compute", "table"]

Spot = tuple[float, float]
Item = tuple[str, Spot]
# Each step: its equation, and what is known after it; d stands before a gradient.
STEPS = (
    (r"$A^{[0]} = X$", "x"),
    (r"$Z^{[1]} = X\,W^{[1]} + b^{[1]}$", "z"),
    (r"$A^{[1]} = \varphi(Z^{[1]})$", "a"),
    (r"$y = Z^{[2]} = A^{[1]}\,W^{[2]} + b^{[2]}$", "y"),
    (r"$L = (y - t)^2$", "L"),
    (r"$\Delta^{[2]} = dL/dy = 2\,(y - t)$", "dy"),
    (r"$dW^{[2]} = A^{[1]T}\,\Delta^{[2]}, \quad db^{[2]} = \Delta^{[2]}$", "dv dc"),
    (r"$dA^{[1]} = \Delta^{[2]}\,W^{[2]T}$", "da"),
    (r"$\Delta^{[1]} = dA^{[1]} \odot \varphi'(Z^{[1]})$", "dz slope"),
    (r"$dW^{[1]} = X^T\,\Delta^{[1]}, \quad db^{[1]} = \Delta^{[1]}$", "dw db"),
    (r"$dX = \Delta^{[1]}\,W^{[1]T}$", "dx"),
)
LAST_FORWARD, LAST = 4, len(STEPS) - 1
# The edges along which each step goes.
EDGES = ("", "xz", "za", "ay", "yL", "yL", "ay", "ay", "za", "xz", "xz")
NAMES = {
    "x": ["$x_1$", "$x_2$"], "z": ["$z_1$", "$z_2$", "$z_3$"],
    "a": ["$a_1$", "$a_2$", "$a_3$"], "y": ["$y$"], "L": ["$L$"],
}  # fmt: skip
RADIUS, APART = 0.27, 0.095


def _between(start: list[Spot], end: list[Spot], share: float) -> list[Spot]:
    """Return spots on all edges between two columns, a share of the way along."""
    return [
        (p[0] + share * (q[0] - p[0]), p[1] + share * (q[1] - p[1])) for p in start for q in end
    ]


# Where the numbers stand, in inches.
_X, _Y, _HEIGHTS = [(0.45, 3.35), (0.45, 1.05)], [(5.75, 2.2)], (3.6, 2.2, 0.8)
_Z, _A = [(2.65, y) for y in _HEIGHTS], [(4.1, y) for y in _HEIGHTS]
BENDS = [(3.375, y) for y in _HEIGHTS]
SPOTS: dict[str, list[Spot]] = {
    "x": _X, "w": _between(_X, _Z, 0.34), "b": [(x + 0.16, y - 0.53) for x, y in _Z], "z": _Z,
    "a": _A, "v": _between(_A, _Y, 0.42), "c": [(5.91, 1.67)], "y": _Y, "L": [(6.95, 2.2)],
}  # fmt: skip
_EMPTY = Path(np.empty((0, 2)))


@dataclass(frozen=True, eq=False)
class Walk:
    """The network at one example, and how far the walk has come.

    Attributes
    ----------
    step : int
        0 to 4 go forward, 5 to 10 back.
    activation : str
    target : float
    numbers : dict of str to ndarray
        By the names in the picture: x, w (2, 3), b, z, a, v (3, 1), c, y, L, their
        gradients dx, dw, ..., dL, and slope, that of the activation at z.
    theta, grad : ndarray, shape (13,)
        All parameters (W1, b1, W2, b2) and the gradient of the loss.
    """

    step: int
    activation: str
    target: float
    numbers: dict[str, np.ndarray]
    theta: np.ndarray
    grad: np.ndarray

    @property
    def known(self) -> set[str]:
        """What the walk has found so far; the parameters are given."""
        found = {name for _, names in STEPS[: self.step + 1] for name in names.split()}
        return {"w", "b", "v", "c", *found} | ({"dL"} if self.step > LAST_FORWARD else set())


def compute(
    step: int, x1: float, x2: float, target: float, activation: str, w11: float, seed: int
) -> Walk:
    """Return every value and every gradient of the network at one example."""
    network = Network([Dense(2, 3), Activation(activation), Dense(3, 1)], rng=seed)
    # Tenths from -1.5 to 1.5 without 0, so that a pencil can follow.
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 16, network.n_parameters)
    network.theta = rng.choice([-1, 1], sizes.shape) * sizes / 10
    network[0].W[0, 0] = w11
    x = np.array([[x1, x2]])
    z = network[0].forward(x)
    a = network[1].forward(z)
    y = network[2].forward(a)
    loss, dy = mean_squared_error(y, np.array([[target]]))
    da = network[2].backward(dy)
    dz = network[1].backward(da)
    dx = network[0].backward(dz)
    first, last = network[0], network[2]
    numbers = {
        "x": x, "w": first.W, "b": first.b, "z": z, "a": a, "v": last.W, "c": last.b, "y": y,
        "L": np.array(loss), "dx": dx, "dw": first.dW, "db": first.db, "dz": dz, "da": da,
        "dv": last.dW, "dc": last.db, "dy": dy, "dL": np.array(1.0),
        "slope": ACTIVATIONS[activation][1](z),
    }  # fmt: skip
    copies = {name: array.copy() for name, array in numbers.items()}
    return Walk(step, activation, target, copies, network.theta.copy(), network.grad.copy())


def _written(value: float) -> str:
    """Write two decimals; a bare 0 is an exact zero."""
    if value == 0:
        return "0"
    text = f"{value:.2f}" if abs(value) < 99.995 else f"{value:.0f}"
    return "0.00" if text == "-0.00" else text


class WalkPicture(Picture):
    """The network with a value above a gradient on every edge and in every circle."""

    size = (7.4, 4.7)

    def build(self, figure: Figure) -> None:
        """Draw circles and edges; all numbers of one look are one artist."""
        figure.set_layout_engine("none")
        ax = figure.add_axes((0, 0, 1, 1))
        ax.set(xlim=(0, 7.4), ylim=(-0.02, 4.68))
        ax.set_axis_off()
        self.edges = {key: self._join(ax, *key) for key in ("xz", "za", "ay", "yL")}
        self.paper = self._ink(ax, fc="white")
        self.rings = {name: self._circles(ax, name) for name in NAMES}
        self.boxes = self._ink(ax, fc="#ebcfde")
        self.frames = self._ink(ax, fc="#ebcfde", ec="black", lw=1.2)
        self.values = self._ink(ax, fc=COLOURS["blue"])
        self.words = self._ink(ax, fc="#3c3c3c")
        self.slopes, self.fresh = self._ink(ax, fc="black"), self._ink(ax, fc="black")
        look: dict[str, Any] = {"va": "center", "fontsize": 9}
        for x, y in SPOTS["b"] + SPOTS["c"]:
            ax.text(x - 0.31, y, "$b$", ha="right", va="center", fontsize=11)
        ax.text(6.95, 4.5, "value", c=COLOURS["blue"], weight="bold", ha="center", **look)
        box = {"fc": "#ebcfde", "lw": 0, "pad": 1.2}
        ax.text(6.95, 4.5 - 2 * APART, "gradient", bbox=box, ha="center", **look)
        ax.text(6.95, 1.42, "target $t$", ha="center", **look)
        ax.plot([6.95, 6.95], [1.52, 2.2 - RADIUS], color="#b0b0b0", lw=1, ls="-")
        self.head = self.moves(ax.text(0.12, 4.4, "", weight="bold", va="center"))
        self.equation = self.moves(ax.text(2.1, 4.4, "", fontsize=12.5, va="center"))

    def _join(self, ax: Axes, start: str, end: str) -> list[Line2D]:
        """Draw the edges between two columns of circles."""
        join = zip if start == "z" else itertools.product
        pairs: Any = join(SPOTS[start], SPOTS[end])
        return [self.moves(ax.plot(*zip(p, q), ls="-")[0]) for p, q in pairs]

    def _circles(self, ax: Axes, name: str) -> list[Circle]:
        """Draw a column of circles with their names."""
        for (x, y), text in zip(SPOTS[name], NAMES[name]):
            ax.text(x, y + RADIUS + 0.12, text, ha="center", va="center", fontsize=11)
        rings = [self.moves(Circle(spot, RADIUS, fc="white")) for spot in SPOTS[name]]
        for ring in rings:
            ax.add_patch(ring)
        return rings

    def _ink(self, ax: Axes, **look: Any) -> PathPatch:
        ink = self.moves(PathPatch(_EMPTY, **({"lw": 0} | look)))
        ax.add_patch(ink)
        return ink

    def update(self, result: Walk) -> str:
        """Write what is known, and frame what the step has found."""
        equation, new = STEPS[result.step]
        colour = COLOURS["blue" if result.step <= LAST_FORWARD else "pink"]
        for name, rings in self.rings.items():
            now = not {name, f"d{name}"}.isdisjoint(new.split())
            for ring in rings:
                ring.set(lw=2.6 if now else 1.0, ec=colour if now else "#6b6b6b")
        for key, lines in self.edges.items():
            now = key == EDGES[result.step]
            for line in lines:
                line.set(lw=2.2 if now else 0.9, color=colour if now else "#b0b0b0")
        self._write(result, new.split())
        self.head.set_text(f"step {result.step} of {LAST}, {_way(result)}")
        self.equation.set_text(equation)
        return f"Step {result.step} of {LAST}, {_way(result)}: {_told(result)}."

    def _write(self, result: Walk, new: list[str]) -> None:
        """Write all numbers, each look in its own ink."""
        known = result.known
        values = _items(result, [name for name in SPOTS if name in known], APART)
        values.append((_written(result.target), (6.95, 1.22)))
        gradients = [f"d{name}" for name in SPOTS if f"d{name}" in known]
        old = _items(result, [name for name in gradients if name not in new], -APART)
        fresh = _items(result, [name for name in gradients if name in new], -APART)
        words = [(result.activation, (x, y + 0.13)) for x, y in BENDS if result.step > 1]
        if "slope" in known:
            slopes = zip(result.numbers["slope"][0], BENDS)
            words += [(f"slope {_written(value)}", (x, y - 0.14)) for value, (x, y) in slopes]
        self.paper.set_path(_frames(_items(result, ["w", "v"], APART)))
        self.boxes.set_path(_frames(old))
        self.frames.set_path(_frames(fresh))
        self.values.set_path(_lettering(values, "bold"))
        self.words.set_path(_lettering(words, "normal"))
        self.slopes.set_path(_lettering(old, "normal"))
        self.fresh.set_path(_lettering(fresh, "bold"))


def _way(result: Walk) -> str:
    return "forward" if result.step <= LAST_FORWARD else "back"


def _items(result: Walk, names: list[str], up: float) -> list[Item]:
    """Return the numbers of these names, and where they stand."""
    return [
        (_written(value), (x, y + up))
        for name in names
        for value, (x, y) in zip(result.numbers[name].ravel(), SPOTS[name.removeprefix("d")])
    ]


@cache
def _glyph(character: str, weight: str) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the outline of a character, its codes, and its width, in inches."""
    if character == " ":
        return np.empty((0, 2)), np.empty(0, np.uint8), 0.04
    font = FontProperties(weight=weight, size=9)
    path = TextPath((0, 0), character, prop=font)
    width = text_to_path.get_text_width_height_descent(character, font, False)[0]
    return np.asarray(path.vertices) / 72, np.asarray(path.codes), width / 72


def _width(text: str) -> float:
    return sum(_glyph(character, "bold")[2] for character in text)


def _lettering(items: Iterable[Item], weight: str) -> Path:
    """Return words centred on their spots, as one outline: many texts take too long to draw."""
    vertices, codes = [], []
    for text, (x, y) in items:
        glyphs = [_glyph(character, weight) for character in text]
        left = x - sum(width for *_, width in glyphs) / 2
        for outline, code, width in glyphs:
            vertices.append(outline + np.array([left, y - 0.046]))
            codes.append(code)
            left += width
    return Path(np.concatenate(vertices), np.concatenate(codes)) if vertices else _EMPTY


def _frames(items: Iterable[Item]) -> Path:
    """Return a box around each number, as one outline."""
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]) / 2
    boxes = [corners * (_width(text) + 0.07, 0.16) + spot for text, spot in items]
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
    return Path(np.concatenate(boxes), codes * len(boxes)) if boxes else _EMPTY


def _told(result: Walk) -> str:
    """Say in words what the step does, worked out for the first entry."""
    n = {name: float(array.ravel()[0]) for name, array in result.numbers.items()}
    v = {name: _written(value) for name, value in n.items()}
    x2, w21 = _factor(result.numbers["x"][0, 1]), _factor(result.numbers["w"][1, 0])
    error, t = _seen(n["y"]) - result.target, _factor(result.target)
    shares = result.numbers["dz"][0] * result.numbers["w"][0]
    return (
        f"the inputs are x1 = {v['x']} and x2 = {x2}, and every weight is given",
        "a unit sums its inputs times weights, and its bias; "
        f"z1 = {v['x']} × {_factor(n['w'])} + {x2} × {w21} + {_factor(n['b'])} = {v['z']}",
        f"each sum is bent; a1 = {result.activation} of {v['z']} = {v['a']}",
        f"the output sums the three units times weights, and its bias; y = {v['y']}",
        f"the loss is the error squared, L = ({v['y']} - {t})² {_equal(error**2, n['L'])}",
        f"the walk back begins with dL/dy = 2 × ({v['y']} - {t}) {_equal(2 * error, n['dy'])}",
        "a weight gets what comes back times the unit before it; "
        f"at a1 that is {_product(n['dy'], n['a'])}",
        f"a unit gets dL/dy times its weight; da1 = {_product(n['dy'], n['v'])}",
        f"the bend multiplies by its slope; dz1 = {_product(n['da'], n['slope'])}",
        "a weight gets the gradient of its sum times its input; "
        f"dw11 = {_product(n['dz'], n['x'])}",
        "an input goes to three sums, and what comes back is added; "
        f"dx1 = {' + '.join(map(_factor, shares))} {_equal(sum(map(_seen, shares)), n['dx'])}",
    )[result.step]


def _seen(value: float) -> float:
    """Return a number as it is written."""
    return float(_written(value))


def _equal(by_pencil: float, value: float) -> str:
    """Write = and a value, or ≈ where the rounded numbers give a pencil another one."""
    text = _written(value)
    return f"{'=' if _written(by_pencil) == text else '≈'} {text}"


def _product(first: float, second: float) -> str:
    by_pencil = _seen(first) * _seen(second)
    return f"{_written(first)} × {_factor(second)} {_equal(by_pencil, first * second)}"


def _factor(value: float) -> str:
    text = _written(value)
    return f"({text})" if text[0] == "-" else text


def table(result: Walk) -> Table:
    """Return every number with its gradient; what is not known yet is blank."""
    rows = []
    names = {"w": ("w11", "w12", "w13", "w21", "w22", "w23"), "c": ("b out",)}
    for key in ("x", "w", "b", "z", "a", "v", "c", "y", "L"):
        values, slopes = (result.numbers[name].ravel() for name in (key, f"d{key}"))
        count = range(1, len(values) + 1)
        for i, name in enumerate(names.get(key, [f"{key}{k}" for k in count])):
            known = [name in result.known for name in (key, f"d{key}")]
            pair = (_written(values[i]), _written(slopes[i]))
            name = key if len(values) == 1 and key != "c" else name.replace("v", "w out ")
            rows.append([name, *(text if is_known else "" for text, is_known in zip(pair, known))])
    return Table({"number": "", "value": "", "gradient": ""}, rows)


def backprop_graph(**start: Any) -> Lab:
    """A 2-3-1 network drawn with every value and every gradient, one step at a time.

    Parameters
    ----------
    **start
        First values by name: ``step`` (0 to 4 forward, 5 to 10 back), ``x1``, ``x2``,
        ``target``, ``activation``, ``w11`` (the weight from x1 to the first unit),
        ``seed`` (draws the other weights and the biases).

    Returns
    -------
    Lab

    Raises
    ------
    TypeError, ValueError
        If ``start`` names no control, or a value that it cannot take.

    References
    ----------
    Rumelhart, Hinton & Williams (1986), *Learning representations by back-propagating
    errors*.
    """
    number = (-3.0, 3.0, 0.1)
    return Lab(
        "backprop_graph",
        compute,
        WalkPicture(),
        table,
        {
            "step": controls.slider("step", LAST_FORWARD, 0, LAST, 1),
            "x1": controls.slider("input x1", 1.0, *number),
            "x2": controls.slider("input x2", 2.0, *number),
            "target": controls.slider("target t", 1.0, *number),
            "activation": controls.choice("activation", "tanh", list(ACTIVATIONS)),
            "w11": controls.slider("weight w11", 0.5, *number),
            "seed": controls.seed(),
        },
        presets={
            "forward": {"step": LAST_FORWARD},
            "back": {"step": LAST},
            "unit off": {"step": LAST, "activation": "relu", "x1": 3.0, "x2": 0.5, "w11": -3.0},
            "saturated": {"step": LAST, "activation": "tanh", "x1": 3.0, "x2": 0.5, "w11": 3.0},
        },
        start=start,
    )
