"""The cases of the comparison: a network, its data, and how long it trains."""

from dataclasses import dataclass

__all__ = ["CASES", "Case", "case_named"]


@dataclass(frozen=True)
class Case:
    """One training run that every side does in the same way.

    Attributes
    ----------
    name : str
        How the table calls it.
    data : {"mnist", "digits"}
    sizes : tuple of int
        Features, units of each hidden layer, classes.
    batch_size, n_epochs : int
    activation, optimizer : str
    learning_rate : float
    n_examples : int or None
        The first so many training examples; None takes all.
    wanted : dict
        The ratio that is wanted beside each peer, at least, and each other side, at most.
    measured : bool
        Whether the cost of ``measure=True`` has a row.
    pixels : bool
        Whether training on uint8 has a row.
    """

    name: str
    data: str
    sizes: tuple[int, ...]
    batch_size: int
    n_epochs: int
    wanted: dict[str, float]
    activation: str = "relu"
    optimizer: str = "adam"
    learning_rate: float = 0.001
    n_examples: int | None = None
    measured: bool = False
    pixels: bool = False

    def __hash__(self) -> int:
        return hash(self.name)


MNIST, DIGITS = (784, 100, 10), (64, 32, 10)
# Epochs and examples are so many that one side takes a few tenths of a second.
CASES = (
    Case(
        "MNIST, batch 32", "mnist", MNIST, 32, 1, measured=True,
        wanted={"scikit-learn": 2.1, "PyTorch": 1.9, "matmul": 3.0, "float64": 2.1},
    ),
    Case(
        "MNIST, batch 128", "mnist", MNIST, 128, 2, measured=True, pixels=True,
        wanted={"scikit-learn": 1.7, "PyTorch": 1.45, "matmul": 2.0, "float64": 2.1},
    ),
    Case(
        "MNIST, batch 512", "mnist", MNIST, 512, 3, measured=True,
        wanted={"scikit-learn": 1.4, "PyTorch": 1.2, "matmul": 1.5, "float64": 2.1},
    ),
    Case(
        "MNIST, wide", "mnist", (784, 512, 512, 10), 128, 1, n_examples=20_480,
        wanted={"scikit-learn": 1.75, "PyTorch": 1.0, "matmul": 1.4, "float64": 2.1},
    ),
    Case(
        "digits", "digits", DIGITS, 32, 100,
        wanted={"scikit-learn": 3.7, "PyTorch": 4.6, "float64": 2.1},
    ),
    Case(
        "digits, one at a time", "digits", (64, 200, 10), 1, 10,
        activation="sigmoid", optimizer="sgd", learning_rate=0.01,
        wanted={"scikit-learn": 4.2, "PyTorch": 4.7, "float64": 2.1},
    ),
    Case(
        "digits, deep", "digits", (64, *[64] * 8, 10), 32, 40,
        wanted={"scikit-learn": 2.8, "PyTorch": 2.8, "float64": 2.1},
    ),
)  # fmt: skip


def case_named(name: str) -> Case:
    """Return a case by its name in the table."""
    return next(case for case in CASES if case.name == name)
