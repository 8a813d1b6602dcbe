"""The graph with every value and gradient: measured slopes, a case by hand, exact zeros."""

import math

import numpy as np
import pytest

from nnlib import explorers, mean_squared_error, numerical_gradient, relative_error
from nnlib.activations import tanh
from nnlib.explorers.labs import backprop_graph as module
from nnlib.layers import ACTIVATIONS

# A place for all controls, with every unit off the kink of relu.
PLACE = {"x1": 1.3, "x2": -0.7, "target": 0.4, "w11": 0.9, "seed": 3}


def loss_by_hand(theta: np.ndarray, x: np.ndarray, target: float, name: str) -> float:
    W1, b1, W2, b2 = theta[:6].reshape(2, 3), theta[6:9], theta[9:12], theta[12]
    return float((ACTIVATIONS[name][0](x @ W1 + b1) @ W2 + b2 - target) ** 2)


@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_the_gradients_are_the_measured_slopes(name: str):
    r = module.compute(step=10, activation=name, **PLACE)
    x = r.numbers["x"][0]
    slopes = numerical_gradient(lambda theta: loss_by_hand(theta, x, 0.4, name), r.theta)
    assert relative_error(r.grad, slopes) < 1e-8
    slopes = numerical_gradient(lambda x: loss_by_hand(r.theta, x, 0.4, name), x)
    assert relative_error(r.numbers["dx"][0], slopes) < 1e-8
    parts = [r.numbers[key].ravel() for key in ("dw", "db", "dv", "dc")]
    np.testing.assert_array_equal(np.concatenate(parts), r.grad)


def test_the_gradients_inside_are_the_measured_slopes():
    r = module.compute(step=10, activation="tanh", **PLACE)
    n = r.numbers
    for key, after in (
        ("z", lambda z: tanh(z) @ n["v"] + n["c"]),
        ("a", lambda a: a @ n["v"] + n["c"]),
    ):
        slope = numerical_gradient(
            lambda v, after=after: mean_squared_error(after(v), [[0.4]])[0], n[key]
        )
        assert relative_error(n[f"d{key}"], slope) < 1e-8


def test_a_case_by_hand():
    lab = explorers.backprop_graph(
        step=10, activation="linear", x1=2.0, x2=-1.0, w11=0.5, target=1.0, seed=0
    )
    n = lab.result.numbers
    w12, w13 = n["w"][0, 1:]
    assert n["w"][0, 0] == 0.5
    z = [2 * 0.5 - n["w"][1, 0] + n["b"][0], 2 * w12 - n["w"][1, 1] + n["b"][1]]
    z.append(2 * w13 - n["w"][1, 2] + n["b"][2])
    np.testing.assert_allclose(n["z"][0], z)
    y = sum(unit * weight for unit, weight in zip(z, n["v"][:, 0])) + n["c"][0]
    assert math.isclose(float(n["L"]), (y - 1) ** 2)
    assert math.isclose(n["dy"][0, 0], 2 * (y - 1))
    assert math.isclose(n["dw"][0, 0], 2 * (y - 1) * n["v"][0, 0] * 2)
    assert math.isclose(n["dw"][1, 0], 2 * (y - 1) * n["v"][0, 0] * -1)


def test_a_unit_that_is_off_gets_exact_zeros():
    lab = explorers.backprop_graph()
    lab._buttons["unit off"].click()
    n = lab.result.numbers
    assert n["z"][0, 0] < 0
    assert n["a"][0, 0] == n["dz"][0, 0] == n["db"][0] == n["dv"][0, 0] == 0
    assert not n["dw"][:, 0].any()
    assert n["da"][0, 0] != 0
    assert "dz1 = " in explorers.backprop_graph(**(lab.values | {"step": 8})).sentence
    assert lab.table().rows[2][2] == "0"


def test_a_saturated_unit_gets_a_small_number_but_no_zero():
    lab = explorers.backprop_graph()
    lab._buttons["saturated"].click()
    n = lab.result.numbers
    assert 0 < abs(n["dw"][0, 0]) < 1e-3
    assert lab.table().rows[2][2] in {"0.00", "-0.00"}


def test_a_right_answer_leaves_nothing_to_learn():
    r = module.compute(step=10, activation="linear", **PLACE)
    y = float(r.numbers["y"][0, 0])
    r = module.compute(step=10, activation="linear", **(PLACE | {"target": y}))
    assert not r.grad.any()
    assert r.numbers["L"] == 0


def test_the_walk_shows_what_it_has_found_and_no_more():
    lab = explorers.backprop_graph(step=0)
    filled = [sum(text != "" for row in lab.table().rows for text in row[1:])]
    for step in range(1, 11):
        lab.set(step=step)
        filled.append(sum(text != "" for row in lab.table().rows for text in row[1:]))
        assert lab.sentence.startswith(f"Step {step} of 10, {'forward' if step < 5 else 'back'}")
        assert len(lab.sentence) <= 230
    # Two inputs, 13 parameters; then 3 sums, 3 bends, y, L; then dL and dy, and so on back.
    assert filled == [15, 18, 21, 22, 23, 25, 29, 32, 35, 44, 46]
    assert filled[-1] == 2 * len(lab.table().rows)


def test_the_parameters_are_tenths_and_never_zero():
    for seed in range(50):
        theta = module.compute(step=0, activation="relu", **(PLACE | {"seed": seed})).theta
        np.testing.assert_allclose(theta * 10, np.round(theta * 10))
        assert np.abs(theta).min() >= 0.1
        assert np.abs(theta).max() <= 1.5


def test_the_longest_numbers_stay_short():
    ends = {"x1": 3.0, "x2": 3.0, "target": -3.0, "w11": 3.0, "activation": "linear", "step": 10}
    for seed in range(50):
        for row in module.table(module.compute(**ends, seed=seed)).rows:
            assert max(map(len, row[1:])) <= 6


def test_a_pencil_gets_what_the_sentence_says_or_an_almost_equal_sign():
    lab = explorers.backprop_graph(step=4)
    assert "L = (-0.15 - 1.00)² ≈ 1.31." in lab.sentence  # 1.3225 with two decimals
    lab.set(step=6)
    assert "-2.29 × 0.94 = -2.15." in lab.sentence
    lab.set(step=8)
    assert "dz1 = -2.98 × 0.13 ≈ -0.37." in lab.sentence  # 0.3874 with two decimals
    lab.set(step=10)
    assert "dx1 = (-0.19) + 0.20 + 0.66 = 0.67." in lab.sentence
