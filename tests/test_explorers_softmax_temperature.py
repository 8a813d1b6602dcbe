"""The lab of the temperature, against limits and numbers worked by hand."""

import math
from fractions import Fraction

import numpy as np
import pytest

from nnlib import explorers
from nnlib.explorers.labs.softmax_temperature import HEAT, STEPS, compute

LOGS = (math.log(0.4), math.log(0.6), 0.0)


def test_the_worked_scores_give_a_fifth_three_tenths_and_a_half():
    np.testing.assert_allclose(compute(*LOGS, 1.0, 0).p, [0.2, 0.3, 0.5])
    np.testing.assert_allclose(explorers.softmax_temperature().result.p, [0.2, 0.3, 0.5], atol=2e-3)


def test_a_quarter_of_the_temperature_is_the_fourth_power():
    powers = [Fraction(k, 10) ** 4 for k in (2, 3, 5)]
    exact = [float(power / sum(powers)) for power in powers]
    np.testing.assert_allclose(compute(*LOGS, 0.25, 0).p, exact)
    assert exact[2] == pytest.approx(0.866, abs=5e-4)


def test_cold_is_one_hot_and_a_tie_is_a_coin():
    cold = compute(*LOGS, 0.05, 0)
    np.testing.assert_allclose(cold.p, [0, 0, 1], atol=1e-4)
    assert cold.drawn.tolist() == [0, 0, 100]
    tie = compute(-0.92, 0.0, 0.0, 0.05, 0)
    np.testing.assert_allclose(tie.p, [0, 0.5, 0.5], atol=1e-7)
    assert tie.entropy == pytest.approx(math.log(2), abs=1e-6)


def test_hot_is_uniform_with_the_entropy_of_three():
    hot = compute(*LOGS, 20.0, 0)
    np.testing.assert_allclose(hot.p, [1 / 3] * 3, atol=0.02)
    assert hot.entropy == pytest.approx(math.log(3), abs=1e-3)
    equal = compute(2.0, 2.0, 2.0, 0.05, 0)
    assert equal.entropy == pytest.approx(math.log(3), abs=1e-12)


@pytest.mark.parametrize("T", STEPS)
def test_a_common_shift_changes_nothing(T: float):
    here, there = compute(*LOGS, T, 0), compute(*(z + 3 for z in LOGS), T, 0)
    np.testing.assert_allclose(there.p, here.p, atol=1e-12)
    np.testing.assert_allclose(there.curves, here.curves, atol=1e-12)
    assert there.drawn.tolist() == here.drawn.tolist()


@pytest.mark.parametrize("T", STEPS)
def test_entropy_is_the_sum_and_never_falls_with_the_heat(T: float):
    found = compute(1.3, -2.0, 0.4, T, 0)
    by_sum = -math.fsum(p * math.log(p) for p in found.p if p > 0)
    assert found.entropy == pytest.approx(by_sum, abs=1e-12)
    at = np.interp(math.log(T), np.log(HEAT), found.entropies)
    assert at == pytest.approx(found.entropy, abs=1e-3)
    assert np.all(np.diff(found.entropies) >= -1e-12)


def test_the_curves_pass_through_the_bars_and_never_cross():
    found = compute(*LOGS, 1.0, 0)
    np.testing.assert_allclose(found.curves.sum(axis=1), 1)
    assert np.all(np.diff(found.curves, axis=1) > 0)
    for curve, p in zip(found.curves.T, found.p):
        assert np.interp(0.0, np.log(HEAT), curve) == pytest.approx(p, abs=1e-3)


def test_a_hundred_answers_are_drawn_with_the_probabilities():
    counts = np.array([compute(*LOGS, 1.0, seed).drawn for seed in range(200)])
    assert counts.sum(axis=1).tolist() == [100] * 200
    # 20,000 answers: a standard error of 0.0035 at most.
    np.testing.assert_allclose(counts.mean(axis=0) / 100, [0.2, 0.3, 0.5], atol=0.015)


def test_extremes_stay_finite():
    for T in (STEPS[0], STEPS[-1]):
        for scores in ((4.0, -4.0, -4.0), (-4.0, -4.0, 4.0), (4.0, 4.0, -4.0)):
            found = compute(*scores, T, 0)
            assert 0 <= found.entropy <= math.log(3)
            assert math.copysign(1, found.entropy) == 1
            assert np.isfinite(found.entropies).all()


def test_sentence_table_and_presets():
    lab = explorers.softmax_temperature()
    first = lab.picture.widget.value.tobytes()
    assert len(lab.sentence) <= 230
    lab._buttons["cold, two equal"].click()
    assert "the probabilities 0.00, 0.50 and 0.50; their entropy is 0.69" in lab.sentence
    assert str(lab.table()).splitlines()[2].split()[:4] == ["dog", "0.00", "0.00", "0.500"]
    lab.reset()
    lab._buttons["all scores + 3"].click()
    assert lab.picture.widget.value.tobytes() == first
    with pytest.raises(ValueError, match=r"temperature must lie in \[0\.05, 20\]"):
        lab.set(temperature=0.0)


def test_no_diamond_stands_beside_the_number_of_a_bar():
    for temperature in (0.05, 1.0, 20.0):
        picture = explorers.softmax_temperature(temperature=temperature).picture
        heights = [text.get_position()[1] for text in picture.texts]
        assert min(heights) - picture.drawn.get_ydata().max() > 0.08
