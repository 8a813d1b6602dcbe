"""NetworkClassifier: a network that names classes."""

from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.preprocessing import LabelEncoder
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from nnlib.estimators.base import NetworkEstimator
from nnlib.losses import softmax_cross_entropy
from nnlib.running import limit_threads

__all__ = ["NetworkClassifier"]


class NetworkClassifier(ClassifierMixin, NetworkEstimator):  # type: ignore[misc,unused-ignore]
    """A multilayer perceptron with softmax, trained on cross-entropy.

    X is taken as it is, and a network learns best from standardised features:
    ``make_pipeline(StandardScaler(), NetworkClassifier())``. uint8 is read as pixels
    and divided by 255, as everywhere in nnlib.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int, or int
        Units of each hidden layer; ``()`` is softmax regression.
    activation : str
        The bend behind every hidden layer: linear, sigmoid, tanh, relu or leaky_relu.
    init : str or None
        Scheme of every layer's first weights, for instance "normal" or "he_normal"; None
        draws He before relu and Xavier otherwise, as ``mlp`` does.
    drop_prob : float
        Share of every hidden layer's outputs that dropout drops, in [0, 1).
    optimizer : str or Optimizer
        "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", or an object
        such as ``Momentum(0.1, beta=0.8)``, which is copied.
    learning_rate : float or None
        Above 0. None is 0.01 for an optimizer given by name, and an object's own rate.
    batch_size : int
        Examples per step.
    n_epochs : int
        Passes over all examples, fewer with early stopping; ``partial_fit`` makes one.
    l2 : float
        Strength of the L2 penalty on the weights.
    clip_norm : float or None
        The largest norm of a gradient; a longer one is shortened.
    early_stopping : bool
        Put examples for validation aside, stop when their loss no longer falls, and
        return to the best epoch.
    validation_fraction : float
        Share of the examples that early stopping puts aside, in (0, 1).
    n_iter_no_change : int
        Epochs that early stopping waits for a lower validation loss.
    dtype : float64 or float32
        Of the network's numbers.
    random_state : None, int or RandomState
        Draws the weights, the batches, the dropout and the validation examples. An int
        gives the same network in every call; None reads numpy's global state.

    Attributes
    ----------
    classes_ : ndarray, shape (k,)
        The labels, sorted; output i of the network belongs to ``classes_[i]``.
    network_ : Network
        ``network_.save`` writes it to a file.
    optimizer_ : Optimizer
        The copy that took the steps.
    history_ : History
        Losses and shares of right answers, epoch by epoch: ``history_.plot()``.
    loss_curve_ : list of float
        ``history_.loss``.
    n_iter_ : int
        Epochs trained.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where X is a data frame whose columns have names.
    """

    _loss = staticmethod(softmax_cross_entropy)
    _stratified = True

    def fit(self, X: Any, y: Any) -> Self:
        """Train a new network.

        Parameters
        ----------
        X : array_like, shape (n, n_in)
        y : array_like, shape (n,)
            Labels of any kind, two or more different ones.

        Returns
        -------
        NetworkClassifier
            Itself.

        Raises
        ------
        TypeError, ValueError
            If a parameter or the data cannot be right.
        DivergedError
            If training diverges; the estimator is not fitted then.
        """
        X, y = validate_data(self, X, y, dtype="numeric")
        check_classification_targets(y)
        self._name_classes(y)
        return self._fit(X, self._labels(y), len(self.classes_))

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> Self:
        """Train one epoch more on these examples; optimizer and batches go on.

        Parameters
        ----------
        X : array_like, shape (n, n_in)
        y : array_like, shape (n,)
        classes : array_like, shape (k,), or None
            All labels that will ever come; the first call needs them.

        Returns
        -------
        NetworkClassifier
            Itself.

        Raises
        ------
        ValueError
            If the first call names no classes, a later one others, or y holds a label
            that is not among them.
        """
        new = self._is_new()
        if new and classes is None:
            raise ValueError(
                "the first call of partial_fit must name all classes: "
                "partial_fit(X, y, classes=np.unique(all_labels))"
            )
        X, y = validate_data(self, X, y, dtype="numeric", reset=new)
        check_classification_targets(y)
        if new:
            self._name_classes(classes)
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(
                f"classes={np.unique(classes).tolist()} differ from {self.classes_.tolist()} of "
                "the first call; name them once, or call fit to begin anew"
            )
        return self._partial_fit(X, self._labels(y), len(self.classes_))

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable label of each row, shape (n,)."""
        X = self._read(X)
        with limit_threads(1):
            return self.classes_[self.network_.predict(X)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class, shape (n, k), in the order of ``classes_``."""
        X = self._read(X)
        with limit_threads(1):
            return self.network_.predict_proba(X)

    def _name_classes(self, labels: Any) -> None:
        classes = np.unique(labels)
        if len(classes) < 2:
            raise ValueError(
                f"there is one class, {classes.tolist()}; a classifier needs examples of at "
                "least two"
            )
        self.classes_ = classes

    def _labels(self, y: np.ndarray) -> np.ndarray:
        """Return the index of each label among the classes."""
        encoder = LabelEncoder()
        encoder.classes_ = self.classes_
        try:
            return encoder.transform(y)
        except ValueError as error:
            raise ValueError(
                f"{error}; the classes are {self.classes_.tolist()}: name every one in the first "
                "call, partial_fit(X, y, classes=...)"
            ) from error
