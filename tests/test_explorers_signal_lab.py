"""signal_lab: published numbers of deep stacks, shares in bins, and how the stacks train."""

import math
from typing import Any

import numpy as np
import pytest

from nnlib import explorers
from nnlib.datasets import digits
from nnlib.explorers.labs.signal_lab import BINS, N_STEPS, Stack, advance, compute
from nnlib.layers import ACTIVATIONS

START = {
    "depth": 10, "width": 100, "activation": "relu", "scheme": "he_normal", "gain": 1.0, "seed": 0,
}  # fmt: skip
# Settings; the bands of ten seeds that notebook 06 prints for layers 1, 10 and 30; and one draw
# made elsewhere, which the notebook quotes.
DEEP = [
    ("relu", "he_normal", 1.0,
     [(0.822, 0.837), (0.59, 1.11), (0.454, 1.16)], (0.825, 0.807, 1.05)),
    ("relu", "xavier_normal", 1.0,
     [(0.581, 0.592), (0.0184, 0.0347), (1.39e-5, 3.53e-5)], (0.585, 0.0254, 3.4e-5)),
    ("relu", "normal", 1.0,
     [(0.131, 0.134), (6.49e-9, 1.22e-8), (6.04e-25, 1.54e-24)], (0.132, 8.4e-9, 9e-25)),
    ("tanh", "xavier_normal", 1.0,
     [(0.625, 0.631), (0.224, 0.231), (0.125, 0.134)], (0.628, 0.228, 0.132)),
    ("tanh", "normal", 100.0,
     [(0.98, 0.98), (0.98, 0.98), (0.98, 0.98)], (0.98, 0.98, 0.98)),
]  # fmt: skip


def begin(**values: Any) -> Stack:
    return compute(**(START | values))


def to_the_end(stack: Stack) -> Stack:
    while (following := advance(stack)) is not None:
        stack = following
    return stack


def by_hand(activation: str, scale: float, seed: int, depth: int, width: int) -> list[np.ndarray]:
    """Return each layer's outputs, from the draws of one generator."""
    rng, f = np.random.default_rng(seed), ACTIVATIONS[activation][0]
    weights = [rng.normal(0, scale, (width, width)) for _ in range(depth)]
    a, outputs = rng.normal(size=(2, 200, width))[0], []
    for W in weights:
        a = f(a @ W)
        outputs.append(a)
    return outputs


# Known answers


@pytest.mark.parametrize(("activation", "scheme", "gain", "bands", "published"), DEEP)
def test_thirty_layers_of_512_lie_in_the_bands_of_notebook_06(
    activation: str, scheme: str, gain: float, bands: list[Any], published: tuple[float, ...]
):
    stack = begin(activation=activation, scheme=scheme, gain=gain, depth=30, width=512)
    found = stack.signals.activation_sd[[0, 9, 29]]
    for (low, high), ours, theirs in zip(bands, found, published):
        assert 0.995 * low <= ours <= 1.005 * high
        assert 0.995 * low <= theirs <= 1.005 * high
    np.testing.assert_allclose(stack.shares.sum(axis=1), 1)


def test_half_the_gain_leaves_half_a_layer():
    full, half, layers = begin(), begin(gain=0.5), np.arange(1, 11)
    np.testing.assert_allclose(half.signals.activation_sd, 0.5**layers * full.signals.activation_sd)
    np.testing.assert_allclose(half.signals.dW_norm, 0.5**9 * full.signals.dW_norm)
    np.testing.assert_array_equal(half.signals.saturated, full.signals.saturated)


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
@pytest.mark.parametrize("gain", [0.2, 1.0])
def test_shares_are_those_of_a_stack_by_hand(activation: str, gain: float):
    stack = begin(activation=activation, scheme="lecun_normal", gain=gain, depth=4)
    for share, y in zip(stack.shares, by_hand(activation, gain / 10, 0, 4, 100)):
        inside = np.clip(y, BINS[0] + 1e-9, BINS[-1] - 1e-9)
        counts = np.histogram(inside, BINS)[0] / y.size
        assert math.isclose(share.sum(), 1, rel_tol=1e-9)
        # Bins of two widths are matched: what a bin holds may lie in the next one.
        assert np.abs(np.cumsum(share) - np.cumsum(counts)).max() < 0.6 * counts.max() + 0.02


def test_what_relu_cuts_off_stands_at_0():
    stack = begin()
    at_zero, below = stack.shares[:, 40], stack.shares[:, :40]
    assert np.all(below == 0)
    assert np.all(at_zero >= stack.signals.saturated)
    assert np.all(at_zero < stack.signals.saturated + 0.05)
    assert np.all(np.abs(stack.signals.saturated - 0.5) < 0.1)


def test_one_layer_is_not_called_layers():
    assert explorers.signal_lab(depth=1).sentence.startswith("1 relu layer of 100,")


def test_no_share_is_below_zero_where_interpolation_rounds():
    stack = compute(50, 512, "leaky_relu", "he_normal", 100.0, seed=0)
    assert stack.shares.min() >= 0


# Training


def test_the_presets_do_what_they_say():
    lab = explorers.signal_lab(seed=1)
    ends = {}
    for name in ("vanishing", "exploding", "right"):
        lab._buttons[name].click()
        assert lab._message.value == ""
        lab.step(100)
        ends[name] = lab.result.losses
    np.testing.assert_allclose(ends["vanishing"], math.log(10), atol=0.05)
    assert ends["right"][-1] < 1.2
    assert ends["exploding"][-1] == math.inf
    assert len(ends["exploding"]) < 10
    lab._buttons["exploding"].click()
    lab.step(2)
    assert "diverged at step" in lab.sentence
    assert lab.picture.lost.get_text().startswith("diverged at step")


def test_steps_are_descent_by_hand():
    data, stack = digits(rng=0), begin(depth=1, width=10)
    X, y = data.X_train[:256], data.y_train[:256]
    (W, b), (V, c) = ((layer.W.copy(), layer.b.copy()) for layer in stack.network.layers[::2])
    losses = []
    for _ in range(6):
        z = X @ W + b
        a = z * (z > 0)
        p = np.exp(a @ V + c)
        p /= p.sum(axis=1, keepdims=True)
        losses.append(-np.mean(np.log(p[np.arange(256), y])))
        dy = (p - np.eye(10)[y]) / 256
        dz = (dy @ V.T) * (z > 0)
        V, c = V - 0.01 * a.T @ dy, c - 0.01 * dy.sum(axis=0)
        W, b = W - 0.01 * X.T @ dz, b - 0.01 * dz.sum(axis=0)
    following = advance(stack)
    assert following is not None
    np.testing.assert_allclose(following.losses, losses)


def test_advance_is_pure_and_ends_after_a_hundred_steps():
    stack = begin(depth=2, width=20)
    theta = stack.network.theta.copy()
    first, again = advance(stack), advance(stack)
    assert first is not None
    assert again is not None
    assert first.losses == again.losses
    np.testing.assert_array_equal(stack.network.theta, theta)
    end = to_the_end(stack)
    assert len(end.losses) == N_STEPS + 1
    assert advance(end) is None


def test_a_wide_stack_moves_fewer_steps_at_once():
    following = advance(begin(depth=10, width=512))
    assert following is not None
    assert len(following.losses) == 2


def test_the_extremes_are_drawn_at_the_edge_without_a_warning():
    lab = explorers.signal_lab(depth=50, gain=100.0, width=50)
    assert lab.step(2)
    assert lab.picture.norms[0].get_ydata().max() == 1e6
    lab.set(gain=0.01)
    assert lab.picture.norms[0].get_ydata().min() == 1e-12
    np.testing.assert_allclose(lab.result.losses, math.log(10))
