"""What `import nnlib` gives: its names, the example of the README, and what a network reaches."""

import importlib
import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import plan
import pytest

import nnlib
from nnlib import Activation, Adam, Dense, Dropout, Network, cosine, softmax_cross_entropy, train
from nnlib.datasets import digits

# The example of the README, as it stands in the plan of the course.
EXAMPLE = """\
import numpy as np
from nnlib import Adam, Network, mlp, softmax_cross_entropy, train
from nnlib.datasets import digits

data = digits(test_size=0.2, validation_size=0.1, rng=0)
net = mlp([64, 32, 10], activation="relu", rng=0)
history = train(net, softmax_cross_entropy, Adam(0.01), data.X_train, data.y_train,
                n_epochs=20, batch_size=32, rng=0, validation=(data.X_val, data.y_val))
np.mean(net.predict(data.X_test) == data.y_test)
net.save("digits.npz"); Network.load("digits.npz")
"""
# The nine schemes are reached by their names, or as nnlib.initialization.
TAUGHT = sorted(set(plan.TAUGHT) - {"initialization"})


def public() -> dict[str, Any]:
    return {name: getattr(nnlib, name) for name in nnlib.__all__}


def test_the_example_runs_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(EXAMPLE, names)
    net, data, history = names["net"], names["data"], names["history"]
    assert [part.shape for part in (data.X_train, data.X_val, data.X_test)] == [
        (1257, 64), (180, 64), (360, 64),
    ]  # fmt: skip
    assert len(history.loss) == len(history.validation_accuracy) == 20
    assert np.mean(net.predict(data.X_test) == data.y_test) > 0.95
    twin = Network.load("digits.npz")
    np.testing.assert_array_equal(twin.predict_proba(data.X_test), net.predict_proba(data.X_test))


def test_a_network_of_64_hidden_units_reads_98_of_100_digits():
    """The setting: dropout 0.1 and 0.2, Adam(0.01) to 0 by a cosine, 80 epochs of batches of 64."""
    shares = []
    for split in range(10):
        data = digits(test_size=0.2, validation_size=0, rng=split)
        layers = [Dropout(0.1), Dense(64, 64), Activation("relu"), Dropout(0.2), Dense(64, 10)]
        net = Network(layers, rng=split)
        train(
            net, softmax_cross_entropy, Adam(0.01), data.X_train, data.y_train, n_epochs=80,
            batch_size=64, rng=split, schedule=cosine(80 * 23), measure=False,
        )  # fmt: skip
        shares.append(np.mean(net.predict(data.X_test) == data.y_test))
    assert np.mean(shares) >= 0.98


def test_the_package_gives_every_taught_name():
    modules = [importlib.import_module(f"nnlib.{name}") for name in TAUGHT]
    taught = {name for module in modules for name in module.__all__}
    support = {"CheckpointError", "DivergedError", "NnlibWarning", "NotFittedError"}
    assert set(nnlib.__all__) == (taught - {"ACTIVATIONS"}) | support
    for name, thing in public().items():
        assert thing.__name__ == name


@pytest.mark.parametrize("name", ["datasets", "estimators", "explorers", "export", "plots"])
def test_heavier_modules_come_when_they_are_asked_for(name: str):
    script = (
        "import sys, nnlib\n"
        f"assert 'nnlib.{name}' not in sys.modules and '{name}' in dir(nnlib)\n"
        f"assert nnlib.{name} is sys.modules['nnlib.{name}']\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=plan.ROOT
    )
    assert (run.stdout, run.stderr) == ("", "")


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match=r"module 'nnlib' has no attribute 'Convolution'"):
        nnlib.Convolution  # noqa: B018
    assert not hasattr(nnlib, "adam")


def test_the_global_generator_of_numpy_is_neither_read_nor_changed():
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    data = nnlib.datasets.digits(rng=0)
    nnlib.datasets.moons(rng=0)
    net = Network([Dropout(0.2), Dense(64, 10)])
    train(net, softmax_cross_entropy, Adam(), data.X_val, data.y_val, n_epochs=1)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


@pytest.mark.parametrize("name", nnlib.__all__)
def test_signatures_are_whole(name: str):
    """No catch-all arguments, no default that can change; every annotation is there."""
    thing = public()[name]
    if issubclass(type(thing), type) and issubclass(thing, Exception | Warning):
        return
    call = thing.__init__ if isinstance(thing, type) else thing
    for parameter in inspect.signature(call).parameters.values():
        assert parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        assert not isinstance(parameter.default, list | dict | set | np.ndarray)
        assert parameter.name == "self" or parameter.annotation is not parameter.empty


@pytest.mark.parametrize("name", nnlib.__all__)
def test_docstrings_are_numpydoc(name: str):
    text = inspect.getdoc(public()[name])
    assert text
    assert "\n" not in text.partition("\n\n")[0]
    if inspect.isfunction(public()[name]):
        assert "\nParameters\n----------\n" in text
        assert "\nReturns\n-------\n" in text or "\nYields\n------\n" in text
        for argument in inspect.signature(public()[name]).parameters:
            assert argument in text.partition("\nParameters\n")[2]


def test_the_version_is_the_one_that_the_notebooks_ask_for():
    assert nnlib.__version__ == "0.1.0"
