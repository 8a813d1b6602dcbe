"""nnlib beside PyTorch: the numbers that benchmarks/torch_twin.py wrote, computed again."""

import hashlib
import re
from pathlib import Path

import numpy as np
import plan
import pytest

from nnlib import Activation, Dense, Network, export, losses, optimizers, softmax_cross_entropy
from nnlib.layers import ACTIVATIONS

SCRIPT = plan.ROOT / "benchmarks" / "torch_twin.py"
FILE = SCRIPT.with_suffix(".txt")
RULES = {
    "SGD": optimizers.SGD(0.1),
    "Momentum": optimizers.Momentum(0.1, beta=0.9),
    "Nesterov": optimizers.Nesterov(0.1, beta=0.9),
    "AdaGrad": optimizers.AdaGrad(0.1),
    "RMSProp": optimizers.RMSProp(0.01, beta=0.9),
    "Adam": optimizers.Adam(0.01),
    "AdamW": optimizers.AdamW(0.01, weight_decay=0.01),
}


def read(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of the file by their names."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            name, shape, *numbers = line.split()
            found[name] = np.array(numbers, float).reshape([int(n) for n in shape.split("x")])
    return found


TWIN = read(FILE)


def start() -> tuple[Network, np.ndarray, np.ndarray]:
    """Return what both sides begin with, by the formulas of the script."""
    net = Network([Dense(3, 4), Activation("tanh"), Dense(4, 4), Activation("relu"), Dense(4, 3)])
    net.theta = np.sin(5.0 * np.arange(net.n_parameters))
    return net, np.sin(np.arange(24.0) ** 2).reshape(8, 3), np.arange(8) % 3


def part(prefix: str) -> dict[str, np.ndarray]:
    """Return the arrays whose names begin so, by the rest of their names."""
    return {name.removeprefix(prefix): a for name, a in TWIN.items() if name.startswith(prefix)}


def close(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_the_file_was_made_from_the_script_as_it_stands():
    head = FILE.read_text(encoding="utf-8").splitlines()[:2]
    text = SCRIPT.read_text(encoding="utf-8")
    assert re.fullmatch(
        r"# PyTorch 2\.\d+\.\d+\S*, float64, by benchmarks/torch_twin.py of sha256", head[0]
    )
    assert head[1] == f"# {hashlib.sha256(text.encode()).hexdigest()}", "run: make bench"


def test_every_number_of_the_file_is_compared():
    known = {"logits", "loss", "grad", *RULES, *ACTIVATIONS, *LOSSES}
    assert {name.partition("/")[0] for name in TWIN} == known
    assert all(np.isfinite(values).all() for values in TWIN.values())


def test_logits_loss_and_gradients():
    net, X, y = start()
    logits = net.forward(X)
    close(logits, TWIN["logits"])
    loss, dlogits = softmax_cross_entropy(logits, y)
    close(loss, TWIN["loss"][0])
    net.backward(dlogits)
    gradients = net.copy()
    gradients.theta = net.grad
    state = export.to_torch_state_dict(gradients)
    assert state.keys() == part("grad/").keys()
    for name, expected in part("grad/").items():
        assert expected.all(), name
        close(state[name], expected)


@pytest.mark.parametrize("rule", RULES)
def test_every_optimizer_takes_the_same_steps(rule: str):
    optimizer = RULES[rule]
    net, X, y = start()
    for step in range(1, 11):
        net.backward(softmax_cross_entropy(net.forward(X), y)[1])
        optimizer.step(net.theta, net.grad)
        if step in (1, 10):
            other = export.from_torch_state_dict(start()[0], part(f"{rule}/{step}/"))
            close(net.theta, other.theta)
    optimizer.reset()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_and_their_slopes(name: str):
    function, derivative = ACTIVATIONS[name]
    x = np.linspace(-2, 2, 9)
    close(function(x), TWIN[f"{name}/value"])
    close(derivative(x), TWIN[f"{name}/slope"])


LOSSES = ["mean_squared_error", "mean_absolute_error", "binary_cross_entropy"]


@pytest.mark.parametrize("name", LOSSES)
def test_losses_and_their_gradients(name: str):
    value, gradient = getattr(losses, name)(np.linspace(-2, 2, 9), np.linspace(1, 0, 9))
    close(value, TWIN[f"{name}/value"][0])
    close(gradient, TWIN[f"{name}/slope"])
