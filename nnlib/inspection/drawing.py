"""A network as a picture: its layers as columns of units, for a notebook's output.

The picture is an SVG inside an ``<img>``: JupyterLab cleans the HTML of a notebook that is
not trusted, and an ``<svg>`` by itself does not survive that. The ground is white, a card
on a dark page too. Nothing outside is referred to, and the same network gives the same text.
"""

import html
from itertools import pairwise, product
from typing import Any, NamedTuple
from urllib.parse import quote

from nnlib.inspection.layers import Layer

__all__ = ["as_html", "as_svg"]

_MOST = 8  # units that a column shows; a larger layer has a gap in the middle
_STEP, _LINE, _TOP = 20, 16, 32  # pixels from unit to unit, from text to text, above the units
_INPUTS, _UNITS, _OUTPUTS = "#6b6b6b", "#0072B2", "#009E73"  # as in nnlib.plots
_SQUARE = "<rect x='{:g}' y='{:g}' width='13' height='13' transform='translate(-6.5 -6.5)'/>"
_CIRCLE = "<circle cx='{:g}' cy='{:g}' r='7'/>"
_DOT = "<circle cx='{:g}' cy='{:g}' r='1.6'/>"


class _Column(NamedTuple):
    """What one column shows: so many units, None if as many as there are inputs."""

    size: int | None
    texts: list[str]


def as_html(network: Any) -> str:
    """Return the picture of a network, and its table below."""
    picture = quote(as_svg(network), safe=" '(),/:;=")
    alt = html.escape(f"{_title(network)}: {_words(network)}")
    return (
        f'<div style="overflow-x: auto"><img src="data:image/svg+xml,{picture}" alt="{alt}" '
        f'style="max-width: none"></div><pre>{html.escape(repr(network))}</pre>'
    )


def as_svg(network: Any) -> str:
    """Return the picture: inputs are squares, units circles, sizes and bends stand below."""
    columns, title = _columns(network), html.escape(_title(network))
    pitch = 2 * max(38, *(7 + 4 * len(text) for column in columns for text in column.texts))
    rows = max(len(_offsets(column.size)) + _is_large(column.size) for column in columns)
    floor = _TOP + _STEP * rows
    width = max(pitch * len(columns), 16 + 7 * len(title))
    height = floor + 8 + _LINE * max(len(column.texts) for column in columns)
    places = [
        [(pitch * (i + 0.5), (_TOP + floor) / 2 + _STEP * row) for row in _offsets(column.size)]
        for i, column in enumerate(columns)
    ]
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width:g}' height='{height:g}' role='img' "
        "aria-labelledby='title desc' font-family='sans-serif' font-size='12' fill='#1a1a1a'>"
        f"<title id='title'>{title}</title><desc id='desc'>{html.escape(_words(network))}</desc>"
        f"<rect width='100%' height='100%' rx='4' fill='white'/><text x='8' y='18'>{title}</text>"
        f"{_links(places)}{_units(places, columns)}{_captions(columns, pitch, floor)}</svg>"
    )


def _columns(network: Any) -> list[_Column]:
    """Return the inputs, and each layer that has parameters or another size."""
    size = network.n_in
    columns = [_Column(size, [])]
    for layer in network.layers:
        before, size = size, layer.output_size(size)
        if layer.n_parameters or size != before:
            columns.append(_Column(size, []))
        columns[-1].texts.extend(_name(layer))
    nouns = ["input", *["unit"] * (len(columns) - 2), "output"]
    for column, noun in zip(columns, nouns):
        column.texts.insert(0, _count(column.size, noun))
    return columns


def _name(layer: Layer) -> list[str]:
    """Return what is written of a layer besides its size."""
    kind = type(layer).__name__
    return [] if kind == "Dense" else [str(layer.name) if kind == "Activation" else repr(layer)]


def _count(n: int | None, noun: str) -> str:
    return f"{'n_in' if n is None else f'{n:,}'} {noun}{'' if n == 1 else 's'}"


def _title(network: Any) -> str:
    return f"{type(network).__name__}, {_count(network.n_parameters, 'parameter')}"


def _words(network: Any) -> str:
    return "; ".join(", ".join(column.texts) for column in _columns(network))


def _is_large(size: int | None) -> bool:
    return size is None or size > _MOST


def _offsets(size: int | None) -> list[float]:
    """Return the rows of a column, counted from its middle."""
    if size is None or size > _MOST:
        return [row for row in range(-(_MOST // 2), _MOST // 2 + 1) if row]
    return [row - (size - 1) / 2 for row in range(size)]


def _links(places: list[list[tuple[float, float]]]) -> str:
    pairs = [pair for left, right in pairwise(places) for pair in product(left, right)]
    lines = "".join(f"M{a:g} {b:g}L{c:g} {d:g}" for (a, b), (c, d) in pairs)
    return f"<path d='{lines}' stroke='#b4b4b4' stroke-width='0.6'/>"


def _units(places: list[list[tuple[float, float]]], columns: list[_Column]) -> str:
    parts, last = [], len(columns) - 1
    for i, (points, column) in enumerate(zip(places, columns)):
        shape, colour = (_CIRCLE, _OUTPUTS if i == last else _UNITS) if i else (_SQUARE, _INPUTS)
        marks = [shape.format(*point) for point in points]
        if _is_large(column.size):
            (x, top), (_, bottom) = points[0], points[-1]
            marks += [_DOT.format(x, (top + bottom) / 2 + step) for step in (-6, 0, 6)]
        parts.append(f"<g fill='{colour}'>{''.join(marks)}</g>")
    return "".join(parts)


def _captions(columns: list[_Column], pitch: float, floor: float) -> str:
    lines = [
        f"<text x='{pitch * (i + 0.5):g}' y='{floor + _LINE * row:g}'>{html.escape(text)}</text>"
        for i, column in enumerate(columns)
        for row, text in enumerate(column.texts, 1)
    ]
    return f"<g text-anchor='middle'>{''.join(lines)}</g>"
