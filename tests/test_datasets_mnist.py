"""nnlib.datasets.mnist: the digits, where their file is found, and every way to fail."""

import functools
import hashlib
import http.server
import importlib
import logging
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import plan
import pooch
import pytest
from sample import checkout, code, md, pytest_in, store

from nnlib import datasets

MODULE = importlib.import_module("nnlib.datasets.mnist")  # the function has the same name

# MD5 of the four files as LeCun published them: a header of big-endian numbers, then the bytes.
PUBLISHED = {
    "X_train": (2051, (60000, 28, 28), "6bbc9ace898e44ae57da46a324031adb"),
    "y_train": (2049, (60000,), "a25bea736e30d166cdddb491f175f624"),
    "X_test": (2051, (10000, 28, 28), "2646ac647ad5339dbf082846283269ea"),
    "y_test": (2049, (10000,), "27ae3e4e09519cfbb04c329615203637"),
}


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """Return four small arrays, and let them count as MNIST's."""
    rng = np.random.default_rng(0)
    arrays = {
        "x_train": rng.integers(256, size=(6, 28, 28), dtype=np.uint8),
        "y_train": rng.integers(10, size=6, dtype=np.uint8),
        "x_test": rng.integers(256, size=(2, 28, 28), dtype=np.uint8),
        "y_test": rng.integers(10, size=2, dtype=np.uint8),
    }
    monkeypatch.setattr(MODULE, "FINGERPRINT", MODULE._fingerprint(arrays))
    return arrays


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty cache, with no NNLIB_DATA and no way out of this machine."""
    monkeypatch.delenv("NNLIB_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(MODULE, "URL", "http://127.0.0.1:9/mnist.npz")  # nobody listens there
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / "cache" / project)
    return tmp_path / "cache" / "nnlib-course"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> Iterator[Path]:
    """Return a folder that is served under the address of the download."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        url = f"http://127.0.0.1:{running.server_address[1]}/mnist.npz"
        monkeypatch.setattr(MODULE, "URL", url)
        yield folder
        running.shutdown()
        thread.join()


def expect(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    """Let a file count as Keras's."""
    monkeypatch.setattr(MODULE, "SHA256", hashlib.sha256(file.read_bytes()).hexdigest())


def entries(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


# Worked examples


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_arrays_are_those_that_were_published(mnist: datasets.Mnist, name: str):
    magic, shape, md5 = PUBLISHED[name]
    header = struct.pack(f">{1 + len(shape)}i", magic, *shape)
    body = getattr(mnist, name).astype(np.uint8).tobytes()
    assert hashlib.md5(header + body).hexdigest() == md5


def test_shapes_types_and_repr(mnist: datasets.Mnist):
    assert (mnist.X_train.shape, mnist.X_test.shape) == ((60000, 784), (10000, 784))
    assert mnist.X_train.dtype == mnist.X_test.dtype == np.uint8
    assert mnist.y_train.dtype == mnist.y_test.dtype == np.intp
    assert mnist.y_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert repr(mnist) == (
        "MNIST: 60,000 training, 10,000 test examples of 784 features (28 x 28 pixels, uint8)"
    )


def test_a_file_of_the_users_own_may_be_compressed_differently(
    tiny: dict[str, np.ndarray], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("NNLIB_DATA", str(tmp_path))
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "mnist.npz", **tiny)
        data = datasets.mnist()
        assert datasets.mnist_file() == tmp_path / "mnist.npz"
        np.testing.assert_array_equal(data.X_train[1], tiny["x_train"][1].ravel())
        np.testing.assert_array_equal(data.y_test, tiny["y_test"])
    assert not cache.exists()


def test_a_download_lands_in_the_cache_and_is_not_repeated(
    tiny: dict[str, np.ndarray],
    cache: Path,
    server: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
):
    np.savez(server / "mnist.npz", **tiny)
    expect(monkeypatch, server / "mnist.npz")
    level = pooch.get_logger().level
    assert datasets.mnist_file() is None
    assert not cache.exists()
    first = datasets.mnist()
    assert entries(cache) == ["mnist.npz"]
    assert datasets.mnist_file() == cache / "mnist.npz"
    (server / "mnist.npz").unlink()
    np.testing.assert_array_equal(datasets.mnist().X_test, first.X_test)
    assert capfd.readouterr() == ("", "")
    assert pooch.get_logger().level == level != logging.WARNING


def test_a_damaged_file_in_the_cache_is_fetched_again(
    tiny: dict[str, np.ndarray], cache: Path, server: Path, monkeypatch: pytest.MonkeyPatch
):
    np.savez(server / "mnist.npz", **tiny)
    expect(monkeypatch, server / "mnist.npz")
    cache.mkdir(parents=True)
    (cache / "mnist.npz").write_bytes((server / "mnist.npz").read_bytes()[:-1])
    assert datasets.mnist_file() is None
    np.testing.assert_array_equal(datasets.mnist().y_train, tiny["y_train"])
    assert datasets.mnist_file() == cache / "mnist.npz"


def test_the_users_folder_comes_before_the_cache_and_an_empty_one_is_passed_over(
    tiny: dict[str, np.ndarray], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    cache.mkdir(parents=True)
    np.savez(cache / "mnist.npz", **tiny)
    expect(monkeypatch, cache / "mnist.npz")
    own = tmp_path / "own"
    for folder in ("", str(own)):
        monkeypatch.setenv("NNLIB_DATA", folder)
        assert datasets.mnist_file() == cache / "mnist.npz"
    own.mkdir()
    np.savez(own / "mnist.npz", **tiny)
    assert datasets.mnist_file() == own / "mnist.npz"


def test_pixels_are_divided_by_255_a_batch_at_a_time(mnist: datasets.Mnist):
    """The memory that training takes beside the data stays far below one copy as float32."""
    script = (
        "import tracemalloc, numpy as np, nnlib\n"
        "from nnlib import datasets\n"
        "data = datasets.mnist()\n"
        "net = nnlib.mlp([784, 10], rng=0, dtype=np.float32)\n"
        "as_floats = net.forward(data.X_test[:5].astype(np.float32) / np.float32(255))\n"
        "np.testing.assert_allclose(net.forward(data.X_test[:5]), as_floats, atol=1e-6)\n"
        "tracemalloc.start()\n"
        "nnlib.train(net, nnlib.softmax_cross_entropy, nnlib.SGD(0.1), data.X_train,\n"
        "            data.y_train, n_epochs=1, batch_size=500, rng=0)\n"
        "net.predict(data.X_train[:10000])\n"
        "print(tracemalloc.get_traced_memory()[1] < data.X_train.nbytes)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("True\n", "")


# Errors


@pytest.mark.parametrize("folder", [None, "elsewhere"])
def test_without_a_network_the_error_says_what_was_tried_and_what_to_do(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str | None
):
    tried = "NNLIB_DATA, which is not set"
    if folder:
        monkeypatch.setenv("NNLIB_DATA", str(tmp_path / folder))
        tried = f"the folder {tmp_path / folder} (NNLIB_DATA)"
    with pytest.raises(FileNotFoundError) as caught:
        datasets.mnist()
    assert str(caught.value) == (
        "MNIST is not here and could not be downloaded (ConnectionError). Tried: "
        f"{tried}; the cache {cache}; {MODULE.URL}. Get that file where there is a network, put "
        "it into a folder as mnist.npz and set the environment variable NNLIB_DATA to that folder"
    )
    assert entries(cache) == []
    assert entries(tmp_path) == ["cache", "cache/nnlib-course"]


def test_a_page_that_is_not_there(cache: Path, server: Path):
    with pytest.raises(FileNotFoundError, match=r"could not be downloaded \(HTTPError\)"):
        datasets.mnist()
    assert entries(cache) == []


def test_a_download_of_something_else_is_not_kept(cache: Path, server: Path):
    (server / "mnist.npz").write_text("log in first", encoding="utf-8")
    with pytest.raises(ValueError, match=r"gave another file than .* nothing was kept\. Get http"):
        datasets.mnist()
    assert entries(cache) == []


def test_a_cache_that_cannot_be_made(cache: Path, server: Path):
    cache.parent.write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(FileNotFoundError, match=r"could not be downloaded \(\w+Error\)"):
        datasets.mnist()


@pytest.mark.parametrize("kept", [0, 10, 500, -1])
def test_a_damaged_file(
    tiny: dict[str, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int
):
    monkeypatch.setenv("NNLIB_DATA", str(tmp_path))
    path = tmp_path / "mnist.npz"
    np.savez_compressed(path, **tiny)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ValueError, match=r"mnist.npz is damaged .*: remove it\. Get https.*NNLIB"):
        datasets.mnist()


def test_a_changed_pixel_label_shape_or_type_is_another_data_set(
    tiny: dict[str, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("NNLIB_DATA", str(tmp_path))
    pixel, label = tiny["x_test"].copy(), tiny["y_train"].copy()
    pixel[1, 27, 27] ^= 1
    label[0] ^= 1
    for change in (
        {"x_test": pixel},
        {"y_train": label},
        {"x_train": tiny["x_train"].reshape(6, 784)},
        {"y_test": tiny["y_test"].astype(int)},
        {"x_train": tiny["x_test"], "x_test": tiny["x_train"]},
    ):
        np.savez(tmp_path / "mnist.npz", **{**tiny, **change})
        with pytest.raises(ValueError, match=r"holds other arrays than MNIST's: x_train has shape"):
            datasets.mnist()


def test_a_file_of_other_arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NNLIB_DATA", str(tmp_path))
    np.savez(tmp_path / "mnist.npz", x_train=[1], images=[2])
    with pytest.raises(ValueError, match=r"holds images, x_train; expected x_train, y_train, x_te"):
        datasets.mnist()


def test_nothing_in_a_file_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NNLIB_DATA", str(tmp_path))
    names = ("x_train", "y_train", "x_test", "y_test")
    np.savez(tmp_path / "mnist.npz", **{name: np.array([print]) for name in names})
    with pytest.raises(ValueError, match=r"is damaged .*allow_pickle=False"):
        datasets.mnist()


def test_a_file_where_the_folder_is_expected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "mnist.npz"
    path.touch()
    monkeypatch.setenv("NNLIB_DATA", str(path))
    with pytest.raises(NotADirectoryError, match=rf"a file; .*: set NNLIB_DATA={tmp_path}$"):
        datasets.mnist()


def test_without_pooch(
    tiny: dict[str, np.ndarray], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "pooch", None)
    assert datasets.mnist_file() is None
    with pytest.raises(ImportError, match=r"needs pooch.*pip install 'nnlib-course\[datasets\]'"):
        datasets.mnist()
    monkeypatch.setenv("NNLIB_DATA", str(tmp_path))
    np.savez(tmp_path / "mnist.npz", **tiny)
    assert len(datasets.mnist().X_train) == 6


# What needs the file is skipped where it is missing


@pytest.mark.parametrize(
    ("source", "needed"),
    [
        ("data = datasets.mnist()", True),
        ("%time data = mnist()", True),
        ("datasets.mnist_file()", False),
        ("emnist()", False),
    ],
)
def test_a_notebook_needs_mnist_if_it_loads_it(tmp_path: Path, source: str, needed: bool):
    assert plan.needs_mnist(store(tmp_path / "11_a.ipynb", [md("mnist()"), code(source)])) == needed


def test_its_cells_and_the_fixtures_tests_are_skipped_with_the_reason(tmp_path: Path):
    root = checkout(tmp_path)
    cells = [code("from nnlib import datasets"), code("datasets.mnist()")]
    store(root / "notebooks" / "11_a.ipynb", cells)
    test = "def test_it(mnist):\n    raise AssertionError('not reached')\n"
    (root / "tests" / "test_a.py").write_text(test, encoding="utf-8")
    nowhere = {"NNLIB_DATA": "", "XDG_CACHE_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}
    run = pytest_in(root, "--nbval", "tests", "notebooks", **nowhere)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "3 skipped" in run.stdout
    assert run.stdout.count("mnist.npz is not here: set NNLIB_DATA to its folder") >= 1
