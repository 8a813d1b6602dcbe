"""IPython start-up file: move every random float by -1, 0 or +1 unit in the last place.

What a notebook prints may not depend on the last bit of its initial weights, for other
processors round otherwise. Only real-valued draws of `numpy.random.Generator` move; integers,
permutations and the legacy generators stay.
"""

import numpy as np

_default_rng = np.random.default_rng


class JitteredGenerator(np.random.Generator):
    """A Generator whose real numbers are off by at most one unit in the last place."""


def _moved(drawn):
    values = np.asarray(drawn)
    if values.dtype.kind != "f":
        return drawn
    steps = _default_rng(values.size + 12345).integers(-1, 2, values.shape)
    up = np.nextafter(values, np.asarray(np.inf, values.dtype))
    down = np.nextafter(values, np.asarray(-np.inf, values.dtype))
    moved = np.where(steps > 0, up, np.where(steps < 0, down, values)).astype(values.dtype)
    if isinstance(drawn, np.ndarray):
        drawn[...] = moved  # in place: `out=` must see it too
        return drawn
    return type(drawn)(moved.item())


def _jittered(name):
    original = getattr(np.random.Generator, name)

    def draw(self, *args, **kwargs):
        return _moved(original(self, *args, **kwargs))

    draw.__name__ = name
    draw.__doc__ = original.__doc__
    return draw


for _name in (
    "beta",
    "exponential",
    "gamma",
    "laplace",
    "lognormal",
    "multivariate_normal",
    "normal",
    "random",
    "standard_exponential",
    "standard_normal",
    "triangular",
    "uniform",
):
    setattr(JitteredGenerator, _name, _jittered(_name))


def default_rng(seed=None):
    """Construct a generator as numpy's own function does, jittered."""
    if isinstance(seed, JitteredGenerator):
        return seed
    return JitteredGenerator(_default_rng(seed).bit_generator)


np.random.default_rng = default_rng
