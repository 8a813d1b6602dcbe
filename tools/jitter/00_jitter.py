"""IPython start-up file: move every random float by -1, 0 or +1 unit in the last place.

What a notebook prints may not depend on the last bit of its initial weights, for other
processors round otherwise. Only real-valued draws of `numpy.random.Generator` move; integers,
permutations and the legacy generators stay.
"""


def _install():
    # A function, so that no name of this file, such as np, reaches the notebook's own.
    import numpy as np

    plain = np.random.default_rng
    direction = plain(12345)

    def moved(drawn):
        values = np.asarray(drawn)
        if values.dtype.kind != "f":
            return drawn
        target = direction.choice([-np.inf, 0.0, np.inf], values.shape)
        target = np.where(target == 0, values, target).astype(values.dtype)
        near = np.nextafter(values, target)
        if isinstance(drawn, np.ndarray):
            drawn[...] = near  # in place: `out=` must see it too
            return drawn
        return type(drawn)(near.item())

    class JitteredGenerator(np.random.Generator):
        """A Generator whose real numbers are off by at most one unit in the last place."""

    def jittered(original):
        return lambda self, *args, **kwargs: moved(original(self, *args, **kwargs))

    for name in (
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
        setattr(JitteredGenerator, name, jittered(getattr(np.random.Generator, name)))

    def default_rng(seed=None):
        """Construct a generator as numpy's own function does, jittered."""
        if isinstance(seed, JitteredGenerator):
            return seed
        return JitteredGenerator(plain(seed).bit_generator)

    np.random.default_rng = default_rng


_install()
del _install
