"""README.md and the map of notebook 00 tell the truth: example, commands, files, minutes."""

import re
import subprocess
import sys

import plan
import pytest
import readme_picture

from nnlib.datasets import digits

README = (plan.ROOT / "README.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (.*?) \|", README, flags=re.MULTILINE)


EXAMPLES = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


def test_the_example_runs_as_it_stands(tmp_path):
    code = EXAMPLES[0]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code + "\nassert (same.theta == net.theta).all()"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) > 0.94
    assert (tmp_path / "digits.npz").exists()


def test_the_search_of_the_example_finds_a_classifier():
    names = {"data": digits(rng=0)}
    exec(EXAMPLES[1], names)
    assert names["search"].score(names["data"].X_test, names["data"].y_test) > 0.94


def test_the_lab_of_the_example_prints_its_table(capsys):
    exec(EXAMPLES[2], {})
    assert len(capsys.readouterr().out.splitlines()) == 1 + 30


def test_every_link_and_picture_exists():
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "//" not in link]
    assert "tools/readme_picture.png" in links
    for link in links:
        assert (plan.ROOT / link).exists(), link


def test_every_make_target_exists():
    makefile = (plan.ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"\bmake ([a-z-]+)\b", README)):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


@pytest.mark.parametrize("number", range(1, 11))
def test_the_map_has_ten_rows_and_marks_what_is_missing(number):
    row = next(cell for cell in ROWS if re.search(rf"^\[?{number:02d} ", cell))
    there = list((plan.ROOT / "notebooks").glob(f"{number:02d}_*.ipynb"))
    assert bool(there) != ("in preparation" in row)
    if there:
        assert f"notebooks/{there[0].name}" in row


@pytest.mark.parametrize("path", plan.course_notebooks()[1:], ids=lambda path: path.stem)
def test_the_map_has_a_row_for_each_notebook(path):
    number, link = f"{plan.notebook_number(path):02d}", f"](notebooks/{path.name})"
    assert [row for row in ROWS if row.startswith(f"[{number} ") and row.endswith(link)]


def test_the_picture_shows_what_its_text_says():
    alt = re.search(r"!\[(.*?)\]", README).group(1)
    first, *_, last = (ax.get_xlabel() for ax in readme_picture.draw().axes)
    assert re.search(r"before training (\d+) of 300", alt).group(1) == first.split()[0]
    assert last == "300 of 300 right"
    assert f"after {readme_picture.EPOCHS[-1]} epochs all 300" in alt
    assert readme_picture.PICTURE.stat().st_size < 80_000


@pytest.mark.parametrize("path", plan.course_notebooks()[1:], ids=lambda path: path.stem)
def test_the_map_of_notebook_00_has_the_minutes_that_each_page_claims(path):
    page = "\n".join(cell.source for cell in plan.read_notebook(path).cells[:3])
    minutes = re.search(r"\*\*In class\*\* (\d+)\s+minutes", page).group(1)
    assert re.search(r"\*\*To run\*\* about\s+\d+\s+seconds", page)
    start = plan.read_notebook(plan.course_notebooks()[0])
    lines = [line for cell in start.cells for line in cell.source.splitlines()]
    row = next(line for line in lines if f"]({path.name}) |" in line)
    assert row.endswith(f"| {minutes} |")
