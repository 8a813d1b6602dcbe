"""NetworkRegressor: a network that predicts numbers."""

from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import column_or_1d, validate_data

from nnlib.estimators.base import NetworkEstimator
from nnlib.losses import mean_squared_error
from nnlib.running import limit_threads

__all__ = ["NetworkRegressor"]


class NetworkRegressor(RegressorMixin, NetworkEstimator):  # type: ignore[misc,unused-ignore]
    """A multilayer perceptron with linear outputs, trained on squared errors.

    X is taken as it is: put a StandardScaler before it. y is standardised inside, each
    column to mean 0 and variance 1, and predictions are scaled back, so that a learning
    rate suits targets in any unit and ``1 - loss_curve_[-1]`` is the R2 of the training
    examples.

    Parameters
    ----------
    hidden_layer_sizes, activation, init, drop_prob
        As in NetworkClassifier; ``hidden_layer_sizes=()`` is linear regression.
    optimizer, learning_rate, batch_size, n_epochs, l2, clip_norm
        As in NetworkClassifier.
    early_stopping, validation_fraction, n_iter_no_change
        As in NetworkClassifier.
    dtype, random_state
        As in NetworkClassifier.

    Attributes
    ----------
    y_mean_, y_scale_ : float, or ndarray of shape (k,)
        Mean and standard deviation of y; a constant column keeps the scale 1.
    network_, optimizer_, history_, loss_curve_, n_iter_
        As in NetworkClassifier; losses are those of the standardised y.
    n_features_in_, feature_names_in_
        As in NetworkClassifier.
    """

    _loss = staticmethod(mean_squared_error)
    _stratified = False

    def fit(self, X: Any, y: Any) -> Self:
        """Train a new network.

        Parameters
        ----------
        X : array_like, shape (n, n_in)
        y : array_like, shape (n,) or (n, k)

        Returns
        -------
        NetworkRegressor
            Itself.

        Raises
        ------
        TypeError, ValueError
            If a parameter or the data cannot be right.
        DivergedError
            If training diverges; the estimator is not fitted then.
        """
        X, y = self._read_pair(X, y, new=True)
        return self._fit(X, self._scaled(y), y[0].size)

    def partial_fit(self, X: Any, y: Any) -> Self:
        """Train one epoch more on these examples; the scale of y is that of the first call.

        Parameters
        ----------
        X : array_like, shape (n, n_in)
        y : array_like, shape (n,) or (n, k)

        Returns
        -------
        NetworkRegressor
            Itself.

        Raises
        ------
        ValueError
            If y has another number of columns than in the first call.
        """
        X, y = self._read_pair(X, y, new=self._is_new())
        return self._partial_fit(X, self._scaled(y), y[0].size)

    def predict(self, X: Any) -> np.ndarray:
        """Return the predicted y of each row, shape (n,) or (n, k) as in ``fit``."""
        X = self._read(X)
        with limit_threads(1):
            outputs = self.network_.forward(X)
        if np.ndim(self.y_mean_) == 0:
            outputs = outputs[:, 0]
        return self.y_mean_ + self.y_scale_ * outputs

    def _read_pair(self, X: Any, y: Any, new: bool) -> tuple[Any, np.ndarray]:
        """Return X and y, checked; a new y decides the scale."""
        X, y = validate_data(
            self, X, y, dtype="numeric", y_numeric=True, multi_output=True, reset=new
        )
        y = column_or_1d(y, warn=True) if y.shape[1:] == (1,) else y
        y = y.astype(float)
        if new:
            deviation = y.std(axis=0)
            self.y_mean_, self.y_scale_ = y.mean(axis=0), np.where(deviation > 0, deviation, 1.0)
        elif y.shape[1:] != np.shape(self.y_mean_):
            raise ValueError(
                f"y has shape {y.shape}, but the first call had one of shape "
                f"{('n', *np.shape(self.y_mean_))}; give it the same number of columns"
            )
        return X, y

    def _scaled(self, y: np.ndarray) -> np.ndarray:
        """Return the targets of the network, shape (n, k)."""
        return ((y - self.y_mean_) / self.y_scale_).reshape(len(y), -1)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
