"""The neuron's lab: gates set by hand, a table that no line holds, known outputs."""

import io
import itertools
import math

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from nnlib import explorers
from nnlib.explorers.labs.neuron import TARGETS, compute
from nnlib.plots import COLOURS

GATES = {"AND": (1.0, 1.0, -1.5), "OR": (1.0, 1.0, -0.5), "NAND": (-1.0, -1.0, 1.5)}
ORIGINS = {
    "AND": lambda p, q: p & q,
    "OR": lambda p, q: p | q,
    "NAND": lambda p, q: 1 - (p & q),
    "XOR": lambda p, q: p ^ q,
}


@pytest.mark.parametrize("name", ORIGINS)
def test_the_tables_are_those_of_logic(name: str):
    assert TARGETS[name] == [ORIGINS[name](p, q) for p, q in itertools.product((0, 1), repeat=2)]


@pytest.mark.parametrize("name", GATES)
@pytest.mark.parametrize("bend", ["sigmoid", "tanh", "relu", "leaky_relu", "linear"])
def test_gates_set_by_hand_hold_their_tables(name: str, bend: str):
    result = compute(*GATES[name], bend, name, 0)
    assert result.corners_right.all()
    assert (result.right.sum(), len(result.right)) == (40, 40)


@pytest.mark.parametrize("name", GATES)
def test_each_preset_but_xor_solves_its_points(name: str):
    lab = explorers.neuron()
    lab._buttons[name].click()
    assert lab.result.weights == GATES[name]
    assert lab.sentence.split(": ")[1].startswith("4 of 4 corners and 40 of 40 points")


def test_no_place_of_the_sliders_holds_xor():
    for w1, w2, bias in itertools.product(np.linspace(-6, 6, 9), repeat=3):
        assert compute(w1, w2, bias, "linear", "XOR", 0).corners_right.sum() <= 3
    # All places, 121 to a slider, without the lab: b <= 0 < w1 + b, w2 + b leaves w1 + w2 + b > 0.
    values = np.linspace(-6, 6, 121).round(1)
    w1, w2, bias = values[:, None, None], values[:, None], values
    held = (bias <= 0) & (w1 + bias > 0) & (w2 + bias > 0) & (w1 + w2 + bias <= 0)
    assert not held.any()


def test_outputs_known_without_a_computer():
    # z = 0, 1, 1, 2 at the corners; sigmoid(1) = e / (1 + e).
    result = compute(1.0, 1.0, 0.0, "sigmoid", "AND", 0)
    e = math.e
    np.testing.assert_array_equal(result.z, [0.0, 1.0, 1.0, 2.0])
    np.testing.assert_allclose(result.a, [1 / 2, e / (1 + e), e / (1 + e), e**2 / (1 + e**2)])
    log3 = compute(math.log(3), -math.log(3), 0.0, "sigmoid", "AND", 0)
    np.testing.assert_allclose(log3.a, [1 / 2, 1 / 4, 3 / 4, 1 / 2])
    np.testing.assert_allclose(compute(0, math.log(2), 0, "tanh", "OR", 0).a[1], 3 / 5)
    np.testing.assert_allclose(compute(-1, 2, 0, "relu", "OR", 0).a, [0, 2, 0, 1])
    np.testing.assert_allclose(compute(-1, 2, 0, "leaky_relu", "OR", 0).a, [0, 2, -0.01, 1])


def test_the_surface_is_the_neuron_at_each_place():
    result = compute(2.0, -1.0, 0.5, "sigmoid", "AND", 0)
    # Row 24 is x2 = 0, column 64 is x1 = 1: a = sigmoid(2.5).
    assert result.surface[24, 64] == pytest.approx(1 / (1 + math.exp(-2.5)))
    assert result.surface[64, 24] == pytest.approx(1 / (1 + math.exp(0.5)))


def test_the_lines_lie_where_z_is_minus_one_zero_and_one():
    lab = explorers.neuron(w1=3.0, w2=-1.5, bias=0.7)

    def z(line: np.ndarray) -> np.ndarray:
        return line @ [3.0, -1.5] + 0.7

    np.testing.assert_allclose(z(lab.picture.line.get_xydata()), 0, atol=1e-12)
    sides = lab.picture.sides.get_xydata()
    np.testing.assert_allclose(z(sides), [-1, -1, np.nan, 1, 1], atol=1e-12)
    # The arrow stands at right angles to the line and points to yes.
    arrow = np.subtract(lab.picture.arrow.xy, lab.picture.arrow.get_position())
    assert arrow @ np.array([1.5, 3.0]) == pytest.approx(0, abs=1e-12)
    assert arrow @ np.array([3.0, -1.5]) > 0


def test_longer_weights_leave_the_line_and_the_points_where_they_are():
    small, large = (compute(c, c, -1.5 * c, "sigmoid", "AND", 3) for c in (1.0, 4.0))
    np.testing.assert_array_equal(small.right, large.right)
    np.testing.assert_allclose(large.z, 4 * small.z)
    assert np.ptp(large.surface) > np.ptp(small.surface)


def test_without_weights_there_is_no_line():
    lab = explorers.neuron(w1=0.0, w2=-0.0, bias=-0.0)
    assert not lab.picture.line.get_visible()
    assert lab.sentence.startswith("Without weights z is 0.00 everywhere and there is no line: 3")
    lab.set(w1=-0.0, w2=1.0)
    assert lab.picture.line.get_visible()
    assert lab.sentence.startswith("z = 0.00 x1 +1.00 x2 +0.00: ")


def test_a_ring_marks_each_point_on_the_wrong_side():
    lab = explorers.neuron()
    lab._buttons["XOR"].click()
    wrong = lab.picture.wrong.get_xydata()
    assert len(wrong) == 40 - lab.result.right.sum() > 0
    assert {tuple(p) for p in wrong} <= {tuple(p) for p in lab.result.X}
    assert lab.table().rows[3][-1] == "no"


def test_corners_with_the_same_sum_are_both_seen():
    lab = explorers.neuron(w1=0.0, w2=0.0, bias=0.0)
    pixels = np.asarray(Image.open(io.BytesIO(lab.picture.widget.value)).convert("RGB"))
    right = pixels[:, pixels.shape[1] * 6 // 10 :]
    for colour in ("blue", "orange"):
        mark = np.round(255 * np.array(to_rgb(COLOURS[colour])))
        assert np.all(right == mark, axis=2).sum() > 20
