"""What a notebook promotes is what ships, and the tool that keeps it so."""

from pathlib import Path

import plan
import promote
import pytest
from sample import ACTIVATIONS, LAYERS, RELU, SCALE, code, edit, first, md, second, store, tree


@pytest.fixture
def course(tmp_path: Path) -> Path:
    return tree(tmp_path)


def of(course: Path, name: str) -> Path:
    return course / ("nnlib" if name.endswith(".py") else "notebooks") / name


def test_the_course_and_the_package_agree():
    assert promote.check() == [], "\n".join(promote.check())


def test_sample_agrees_though_its_docstrings_are_longer(course: Path):
    assert promote.check(course) == []
    assert [(p.module, p.block.name) for p in promote.promotions(course)] == [
        ("activations", "relu"),
        ("layers", "Scale"),
    ]


def test_reduced_keeps_first_lines_and_merged_gives_the_rest_back():
    shipped = promote.definitions(LAYERS, "layers.py")["Scale"].text
    assert promote.reduced(shipped) == SCALE
    assert promote.merged(SCALE, shipped) == shipped
    new = promote.merged(SCALE.replace("Return by x.", "Return x times by."), shipped)
    assert new == shipped.replace("Return by x.", "Return x times by.")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("np.maximum(z, 0)", "np.maximum(z, 1)"),
        ("# Above 0 nothing changes.", "# Above zero nothing changes."),
        ("# the bend", "# a bend"),
        ("Cut off what is negative.", "Cut off what is not positive."),
    ],
)
def test_a_changed_word_is_reported_with_its_diff_and_mended_both_ways(course, old, new):
    page, module = of(course, "01_neuron.ipynb"), of(course, "activations.py")
    edit(page, old, new)
    (report,) = promote.check(course)
    assert "01_neuron.ipynb, cell 4 -> nnlib/activations.py: relu differs" in report
    assert any(line.startswith("-") and new in line for line in report.splitlines())
    assert any(line.startswith("+") and old in line for line in report.splitlines())

    promote.write(course)
    assert module.read_text(encoding="utf-8") == ACTIVATIONS.replace(old, new)
    assert promote.check(course) == []

    edit(module, new, old)
    promote.pull(course)
    assert plan.read_notebook(page).cells[3].source == RELU
    assert promote.check(course) == []


def test_write_and_pull_leave_equal_files_alone(course: Path):
    files = [path for path in course.rglob("*") if path.is_file()]
    before = [path.stat().st_mtime_ns for path in files]
    assert promote.write(course) == promote.pull(course) == []
    assert [path.stat().st_mtime_ns for path in files] == before


def test_a_new_definition_is_appended(course: Path):
    added = code("def triple(z):\n    return 3 * z", "promote:activations")
    store(of(course, "01_neuron.ipynb"), first(added))
    (report,) = promote.check(course)
    assert "triple is missing" in report
    assert "__all__" in promote.write(course)[0]
    assert (
        of(course, "activations.py")
        .read_text(encoding="utf-8")
        .endswith("\n\n\ndef triple(z):\n    return 3 * z\n")
    )
    assert promote.check(course) == []


def test_several_definitions_of_one_cell_are_pulled(course: Path):
    both = code(f"def double(z):\n    return z + z\n\n\n{RELU}", "promote:activations")
    cells = first()
    cells[3] = both
    path = store(of(course, "01_neuron.ipynb"), cells)
    edit(of(course, "activations.py"), "# the bend", "# bend")
    promote.pull(course)
    assert plan.read_notebook(path).cells[3].source == (
        f'def double(z):\n    """Twice z."""\n    return 2 * z\n\n\n{RELU}'.replace(
            "# the bend", "# bend"
        )
    )


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("z = 3", "not a function, a class or a capitalised constant"),
        ("import math", "not a function"),
        ("def f(): ...\nprint(f())", "not a function"),
        ("%matplotlib inline", "not plain Python"),
        ("# a remark\n\ndef f(): ...", "belongs to no definition"),
        ("def f(): ...\n# a remark", "belongs to no definition"),
        ("", "without a definition"),
        ("def f(): ...\ndef f(): ...", "twice"),
        (RELU, "already promoted by 01_neuron.ipynb, cell 4"),
        ('def f():\n    """One line.\n\n    More.\n    """', "several lines"),
    ],
)
def test_what_cannot_ship_is_refused(course: Path, source: str, says: str):
    path = of(course, "02_forward_pass.ipynb")
    store(path, second(code(source, "promote:activations")))
    before = of(course, "activations.py").read_text(encoding="utf-8")
    (report,) = promote.check(course)
    assert says in report
    with pytest.raises(promote.PromotionError, match=r"02_forward_pass.ipynb, cell 8"):
        promote.write(course)
    assert of(course, "activations.py").read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        (md("text", "promote:activations"), "on a code cell"),
        (code("A = 1", "promote:activations", "promote:layers"), "one promote tag"),
        (code("A = 1", "promote:plots"), "'plots' is not a taught module"),
        (code("A = 1", "promote:losses"), "nnlib/losses.py does not exist"),
    ],
)
def test_a_wrong_tag_is_refused(course: Path, cell, says: str):
    store(of(course, "02_forward_pass.ipynb"), second(cell))
    (report,) = promote.check(course)
    assert says in report


@pytest.mark.parametrize("name", ["square", "_square", "SQUARE"])
def test_a_definition_that_nobody_teaches_is_red(course: Path, name: str):
    module = of(course, "layers.py")
    source = module.read_text(encoding="utf-8")
    definition = f"{name} = {{}}" if name.isupper() else f"def {name}(): ..."
    module.write_text(f"{source}\n\n{definition}\n", encoding="utf-8")
    (report,) = promote.check(course)
    assert report.startswith(f"layers.{name}: no cell promotes it")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("activations.relu", "is promoted; remove"),
        ("activations.gone", "no such definition"),
        ("activations.double", "stands twice"),
    ],
)
def test_the_list_of_what_is_not_yet_taught_holds_nothing_else(course: Path, line, says):
    listed = course / "tools" / "not_yet_taught.txt"
    listed.write_text(f"activations.double\n{line}\n", encoding="utf-8")
    (report,) = promote.check(course)
    assert says in report


@pytest.mark.parametrize(
    "source",
    [
        "def relu(z): ...",
        "relu = 3",
        "for relu in range(3): ...",
        "with open('a') as relu: ...",
        "import numpy as relu",
        "from numpy import abs as relu",
        "if (relu := 3): ...",
        "class relu: ...",
    ],
)
def test_a_promoted_name_is_not_bound_again(course: Path, source: str):
    store(of(course, "02_forward_pass.ipynb"), second(code(source)))
    (report,) = promote.check(course)
    assert "02_forward_pass.ipynb, cell 8: binds relu again" in report
    store(of(course, "14_bug_zoo.ipynb"), [*second()[:2], code(source)])
    store(of(course, "solutions") / "01_neuron.ipynb", [code(source)])
    store(of(course, "02_forward_pass.ipynb"), second())
    assert promote.check(course) == []


def test_a_promoted_name_may_be_bound_before_its_cell_only(course: Path):
    naive, cells = code("def relu(z):\n    return z * (z > 0)"), first()
    store(of(course, "01_neuron.ipynb"), [*cells[:3], naive, *cells[3:]])
    assert promote.check(course) == []
    store(of(course, "01_neuron.ipynb"), [*cells[:4], naive, *cells[4:]])
    (report,) = promote.check(course)
    assert "binds relu again" in report


def test_local_names_and_imports_do_not_count(course: Path):
    cell = code(
        "from nnlib.activations import relu\n"
        "def area(relu):\n    return [relu for relu in relu]\n%time area([1])"
    )
    store(of(course, "02_forward_pass.ipynb"), second(cell))
    assert promote.check(course) == []


@pytest.mark.parametrize(
    "source",
    [
        "from nnlib import Scale",
        "from nnlib.layers import Scale",
        "import nnlib.layers\nnnlib.layers.Scale(2)",
        "import nnlib.layers as building\nbuilding.Scale(2)",
        "nnlib.Scale(2)",
        "from nnlib import layers\nlayers.Scale(2)",
    ],
)
def test_nothing_is_used_before_it_is_derived(course: Path, source: str):
    store(of(course, "01_neuron.ipynb"), first(code(source)))
    (report,) = promote.check(course)
    assert "01_neuron.ipynb: uses nnlib's Scale before" in report
    store(of(course, "01_neuron.ipynb"), first())
    store(of(course, "10_digits_classifier.ipynb"), [code(f"import nnlib\n{source}")])
    assert promote.check(course) == []


def test_the_tour_of_the_package_may_show_what_comes(course: Path):
    store(of(course, "00_start_here.ipynb"), [code("import nnlib\nnnlib.Scale(2)")])
    assert promote.check(course) == []


def test_the_tenth_notebook_is_exempt_while_something_is_not_yet_taught(course: Path):
    store(of(course, "10_digits_classifier.ipynb"), [code("from nnlib import double")])
    assert promote.check(course) == []
    edit(of(course, "activations.py"), 'def double(z):\n    """Twice z."""\n    return 2 * z\n', "")
    (course / "tools" / "not_yet_taught.txt").write_text("", encoding="utf-8")
    edit(of(course, "10_digits_classifier.ipynb"), "double", "*")
    (report,) = promote.check(course)
    assert "star import" in report


@pytest.mark.parametrize(("name", "green"), [("05_backprop", True), ("04_softmax", False)])
def test_the_fifth_notebook_alone_takes_the_schemes_early(course: Path, name: str, green: bool):
    source = '"""Schemes."""\n\n__all__ = ["SCHEMES"]\n\nSCHEMES = {}\n'
    of(course, "initialization.py").write_text(source, encoding="utf-8")
    with (course / "tools" / "not_yet_taught.txt").open("a", encoding="utf-8") as file:
        file.write("initialization.SCHEMES\n")
    cell = code("from nnlib.initialization import SCHEMES")
    store(of(course, f"{name}.ipynb"), [cell])
    assert (promote.check(course) == []) is green
