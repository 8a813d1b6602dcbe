"""nnlib.datasets.images and shapes: folders of images, read and drawn."""

import shutil
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from nnlib import Adam, NnlibWarning, datasets, mlp, softmax_cross_entropy, train
from nnlib.datasets import draw_shapes, image_folder, shapes

# What a camera notes (EXIF orientation) and the turn that makes the picture upright, from the
# standard's own table: where row 0 and column 0 of the stored picture are seen.
UPRIGHT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],  # row 0 top, column 0 right
    3: lambda a: a[::-1, ::-1],  # bottom, right
    4: lambda a: a[::-1],  # bottom, left
    5: lambda a: a.T,  # row 0 is the left-hand side, column 0 the top
    6: lambda a: a.T[:, ::-1],  # right-hand side, top
    7: lambda a: a.T[::-1, ::-1],  # right-hand side, bottom
    8: lambda a: a.T[::-1],  # left-hand side, bottom
}


def save(path: Path, pixels: Any, mode: str | None = None, **options: Any) -> Path:
    """Write an image of these pixels, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(np.asarray(pixels, options.pop("dtype", np.uint8)))
    (image.convert(mode) if mode else image).save(path, **options)
    return path


def grey(level: int, size: tuple[int, int] = (4, 3)) -> np.ndarray:
    """Return pixels of one level; size is (width, height)."""
    return np.full(size[::-1], level, np.uint8)


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Make a folder of two classes."""
    save(tmp_path / "cats" / "b.png", grey(255))
    save(tmp_path / "cats" / "a.png", grey(51))
    save(tmp_path / "dogs" / "a.png", grey(0))
    return tmp_path


# Worked examples


def test_a_folder_is_a_class(two: Path):
    data = image_folder(two, size=(4, 3))
    np.testing.assert_array_equal(data.X, np.repeat([[0.2], [1.0], [0.0]], 12, axis=1))
    np.testing.assert_array_equal(data.y, [0, 0, 1])
    assert (data.X.dtype, data.y.dtype) == (float, np.intp)
    assert data.class_names == ("cats", "dogs")
    assert data.files == (two / "cats" / "a.png", two / "cats" / "b.png", two / "dogs" / "a.png")
    assert repr(data) == "3 grey images of 4 x 3 pixels in 2 classes: cats, dogs"


def test_size_is_width_and_height_and_a_row_is_read_line_by_line(tmp_path: Path):
    pixels = [[0, 51, 102], [153, 204, 255]]
    save(tmp_path / "a" / "a.png", pixels)
    data = image_folder(str(tmp_path), size=(3, 2))
    np.testing.assert_allclose(data.X, [[0, 0.2, 0.4, 0.6, 0.8, 1]], rtol=1e-15)
    np.testing.assert_allclose(data.images[0], np.divide(pixels, 255), rtol=1e-15)
    assert image_folder(tmp_path).X.shape == (1, 1024)
    wide = image_folder(tmp_path, size=(9, 5), colour=True)
    assert (wide.X.shape, wide.images.shape) == ((1, 135), (1, 5, 9, 3))
    assert repr(wide) == "1 colour images of 9 x 5 pixels in 1 classes: a"


def test_colour_and_its_grey(tmp_path: Path):
    save(tmp_path / "a" / "a.png", [[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]])
    colour = image_folder(tmp_path, size=(4, 1), colour=True)
    np.testing.assert_array_equal(colour.X, [[1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1]])
    # The weights of ITU-R 601-2, which add up to 1.
    np.testing.assert_allclose(
        image_folder(tmp_path, size=(4, 1)).X, [[0.299, 0.587, 0.114, 1]], atol=1 / 255
    )


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_a_photograph_is_turned_as_its_camera_noted(tmp_path: Path, orientation: int):
    stored = np.array([[0, 40, 80], [120, 160, 200]])
    exif = Image.Exif()
    exif[0x0112] = orientation
    save(tmp_path / "a" / "a.png", stored, exif=exif)
    upright = UPRIGHT[orientation](stored)
    data = image_folder(tmp_path, size=upright.shape[::-1])
    np.testing.assert_allclose(data.images[0], upright / 255, rtol=1e-12)


@pytest.mark.parametrize("colour", [False, True])
def test_what_is_transparent_is_white(tmp_path: Path, colour: bool):
    save(tmp_path / "a" / "rgba.png", [[[0, 0, 0, 0], [0, 0, 0, 255], [0, 0, 0, 51]]])
    save(tmp_path / "a" / "la.png", [[[0, 0, 0, 0], [0, 0, 0, 255], [0, 0, 0, 51]]], "LA")
    data = image_folder(tmp_path, size=(3, 1), colour=colour)
    expected = np.broadcast_to(np.repeat([1, 0, 0.8], 3 if colour else 1), data.X.shape)
    np.testing.assert_allclose(data.X, expected, atol=1 / 255)


def test_a_palette_with_a_transparent_colour(tmp_path: Path):
    (tmp_path / "a").mkdir()
    image = Image.new("P", (2, 1))
    image.putpalette([0, 0, 0, 51, 51, 51])
    image.putpixel((1, 0), 1)
    image.save(tmp_path / "a" / "a.gif", transparency=0)
    np.testing.assert_allclose(image_folder(tmp_path, size=(2, 1)).X, [[1, 0.2]], rtol=1e-12)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.bmp", "a.tif", "a.gif", "a.webp", "a.PPM"])
def test_common_formats(tmp_path: Path, name: str):
    save(tmp_path / "a" / name, grey(102, (8, 8)))
    np.testing.assert_allclose(image_folder(tmp_path, size=(8, 8)).X, 0.4, atol=0.02)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"])
def test_modes(tmp_path: Path, mode: str):
    (tmp_path / "a").mkdir()
    Image.new("RGB", (4, 4), "white").convert(mode).save(tmp_path / "a" / "a.tif")
    np.testing.assert_allclose(image_folder(tmp_path, size=(4, 4)).X, 1, atol=0.01)


def test_16_bits_are_read_as_16_bits(tmp_path: Path):
    for name in ("a.png", "a.tif"):
        save(tmp_path / "a" / name, [[0, 257 * 51, 65535]], dtype=np.uint16)
    np.testing.assert_allclose(image_folder(tmp_path, size=(3, 1)).X, [[0, 0.2, 1]] * 2, rtol=1e-12)


def test_the_first_frame_counts(tmp_path: Path):
    (tmp_path / "a").mkdir()
    frames = [Image.new("L", (4, 4), level) for level in (255, 0)]
    frames[0].save(tmp_path / "a" / "a.gif", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(image_folder(tmp_path, size=(4, 4)).X, np.ones((1, 16)))


def test_hidden_files_and_what_lies_elsewhere_are_not_read(two: Path):
    for name in (".DS_Store", "cats/.hidden", "notes.txt"):
        (two / name).touch()
    for name in (".ipynb_checkpoints", "cats/more"):
        shutil.copytree(two / "dogs", two / name)
    assert len(image_folder(two, size=(4, 3)).X) == 3


@given(
    level=st.integers(0, 255),
    width=st.integers(1, 40),
    height=st.integers(1, 40),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    colour=st.booleans(),
)
@settings(max_examples=30, deadline=None)
def test_scaling_keeps_an_even_picture(
    tmp_path_factory: pytest.TempPathFactory,
    level: int,
    width: int,
    height: int,
    size: tuple[int, int],
    colour: bool,
):
    folder = tmp_path_factory.mktemp("even")
    save(folder / "a" / "a.png", grey(level, (width, height)))
    data = image_folder(folder, size=size, colour=colour)
    assert data.images.shape[:3] == (1, size[1], size[0])
    np.testing.assert_allclose(data.X, level / 255, rtol=1e-12)


# Files that are no images


def test_what_cannot_be_read_is_named_once_and_left_out(two: Path):
    (two / "cats" / "notes.txt").write_text("three cats", encoding="utf-8")
    photo = save(two / "dogs" / "half.png", np.arange(10_000).reshape(100, 100) % 251)
    photo.write_bytes(photo.read_bytes()[:200])
    (two / "dogs" / "empty.jpg").touch()
    save(two / "dogs" / "real.tif", [[0.5]], dtype=np.float32)
    with pytest.warns(NnlibWarning) as caught:
        data = image_folder(two, size=(4, 3))
    assert len(data.X) == 3
    assert len(caught) == 1
    says = str(caught[0].message)
    start = "left out, not readable as an image: cats/notes.txt (not a known image format); "
    assert says.startswith(start)
    assert "dogs/empty.jpg (not a known image format); dogs/half.png (" in says
    assert "dogs/real.tif (its pixels are floating-point numbers of unknown range)" in says
    assert says.endswith(". Remove what is no picture, save what is one as PNG or JPEG")
    assert caught[0].filename == __file__


def test_a_long_list_is_cut(two: Path):
    for i in range(12):
        (two / "cats" / f"{i:02d}.txt").touch()
    with pytest.warns(NnlibWarning, match=r"^left out, .*/04.txt \([^)]*\); and 7 more\. "):
        image_folder(two)


# Errors


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda p: image_folder(p / "no"), FileNotFoundError, r"no does not exist; expected a f"),
        (lambda p: image_folder(p / "cats/a.png"), FileNotFoundError, r"a.png is a file; expect"),
        (lambda p: image_folder(p / "cats"), ValueError, r"holds 2 files and no folder; expected"),
        (lambda p: image_folder(3), TypeError, r"path must be a string or a Path, got 3 \(int\)"),
        (lambda p: image_folder(p, size=32), TypeError, r"size must be \(width, height\), got 32"),
        (lambda p: image_folder(p, size=(8, 8, 3)), TypeError, r"write size=\(32, 32\)"),
        (lambda p: image_folder(p, size=(0, 8)), ValueError, r"width must be at least 1, got 0"),
        (lambda p: image_folder(p, size=(8, 2.5)), TypeError, r"height must be a whole number"),
        (lambda p: draw_shapes(p / "new", 0), ValueError, r"n_per_class must be at least 1"),
        (lambda p: draw_shapes(p / "new", 2.5), TypeError, r"n_per_class must be a whole number"),
        (lambda p: draw_shapes(p / "new", turn=181), ValueError, r"turn must lie in \[0, 180\]"),
        (lambda p: draw_shapes(p / "new", rng="0"), TypeError, r"rng must be a whole number"),
    ],
)
def test_arguments_that_are_refused(
    two: Path, call: Callable[[Path], Any], error: type[Exception], says: str
):
    before = sorted(two.rglob("*"))
    with pytest.raises(error, match=says):
        call(two)
    assert sorted(two.rglob("*")) == before


def test_a_class_without_an_image(two: Path):
    (two / "birds").mkdir()
    with pytest.raises(ValueError, match=r"birds holds no image; expected a folder for each class"):
        image_folder(two)
    (two / "birds" / "a.txt").touch()
    with pytest.raises(ValueError, match=r"holds no image that can be read: birds/a.txt \(not a"):
        image_folder(two)


def test_a_path_that_is_one_level_too_high(two: Path):
    shutil.copytree(two, two.parent / "above" / "train")
    with pytest.raises(ValueError, match=r"if the classes lie inside of it, give its path instead"):
        image_folder(two.parent / "above")


def test_without_pillow(two: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    for call in (lambda: image_folder(two), lambda: draw_shapes(two / "new")):
        with pytest.raises(ImportError, match=r"needs PIL.*pip install 'nnlib-course\[datasets\]'"):
            call()
    assert not (two / "new").exists()


# Shapes


def test_shapes_are_drawn_into_a_folder_that_is_read_back(tmp_path: Path):
    folder = draw_shapes(tmp_path / "new" / "shapes", n_per_class=3, rng=0)
    assert folder == tmp_path / "new" / "shapes"
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))
    shapes = ("circle", "square", "triangle")
    assert names == [f"{shape}/{shape}_00{i}.png" for shape in shapes for i in range(3)]
    assert sorted(path.name for path in folder.iterdir()) == list(shapes)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = image_folder(folder, size=(64, 64))
    assert data.class_names == shapes
    np.testing.assert_array_equal(data.y, np.repeat([0, 1, 2], 3))
    with Image.open(data.files[0]) as image:
        assert (image.size, image.mode) == ((64, 64), "L")


def test_a_seed_decides_the_shapes(tmp_path: Path):
    seeds = (0, np.random.default_rng(0), 1)
    one, same, other = (
        image_folder(draw_shapes(tmp_path / str(i), 2, rng=rng)).X for i, rng in enumerate(seeds)
    )
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_a_shape_fills_the_share_of_its_width_that_geometry_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(shapes, "NOISE", 0)
    data = image_folder(draw_shapes(tmp_path / "shapes", 20, turn=0, rng=0), size=(64, 64))
    areas, widths = [], []
    for image in data.images:
        ground, ink = np.median(image[[0, -1]]), np.median(image[30:34, 30:34])
        dark = image < (ground + ink) / 2
        areas.append(dark.sum())
        widths.append(dark.any(axis=0).sum())
    expected = np.array([np.pi / 4, 1, np.sqrt(3) / 4])[data.y]
    np.testing.assert_allclose(areas / np.square(widths), expected, rtol=0.12)
    radii = widths / np.array([2, np.sqrt(2), np.sqrt(3)])[data.y]
    assert 15 < radii.min() < 18
    assert 26 < radii.max() < 30


def test_noise_lies_over_ground_and_shape(tmp_path: Path):
    images = image_folder(draw_shapes(tmp_path, 40, rng=0), size=(64, 64)).images
    shifted = images - images.mean(axis=(1, 2), keepdims=True)
    for part in (shifted[:, 31:33, 31:33], shifted[:, :2, :]):
        across = np.diff(part, axis=2) * 255 / np.sqrt(2)
        assert 9 < np.sqrt(np.median(across**2) / 0.455) < 13  # 0.455: median of chi-square 1


def test_a_network_learns_the_shapes(tmp_path: Path):
    data = image_folder(draw_shapes(tmp_path / "shapes", 120, rng=0), size=(16, 16))
    rows = np.random.default_rng(0).permutation(len(data.y))
    learn, judge = rows[:300], rows[300:]
    net = mlp([256, 50, 3], rng=0)
    train(
        net, softmax_cross_entropy, Adam(0.002), data.X[learn], data.y[learn],
        n_epochs=60, rng=0, measure=False,
    )  # fmt: skip
    assert np.mean(net.predict(data.X[judge]) == data.y[judge]) > 0.7


def test_a_folder_that_holds_shapes_is_left_alone(tmp_path: Path):
    draw_shapes(tmp_path, 1, rng=0)
    shutil.rmtree(tmp_path / "circle")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    with pytest.raises(FileExistsError, match=r"holds square already; name a new folder"):
        draw_shapes(tmp_path, 1, rng=1)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_drawing_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: Any, **__: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(OSError, match="No space left"):
        datasets.draw_shapes(tmp_path, 2, rng=0)
    assert list(tmp_path.iterdir()) == []
