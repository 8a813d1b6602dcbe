"""nnlib.datasets.small: worked examples, laws, errors."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from nnlib import datasets
from nnlib.datasets import digits, moons, spiral, xor

DRAWN: dict[str, Callable[..., Any]] = {"moons": moons, "spiral": spiral}


# Worked examples


def test_xor():
    X, y = xor()
    np.testing.assert_array_equal(X, [[0, 0], [0, 1], [1, 0], [1, 1]])
    np.testing.assert_array_equal(y, [0, 1, 1, 0])
    assert X.dtype == float


def test_moons_without_noise_are_two_half_circles():
    X, y = moons(200, noise=0, rng=0)
    assert X.shape == (200, 2)
    assert np.bincount(y).tolist() == [100, 100]
    upper, lower = X[y == 0], X[y == 1]
    np.testing.assert_allclose(np.linalg.norm(upper, axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(lower - [1, 0.5], axis=1), 1, rtol=1e-12)
    assert (upper[:, 1] > -1e-12).all()
    assert (lower[:, 1] < 0.5 + 1e-12).all()


def test_spiral_without_noise():
    X, y = spiral(6, n_classes=3, noise=0, rng=0)
    np.testing.assert_array_equal(y, [0, 1, 2, 0, 1, 2])
    radius = np.linalg.norm(X, axis=1)
    np.testing.assert_allclose(radius, [0.525] * 3 + [1.0] * 3, rtol=1e-12)
    angle = np.arctan2(X[:, 0], X[:, 1])
    expected = 4 * radius + 2 * np.pi * y / 3
    np.testing.assert_allclose(np.exp(1j * angle), np.exp(1j * expected), rtol=1e-12)


@pytest.mark.parametrize("noise", [0.1, 0.3])
def test_noise_has_the_deviation_that_it_states(noise: float):
    X, _ = spiral(30_000, noise=noise, rng=0)
    clean, _ = spiral(30_000, noise=0)
    turn = (X[:, 0] + 1j * X[:, 1]) / (clean[:, 0] + 1j * clean[:, 1])
    assert np.angle(turn).std() == pytest.approx(noise, rel=0.02)
    X, y = moons(30_000, noise=noise, rng=0)
    centres = np.array([[0, 0], [1, 0.5]])[y]
    radius = np.linalg.norm(X - centres, axis=1)
    assert radius.std() == pytest.approx(noise, rel=0.05)


def test_digits_are_those_of_scikit_learn():
    data = digits(rng=0)
    X, y = load_digits(return_X_y=True)
    assert repr(data) == "1257 training, 180 validation, 360 test examples of 64 features"
    parts = [(data.X_train, data.y_train), (data.X_val, data.y_val), (data.X_test, data.y_test)]
    rows = sorted((label, *row) for part in parts for row, label in zip(part[0] * 16, part[1]))
    assert rows == sorted((label, *row) for row, label in zip(X, y))
    for pixels, labels in parts:
        assert (pixels.min(), pixels.max()) == (0, 1)
        np.testing.assert_allclose(np.bincount(labels) / len(labels), 0.1, atol=0.012)


# Laws


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("n", [1, 2, 7, 300])
def test_shapes_and_seeds(name: str, n: int):
    draw = DRAWN[name]
    X, y = draw(n, rng=3)
    assert (X.shape, y.shape, X.dtype, y.dtype.kind) == ((n, 2), (n,), float, "i")
    for same in (draw(n, rng=3), draw(n, rng=np.random.default_rng(3))):
        np.testing.assert_array_equal(same.X, X)
        np.testing.assert_array_equal(same.y, y)
    assert (draw(n, rng=4).X != X).any()
    counts = np.bincount(y)
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("rng", [0, 7])
def test_a_seed_decides_the_split(rng: int):
    one, other = digits(rng=rng), digits(rng=np.random.default_rng(rng))
    np.testing.assert_array_equal(one.X_train, other.X_train)
    np.testing.assert_array_equal(one.X_val, other.X_val)
    np.testing.assert_array_equal(one.y_test, other.y_test)
    assert (digits(rng=rng + 1).y_test != one.y_test).any()


@pytest.mark.parametrize(
    ("test_size", "validation_size", "lengths"),
    [
        (0.2, 0.1, (1257, 180, 360)),
        (0.5, 0, (898, 0, 899)),
        (0, 0.5, (898, 899, 0)),
        (0, 0, (1797, 0, 0)),
    ],
)
def test_shares_are_of_all_examples(
    test_size: float, validation_size: float, lengths: tuple[int, int, int]
):
    data = digits(test_size=test_size, validation_size=validation_size, rng=0)
    assert (len(data.X_train), len(data.X_val), len(data.X_test)) == lengths
    assert data.X_test.shape[1] == data.X_val.shape[1] == 64


# Errors


@pytest.mark.parametrize(
    ("call", "error", "parts"),
    [
        (lambda: moons(0), ValueError, r"n must be at least 1, got 0"),
        (lambda: moons(2.5), TypeError, r"n must be a whole number, got 2.5"),
        (lambda: moons(noise=-1), ValueError, r"noise must lie in \[0, inf\), got -1"),
        (lambda: moons(rng="a"), TypeError, r"rng must be a whole number"),
        (lambda: spiral(0), ValueError, r"n must be at least 1"),
        (lambda: spiral(n_classes=0), ValueError, r"n_classes must be at least 1"),
        (lambda: spiral(noise="0"), TypeError, r"noise must be a number"),
        (lambda: digits(test_size=1), ValueError, r"test_size must lie in \[0, 1\), got 1"),
        (lambda: digits(validation_size=-0.1), ValueError, r"validation_size must lie in"),
        (lambda: digits(0.5, 0.5), ValueError, r"leave nothing to learn from; .* below 1"),
    ],
)
def test_arguments_that_are_refused(call: Any, error: type[Exception], parts: str):
    with pytest.raises(error, match=parts):
        call()


def test_without_scikit_learn(monkeypatch: pytest.MonkeyPatch):
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name.partition(".")[0])

    monkeypatch.setattr("nnlib.validation.errors.importlib.import_module", missing)
    for call in (datasets.digits, datasets.moons):
        with pytest.raises(ImportError, match=r"sklearn.*pip install 'nnlib-course\[datasets\]'"):
            call()
