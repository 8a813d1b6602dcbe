"""Neural networks from scratch: the code that the course derives, in numpy."""

import importlib
from typing import Any

from nnlib.activations import (
    leaky_relu,
    leaky_relu_derivative,
    linear,
    linear_derivative,
    log_softmax,
    relu,
    relu_derivative,
    sigmoid,
    sigmoid_derivative,
    softmax,
    tanh,
    tanh_derivative,
)
from nnlib.diagnostics import Signals, measure_signals, signal_experiment
from nnlib.gradient_check import check_gradients, numerical_gradient, relative_error
from nnlib.layers import Activation, Dense, Dropout, GaussianDropout, affine, affine_backward
from nnlib.losses import (
    binary_cross_entropy,
    mean_absolute_error,
    mean_squared_error,
    softmax_cross_entropy,
)
from nnlib.network import Network, mlp
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
from nnlib.training import L2, EarlyStopping, History, clip_gradient, minibatches, train
from nnlib.validation import CheckpointError, DivergedError, NnlibWarning, NotFittedError

__version__ = "0.1.0"

__all__ = [
    "L2",
    "SGD",
    "Activation",
    "AdaGrad",
    "Adam",
    "AdamW",
    "CheckpointError",
    "Dense",
    "DivergedError",
    "Dropout",
    "EarlyStopping",
    "GaussianDropout",
    "History",
    "Momentum",
    "Nesterov",
    "Network",
    "NnlibWarning",
    "NotFittedError",
    "RMSProp",
    "Signals",
    "affine",
    "affine_backward",
    "binary_cross_entropy",
    "check_gradients",
    "clip_gradient",
    "cosine",
    "leaky_relu",
    "leaky_relu_derivative",
    "linear",
    "linear_derivative",
    "log_softmax",
    "mean_absolute_error",
    "mean_squared_error",
    "measure_signals",
    "minibatches",
    "mlp",
    "numerical_gradient",
    "relative_error",
    "relu",
    "relu_derivative",
    "sigmoid",
    "sigmoid_derivative",
    "signal_experiment",
    "softmax",
    "softmax_cross_entropy",
    "step_decay",
    "tanh",
    "tanh_derivative",
    "train",
    "warmup",
]

# Modules that need more than numpy, loaded when they are first asked for.
_LAZY = ("datasets", "estimators", "explorers", "export", "plots")


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return importlib.import_module(f"nnlib.{name}")
    raise AttributeError(f"module 'nnlib' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY])
