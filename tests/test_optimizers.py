"""nnlib.optimizers: first steps by hand, fifty steps against the papers, schedules, errors."""

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest
from cases import OPTIMIZERS
from strategies import frozen

from nnlib import optimizers
from nnlib.inspection import Optimizer
from nnlib.optimizers import (
    SGD,
    AdaGrad,
    Adam,
    AdamW,
    Momentum,
    Nesterov,
    RMSProp,
    cosine,
    step_decay,
    warmup,
)

every_optimizer = pytest.mark.parametrize("name", OPTIMIZERS)


def bowl(n: int = 7) -> tuple[np.ndarray, Any]:
    """Return a start, and the gradient of a random quadratic bowl."""
    rng = np.random.default_rng(3)
    A = rng.normal(size=(n, n))
    A, c = A @ A.T / n, rng.normal(size=n)
    return rng.normal(size=n), lambda theta: A @ (theta - c)


def test_every_optimizer_is_in_the_table():
    classes = {c for c in vars(optimizers).values() if isinstance(c, type)}
    ours = {c for c in classes if issubclass(c, Optimizer)} - {Optimizer}
    assert {type(case.build()) for case in OPTIMIZERS.values()} == ours


# Worked examples


@pytest.mark.parametrize(
    ("optimizer", "thetas"),
    [
        # theta begins at 1, the gradients are 1, 1, -2; every number is worked by hand.
        (SGD(0.5), [0.5, 0, 1]),
        (Momentum(0.5, beta=0.5), [0.5, -0.25, 0.375]),  # v = 1, 3/2, -5/4
        (Nesterov(0.5, beta=0.5), [0.25, -0.625, 0.6875]),  # g + v/2 = 3/2, 7/4, -21/8
        (AdaGrad(1.0, epsilon=1.0), [0.5, A := 0.5 - 1 / (1 + 2**0.5), A + 2 / (1 + 6**0.5)]),
        # s = 1/4, 7/16, 85/64
        (
            RMSProp(1.0, beta=0.75, epsilon=0.5),
            [0, R := -1 / (7**0.5 / 4 + 0.5), R + 2 / (85**0.5 / 8 + 0.5)],
        ),
        # m = 1/2, 3/4, -5/8 over 1/2, 3/4, 7/8; v = 1/4, 7/16, 85/64 over 1/4, 7/16, 37/64.
        (Adam(1.0, 0.5, 0.75, 1.0), [0.5, 0, M := (5 / 7) / (1 + (85 / 37) ** 0.5)]),
        (AdamW(1.0, 0.5, 0.75, 1.0, weight_decay=0.5), [0, -0.5, -0.25 + M]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Optimizer) else "",
)
def test_three_steps_by_hand(optimizer: Optimizer, thetas: list[float]):
    theta = np.array([1.0])
    for t, (g, expected) in enumerate(zip([1.0, 1.0, -2.0], thetas), 1):
        optimizer.step(theta, np.array([g]))
        assert optimizer.t == t
        np.testing.assert_allclose(theta, expected, rtol=1e-14, atol=1e-15)


@every_optimizer
def test_fifty_steps_of_the_paper(name: str):
    build, rule = OPTIMIZERS[name]
    rng = np.random.default_rng(3)
    ours, kept = rng.normal(size=7), {}
    theirs, optimizer = ours.tolist(), build()
    for t in range(1, 51):
        g = rng.normal(size=7)
        optimizer.step(ours, g)
        theirs = rule(theirs, g.tolist(), t, kept)
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-13)


def test_the_default_constants_are_those_of_the_papers():
    assert vars(Momentum(0.1))["beta"] == vars(Nesterov(0.1))["beta"] == 0.9
    assert (RMSProp(0.1).beta, RMSProp(0.1).epsilon, AdaGrad(0.1).epsilon) == (0.9, 1e-8, 1e-8)
    for adam in (Adam(), AdamW()):
        constants = (adam.learning_rate, adam.beta1, adam.beta2, adam.epsilon)
        assert constants == (1e-3, 0.9, 0.999, 1e-8)
    assert AdamW().weight_decay == 0.01


# Laws


@every_optimizer
def test_blocks_change_no_bit(name: str):
    one, gradient = bowl(23)
    many = one.copy()
    whole, blocks = OPTIMIZERS[name].build(), OPTIMIZERS[name].build()
    blocks.block = 5
    for _ in range(5):
        g = gradient(one)
        whole.step(one, g)
        blocks.step(many, g)
        np.testing.assert_array_equal(one, many)
    assert whole.t == blocks.t == 5


@every_optimizer
def test_a_vector_longer_than_one_block(name: str):
    optimizer = OPTIMIZERS[name].build()
    n = 2 * optimizer.block + 3
    theta = np.ones(n)
    optimizer.step(theta, np.ones(n))
    optimizer.step(theta, np.ones(n))
    assert (theta == theta[0]).all()
    assert theta[0] < 1


@every_optimizer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_has_faded_becomes_zero_and_moves_nothing(name: str, dtype: type):
    optimizer = OPTIMIZERS[name].build()
    theta = np.linspace(-1, 1, 5).astype(dtype)
    optimizer.step(theta, np.full(5, 1e-3, dtype))
    n_steps = 10_000 if dtype is np.float32 else 2_000
    for _ in range(n_steps):
        optimizer.step(theta, np.zeros(5, dtype))
        for memory in optimizer._kept or []:
            size = np.abs(memory)
            assert not ((size > 0) & (size < np.finfo(dtype).tiny)).any()


@every_optimizer
def test_sweeping_changes_no_digit(name: str):
    swept, kept = OPTIMIZERS[name].build(), OPTIMIZERS[name].build()
    swept.sweep, kept.sweep = 1, 10**9
    first = np.linspace(-1, 1, 7, dtype=np.float32)
    second = first.copy()
    for t in range(1500):
        g = np.full(7, 1e-2 if t < 5 else 0, np.float32)
        swept.step(first, g)
        kept.step(second, g)
    np.testing.assert_array_equal(first, second)


@every_optimizer
def test_float32_stays_float32(name: str):
    theta, gradient = bowl()
    precise, optimizer, exact = theta.copy(), OPTIMIZERS[name].build(), OPTIMIZERS[name].build()
    theta = theta.astype(np.float32)
    for _ in range(5):
        g = gradient(precise)
        optimizer.step(theta, g.astype(np.float32))
        exact.step(precise, g)
    assert theta.dtype == np.float32
    assert optimizer.n_bytes == 4 * 7 * len(optimizer.memories) == exact.n_bytes / 2
    np.testing.assert_allclose(theta, precise, rtol=1e-5, atol=1e-5)


@every_optimizer
def test_the_gradient_is_only_read_and_nothing_else_is_kept(name: str):
    theta, gradient = bowl()
    optimizer, same = OPTIMIZERS[name].build(), OPTIMIZERS[name].build()
    g = gradient(theta)
    first, second = theta.copy(), theta.copy()
    optimizer.step(first, frozen(g))
    passing = g.copy()
    same.step(second, passing)
    passing[...] = 99.0  # what was kept is a copy
    optimizer.step(first, g)
    same.step(second, g.tolist())
    np.testing.assert_array_equal(first, second)


@every_optimizer
def test_copies_and_pickles_go_on_and_reset_begins_again(name: str):
    theta, gradient = bowl()
    optimizer = OPTIMIZERS[name].build()
    first = theta.copy()
    optimizer.step(first, gradient(first))
    twins = [optimizer, copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))]
    ends = [first.copy() for _ in twins]
    for twin, end in zip(twins, ends):
        twin.step(end, gradient(first))
        np.testing.assert_array_equal(end, ends[0])
    optimizer.reset()
    again = theta.copy()
    optimizer.step(again, gradient(theta))
    np.testing.assert_array_equal(again, first)
    assert optimizer.t == 1


@every_optimizer
def test_repr_builds_it_again(name: str):
    optimizer = OPTIMIZERS[name].build()
    again = eval(repr(optimizer), vars(optimizers))
    assert repr(again) == repr(optimizer)
    theta, gradient = bowl()
    one, other = theta.copy(), theta.copy()
    optimizer.step(one, gradient(theta))
    again.step(other, gradient(theta))
    np.testing.assert_array_equal(one, other)


# Schedules


def test_schedules_by_hand():
    cut = step_decay(3, factor=0.5)
    assert [cut(t) for t in range(8)] == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]
    assert step_decay(10)(10) == 0.1
    assert [step_decay(1, factor=1.0)(1), cosine(1)(0), warmup(1)(0)] == [1, 1, 1]
    fall = cosine(4)
    expected = [1, (1 + 0.5**0.5) / 2, 0.5, (1 - 0.5**0.5) / 2, 0, 0]
    assert [fall(t) for t in range(6)] == pytest.approx(expected, abs=1e-15)
    rise = warmup(4)
    assert [rise(t) for t in range(6)] == [0.25, 0.5, 0.75, 1, 1, 1]
    both = warmup(2, then=cosine(4))
    assert [both(t) for t in range(8)] == pytest.approx([0.5, 1, *expected], abs=1e-15)


# Extremes


@pytest.mark.parametrize("size", [1e-150, 1e-6, 1.0, 1e150])
def test_adaptive_rules_do_not_see_the_size_of_the_gradient(size: float):
    for optimizer in (AdaGrad(0.1, epsilon=1e-300), Adam(0.1, epsilon=1e-300)):
        theta = np.zeros(2)
        optimizer.step(theta, np.array([size, -size]))
        np.testing.assert_allclose(theta, [-0.1, 0.1], rtol=1e-9)


@every_optimizer
def test_no_gradient_no_step(name: str):
    theta = np.zeros(3)
    OPTIMIZERS[name].build().step(theta, np.zeros(3))
    np.testing.assert_array_equal(theta, 0)


# Errors


@pytest.mark.parametrize("cls", [SGD, Momentum, Nesterov, AdaGrad, RMSProp, Adam, AdamW])
@pytest.mark.parametrize(
    ("rate", "error", "parts"),
    [
        (0, ValueError, r"learning_rate must be a finite number above 0, got 0: "),
        (-0.1, ValueError, r"above 0, got -0.1: a step against the gradient lowers the loss"),
        (math.nan, ValueError, r"got nan"),
        (math.inf, ValueError, r"got inf"),
        ("0.1", TypeError, r"learning_rate must be a number, got '0.1' \(str\)"),
        (True, TypeError, r"learning_rate must be a number, got True"),
        (None, TypeError, r"learning_rate must be a number, got None"),
    ],
)
def test_rates_that_are_refused(cls: Any, rate: Any, error: type[Exception], parts: str):
    with pytest.raises(error, match=parts):
        cls(rate)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Momentum(0.1, beta=1),
        lambda: Nesterov(0.1, beta=-0.1),
        lambda: RMSProp(0.1, beta=1.5),
        lambda: RMSProp(0.1, epsilon=0),
        lambda: AdaGrad(0.1, epsilon=-1),
        lambda: Adam(beta1=1),
        lambda: Adam(beta2=1),
        lambda: Adam(epsilon=0),
        lambda: AdamW(weight_decay=-0.01),
        lambda: AdamW(weight_decay=math.inf),
        lambda: step_decay(0),
        lambda: step_decay(5, factor=0),
        lambda: cosine(0),
        lambda: warmup(0),
    ],
)
def test_constants_that_are_refused(build: Any):
    with pytest.raises(ValueError, match=r"must (be|lie)"):
        build()


def test_a_rate_may_be_changed_down_to_0_and_no_further():
    optimizer, theta = SGD(0.5), np.ones(1)
    optimizer.learning_rate = 0
    optimizer.step(theta, theta)
    assert theta == 1
    for wrong, error in [(-1, ValueError), (math.nan, ValueError), ("1", TypeError)]:
        with pytest.raises(error, match=r"learning_rate must"):
            optimizer.learning_rate = wrong
    assert optimizer.learning_rate == 0


@every_optimizer
def test_a_refused_step_changes_nothing(name: str):
    optimizer, theta = OPTIMIZERS[name].build(), np.ones(3)
    optimizer.step(theta, np.ones(3))
    before, kept = theta.tobytes(), pickle.dumps(optimizer)
    with pytest.raises(ValueError, match=r"grad has shape \(2,\), theta \(3,\)"):
        optimizer.step(theta, np.ones(2))
    with pytest.raises(TypeError, match=r"theta must be an array of floats"):
        optimizer.step([1.0, 1.0, 1.0], np.ones(3))
    with pytest.raises(TypeError, match=r"theta must be an array of floats"):
        optimizer.step(np.ones(3, int), np.ones(3))
    if optimizer.memories:
        with pytest.raises(ValueError, match=r"remembers 3 parameters of another.*has 2.*new one"):
            optimizer.step(np.ones(2), np.ones(2))
    assert (theta.tobytes(), pickle.dumps(optimizer)) == (before, kept)
