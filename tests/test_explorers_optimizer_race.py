"""The race of six rules: hand-worked ends, the theory of descent and momentum, the turn."""

import math

import numpy as np
import pytest

from nnlib import SGD, AdaGrad, Adam, Momentum, Nesterov, RMSProp, explorers
from nnlib.explorers.labs.optimizer_race import (
    RULES,
    compute,
    hessian,
    walk,
)

START = [-5.0, -2.0]


def race(surface: str = "bowl", **other):
    values = {"turn": 0, "factor": 1.0, "noise": 0.0, "n_steps": 50, "show": "all", "seed": 0}
    return compute(surface, **{**values, **other})


def calm(n_steps: int) -> np.ndarray:
    return np.zeros((n_steps, 2))


def test_momentum_arrives_where_descent_explodes():
    end = walk(Momentum(0.6, beta=0.5), hessian("bowl", 0), START, calm(20))[-1]
    np.testing.assert_allclose(end, [0.0072, 0.0026], atol=5e-5)
    end = walk(SGD(0.6), hessian("bowl", 0), START, calm(20))[-1]
    np.testing.assert_allclose(end, [-0.388, -1673], rtol=1e-3)


def test_descent_at_its_best_rate_leaves_the_known_factor():
    path = abs(walk(SGD(2 / (0.2 + 4)), hessian("bowl", 0), START, calm(100)))
    np.testing.assert_allclose(path[100] / path[99], [(20 - 1) / (20 + 1)] * 2)


def test_the_first_step_of_adam_has_the_length_of_the_rate_everywhere():
    path = walk(Adam(0.1), hessian("bowl", 0), START, calm(1))
    np.testing.assert_allclose(path[1] - path[0], [0.1, 0.1], rtol=1e-6)


def test_momentum_is_its_matrix_on_each_axis():
    rate, beta, n = 10**-0.25, 0.5, 30
    result = race(n_steps=n)
    start = result.paths[1, 0]
    for axis, curvature in enumerate((0.2, 4.0)):
        step = np.array([[beta, curvature], [-rate * beta, 1 - rate * curvature]])
        expected = (np.linalg.matrix_power(step, n) @ [0, start[axis]])[1]
        assert result.paths[1, n, axis] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("factor", [0.1, 1.0, 2.0])
def test_descent_is_the_closed_form_on_a_turned_ravine(factor: float):
    result = race("ravine", turn=30, factor=factor, n_steps=40)
    c, s = math.cos(math.pi / 6), math.sin(math.pi / 6)
    Q = np.array([[c, -s], [s, c]])
    shrunk = (1 - factor * 10**-0.5 * np.array([0.04, 4.0])) ** 40
    expected = Q @ (shrunk * (Q.T @ result.paths[0, 0]))
    np.testing.assert_allclose(result.paths[0, -1], expected, rtol=1e-9, atol=1e-12)


def test_the_hills_have_their_curvatures_however_turned():
    for turn in (0, 25, 45, 90):
        np.testing.assert_allclose(np.linalg.eigvalsh(hessian("bowl", turn)), [0.2, 4.0])
        np.testing.assert_allclose(np.linalg.eigvalsh(hessian("ravine", turn)), [0.04, 4.0])
    np.testing.assert_allclose(hessian("ravine", 45), [[2.02, -1.98], [-1.98, 2.02]])
    np.testing.assert_allclose(hessian("bowl", 90), np.diag([4.0, 0.2]), atol=1e-12)


def test_rules_that_only_add_vectors_turn_along_and_the_others_do_not():
    Q = np.array([[1.0, -1.0], [1.0, 1.0]]) / math.sqrt(2)
    for rule in (SGD(0.3), Momentum(0.3), Nesterov(0.3), AdaGrad(3.0), RMSProp(0.3), Adam(0.3)):
        straight = walk(rule, hessian("ravine", 0), START, calm(30)) @ Q.T
        rule.reset()
        turned = walk(rule, hessian("ravine", 45), Q @ START, calm(30))
        alike = np.allclose(straight, turned, atol=1e-9)
        assert alike == isinstance(rule, SGD | Momentum), rule


def test_all_rules_start_at_one_point_at_distance_five_with_one_noise():
    result = race(noise=1.0, n_steps=7, seed=3)
    assert result.paths.shape == (len(RULES), 8, 2)
    assert (result.paths[:, 0] == result.paths[0, 0]).all()
    assert np.hypot(*result.paths[0, 0]) == pytest.approx(5)
    # What noise does to the first gradient can be read off descent's first step.
    rate, H = 10**-0.5, hessian("bowl", 0)
    error = (result.paths[0, 0] - result.paths[0, 1]) / rate - H @ result.paths[0, 0]
    first = result.paths[1, 0] - result.paths[1, 1]
    np.testing.assert_allclose(first, 10**-0.25 * (H @ result.paths[0, 0] + error))


def test_more_steps_go_on_where_fewer_ended():
    few, many = race(noise=1.0, n_steps=10), race(noise=1.0, n_steps=60)
    np.testing.assert_array_equal(few.paths, many.paths[:, :11])


@pytest.mark.parametrize("surface", ["bowl", "ravine"])
def test_who_forgives_a_rate_ten_times_too_large(surface: str):
    result = race(surface, factor=10.0, n_steps=100)
    grown = result.losses[:, -1] > 1e100
    assert grown.tolist() == [True, True, True, False, False, False]


def test_the_turn_costs_adagrad_its_lead():
    lab = explorers.optimizer_race(surface="ravine")
    assert "50 steps AdaGrad, RMSProp, Adam lead with loss <1e-12; descent is last" in lab.sentence
    lab.set(turn=45)
    assert "Nesterov leads" in lab.sentence
    assert "AdaGrad is last" in lab.sentence


def test_the_wildest_race_is_finite_and_told_in_short():
    for seed in range(10):
        lab = explorers.optimizer_race(
            surface="ravine", turn=45, factor=10.0, noise=2.0, n_steps=100, seed=seed
        )
        assert np.isfinite(lab.result.losses).all()
        assert len(lab.sentence) <= 230
    assert "descent, momentum, Nesterov are last with >10000." in lab.sentence
    assert "Above the start: descent, momentum, Nesterov" in lab.sentence
    assert ">10000" in str(lab.table())


def test_the_table_has_a_row_for_each_rule():
    lines = str(explorers.optimizer_race().table()).splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(RULES)
    assert lines[1].split() == ["descent", "0.316", "none", "0.0015", "never"]


def test_one_rule_is_shown_and_the_others_are_pale():
    lab = explorers.optimizer_race(show="Adam")
    alphas = [line.get_alpha() for line in lab.picture.trails]
    assert alphas[-1] == 1
    assert max(alphas[:-1]) < 0.3


def test_a_path_that_left_the_picture_is_not_drawn_on():
    picture = explorers.optimizer_race(factor=2.0).picture
    lengths = [len(line.get_xydata()) for line in picture.trails]
    assert max(lengths[:3]) < 20
    assert lengths[3:] == [51] * 3
