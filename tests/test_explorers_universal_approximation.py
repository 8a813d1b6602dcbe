"""The lab of hinges: closed forms of the largest error, and the judge that knows no hinges."""

import itertools

import numpy as np
import pytest

from nnlib import explorers
from nnlib.explorers.labs import universal_approximation as module
from nnlib.explorers.labs.universal_approximation import CURVES, PLACES, compute


def wave(x: np.ndarray) -> np.ndarray:
    return np.sin(2 * np.pi * x**2)


@pytest.mark.parametrize("units", [1, 2, 7, 32])
@pytest.mark.parametrize("knots", ["equal", "where it bends"])
def test_a_parabola_is_missed_by_the_limit_and_nothing_less(units: int, knots: str):
    # f'' = 2, so every piece errs by h**2 / 4, in its middle; constant bending asks for equal h.
    result = compute(units, "parabola", knots, 0)
    np.testing.assert_allclose(result.misses, 1 / (4 * units**2), rtol=1e-9)
    np.testing.assert_allclose(result.limits, 1 / (4 * units**2), rtol=1e-9)
    assert result.worst[0] == pytest.approx(1 / (2 * units))


@pytest.mark.parametrize("units", [1, 4, 9, 25])
def test_a_root_is_missed_by_a_quarter_of_the_root_of_the_first_piece(units: int):
    # sqrt(x) - x / sqrt(h) is largest at x = h / 4, where it is sqrt(h) / 4.
    result = compute(units, "root", "equal", 0)
    assert result.error == pytest.approx(1 / (4 * units**0.5))
    assert result.worst[0] == pytest.approx(1 / (4 * units))
    assert result.limits[0] == np.inf


def test_knots_where_the_root_bends_stand_at_fourth_powers():
    # abs(f'') = x**-1.5 / 4; its square root adds up to 2 x**0.25.
    result = compute(16, "root", "where it bends", 0)
    np.testing.assert_allclose(result.knots, (np.arange(17) / 16) ** 4, atol=2e-3)
    wide = compute(32, "root", "where it bends", 0)
    assert result.error / wide.error == pytest.approx(4, rel=0.1)


def test_the_weights_of_six_hinges_on_the_wave():
    result = compute(6, "wave", "equal", 0)
    x = np.linspace(0, 1, 20001)
    judge = np.interp(x, np.linspace(0, 1, 7), wave(np.linspace(0, 1, 7)))
    assert result.error == pytest.approx(np.abs(judge - wave(x)).max(), rel=2e-3)
    np.testing.assert_allclose(result.network, wave(result.knots), atol=1e-12)
    slopes = 6 * np.diff(np.sin(2 * np.pi * np.arange(7) ** 2 / 36))
    np.testing.assert_allclose(result.slopes, slopes)
    np.testing.assert_allclose(result.weights.cumsum(), slopes)


@pytest.mark.parametrize(("curve", "knots"), list(itertools.product(CURVES, PLACES)))
def test_the_network_is_numpys_interpolation_and_keeps_its_limit(curve: str, knots: str):
    for units, seed in [(1, 0), (5, 1), (32, 2)]:
        result = compute(units, curve, knots, seed)
        f, _ = module._functions(curve, seed)
        x = np.linspace(0, 1, 3001)
        drawn = module._network(f, result.knots, x)
        np.testing.assert_allclose(drawn, np.interp(x, result.knots, f(result.knots)), atol=1e-9)
        # Both are measured at places of a piece, not at its very highest.
        assert (result.misses <= 1.01 * result.limits + 1e-12).all()
        assert result.error >= 0.99 * np.abs(drawn - f(x)).max()
        assert len(result.knots) == units + 1
        assert (np.diff(result.knots) > 0).all()


@pytest.mark.parametrize("curve", CURVES)
def test_bends_are_second_derivatives(curve: str):
    f, bend = module._functions(curve, 4)
    x, step = np.linspace(0.1, 0.9, 33), 1e-4
    measured = np.abs(f(x + step) - 2 * f(x) + f(x - step)) / step**2
    np.testing.assert_allclose(bend(x), measured, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("knots", PLACES)
def test_the_ring_lies_on_its_line(knots: str):
    for units in (1, 6, 31):
        result = compute(units, "random", knots, 3)
        assert result.errors[knots][units - 1] == pytest.approx(result.error)
        assert result.limit[units - 1] == pytest.approx(result.limits.max())


def test_twice_the_units_a_quarter_of_the_error():
    for seed in range(10):
        errors = compute(1, "random", "equal", seed).errors["equal"]
        assert 3 < errors[15] / errors[31] < 5


def test_random_knots_stay_where_they_are_when_one_is_added():
    few, more = (compute(k, "wave", "random", 7).knots for k in (9, 10))
    assert set(few) < set(more)
    assert len(more) == len(few) + 1


def test_the_random_curve_is_as_high_as_the_wave():
    for seed in range(10):
        curve = compute(3, "random", "equal", seed).curve
        assert np.abs(curve).max() == pytest.approx(1)
        assert curve[0] == pytest.approx(curve[-1])


def test_the_fan_draws_every_hinge_once():
    lab = explorers.universal_approximation(curve="wave")
    up, down = lab.picture.up.get_xydata(), lab.picture.down.get_xydata()
    assert len(up) + len(down) == 4 * 6
    # A hinge is flat up to its knot and ends at v (1 - t).
    np.testing.assert_array_equal(up[0], [0, 0])
    weights, knots = lab.result.weights, lab.result.knots[:-1]
    ends = np.concatenate([up[2::4, 1], down[2::4, 1]])
    np.testing.assert_allclose(np.sort(ends), np.sort(weights * (1 - knots)))


def test_the_sentence_says_when_there_is_no_limit():
    lab = explorers.universal_approximation()
    lab._buttons["no limit"].click()
    assert "error on the root is 0.062 (no limit" in lab.sentence
    assert lab.sentence.endswith("with 32 units it is 0.044.")
    lab.set(units=1, curve="parabola")
    assert lab.sentence.startswith("1 unit, knots equally far apart")
    assert len(lab.sentence) <= 230
    assert len(lab.table().rows) == 1


def test_a_hinge_of_weight_zero_is_a_flat_line():
    # The random curve ends as high as it begins.
    lab = explorers.universal_approximation(units=1)
    np.testing.assert_allclose(lab.picture.up.get_ydata()[:3], 0, atol=1e-12)
    assert len(lab.picture.down.get_xydata()) == 0
