"""The comparison of benchmarks/: its turns, its numbers and its page; no seconds are asserted."""

import ast
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import data, rounds
from benchmarks.cases import CASES, Case, case_named
from benchmarks.measures import epochs, growth, memory, roofline, speed, steps
from benchmarks.peers import matmul, ours
from benchmarks.report import machine, page, pictures, table
from benchmarks.rounds import alternate
from benchmarks.rows import Row, middle, paired

ROOT = Path(__file__).resolve().parents[1]
PAGE = page.PAGE.read_text(encoding="utf-8")
PEERS = ("scikit-learn", "PyTorch")


def drawn(n: int, n_in: int) -> data.Data:
    """Return n examples that no data set is needed for."""
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 256, (n, n_in)).astype(np.uint8), np.arange(n) % 10
    return data.Data(X, y, X[:20], y[:20])


@pytest.fixture
def small_mnist(monkeypatch: pytest.MonkeyPatch) -> Iterator[data.Data]:
    """Let MNIST be 256 random pictures."""
    small = drawn(256, 784)
    data.load.cache_clear()
    for module in (data, speed, memory):
        monkeypatch.setattr(module, "pixels", lambda: small)
    yield small
    data.load.cache_clear()


@pytest.fixture(autouse=True)
def no_collection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the garbage before a timing: among pytest's objects to look for it takes a second."""
    monkeypatch.setattr(rounds, "gc", SimpleNamespace(collect=lambda: None))


def row(value: float, **changes: object) -> Row:
    """Return a row in which PyTorch is so many times slower, within 1 percent."""
    made = Row("MNIST, wide", "PyTorch / nnlib", value, 0.99 * value, 1.01 * value, peer="PyTorch")
    return replace(made, **changes)


# The sides


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8"])
def test_every_case_trains_with_nnlib(case: Case, dtype: str) -> None:
    small = drawn(2 * case.batch_size + 1, case.sizes[0])
    job = ours.prepare(replace(case, n_epochs=1), small.astype(np.dtype(dtype)), 0)
    before = job.predict.__self__.theta.copy()
    job.fit()
    net = job.predict.__self__
    assert net.theta.dtype == ("float64" if dtype == "float64" else "float32")
    assert [net.layers[0].n_in, *(layer.n_out for layer in net.layers if layer.n_parameters)] == [
        *case.sizes
    ]
    assert not np.array_equal(net.theta, before)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_limit_does_the_products_of_a_step_and_no_other(case: Case) -> None:
    n = case.batch_size
    step = matmul.products(case.sizes, n, np.dtype("float32"), np.random.default_rng(0))
    done = sum(2 * left.shape[0] * left.shape[1] * right.shape[1] for left, right, _ in step)
    layers = [n_in * n_out for n_in, n_out in pairwise(case.sizes)]
    assert done == 2 * n * (3 * sum(layers) - layers[0])
    matmul.multiply(step)
    for left, right, out in step:
        np.testing.assert_allclose(out, left.astype(float) @ right, rtol=1e-4)


def test_the_limit_takes_as_many_steps_as_the_case(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(matmul, "multiply", lambda step: calls.append(len(step[0][0])))
    case = replace(case_named("digits"), n_epochs=2)
    matmul.prepare(case, drawn(70, 64).astype(np.float32), 0).fit()
    assert calls == [32, 32, 6, 32, 32, 6]


def test_only_the_files_of_pytorch_and_keras_load_them() -> None:
    found = set()
    for path in (ROOT / "benchmarks").rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if {name.split(".")[0] for name in names} & {"torch", "keras", "tensorflow"}:
                found.add(path.name)
    assert found - {"torch_twin.py"} == {"pytorch.py", "keras.py"}


# The turns


def test_sides_take_turns_forwards_and_backwards_after_a_round_to_warm_up() -> None:
    seen: list[str] = []

    def side(name: str, number: int) -> float:
        seen.append(f"{name}{number}")
        return float(number)

    sides = {name: lambda number, name=name: side(name, number) for name in "ab"}
    assert alternate(sides, 3) == {"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0, 3.0]}
    assert seen == ["b0", "a0", "a1", "b1", "b2", "a2", "a3", "b3"]


def test_ratios_are_taken_within_a_round() -> None:
    # A machine that gets ten times slower in the last rounds changes no ratio.
    assert paired([2, 2, 20, 20, 30], [1, 1, 10, 10, 10]) == (2, 2, 2)
    assert middle([1, 2, 3, 4, 5]) == (3, 2, 4)


def test_a_small_round_gives_a_row_for_every_side(small_mnist: data.Data) -> None:
    case = replace(case_named("MNIST, batch 128"), n_epochs=1)
    rows = speed.compare(case, ["scikit-learn"], n_rounds=2)
    assert [row.what for row in rows] == [
        "scikit-learn / nnlib",
        "nnlib / matmul",
        "float64 / nnlib",
        "measure=True / nnlib",
        "uint8 / nnlib",
    ]
    assert [row.peer for row in rows] == ["scikit-learn"] + 4 * [None]
    assert all(0 < row.low <= row.value <= row.high for row in rows)
    assert rows[0].wanted == case.wanted["scikit-learn"]


def test_epochs_go_on_where_the_last_one_ended(small_mnist: data.Data) -> None:
    rows = epochs.rows(n_rounds=2, peer="scikit-learn")
    assert [row.what for row in rows] == ["scikit-learn / nnlib", "epoch 4 / epoch 1"]


def test_growth_is_measured_for_every_series(small_mnist: data.Data) -> None:
    series = [
        replace(one, values=one.values[:3], n_seen=lambda n: 256)
        for one in growth.SERIES
        if one.name != "examples"
    ]
    rows = growth.rows(n_rounds=2, series=series)
    assert [row.case for row in rows] == [
        "MNIST, batch 32, batch 16 to 256",
        "MNIST, batch 128, width 32 to 128",
        "digits, deep, depth 1 to 4",
    ]
    assert all(row.value >= 1 for row in rows)


def test_distance_from_a_line() -> None:
    assert growth.off_the_line([1, 2, 4], [5, 7, 11]) == pytest.approx(1)
    # The line 8/9 + x/3 makes (p/t - 1)^2 smallest in sum; it says 14/9 where 2 was measured.
    assert growth.off_the_line([0, 1, 2], [1, 1, 2]) == pytest.approx(9 / 7)


def test_memory_counts_what_numpy_holds(small_mnist: data.Data) -> None:
    small, large = memory.peak(small_mnist, 32), memory.peak(small_mnist, 256)
    # A batch of 256 in float32 is 0.8 MB, one of 32 a tenth of that; Adam's averages are in both.
    assert 0.6 < large - small < 3


def test_parts_of_a_step(small_mnist: data.Data) -> None:
    case = case_named("MNIST, batch 32")
    micro = steps.shares(case, n_rounds=2, n_steps=2)
    assert list(micro) == ["step", "products", "optimizer", "gather", "loss", "rest"]
    assert sum(micro.values()) == pytest.approx(2 * micro["step"])


def test_the_roofline_by_hand() -> None:
    product = roofline.operations()[0]
    assert product.flops == 2 * 32 * 784 * 100
    assert product.intensity == pytest.approx(5_017_600 / (4 * (25_088 + 78_400 + 3_200)))
    roofs = roofline.Roofs(peak=100, memory=10, cache=50)
    assert [roofs.limit(intensity) for intensity in (1, 2, 4)] == [50, 100, 100]


# The table


@pytest.mark.parametrize(
    ("value", "winner"), [(1.5, "nnlib"), (1.0, "even"), (1.005, "even"), (0.8, "PyTorch")]
)
def test_the_winner(value: float, winner: str) -> None:
    assert row(value).winner == winner
    assert row(value, peer=None).winner == "-"


def test_what_is_wanted_is_a_floor_beside_a_peer_and_a_ceiling_elsewhere() -> None:
    assert row(1.5, wanted=1.5).reached
    assert not row(1.49, wanted=1.5).reached
    assert row(1.5, wanted=1.5, peer=None).reached
    assert not row(1.51, wanted=1.5, peer=None).reached


def test_the_table_has_a_line_for_every_row() -> None:
    rows = [row(0.8, wanted=1.0, detail="5 and 4 s"), row(12.345, case="digits")]
    header, rule, first, second = table.lines(rows)
    assert len({len(line) for line in (header, rule, first, second)}) == 1
    assert [cell.strip() for cell in first.strip("|").split("|")] == [
        "MNIST, wide", "PyTorch / nnlib", "0.80", "0.79 to 0.81", "≥ 1, missed", "PyTorch", "",
        "5 and 4 s",
    ]  # fmt: skip
    assert table.parse("\n".join(["text", header, rule, first, second])) == {
        ("MNIST, wide", "PyTorch / nnlib"): "PyTorch",
        ("digits", "PyTorch / nnlib"): "nnlib",
    }


def test_a_peer_that_wins_is_named() -> None:
    assert table.verdicts([row(0.8)]) == ["PyTorch wins: MNIST, wide, 1.25 times as fast as nnlib."]
    assert table.verdicts([row(1.0)]) == ["Nobody wins: MNIST, wide, PyTorch / nnlib."]
    assert table.verdicts([row(1.2, wanted=1.5)]) == [
        "Not reached: MNIST, wide, PyTorch / nnlib is 1.20, wanted at least 1.5."
    ]
    assert len(table.verdicts([row(2.0), row(1.3, peer=None)])) == 1


def test_two_runs_contradict_each_other_only_where_both_name_a_winner() -> None:
    stored = "\n".join(table.lines([row(1.5)]))
    assert len(table.contradictions([row(0.8)], stored)) == 1
    assert table.contradictions([row(1.0), row(1.2), row(0.8, case="new")], stored) == []


def test_the_picture_has_a_dot_for_every_peer_and_a_sentence() -> None:
    rows = [row(0.8), row(1.5, peer="scikit-learn"), row(3.0, peer=None)]
    figure, alt = pictures.draw_ratios(rows)
    dots = [line for line in figure.axes[0].lines if line.get_marker() in "os"]
    assert [list(dot.get_xdata()) for dot in dots] == [[0.8], [1.5]]
    assert alt == (
        "Dots right of the line at 1: nnlib is faster than PyTorch in 0 of 1 rows and than "
        "scikit-learn in 1 of 1 rows."
    )
    pictures.plt.close(figure)


def test_the_machine_is_told_without_its_name() -> None:
    said = machine.sentence("numpy", "no-such-package")
    assert f"numpy {np.__version__}" in said
    assert "no-such-package" not in said
    assert platform.node() not in said.split()


# The page


def test_a_part_of_the_page_is_replaced_and_the_rest_stays() -> None:
    text = "a\n<!-- x -->\nold\n<!-- end of x -->\nb\n"
    new = page.replaced(text, "x", ["new \\1"])
    assert new == "a\n<!-- x -->\n\nnew \\1\n\n<!-- end of x -->\nb\n"
    assert page.replaced(new, "x", ["new \\1"]) == new
    with pytest.raises(ValueError, match="no part"):
        page.replaced(text, "y", [])


def test_the_stored_table_holds_every_case_and_no_other() -> None:
    stored = table.parse(page.read(PAGE, "table"))
    for case in CASES:
        assert {(case.name, f"{peer} / nnlib") for peer in PEERS} <= set(stored), case.name
    names = tuple(case.name for case in CASES)
    assert [name for name, _ in stored if not name.startswith((*names, "MNIST, "))] == []


def test_the_stored_verdicts_name_every_peer_that_wins_in_the_table() -> None:
    part = page.read(PAGE, "table")
    lost = {(who, case) for (case, _), who in table.parse(part).items() if who in PEERS}
    said = re.findall(r"^- (scikit-learn|PyTorch) wins: (.+), [\d.]+ times", part, re.MULTILINE)
    assert set(said) == lost


def test_every_part_is_written_and_every_picture_is_there() -> None:
    for name in ("table", "steps", "roofline"):
        assert page.read(PAGE, name).strip(), name
    for name in ("ratios.png", "roofline.png"):
        assert f"]({name})" in PAGE
        assert 5_000 < (page.PAGE.parent / name).stat().st_size < 100_000


def test_pytorch_goes_into_an_environment_of_its_own() -> None:
    for arguments, keras in (("", False), ("--keras", True)):
        lines = subprocess.run(
            ["make", "--no-print-directory", "--dry-run", "--always-make", "bench",
             f"ARGS={arguments}"],
            cwd=ROOT, capture_output=True, encoding="utf-8", check=True,
        ).stdout.splitlines()  # fmt: skip
        installs = [line for line in lines if "pip install" in line]
        assert all(line.startswith(".venv-bench/bin/python -m pip") for line in installs)
        assert any("-c constraints.txt -r benchmarks/requirements.txt" in line for line in installs)
        assert any("requirements-keras" in line for line in installs) == keras
        assert not any(".venv/" in line for line in lines)


def test_help_is_printed_without_pytorch() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--help"],
        cwd=ROOT, capture_output=True, encoding="utf-8", check=True,
    )  # fmt: skip
    assert "--quick" in done.stdout
