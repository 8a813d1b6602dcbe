"""nnlib.inspection.drawing: what the picture holds, that it is safe, and that it stays the same."""

import re
from html.parser import HTMLParser
from itertools import pairwise
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from strategies import networks

from nnlib import Activation, Adam, Dense, Dropout, Network, mlp, softmax_cross_entropy, train
from nnlib.inspection import Layer
from nnlib.inspection.drawing import as_html, as_svg

SVG = "{http://www.w3.org/2000/svg}"


class Output(HTMLParser):
    """The tags, the attributes and the text of a notebook's output."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: dict[str, str] = {}
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {f"{tag} {name}": value or "" for name, value in attributes}

    def handle_data(self, data: str) -> None:
        self.text += data


def drawing(network: Network) -> ElementTree.Element:
    """Return the picture, out of the output's HTML."""
    source = Output(network._repr_html_()).attributes["img src"]
    kind, _, picture = source.partition(",")
    assert kind == "data:image/svg+xml"
    return ElementTree.fromstring(unquote(picture))


def texts(picture: ElementTree.Element) -> list[str | None]:
    return [element.text for element in picture.iter(f"{SVG}text")]


def marks(picture: ElementTree.Element, shape: str, radius: str = "7") -> int:
    return len([x for x in picture.iter(f"{SVG}{shape}") if x.get("r", radius) == radius])


def links(picture: ElementTree.Element) -> int:
    return sum(path.get("d", "").count("M") for path in picture.iter(f"{SVG}path"))


# Worked examples


def test_a_small_network_unit_by_unit():
    picture = drawing(mlp([2, 3, 1], rng=0))
    assert texts(picture) == [
        "Network, 13 parameters", "2 inputs", "3 units", "relu", "1 output"
    ]  # fmt: skip
    assert (marks(picture, "rect") - 1, marks(picture, "circle")) == (2, 4)  # and the ground
    assert links(picture) == 2 * 3 + 3 * 1
    circles = [(float(c.get("cx", 0)), float(c.get("cy", 0))) for c in picture.iter(f"{SVG}circle")]
    *hidden, (x, y) = circles
    assert len({left for left, _ in hidden}) == 1
    assert hidden[0][0] < x
    assert y == hidden[1][1] == np.mean([height for _, height in hidden])


def test_large_layers_have_a_gap():
    picture = drawing(mlp([784, 9, 8, 10], activation="tanh", rng=0))
    assert texts(picture)[1:] == [
        "784 inputs", "9 units", "tanh", "8 units", "tanh", "10 outputs"
    ]  # fmt: skip
    assert (marks(picture, "rect") - 1, marks(picture, "circle")) == (8, 3 * 8)
    assert marks(picture, "circle", "1.6") == 3 * 3  # the 8 units have no gap
    assert links(picture) == 3 * 64


def test_what_has_no_units_of_its_own_stands_below_the_layer_before():
    layers = [Dropout(0.1), Dense(4, 6), Activation("leaky_relu"), Dropout(0.5), Dense(6, 2)]
    assert texts(drawing(Network(layers, rng=0))) == [
        "Network, 44 parameters",
        *("4 inputs", "Dropout(0.1)"),
        *("6 units", "leaky_relu", "Dropout(0.5)"),
        "2 outputs",
    ]
    assert texts(drawing(Network([Activation("tanh")]))) == [
        "Network, 0 parameters", "n_in inputs", "tanh"
    ]  # fmt: skip


def test_a_reader_who_cannot_see_it_gets_the_same_facts():
    network = mlp([64, 32, 10], rng=0)
    output, picture = Output(network._repr_html_()), drawing(network)
    words = "64 inputs; 32 units, relu; 10 outputs"
    assert output.attributes["img alt"] == f"Network, 2,410 parameters: {words}"
    assert output.text == repr(network)
    named = {x.get("id"): x.text for x in picture if x.get("id")}
    assert named == {"title": "Network, 2,410 parameters", "desc": words}
    assert (picture.get("role"), picture.get("aria-labelledby")) == ("img", "title desc")


def test_the_summary_is_the_table(capsys: pytest.CaptureFixture[str]):
    network = mlp([64, 32, 10], rng=0)
    assert network.summary() is None
    assert capsys.readouterr().out == repr(network) + "\n"


# Laws


@given(networks())
def test_the_picture_is_well_formed_and_holds_every_size(network: Network):
    picture = drawing(network)
    sizes = [network.n_in, *(layer.n_out for layer in network if isinstance(layer, Dense))]
    found = [re.match(r"([\d,]+) (?:input|unit|output)s?$", text or "") for text in texts(picture)]
    assert [int(match[1].replace(",", "")) for match in found if match] == sizes
    width, height = (float(picture.get(side, 0)) for side in ("width", "height"))
    for element in picture.iter():
        x, y = (element.get(name) for name in ("x", "y"))
        if x is not None and y is not None:
            assert 0 <= float(x) <= width
            assert 0 <= float(y) <= height


def test_the_same_network_gives_the_same_text_and_training_changes_nothing():
    first, second = mlp([4, 6, 2], rng=0), mlp([4, 6, 2], rng=1)
    before = as_html(first)
    train(first, softmax_cross_entropy, Adam(), np.eye(4), [0, 1, 0, 1], n_epochs=1)
    assert as_html(first) == as_html(second) == as_html(first.copy()) == before


@pytest.mark.parametrize("sizes", [[2, 3, 1], [784, 512, 10], [8, *[16] * 12, 3]])
def test_captions_do_not_meet(sizes: list[int]):
    layers: list[Layer] = []
    for n_in, n_out in pairwise(sizes):
        layers += [Dense(n_in, n_out), Activation("leaky_relu"), Dropout(0.123456)]
    picture = drawing(Network(layers, rng=0))
    rows: dict[str, list[tuple[float, float]]] = {}
    for element in list(picture.iter(f"{SVG}text"))[1:]:
        half = 8 * len(element.text or "") / 2  # a letter of 12 pixels is 8 wide at the most
        x = float(element.get("x", 0))
        rows.setdefault(element.get("y", ""), []).append((x - half, x + half))
    for row in rows.values():
        assert all(left[1] <= right[0] for left, right in pairwise(row))


# Extremes


class Hostile(Layer):
    """A layer whose names try to leave their place."""

    def __repr__(self) -> str:
        return "</text><script>alert(1)</script> & \"q\" 'q' %3Cb%3E"


def test_text_from_outside_stays_text():
    network = type("<b>Net</b>", (Network,), {})([Dense(2, 2), Hostile()], rng=0)
    output, picture = Output(network._repr_html_()), drawing(network)
    assert output.tags == ["div", "img", "pre"]
    assert output.text == repr(network)
    assert texts(picture)[0] == "<b>Net</b>, 6 parameters"
    assert texts(picture)[-1] == repr(Hostile())
    assert {element.tag.removeprefix(SVG) for element in picture.iter()} == {
        "svg", "title", "desc", "rect", "text", "path", "g", "circle"
    }  # fmt: skip


def test_nothing_outside_is_asked_for_and_no_style_sheet_or_script_is_there():
    source = as_svg(mlp([784, 512, 10], rng=0))
    assert re.findall(r"\w+://\S+?'", source) == ["http://www.w3.org/2000/svg'"]  # a name
    assert not re.search(r"href|url\(|@import|<style|<script|\bon\w+=", source)
    assert set(Output(as_html(mlp([4, 2], rng=0))).attributes) == {
        "div style", "img src", "img alt", "img style"
    }  # fmt: skip


def test_a_picture_of_twelve_layers_stays_small():
    assert len(as_html(mlp([8, *[16] * 11, 3], activation="tanh", rng=0))) < 25_000
