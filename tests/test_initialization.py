"""nnlib.initialization: worked examples, laws, errors."""

import math

import numpy as np
import pytest
from scipy import stats

from nnlib import initialization
from nnlib.initialization import SCHEMES, constant, normal, uniform, zeros

N_IN, N_OUT = 512, 300
# Variance of one weight, and its distribution with that variance.
THEORY = {
    "uniform": (0.05**2 / 3, stats.uniform),
    "normal": (0.01**2, stats.norm),
    "lecun_normal": (1 / N_IN, stats.norm),
    "xavier_normal": (2 / (N_IN + N_OUT), stats.norm),
    "xavier_uniform": (2 / (N_IN + N_OUT), stats.uniform),
    "he_normal": (2 / N_IN, stats.norm),
    "he_uniform": (2 / N_IN, stats.uniform),
}
every_scheme = pytest.mark.parametrize("name", SCHEMES)
every_random_scheme = pytest.mark.parametrize("name", THEORY)


def test_every_scheme_is_tested():
    assert set(SCHEMES) == {*THEORY, "zeros", "constant"} == set(initialization.__all__)


# Worked examples


def test_schemes_that_draw_nothing():
    np.testing.assert_array_equal(zeros(2, 3), np.zeros((2, 3)))
    np.testing.assert_array_equal(constant(2, 3), np.full((2, 3), 0.5))
    np.testing.assert_array_equal(constant(2, 3, 0, value=-2), np.full((2, 3), -2.0))


def test_another_width_of_the_distribution():
    assert normal(400, 400, 0, sd=3.0).std() == pytest.approx(3, rel=0.01)
    W = uniform(400, 400, 0, limit=3.0)
    assert -3 < W.min() < -2.999 < 2.999 < W.max() < 3


# Laws


@every_random_scheme
def test_mean_variance_and_distribution(name: str):
    variance, family = THEORY[name]
    W = SCHEMES[name](N_IN, N_OUT, 0)
    sd = math.sqrt(variance)
    assert abs(W.mean()) < 5 * sd / math.sqrt(W.size)
    assert W.var() == pytest.approx(variance, rel=0.01)
    half = math.sqrt(3) * sd
    args = (-half, 2 * half) if family is stats.uniform else (0, sd)
    assert stats.kstest(W.ravel(), family(*args).cdf).pvalue > 1e-3
    if family is stats.uniform:
        assert 0.999 * half < np.abs(W).max() < half


@every_scheme
def test_shape_dtype_and_seeds(name: str):
    scheme = SCHEMES[name]
    W = scheme(3, 5, 7)
    assert (W.shape, W.dtype) == ((3, 5), np.float64)
    np.testing.assert_array_equal(W, scheme(3, 5, np.random.default_rng(7)))
    np.testing.assert_array_equal(W, scheme(3, 5, np.int64(7)))
    assert scheme(3, 5).shape == (3, 5)
    if name in THEORY:
        assert (scheme(3, 5, 8) != W).all()
        rng = np.random.default_rng(7)
        assert (scheme(3, 5, rng) != scheme(3, 5, rng)).all()


# Errors


@every_random_scheme
def test_a_seed_that_is_none(name: str):
    with pytest.raises(TypeError, match=r"rng must be a whole number .* got '7' .*rng=0"):
        SCHEMES[name](3, 5, "7")
