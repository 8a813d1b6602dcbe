"""What hypothesis draws for several test files, and the profile that all of them run with."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nnlib import Network
from nnlib.layers import ACTIVATIONS, Activation, Dense

# The same examples on every machine and in every run; nothing is written to the disk.
settings.register_profile("nnlib", deadline=None, derandomize=True, max_examples=50, database=None)
settings.load_profile("nnlib")

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 6)
# Logits of a trained network; beyond them the extremes have tests of their own.
logits = arrays(float, st.tuples(sizes, sizes), elements=st.floats(-30, 30))

# One array laid out in memory in every way that numpy knows.
LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "fortran": np.asfortranarray,
    "strided": lambda x: np.repeat(np.repeat(x, 2, axis=0), 3, axis=-1)[::2, ..., ::3],
    "negative": lambda x: np.ascontiguousarray(x[::-1])[::-1],
    "transposed": lambda x: np.ascontiguousarray(x.T).T,
    "read-only": lambda x: frozen(x),
    "list": lambda x: x.tolist(),
    "tuple": lambda x: tuple(map(tuple, x.tolist())),
    "object": lambda x: x.astype(object),
}


def frozen(values: Any) -> np.ndarray:
    """Return a copy that nobody can write to."""
    copy = np.array(values)
    copy.setflags(write=False)
    return copy


def shift_biases(network: Network, seed: int) -> Network:
    """Give every bias a number: at 0 a wrong bias gradient could hide."""
    rng = np.random.default_rng(seed)
    for layer in network.layers:
        if layer.n_parameters:
            layer.b[...] = rng.normal(0, 0.5, layer.b.shape)
    return network


@st.composite
def networks(draw: st.DrawFn, n_out: st.SearchStrategy[int] = sizes) -> Network:
    """Draw a network of one to six Dense layers, any activations, biases that are not 0."""
    widths = draw(st.lists(sizes, min_size=1, max_size=6))
    widths.append(draw(n_out))
    layers: list[Any] = []
    for before, after in itertools.pairwise(widths):
        name = draw(st.sampled_from(sorted(ACTIVATIONS)))
        layers += [Dense(before, after), Activation(name)]
    seed = draw(seeds)
    return shift_biases(Network(layers[:-1], rng=seed), seed)
