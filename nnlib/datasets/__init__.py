"""Data sets of the course: drawn from a generator, read from the disk, or fetched once.

X holds one example a row, y class indices. ``small`` holds the sets that need no
file, ``mnist`` the 70,000 handwritten digits, ``images`` the reader's own folder
of images, and ``shapes`` draws such a folder.
"""

from nnlib.datasets.images import ImageFolder, image_folder
from nnlib.datasets.mnist import Mnist, mnist, mnist_file
from nnlib.datasets.shapes import draw_shapes
from nnlib.datasets.small import Dataset, Split, digits, moons, spiral, xor

__all__ = [
    "Dataset",
    "ImageFolder",
    "Mnist",
    "Split",
    "digits",
    "draw_shapes",
    "image_folder",
    "mnist",
    "mnist_file",
    "moons",
    "spiral",
    "xor",
]
