"""Activations: the bend after the weighted sum, and its slope.

Every function works number by number on an array of any shape and keeps a
float's dtype; only softmax and log_softmax read a whole row. The slope of
a function is ``<name>_derivative(z)``, taken at the same z.
"""

import numpy as np

__all__ = [
    "leaky_relu",
    "leaky_relu_derivative",
    "linear",
    "linear_derivative",
    "log_softmax",
    "relu",
    "relu_derivative",
    "sigmoid",
    "sigmoid_derivative",
    "softmax",
    "tanh",
    "tanh_derivative",
]


def linear(z: np.ndarray) -> np.ndarray:
    r"""No bend at all, :math:`z`.

    Parameters
    ----------
    z : array_like, any shape
        Pre-activations.

    Returns
    -------
    ndarray, the shape of z

    References
    ----------
    Goodfellow, Bengio & Courville (2016), *Deep Learning*, section 6.2.2.1.
    """
    return np.asarray(z)


def linear_derivative(z: np.ndarray) -> np.ndarray:
    r"""Slope of linear, 1 everywhere.

    Parameters
    ----------
    z : array_like, any shape

    Returns
    -------
    ndarray, the shape of z
    """
    return np.ones_like(z)


def sigmoid(z: np.ndarray) -> np.ndarray:
    r"""Squash every number into (0, 1), :math:`1/(1 + e^{-z})`.

    Parameters
    ----------
    z : array_like, any shape
        Pre-activations.

    Returns
    -------
    ndarray, the shape of z
        Never overflows: 0 for -inf, 1 for inf.

    References
    ----------
    Goodfellow, Bengio & Courville (2016), *Deep Learning*, equation 3.30.
    """
    # e^z / (1 + e^z) below 0, 1 / (1 + e^-z) above: no power is positive.
    return np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))


def sigmoid_derivative(z: np.ndarray) -> np.ndarray:
    r"""Slope of sigmoid, :math:`\sigma(z)(1 - \sigma(z))`, at most 1/4.

    Parameters
    ----------
    z : array_like, any shape

    Returns
    -------
    ndarray, the shape of z

    References
    ----------
    Goodfellow, Bengio & Courville (2016), *Deep Learning*, equation 3.35.
    """
    s = sigmoid(z)
    return s * (1 - s)


def tanh(z: np.ndarray) -> np.ndarray:
    r"""Squash every number into (-1, 1), :math:`\tanh z`.

    Parameters
    ----------
    z : array_like, any shape
        Pre-activations.

    Returns
    -------
    ndarray, the shape of z

    References
    ----------
    Goodfellow, Bengio & Courville (2016), *Deep Learning*, section 6.3.2.
    """
    return np.tanh(z)


def tanh_derivative(z: np.ndarray) -> np.ndarray:
    r"""Slope of tanh, :math:`1 - \tanh^2 z`, at most 1.

    Parameters
    ----------
    z : array_like, any shape

    Returns
    -------
    ndarray, the shape of z
    """
    return 1 - np.tanh(z) ** 2


def relu(z: np.ndarray) -> np.ndarray:
    r"""Cut off what is negative, :math:`\max(z, 0)`.

    Parameters
    ----------
    z : array_like, any shape
        Pre-activations.

    Returns
    -------
    ndarray, the shape of z

    References
    ----------
    Nair & Hinton (2010), *Rectified Linear Units Improve Restricted
    Boltzmann Machines*, section 2.
    """
    return np.maximum(z, 0)


def relu_derivative(z: np.ndarray) -> np.ndarray:
    r"""Slope of relu: 1 where z > 0, else 0; at 0 it is 0.

    Parameters
    ----------
    z : array_like, any shape

    Returns
    -------
    ndarray, the shape of z
    """
    z = np.asarray(z)
    return (z > 0).astype(z.dtype)


def leaky_relu(z: np.ndarray, slope: float = 0.01) -> np.ndarray:
    r"""Let a little through below 0, :math:`\max(z, 0) + s\min(z, 0)`.

    Parameters
    ----------
    z : array_like, any shape
        Pre-activations.
    slope : float
        The slope s below 0.

    Returns
    -------
    ndarray, the shape of z

    References
    ----------
    Maas, Hannun & Ng (2013), *Rectifier Nonlinearities Improve Neural
    Network Acoustic Models*, section 2.
    """
    return np.maximum(z, 0) + slope * np.minimum(z, 0)


def leaky_relu_derivative(z: np.ndarray, slope: float = 0.01) -> np.ndarray:
    r"""Slope of leaky_relu: 1 where z > 0, else s.

    Parameters
    ----------
    z : array_like, any shape
    slope : float
        The slope s below 0, and at 0.

    Returns
    -------
    ndarray, the shape of z
    """
    return slope + (1 - slope) * relu_derivative(z)


def softmax(z: np.ndarray) -> np.ndarray:
    r"""Probabilities from scores, :math:`e^{z_j}/\sum_l e^{z_l}`.

    Parameters
    ----------
    z : array_like, shape (..., k)
        Logits; only their differences within a row matter.

    Returns
    -------
    ndarray, the shape of z
        Values in [0, 1] that sum to 1 in a row.

    References
    ----------
    Goodfellow, Bengio & Courville (2016), *Deep Learning*, equation 6.29.
    """
    z = np.asarray(z)
    powers = np.exp(z - z.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def log_softmax(z: np.ndarray) -> np.ndarray:
    r"""Log of each row's softmax, :math:`z_j - \log\sum_l e^{z_l}`.

    Parameters
    ----------
    z : array_like, shape (..., k)
        Logits; only their differences within a row matter.

    Returns
    -------
    ndarray, the shape of z
        Log-probabilities, in nats; their exponentials sum to 1 in a row.

    References
    ----------
    Goodfellow, Bengio & Courville (2016), *Deep Learning*, equation 6.31.
    """
    z = np.asarray(z)
    shifted = z - z.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
