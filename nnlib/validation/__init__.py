"""The checks at the edge: what came, what was expected, what to do.

Input is checked once, where a student's call enters the package, and before
anything is changed. Inside :func:`nnlib.training.train` the data have been
checked as a whole, so the checks of single batches rest: see
:func:`nnlib.validation.arrays.trusted`.
"""

from nnlib.validation.arguments import (
    as_generator,
    as_path,
    require_between,
    require_choice,
    require_integer,
    require_positive,
    require_validation,
)
from nnlib.validation.arrays import (
    as_numbers,
    is_trusted,
    require_finite,
    require_float64,
    require_repeatable,
    require_shape,
    trusted,
)
from nnlib.validation.errors import (
    DISTRIBUTION,
    CheckpointError,
    DivergedError,
    NnlibWarning,
    NotFittedError,
    require_extra,
)
from nnlib.validation.features import (
    as_floats,
    require_bias,
    require_columns,
    require_features,
    require_upstream,
)
from nnlib.validation.targets import require_labels, require_same_shape, require_shares

__all__ = [
    "DISTRIBUTION",
    "CheckpointError",
    "DivergedError",
    "NnlibWarning",
    "NotFittedError",
    "as_floats",
    "as_generator",
    "as_numbers",
    "as_path",
    "is_trusted",
    "require_between",
    "require_bias",
    "require_choice",
    "require_columns",
    "require_extra",
    "require_features",
    "require_finite",
    "require_float64",
    "require_integer",
    "require_labels",
    "require_positive",
    "require_repeatable",
    "require_same_shape",
    "require_shape",
    "require_shares",
    "require_upstream",
    "require_validation",
    "trusted",
]
