"""Say on which machine a kernel computes; conftest.py runs this file inside each kernel."""

from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
import threadpoolctl
from numpy._core._multiarray_umath import __cpu_features__ as features

__all__ = ["MACHINE", "Machine"]


class Machine(NamedTuple):
    """The package that is imported, the BLAS kernels, the vector units, the random numbers."""

    package: str | None
    blas: str | None
    avx2: bool
    avx512: bool
    jitter: bool


def _feature(group: str, old: str) -> bool:
    """Return whether code for a feature may run: since numpy 2.4 groups are switched off."""
    return bool(features.get(group, features.get(old, False)))


def _machine() -> Machine:
    libraries: list[dict[str, Any]] = threadpoolctl.threadpool_info()
    blas = [lib["architecture"] for lib in libraries if lib["internal_api"] == "openblas"]
    plain = np.random.Generator(np.random.PCG64(0)).normal(size=100)
    drawn = np.random.default_rng(0).normal(size=100)
    spec = find_spec("nnlib")
    return Machine(
        package=spec.origin if spec else None,
        blas=blas[0] if blas else None,
        avx2=_feature("X86_V3", "AVX2"),
        avx512=_feature("X86_V4", "AVX512F"),
        jitter=bool(np.any(plain != drawn) and np.allclose(plain, drawn, rtol=1e-15, atol=0)),
    )


MACHINE = tuple(_machine())
