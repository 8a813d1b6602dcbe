r"""Initialization: how large the first weights are.

Every scheme is a function ``(n_in, n_out, rng) -> W`` that draws a matrix
of shape (n_in, n_out), float64, with mean 0 (but for :func:`constant`).
They differ in the variance of one weight:

=============== ===================== =================================
scheme          variance              keeps the variance of
=============== ===================== =================================
lecun_normal    1 / n_in              signals, without a bend
xavier_normal   2 / (n_in + n_out)    signals and gradients, a compromise
xavier_uniform  2 / (n_in + n_out)    the same, drawn evenly
he_normal       2 / n_in              signals, behind relu
he_uniform      2 / n_in              the same, drawn evenly
=============== ===================== =================================

``rng`` is an int or a :class:`numpy.random.Generator`.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from nnlib.validation import as_generator

__all__ = [
    "constant",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "normal",
    "uniform",
    "xavier_normal",
    "xavier_uniform",
    "zeros",
]


def zeros(n_in: int, n_out: int, rng: Any = None) -> np.ndarray:
    """Start every weight at 0: all units stay the same for ever.

    Parameters
    ----------
    n_in, n_out : int
    rng : ignored
        Taken so that every scheme is called the same way.

    Returns
    -------
    ndarray, shape (n_in, n_out)
    """
    return np.zeros((n_in, n_out))


def constant(
    n_in: int, n_out: int, rng: Any = None, value: float = 0.5
) -> np.ndarray:
    """Start every weight at one value: all units stay the same for ever.

    Parameters
    ----------
    n_in, n_out : int
    rng : ignored
        Taken so that every scheme is called the same way.
    value : float

    Returns
    -------
    ndarray, shape (n_in, n_out)
    """
    return np.full((n_in, n_out), float(value))


def normal(
    n_in: int, n_out: int, rng: Any = None, sd: float = 0.01
) -> np.ndarray:
    r"""Draw from a normal distribution, variance :math:`sd^2`.

    Parameters
    ----------
    n_in, n_out : int
    rng : None, int or Generator
    sd : float
        Standard deviation of one weight.

    Returns
    -------
    ndarray, shape (n_in, n_out)
    """
    return as_generator(rng).normal(0, sd, (n_in, n_out))


def uniform(
    n_in: int, n_out: int, rng: Any = None, limit: float = 0.05
) -> np.ndarray:
    r"""Draw evenly from (-limit, limit), variance :math:`limit^2/3`.

    Parameters
    ----------
    n_in, n_out : int
    rng : None, int or Generator
    limit : float
        The largest size of one weight.

    Returns
    -------
    ndarray, shape (n_in, n_out)
    """
    return as_generator(rng).uniform(-limit, limit, (n_in, n_out))


def lecun_normal(n_in: int, n_out: int, rng: Any = None) -> np.ndarray:
    r"""Normal weights, variance :math:`1/n_{in}`.

    Parameters
    ----------
    n_in, n_out : int
    rng : None, int or Generator

    Returns
    -------
    ndarray, shape (n_in, n_out)

    References
    ----------
    LeCun, Bottou, Orr & Mueller (1998), *Efficient BackProp*, equation 16.
    """
    return normal(n_in, n_out, rng, sd=math.sqrt(1 / n_in))


def xavier_normal(n_in: int, n_out: int, rng: Any = None) -> np.ndarray:
    r"""Normal weights, variance :math:`2/(n_{in} + n_{out})`.

    Parameters
    ----------
    n_in, n_out : int
    rng : None, int or Generator

    Returns
    -------
    ndarray, shape (n_in, n_out)

    References
    ----------
    Glorot & Bengio (2010), *Understanding the difficulty of training deep
    feedforward neural networks*, equation 12.
    """
    return normal(n_in, n_out, rng, sd=math.sqrt(2 / (n_in + n_out)))


def xavier_uniform(n_in: int, n_out: int, rng: Any = None) -> np.ndarray:
    r"""Even weights, variance :math:`2/(n_{in} + n_{out})`.

    Parameters
    ----------
    n_in, n_out : int
    rng : None, int or Generator

    Returns
    -------
    ndarray, shape (n_in, n_out)
        Within :math:`\sqrt{6/(n_{in} + n_{out})}` of 0.

    References
    ----------
    Glorot & Bengio (2010), *Understanding the difficulty of training deep
    feedforward neural networks*, equation 16.
    """
    return uniform(n_in, n_out, rng, limit=math.sqrt(6 / (n_in + n_out)))


def he_normal(n_in: int, n_out: int, rng: Any = None) -> np.ndarray:
    r"""Normal weights for relu, variance :math:`2/n_{in}`.

    Parameters
    ----------
    n_in, n_out : int
    rng : None, int or Generator

    Returns
    -------
    ndarray, shape (n_in, n_out)

    References
    ----------
    He, Zhang, Ren & Sun (2015), *Delving Deep into Rectifiers*, equation
    10.
    """
    return normal(n_in, n_out, rng, sd=math.sqrt(2 / n_in))


def he_uniform(n_in: int, n_out: int, rng: Any = None) -> np.ndarray:
    r"""Even weights for relu, variance :math:`2/n_{in}`.

    Parameters
    ----------
    n_in, n_out : int
    rng : None, int or Generator

    Returns
    -------
    ndarray, shape (n_in, n_out)
        Within :math:`\sqrt{6/n_{in}}` of 0.

    References
    ----------
    He, Zhang, Ren & Sun (2015), *Delving Deep into Rectifiers*, section
    2.2.
    """
    return uniform(n_in, n_out, rng, limit=math.sqrt(6 / n_in))


# The schemes by the names that ``Dense(n_in, n_out, init=...)`` takes.
SCHEMES: dict[str, Callable[..., np.ndarray]] = {
    scheme.__name__: scheme
    for scheme in (
        zeros,
        constant,
        uniform,
        normal,
        lecun_normal,
        xavier_uniform,
        xavier_normal,
        he_uniform,
        he_normal,
    )
}
