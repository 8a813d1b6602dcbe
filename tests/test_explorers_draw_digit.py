"""draw_digit: bitmaps by hand, data as cells, digits written as polylines, and what is refused."""

import json
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from nnlib import datasets, explorers
from nnlib.explorers.canvas import Canvas, as_marks
from nnlib.explorers.labs import draw_digit as lab_file
from nnlib.explorers.labs.draw_digit import CHESSBOARD, FOOT, FOUR, compute, rasterize, trained

SEVEN = [[(0.25, 0.12), (0.75, 0.12), (0.42, 0.9)], [(0.35, 0.5), (0.68, 0.5)]]
Points = list[tuple[float, float]]
IMAGES, LABELS = load_digits(return_X_y=True)


def arc(x: float, y: float, rx: float, ry: float, first: float, last: float) -> Points:
    """Return sixteen points of an ellipse; angles in degrees, clockwise on the screen."""
    turn = np.radians(np.linspace(first, last, 16))
    return [(float(a), float(b)) for a, b in zip(x + rx * np.cos(turn), y + ry * np.sin(turn))]


# Ten digits as a hand would write them, and some as another hand would.
WRITTEN = [
    (0, [arc(0.5, 0.5, 0.25, 0.4, -90, 270)]),
    (0, [arc(0.5, 0.5, 0.35, 0.4, -90, 270)]),
    (1, [[(0.38, 0.25), (0.52, 0.1), (0.52, 0.9)]]),
    (1, [[(0.5, 0.1), (0.5, 0.9)]]),
    (2, [[*arc(0.5, 0.3, 0.22, 0.2, -170, 40), (0.28, 0.9), (0.75, 0.9)]]),
    (3, [[*arc(0.48, 0.29, 0.22, 0.19, -150, 90), *arc(0.48, 0.69, 0.25, 0.21, -90, 150)]]),
    (4, [[(0.45, 0.1), (0.25, 0.6), (0.75, 0.6)], [(0.62, 0.35), (0.58, 0.9)]]),
    (4, [[(0.6, 0.9), (0.6, 0.1), (0.25, 0.62), (0.78, 0.62)]]),
    (5, [[(0.7, 0.1), (0.35, 0.1), (0.32, 0.45), *arc(0.48, 0.65, 0.23, 0.25, -110, 150)]]),
    (6, [[(0.62, 0.1), (0.42, 0.3)], arc(0.5, 0.66, 0.22, 0.24, -160, 200)]),
    (7, [[(0.25, 0.12), (0.75, 0.12), (0.42, 0.9)]]),
    (7, SEVEN),
    (8, [[*arc(0.5, 0.3, 0.19, 0.2, 90, 450), *arc(0.5, 0.7, 0.23, 0.2, -90, 270)]]),
    (9, [[*arc(0.5, 0.33, 0.2, 0.22, 0, -360), (0.68, 0.5), (0.6, 0.9)]]),
]


def drawn(strokes: Any, pen: float = 4.0, fit: bool = False) -> np.ndarray:
    return rasterize(as_marks(strokes), pen, fit)


def blocks(bitmap: np.ndarray) -> np.ndarray:
    """Count the ink of each block, one dot after the other."""
    counts = np.zeros((8, 8), dtype=int)
    for row, column in np.argwhere(bitmap):
        counts[row // 4, column // 4] += 1
    return counts


# The bitmap


def test_a_vertical_bar_by_hand():
    # At x = 16 dots, 2 to each side: the middles 14.5, 15.5, 16.5, 17.5 are nearer than 2.
    bar = drawn([[(0.5, 0.0), (0.5, 1.0)]])
    assert np.flatnonzero(bar.any(axis=0)).tolist() == [14, 15, 16, 17]
    assert bar.sum() == 4 * 32
    result = compute([[(0.5, 0.0), (0.5, 1.0)]], 4.0, False, 0)
    assert result.counts.tolist() == 8 * [[0, 0, 0, 8, 8, 0, 0, 0]]
    across = drawn([[(0.0, 0.5), (1.0, 0.5)]])
    np.testing.assert_array_equal(across, bar.T)


def test_a_blot_fills_blocks():
    # The farthest middle of the four inner blocks is 3.5 * sqrt(2) = 4.95 from the centre.
    counts = compute([[(0.5, 0.5)]], 10.0, False, 0).counts
    assert counts[3:5, 3:5].tolist() == [[16, 16], [16, 16]]
    assert compute([(2, 5, 16)], 6.0, True, 0).counts.tolist()[2] == [0, 0, 0, 0, 0, 16, 0, 0]


def test_ink_is_what_a_walk_along_the_stroke_comes_near():
    rng = np.random.default_rng(3)
    middles = np.stack(np.meshgrid(np.arange(32) + 0.5, np.arange(32) + 0.5), axis=-1)
    for pen in (2.0, 5.5, 10.0):
        stroke = rng.random((4, 2))
        bitmap = drawn([stroke.tolist()], pen)
        walk = np.concatenate([
            a + np.linspace(0, 1, 400)[:, None] * (b - a) for a, b in pairwise(stroke)
        ])  # fmt: skip
        away = np.linalg.norm(middles[:, :, None] - 32 * walk, axis=-1).min(axis=-1)
        sure = np.abs(away - pen / 2) > 0.01
        assert sure.mean() > 0.98
        np.testing.assert_array_equal(bitmap[sure], away[sure] < pen / 2)


def test_every_stroke_leaves_ink():
    for x in np.linspace(0, 1, 65):
        assert drawn([[(x, x)]], pen=2.0).any()
        assert drawn([[(x, 0.0), (x, 1.0)]], pen=2.0).any(axis=1).all()


def test_a_stroke_that_stands_still_is_a_dot():
    np.testing.assert_array_equal(drawn([[(0.3, 0.6)] * 3]), drawn([[(0.3, 0.6)]]))


def test_the_counts_are_those_of_the_blocks():
    for strokes in (FOUR, SEVEN, CHESSBOARD, [*SEVEN, (0, 0, 5)]):
        result = compute(strokes, 6.0, True, 0)
        assert result.counts.tolist() == blocks(result.bitmap).tolist()
        assert result.counts.max() <= 16


# The fit


def test_a_small_bar_is_fitted_by_hand():
    # 32 dots high with the pen's 4: from 2 to 30 dots, in the middle.
    fitted = drawn([[(0.2, 0.4), (0.2, 0.6)]], fit=True)
    np.testing.assert_array_equal(fitted, drawn([[(0.5, 2 / 32), (0.5, 30 / 32)]]))
    wide = drawn([[(0.1, 0.9), (0.3, 0.9)]], fit=True)
    np.testing.assert_array_equal(wide, drawn([[(5 / 32, 0.5), (27 / 32, 0.5)]]))


def test_a_dot_is_put_in_the_middle_and_not_blown_up():
    np.testing.assert_array_equal(drawn([[(0.1, 0.1)]], fit=True), drawn([[(0.5, 0.5)]]))
    # Two dots 1/320 apart grow at most eightfold.
    near = drawn([[(0.5, 0.5), (0.5, 0.503125)]], fit=True)
    np.testing.assert_array_equal(near, drawn([[(0.5, 0.4875), (0.5, 0.5125)]]))


@pytest.mark.parametrize(("size", "x", "y"), [(0.25, 0.0, 0.0), (0.5, 0.5, 0.25), (0.2, 0.8, 0.5)])
def test_a_fitted_drawing_forgets_where_and_how_large_it_was(size: float, x: float, y: float):
    for _, strokes in WRITTEN:
        moved = [[(x + size * a, y + size * b) for a, b in line] for line in strokes]
        # No middle of a dot lies exactly at half of such a pen.
        assert np.sum(drawn(moved, 4.37, fit=True) != drawn(strokes, 4.37, fit=True)) <= 2


def test_cells_stay_where_they_are():
    for fit in (False, True):
        counts = blocks(drawn([*SEVEN, (7, 7, 16)], fit=fit))
        assert counts[7, 7] == 16
        np.testing.assert_array_equal(drawn(CHESSBOARD, fit=fit), drawn(CHESSBOARD))


# The network


def test_digits_of_the_data_set_as_cells_are_answered_as_predict_does():
    network, _, _ = trained(0)
    answers = network.predict_proba(IMAGES[:50] / 16)
    for image, answer in zip(IMAGES[:50], answers):
        result = compute(image.reshape(8, 8), 6.0, True, 0)
        np.testing.assert_array_equal(result.counts.ravel(), image)
        np.testing.assert_allclose(result.probabilities, answer, rtol=1e-9, atol=1e-12)


def test_the_network_reads_97_percent_of_the_test_part():
    data = datasets.digits(rng=0)
    for seed in range(3):
        network, hits, n_test = trained(seed)
        right = sum(int(a) == b for a, b in zip(network.predict(data.X_test), data.y_test))
        assert (right, len(data.y_test)) == (hits, n_test)
        assert hits >= 0.97 * n_test
        assert trained(seed)[0] is network


@pytest.mark.parametrize("seed", range(3))
def test_written_digits_are_read(seed: int):
    read = [int(compute(s, 6.0, True, seed).probabilities.argmax()) for _, s in WRITTEN]
    assert read == [digit for digit, _ in WRITTEN]


def test_a_small_digit_needs_the_fit():
    lab = explorers.draw_digit()
    assert "reads 4 with probability above 0.99" in lab.sentence
    lab.set(fit=False)
    assert lab.result.probabilities[4] < 0.5
    assert "reads 1" in lab.sentence


@pytest.mark.parametrize("seed", range(3))
def test_what_the_notebook_says_to_try(seed: int):
    """A 1 with a foot is read as 2, a plus sign as a sure 4; a blob of full ink too."""
    foot, plus, full = (
        compute(strokes, 6.0, True, seed).probabilities
        for strokes in (
            FOOT,
            [[(0.1, 0.5), (0.9, 0.5)], [(0.5, 0.1), (0.5, 0.9)]],
            np.full((8, 8), 16),
        )
    )
    assert (foot.argmax(), plus.argmax(), full.argmax()) == (2, 4, 4)
    assert min(foot[2], plus[4], full[4]) > 0.9


def test_an_empty_canvas_asks_nobody():
    lab = explorers.draw_digit(strokes=[])
    assert lab.result.probabilities.tolist() == 10 * [0.0]
    assert not lab.result.bitmap.any()
    assert lab.sentence.startswith("Nothing is drawn")
    assert str(lab.table()).count("0.000") == 10


def test_the_sentence_never_says_that_it_is_certain():
    for p, words in [(1.0, "above 0.99"), (0.994, "0.99"), (0.006, "0.01"), (1e-9, "below 0.01")]:
        assert lab_file._written(p) == words
    lab = explorers.draw_digit(seed=999_999)
    assert len(lab.sentence) <= 230


def test_nothing_of_the_picture_is_cut():
    picture = explorers.draw_digit(seed=999_999).picture
    frame = picture.figure.bbox
    for text in (picture.title, picture.winner):
        box = text.get_window_extent()
        assert frame.x0 <= box.x0 < box.x1 <= frame.x1
        assert frame.y0 <= box.y0 < box.y1 <= frame.y1


def test_the_winner_is_written_beside_its_bar_for_every_digit():
    picture, boxes = explorers.draw_digit().picture, []
    for digit in range(10):
        (image,) = IMAGES[(digit == LABELS) & (trained(0)[0].predict(IMAGES / 16) == digit)][:1]
        picture.show(compute(image.reshape(8, 8), 6.0, True, 0))
        assert picture.winner.get_text().startswith(f"{digit}: ")
        boxes.append(picture.winner.get_window_extent())
    assert max(box.x1 for box in boxes) <= picture.figure.bbox.x1


# The canvas


def test_as_marks_gives_plain_lists_that_json_keeps():
    marks = as_marks([np.array([[0, 1], [0.5, 0.25]]), (np.int64(3), 4, 5), [(1, 0)]])
    assert marks == [[[0.0, 1.0], [0.5, 0.25]], [3, 4, 5], [[1.0, 0.0]]]
    assert as_marks(marks) == marks == json.loads(json.dumps(marks))
    assert as_marks(np.zeros((8, 8))) == as_marks(()) == []
    assert as_marks(np.eye(8))[:2] == [[0, 0, 1], [1, 1, 1]]


@pytest.mark.parametrize(
    ("strokes", "error", "says"),
    [
        (3, TypeError, r"must be a list of strokes such as .* got 3 \(int\)"),
        ("7", TypeError, "must be a list of strokes"),
        ([3], TypeError, r"strokes\[0\] must be a list of points \(x, y\), at least one, got 3"),
        ([[]], TypeError, r"strokes\[0\] must be a list of points"),
        ([[(0, 0)], [(0, 0), (0, 2)]], ValueError, r"y of strokes\[1\]\[1\] must lie in \[0, 1\]"),
        ([[(float("nan"), 0)]], ValueError, r"x of strokes\[0\]\[0\] must lie in"),
        ([[(0, 0, 0)]], ValueError, r"strokes\[0\]\[0\] must be a point \(x, y\), got \(0, 0, 0\)"),
        ([[("a", 0)]], TypeError, r"x of strokes\[0\]\[0\] must be a number, got 'a'"),
        ([(0.2, 0.3)], ValueError, r"strokes\[0\] is neither a list of points"),
        ([(0, 8, 1)], ValueError, r"column of strokes\[0\] must lie in \[0, 7\], got 8"),
        ([(0, 0, 0)], ValueError, r"dots of strokes\[0\] must be at least 1, got 0"),
        ([(0, 0, 0.5)], TypeError, r"dots of strokes\[0\] must be a whole number"),
        (np.zeros(64), ValueError, r"has the shape \(8, 8\), got \(64,\): reshape"),
        (np.full((8, 8), 0.5), ValueError, "multiply grey values from 0 to 1 by 16"),
        (np.full((8, 8), 17), ValueError, "whole numbers from 0 to 16"),
    ],
)
def test_what_is_no_drawing_is_refused(strokes: Any, error: type[Exception], says: str):
    lab = explorers.draw_digit()
    before, picture = lab.values, lab.picture.widget.value
    with pytest.raises(error, match=says):
        lab.set(strokes=strokes)
    with pytest.raises(error, match=says):
        compute(strokes, 6.0, True, 0)
    assert (lab.values, lab.picture.widget.value) == (before, picture)


def test_the_canvas_knows_the_pen_and_its_own_script():
    lab = explorers.draw_digit(pen=3.0)
    canvas = lab.controls["strokes"]
    assert isinstance(canvas, Canvas)
    assert canvas.pen == 3.0
    lab.set(pen=8.5)
    assert canvas.pen == 8.5
    assert "export default { render }" in str(canvas._esm)
    assert Canvas().value == []


def test_a_drawing_from_the_browser_is_computed():
    lab = explorers.draw_digit()
    # What arrives from the browser: whole numbers stay whole there.
    lab.controls["strokes"].set_state({"value": [[[0, 0.1], [1, 0.1]]]})
    assert lab.values["strokes"] == [[[0.0, 0.1], [1.0, 0.1]]]
    wanted = compute([[(0, 0.1), (1, 0.1)]], 6.0, True, 0)
    np.testing.assert_array_equal(lab.result.bitmap, wanted.bitmap)
    assert lab._message.value == ""
