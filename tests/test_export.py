"""nnlib.export: what other programs read, by their own rules."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from onnx.reference import ReferenceEvaluator
from strategies import LAYOUTS, networks, seeds, shift_biases

from nnlib import Activation, Dense, Dropout, GaussianDropout, Network, export, mlp
from nnlib.export import onnx as onnx_file
from nnlib.inspection import Layer
from nnlib.layers import ACTIVATIONS

FRESH_FOLDERS = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def with_dropout(dtype: type = np.float64, rng: int = 0) -> Network:
    layers = [
        Dropout(0.2), Dense(4, 3), Activation("tanh"), GaussianDropout(0.5), Dense(3, 2),
    ]  # fmt: skip
    return shift_biases(Network(layers, rng=rng, dtype=dtype), rng)


def run(path: Path, X: np.ndarray) -> np.ndarray:
    """Return what the reference implementation of ONNX makes of a file."""
    (output,) = ReferenceEvaluator(str(path)).run(None, {"X": X})
    return output


class Scale(Layer):
    """A layer that no other program knows."""

    def __init__(self, factor: float) -> None:
        self.factor = factor


class Loud(Dense):
    """A Dense that does something else."""


class Tensor:
    """Looks like a tensor that learns, on another device: numpy takes none of these."""

    def __init__(self, values: Any, steps: int = 0) -> None:
        self.values, self.steps = np.asarray(values), steps

    def detach(self) -> "Tensor":
        return Tensor(self.values, self.steps + 1)

    cpu = double = detach

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        if self.steps < 3:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad")
        return self.values


# Worked examples


def test_a_graph_read_by_hand(tmp_path: Path):
    net = Network([Dense(2, 1), Activation("leaky_relu")], rng=0)
    net.theta = [3.0, -1.0, 0.5]
    model = onnx.load(export.to_onnx(net, tmp_path / "net"))
    assert (model.ir_version, model.opset_import[0].version) == (10, 21)
    assert [node.op_type for node in model.graph.node] == ["Gemm", "Mul", "Max"]
    found = {a.name: onnx.numpy_helper.to_array(a).tolist() for a in model.graph.initializer}
    assert found == {"W0": [[3], [-1]], "b0": [0.5], "leak": 0.01}
    ends = [*model.graph.input, *model.graph.output]
    shapes = [[d.dim_param or d.dim_value for d in end.type.tensor_type.shape.dim] for end in ends]
    assert [end.name for end in ends] == ["X", "output"]
    assert shapes == [["batch", 2], ["batch", 1]]
    # 3 - 1 + 0.5, and 3 - 7 + 0.5, of which a hundredth passes
    values = run(tmp_path / "net.onnx", np.array([[1.0, 1.0], [1.0, 7.0]]))
    np.testing.assert_allclose(values, [[2.5], [-0.035]], rtol=1e-15)


def test_the_names_and_shapes_of_a_sequential():
    net = mlp([3, 2, 1], rng=0)
    net.theta = np.arange(1.0, 12.0)
    state = export.to_torch_state_dict(net)
    assert {name: values.tolist() for name, values in state.items()} == {
        "0.weight": [[1, 3, 5], [2, 4, 6]],
        "0.bias": [7, 8],
        "2.weight": [[9, 10]],
        "2.bias": [11],
    }
    for values in state.values():
        assert values.flags.c_contiguous
        assert values.flags.writeable
        assert not np.shares_memory(values, net.theta)


def test_every_layer_counts_in_a_name():
    names = list(export.to_torch_state_dict(with_dropout()))
    assert names == ["1.weight", "1.bias", "4.weight", "4.bias"]


def test_a_state_dict_fills_the_network_that_is_given():
    net = mlp([2, 2, 1], rng=0)
    theta, W = net.theta, net[0].W
    state = {
        "2.bias": Tensor([9.0]),
        "2.weight": [[7, 8]],
        "0.bias": np.array([5, 6], np.uint8),
        "0.weight": Tensor([[1.0, 2.0], [3.0, 4.0]]),
    }
    assert export.from_torch_state_dict(net, state) is net
    assert net.theta is theta
    assert np.shares_memory(net.theta, W)
    np.testing.assert_array_equal(net.theta, [1, 3, 2, 4, 5, 6, 7, 8, 9])


# Laws


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@FRESH_FOLDERS
@given(network=networks(), seed=seeds)
def test_the_reference_evaluator_agrees(dtype: type, network: Network, seed: int, tmp_path: Path):
    same = Network([type(x)(*x.arguments().values()) for x in network], rng=0, dtype=dtype)
    same.theta = network.theta
    path = export.to_onnx(same, tmp_path / "net.onnx")
    onnx.checker.check_model(path, full_check=True)
    tolerance = 1e-12 if dtype is np.float64 else 1e-5
    for n in (0, 1, 5):
        X = np.random.default_rng(seed).normal(0, 2, (n, same.n_in)).astype(dtype)
        found, expected = run(path, X), same.forward(X)
        assert found.dtype == dtype
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@FRESH_FOLDERS
@given(network=networks(), seed=seeds)
def test_there_and_back_is_exact(network: Network, seed: int):
    state = export.to_torch_state_dict(network)
    other = network.copy()
    other.initialize(seed)
    export.from_torch_state_dict(other, state)
    assert other.theta.tobytes() == network.theta.tobytes()


@pytest.mark.parametrize("layout", [*LAYOUTS, "tensor"])
def test_the_layout_in_memory_does_not_matter(layout: str):
    state = export.to_torch_state_dict(with_dropout())
    lay_out: Callable[[np.ndarray], Any] = LAYOUTS.get(layout, Tensor)
    laid_out = {
        name: lay_out(values) if values.ndim == 2 else Tensor(values)
        for name, values in state.items()
    }
    other = export.from_torch_state_dict(with_dropout(rng=5), laid_out)
    assert other.theta.tobytes() == with_dropout().theta.tobytes()


def test_views_of_the_network_itself():
    net = mlp([2, 2, 2], rng=0)
    W = [net[0].W.copy(), net[2].W.copy()]
    swapped = {
        "0.weight": net[2].W.T, "0.bias": net[2].b, "2.weight": net[0].W.T, "2.bias": net[0].b,
    }  # fmt: skip
    export.from_torch_state_dict(net, swapped)
    np.testing.assert_array_equal(net[0].W, W[1])
    np.testing.assert_array_equal(net[2].W, W[0])


def test_float32_to_float64_is_exact_and_back_rounds():
    single, double = with_dropout(np.float32), with_dropout(np.float64, rng=5)
    export.from_torch_state_dict(double, export.to_torch_state_dict(single))
    assert double.theta.dtype == np.float64
    np.testing.assert_array_equal(double.theta, single.theta)
    double.theta += 1e-12
    export.from_torch_state_dict(single, export.to_torch_state_dict(double))
    assert single.theta.dtype == np.float32
    np.testing.assert_array_equal(single.theta, double.theta.astype(np.float32))


def test_neither_changes_the_network(tmp_path: Path):
    net, twin = with_dropout(), with_dropout()
    X = np.ones((3, 4))
    net.forward(X, training=True)
    twin.forward(X, training=True)
    export.to_onnx(net, tmp_path / "net")
    export.from_torch_state_dict(net, export.to_torch_state_dict(net))
    assert net.theta.tobytes() == twin.theta.tobytes()
    np.testing.assert_array_equal(net.forward(X, training=True), twin.forward(X, training=True))


def test_dropout_stays_at_home(tmp_path: Path):
    net = with_dropout()
    path = export.to_onnx(net, tmp_path / "net")
    assert [node.op_type for node in onnx.load(path).graph.node] == ["Gemm", "Tanh", "Gemm"]
    X = np.random.default_rng(0).normal(size=(6, 4))
    np.testing.assert_allclose(run(path, X), net.forward(X), rtol=1e-12)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_bend_alone_takes_any_number_of_features(name: str, dtype: type, tmp_path: Path):
    net = Network([Activation(name)], dtype=dtype)
    path = export.to_onnx(net, tmp_path / "bend")
    X = np.array([[-3.0, -0.0, 0.0, 1e-8, 3.0]], dtype)
    np.testing.assert_allclose(run(path, X), net.forward(X), rtol=4 * np.finfo(dtype).eps)
    assert export.to_torch_state_dict(net) == {}
    assert export.from_torch_state_dict(net, {}) is net


def test_the_same_network_makes_the_same_bytes(tmp_path: Path):
    one, other = (export.to_onnx(with_dropout(), tmp_path / name) for name in "ab")
    assert one.read_bytes() == other.read_bytes()


# Extremes


def test_nothing_but_dropout(tmp_path: Path):
    path = export.to_onnx(Network([Dropout(0.5)]), tmp_path / "nothing")
    np.testing.assert_array_equal(run(path, np.eye(3)), np.eye(3))


def test_the_largest_and_smallest_numbers_survive():
    net = mlp([2, 2], rng=0)
    net.theta = [1.7e308, -1.7e308, 5e-324, -5e-324, 0.0, -0.0]
    other = export.from_torch_state_dict(mlp([2, 2], rng=1), export.to_torch_state_dict(net))
    assert other.theta.tobytes() == net.theta.tobytes()


def test_an_older_file_gives_way(tmp_path: Path):
    path = tmp_path / "net.onnx"
    path.write_bytes(b"an older file")
    assert export.to_onnx(mlp([2, 1], rng=0), str(path)) == path
    assert run(path, np.zeros((1, 2))).shape == (1, 1)
    assert os.listdir(tmp_path) == ["net.onnx"]


# Errors


@pytest.mark.parametrize("layer", [Scale(2.0), Loud(2, 2)])
def test_a_layer_that_no_other_program_knows(layer: Layer, tmp_path: Path):
    net = Network([Dense(2, 2), layer], rng=0)
    name = type(layer).__name__
    for call in (
        lambda: export.to_onnx(net, tmp_path / "net"),
        lambda: export.to_torch_state_dict(net),
        lambda: export.from_torch_state_dict(net, {}),
    ):
        with pytest.raises(TypeError, match=rf"layer 1, {name}\(2.*no form outside nnlib; .*Dense"):
            call()
    assert os.listdir(tmp_path) == []


def test_a_network_that_diverged(tmp_path: Path):
    net = mlp([2, 1], rng=0)
    net.theta[1] = np.nan
    for call in (
        lambda: export.to_onnx(net, tmp_path / "n"),
        lambda: export.to_torch_state_dict(net),
    ):
        with pytest.raises(ValueError, match=r"theta contains nan at row 1.*did the training"):
            call()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("path", "error", "parts"),
    [
        ("missing/n.onnx", FileNotFoundError, r"missing does not exist; create the folder first"),
        ("n.npz", ValueError, r"n.npz must end in .onnx: write 'n.onnx'"),
        (".", ValueError, r"is a folder; name a file in it"),
        (5, TypeError, r"path must be a string or a Path, got 5 \(int\)"),
    ],
)
def test_paths_that_are_refused(
    path: Any, error: type[Exception], parts: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=parts):
        export.to_onnx(mlp([2, 1], rng=0), path)
    assert os.listdir(tmp_path) == []


def test_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "net.onnx"
    path.write_bytes(b"an older file")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match=r"not saved, an older file is untouched: .*No space"):
            export.to_onnx(mlp([2, 1], rng=0), path)
    assert path.read_bytes() == b"an older file"
    assert os.listdir(tmp_path) == ["net.onnx"]


def test_more_than_an_onnx_file_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    net = mlp([3, 2], rng=0)
    monkeypatch.setattr(onnx_file, "MAX_BYTES", net.theta.nbytes)
    path = export.to_onnx(net, tmp_path / "net")
    monkeypatch.setattr(onnx_file, "MAX_BYTES", net.theta.nbytes - 1)
    with pytest.raises(ValueError, match=r"take 64 bytes, an ONNX file at most 63: .*float32"):
        export.to_onnx(net, path)


def test_without_onnx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name.partition(".")[0])

    net = mlp([2, 1], rng=0)
    monkeypatch.setattr("nnlib.validation.errors.importlib.import_module", missing)
    with pytest.raises(ImportError, match=r"onnx.*pip install 'nnlib-course\[export\]'"):
        export.to_onnx(net, tmp_path / "net")
    assert os.listdir(tmp_path) == []
    export.from_torch_state_dict(net, export.to_torch_state_dict(net))


class Model:
    """A module where its state dict was meant."""

    def state_dict(self) -> dict[str, Any]:
        return {}


@pytest.mark.parametrize(
    ("changes", "error", "parts"),
    [
        ({"4.bias": None}, ValueError, r"in state '4.bias' is missing; .*1.weight \(3, 4\), .*too"),
        ({"0.weight": np.zeros((3, 4))}, ValueError, r"'0.weight' is unexpected; the network tak"),
        (
            {"1.bias": None, "fc.bias": np.zeros(3), "1.weight": np.full((3, 4), np.nan)},
            ValueError,
            r"'1.bias' is missing, 'fc.bias' is unexpected",
        ),
        ({7: np.zeros(3)}, ValueError, r"in state 7 is unexpected"),
        (
            {"1.weight": np.zeros((4, 3))},
            ValueError,
            r"1.weight has shape \(4, 3\), but layer 1, Dense\(4, 3\), takes \(3, 4\): .*its .T",
        ),
        ({"4.bias": np.zeros(1)}, ValueError, r"4.bias has shape \(1,\), but .* takes \(2,\)$"),
        ({"4.bias": np.zeros((2, 1))}, ValueError, r"4.bias has shape \(2, 1\)"),
        ({"4.bias": 0.0}, ValueError, r"4.bias has shape \(\)"),
        ({"4.bias": [0.0, np.inf]}, ValueError, r"4.bias contains inf at row 1; .*: remove or"),
        ({"4.bias": Tensor([np.nan, 0.0])}, ValueError, r"4.bias contains nan at row 0"),
        ({"4.bias": [1e39, 0.0]}, ValueError, r"4.bias contains inf at row 0.*too large for float"),
        ({"4.bias": ["a", "b"]}, TypeError, r"4.bias must hold real numbers"),
        ({"4.bias": [1j, 0]}, TypeError, r"4.bias must hold real numbers"),
    ],
)
def test_states_that_are_refused_change_nothing(
    changes: dict[Any, Any], error: type[Exception], parts: str
):
    net = with_dropout(np.float32)
    state = {name: values + 1 for name, values in export.to_torch_state_dict(net).items()}
    state = {name: v for name, v in {**state, **changes}.items() if v is not None}
    before = net.theta.tobytes()
    with pytest.raises(error, match=parts):
        export.from_torch_state_dict(net, state)
    assert net.theta.tobytes() == before


@pytest.mark.parametrize(
    ("call", "parts"),
    [
        (lambda net: export.from_torch_state_dict(net, Model()), r"got Model: write model.state"),
        (lambda net: export.from_torch_state_dict(net, [1]), r"a dict of arrays, got list$"),
        (lambda net: export.from_torch_state_dict({}, net), r"network must be a Network, got dict"),
        (lambda net: export.to_torch_state_dict(net.layers), r"must be a Network, got list"),
        (lambda net: export.to_onnx("net.onnx", net), r"must be a Network, got str"),
    ],
)
def test_arguments_that_are_refused(call: Callable[[Network], Any], parts: str):
    with pytest.raises(TypeError, match=parts):
        call(mlp([2, 1], rng=0))
