"""PyTorch, eager: batches by indexing, Adam in its fused form."""

from itertools import pairwise

import numpy as np
import torch
from torch import nn

from benchmarks.cases import Case
from benchmarks.data import Data
from benchmarks.peers import Job

__all__ = ["prepare"]

ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid}


def prepare(case: Case, data: Data, seed: int) -> Job:
    """Return the loop of PyTorch's own tutorials, without a DataLoader, which is slower."""
    torch.manual_seed(seed)
    X, y = torch.from_numpy(data.X), torch.from_numpy(data.y)
    model = network(case).to(X.dtype)
    loss = nn.CrossEntropyLoss()
    optimizer = optimizer_of(case, model)

    def fit() -> None:
        for _ in range(case.n_epochs):
            for batch in torch.randperm(len(X)).split(case.batch_size):
                optimizer.zero_grad(set_to_none=True)
                loss(model(X[batch]), y[batch]).backward()
                optimizer.step()

    def predict(rows: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return model(torch.from_numpy(rows)).argmax(dim=1).numpy()

    return Job(fit, predict)


def network(case: Case) -> nn.Sequential:
    """Return the network of the case."""
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(case.sizes):
        layers += [nn.Linear(n_in, n_out), ACTIVATIONS[case.activation]()]
    return nn.Sequential(*layers[:-1])


def optimizer_of(case: Case, model: nn.Module) -> torch.optim.Optimizer:
    """Return the fastest form of the optimizer that PyTorch has."""
    kind = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[case.optimizer]
    return kind(model.parameters(), lr=case.learning_rate, fused=True)
