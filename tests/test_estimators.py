"""nnlib.estimators: worked examples, scikit-learn's checks and displays, laws, errors."""

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import joblib
import numpy as np
import pandas as pd
import plan
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits, load_wine
from sklearn.exceptions import DataConversionWarning, FitFailedWarning, NotFittedError
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    LearningCurveDisplay,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from threadpoolctl import threadpool_info, threadpool_limits

from nnlib import (
    SGD,
    Activation,
    Adam,
    Dense,
    DivergedError,
    Dropout,
    Momentum,
    Network,
    mlp,
    softmax_cross_entropy,
    train,
)
from nnlib.estimators import NetworkClassifier, NetworkRegressor

X, LABELS = load_wine(return_X_y=True)
X = StandardScaler().fit_transform(X)
NAMES = np.array(["barolo", "grignolino", "barbera"])[LABELS]
NUMBERS = X @ np.linspace(-1, 1, 13) + np.sin(3 * X[:, 0])
SHUFFLED = StratifiedKFold(5, shuffle=True, random_state=0)
BOTH = pytest.mark.parametrize(
    ("build", "y"), [(NetworkClassifier, NAMES), (NetworkRegressor, NUMBERS)], ids=["C", "R"]
)


def generator(seed: int) -> np.random.Generator:
    """Return the generator that an estimator makes from random_state=seed."""
    return np.random.default_rng(np.random.RandomState(seed).randint(2**31))


# Worked examples


def test_a_classifier_is_the_course_s_own_code():
    model = NetworkClassifier((8, 6), optimizer=Momentum(0.05), n_epochs=4, random_state=7)
    rng = generator(7)
    network = mlp([13, 8, 6, 3], rng=rng)
    history = train(network, softmax_cross_entropy, Momentum(0.05), X, LABELS, n_epochs=4, rng=rng)
    np.testing.assert_array_equal(model.fit(X, LABELS).predict_proba(X), network.predict_proba(X))
    np.testing.assert_array_equal(model.predict(X), network.predict(X))
    assert model.loss_curve_ == model.history_.loss == history.loss
    assert model.history_.accuracy == history.accuracy
    assert model.n_iter_ == 4
    assert repr(model.network_) == repr(network)


def test_each_parameter_reaches_the_network():
    model = NetworkClassifier(
        [5], activation="tanh", init="lecun_normal", drop_prob=0.25, dtype=np.float32,
        batch_size=178, n_epochs=1, optimizer="sgd", learning_rate=0.5, random_state=0,
    ).fit(X, LABELS)  # fmt: skip
    layers = [
        Dense(13, 5, "lecun_normal"), Activation("tanh"), Dropout(0.25), Dense(5, 3, "lecun_normal")
    ]  # fmt: skip
    assert [repr(layer) for layer in model.network_] == [repr(layer) for layer in layers]
    assert model.network_.theta.dtype == model.predict_proba(X).dtype == np.float32
    assert repr(model.optimizer_) == "SGD(learning_rate=0.5)"
    assert model.optimizer_.t == 1


def test_softmax_regression_is_that_of_scikit_learn():
    model = NetworkClassifier(
        (), optimizer=Momentum(0.5), batch_size=len(X), n_epochs=600, l2=0.05, random_state=0
    ).fit(X, NAMES)
    oracle = LogisticRegression(C=1 / (0.05 * len(X)), tol=1e-10, max_iter=1000).fit(X, NAMES)
    np.testing.assert_array_equal(model.classes_, oracle.classes_)
    np.testing.assert_allclose(model.predict_proba(X), oracle.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize("columns", [1, 3])
def test_linear_regression_is_that_of_scikit_learn(columns: int):
    y = (
        1e4
        + 300
        * np.random.default_rng(0).normal(size=(len(X), columns))
        @ np.diag([1, 9, 2])[:columns, :columns]
    )
    y = y[:, 0] if columns == 1 else y
    model = NetworkRegressor(
        (), optimizer=Momentum(0.1), batch_size=len(X), n_epochs=2000, random_state=0
    ).fit(X, y)
    oracle = LinearRegression().fit(X, y)
    assert model.predict(X).shape == y.shape
    np.testing.assert_allclose(model.predict(X), oracle.predict(X), rtol=1e-7)
    assert model.score(X, y) == pytest.approx(oracle.score(X, y), abs=1e-9)
    if columns == 1:
        assert 1 - model.loss_curve_[-1] == pytest.approx(oracle.score(X, y), abs=1e-9)


def test_early_stopping_gives_the_best_epoch_back():
    model = NetworkClassifier(
        (64,), early_stopping=True, validation_fraction=0.3, n_iter_no_change=4, n_epochs=200,
        learning_rate=0.03, random_state=1,
    ).fit(X, LABELS)  # fmt: skip
    losses = model.history_.validation_loss
    best = int(np.argmin(losses))
    assert len(losses) == model.n_iter_ == best + 1 + 4
    assert model.history_.stopped == "callback"
    assert model.network_.theta.size == 13 * 64 + 64 + 64 * 3 + 3
    # Trained on the other 70% of the examples, whose loss in that epoch it must have.
    shares = np.bincount(LABELS) / len(LABELS)
    hard = softmax_cross_entropy(model.network_.forward(X), LABELS)[0]
    assert hard == pytest.approx(0.7 * model.loss_curve_[best] + 0.3 * losses[best], rel=0.02)
    assert shares.min() > 0.2


@pytest.mark.parametrize(
    ("load", "model", "folds", "least"),
    [
        (load_wine, NetworkClassifier(random_state=0), StratifiedKFold(5), 0.96),
        (load_digits, NetworkClassifier(random_state=0), SHUFFLED, 0.96),
        (load_diabetes, NetworkRegressor(random_state=0), KFold(5), 0.4),
    ],
    ids=["wine", "digits", "diabetes"],
)
def test_the_defaults_are_good_enough(load: Any, model: Any, folds: Any, least: float):
    features, y = load(return_X_y=True)
    scores = cross_val_score(make_pipeline(StandardScaler(), model), features, y, cv=folds)
    assert scores.mean() >= least


# What scikit-learn asks of an estimator


@parametrize_with_checks([NetworkClassifier(), NetworkRegressor()])
def test_the_conventions(estimator: Any, check: Any):
    name = check.func.__name__
    if "array_api" not in name or "SCIPY_ARRAY_API" in os.environ:
        check(estimator)
        return
    # SciPy reads this variable once, when it is imported: such a check runs in its own process.
    script = (
        "from nnlib import estimators\n"
        "from sklearn.utils import estimator_checks\n"
        f"model = estimators.{estimator!r}\n"
        f"estimator_checks.{name}(*{check.args!r}, model, **{check.keywords!r})\n"
    )
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], cwd=plan.ROOT, capture_output=True,
        text=True, env={**os.environ, "SCIPY_ARRAY_API": "1"},
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (0, "")


def test_a_grid_over_the_first_weights_and_the_depth():
    grid = {
        "init": ["zeros", "normal", "xavier_normal", "he_normal"],
        "hidden_layer_sizes": [(16,), (16,) * 6],
        "random_state": [0, 1],
    }
    search = GridSearchCV(NetworkClassifier(n_epochs=8), grid, cv=3).fit(X, NAMES)
    table = pd.DataFrame(search.cv_results_)
    table["depth"] = table["param_hidden_layer_sizes"].map(len)
    means = table.groupby(["param_init", "depth"])["mean_test_score"].mean()
    most = np.bincount(LABELS).max() / len(LABELS)
    for init, depth in [("zeros", 1), ("zeros", 6), ("normal", 6)]:  # no signal passes
        assert means[init, depth] == pytest.approx(most, abs=0.01)
    assert means["he_normal", 6] > 0.9
    assert search.best_estimator_.predict(X).tolist() == search.predict(X).tolist()


def test_the_displays(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    plt = pytest.importorskip("matplotlib.pyplot")
    model = NetworkClassifier(n_epochs=5, random_state=0).fit(X[:, :2], NAMES)
    matrix = ConfusionMatrixDisplay.from_estimator(model, X[:, :2], NAMES)
    assert matrix.confusion_matrix.sum() == len(X)
    assert list(matrix.display_labels) == ["barbera", "barolo", "grignolino"]
    for method in ("predict", "predict_proba"):
        boundary = DecisionBoundaryDisplay.from_estimator(
            model, X[:, :2], response_method=method, grid_resolution=20
        )
        assert boundary.response.shape[:2] == (20, 20)
    curve = LearningCurveDisplay.from_estimator(model, X[:, :2], NAMES, cv=3, train_sizes=[0.5, 1])
    assert curve.test_scores.shape == (2, 3)
    assert (curve.train_scores > 0.5).all()
    plt.close("all")


@pytest.fixture
def cluster() -> Iterator[str]:
    """Start two Dask workers on this machine, and name joblib's way to them."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as workers,
        distributed.Client(workers),
    ):
        yield "dask"


def scores(build: Any, y: np.ndarray, backend: str) -> list[float]:
    """Return the scores of a small search; a mean of logarithms tells the last bit."""
    model = build((24, 24), n_epochs=3, drop_prob=0.1, early_stopping=True)
    search = GridSearchCV(
        model, {"batch_size": [20, 32], "random_state": [0, 1]}, cv=3,
        scoring="neg_log_loss" if build is NetworkClassifier else "r2",
    )  # fmt: skip
    with joblib.parallel_config(backend=backend, n_jobs=2):
        search.set_params(n_jobs=1 if backend == "sequential" else 2).fit(X, y)
    return [search.cv_results_[f"split{i}_test_score"].tolist() for i in range(3)]


@BOTH
def test_processes_give_the_bits_of_a_serial_search(build: Any, y: np.ndarray):
    assert scores(build, y, "loky") == scores(build, y, "sequential")


def test_a_cluster_gives_the_bits_of_a_serial_search(cluster: str):
    for build, y in [(NetworkClassifier, NAMES), (NetworkRegressor, NUMBERS)]:
        assert scores(build, y, cluster) == scores(build, y, "sequential")


# Laws


@BOTH
def test_partial_fit_goes_on_where_the_last_call_ended(build: Any, y: np.ndarray):
    parameters = {"optimizer": "nesterov", "drop_prob": 0.2, "random_state": 3}
    whole = build(n_epochs=5, **parameters).fit(X, y)
    first = {"classes": np.unique(y)} if build is NetworkClassifier else {}
    parts = build(n_epochs=77, **parameters).partial_fit(X, y, **first)
    for _ in range(3):
        parts.partial_fit(X, y)
    parts = pickle.loads(pickle.dumps(parts)).partial_fit(X, y)
    np.testing.assert_array_equal(parts.network_.theta, whole.network_.theta)
    np.testing.assert_array_equal(parts.predict(X), whole.predict(X))
    assert parts.loss_curve_ == whole.loss_curve_
    assert parts.n_iter_ == 5
    assert parts.fit(X, y).n_iter_ == 77
    assert whole.partial_fit(X, y).n_iter_ == 6


@BOTH
def test_everything_random_comes_from_random_state(build: Any, y: np.ndarray):
    model = build(n_epochs=2, drop_prob=0.2, early_stopping=True)

    def theta(state: Any) -> list[float]:
        return clone(model).set_params(random_state=state).fit(X, y).network_.theta.tolist()

    assert theta(0) == theta(np.int64(0)) == theta(np.random.RandomState(0))
    assert theta(0) != theta(1)
    state = np.random.RandomState(0)
    again = build(n_epochs=2, random_state=state)
    first = again.fit(X, y).network_.theta
    assert (again.fit(X, y).network_.theta != first).any()  # a RandomState is drawn from
    again.set_params(random_state=0)
    assert again.fit(X, y).network_.theta.tolist() == again.fit(X, y).network_.theta.tolist()


@pytest.mark.parametrize("seed", [0, 5])
def test_without_random_state_numpy_s_global_state_decides(seed: int):
    before = np.random.get_state()  # noqa: NPY002
    thetas = []
    for _ in range(2):
        np.random.seed(seed)  # noqa: NPY002
        thetas.append(NetworkRegressor(n_epochs=1).fit(X, NUMBERS).network_.theta)
    np.random.set_state(before)  # noqa: NPY002
    np.testing.assert_array_equal(*thetas)
    one = NetworkRegressor(n_epochs=1, random_state=np.random.RandomState(seed)).fit(X, NUMBERS)
    np.testing.assert_array_equal(one.network_.theta, thetas[0])


@BOTH
def test_an_optimizer_that_is_passed_stays_as_it_is(build: Any, y: np.ndarray):
    optimizer = Adam(0.02)
    optimizer.step(np.zeros(3), np.ones(3))
    model = build(optimizer=optimizer, n_epochs=3, random_state=0).fit(X, y)
    assert (optimizer.t, optimizer.n_bytes, model.optimizer) == (1, 48, optimizer)
    twin = build(optimizer=Adam(0.02), n_epochs=3, random_state=0).fit(X, y)
    np.testing.assert_array_equal(model.network_.theta, twin.network_.theta)
    named = build(optimizer="adam", learning_rate=0.02, n_epochs=3, random_state=0).fit(X, y)
    np.testing.assert_array_equal(model.network_.theta, named.network_.theta)
    model.set_params(learning_rate=0.1).fit(X, y)  # a number overrides the object's, in the copy
    assert (model.optimizer_.learning_rate, optimizer.learning_rate) == (0.1, 0.02)
    assert clone(model).optimizer is not optimizer


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("sgd", "SGD"), ("momentum", "Momentum"), ("nesterov", "Nesterov"), ("adagrad", "AdaGrad"),
        ("rmsprop", "RMSProp"), ("adam", "Adam"), ("adamw", "AdamW"),
    ],
)  # fmt: skip
def test_optimizers_by_name(name: str, rule: str):
    model = NetworkClassifier(optimizer=name, n_epochs=1, random_state=0).fit(X, NAMES)
    assert repr(model.optimizer_).startswith(f"{rule}(learning_rate=0.01")


@pytest.mark.parametrize("labels", [NAMES, NAMES == "barolo", LABELS * 10 - 5, LABELS / 2], ids=str)
def test_labels_of_any_kind(labels: np.ndarray):
    y = labels if labels.dtype.kind != "f" else labels.astype(str)
    model = NetworkClassifier(random_state=0).fit(X, y)
    assert model.classes_.tolist() == sorted(set(y.tolist()))
    assert model.score(X, y) > 0.97
    probabilities = model.predict_proba(X)
    assert probabilities.shape == (len(X), len(model.classes_))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-14)
    assert (model.classes_[probabilities.argmax(axis=1)] == model.predict(X)).all()


@pytest.mark.parametrize("columns", [1, 2])
def test_units_of_y_change_nothing(columns: int):
    y = np.column_stack([NUMBERS, X[:, 1]])[:, :columns]
    y = y[:, 0] if columns == 1 else y
    one = NetworkRegressor(random_state=0).fit(X, y)
    other = NetworkRegressor(random_state=0).fit(X, 1024 * y + 4096)
    np.testing.assert_allclose(other.predict(X), 1024 * one.predict(X) + 4096, rtol=1e-6)
    np.testing.assert_allclose(other.loss_curve_, one.loss_curve_, rtol=1e-6)


def test_a_constant_y_is_learned():
    model = NetworkRegressor(random_state=0).fit(X, np.full(len(X), 7))
    np.testing.assert_allclose(model.predict(X), 7, atol=0.5)
    assert model.y_scale_ == 1


@pytest.mark.parametrize("build", [NetworkClassifier, NetworkRegressor])
def test_a_column_is_raveled_with_a_warning(build: Any):
    y = LABELS[:, None]
    with pytest.warns(DataConversionWarning, match=r"column-vector y was passed"):
        model = build(n_epochs=2, random_state=0).fit(X, y)
    flat = build(n_epochs=2, random_state=0).fit(X, LABELS)
    np.testing.assert_array_equal(model.predict(X), flat.predict(X))


def test_a_data_frame_gives_the_names_of_its_columns():
    frame = load_wine(as_frame=True)
    model = NetworkClassifier(n_epochs=1, random_state=0).fit(frame.data, frame.target)
    assert model.feature_names_in_.tolist() == frame.feature_names
    assert model.n_features_in_ == 13
    with pytest.raises(ValueError, match=r"feature names should match"):
        model.predict(frame.data[frame.feature_names[::-1]])


def test_uint8_is_read_as_pixels():
    pixels, y = load_digits(return_X_y=True)
    pixels = (pixels[:300] * 15).astype(np.uint8)
    model = NetworkClassifier(n_epochs=3, random_state=0).fit(pixels, y[:300])
    twin = NetworkClassifier(n_epochs=3, random_state=0).fit(pixels / 255, y[:300])
    np.testing.assert_array_equal(model.predict_proba(pixels), twin.predict_proba(pixels / 255))


@BOTH
def test_one_thread_computes(build: Any, y: np.ndarray, monkeypatch: pytest.MonkeyPatch):
    seen = set()
    forward = Network.forward

    def watched(self: Network, *args: Any, **options: Any) -> np.ndarray:
        blas = [info for info in threadpool_info() if info["user_api"] == "blas"]
        seen.update(info["num_threads"] for info in blas)
        return forward(self, *args, **options)

    monkeypatch.setattr(Network, "forward", watched)
    with threadpool_limits(2, user_api="blas"):
        model = build(n_epochs=1, random_state=0).fit(X, y)
        model.predict(X)
        if build is NetworkClassifier:
            model.predict_proba(X)
    assert seen == {1}


# Errors


class Press(SGD):
    """An optimizer that presses Ctrl-C in one of its steps."""

    def update(self, theta: np.ndarray, g: np.ndarray) -> None:
        super().update(theta, g)
        if self.t == 9:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.skipif(os.name != "posix", reason="os.kill sends no Ctrl-C on Windows")
def test_ctrl_c_ends_a_search_and_leaves_a_fit_usable():
    model = NetworkClassifier(optimizer=Press(0.1), random_state=0)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, NAMES)
    assert (model.n_iter_, model.optimizer_.t, model.history_.stopped) == (1, 9, "interrupted")
    assert model.predict(X).shape == (len(X),)
    with pytest.raises(KeyboardInterrupt):
        GridSearchCV(model, {"n_epochs": [5, 10]}, cv=2).fit(X, NAMES)


def test_a_fit_that_diverges_is_a_missing_score():
    model = NetworkClassifier(optimizer="sgd", n_epochs=50, random_state=0)
    with (
        pytest.warns(FitFailedWarning, match=r"Try learning_rate=1e\+07"),
        pytest.warns(UserWarning, match=r"test scores are non-finite"),
    ):
        search = GridSearchCV(model, {"learning_rate": [0.1, 1e8]}, cv=2).fit(X, NAMES)
    assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == [False, True]
    assert search.best_params_ == {"learning_rate": 0.1}


@BOTH
@pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"optimizer": "sgd", "learning_rate": 1e8}])
def test_a_fit_that_fails_leaves_no_half_trained_network(build: Any, y: Any, wrong: Any):
    model = build(n_epochs=3, random_state=0).fit(X, y)
    with pytest.raises((ValueError, DivergedError)):
        model.set_params(**wrong).fit(X, y)
    with pytest.raises(NotFittedError):
        model.predict(X)
    assert not hasattr(model, "loss_curve_")
    model.set_params(batch_size=32, learning_rate=0.1).fit(X, y).predict(X)


@pytest.mark.parametrize(
    ("parameters", "error", "parts"),
    [
        ({"optimizer": "Adam"}, ValueError, r"unknown optimizer 'Adam': did you mean 'adam'\?"),
        ({"optimizer": "lbfgs"}, ValueError, r"unknown optimizer 'lbfgs': .*Known: sgd, momentum"),
        ({"optimizer": Adam}, TypeError, r"got <class .*Adam'>: write optimizer='adam' or opt"),
        ({"optimizer": None}, TypeError, r"must be a name or an optimizer, got None"),
        ({"activation": "rleu"}, ValueError, r"unknown activation 'rleu': did you mean 'relu'\?"),
        ({"init": "he_norm"}, ValueError, r"unknown init 'he_norm': did you mean 'he_normal'"),
        ({"hidden_layer_sizes": 2.5}, TypeError, r"hidden_layer_sizes must be a whole number"),
        ({"hidden_layer_sizes": None}, TypeError, r"hidden_layer_sizes must be a whole number"),
        ({"hidden_layer_sizes": (4, 0)}, ValueError, r"hidden_layer_sizes must be at least 1"),
        ({"learning_rate": 0}, ValueError, r"learning_rate must be a finite number above 0"),
        ({"optimizer": SGD(1), "learning_rate": -1}, ValueError, r"learning_rate must be a fin"),
        ({"batch_size": 2.0}, TypeError, r"batch_size must be a whole number.*batch_size=2"),
        ({"n_epochs": -1}, ValueError, r"n_epochs must be at least 0, got -1"),
        ({"drop_prob": 1}, ValueError, r"drop_prob must lie in \[0, 1\), got 1"),
        ({"l2": -0.1}, ValueError, r"l2 must lie in \[0, inf\), got -0.1"),
        ({"clip_norm": 0}, ValueError, r"clip_norm must be a finite number above 0"),
        ({"early_stopping": True, "n_iter_no_change": 0}, ValueError, r"n_iter_no_change must be"),
        ({"early_stopping": True, "validation_fraction": 1}, ValueError, r"validation_fraction mu"),
        ({"dtype": int}, TypeError, r"dtype must be np.float64 or np.float32"),
        ({"random_state": "zero"}, ValueError, r"'zero' cannot be used to seed"),
    ],
    ids=str,
)  # fmt: skip
@BOTH
def test_parameters_that_are_refused(
    build: Any, y: np.ndarray, parameters: Any, error: type[Exception], parts: str
):
    model = build(**parameters)  # the constructor takes everything
    with pytest.raises(error, match=parts):
        model.fit(X, y)
    assert not hasattr(model, "network_")


def classifier(**parameters: Any) -> NetworkClassifier:
    return NetworkClassifier(n_epochs=1, random_state=0, **parameters)


def started() -> NetworkClassifier:
    return classifier().partial_fit(X, NAMES, classes=NAMES)


def regressor() -> NetworkRegressor:
    return NetworkRegressor(random_state=0).partial_fit(X, NUMBERS)


@pytest.mark.parametrize(
    ("call", "parts"),
    [
        (lambda: classifier().fit(X, ["a"] * len(X)), r"there is one class, \['a'\]; a classifier"),
        (lambda: classifier().fit(X, NUMBERS), r"Unknown label type: continuous"),
        (
            lambda: classifier(early_stopping=True).fit(X, ["x", *NAMES[1:]]),
            r"least populated class",  # the validation examples keep the shares of the classes
        ),
        (lambda: classifier().partial_fit(X, NAMES), r"must name all classes: partial_fit\(X, y, "),
        (lambda: started().partial_fit(X, ["x"] * len(X)), r"'x'.*; the classes are \['barbera'"),
        (lambda: started().partial_fit(X, LABELS), r"the classes are \['barbera', 'barolo', "),
        (lambda: started().partial_fit(X, NAMES, classes=["a", "b"]), r"\['a', 'b'\] differ from"),
        (lambda: started().set_params(early_stopping=True).partial_fit(X, NAMES), r"or call fit"),
        (lambda: regressor().partial_fit(X, X[:, :2]), r"\('n',\); give it the same number of col"),
        (lambda: regressor().partial_fit(X[:, 1:], NUMBERS), r"X has 12 features, but Network"),
        (
            lambda: regressor().predict(X.astype(str) + "a"),
            r"not compatible with arrays of bytes/str",
        ),
    ],
)
def test_data_that_are_refused(call: Any, parts: str):
    with pytest.raises(ValueError, match=parts):
        call()


def test_a_first_call_that_fails_can_be_made_again():
    model = classifier(batch_size=0)
    with pytest.raises(ValueError, match="batch_size"):
        model.partial_fit(X, NAMES, classes=NAMES)
    model.set_params(batch_size=8).partial_fit(X[:, :5], LABELS, classes=[0, 1, 2])
    assert model.n_features_in_ == 5


def test_without_scikit_learn():
    script = (
        "import sys, nnlib; sys.modules['sklearn'] = None\n"
        "try: nnlib.estimators\n"
        "except ImportError as error: print(error)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=plan.ROOT
    )
    advice = "this needs sklearn, which is not installed: pip install 'nnlib-course[estimators]'"
    assert (run.stdout.strip(), run.stderr) == (advice, "")
