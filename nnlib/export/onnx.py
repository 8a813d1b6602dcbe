"""A network as an ONNX file, which many programs run."""

from pathlib import Path
from typing import Any

import numpy as np

from nnlib.export.known import require_finished
from nnlib.inspection import as_target, replacing
from nnlib.layers import Activation, Dense
from nnlib.network import Network
from nnlib.validation import require_extra

__all__ = ["to_onnx"]

OPSET, IR = 21, 10  # both of 2024: runtimes read what is older than they are
MAX_BYTES = 2**31 - 2**20  # protobuf's limit, less room for what is no parameter
_LEAK = 0.01  # the slope of leaky_relu below 0
_OPERATORS = {"linear": "Identity", "sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "Relu"}


def to_onnx(network: Network, path: Any) -> Path:
    """Write a network as an ONNX file, whole or not at all.

    The graph takes ``X``, shape (batch, n_in), and gives ``output``, shape
    (batch, n_out), both in the network's dtype; ``batch`` is free. Two things that nnlib
    does are left to the caller: dividing pixels by 255, and the softmax.

    Parameters
    ----------
    network : Network
        Of Dense, Activation, Dropout and GaussianDropout layers.
    path : str or Path
        ``.onnx`` is added where there is no suffix.

    Returns
    -------
    Path
        The file that was written: operator set 21, format version 10.

    Raises
    ------
    TypeError
        If a layer is of another class.
    ValueError
        If a parameter is not finite, or all together take more than 2 GB.
    OSError
        If the file cannot be written; one that was there is untouched.
    ImportError
        If onnx is missing.

    References
    ----------
    ONNX (2024), *Open Neural Network Exchange Intermediate Representation
    Specification*, version 10.
    """
    require_finished(network)
    path = as_target(path, ".onnx")
    if network.theta.nbytes > MAX_BYTES:
        raise ValueError(
            f"the parameters take {network.theta.nbytes:,} bytes, an ONNX file at most "
            f"{MAX_BYTES:,}: build the network with dtype=np.float32, or smaller"
        )
    onnx = require_extra("onnx", "export")
    model = _model(network, onnx.helper, onnx.numpy_helper)
    with replacing(path) as file:
        file.write(model.SerializeToString())
    return path


def _model(network: Network, helper: Any, numpy_helper: Any) -> Any:
    """Return the ONNX model of a network."""
    nodes, constants = _nodes(network, helper.make_node)
    element = helper.np_dtype_to_tensor_dtype(network.theta.dtype)
    x, y = (
        helper.make_tensor_value_info(name, element, ["batch", size or "features"], text)
        for name, size, text in (
            ("X", network.n_in, "rows are examples"),
            ("output", network.n_out, "the last layer's output: of a classifier, the logits"),
        )
    )
    arrays = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "network", [x], [y], arrays)
    opset = [helper.make_opsetid("", OPSET)]
    return helper.make_model(graph, opset_imports=opset, ir_version=IR, producer_name="nnlib")


def _nodes(network: Network, make: Any) -> tuple[list[Any], dict[str, np.ndarray]]:
    """Return the graph's nodes and its arrays; the number in a name is the layer's."""
    nodes: list[Any] = []
    constants: dict[str, np.ndarray] = {}
    x = "X"
    for i, layer in enumerate(network.layers):
        y, W, b = f"y{i}", f"W{i}", f"b{i}"
        if isinstance(layer, Dense):
            constants |= {W: layer.W, b: layer.b}
            nodes.append(make("Gemm", [x, W, b], [y]))
        elif isinstance(layer, Activation) and layer.name == "leaky_relu":
            # ONNX's LeakyRelu keeps its slope in float32: in float64 8 digits, not 16.
            constants["leak"] = np.array(_LEAK, network.theta.dtype)
            nodes += [make("Mul", [x, "leak"], [f"leak{i}"]), make("Max", [x, f"leak{i}"], [y])]
        elif isinstance(layer, Activation):
            nodes.append(make(_OPERATORS[layer.name], [x], [y]))
        else:  # dropout, which in evaluation is the identity
            continue
        x = y
    nodes = nodes or [make("Identity", [x], [""])]
    nodes[-1].output[:] = ["output"]
    return nodes, constants
