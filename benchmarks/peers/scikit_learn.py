"""scikit-learn's MLPClassifier, with what would end training early turned off."""

import warnings

from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks.cases import Case
from benchmarks.data import Data
from benchmarks.peers import Job

__all__ = ["prepare"]

ACTIVATIONS = {"relu": "relu", "sigmoid": "logistic"}


def prepare(case: Case, data: Data, seed: int) -> Job:
    """Return the same number of epochs at the same rate, without a penalty."""
    model = MLPClassifier(
        case.sizes[1:-1], activation=ACTIVATIONS[case.activation], solver=case.optimizer,
        momentum=0, alpha=0, batch_size=case.batch_size, learning_rate_init=case.learning_rate,
        max_iter=case.n_epochs, n_iter_no_change=case.n_epochs + 1, tol=0, random_state=seed,
    )  # fmt: skip

    def fit() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(data.X, data.y)

    return Job(fit, model.predict)
