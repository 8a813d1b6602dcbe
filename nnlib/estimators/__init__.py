"""Networks as scikit-learn estimators, for pipelines, searches and displays.

    from nnlib.estimators import NetworkClassifier
    make_pipeline(StandardScaler(), NetworkClassifier(random_state=0)).fit(X, y)

A thin adapter: layers, optimizers and ``train`` are those of the course. Everything
random comes from ``random_state``, and the linear algebra uses one thread, so that a
score is the same number in every process. ``base.py`` holds what both estimators
share.
"""

from nnlib.validation import require_extra

require_extra("sklearn", "estimators")

from nnlib.estimators.classifier import NetworkClassifier
from nnlib.estimators.regressor import NetworkRegressor

__all__ = ["NetworkClassifier", "NetworkRegressor"]
