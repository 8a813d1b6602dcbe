"""nnlib.validation: every check, what it lets pass, and the three parts of its message."""

import math
import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from strategies import frozen

from nnlib import validation
from nnlib.validation import (
    as_floats,
    as_generator,
    as_numbers,
    as_path,
    require_between,
    require_choice,
    require_columns,
    require_extra,
    require_features,
    require_finite,
    require_float64,
    require_integer,
    require_positive,
    require_shape,
    require_validation,
    trusted,
)

NAN, INF = math.nan, math.inf


class Sparse:
    def toarray(self) -> np.ndarray:
        return np.zeros(2)


# What passes


@pytest.mark.parametrize("value", [1, 1.0, np.float32(1), np.int8(1), Fraction(1)])
def test_numbers_of_every_kind(value: Any):
    for number in (require_positive("a", value), require_between("a", value, 0, 2)):
        assert (type(number), number) == (float, 1.0)


def test_intervals_are_half_open_unless_closed():
    assert require_between("a", 0, 0, 1) == 0
    assert require_between("a", 1, 0, 1, closed=True) == 1
    assert require_positive("a", 5e-324) == 5e-324


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3)])
def test_whole_numbers_of_every_kind(value: Any):
    assert type(require_integer("n", value, least=3)) is int


def test_generators():
    rng = np.random.default_rng(3)
    assert as_generator(rng) is rng
    expected = rng.random()
    for seed in (3, np.int64(3), np.uint8(3)):
        assert as_generator(seed).random() == expected
    assert as_generator(None).random() != as_generator(None).random()
    old = [as_generator(np.random.RandomState(s)).random() for s in (0, 0, 1)]
    assert old[0] == old[1] != old[2]


@pytest.mark.parametrize(
    "values",
    [[[1, 2]], ((1, 2),), np.array([[1, 2]]), np.array([[1, 2]], object)],
)
def test_arrays_of_every_kind(values: Any):
    array = as_numbers(values, "X")
    assert type(array) is np.ndarray
    assert array.tolist() == [[1, 2]]


def test_the_array_protocol_is_enough():
    class Frame:
        def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
            return np.array([[1.5, 2]])

    assert require_features(Frame(), 2, None).tolist() == [[1.5, 2]]


def test_features_are_converted_and_never_changed():
    x = frozen(np.array([[0, 255]], np.uint8))
    np.testing.assert_array_equal(as_floats(x, np.float64), [[0, 1]])
    single = as_floats(frozen([[1e-3, 2.0]]), np.float32)
    assert (single.dtype, single.shape) == (np.float32, (1, 2))
    x = np.ones((3, 2))
    assert as_floats(require_features(x, 2, None), np.float64) is x  # no copy without need


def test_checks_rest_in_a_trusted_place_alone():
    bad = np.array([[NAN]])
    with trusted():
        require_finite(bad, "X")
        with trusted():
            require_finite(bad, "X")
        require_finite(bad, "X")
    with pytest.raises(ValueError, match=r"X contains nan"):
        require_finite(bad, "X")
    with pytest.raises(LookupError), trusted():
        raise LookupError
    with pytest.raises(ValueError, match=r"X contains nan"):
        require_finite(bad, "X")


def test_paths(tmp_path: Path):
    assert as_path("a", ".npz") == as_path(Path("a.npz"), ".npz") == Path("a.npz")
    assert as_path("~/a", ".npz") == Path.home() / "a.npz"
    assert as_path("b.c/a", ".npz") == Path("b.c/a.npz")


def test_the_name_to_install_by_is_that_of_the_project():
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["project"]["name"] == validation.DISTRIBUTION


def test_the_errors_are_those_that_one_would_catch():
    assert issubclass(validation.NotFittedError, ValueError)
    assert issubclass(validation.NotFittedError, AttributeError)
    assert issubclass(validation.DivergedError, FloatingPointError)
    assert issubclass(validation.CheckpointError, ValueError)
    assert issubclass(validation.NnlibWarning, UserWarning)
    assert validation.DivergedError().history is None


# What is refused


@pytest.mark.parametrize(
    ("call", "error", "parts"),
    [
        (lambda: require_positive("a", 0), ValueError, r"^a must be a finite .* above 0, got 0$"),
        (lambda: require_positive("a", -1, ": b"), ValueError, r"above 0, got -1: b$"),
        (lambda: require_positive("a", NAN), ValueError, r"got nan"),
        (lambda: require_positive("a", INF), ValueError, r"got inf"),
        (lambda: require_positive("a", "1"), TypeError, r"a must be a number, got '1' \(str\)"),
        (lambda: require_positive("a", True), TypeError, r"a must be a number, got True \(bool\)"),
        (lambda: require_positive("a", np.True_), TypeError, r"a must be a number"),
        (lambda: require_positive("a", 1j), TypeError, r"a must be a number, got 1j"),
        (lambda: require_positive("a", np.ones(1)), TypeError, r"a must be a number"),
        (lambda: require_between("a", 1, 0, 1), ValueError, r"^a must lie in \[0, 1\), got 1$"),
        (lambda: require_between("a", -1, 0, 1, "!"), ValueError, r"\), got -1!$"),
        (
            lambda: require_between("a", 1.5, 0, 1, closed=True),
            ValueError,
            r"in \[0, 1\], got 1.5$",
        ),
        (lambda: require_between("a", NAN, 0, 1), ValueError, r"got nan"),
        (lambda: require_between("a", np.float64(2), 0, 1), ValueError, r"got 2$"),
        (lambda: require_between("a", None, 0, 1), TypeError, r"a must be a number, got None"),
        (lambda: require_integer("n", 0, least=1), ValueError, r"^n must be at least 1, got 0$"),
        (lambda: require_integer("n", 2.6, least=1), TypeError, r"got 2.6 \(float\): write n=3$"),
        (lambda: require_integer("n", -2.0, least=1), TypeError, r": write n=1$"),
        (lambda: require_integer("n", NAN, least=1), TypeError, r": write n=32$"),
        (lambda: require_integer("n", "5", least=1), TypeError, r"got '5' \(str\): write n=32$"),
        (lambda: require_integer("n", np.True_, least=1), TypeError, r"must be a whole number"),
        (
            lambda: require_choice("k", "Relu", ["relu"]),
            ValueError,
            r"unknown k 'Relu': did you mean",
        ),
        (
            lambda: require_choice("k", "zzz", ["a", "b"]),
            ValueError,
            r"^unknown k 'zzz': Known: a, b$",
        ),
        (lambda: require_choice("k", 5, ["a"]), TypeError, r"one of the names a, got 5 .*quotes"),
        (lambda: as_generator("a"), TypeError, r"Generator, got 'a' \(str\): write rng=0"),
        (lambda: as_generator(1.5), TypeError, r"rng must be a whole number"),
        (lambda: as_generator(True), TypeError, r"rng must be a whole number"),
        (lambda: as_generator(-2), ValueError, r"rng must be 0 or more, got -2: write rng=2"),
        (lambda: as_numbers(Sparse(), "X"), TypeError, r"sparse matrix; .*: X.toarray\(\)"),
        (lambda: as_numbers([1j], "X"), TypeError, r"X must hold real numbers, got complex128"),
        (lambda: as_numbers(["a"], "X"), TypeError, r"got <U1, for instance .*'a'"),
        (lambda: as_numbers([*["a"][:0], ""], "X"), TypeError, r"encode text as numbers first"),
        (lambda: as_numbers(np.zeros(0, "U1"), "X"), TypeError, r"got none"),
        (lambda: as_numbers([[1, 2], [3]], "X"), ValueError, r"row 0 has 2, row 1 has 1; give"),
        (lambda: as_numbers([[1, 2], 3], "X"), ValueError, r"row 0 has 2, row 1 has 1"),
        (lambda: as_numbers([1, None, "a"], "X"), TypeError, r"X must hold real numbers, but"),
        (lambda: as_numbers([np.datetime64("2020")], "X"), TypeError, r"got datetime64"),
        (
            lambda: require_columns(np.zeros(3), 3, "L"),
            ValueError,
            r"'L' takes x of shape \(n, 3\), got",
        ),
        (lambda: require_columns([[1.0]], 1, "L"), ValueError, r"takes x of shape"),
        (
            lambda: require_shape(np.zeros(3), (4,), "L"),
            ValueError,
            r"got dy of shape \(3,\).*\(4,\)",
        ),
        (lambda: require_float64(np.zeros(1, "f4")), TypeError, r"needs float64.*float32.*dtype="),
        (lambda: require_validation([]), ValueError, r"validation=\(X_val, y_val\)"),
        (lambda: as_path(5, ".npz"), TypeError, r"path must be a string or a Path, got 5 \(int\)"),
        (lambda: as_path("a.pkl", ".npz"), ValueError, r"a.pkl must end in .npz: write 'a.npz'"),
        (
            lambda: as_path(".", ".npz"),
            ValueError,
            r". is a folder; name a file in it: 'network.npz'",
        ),
    ],
)
def test_the_table_of_messages(call: Any, error: type[Exception], parts: str):
    with pytest.raises(error, match=parts):
        call()


@pytest.mark.parametrize("value", [NAN, INF, -INF])
@pytest.mark.parametrize(
    ("shape", "place", "words"),
    [
        ((), (), ""),
        ((5,), (3,), " at row 3"),
        ((9000, 2), (8999, 1), " at row 8999, column 1"),
        ((5000, 2, 3), (4097, 1, 2), " at row 4097, column 1, place 2"),
    ],
)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_first_number_that_is_not_finite_is_named(
    value: float, shape: tuple[int, ...], place: tuple[int, ...], words: str, dtype: type
):
    array = np.zeros(shape, dtype)
    require_finite(array, "X")
    array[place] = value
    with pytest.raises(
        ValueError, match=f"^X contains {value}{words}; every value must be finite: "
    ):
        require_finite(array, "X")


def test_an_extra_that_is_missing():
    assert require_extra("math", "plots") is math
    with pytest.raises(
        ImportError, match=r"needs nowhere_at_all, .*pip install 'nnlib-course\[plots\]'"
    ) as caught:
        require_extra("nowhere_at_all.part", "plots")
    assert caught.value.name == "nowhere_at_all"


def test_a_broken_extra_speaks_for_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "broken_extra.py").write_text("import something_else_entirely\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match=r"something_else_entirely"):
        require_extra("broken_extra", "plots")
