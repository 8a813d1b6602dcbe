"""Every displayed result is numbered, checked by a cell, and the check can fail."""

from pathlib import Path

import ledger
import plan
import pytest
from sample import code, edit, first, md, second, store, tree

from conftest import skip_without_mnist


@pytest.fixture
def course(tmp_path: Path) -> Path:
    return tree(tmp_path)


def test_the_ledger_of_the_course_is_in_order():
    assert ledger.check() == [], "\n".join(ledger.check())


@pytest.mark.full
@pytest.mark.parametrize("path", plan.course_notebooks(), ids=lambda path: path.stem)
def test_every_check_fails_when_its_tested_side_is_1_percent_off(path: Path):
    skip_without_mnist(path)
    survivors = ledger.survivors(path)
    assert survivors == [], "\n".join(survivors)


def test_the_sample_is_in_order(course: Path):
    assert ledger.check(course) == []
    assert ledger.survivors(course / "notebooks" / "01_neuron.ipynb") == []


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        (md("$$ a = b \\tag{1.2} $$"), "(1.2) is checked by no cell"),
        (md("$$ a = b \\tag{1.1} $$"), "(1.1) is used already"),
        (md("$$ a = b \\tag{1.3} $$"), "in reading order they should be 1.1, 1.2"),
        (md("$$ a = b \\tag{2.1} $$"), "in reading order they should be 1.1, 1.2"),
        (md("$$ a = b \\tag{*} $$"), "in reading order"),
        (md("as $a = b \\tag{1.2}$ says"), "1 \\tag outside display math"),
        (code("# checks (1.7)\nassert math.isclose(1, 1)"), "checks (1.7), which no notebook"),
        (code("# checks (1.1)\nassert 1 == 1"), "claims 1 equations and has 0 comparing"),
        (code("x = 1\n# checks (1.1)"), "a checks comment that is not read"),
        (code("# checks 1.1 (1.1)\nassert math.isclose(1, 1)"), "not read"),
        (code("# check (1.1)\nassert math.isclose(1, 1)"), "not read"),
    ],
)
def test_each_fault_is_reported_with_its_place(course: Path, cell, says: str):
    store(course / "notebooks" / "01_neuron.ipynb", first(cell))
    report = ledger.check(course)
    assert any(says in line and line.startswith("01_neuron.ipynb") for line in report), report


def test_an_earlier_equation_may_be_checked_again(course: Path):
    again = code("# checks (1.1)\nnp.testing.assert_allclose(relu(np.ones(2)), [1, 1])")
    store(course / "notebooks" / "02_forward_pass.ipynb", second(again))
    assert ledger.check(course) == []


def test_an_equation_whose_check_is_gone_is_red(course: Path):
    edit(course / "notebooks" / "01_neuron.ipynb", "# checks (1.1)\n", "")
    assert ledger.check(course) == [
        "01_neuron.ipynb: (1.1) is checked by no cell; add one with # checks (1.1)"
    ]


@pytest.mark.parametrize(
    "source",
    [
        "assert math.isclose(x, 2.0, rel_tol=1e-12)",
        "assert np.allclose([x, 2 * x], [2, 4]), 'twice'",
        "assert np.array_equal((2, 3), [x, 3])",
        "np.testing.assert_allclose(np.full(3, x), 2 * np.ones(3), atol=1e-9)",
        "np.testing.assert_equal(x, 2.0)",
        "for k in range(1, 3):\n    assert math.isclose(k * x, k + k)",
        "with np.errstate(all='raise'):\n    assert math.isclose(x, 2) and math.isclose(1, x - 1)",
    ],
)
def test_sound_checks_fail_when_spoiled(tmp_path: Path, source: str):
    cells = [code("import math\nimport numpy as np\nx = 2.0"), code(f"# checks (1.1)\n{source}")]
    assert ledger.survivors(store(tmp_path / "01_neuron.ipynb", cells)) == []


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("assert math.isclose(x - 2, 0, abs_tol=1e-9)", "passes at 1.01 times"),
        ("assert math.isclose(x, 2, rel_tol=0.1)", "passes at 1.01 times"),
        ("np.testing.assert_allclose(x, 2, atol=0.1)", "passes at 1.01 times"),
        ("assert math.isclose(x, 2) or x", "passes at 1.01 times"),
        ("if x > 3:\n    assert math.isclose(x, 2)", "is never reached"),
        ("for k in [1, 0]:\n    assert math.isclose(k * x, 2 * k)", "passes at 1.01 times"),
    ],
)
def test_checks_that_cannot_fail_survive(tmp_path: Path, source: str, says: str):
    cells = [code("import math\nimport numpy as np\nx = 2.0"), code(f"# checks (1.1)\n{source}")]
    (report,) = ledger.survivors(store(tmp_path / "01_neuron.ipynb", cells))
    assert report.startswith("01_neuron.ipynb, cell 2, checks (1.1): ")
    assert says in report


def test_one_weak_assertion_among_sound_ones_is_found(tmp_path: Path):
    cell = code(
        "# checks (1.1)\nimport math\nassert math.isclose(2.0, 1 + 1)\n"
        "assert math.isclose(2.0, 1 + 1, rel_tol=1)\nassert math.isclose(3.0, 1 + 2)"
    )
    (report,) = ledger.survivors(store(tmp_path / "01_neuron.ipynb", [cell]))
    assert "rel_tol=1)" in report


def test_a_spoiled_run_leaves_magics_and_expected_errors_alone(tmp_path: Path):
    cells = [
        code("%matplotlib inline\nimport math\ncount = 0"),
        code("count += 1\nraise ValueError('on purpose')", "raises-exception"),
        code("# checks (1.1)\ncount += 1\nassert math.isclose(count, 2)\ndisplay(count)"),
    ]
    assert ledger.survivors(store(tmp_path / "01_neuron.ipynb", cells)) == []
    cells[1].metadata.tags = []
    path = store(tmp_path / "01_neuron.ipynb", cells)
    with pytest.raises(AssertionError, match="cell 2 fails: ValueError"):
        ledger.survivors(path)
