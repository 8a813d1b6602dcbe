"""nnlib.running: what surrounds the loop, divergence, Ctrl-C, threads, and that nothing is left."""

import contextvars
import math
import os
import re
import signal
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import plan
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from nnlib import (
    SGD,
    Adam,
    Dense,
    DivergedError,
    Dropout,
    EarlyStopping,
    History,
    Network,
    mean_squared_error,
    mlp,
    softmax_cross_entropy,
    train,
)
from nnlib.running import evaluate, limit_threads

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 4))
Y = RNG.integers(2, size=50)


def fit(network: Network, optimizer: Any = None, loss: Any = None, **options: Any) -> History:
    """Train a classifier on random labels, five epochs unless the options say otherwise."""
    options = {"n_epochs": 5, "batch_size": 10, "rng": 0, **options}
    loss = loss or softmax_cross_entropy
    return train(network, loss, optimizer or SGD(0.1), X, options.pop("y", Y), **options)


def small() -> Network:
    return mlp([4, 6, 2], rng=0)


def surroundings() -> tuple[Any, ...]:
    """Return what a training changes for its time alone."""
    threads = [info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"]
    return signal.getsignal(signal.SIGINT), np.geterr(), threads


@pytest.fixture(autouse=True)
def _nothing_is_left():
    before = surroundings()
    yield
    assert surroundings() == before
    with pytest.raises(ValueError, match=r"contains nan"):  # the checks work again
        softmax_cross_entropy([[np.nan, 0]], [0])


# Worked examples


def test_loss_and_share_of_right_answers():
    network = Network([Dense(1, 2)])
    network.theta = [1, 0, 0, 0]  # logits (x, 0)
    x, y = np.log([[1.0], [3.0], [1 / 3]]), np.array([0, 0, 0])
    loss, share = evaluate(network, softmax_cross_entropy, x, y)
    assert loss == pytest.approx((math.log(2) + math.log(4 / 3) + math.log(4)) / 3, rel=1e-14)
    assert share == 2 / 3
    assert evaluate(network, mean_squared_error, x, np.zeros((3, 2)))[1] is None


def test_blocks_are_weighted_by_their_rows():
    x = np.random.default_rng(1).normal(size=(2500, 4))
    y = np.random.default_rng(2).integers(2, size=2500)
    network = Network([Dropout(0.5), Dense(4, 2)], rng=0)
    loss, share = evaluate(network, softmax_cross_entropy, x, y)
    assert loss == pytest.approx(softmax_cross_entropy(network.forward(x), y)[0], rel=1e-13)
    assert share == np.mean(network.predict(x) == y)


# The checks at the edge


def test_the_data_are_checked_once_and_not_in_each_batch(monkeypatch: pytest.MonkeyPatch):
    looked: list[int] = []
    isfinite = np.isfinite

    def counting(values: Any) -> Any:
        looked.append(np.size(values))
        return isfinite(values)

    monkeypatch.setattr(np, "isfinite", counting)
    counts = []
    for batch_size in (1, 50):
        looked.clear()
        fit(small(), batch_size=batch_size, measure=False)
        counts.append(len(looked))
    assert counts[0] == counts[1]


def test_a_callback_brings_data_of_its_own_and_they_are_checked():
    seen = []

    def look(network: Network, history: History) -> None:
        seen.append(network.predict(X[:2].tolist()))
        with pytest.raises(ValueError, match="X has 3 features"):
            network.predict(X[:, :3])
        with pytest.raises(ValueError, match="X contains nan at row 0, column 0"):
            network.forward([[np.nan, 0, 0, 0]])
        with pytest.raises(ValueError, match="label 7 at position 0"):
            softmax_cross_entropy([[0.0, 0.0]], [7])

    fit(small(), callbacks=[look], n_epochs=2)
    assert len(seen) == 2


def test_a_loss_whose_gradient_would_be_stretched_is_refused():
    def careless(prediction: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = softmax_cross_entropy(prediction, target)
        return value, gradient[:, :1]

    network = small()
    before = network.theta.tobytes()
    with pytest.raises(ValueError, match=r"loss careless has shape \(50, 1\), .* \(50, 2\)"):
        fit(network, loss=careless)
    assert network.theta.tobytes() == before


# Divergence


def deep() -> Network:
    network = mlp([4, *[32] * 30, 2], rng=0)
    network.theta = np.random.default_rng(0).normal(0, 10, network.n_parameters)
    return network


class Blow:
    """A callback that remembers the epochs, and ruins the network after some of them."""

    def __init__(self, network: Network, after: int, value: float) -> None:
        self.network, self.after, self.value, self.good = network, after, value, network.theta + 0

    def __call__(self, network: Network, history: History) -> None:
        self.good = network.theta.copy()
        if len(history) == self.after:
            network.theta[...] *= self.value


@pytest.mark.parametrize(
    ("build", "optimizer"),
    [(small, SGD(100)), (small, Adam(100)), (deep, SGD(0.1)), (small, SGD(1e300))],
    ids=["SGD-100", "Adam-100", "relu-sd-10-depth-30", "SGD-1e300"],
)
@pytest.mark.parametrize("measure", [True, False])
def test_training_that_runs_away(build: Any, optimizer: Any, measure: bool):
    network, shadow, steps = build(), [], []
    shadow.append(network.theta.copy())
    rate = optimizer.learning_rate
    with pytest.raises(DivergedError) as caught:
        fit(
            network, optimizer, measure=measure, n_epochs=50,
            schedule=lambda step: steps.append(step) or 1,
            callbacks=[lambda net, history: shadow.append(net.theta.copy())],
        )  # fmt: skip
    n = len(caught.value.history)
    assert caught.value.history.stopped == "diverged"
    assert f"in epoch {n + 1}, step {steps[-1] % 5 + 1}: " in str(caught.value)
    assert f"learning_rate={rate:g}. " in str(caught.value)
    assert f"back at {f'epoch {n}' if n else 'the start'}. " in str(caught.value)
    assert f"Try learning_rate={rate / 10:g}, smaller initial weights" in str(caught.value)
    assert network.theta.tobytes() == shadow[-1].tobytes()
    assert len(shadow) == n + 1
    assert optimizer.learning_rate == rate
    optimizer.reset()


def test_stop_returns_the_history():
    network = small()
    before = network.theta.tobytes()
    history = fit(network, SGD(1e300), on_divergence="stop")
    assert (history.stopped, history.loss, network.theta.tobytes()) == ("diverged", [], before)
    history = fit(network, callbacks=[Blow(network, 2, 1e6)], on_divergence="stop")
    assert (history.stopped, len(history)) == ("diverged", 2)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_batch_loss_that_is_not_finite_ends_at_its_step(value: float):
    network, calls, theta = small(), [], []

    def loss(prediction: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
        calls.append(len(target))
        theta.append(network.theta.copy())
        found, dy = softmax_cross_entropy(prediction, target)
        return (value if calls.count(10) == 8 else found), dy

    with pytest.raises(DivergedError, match=rf"epoch 2, step 3: the batch loss became {value}"):
        fit(network, loss=loss)
    assert calls[-1] == 10
    end_of_epoch_1 = calls.index(50, 2)  # the zero loss and the start are measured before
    np.testing.assert_array_equal(network.theta, theta[end_of_epoch_1])


def test_a_parameter_that_is_not_finite_ends_its_epoch():
    class Poison(SGD):
        def update(self, theta: np.ndarray, g: np.ndarray) -> None:
            super().update(theta, g)
            if self.t == 10:
                theta[-1] = np.inf

    network, twin = small(), small()
    with pytest.raises(DivergedError, match=r"epoch 2, step 5: a parameter is no longer finite"):
        fit(network, Poison(0.1))
    fit(twin, n_epochs=1)
    np.testing.assert_array_equal(network.theta, twin.theta)


@pytest.mark.parametrize(("factor", "diverged"), [(9.99, False), (10.01, True)])
@pytest.mark.parametrize("start", ["zeros", "start"])
@pytest.mark.parametrize("measure", [True, False])
def test_ten_times_the_larger_loss_is_too_much(
    factor: float, diverged: bool, start: str, measure: bool
):
    """A constant prediction c against 0 or 1: the rule sets the loss of the epoch."""
    network = mlp([4, 1])
    target, first = (1.0, 1.0) if start == "zeros" else (0.0, 2.0)
    network.theta = [0, 0, 0, 0, first]
    size = max((first - target) ** 2, target**2) * factor

    class Jump(SGD):
        def update(self, theta: np.ndarray, g: np.ndarray) -> None:
            theta[-1] = target + math.sqrt(size)

    y = np.full((50, 1), target)
    jump = Jump(1.0)
    n_epochs = 1 if measure else 2  # the running mean sees the jump an epoch later
    options = {"measure": measure, "y": y, "batch_size": 50, "n_epochs": n_epochs}
    history = fit(network, jump, mean_squared_error, on_divergence="stop", **options)
    assert (history.stopped == "diverged") is diverged
    if not diverged:
        assert history.loss[-1] == pytest.approx(size)
    else:
        assert network.theta[-1] == (first if measure else target + math.sqrt(size))


def test_a_loss_may_rise_tenfold_from_a_tiny_one():
    network = mlp([4, 1])
    network.theta = [0, 0, 0, 0, 1 + 1e-6]
    y = np.ones((50, 1))
    history = fit(network, SGD(1.0), mean_squared_error, y=y, batch_size=50, n_epochs=3)
    assert history.stopped is None


def test_after_divergence_early_stopping_still_gives_its_best():
    network, stopping = small(), EarlyStopping(10)
    blow = Blow(network, 3, 1e6)
    with pytest.raises(DivergedError):
        fit(network, callbacks=[stopping, blow], validation=(X, Y))
    assert stopping.best_epoch == 3
    np.testing.assert_array_equal(network.theta, blow.good)


# Ctrl-C


@pytest.mark.skipif(os.name != "posix", reason="os.kill sends no Ctrl-C on Windows")
def test_ctrl_c_ends_after_the_step():
    network, twin, steps = small(), small(), []

    def press(step: int) -> float:
        steps.append(step)
        if step == 12:
            os.kill(os.getpid(), signal.SIGINT)
        return 1.0

    optimizer = SGD(0.1)
    history = fit(network, optimizer, schedule=press)
    assert (history.stopped, len(history), steps[-1], optimizer.t) == ("interrupted", 2, 12, 13)
    reference = []
    fit(twin, loss=record(twin, reference))
    np.testing.assert_array_equal(network.theta, reference[13])
    assert network.predict(X).shape == (50,)


def record(network: Network, thetas: list[np.ndarray]) -> Any:
    """Return a loss that notes the parameters before every step."""

    def loss(prediction: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
        if len(target) == 10:
            thetas.append(network.theta.copy())
        return softmax_cross_entropy(prediction, target)

    return loss


@pytest.mark.skipif(os.name != "posix", reason="os.kill sends no Ctrl-C on Windows")
def test_a_second_ctrl_c_ends_at_once():
    network, steps = small(), []

    def press(step: int) -> float:
        steps.append(step)
        if step == 3:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
        return 0.5

    optimizer = SGD(0.1)
    with pytest.raises(KeyboardInterrupt):
        fit(network, optimizer, schedule=press)
    assert (steps[-1], optimizer.t, optimizer.learning_rate) == (3, 3, 0.1)


@pytest.mark.skipif(os.name != "posix", reason="os.kill sends no Ctrl-C on Windows")
def test_ctrl_c_from_outside():
    script = (
        "import numpy as np, nnlib\n"
        "X, y = np.random.default_rng(0).normal(size=(64, 4)), np.arange(64) % 2\n"
        "net = nnlib.mlp([4, 3, 2], rng=0)\n"
        "say = lambda net, history: print('epoch', flush=True) if len(history) == 1 else None\n"
        "history = nnlib.train(net, nnlib.softmax_cross_entropy, nnlib.SGD(0.1), X, y,\n"
        "                      n_epochs=10**9, rng=0, callbacks=[say])\n"
        "print(history.stopped, len(history) > 0, np.isfinite(net.theta).all())\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == "epoch\n"
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
    finally:
        child.kill()  # one that is deaf to Ctrl-C would train for ever
    assert (out, err, child.returncode) == ("interrupted True True\n", "", 0)


@pytest.mark.skipif(os.name != "posix", reason="os.kill sends no Ctrl-C on Windows")
def test_a_handler_of_ones_own_stays():
    seen: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    try:
        press = [lambda *_: os.kill(os.getpid(), signal.SIGINT)]
        history = fit(small(), n_epochs=3, callbacks=press)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (seen, history.stopped) == ([signal.SIGINT] * 3, None)


def test_early_stopping_gives_back_the_best_after_ctrl_c():
    network, stopping = small(), EarlyStopping(10)
    thetas: list[np.ndarray] = []

    def press(step: int) -> float:
        if step == 17:
            signal.raise_signal(signal.SIGINT)
        return 1.0

    keep = [stopping, lambda net, history: thetas.append(net.theta.copy())]
    history = fit(network, schedule=press, callbacks=keep, validation=(X, Y))
    assert history.stopped == "interrupted"
    np.testing.assert_array_equal(network.theta, thetas[stopping.best_epoch - 1])


# Threads, and errors from inside


def test_training_in_another_thread():
    network, twin, found = small(), small(), []
    thread = threading.Thread(target=lambda: found.append(fit(network)))
    thread.start()
    thread.join()
    assert found[0].loss == fit(twin).loss
    np.testing.assert_array_equal(network.theta, twin.theta)


@pytest.mark.parametrize(
    ("options", "expected"), [({}, 1), ({"n_threads": 2}, 2), ({"n_threads": None}, None)]
)
def test_threads_of_the_linear_algebra(options: dict[str, Any], expected: int | None):
    seen, before = [], surroundings()[2]
    look = [lambda *_: seen.append(surroundings()[2])]
    fit(small(), n_epochs=1, callbacks=look, **options)
    assert seen[0] == (before if expected is None else [expected] * len(before))


def test_the_last_of_several_trainings_lifts_the_limit():
    def blas() -> set[int]:
        return set(surroundings()[2])

    with threadpool_limits(2, user_api="blas"):
        first, second = limit_threads(1), limit_threads(1)
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)  # a training in another thread is done
        assert blas() == {1}
        with limit_threads(2):
            assert blas() == {2}
        assert blas() == {1}
        second.__exit__(None, None, None)
        assert blas() == {2}


@pytest.mark.parametrize("n_calls", [2, 3, 9])
def test_an_error_from_inside_comes_out_and_nothing_is_left(n_calls: int):
    calls: list[int] = []

    def loss(prediction: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
        calls.append(len(target))
        if len(calls) == n_calls:  # the second call measures where training starts
            raise LookupError("mine")
        return softmax_cross_entropy(prediction, target)

    optimizer = SGD(0.1)
    with pytest.raises(LookupError, match=r"mine"):
        fit(small(), optimizer, loss, schedule=lambda step: 0.5)
    assert optimizer.learning_rate == 0.1


def test_two_trainings_do_not_share_their_surroundings():
    """The checks that rest in a training go on working in another context."""
    found: list[type] = []

    def look(*_: Any) -> None:
        def outside() -> None:
            try:
                softmax_cross_entropy([[np.nan, 0]], [0])
            except ValueError as error:
                found.append(type(error))

        contextvars.Context().run(outside)

    fit(small(), n_epochs=1, callbacks=[look])
    assert found == [ValueError]


BAR = """
import os, signal, sys
import numpy as np
import nnlib
from tqdm.auto import tqdm

def press(network, history):
    if len(history) == 2 and "press" in sys.argv:
        os.kill(os.getpid(), signal.SIGINT)

rate = 1e9 if "diverge" in sys.argv else 0.1
try:
    nnlib.train(nnlib.mlp([4, 6, 2], rng=0), nnlib.softmax_cross_entropy, nnlib.SGD(rate),
                np.eye(4), [0, 1, 0, 1], n_epochs=5, rng=0, callbacks=press,
                progress="off" not in sys.argv)
except nnlib.DivergedError as error:
    kept = error  # as a notebook keeps it, with every frame
print(len(tqdm._instances))
"""


@pytest.mark.parametrize(
    ("how", "last"),
    [
        ("to the end", r"100%.* 5/5 .*epoch/s, loss=0\.\d{4}\]"),
        ("diverge", r"  0%.* 0/5 "),
        pytest.param(
            "press", r" 40%.* 2/5 .*loss=0\.\d{4}\]",
            marks=pytest.mark.skipif(os.name != "posix", reason="os.kill sends no Ctrl-C"),
        ),
        ("off", None),
    ],
)  # fmt: skip
def test_a_bar_of_epochs(how: str, last: str | None):
    environment = {name: value for name, value in os.environ.items() if "TQDM" not in name}
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", BAR, how], capture_output=True, text=True,
        cwd=plan.ROOT, env=environment,
    )  # fmt: skip
    assert run.stdout == "0\n", run.stderr  # every bar is closed
    if last is None:
        assert run.stderr == ""
    else:
        assert re.match(last, run.stderr.splitlines()[-1])


def test_without_tqdm(monkeypatch: pytest.MonkeyPatch):
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name.partition(".")[0])

    monkeypatch.setattr("nnlib.validation.errors.importlib.import_module", missing)
    network = small()
    before = network.theta.tobytes()
    with pytest.raises(ImportError, match=r"needs tqdm, .*pip install 'nnlib-course\[progress\]'"):
        fit(network, progress=True)
    assert network.theta.tobytes() == before


def test_memory_of_a_training_does_not_grow_with_the_data():
    import tracemalloc

    x = np.zeros((200_000, 8), np.uint8)
    y = np.zeros(200_000, int)
    tracemalloc.start()
    train(mlp([8, 2], rng=0), softmax_cross_entropy, SGD(0.1), x, y, n_epochs=1, batch_size=5000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * x.nbytes / 2  # one float64 copy of the data would be twice that
