"""nnlib.training: worked examples, laws, early stopping and penalties, extremes, errors."""

import math
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import LAYOUTS, frozen, seeds, shift_biases

from nnlib import (
    L2,
    SGD,
    Activation,
    Adam,
    Dense,
    DivergedError,
    Dropout,
    EarlyStopping,
    History,
    Momentum,
    Network,
    binary_cross_entropy,
    clip_gradient,
    cosine,
    mean_squared_error,
    minibatches,
    mlp,
    numerical_gradient,
    relative_error,
    softmax_cross_entropy,
    train,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 4))
Y = (X[:, 0] + X[:, 1] ** 2 > 0.5).astype(int)
X_VAL = RNG.normal(size=(20, 4))
Y_VAL = (X_VAL[:, 0] + X_VAL[:, 1] ** 2 > 0.5).astype(int)


def fit(network: Network, optimizer: Any = None, X: Any = X, y: Any = Y, **options: Any) -> History:
    """Train a classifier, one short epoch unless the options say otherwise."""
    options = {"n_epochs": 1, "batch_size": 8, "rng": 0, **options}
    return train(network, softmax_cross_entropy, optimizer or SGD(0.1), X, y, **options)


def small(dtype: type = np.float64) -> Network:
    return mlp([4, 6, 2], rng=0, dtype=dtype)


# Worked examples


def test_two_steps_by_hand():
    network = Network([Dense(1, 1)])
    network.theta = [1.0, 0.0]
    x, y = np.array([[2.0], [2.0], [2.0]]), np.array([[1.0], [1.0], [1.0]])
    # Error 1: dW = 2 * 1 * 2, db = 2; then W = 1/2, b = -1/4, error -1/4: dW = -1, db = -1/2.
    history = train(network, mean_squared_error, SGD(0.125), x, y, n_epochs=1, batch_size=2)
    np.testing.assert_array_equal(network.theta, [0.625, -0.1875])
    assert history.loss == [(2 * 0.625 - 0.1875 - 1) ** 2]
    network.theta = [1.0, 0.0]
    running = train(
        network, mean_squared_error, SGD(0.125), x, y, n_epochs=1, batch_size=2, measure=False
    )
    assert running.loss == [(1 + 1 + 1 / 16) / 3]  # the short batch weighs less


def test_the_last_batch_is_short():
    assert [len(batch) for batch in minibatches(10, 4, 0)] == [4, 4, 2]
    assert [len(batch) for batch in minibatches(4, 10, 0)] == [4]
    assert list(minibatches(0, 3, 0)) == []


def test_a_long_gradient_is_shortened_and_keeps_its_direction():
    grad = np.array([3.0, -4.0])
    assert clip_gradient(grad, 1.0) == 5
    np.testing.assert_allclose(grad, [0.6, -0.8], rtol=1e-15)
    for limit in (1.0 + 1e-9, 10):
        assert clip_gradient(grad, limit) == pytest.approx(1)
        np.testing.assert_allclose(grad, [0.6, -0.8], rtol=1e-15)
    single = np.array([3.0, -4.0], np.float32)
    clip_gradient(single, 2.5)
    assert single.dtype == np.float32
    np.testing.assert_array_equal(single, [1.5, -2])


@pytest.mark.parametrize(
    ("dtype", "size"),
    [(np.float64, 1e155), (np.float64, 5e307), (np.float32, 1e20), (np.float32, 5e37)],
)
def test_a_gradient_whose_squares_overflow_keeps_its_direction(dtype: type, size: float):
    grad = np.array([3, -4], dtype) * dtype(size / 2)
    assert clip_gradient(grad, 1.0) == pytest.approx(2.5 * size, rel=1e-6)
    assert grad.dtype == dtype
    np.testing.assert_allclose(grad, [0.6, -0.8], rtol=4 * np.finfo(dtype).eps)
    none = np.zeros(2, dtype)
    assert clip_gradient(none, 1.0) == 0
    np.testing.assert_array_equal(none, 0)


def test_the_price_of_weights_by_hand():
    network = mlp([2, 1])
    network.theta = [3.0, -4.0, 100.0]
    network.grad = [1.0, 1.0, 1.0]
    assert L2(0.5)(network) == 0.5 / 2 * 25
    np.testing.assert_array_equal(network.grad, [1 + 1.5, 1 - 2, 1])


# Laws of the batches


@given(n=st.integers(0, 60), batch_size=st.integers(1, 70), seed=seeds)
def test_each_example_comes_once(n: int, batch_size: int, seed: int):
    batches = list(minibatches(n, batch_size, seed))
    assert len(batches) == math.ceil(n / batch_size)
    assert all(len(batch) == batch_size for batch in batches[:-1])
    assert sorted(i for batch in batches for i in batch) == list(range(n))
    again = list(minibatches(n, batch_size, np.random.default_rng(seed)))
    assert all((one == other).all() for one, other in zip(batches, again))


def test_examples_meet_others_in_every_epoch():
    rng = np.random.default_rng(0)
    first, second = ({frozenset(b) for b in map(tuple, minibatches(60, 6, rng))} for _ in "ab")
    assert not first & second
    assert next(tuple(b) for b in minibatches(60, 60, rng)) != tuple(range(60))


def test_batches_are_drawn_anew_in_every_epoch_of_a_training():
    seen: list[tuple[float, ...]] = []

    def loss(prediction: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
        if len(target) == 10:
            seen.append(tuple(target[:, 0]))
        return mean_squared_error(prediction, target)

    y = np.arange(40.0)[:, None]
    train(mlp([4, 1], rng=0), loss, SGD(1e-6), X[:40], y, n_epochs=3, batch_size=10, rng=0)
    epochs = [seen[i : i + 4] for i in (0, 4, 8)]
    for batches in epochs:
        assert sorted(v for batch in batches for v in batch) == list(range(40))
    assert len({frozenset(batch) for batches in epochs for batch in batches}) == 12


@given(seed=seeds, batch_size=st.integers(1, 50))
def test_batch_gradients_weighted_by_size_are_the_full_gradient(seed: int, batch_size: int):
    network, total = small(), 0
    for batch in minibatches(50, batch_size, seed):
        network.backward(softmax_cross_entropy(network.forward(X[batch]), Y[batch])[1])
        total = total + network.grad * len(batch) / 50
    network.backward(softmax_cross_entropy(network.forward(X), Y)[1])
    np.testing.assert_allclose(total, network.grad, rtol=1e-10, atol=1e-14)


# Laws of training


def test_training_is_the_loop_of_the_lesson():
    layers = [Dense(4, 6), Activation("relu"), Dropout(0.3), Dense(6, 2)]
    network = Network(layers, rng=0)
    plain = network.copy()
    history = fit(network, Adam(0.01), n_epochs=3, validation=(X_VAL, Y_VAL))
    optimizer, rng, losses = Adam(0.01), np.random.default_rng(0), []
    for _ in range(3):
        for batch in minibatches(50, 8, rng):
            value, dy = softmax_cross_entropy(plain.forward(X[batch], training=True), Y[batch])
            plain.backward(dy)
            optimizer.step(plain.theta, plain.grad)
        losses.append(softmax_cross_entropy(plain.forward(X), Y)[0])
    np.testing.assert_array_equal(network.theta, plain.theta)
    assert history.loss == pytest.approx(losses, rel=1e-14)
    assert history.accuracy[-1] == np.mean(network.predict(X) == Y)
    value = softmax_cross_entropy(network.forward(X_VAL), Y_VAL)[0]
    assert history.validation_loss[-1] == pytest.approx(value, rel=1e-14)
    assert history.validation_accuracy[-1] == np.mean(network.predict(X_VAL) == Y_VAL)
    assert (len(history), len(history.validation_loss), history.stopped) == (3, 3, None)


def test_a_second_call_goes_on():
    once, twice = small(), small()
    rng, optimizer = np.random.default_rng(0), Adam(0.01)
    whole = fit(once, Adam(0.01), n_epochs=4)
    parts = [fit(twice, optimizer, n_epochs=n, rng=rng) for n in (1, 3)]
    np.testing.assert_array_equal(twice.theta, once.theta)
    assert parts[0].loss + parts[1].loss == whole.loss
    assert optimizer.t == 4 * 7


def test_a_seed_decides_everything():
    def theta(rng: Any, seed: int = 0) -> np.ndarray:
        network = Network([Dropout(0.2), Dense(4, 5), Activation("relu"), Dense(5, 2)], rng=seed)
        fit(network, n_epochs=2, rng=rng)
        return network.theta

    np.testing.assert_array_equal(theta(3), theta(3))
    np.testing.assert_array_equal(theta(3), theta(np.random.default_rng(3)))
    assert (theta(3) != theta(4)).any()
    assert (theta(3) != theta(3, seed=1)).any()


def test_training_and_validation_are_measured_the_same_way():
    network = Network([Dense(4, 20), Activation("tanh"), Dropout(0.5), Dense(20, 2)], rng=0)
    history = fit(network, n_epochs=3, validation=(X, Y))
    assert history.validation_loss == history.loss
    assert history.validation_accuracy == history.accuracy
    assert history.loss[-1] == pytest.approx(softmax_cross_entropy(network.forward(X), Y)[0])


def test_measuring_changes_no_training():
    networks = small(), small(), small()
    fit(networks[0], n_epochs=3)
    fit(networks[1], n_epochs=3, validation=(X_VAL, Y_VAL))
    history = fit(networks[2], n_epochs=3, validation=(X_VAL, Y_VAL), measure=False)
    for network in networks[1:]:
        np.testing.assert_array_equal(network.theta, networks[0].theta)
    assert len(history.loss) == 3
    assert history.accuracy == history.validation_loss == history.validation_accuracy == []


def test_what_is_left_out_has_the_stated_values():
    network, twin = small(), small()
    history = train(network, softmax_cross_entropy, SGD(0.1), X, Y, n_epochs=2, rng=0)
    defaults = {"validation": None, "penalty": None, "clip_norm": None, "schedule": None}
    others = {"callbacks": (), "measure": True, "n_threads": 1, "on_divergence": "raise"}
    again = fit(twin, n_epochs=2, batch_size=32, progress=False, **defaults, **others)
    np.testing.assert_array_equal(twin.theta, network.theta)
    assert again == history
    with pytest.raises(DivergedError):
        train(network, softmax_cross_entropy, SGD(1e300), X, Y, n_epochs=2)


def test_no_epochs_change_nothing():
    network, optimizer = small(), Adam(0.1)
    before = network.theta.tobytes()
    history = fit(network, optimizer, n_epochs=0, validation=(X_VAL, Y_VAL))
    assert (network.theta.tobytes(), optimizer.t, history) == (before, 0, History())


@pytest.mark.parametrize("optimizer", [SGD(0.1), Momentum(0.1), Adam(0.01)])
def test_float32_stays_float32(optimizer: Any):
    network = small(np.float32)
    history = fit(network, optimizer, n_epochs=2, penalty=L2(0.01), clip_norm=1.0)
    assert network.theta.dtype == network.grad.dtype == np.float32
    assert network[0].dW.dtype == np.float32
    assert optimizer.n_bytes == 4 * network.n_parameters * len(optimizer.memories)
    assert type(history.loss[0]) is type(history.accuracy[0]) is float


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_layout_in_memory_changes_no_bit(layout: str):
    network, twin = small(), small()
    fit(network)
    history = fit(twin, X=LAYOUTS[layout](X), y=list(Y), validation=(frozen(X), tuple(Y)))
    np.testing.assert_array_equal(twin.theta, network.theta)
    assert history.validation_loss == history.loss


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bytes_are_pixels(dtype: type):
    pixels = np.random.default_rng(0).integers(256, size=(50, 4)).astype(np.uint8)
    network, twin = small(dtype), small(dtype)
    history = fit(network, X=pixels, validation=(pixels, Y))
    assert fit(twin, X=pixels / 255).loss == history.loss == history.validation_loss
    np.testing.assert_array_equal(twin.theta, network.theta)


def test_values_and_yes_or_no_have_no_accuracy():
    for loss in (mean_squared_error, binary_cross_entropy):
        network = mlp([4, 5, 1], rng=0)
        history = train(network, loss, SGD(0.1), X, Y[:, None], n_epochs=20, rng=0)
        assert history.accuracy == []
        assert history.loss[-1] < history.loss[0]
    network = mlp([4, 2], rng=0)
    assert fit(network, y=np.eye(2)[Y]).accuracy == []


def test_the_rate_follows_the_schedule_and_comes_back():
    network, plain, optimizer = small(), small(), SGD(0.1)
    steps: list[int] = []

    def schedule(step: int) -> float:
        steps.append(step)
        return 1 / (step + 1)

    fit(network, optimizer, n_epochs=2, schedule=schedule)
    assert steps == list(range(14))
    assert optimizer.learning_rate == 0.1
    rng = np.random.default_rng(0)
    for epoch in range(2):
        for i, batch in enumerate(minibatches(50, 8, rng)):
            plain.backward(softmax_cross_entropy(plain.forward(X[batch]), Y[batch])[1])
            plain.theta -= 0.1 / (7 * epoch + i + 1) * plain.grad
    np.testing.assert_allclose(network.theta, plain.theta, rtol=1e-12)


def test_a_schedule_that_has_reached_0_stands_still():
    network, longer = small(), small()
    fit(network, n_epochs=2, schedule=cosine(14))
    fit(longer, n_epochs=5, schedule=cosine(14))
    np.testing.assert_array_equal(longer.theta, network.theta)


def test_clipping_and_penalty_enter_the_step_in_this_order():
    network, plain = small(), small()
    fit(network, batch_size=50, penalty=L2(3.0), clip_norm=0.25)
    order = np.random.default_rng(0).permutation(50)
    plain.backward(softmax_cross_entropy(plain.forward(X[order]), Y[order])[1])
    for layer in (plain[0], plain[2]):
        layer.dW += 3 * layer.W
    g = plain.grad * 0.25 / np.linalg.norm(plain.grad)
    np.testing.assert_allclose(network.theta, plain.theta - 0.1 * g, rtol=1e-12)


def test_callbacks_see_every_epoch_and_true_ends_training():
    seen = []

    def callback(network: Network, history: History) -> bool:
        seen.append((network.theta.copy(), len(history)))
        return len(history) == 3

    network = small()
    history = fit(network, n_epochs=10, callbacks=[lambda *_: "no", callback])
    assert [n for _, n in seen] == [1, 2, 3]
    assert (len(history), history.stopped) == (3, "callback")
    np.testing.assert_array_equal(network.theta, seen[-1][0])


@pytest.mark.parametrize("kind", [bool, np.bool_, np.asarray])
def test_a_plain_function_ends_training_where_it_says_so(kind: Any):
    whole = fit(small(), n_epochs=30)
    bound = whole.loss[9] + 1e-12
    history = fit(small(), n_epochs=30, callbacks=lambda _, h: kind(h.loss[-1] < bound))
    first = next(i for i, loss in enumerate(whole.loss, 1) if loss < bound)
    assert first < 30
    if kind is np.asarray:  # only True itself ends it, not what is merely true
        assert (len(history), history.stopped) == (30, None)
    else:
        assert (len(history), history.stopped) == (first, "callback")


# Early stopping


def test_the_best_epoch_comes_back_as_a_copy():
    losses = [3.0, 1.0, 2.0, 1.0, 0.5, 5.0]
    stopping, network = EarlyStopping(patience=2), small()
    history = History()
    for i, value in enumerate(losses):
        network.theta[...] = i
        history.validation_loss.append(value)
        if stopping(network, history):
            break
    assert (len(history.validation_loss), stopping.best_epoch, stopping.best_loss) == (4, 2, 1)
    theta = network.theta
    stopping.finish(network)
    np.testing.assert_array_equal(network.theta, 1)
    network.theta += 1
    assert network.theta is theta
    assert np.shares_memory(theta, network[0].W)


def test_early_stopping_in_training_and_again():
    stopping, shadow = EarlyStopping(patience=3), []
    # Random labels: the validation loss soon rises.
    y_val = np.random.default_rng(5).integers(2, size=20)
    options = {"n_epochs": 200, "validation": (X_VAL, y_val)}
    network = small()
    options["callbacks"] = [lambda net, history: shadow.append(net.theta.copy()), stopping]
    history = fit(network, Adam(0.05), **options)
    best = int(np.argmin(history.validation_loss))
    assert history.stopped == "callback"
    assert len(history) == best + 1 + 3
    assert (stopping.best_epoch, stopping.best_loss) == (best + 1, history.validation_loss[best])
    np.testing.assert_array_equal(network.theta, shadow[best])
    # A second training, of another network, begins anew.
    other = mlp([4, 3, 2], rng=3)
    shadow.clear()
    again = fit(other, Adam(0.05), **options)
    best = int(np.argmin(again.validation_loss))
    assert len(again) == best + 4
    np.testing.assert_array_equal(other.theta, shadow[best])
    before = other.theta.copy()
    fit(other, **{**options, "n_epochs": 0})
    np.testing.assert_array_equal(other.theta, before)


# Gradients


@given(seed=seeds, strength=st.floats(1e-3, 10))
def test_the_gradient_of_loss_and_price_together(seed: int, strength: float):
    network = shift_biases(mlp([4, 3, 2], activation="tanh", rng=seed), seed)
    penalty = L2(strength)

    def cost(theta: np.ndarray) -> float:
        network.theta = theta
        value, dy = softmax_cross_entropy(network.forward(X), Y)
        network.backward(dy)
        return value + penalty(network)

    theta = network.theta.copy()
    cost(theta)
    grad = network.grad.copy()
    assert relative_error(grad, numerical_gradient(cost, theta)) < 1e-7


# Errors: and a refused call changes nothing


@pytest.mark.parametrize(
    ("options", "error", "parts"),
    [
        ({"batch_size": 0}, ValueError, r"batch_size must be at least 1, got 0"),
        ({"batch_size": 10.0}, TypeError, r"batch_size must be a whole number.*batch_size=10"),
        ({"batch_size": True}, TypeError, r"batch_size must be a whole number, got True"),
        ({"n_epochs": -1}, ValueError, r"n_epochs must be at least 0, got -1"),
        ({"n_epochs": 1.5}, TypeError, r"n_epochs must be a whole number, got 1.5"),
        ({"rng": "a"}, TypeError, r"rng must be a whole number .*got 'a'"),
        ({"clip_norm": 0}, ValueError, r"clip_norm must be a finite number above 0, got 0"),
        ({"clip_norm": "1"}, TypeError, r"clip_norm must be a number"),
        ({"n_threads": 0}, ValueError, r"n_threads must be at least 1"),
        ({"on_divergence": "ignore"}, ValueError, r"unknown on_divergence 'ignore'.*raise, stop"),
        ({"penalty": 0.1}, TypeError, r"penalty must be callable, got 0.1: write penalty=L2"),
        ({"schedule": 0.1}, TypeError, r"schedule must be callable, got 0.1: write schedule="),
        ({"callbacks": 5}, TypeError, r"callbacks must be functions.*got 5"),
        ({"callbacks": [None]}, TypeError, r"callbacks must be functions.*got None"),
        ({"callbacks": [EarlyStopping(2)]}, ValueError, r"there is none: .*validation=\(X_val"),
        (
            {"callbacks": EarlyStopping(2), "validation": (X, Y), "measure": False},
            ValueError,
            r"there is none: .*measure=True",
        ),
        ({"validation": X}, TypeError, r"validation must be a pair \(X, y\), got ndarray"),
        ({"validation": (X, Y, Y)}, TypeError, r"validation must be a pair"),
        ({"validation": (X, Y[:9])}, ValueError, r"validation X has 50 examples.*\(9,\)"),
        ({"validation": (X * np.nan, Y)}, ValueError, r"validation X contains nan at row 0"),
        ({"validation": (X, Y + 1)}, ValueError, r"label 2 at position"),
        ({"X": X[:, :3]}, ValueError, r"X has 3 features, but the first layer takes 4"),
        ({"X": X[0]}, ValueError, r"X has shape \(4,\).*for one example write X\[None, :\]"),
        ({"X": X[:49]}, ValueError, r"X has 49 examples, y has shape \(50,\): give each one"),
        ({"X": X[:0], "y": Y[:0]}, ValueError, r"X has shape \(0, 4\): give at least one example"),
        ({"X": np.where(X > 2, np.nan, X)}, ValueError, r"X contains nan at row \d+, column \d"),
        ({"X": X.astype(str)}, TypeError, r"X must hold real numbers"),
        ({"y": Y + 1}, ValueError, r"label 2 at position \d+: .*0 to 1"),
        ({"y": Y - 100}, ValueError, r"label -100 at position 0|label -99 at position 0"),
        ({"y": Y.astype(str)}, TypeError, r"labels are text"),
        ({"y": Y + 0.5}, ValueError, r"label (0.5|1.5) at position 0"),
        ({"y": Y[:, None]}, ValueError, r"write labels.ravel\(\)"),
        ({"y": np.where(Y > 0, np.nan, 0)}, ValueError, r"labels contains nan at row \d+"),
        ({"y": None}, ValueError, r"X has 50 examples, y has shape \(\)"),
        ({"optimizer": SGD}, TypeError, r"optimizer must be an object with a step.*Adam\(0.01\)"),
        ({"optimizer": "adam"}, TypeError, r"optimizer must be an object.*got 'adam'"),
    ],
)
def test_arguments_that_are_refused(options: dict, error: type[Exception], parts: str):
    network, optimizer = small(), Adam(0.01)
    fit(network, optimizer)
    rng = np.random.default_rng(0)
    before = network.theta.tobytes(), network.grad.tobytes(), pickle.dumps(optimizer)
    with pytest.raises(error, match=parts):
        fit(network, **{"optimizer": optimizer, "rng": rng, **options})
    assert (network.theta.tobytes(), network.grad.tobytes(), pickle.dumps(optimizer)) == before
    assert rng.random() == np.random.default_rng(0).random()


def test_targets_that_a_loss_refuses():
    network = mlp([4, 1], rng=0)
    before = network.theta.tobytes()
    for loss, y, parts in [
        (mean_squared_error, X[:, 0], r"prediction has shape \(50, 1\), target \(50,\)"),
        (mean_squared_error, X[:, :2], r"target \(50, 2\)"),
        (
            binary_cross_entropy,
            Y[:, None] * 2,
            r"target 2 at \(2, 0\): a probability lies in \[0, 1\]",
        ),
    ]:
        with pytest.raises(ValueError, match=parts):
            train(network, loss, SGD(0.1), X, y, n_epochs=1)
    with pytest.raises(TypeError, match=r"loss must be a function, got 'mse'"):
        train(network, "mse", SGD(0.1), X, Y[:, None], n_epochs=1)
    assert network.theta.tobytes() == before


@pytest.mark.parametrize(
    ("call", "error", "parts"),
    [
        (lambda: list(minibatches(10, 0)), ValueError, r"batch_size must be at least 1"),
        (lambda: list(minibatches(10, 2.0)), TypeError, r"batch_size must be a whole number"),
        (lambda: list(minibatches(X, 2)), TypeError, r"n must be a whole number"),
        (lambda: list(minibatches(-1, 2)), ValueError, r"n must be at least 0"),
        (lambda: clip_gradient(np.ones(2), 0), ValueError, r"max_norm must be a finite number"),
        (lambda: clip_gradient(np.ones(2), "1"), TypeError, r"max_norm must be a number"),
        (lambda: L2(-1), ValueError, r"strength must lie in \[0, inf\), got -1"),
        (lambda: L2("1"), TypeError, r"strength must be a number"),
        (lambda: EarlyStopping(0), ValueError, r"patience must be at least 1"),
        (lambda: EarlyStopping(2.5), TypeError, r"patience must be a whole number"),
    ],
)
def test_parts_that_are_refused(call: Any, error: type[Exception], parts: str):
    with pytest.raises(error, match=parts):
        call()
