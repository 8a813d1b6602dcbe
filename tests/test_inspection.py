"""nnlib.inspection: tables, and saved networks that come back bit by bit."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from cases import LAYERS
from hypothesis import HealthCheck, given, settings
from strategies import networks, shift_biases

from nnlib import (
    Activation,
    Dense,
    Dropout,
    GaussianDropout,
    History,
    Network,
    mlp,
)


def small(dtype: type = np.float64) -> Network:
    return shift_biases(mlp([4, 3, 2], rng=0, dtype=dtype), 1)


# Worked examples


def test_the_table_of_a_network():
    network = Network([Dense(64, 32), Activation("relu"), Dropout(0.2), Dense(32, 10)], rng=0)
    assert repr(network).splitlines() == [
        "layer               output   parameters",
        "Dense(64, 32)       (n, 32)       2,080",
        "Activation('relu')  (n, 32)           0",
        "Dropout(0.2)        (n, 32)           0",
        "Dense(32, 10)       (n, 10)         330",
        "total                             2,410",
    ]
    assert "(n, n_in)" in repr(Network([Activation("tanh")]))


@pytest.mark.parametrize("name", LAYERS)
def test_the_repr_of_a_layer_builds_it_again(name: str):
    layer = LAYERS[name].build()
    again = eval(repr(layer))
    assert (type(again), again.arguments()) == (type(layer), layer.arguments())


def test_the_lines_of_a_history():
    assert repr(History()) == "History: no epoch"
    history = History(loss=[2.0, 0.5], validation_loss=[1.0, 0.75], stopped="callback")
    text = "History: 2 epochs, loss 2.0000 -> 0.5000, validation loss 0.7500, stopped: callback"
    assert (repr(history), len(history)) == (text, 2)


def test_a_history_as_a_data_frame():
    pd = pytest.importorskip("pandas")
    history = History(loss=[2.0, 0.5], validation_loss=[1.0, 0.75], stopped="callback")
    expected = pd.DataFrame(
        {"loss": [2.0, 0.5], "validation_loss": [1.0, 0.75]}, index=pd.Index([1, 2], name="epoch")
    )
    pd.testing.assert_frame_equal(history.to_frame(), expected)
    assert history.to_frame()["validation_loss"].idxmin() == 2
    history.accuracy.extend([0.5, 1.0])
    assert list(history.to_frame()) == ["loss", "validation_loss", "accuracy"]
    assert (len(History().to_frame()), History().to_frame().index.name) == (0, "epoch")


def test_a_data_frame_without_pandas(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"needs pandas.*pip install 'nnlib-course\[tables\]'"):
        History(loss=[1.0]).to_frame()


# Laws: saving and loading


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12)
@given(network=networks())
def test_saving_keeps_every_bit(network: Network, tmp_path: Path):
    twin = Network.load(network.save(tmp_path / "network.npz"))
    assert twin.theta.tobytes() == network.theta.tobytes()
    assert [layer.arguments() for layer in twin] == [layer.arguments() for layer in network]
    again = twin.save(tmp_path / "again.npz")
    with np.load(again) as one, np.load(tmp_path / "network.npz") as other:
        assert all((one[name] == other[name]).all() for name in ("header", "theta"))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_layer_can_be_saved(dtype: type, tmp_path: Path):
    network = Network(
        [
            Dropout(0.1),
            Dense(3, 4, init="zeros"),
            Activation("leaky_relu"),
            GaussianDropout(np.float32(0.25)),
            Dense(np.int64(4), 2),
        ],
        rng=0,
        dtype=dtype,
    )
    network.theta = np.linspace(-1, 1, network.n_parameters)
    network.theta[:3] = np.nan, -0.0, np.inf
    twin = Network.load(network.save(tmp_path / "n.npz"))
    assert (repr(twin), twin.theta.tobytes()) == (repr(network), network.theta.tobytes())
    assert twin.theta.dtype == dtype


def test_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    network = small()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for given_path, written in [
        ("a", "a.npz"),
        ("b.npz", "b.npz"),
        (Path("c"), "c.npz"),
        ("~/d.npz", "d.npz"),
        (str(tmp_path / "ein Übung"), "ein Übung.npz"),
    ]:
        path = network.save(given_path)
        assert path.resolve() == (tmp_path / written).resolve()
        assert Network.load(given_path).theta.tobytes() == network.theta.tobytes()
    assert sorted(os.listdir(tmp_path)) == [
        "a.npz",
        "b.npz",
        "c.npz",
        "d.npz",
        "ein Übung.npz",
    ]


@pytest.mark.skipif(os.name != "posix", reason="file modes are those of POSIX")
def test_the_mode_of_a_file_is_kept(tmp_path: Path):
    path = tmp_path / "n.npz"
    before = os.umask(0o027)
    try:
        small().save(path)
        assert path.stat().st_mode & 0o777 == 0o640
        path.chmod(0o604)
        small().save(path)
        assert path.stat().st_mode & 0o777 == 0o604
    finally:
        os.umask(before)
