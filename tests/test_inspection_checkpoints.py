"""nnlib.inspection.checkpoints: everything that can happen to a disk, and to a file."""

import io
import json
import os
import pickle
import random
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import shift_biases

from nnlib import CheckpointError, Network, mlp
from nnlib.inspection import checkpoints, files


def small(dtype: type = np.float64) -> Network:
    return shift_biases(mlp([4, 3, 2], rng=0, dtype=dtype), 1)


def crafted(path: Path, **members: Any) -> Path:
    """Write an archive as somebody else might; bytes stay as they are."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, value in members.items():
            buffer = io.BytesIO()
            if isinstance(value, bytes):
                buffer.write(value)
            else:
                np.save(buffer, value, allow_pickle=True)
            archive.writestr(f"{name}.npy", buffer.getvalue())
    return path


def header(**fields: Any) -> np.ndarray:
    fields = {"format": 1, "layers": [["Dense", {"n_in": 1, "n_out": 1, "init": None}]], **fields}
    return np.frombuffer(json.dumps(fields).encode(), np.uint8)


# Faults while writing: the old file or the new one, and nothing beside it


class FullDisk(io.FileIO):
    """A file on a disk that is full after so many writes."""

    left = 0

    def write(self, data: Any) -> int:
        if FullDisk.left == 0:
            raise OSError(28, "No space left on device")
        FullDisk.left -= 1
        return super().write(data)


def test_what_a_killed_save_left_is_removed_after_a_day(tmp_path: Path):
    old, young, other = (
        tmp_path / name for name in (".n.npz.a.tmp", ".n.npz.b.tmp", ".m.npz.c.tmp")
    )
    for path in (old, young, other):
        path.write_bytes(b"half a network")
    for path in (old, other):
        os.utime(path, (0, 0))
    small().save(tmp_path / "n.npz")
    assert sorted(os.listdir(tmp_path)) == [other.name, young.name, "n.npz"]


@pytest.mark.parametrize("n_writes", range(8))
def test_a_disk_that_fills_up(n_writes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path, old, new = tmp_path / "n.npz", small(), mlp([4, 5, 2], rng=5)
    old.save(path)
    FullDisk.left = n_writes
    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fdopen", lambda handle, mode: FullDisk(handle, mode))
        with pytest.raises(OSError, match=r"not saved, an older file is untouched: .*No space"):
            new.save(path)
    assert os.listdir(tmp_path) == ["n.npz"]
    assert Network.load(path).theta.tobytes() == old.theta.tobytes()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_device_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    stand_in = tmp_path / "n.tmp"
    stand_in.touch()
    full = os.open("/dev/full", os.O_WRONLY)
    monkeypatch.setattr(files.tempfile, "mkstemp", lambda **_: (full, str(stand_in)))
    with pytest.raises(OSError, match=r"not saved.*No space left on device"):
        small().save(tmp_path / "n.npz")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("call", ["fsync", "chmod", "replace"])
@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), KeyboardInterrupt()])
def test_a_failure_at_every_later_call(
    call: str, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = small().save(tmp_path / "n.npz")
    before = path.read_bytes()

    def fail(*_: Any) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(files.os, call, fail)
        with pytest.raises(type(error)):
            mlp([1, 1], rng=0).save(path)
    assert os.listdir(tmp_path) == ["n.npz"]
    assert path.read_bytes() == before


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
def test_killed_while_saving(tmp_path: Path):
    script = (
        "import nnlib, sys\n"
        "net = nnlib.mlp([300, 300], rng=0)\n"
        "while True:\n"
        "    net.theta += 1\n"
        "    net.save(sys.argv[1])\n"
        "    print('saved', flush=True)\n"
    )
    path = tmp_path / "n.npz"
    for n_saves in (1, 3):
        child = subprocess.Popen(
            [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        for _ in range(n_saves):
            assert child.stdout.readline() == "saved\n"
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        assert Network.load(path).n_parameters == 300 * 301


@pytest.mark.parametrize(
    ("path", "error", "parts"),
    [
        ("missing/n.npz", FileNotFoundError, r"missing does not exist; create the folder first"),
        ("n.pkl", ValueError, r"n.pkl must end in .npz: write 'n.npz'"),
        (".", ValueError, r"is a folder; name a file in it"),
        (5, TypeError, r"path must be a string or a Path, got 5 \(int\)"),
    ],
)
def test_paths_that_are_refused(
    path: Any, error: type[Exception], parts: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=parts):
        small().save(path)
    assert os.listdir(tmp_path) == []
    with pytest.raises(error) as refused:
        Network.load(path)
    assert type(refused.value) is error


def test_a_folder_that_is_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(**_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files.tempfile, "mkstemp", refuse)
    with pytest.raises(PermissionError, match=r"n.npz cannot be written: .*Permission denied"):
        small().save(tmp_path / "n.npz")


# Faults of a file that is read


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return small(np.float32).save(tmp_path / "n.npz")


def test_cut_off_anywhere(saved: Path):
    data = saved.read_bytes()
    saved.write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"n.npz is an empty file; save the network again"):
        Network.load(saved)
    for length in range(1, len(data), 7):
        saved.write_bytes(data[:length])
        with pytest.raises(CheckpointError, match=r"n.npz is damaged or no saved network"):
            Network.load(saved)


def test_a_flipped_bit_is_seen_or_harmless(saved: Path):
    data, network = saved.read_bytes(), Network.load(saved)
    draw, n_seen = random.Random(0), 0
    places = [(i, 1 << draw.randrange(8)) for i in range(0, len(data), 2)]
    for place, bit in places:
        damaged = bytearray(data)
        damaged[place] ^= bit
        saved.write_bytes(damaged)
        try:
            found = Network.load(saved)
        except CheckpointError:
            n_seen += 1
        else:  # a date, say
            assert (repr(found), found.theta.tobytes()) == (repr(network), network.theta.tobytes())
    assert n_seen > 0.5 * len(places)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
@given(data=st.data())
def test_any_bytes_for_header_and_parameters(data: st.DataObject, tmp_path: Path):
    json_values = st.recursive(
        st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
        max_leaves=5,
    )
    layers = st.lists(
        st.tuples(st.sampled_from(["Dense", "Dropout", "Layer", "eval"]) | json_values, json_values)
        | json_values,
        max_size=3,
    )
    fields = data.draw(
        st.fixed_dictionaries({}, optional={"format": json_values, "layers": layers | json_values})
        | json_values
    )
    text = data.draw(st.just(json.dumps(fields).encode()) | st.binary(max_size=20))
    theta = data.draw(
        st.binary(max_size=40)
        | st.sampled_from([np.zeros(2), np.zeros(0), np.zeros((1, 2)), np.zeros(2, int)])
    )
    path = crafted(tmp_path / "n.npz", header=np.frombuffer(text, np.uint8), theta=theta)
    with pytest.raises(CheckpointError, match=r"^[^\n]{20,}"):
        Network.load(path)


class Bomb:
    """Unpickled, it would leave a file behind."""

    def __reduce__(self) -> Any:
        return os.mkdir, ("exploded",)


def huge_shape() -> bytes:
    """Return a member that says it holds 80 TB."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {"descr": "<f8", "fortran_order": False, "shape": (10**13,)}
    )
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("members", "parts"),
    [
        ({"header": np.array([Bomb()], object), "theta": np.zeros(2)}, r"damaged or no saved"),
        ({"header": header(), "theta": np.array([Bomb()], object)}, r"damaged or no saved"),
        ({"theta": np.zeros(2)}, r"damaged or no saved"),
        ({"header": header()}, r"damaged or no saved"),
        ({"header": header(), "theta": huge_shape()}, r"damaged or no saved"),
        ({"header": header(), "theta": b"no array"}, r"holds no parameters"),
        (
            {"header": header(format=2), "theta": np.zeros(2)},
            r"format 2, .*1: pip install -U",
        ),
        ({"header": header(format="1"), "theta": np.zeros(2)}, r"no format number"),
        ({"header": header(layers=[]), "theta": np.zeros(0)}, r"make no network"),
        ({"header": header(layers=[["Conv", {}]]), "theta": np.zeros(2)}, r"layer 'Conv'.*import"),
        ({"header": header(layers=[["Dense", {"n_in": 0, "n_out": 1}]])}, r"damaged"),
        (
            {"header": header(layers=[["Dense", {"n_in": 0, "n_out": 1}]]), "theta": np.zeros(1)},
            r"Dense\(.*is not valid: n_in must be at least 1",
        ),
        (
            {
                "header": header(
                    layers=[["Dense", {"n_in": n, "n_out": 1, "init": None}] for n in (1, 2)]
                ),
                "theta": np.zeros(5),
            },
            r"make no network .*its n_in must be 1",
        ),
        (
            {"header": header(), "theta": np.zeros(3)},
            r"shape \(3,\), its layers take \(2,\)",
        ),
        ({"header": header(), "theta": np.zeros(2, int)}, r"holds int64 parameters"),
        ({"header": header(), "theta": np.zeros(2, ">f8")}, r"holds >f8 parameters"),
        ({"header": header(), "theta": np.zeros(2, complex)}, r"holds complex128 parameters"),
    ],
)
def test_files_that_somebody_else_made(
    members: dict[str, Any], parts: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointError, match=parts):
        Network.load(crafted(tmp_path / "n.npz", **members))
    assert os.listdir(tmp_path) == ["n.npz"]  # nothing in the file was executed


def test_a_crafted_file_can_be_right(tmp_path: Path):
    path = crafted(tmp_path / "n.npz", header=header(), theta=np.array([2.0, 3.0]))
    np.testing.assert_array_equal(Network.load(path).forward([[1.0]]), [[5.0]])


def test_a_small_file_that_unpacks_into_a_large_one(tmp_path: Path):
    path = tmp_path / "n.npz"
    np.savez_compressed(path, header=header(), theta=np.zeros(10**6))
    assert path.stat().st_size < 20_000
    with pytest.raises(CheckpointError, match=r"unpacks into 8,000,\d+ bytes.*it is refused"):
        Network.load(path)


def test_a_file_over_the_limit(saved: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(checkpoints, "MAX_BYTES", 100)
    with pytest.raises(CheckpointError, match=r"is refused: use a file that network.save wrote"):
        Network.load(saved)


def test_a_pickle_with_our_suffix(tmp_path: Path):
    path = tmp_path / "n.npz"
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(CheckpointError, match=r"damaged or no saved network"):
        Network.load(path)
    np.save(tmp_path / "array.npy", np.zeros(2))
    (tmp_path / "array.npy").rename(path)
    with pytest.raises(CheckpointError, match=r"damaged or no saved network"):
        Network.load(path)


def test_a_file_that_is_not_there(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match=r"n.npz does not exist; network.save\(path\)"):
        Network.load(tmp_path / "n")
