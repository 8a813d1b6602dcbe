"""Losses: how wrong a batch of predictions is, and which way to move.

Every loss is a function ``loss(prediction, target) -> (value, gradient)``.

* ``value`` is a float: the mean over every entry of the batch, or over the
  n examples where the k outputs form one distribution.
* ``gradient`` is d value / d prediction, with the shape of ``prediction``.

Classification losses take *logits*, the scores before sigmoid or softmax:
the composed derivative is simple, and no probability is ever rounded to 0
or 1. No loss broadcasts: (n, 1) against (n,) is an error.
"""

import numpy as np

from nnlib.activations import log_softmax, sigmoid
from nnlib.validation import (
    require_labels,
    require_same_shape,
    require_shares,
)

__all__ = [
    "binary_cross_entropy",
    "mean_absolute_error",
    "mean_squared_error",
    "softmax_cross_entropy",
]


def mean_squared_error(
    prediction: np.ndarray, target: np.ndarray
) -> tuple[float, np.ndarray]:
    r"""Mean of the squared errors, :math:`(\hat y - y)^2`.

    Parameters
    ----------
    prediction, target : array_like, shape (n, k)
        A batch of n examples with k outputs, in the units of the target.

    Returns
    -------
    value : float
        In the units of the target, squared.
    gradient : ndarray, shape (n, k)
        :math:`2(\hat y - y)/(nk)`.

    Raises
    ------
    ValueError
        If the shapes differ, the batch is empty, or a value is not finite.
    TypeError
        If something else than real numbers comes.

    References
    ----------
    Goodfellow, Bengio & Courville (2016), *Deep Learning*, section 5.1.4.
    """
    prediction, target = require_same_shape(prediction, target)
    error = prediction - target
    return float(np.mean(error**2)), 2 * error / error.size


def mean_absolute_error(
    prediction: np.ndarray, target: np.ndarray
) -> tuple[float, np.ndarray]:
    r"""Mean of the absolute errors, :math:`|\hat y - y|`.

    Parameters
    ----------
    prediction, target : array_like, shape (n, k)
        A batch of n examples with k outputs, in the units of the target.

    Returns
    -------
    value : float
        In the units of the target.
    gradient : ndarray, shape (n, k)
        :math:`\mathrm{sign}(\hat y - y)/(nk)`; 0 where the error is 0.

    Raises
    ------
    ValueError
        If the shapes differ, the batch is empty, or a value is not finite.
    TypeError
        If something else than real numbers comes.

    References
    ----------
    Prince (2023), *Understanding Deep Learning*, section 5.1.
    """
    prediction, target = require_same_shape(prediction, target)
    error = prediction - target
    return float(np.mean(np.abs(error))), np.sign(error) / error.size


def binary_cross_entropy(
    logits: np.ndarray, target: np.ndarray
) -> tuple[float, np.ndarray]:
    r"""Cross-entropy of independent yes/no outputs, from logits.

    With :math:`p = \sigma(z)`, the loss is the mean over all entries of
    :math:`-y\log p - (1-y)\log(1-p)`.

    Parameters
    ----------
    logits : array_like, shape (n, k)
        Real scores z; z > 0 predicts "yes".
    target : array_like, shape (n, k)
        Probabilities in [0, 1]; usually 0 or 1.

    Returns
    -------
    value : float
        In nats.
    gradient : ndarray, shape (n, k)
        :math:`(\sigma(z) - y)/(nk)`.

    Raises
    ------
    ValueError
        If the shapes differ, the batch is empty, a value is not finite, or
        a target lies outside [0, 1].
    TypeError
        If something else than real numbers comes.

    References
    ----------
    Goodfellow, Bengio & Courville (2016), *Deep Learning*, section 6.2.2.2.
    """
    logits, target = require_same_shape(logits, target)
    require_shares(target)
    # log(1 + e^z) - y z, with the power kept from overflowing.
    value = np.mean(np.logaddexp(0, logits) - target * logits)
    return float(value), (sigmoid(logits) - target) / logits.size


def softmax_cross_entropy(
    logits: np.ndarray, labels: np.ndarray
) -> tuple[float, np.ndarray]:
    r"""Cross-entropy of one class out of k, from logits.

    The mean over the batch of :math:`-\log \mathrm{softmax}(z_i)_{c_i}`, or
    of :math:`-\sum_j y_{ij}\log \mathrm{softmax}(z_i)_j` for probabilities
    y.

    Parameters
    ----------
    logits : array_like, shape (n, k)
        Real scores; only their differences within a row matter.
    labels : array_like, shape (n,) or (n, k)
        Class indices in 0 .. k-1 (integral floats are taken), or rows of
        probabilities.

    Returns
    -------
    value : float
        In nats; log k when all classes are equally likely.
    gradient : ndarray, shape (n, k)
        :math:`(\mathrm{softmax}(z) - y)/n`; its rows sum to 0.

    Raises
    ------
    ValueError
        If the labels are not class indices within 0 .. k-1 nor
        probabilities, the batch is empty, or a value is not finite.
    TypeError
        If labels or logits do not hold numbers.

    References
    ----------
    Bishop (2006), *Pattern Recognition and Machine Learning*, equations
    4.108 and 4.109.
    """
    logits, labels = require_labels(labels, logits)
    n, k = logits.shape
    target = (
        np.eye(k, dtype=logits.dtype)[labels]
        if labels.ndim == 1
        else labels
    )
    log_p = log_softmax(logits)
    value = -(target * log_p).sum() / n
    return float(value), (np.exp(log_p) - target) / n
