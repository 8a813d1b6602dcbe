"""A folder of images to practise with: circles, squares and triangles, drawn on the spot."""

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from nnlib.validation import as_generator, require_between, require_extra, require_integer

__all__ = ["draw_shapes"]

# Sides of each regular polygon; a circle has as many as it takes to look round.
SHAPES = {"circle": 64, "square": 4, "triangle": 3}
SIDE = 64  # pixels of a picture
FINE = 4  # drawn this many times larger, then scaled down: smooth edges
NOISE = 12  # standard deviation, in grey levels


def draw_shapes(path: Any, n_per_class: int = 100, turn: float = 15, rng: Any = None) -> Path:
    """Draw circles, squares and triangles into a folder that `image_folder` reads.

    Each picture has 64 x 64 grey pixels: a dark shape of random place, size, angle and
    grey level on a light ground, with noise over both.

    Parameters
    ----------
    path : str or Path
        Is made if it is missing; ``path/circle/circle_000.png`` is the first picture.
    n_per_class : int
        Pictures of each shape.
    turn : float
        A shape stands on a side, then is turned by up to this many degrees, 0 to 180,
        to the left or to the right.
    rng : None, int or Generator

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    FileExistsError
        If the folder holds one of the class folders already; nothing is written then.
    ImportError
        If Pillow is missing.
    """
    require_integer("n_per_class", n_per_class, least=1)
    require_between("turn", turn, 0, 180, closed=True)
    rng = as_generator(rng)
    require_extra("PIL", "datasets")
    root = Path(path).expanduser()
    for shape in SHAPES:
        if (root / shape).exists():
            raise FileExistsError(f"{root} holds {shape} already; name a new folder, or remove it")
    root.mkdir(parents=True, exist_ok=True)
    # Written elsewhere and put in place whole.
    with tempfile.TemporaryDirectory(prefix=".shapes-", dir=root) as scratch:
        for shape, sides in SHAPES.items():
            folder = Path(scratch) / shape
            folder.mkdir()
            for i in range(n_per_class):
                _draw(sides, turn, rng).save(folder / f"{shape}_{i:03d}.png")
        for shape in SHAPES:
            os.replace(Path(scratch) / shape, root / shape)
    return root


def _draw(sides: int, turn: float, rng: np.random.Generator) -> Any:
    """Return one picture."""
    from PIL import Image, ImageDraw

    image = Image.new("L", (SIDE * FINE, SIDE * FINE), int(rng.integers(160, 256)))
    ink = int(rng.integers(0, 120))
    ImageDraw.Draw(image).polygon(_corners(sides, turn, rng), fill=ink)
    pixels = np.asarray(image.resize((SIDE, SIDE)), float) + rng.normal(0, NOISE, (SIDE, SIDE))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _corners(sides: int, turn: float, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Return the corners of a polygon of random place, size and angle inside the picture."""
    radius = rng.uniform(0.25, 0.45)
    slack = min(0.1, 0.5 - radius)
    x, y = 0.5 + rng.uniform(-slack, slack, 2)
    # Unturned, a polygon stands on a side.
    first = np.pi / 2 + np.pi / sides + np.deg2rad(rng.uniform(-turn, turn))
    angles = first + 2 * np.pi * np.arange(sides) / sides
    corners = np.column_stack([x + radius * np.cos(angles), y + radius * np.sin(angles)])
    return [(float(a), float(b)) for a, b in SIDE * FINE * corners]
