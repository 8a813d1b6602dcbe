"""The dropout lab: means and spreads by formula, and the overfit of notebook 09."""

import itertools
import math

import numpy as np
import pytest

from nnlib import Adam, explorers, mlp, softmax_cross_entropy, train
from nnlib.datasets import digits
from nnlib.explorers.labs import dropout_lab as module

PLACE = {"n_masks": 10_000, "wrong": 0.3, "seed": 4}


def all_masks(p: float) -> tuple[np.ndarray, np.ndarray]:
    kept = np.array(list(itertools.product([0, 1], repeat=module.N_UNITS)))
    return kept, np.prod(np.where(kept, 1 - p, p), axis=1)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
@pytest.mark.parametrize(("scaling", "share", "at_test"), [
    ("inverted", 1, 1), ("at test time", "1-p", "1-p"), ("none", "1-p", 1),
])  # fmt: skip
def test_mean_and_spread_are_those_of_all_masks(p: float, scaling: str, share, at_test):
    r = module.compute(p, scaling, **PLACE)
    parts = r.units * np.random.default_rng(4).uniform(0.5, 1.5, (module.N_UNITS, 1))[:, 0]
    assert math.isclose(parts.sum(), r.whole)
    kept, chances = all_masks(p)
    sums = kept @ parts / (1 - p if scaling == "inverted" else 1)
    mean = chances @ sums
    assert math.isclose(mean, r.mean)
    assert math.isclose(math.sqrt(chances @ (sums - mean) ** 2), r.sd)
    # Five standard errors of a mean over 10,000 masks.
    assert abs(r.outputs.mean() - mean) < 5 * r.sd / 100
    assert abs(r.outputs.std() / r.sd - 1) < 0.05
    factor = {1: 1, "1-p": 1 - p}
    assert math.isclose(r.mean, factor[share] * r.whole)
    assert math.isclose(r.test, factor[at_test] * r.whole)


def test_each_output_is_that_of_its_mask():
    r = module.compute(0.3, "inverted", **PLACE)
    parts = r.units * np.random.default_rng(4).uniform(0.5, 1.5, (module.N_UNITS, 1))[:, 0]
    np.testing.assert_allclose(r.outputs, r.kept @ parts / 0.7)
    assert abs(np.mean(~r.kept) - 0.3) < 5 * math.sqrt(0.21 / r.kept.size)


def test_nothing_dropped_changes_nothing():
    lab = explorers.dropout_lab(drop_prob=0.0, n_masks=100)
    r = lab.result
    assert r.kept.all()
    assert r.sd == 0
    np.testing.assert_allclose(r.outputs, r.whole, rtol=1e-14)
    lab.step(3)
    np.testing.assert_array_equal(*lab.result.race.losses)


def test_without_dropout_it_is_the_overfit_of_the_notebook():
    split, rng = digits(0.4, 0.1, rng=0), np.random.default_rng(0)

    def mislabel(y: np.ndarray) -> np.ndarray:
        wrong = rng.permutation(len(y))[: round(0.3 * len(y))]
        y = y.copy()
        y[wrong] = (y[wrong] + rng.integers(1, 10, len(wrong))) % 10
        return y

    y = mislabel(split.y_train[:100])
    validation = split.X_val, mislabel(split.y_val)
    history = train(
        mlp([64, 128, 10], rng=0), softmax_cross_entropy, Adam(0.005), split.X_train[:100], y,
        n_epochs=20, rng=0, validation=validation,
    )  # fmt: skip
    lab = explorers.dropout_lab(wrong=0.3)
    lab.step(5)
    plain = lab.result.race.losses[0, :, 1:]
    np.testing.assert_allclose(plain, [history.loss, history.validation_loss], rtol=1e-9)


def test_advance_is_pure_and_ends():
    first = module.compute(0.5, "inverted", 100, 0.3, 0)
    start = first.race.networks[1].theta.copy()
    one, again = module.advance(first), module.advance(first)
    np.testing.assert_array_equal(one.race.losses, again.race.losses)
    np.testing.assert_array_equal(first.race.networks[1].theta, start)
    assert first.race.losses.shape == (2, 2, 1)
    result, n_calls = one, 1
    while (after := module.advance(result)) is not None:
        result, n_calls = after, n_calls + 1
    assert n_calls * module.AT_ONCE == module.N_EPOCHS
    assert result.race.losses.shape == (2, 2, module.N_EPOCHS + 1)
    training, validation = result.race.losses.transpose(1, 0, 2)
    # The wrong labels are learned by heart without dropout, less so with it.
    assert training[0, -1] < 0.1 < training[1, -1]
    assert validation[0].min() + 1 < validation[0, -1]
    assert validation[1, -1] < validation[0, -1]


def test_the_sentence_stays_short_to_the_end():
    lab = explorers.dropout_lab(scaling="at test time", n_masks=10_000, drop_prob=0.9)
    lab.step(100)
    assert not lab.step()
    assert "After 100 epochs" in lab.sentence
    assert len(lab.sentence) <= 230


def test_all_units_may_be_dropped_and_three_masks_are_enough():
    for seed in range(8):
        r = explorers.dropout_lab(drop_prob=0.9, n_masks=3, seed=seed).result
        assert np.isfinite(r.outputs).all()


def test_a_spread_that_leaves_the_picture_is_drawn_as_it_is():
    lab = explorers.dropout_lab(drop_prob=0.9)
    result = lab.result
    low = (result.mean - result.sd) / result.whole
    assert low < 0
    assert lab.picture.spreads[1].get_xdata()[0] == pytest.approx(low)
