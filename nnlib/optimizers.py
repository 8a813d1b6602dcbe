"""Optimizers: how a gradient becomes a step.

``optimizer.step(theta, grad)`` changes theta in place. Each class is its
equation, written for whole vectors; what it remembers from step to step is
named in ``memories`` and starts at 0. g is dL/dtheta, t counts the steps.
"""

import math
from collections.abc import Callable

import numpy as np

from nnlib.inspection import Optimizer
from nnlib.validation import (
    require_between,
    require_integer,
    require_positive,
)

__all__ = [
    "SGD",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Momentum",
    "Nesterov",
    "RMSProp",
    "cosine",
    "step_decay",
    "warmup",
]


class SGD(Optimizer):
    r"""Gradient descent, :math:`\theta \leftarrow \theta - \eta g`.

    Parameters
    ----------
    learning_rate : float
        The rate :math:`\eta`, above 0.

    Raises
    ------
    TypeError, ValueError
        If the rate is no number, or not above 0.

    References
    ----------
    Goodfellow, Bengio & Courville (2016), *Deep Learning*, algorithm 8.1.
    """

    def __init__(self, learning_rate: float) -> None:
        super().__init__(learning_rate)

    def update(self, theta: np.ndarray, g: np.ndarray) -> None:
        """Step against the gradient."""
        theta -= self.learning_rate * g


class Momentum(Optimizer):
    r"""Steps that keep their speed: :math:`v \leftarrow \beta v + g`.

    Then :math:`\theta \leftarrow \theta - \eta v`.

    Parameters
    ----------
    learning_rate : float
        The rate :math:`\eta`, above 0.
    beta : float
        How much of the speed stays, in [0, 1).

    Raises
    ------
    TypeError, ValueError
        If a number is of the wrong kind or outside its range.

    References
    ----------
    Polyak (1964), *Some methods of speeding up the convergence of iteration
    methods*, equation 9.
    """

    memories = ("v",)

    def __init__(self, learning_rate: float, beta: float = 0.9) -> None:
        super().__init__(learning_rate)
        self.beta = require_between("beta", beta, 0, 1)

    def update(
        self, theta: np.ndarray, g: np.ndarray, v: np.ndarray
    ) -> None:
        """Step along the speed."""
        v *= self.beta
        v += g
        theta -= self.learning_rate * v


class Nesterov(Momentum):
    r"""Momentum that looks ahead: the step is :math:`g + \beta v`.

    With :math:`v \leftarrow \beta v + g` first, then
    :math:`\theta \leftarrow \theta - \eta (g + \beta v)`.

    Parameters
    ----------
    learning_rate : float
        The rate :math:`\eta`, above 0.
    beta : float
        How much of the speed stays, in [0, 1).

    Raises
    ------
    TypeError, ValueError
        If a number is of the wrong kind or outside its range.

    References
    ----------
    Sutskever, Martens, Dahl & Hinton (2013), *On the importance of
    initialization and momentum in deep learning*, equations 3 and 4.
    """

    def update(
        self, theta: np.ndarray, g: np.ndarray, v: np.ndarray
    ) -> None:
        """Step along the speed that the next step would have."""
        v *= self.beta
        v += g
        theta -= self.learning_rate * (g + self.beta * v)


class AdaGrad(Optimizer):
    r"""Divide by the root of all squares: :math:`s \leftarrow s + g^2`.

    Then :math:`\theta \leftarrow \theta - \eta g/(\sqrt s + \epsilon)`.

    Parameters
    ----------
    learning_rate : float
        The rate :math:`\eta`, above 0; the size of the first step.
    epsilon : float
        Added outside the square root, above 0.

    Raises
    ------
    TypeError, ValueError
        If a number is of the wrong kind or outside its range.

    References
    ----------
    Duchi, Hazan & Singer (2011), *Adaptive Subgradient Methods for Online
    Learning and Stochastic Optimization*, section 1.1.
    """

    memories = ("s",)

    def __init__(self, learning_rate: float, epsilon: float = 1e-8) -> None:
        super().__init__(learning_rate)
        self.epsilon = require_positive("epsilon", epsilon)

    def update(
        self, theta: np.ndarray, g: np.ndarray, s: np.ndarray
    ) -> None:
        """Step by g over the root of its summed squares."""
        s += g**2
        theta -= self.learning_rate * g / (np.sqrt(s) + self.epsilon)


class RMSProp(Optimizer):
    r"""Divide by a running root mean square of g.

    With :math:`s \leftarrow \beta s + (1 - \beta) g^2` first, then
    :math:`\theta \leftarrow \theta - \eta g/(\sqrt s + \epsilon)`.

    Parameters
    ----------
    learning_rate : float
        The rate :math:`\eta`, above 0.
    beta : float
        How much of the old mean stays, in [0, 1).
    epsilon : float
        Added outside the square root, above 0.

    Raises
    ------
    TypeError, ValueError
        If a number is of the wrong kind or outside its range.

    References
    ----------
    Tieleman & Hinton (2012), *Lecture 6.5: rmsprop*, Neural Networks for
    Machine Learning.
    """

    memories = ("s",)

    def __init__(
        self, learning_rate: float, beta: float = 0.9, epsilon: float = 1e-8
    ) -> None:
        super().__init__(learning_rate)
        self.beta = require_between("beta", beta, 0, 1)
        self.epsilon = require_positive("epsilon", epsilon)

    def update(
        self, theta: np.ndarray, g: np.ndarray, s: np.ndarray
    ) -> None:
        """Step by g over the root of its mean square."""
        s *= self.beta
        s += (1 - self.beta) * g**2
        theta -= self.learning_rate * g / (np.sqrt(s) + self.epsilon)


class Adam(Optimizer):
    r"""Steps scaled by running means of g and of its square.

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g, \quad
        v \leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        \theta &\leftarrow \theta - \eta\,
        \frac{m/(1 - \beta_1^t)}{\sqrt{v/(1 - \beta_2^t)} + \epsilon}

    The memories hold the two means without their factors :math:`1 - \beta`.

    Parameters
    ----------
    learning_rate : float
        About the largest step of any parameter.
    beta1, beta2 : float
        How much of the old mean stays, in [0, 1).
    epsilon : float
        Added outside the square root, above 0.

    Raises
    ------
    TypeError, ValueError
        If a number is of the wrong kind or outside its range.

    References
    ----------
    Kingma & Ba (2015), *Adam: A Method for Stochastic Optimization*,
    algorithm 1.
    """

    memories = ("m", "v")

    def __init__(
        self,
        learning_rate: float = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
    ) -> None:
        super().__init__(learning_rate)
        self.beta1 = require_between("beta1", beta1, 0, 1)
        self.beta2 = require_between("beta2", beta2, 0, 1)
        self.epsilon = require_positive("epsilon", epsilon)

    def update(
        self, theta: np.ndarray, g: np.ndarray, m: np.ndarray, v: np.ndarray
    ) -> None:
        """Step by the corrected means."""
        m *= self.beta1
        m += g
        v *= self.beta2
        v += g**2
        weights1 = (1 - self.beta1**self.t) / (1 - self.beta1)
        weights2 = (1 - self.beta2**self.t) / (1 - self.beta2)
        root = math.sqrt(weights2)
        rate = self.learning_rate * root / weights1
        theta -= rate * m / (np.sqrt(v) + root * self.epsilon)


class AdamW(Adam):
    r"""Adam with decay, :math:`\theta \leftarrow (1-\eta\lambda)\theta`.

    The decay does not pass through the running means, unlike an L2 penalty;
    it acts on the whole vector, biases included.

    Parameters
    ----------
    learning_rate, beta1, beta2, epsilon : float
        As in Adam.
    weight_decay : float
        The decay :math:`\lambda`, 0 or more.

    Raises
    ------
    TypeError, ValueError
        If a number is of the wrong kind or outside its range.

    References
    ----------
    Loshchilov & Hutter (2019), *Decoupled Weight Decay Regularization*,
    algorithm 2.
    """

    def __init__(
        self,
        learning_rate: float = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(learning_rate, beta1, beta2, epsilon)
        self.weight_decay = require_between(
            "weight_decay", weight_decay, 0, math.inf
        )

    def update(
        self, theta: np.ndarray, g: np.ndarray, m: np.ndarray, v: np.ndarray
    ) -> None:
        """Shrink every parameter, then step as Adam does."""
        theta *= 1 - self.learning_rate * self.weight_decay
        super().update(theta, g, m, v)


def step_decay(every: int, factor: float = 0.1) -> Callable[[int], float]:
    """Multiply the rate by a factor every so many steps.

    Parameters
    ----------
    every : int
        Steps between two cuts.
    factor : float
        Above 0; below 1 the rate falls.

    Returns
    -------
    callable
        Takes the steps already done, returns the multiple of the base rate.
    """
    require_integer("every", every, least=1)
    require_positive("factor", factor)
    return lambda step: float(factor ** (step // every))


def cosine(n_steps: int) -> Callable[[int], float]:
    r"""Let the rate fall like :math:`\frac12(1 + \cos(\pi t/T))`.

    Parameters
    ----------
    n_steps : int
        Steps T until the rate reaches 0; behind it, it stays there.

    Returns
    -------
    callable
        Takes the steps already done, returns the multiple of the base rate.

    References
    ----------
    Loshchilov & Hutter (2017), *SGDR: Stochastic Gradient Descent with Warm
    Restarts*, equation 5.
    """
    require_integer("n_steps", n_steps, least=1)
    return lambda step: (1 + math.cos(math.pi * min(step / n_steps, 1))) / 2


def warmup(
    n_steps: int, then: Callable[[int], float] | None = None
) -> Callable[[int], float]:
    """Let the rate rise in a straight line, then follow a schedule.

    Parameters
    ----------
    n_steps : int
        Steps until the full rate.
    then : callable or None
        A schedule that begins where the rise ends; None stays at 1.

    Returns
    -------
    callable
        Takes the steps already done, returns the multiple of the base rate.

    References
    ----------
    Goyal et al. (2017), *Accurate, Large Minibatch SGD*, section 2.2.
    """
    require_integer("n_steps", n_steps, least=1)

    def schedule(step: int) -> float:
        if step < n_steps:
            return (step + 1) / n_steps
        return then(step - n_steps) if then else 1.0

    return schedule
