"""The lab of a moved point, against fits made in other ways."""

import numpy as np
import pytest

from nnlib import explorers
from nnlib.explorers.labs.outlier import HEIGHTS, PLACES, compute

SPOTS = [(15.0, 8.0), (-10.0, 0.0), (30.0, 3.5), (25.0, 20.0), (4.0, 1.1), (-3.0, 12.4)]


def pushes_that_balance(x: np.ndarray, y: np.ndarray, line: np.ndarray) -> bool:
    """Tell whether a line is the best by absolute errors: its pushes can sum to zero.

    Points off the line push with the sign of their error, those on it with anything
    from -1 to 1; the two on the line have to hold intercept and slope of the rest.
    """
    error = line[0] * x + line[1] - y
    on = np.abs(error) < 1e-9
    assert on.sum() == 2
    sign = np.sign(error[~on])
    held = np.linalg.solve(np.vstack([np.ones(2), x[on]]), -np.array([sign.sum(), sign @ x[~on]]))
    return bool(np.all(np.abs(held) <= 1 + 1e-9))


@pytest.mark.parametrize(("height", "place"), SPOTS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_least_squares_is_polyfit_at_every_height(height: float, place: float, seed: int):
    found = compute(height, place, seed)
    np.testing.assert_allclose(found.lines[0], np.polyfit(found.x, found.y, 1), atol=1e-9)
    moved = np.tile(found.y, (len(HEIGHTS), 1))
    moved[:, -1] = HEIGHTS
    np.testing.assert_allclose(found.slopes[0], np.polyfit(found.x, moved.T, 1)[0], atol=1e-9)


@pytest.mark.parametrize(("height", "place"), SPOTS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_absolute_line_has_pushes_in_balance(height: float, place: float, seed: int):
    found = compute(height, place, seed)
    assert pushes_that_balance(found.x, found.y, found.lines[1])
    a, b = found.lines[1]
    on = list(found.through)
    np.testing.assert_allclose(a * found.x[on] + b, found.y[on], atol=1e-12)
    # Turned a little about one of its points, it is worse.
    worse = found.lines[1] + [0.01, -0.01 * found.x[on[0]]]
    assert np.abs(worse[0] * found.x + worse[1] - found.y).mean() > found.losses[1, 1]


def test_by_hand_the_losses_and_the_points():
    found = compute(15.0, 8.0, 0)
    noise = np.random.default_rng(0).normal(0, 0.3, 8)
    np.testing.assert_allclose(found.y, [*(1 + PLACES / 2 + noise), 15.0])
    for (a, b), (mse, mae) in zip(found.lines, found.losses):
        error = [a * x + b - y for x, y in zip(found.x, found.y)]
        assert mse == pytest.approx(sum(e * e for e in error) / 9)
        assert mae == pytest.approx(sum(abs(e) for e in error) / 9)


@pytest.mark.parametrize("place", [0.0, 3.6, 8.0, 18.8, 19.0, 20.0])
@pytest.mark.parametrize("seed", range(5))
def test_each_line_is_the_best_by_its_own_loss(place: float, seed: int):
    (mse2, mae2), (mse1, mae1) = compute(25.0, place, seed).losses
    assert mse2 <= mse1
    assert mae1 <= mae2


@pytest.mark.parametrize("seed", range(5))
def test_far_up_the_absolute_line_stands_still_and_the_squares_follow(seed: int):
    near, far = compute(15.0, 8.0, seed), compute(30.0, 8.0, seed)
    np.testing.assert_array_equal(near.lines[1], far.lines[1])
    # The slope of least squares is linear in each y, with this lever.
    lever = (near.x[-1] - near.x.mean()) / np.sum((near.x - near.x.mean()) ** 2)
    assert far.lines[0, 0] - near.lines[0, 0] == pytest.approx(15 * lever)


@pytest.mark.parametrize("seed", range(5))
def test_the_line_gives_in_where_the_lever_is_longer_than_what_the_others_hold(seed: int):
    # Four points on the right against three on the left: 22.1 - 3.2.
    assert PLACES[4:].sum() - PLACES[:3].sum() == pytest.approx(18.9)
    for height in (-1000.0, 1000.0):
        assert 8 not in compute(height, 18.8, seed).through
        assert 8 in compute(height, 19.0, seed).through


def test_two_points_in_one_place_are_no_pair():
    for place in PLACES:
        found = compute(25.0, float(place), 0)
        assert np.isfinite(found.lines).all()
        assert found.x[found.through[0]] != found.x[found.through[1]]


def test_the_sentence_and_the_table_say_the_same():
    lab = explorers.outlier(height=25.0, place=8.0)
    slope = lab.result.lines[1, 0]
    assert f"Least absolute deviations has slope {slope:.2f}" in lab.sentence
    assert "misses it by" in lab.sentence
    assert f"{slope:.3f}" in str(lab.table()).splitlines()[2]
    lab.set(place=20.0)
    assert "goes through it" in lab.sentence
    assert len(lab.sentence) <= 230


def test_a_ring_is_wider_than_the_square():
    picture = explorers.outlier(height=25.0, place=20.0).picture
    assert picture.rings.get_markersize() > 1.5 * picture.moved.get_markersize()
