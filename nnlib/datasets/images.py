"""The reader's own images: a folder for each class, read into rows of pixels."""

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nnlib.validation import NnlibWarning, require_extra, require_integer

__all__ = ["ImageFolder", "image_folder"]

# A warning names this many files; a folder can hold thousands.
_MOST_NAMES = 5
_EXPECTED = "expected a folder for each class, with its images inside: cats/1.jpg, dogs/2.jpg"


@dataclass(frozen=True, repr=False)
class ImageFolder:
    """Images as rows of numbers in [0, 1], and what they show.

    Attributes
    ----------
    X : ndarray, shape (n, height * width), or (n, height * width * 3) in colour
    y : ndarray of int, shape (n,)
        Class indices.
    class_names : tuple of str
        Name of each class: ``class_names[y[i]]`` is what image i shows.
    files : tuple of Path
        Where each row comes from.
    size : tuple of int
        Width and height.
    """

    X: np.ndarray
    y: np.ndarray
    class_names: tuple[str, ...]
    files: tuple[Path, ...]
    size: tuple[int, int]

    @property
    def images(self) -> np.ndarray:
        """X as pictures: (n, height, width), or (n, height, width, 3) in colour."""
        width, height = self.size
        images = self.X.reshape(len(self.X), height, width, -1)
        return images[..., 0] if images.shape[-1] == 1 else images

    def __repr__(self) -> str:
        width, height = self.size
        kind = "grey" if self.images.ndim == 3 else "colour"
        return (
            f"{len(self.X)} {kind} images of {width} x {height} pixels in "
            f"{len(self.class_names)} classes: {', '.join(self.class_names)}"
        )


def image_folder(path: Any, size: tuple[int, int] = (32, 32), colour: bool = False) -> ImageFolder:
    """Read a folder that holds a folder of images for each class.

    Files beside the class folders, hidden ones, and folders inside a class are not
    read. An image is turned as its camera noted (EXIF), put on white where it is
    transparent, and scaled to ``size`` whatever its shape; of several frames the first
    counts.

    Parameters
    ----------
    path : str or Path
        ``path/cat/anything.jpg`` is an image of the class "cat"; any format that
        Pillow reads.
    size : (int, int)
        Width and height of the result, in pixels.
    colour : bool
        Keep red, green and blue; otherwise images become grey.

    Returns
    -------
    ImageFolder
        Rows from 0, black, to 1, white; classes and files sorted by name.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If the folder holds no folder, or a class no image that can be read.
    ImportError
        If Pillow is missing.

    Warns
    -----
    NnlibWarning
        If a file cannot be read as an image; it names the files, which are left out.
    """
    size = _require_size(size)
    folders = _class_folders(path)
    require_extra("PIL", "datasets")
    classes = [_read_class(folder, size, colour) for folder in folders]
    faults = [fault for _, found in classes for fault in found]
    for folder, (images, found) in zip(folders, classes):
        if not images:
            raise _no_image(folder, found)
    if faults:
        warnings.warn(
            f"left out, not readable as an image: {_listed(faults)}. Remove what is no picture, "
            "save what is one as PNG or JPEG",
            NnlibWarning,
            stacklevel=2,
        )
    return ImageFolder(
        np.array([row for images, _ in classes for row in images.values()]),
        np.repeat(np.arange(len(folders)), [len(images) for images, _ in classes]),
        tuple(folder.name for folder in folders),
        tuple(file for images, _ in classes for file in images),
        size,
    )


def _require_size(size: Any) -> tuple[int, int]:
    if not isinstance(size, tuple | list) or len(size) != 2:
        raise TypeError(f"size must be (width, height), got {size!r}: write size=(32, 32)")
    width, height = size
    return require_integer("width", width, least=1), require_integer("height", height, least=1)


def _class_folders(path: Any) -> list[Path]:
    """Return the folders of the classes, sorted by name."""
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path must be a string or a Path, got {path!r} ({type(path).__name__})")
    root = Path(path).expanduser()
    if not root.is_dir():
        what = "is a file" if root.exists() else "does not exist"
        raise FileNotFoundError(f"{root.absolute()} {what}; {_EXPECTED}")
    folders = [entry for entry in _visible(root) if entry.is_dir()]
    if not folders:
        raise ValueError(f"{root} holds {len(_visible(root))} files and no folder; {_EXPECTED}")
    return folders


def _visible(folder: Path) -> list[Path]:
    """Return what a folder holds, sorted by name, without hidden entries."""
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))


def _no_image(folder: Path, faults: list[str]) -> ValueError:
    """Return the error for a class of which nothing could be read."""
    found = f"no image that can be read: {_listed(faults)}" if faults else "no image"
    return ValueError(
        f"{folder} holds {found}; {_EXPECTED}. Remove the folder if it is no class; if the "
        "classes lie inside of it, give its path instead"
    )


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_NAMES
    return "; ".join(names[:_MOST_NAMES]) + (f"; and {more} more" if more > 0 else "")


def _read_class(
    folder: Path, size: tuple[int, int], colour: bool
) -> tuple[dict[Path, np.ndarray], list[str]]:
    """Return a row of pixels for each file, and a phrase for each that is no image."""
    images: dict[Path, np.ndarray] = {}
    faults: list[str] = []
    for file in (entry for entry in _visible(folder) if not entry.is_dir()):
        try:
            images[file] = _pixels(file, size, colour)
        except Exception as error:  # what a damaged image raises is not a closed list
            unknown = type(error).__name__ == "UnidentifiedImageError"
            reason = "not a known image format" if unknown else error
            faults.append(f"{folder.name}/{file.name} ({reason})")
    return images, faults


def _pixels(file: Path, size: tuple[int, int], colour: bool) -> np.ndarray:
    """Return the pixels of an image file, row by row, from 0 to 1."""
    from PIL import Image, ImageOps

    with Image.open(file) as opened:
        image = ImageOps.exif_transpose(opened)
        if image.mode.startswith("I"):  # 16 bits
            image = Image.fromarray((np.asarray(image) // 257).astype(np.uint8))
        if image.mode == "F":
            raise ValueError("its pixels are floating-point numbers of unknown range")
        if "A" in image.getbands() or "transparency" in image.info:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        image = image.convert("RGB" if colour else "L").resize(size)
    return np.asarray(image, float).ravel() / 255
