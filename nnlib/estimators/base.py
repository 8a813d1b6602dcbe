"""What the two estimators share: their parameters, the network, the training."""

import copy
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from nnlib.inspection import Layer, Optimizer
from nnlib.layers import Activation, Dense, Dropout
from nnlib.network import Network
from nnlib.optimizers import SGD, AdaGrad, Adam, AdamW, Momentum, Nesterov, RMSProp
from nnlib.training import L2, EarlyStopping, History, train
from nnlib.validation import (
    as_generator,
    require_between,
    require_choice,
    require_integer,
    require_positive,
)

__all__ = ["NetworkEstimator"]

_OPTIMIZERS: dict[str, Callable[[float], Optimizer]] = {
    "sgd": SGD,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "adagrad": AdaGrad,
    "rmsprop": RMSProp,
    "adam": Adam,
    "adamw": AdamW,
}
_LEARNING_RATE = 0.01  # of an optimizer that is given by its name


class _Parts(NamedTuple):
    """What training works with, and a later call goes on with."""

    network: Network
    optimizer: Optimizer
    rng: np.random.Generator
    history: History


class NetworkEstimator(BaseEstimator):  # type: ignore[misc,unused-ignore]  # sklearn is untyped
    """Parameters are kept as they come, and checked when ``fit`` uses them.

    A subclass names the loss, and turns y into the targets that the loss takes.
    """

    _loss: ClassVar[Any]
    _stratified: ClassVar[bool]  # whether validation examples keep the shares of the classes

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] | int = (32,),
        activation: str = "relu",
        init: str | None = None,
        drop_prob: float = 0.0,
        optimizer: str | Optimizer = "adam",
        learning_rate: float | None = None,
        batch_size: int = 32,
        n_epochs: int = 20,
        l2: float = 0.0,
        clip_norm: float | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        dtype: Any = np.float64,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.init = init
        self.drop_prob = drop_prob
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_epochs = n_epochs
        self.l2 = l2
        self.clip_norm = clip_norm
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.dtype = dtype
        self.random_state = random_state

    @property
    def loss_curve_(self) -> list[float]:
        """The loss on the training examples after each epoch, without dropout."""
        return self.history_.loss

    @property
    def n_iter_(self) -> int:
        """How many epochs were trained."""
        return len(self.history_)

    def _fit(self, X: np.ndarray, targets: np.ndarray, n_out: int) -> Self:
        """Train from the beginning, all epochs."""
        parts = self._begin(n_out)
        options: dict[str, Any] = {}
        if self.early_stopping:
            patience = require_integer("n_iter_no_change", self.n_iter_no_change, least=1)
            X, X_val, targets, targets_val = self._split(X, targets, parts.rng)
            options["validation"] = X_val, targets_val
            options["callbacks"] = [EarlyStopping(patience)]
        return self._train(parts, X, targets, self.n_epochs, **options)

    def _partial_fit(self, X: np.ndarray, targets: np.ndarray, n_out: int) -> Self:
        """Train one epoch more, on these examples."""
        if self.early_stopping:
            raise ValueError(
                "partial_fit does not stop early, it keeps no examples for validation: set "
                "early_stopping=False, or call fit"
            )
        if self._is_new():
            return self._train(self._begin(n_out), X, targets, 1)
        parts = _Parts(self.network_, self.optimizer_, self._rng, self.history_)
        return self._train(parts, X, targets, 1)

    def _is_new(self) -> bool:
        return not hasattr(self, "network_")

    def _begin(self, n_out: int) -> _Parts:
        """Return what training starts with; until it succeeds the estimator is not fitted."""
        for name in {"network_", "optimizer_", "history_"} & vars(self).keys():
            delattr(self, name)
        rng = as_generator(check_random_state(self.random_state))
        return _Parts(Network(self._layers(n_out), rng, self.dtype), self._rule(), rng, History())

    def _layers(self, n_out: int) -> list[Layer]:
        hidden = self.hidden_layer_sizes
        hidden = hidden if isinstance(hidden, Iterable) else [hidden]
        sizes = [require_integer("hidden_layer_sizes", size, least=1) for size in hidden]
        sizes = [self.n_features_in_, *sizes]
        layers: list[Layer] = []
        for n_in, n_hidden in pairwise(sizes):
            layers += [Dense(n_in, n_hidden, self.init), Activation(self.activation)]
            layers += [Dropout(self.drop_prob)] if self.drop_prob else []
        return [*layers, Dense(sizes[-1], n_out, self.init)]

    def _rule(self) -> Optimizer:
        """Return an optimizer that has taken no step; the one given stays as it is."""
        rate = self.learning_rate
        if isinstance(self.optimizer, str):
            name = require_choice("optimizer", self.optimizer, _OPTIMIZERS)
            return _OPTIMIZERS[name](_LEARNING_RATE if rate is None else rate)
        if not isinstance(self.optimizer, Optimizer):
            raise TypeError(
                f"optimizer must be a name or an optimizer, got {self.optimizer!r}: "
                "write optimizer='adam' or optimizer=Adam(0.01)"
            )
        rule = copy.deepcopy(self.optimizer)
        rule.reset()
        if rate is not None:
            rule.learning_rate = require_positive("learning_rate", rate)
        return rule

    def _split(self, X: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> list[Any]:
        """Put examples for validation aside."""
        share = require_between("validation_fraction", self.validation_fraction, 0, 1)
        stratify = targets if self._stratified else None
        seed = int(rng.integers(2**31))
        parts: list[Any] = train_test_split(
            X, targets, test_size=share, stratify=stratify, random_state=seed
        )
        return parts

    def _train(
        self, parts: _Parts, X: np.ndarray, targets: np.ndarray, n_epochs: int, **options: Any
    ) -> Self:
        """Train and keep what came of it; Ctrl-C keeps it too, and goes on to the caller."""
        strength = require_between("l2", self.l2, 0, np.inf)
        found = train(
            parts.network, self._loss, parts.optimizer, X, targets,
            n_epochs=n_epochs, batch_size=self.batch_size, rng=parts.rng,
            penalty=L2(strength) if strength else None, clip_norm=self.clip_norm, **options,
        )  # fmt: skip
        for name, values in vars(found).items():
            setattr(parts.history, name, _joined(getattr(parts.history, name), values))
        self.network_, self.optimizer_, self._rng, self.history_ = parts
        if found.stopped == "interrupted":
            raise KeyboardInterrupt  # a search would go on with its next candidate
        return self

    def _read(self, X: Any) -> Any:
        """Return examples to predict for, checked; the network itself converts them."""
        check_is_fitted(self, "network_")
        return validate_data(self, X, dtype="numeric", reset=False)


def _joined(old: Any, new: Any) -> Any:
    """Return two lists as one; of anything else the new one."""
    return [*old, *new] if isinstance(new, list) else new
