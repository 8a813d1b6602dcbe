"""The descent lab: the closed form of the walk, the threshold, the noise ball."""

import numpy as np
import pytest

from nnlib import explorers
from nnlib.explorers.labs.descent import THRESHOLD, bowl, compute, examples

ALL = 512


def walk(learning_rate: float = 0.4, batch_size: int = ALL, n_steps: int = 20, seed: int = 0):
    return compute(-5.0, -2.0, learning_rate, batch_size, n_steps, seed)


@pytest.mark.parametrize(("rate", "end"), [(0.4, (-0.943, -7.3e-5)), (0.6, (-0.388, -1673))])
def test_the_published_ends_of_twenty_steps(rate: float, end: tuple[float, float]):
    np.testing.assert_allclose(walk(rate).path[-1], end, rtol=2e-3)


@pytest.mark.parametrize("rate", [0.01, 0.25, 0.47, 0.7])
def test_with_all_examples_the_walk_is_the_closed_form(rate: float):
    t = np.arange(61)[:, None]
    expected = (1 - rate * np.array([0.2, 4.0])) ** t * [-5.0, -2.0]
    result = walk(rate, n_steps=60)
    np.testing.assert_allclose(result.path, expected, atol=1e-12)
    np.testing.assert_allclose(
        result.losses, 0.1 * expected[:, 0] ** 2 + 2 * expected[:, 1] ** 2, atol=1e-12
    )


def test_the_threshold_is_met_within_one_part_in_a_thousand():
    sizes = [abs(walk(rate, n_steps=3000).path[-1, 1]) for rate in (0.4995, 0.5, 0.5005)]
    assert sizes[0] < 0.02
    assert sizes[1] == pytest.approx(2)
    assert sizes[2] > 100
    assert THRESHOLD == 0.5


@pytest.mark.parametrize("seed", [0, 1, 12])
def test_the_mean_over_the_examples_is_the_bowl_and_a_constant(seed: int):
    centers, points = examples(seed), np.array([[0.0, 0.0], [-5.0, -2.0], [3.0, 1.0]])
    means = [bowl(point - centers).mean() for point in points]
    # Each center has variance 1: half the sum of the curvatures is what is left at the minimum.
    np.testing.assert_allclose(means, bowl(points) + 2.1)


def test_a_batch_steps_from_the_mean_of_its_examples():
    centers = examples(3)
    first = np.random.default_rng(3).permutation(ALL)[:16]
    g = np.array([0.2, 4.0]) * (np.array([-5.0, -2.0]) - centers[first].mean(axis=0))
    path = walk(0.1, 16, 40, seed=3).path
    np.testing.assert_allclose(path[1], np.array([-5.0, -2.0]) - 0.1 * g)
    # After one epoch every example has been seen once; the next one has another order.
    assert len(path) == 41


def test_the_ball_is_where_fresh_batches_lead():
    rate, size, rng = 0.2, 4, np.random.default_rng(0)
    centers, theta, losses = examples(0), np.zeros((4000, 2)), []
    for step in range(300):
        rows = rng.integers(ALL, size=(4000, size))  # 4 of 512: as good as without repeats
        theta = theta - rate * np.array([0.2, 4.0]) * (theta - centers[rows].mean(axis=1))
        if step >= 100:
            losses.append(bowl(theta).mean())
    assert walk(rate, size).ball == pytest.approx(np.mean(losses), rel=0.02)
    assert walk(rate, ALL).ball == 0
    assert walk(0.5, size).ball == np.inf


def test_a_walk_of_one_example_a_step_dances_about_the_ball():
    late = [walk(0.2, 1, 120, seed).losses[60:].mean() for seed in range(20)]
    assert np.mean(late) == pytest.approx(walk(0.2, 1).ball, rel=0.2)
    assert walk(0.2, ALL, 120).losses[-1] < 1e-3


def test_the_lab_says_which_side_of_the_threshold():
    lab = explorers.descent(n_steps=20)
    assert "(-0.943, -7.31e-05)" in lab.sentence
    assert "the rate is below the threshold 0.5." in lab.sentence
    lab.set(learning_rate=0.6)
    assert "(-0.388, -1.67e+03)" in lab.sentence
    assert "the rate is not below the threshold 0.5." in lab.sentence
    lab.set(learning_rate=0.5)
    assert "not below" in lab.sentence
    assert len(lab.sentence) <= 230


def test_the_wildest_walk_is_finite_and_its_sentence_short():
    lab = explorers.descent(theta1=6.0, theta2=3.0, learning_rate=0.7, n_steps=120, batch_size=1)
    assert np.isfinite(lab.result.losses).all()
    assert len(lab.sentence) <= 230
    assert str(lab.table()).count("\n") == 11


def test_one_step_has_a_table_of_two_points():
    lab = explorers.descent(n_steps=1)
    assert str(lab.table()).splitlines()[-1].split() == ["1", "-4.6", "1.2", "5"]
    assert lab.sentence.startswith("After 1 step at (-4.6, 1.2), loss 5.")


def test_what_rounding_leaves_of_a_zero_is_written_as_zero():
    lab = explorers.descent(learning_rate=0.25)
    assert "at (-0.643, 0), loss" in lab.sentence
    assert "e-1" not in str(lab.table())


def test_a_path_that_left_the_picture_is_not_drawn_on():
    lab = explorers.descent(learning_rate=0.6)
    drawn = lab.picture.path.get_xydata()
    np.testing.assert_array_equal(drawn, lab.result.path[: len(drawn)])
    assert len(drawn) < len(lab.result.path)
    assert abs(drawn[:-1]).max() < 33 < abs(drawn[-1]).max()


def test_a_loss_outside_the_picture_is_not_drawn_at_its_edge():
    lab = explorers.descent(learning_rate=0.6, theta2=0.0, n_steps=120)
    np.testing.assert_array_equal(lab.picture.losses.get_ydata(), lab.result.losses)
    lab.set(theta1=0.0)  # a loss of 0 on a scale of powers
    assert lab.result.losses[1] < 1e-30


def test_the_sentence_gives_the_dotted_level_where_there_is_one():
    lab = explorers.descent(learning_rate=0.2, batch_size=1, n_steps=120)
    assert lab.sentence.endswith(" Noise ball: loss 1.34.")
    assert len(lab.sentence) <= 230
    for values in ({"batch_size": ALL}, {"batch_size": 1, "learning_rate": 0.5}):
        lab.set(**values)
        assert "ball" not in lab.sentence
