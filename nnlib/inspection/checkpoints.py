"""Saved networks: one .npz with a JSON header and the parameter vector.

Nothing in a checkpoint is ever executed, and a file is written whole or not at all.
"""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from nnlib.inspection.files import as_target, replacing
from nnlib.inspection.layers import Layer, build_layer
from nnlib.validation import DISTRIBUTION, CheckpointError, as_path

__all__ = ["FORMAT", "read_checkpoint", "write_checkpoint"]

FORMAT = 1
MAX_BYTES = 2**30  # a small file can unpack into one that fills the memory
MAX_RATIO = 100


def write_checkpoint(
    path: Any, layers: list[tuple[str, dict[str, Any]]], theta: np.ndarray
) -> Path:
    """Write layers and parameters; return the path, with its suffix.

    Raises
    ------
    OSError
        If the folder is missing or the disk full; an older file is untouched.
    """
    path = as_target(path, ".npz")
    header = json.dumps({"format": FORMAT, "layers": layers, "dtype": str(theta.dtype)})
    with replacing(path) as file:
        np.savez(file, header=np.frombuffer(header.encode(), np.uint8), theta=theta)
    return path


def read_checkpoint(path: Any) -> tuple[list[Layer], np.ndarray]:
    """Return the layers, newly built, and the parameter vector.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    CheckpointError
        If the file is not one of ours, is damaged, too large or too new.
    """
    path = as_path(path, ".npz")
    if not path.exists():
        raise FileNotFoundError(f"{path.resolve()} does not exist; network.save(path) writes one")
    if path.stat().st_size == 0:
        raise CheckpointError(f"{path.name} is an empty file; save the network again")
    try:
        _require_small(path)
        with np.load(path, allow_pickle=False) as archive:
            header, theta = bytes(archive["header"]), archive["theta"]
        fields = json.loads(header)
    except CheckpointError:
        raise
    except Exception as error:  # what a damaged archive raises is not a closed list
        raise CheckpointError(
            f"{path.name} is damaged or no saved network ({error}); save the network again"
        ) from error
    return _build(path, fields, theta)


def _require_small(path: Path) -> None:
    """Refuse a file that would unpack into much more than it says."""
    with zipfile.ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > MAX_BYTES or size > MAX_RATIO * path.stat().st_size:
        raise CheckpointError(
            f"{path.name} unpacks into {size:,} bytes, more than a saved network of its size; "
            "it is refused: use a file that network.save wrote"
        )


def _build(path: Path, fields: Any, theta: np.ndarray) -> tuple[list[Layer], np.ndarray]:
    if not isinstance(fields, dict) or not isinstance(fields.get("format"), int):
        raise CheckpointError(
            f"{path.name} has no format number; use a file that network.save wrote"
        )
    if not isinstance(theta, np.ndarray):
        raise CheckpointError(f"{path.name} holds no parameters; save the network again")
    if fields["format"] > FORMAT:
        raise CheckpointError(
            f"{path.name} has format {fields['format']}, this version reads up to {FORMAT}: "
            f"pip install -U {DISTRIBUTION}"
        )
    try:
        layers = [build_layer(name, arguments) for name, arguments in fields["layers"]]
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"{path.name} does not list its layers; save it again") from error
    size = sum(layer.n_parameters for layer in layers)
    if theta.shape != (size,) or theta.dtype not in (np.float32, np.float64):
        raise CheckpointError(
            f"{path.name} holds {theta.dtype} parameters of shape {theta.shape}, its layers take "
            f"({size},) floats; save the network again"
        )
    return layers, theta
