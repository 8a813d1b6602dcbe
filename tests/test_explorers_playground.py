"""The playground: its loss, its steps and its border against other computations."""

import math
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from nnlib.explorers.labs import playground as module
from nnlib.explorers.labs.playground import GRID, N_EPOCHS, Run, advance, compute

START = {
    "data": "moons", "init": "right", "activation": "relu", "depth": 4, "width": 16,
    "learning_rate": 0.03, "seed": 0,
}  # fmt: skip


def begin(**values: Any) -> Run:
    return compute(**(START | values))


def to_the_end(run: Run) -> Run:
    while (following := advance(run)) is not None:
        run = following
    return run


def weights(run: Run) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(layer.W.copy(), layer.b.copy()) for layer in run.network.layers[::2]]


def naive(params: list[Any], X: np.ndarray, f: Any) -> np.ndarray:
    """Return the probabilities of both classes."""
    for W, b in params[:-1]:
        X = f(X @ W + b)
    W, b = params[-1]
    scores = np.exp(X @ W + b)
    return scores / scores.sum(axis=1, keepdims=True)


# Known answers


@pytest.mark.parametrize("data", module.DATA)
def test_the_points_have_mean_0_and_sd_1_and_two_equal_classes(data: str):
    run = begin(data=data)
    np.testing.assert_allclose(run.X.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(run.X.std(axis=0), 1)
    assert np.bincount(run.y).tolist() == [100, 100]


@pytest.mark.parametrize(("activation", "f"), [("relu", lambda z: z * (z > 0)), ("tanh", np.tanh)])
def test_loss_surface_and_count_are_those_of_a_network_by_hand(activation: str, f: Any):
    run = advance(begin(activation=activation, data="spiral"))
    assert run is not None
    at_points = naive(weights(run), run.X, f)
    assert math.isclose(run.losses[-1], log_loss(run.y, at_points), rel_tol=1e-9)
    assert run.n_right == np.sum(at_points.argmax(axis=1) == run.y)
    over_plane = naive(weights(run), GRID, f)[:, 1].reshape(60, 60)
    np.testing.assert_allclose(run.surface, over_plane)
    assert np.ptp(GRID[:60, 1]) == 0  # a row has one x2


def test_zeros_stay_at_the_loss_of_guessing():
    run = to_the_end(begin(init="zeros"))
    np.testing.assert_allclose(run.losses, math.log(2), rtol=1e-9)
    assert not np.any(run.W_norm)
    np.testing.assert_allclose(run.surface, 0.5, rtol=1e-9)


def test_equal_weights_keep_rank_1_and_a_straight_border():
    run = to_the_end(begin(init="equal"))
    assert run.losses[0] == pytest.approx(math.log(2))
    for W, _ in weights(run)[:-1]:
        assert np.linalg.matrix_rank(W, rtol=1e-6) == 1
    x, y = module._border(run.surface)
    x, y = x[~np.isnan(x)], y[~np.isnan(y)]
    np.testing.assert_allclose(np.polyval(np.polyfit(x, y, 1), x), y, atol=0.02)


def test_linear_layers_learn_no_more_than_logistic_regression():
    run = to_the_end(begin(activation="linear", learning_rate=0.3))
    best = LogisticRegression(C=np.inf).fit(run.X, run.y)
    least = log_loss(run.y, best.predict_proba(run.X))
    assert 0.9999 * least < run.losses[-1] < 1.01 * least


def test_the_border_of_a_known_surface():
    rising = np.tile((module.PLANE - 0.4) / 10 + 0.5, (60, 1))
    x, y = module._border(rising)
    np.testing.assert_allclose(x[~np.isnan(x)], 0.4)
    assert np.nanmax(y) == 2.4
    assert module._border(np.zeros((60, 60)))[0].size == 1


# The start


def test_too_small_and_too_large_are_the_right_draw_times_a_factor():
    right, small, large = (begin(init=name).W_start for name in ("right", "too small", "too large"))
    np.testing.assert_allclose(small, 0.2 * right)
    np.testing.assert_allclose(large, 5 * right)


@pytest.mark.parametrize(("data", "seed"), [("moons", 0), ("spiral", 1)])
def test_the_presets_do_what_they_say(data: str, seed: int):
    right = to_the_end(begin(data=data, seed=seed))
    assert right.losses[-1] < 0.1
    assert right.n_right >= 190
    small = to_the_end(begin(data=data, seed=seed, init="too small"))
    assert small.losses[-1] > 0.9 * math.log(2)
    large = to_the_end(begin(data=data, seed=seed, init="too large"))
    assert large.losses[0] > 20
    assert large.losses[-1] > 0.5


# Steps


def test_a_step_is_twenty_epochs_of_descent_by_hand():
    run, nudge = begin(width=4, depth=1, activation="tanh", learning_rate=0.3), 1e-6
    following = advance(run)
    assert following is not None
    theta = run.network.theta.copy()
    network = run.network.copy()

    def loss(at: np.ndarray) -> float:
        network.theta = at
        params = [(layer.W, layer.b) for layer in network.layers[::2]]
        chosen = naive(params, run.X, np.tanh)[np.arange(200), run.y]
        return -float(np.mean(np.log(chosen)))

    for _ in range(20):
        slopes = [(loss(theta + d) - loss(theta - d)) / (2 * nudge)
                  for d in nudge * np.eye(len(theta))]  # fmt: skip
        theta -= 0.3 * np.array(slopes)
    np.testing.assert_allclose(following.network.theta, theta, rtol=1e-5, atol=1e-7)
    assert len(following.losses) == 21
    np.testing.assert_array_equal(following.W_start, run.W_norm)


def test_advance_is_pure_and_ends_after_a_thousand_epochs():
    run = begin(width=2, depth=1)
    theta, losses = run.network.theta.copy(), run.losses
    first, second = advance(run), advance(run)
    assert first is not None
    assert second is not None
    assert first.losses == second.losses
    np.testing.assert_array_equal(run.network.theta, theta)
    assert run.losses == losses
    end = to_the_end(run)
    assert len(end.losses) == N_EPOCHS + 1
    assert advance(end) is None


def test_a_run_that_diverges_keeps_its_last_good_network():
    lab = module.playground(init="too large")
    lab.step(100)
    run = lab.result
    assert run.losses[-1] == math.inf
    assert all(math.isfinite(loss) for loss in run.losses[:-1])
    assert np.isfinite(run.network.theta).all()
    assert advance(run) is None
    assert lab.picture.lost.get_text() == f"diverged at epoch {len(run.losses) - 1}"
    assert lab.sentence.endswith(f"just before, {run.n_right} of 200 points are right.")
    assert lab.picture.loss.get_ydata()[-1] == module.LOSSES[1]


def test_a_network_that_stands_still_is_told_in_words():
    assert "does not move the W of layer 1" in module.playground(init="zeros").sentence


def test_the_border_leaves_out_what_the_grid_cannot_draw():
    surface = np.zeros((60, 60))
    surface[30, 30] = 1.0  # an island of one cell
    assert np.isnan(module._border(surface)[0]).all()
    surface[:, 40:] = 1.0
    x = module._border(surface)[0]
    np.testing.assert_allclose(x[np.isfinite(x)], (module.PLANE[39] + module.PLANE[40]) / 2)


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
def test_the_hardest_settings_raise_no_warning(activation: str):
    lab = module.playground(depth=6, width=32, learning_rate=3.0, activation=activation)
    for init in module.GAINS:
        lab.set(init=init)
        lab.step(4)
        assert np.isfinite(lab.result.W_norm).all()
        assert not np.isnan(lab.result.signals.update_ratio).any()


def test_the_table_tells_how_far_a_step_goes():
    lab = module.playground(depth=2, width=4)
    dense = lab.result.network.layers[0]
    ratio = 0.03 * np.linalg.norm(dense.dW) / np.linalg.norm(dense.W)
    row = str(lab.table()).splitlines()[1].split()
    assert row[4] == f"{ratio:.2g}"
    assert row[1] == row[2] == f"{np.linalg.norm(dense.W):.3g}"
