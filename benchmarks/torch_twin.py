"""The network of notebook 13 in PyTorch: what it computes, written to torch_twin.txt.

    python -m benchmarks.torch_twin        # needs torch, which the course does not install

nnlib builds the network and hands its parameters over; everything else is PyTorch's. The notebook
and tests/test_torch_twin.py compute the same numbers with nnlib and compare. The first lines of the
file say which PyTorch wrote it, and from which text of this script.
"""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn, optim

from nnlib import Activation, Dense, Network, export

SCRIPT = Path(__file__)
STEPS = (1, 10)


def start() -> tuple[Network, np.ndarray, np.ndarray]:
    """Return the network and the examples that both sides begin with: formulas, no files."""
    net = Network([Dense(3, 4), Activation("tanh"), Dense(4, 4), Activation("relu"), Dense(4, 3)])
    net.theta = np.sin(5.0 * np.arange(net.n_parameters))
    return net, np.sin(np.arange(24.0) ** 2).reshape(8, 3), np.arange(8) % 3


def twin(net: Network) -> nn.Sequential:
    """Return the same network as PyTorch's modules."""
    model = nn.Sequential(
        nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 3)
    ).double()
    arrays = export.to_torch_state_dict(net)
    state = {name: torch.from_numpy(arrays[name]) for name in arrays}
    model.load_state_dict(state)  # every name, every shape, or an error
    return model


def train(
    model: nn.Sequential,
    optimizer: optim.Optimizer,
    X: Tensor,
    y: Tensor,
    n_steps: int,
) -> None:
    """Take steps on all examples."""
    for _ in range(n_steps):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(X), y)
        loss.backward()
        optimizer.step()


# nnlib's name, and what PyTorch calls the same rule.
RULES: dict[str, Callable[..., optim.Optimizer]] = {
    "SGD": lambda parameters: optim.SGD(parameters, lr=0.1),
    "Momentum": lambda parameters: optim.SGD(parameters, lr=0.1, momentum=0.9),
    "Nesterov": lambda parameters: optim.SGD(parameters, lr=0.1, momentum=0.9, nesterov=True),
    "AdaGrad": lambda parameters: optim.Adagrad(parameters, lr=0.1, eps=1e-8),
    "RMSProp": lambda parameters: optim.RMSprop(parameters, lr=0.01, alpha=0.9, eps=1e-8),
    "Adam": lambda parameters: optim.Adam(parameters, lr=0.01),
    "AdamW": lambda parameters: optim.AdamW(parameters, lr=0.01, weight_decay=0.01),
}
BENDS = {
    "linear": nn.Identity(),
    "sigmoid": nn.Sigmoid(),
    "tanh": nn.Tanh(),
    "relu": nn.ReLU(),
    "leaky_relu": nn.LeakyReLU(),
}
LOSSES: dict[str, nn.Module] = {
    "mean_squared_error": nn.MSELoss(),
    "mean_absolute_error": nn.L1Loss(),
    "binary_cross_entropy": nn.BCEWithLogitsLoss(),
}

Named = Iterator[tuple[str, Tensor]]


def one_pass(X: Tensor, y: Tensor) -> Named:
    """Yield logits, loss and gradients of the network as it begins."""
    model = twin(start()[0])
    logits = model(X)
    loss = nn.CrossEntropyLoss()(logits, y)
    loss.backward()
    yield from (("logits", logits), ("loss", loss))
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None
        yield f"grad/{name}", parameter.grad


def trained(X: Tensor, y: Tensor) -> Named:
    """Yield the parameters after one step and after ten, by every rule."""
    for rule, build in RULES.items():
        for n_steps in STEPS:
            model = twin(start()[0])
            train(model, build(model.parameters()), X, y, n_steps)
            for name, values in model.state_dict().items():
                yield f"{rule}/{n_steps}/{name}", values


def parts() -> Named:
    """Yield values and slopes of the activations, and of the losses that compare two arrays."""
    for name, module in {**BENDS, **LOSSES}.items():
        x = torch.linspace(-2, 2, 9, dtype=torch.float64, requires_grad=True)
        target = torch.linspace(1, 0, 9, dtype=torch.float64)
        value = module(x, target) if name in LOSSES else module(x)
        value.sum().backward()
        assert x.grad is not None
        yield from ((f"{name}/value", value), (f"{name}/slope", x.grad))


def lines() -> Iterator[str]:
    """Yield the file, line by line: a name, a shape, the numbers with all their digits."""
    text = SCRIPT.read_text(encoding="utf-8")
    yield f"# PyTorch {torch.__version__}, float64, by benchmarks/torch_twin.py of sha256"
    yield f"# {hashlib.sha256(text.encode()).hexdigest()}"
    _, X, y = start()
    examples = torch.from_numpy(X), torch.from_numpy(y)
    for name, values in (*one_pass(*examples), *trained(*examples), *parts()):
        array = values.detach().numpy()
        shape = "x".join(map(str, array.shape)) or "1"
        yield " ".join([name, shape, *map(repr, array.ravel().tolist())])


def main() -> None:
    """Write torch_twin.txt beside this script."""
    path = SCRIPT.with_suffix(".txt")
    path.write_text("\n".join(lines()) + "\n", encoding="utf-8")
    print(f"{path.name} written with PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()
