"""The distribution, the environments and the two commands agree with pyproject.toml."""

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import plan
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import nnlib
from nnlib.validation import DISTRIBUTION

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
EXTRAS = PROJECT["optional-dependencies"]


def text(name: str) -> str:
    """Return a file of the project's root."""
    return (ROOT / name).read_text(encoding="utf-8")


def expanded(requirements: list[str]) -> set[str]:
    """Return the requirements with the project's own extras written out."""
    found = set()
    for line in requirements:
        requirement = Requirement(line)
        if canonicalize_name(requirement.name) == canonicalize_name(PROJECT["name"]):
            for extra in requirement.extras:
                found |= expanded(EXTRAS[extra])
        else:
            found.add(line)
    return found


def pins() -> dict[str, str]:
    """Return the exact versions of constraints.txt."""
    lines = text("constraints.txt").splitlines()
    return {canonicalize_name(name): version for name, version in (x.split("==") for x in lines)}


# Lists that must agree


def test_the_only_dependencies_are_numpy_and_threadpoolctl() -> None:
    assert [Requirement(line).name for line in PROJECT["dependencies"]] == [
        "numpy",
        "threadpoolctl",
    ]


def test_dev_includes_every_other_extra() -> None:
    everything = set().union(*(expanded(lines) for lines in EXTRAS.values()))
    assert expanded(EXTRAS["dev"]) == everything


def test_the_conda_environment_repeats_pyproject() -> None:
    environment = yaml.safe_load(text("environment.yml"))
    assert environment["name"] == "nnlib"
    assert environment["channels"][0] == "conda-forge"
    *packages, by_pip = environment["dependencies"]
    python = f"python{PROJECT['requires-python']}"
    assert packages[:2] == [python, "pip"]
    assert len(packages[2:]) == len(set(packages[2:]))
    assert set(packages[2:]) == expanded(PROJECT["dependencies"] + EXTRAS["notebooks"])
    assert by_pip == {"pip": ["-e ."]}


def test_constraints_hold_names_and_versions_alone() -> None:
    lines = text("constraints.txt").splitlines()
    assert [
        line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][\w.!]*", line)
    ] == []
    assert len(pins()) == len(lines)


def test_constraints_pin_every_direct_requirement_within_its_range() -> None:
    direct = [Requirement(line) for line in expanded(PROJECT["dependencies"] + EXTRAS["dev"])]
    outside = [
        str(requirement)
        for requirement in direct
        if pins().get(canonicalize_name(requirement.name), "0") not in requirement.specifier
    ]
    assert outside == []


def test_constraints_fit_the_oldest_python_that_is_promised() -> None:
    oldest = PROJECT["requires-python"].removeprefix(">=") + ".0"
    too_new = []
    for name in pins():
        try:
            wanted = importlib.metadata.metadata(name).get("Requires-Python", "")
        except importlib.metadata.PackageNotFoundError:
            continue  # a pin for another system or another Python
        if oldest not in SpecifierSet(wanted):
            too_new.append(f"{name} needs Python {wanted}")
    assert too_new == []


@pytest.mark.parametrize("name", ["CITATION.cff", "CHANGELOG.md"])
def test_the_current_version_is_named(name: str) -> None:
    pattern = {
        "CITATION.cff": r"^version: (\S+)$",
        "CHANGELOG.md": r"^## (\d\S*)",  # the first such heading is the newest
    }[name]
    match = re.search(pattern, text(name), flags=re.MULTILINE)
    assert match is not None
    assert match[1] == nnlib.__version__


def test_the_package_knows_the_name_of_its_distribution() -> None:
    assert PROJECT["name"] == DISTRIBUTION


def test_the_tests_import_this_checkout() -> None:
    assert Path(nnlib.__file__).parent == ROOT / "nnlib"


def test_the_formatter_treats_the_taught_modules_as_pages_of_the_book() -> None:
    narrow = {"notebooks/*.ipynb"} | {f"nnlib/{name}.py" for name in plan.TAUGHT}
    assert set(PYPROJECT["tool"]["ruff"]["format"]["exclude"]) == narrow


# The commands


def test_make_help_lists_every_target_with_a_line_of_help() -> None:
    makefile = text("Makefile")
    targets = re.findall(r"^([a-z][a-z-]*):", makefile, flags=re.MULTILINE)
    phony = re.search(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)
    assert phony is not None
    assert phony[1].split() == targets
    assert {"lab", "test", "test-all", "test-cpus", "promote", "text", "run"} < set(targets)
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout.splitlines()
    listed = [re.fullmatch(r"make (\S+) +(\S.{10,})", line) for line in shown]
    assert [match and match[1] for match in listed] == targets


@pytest.mark.parametrize("target", ["lab", "test"])
def test_only_a_new_clone_or_a_changed_requirement_installs(target: str, tmp_path: Path) -> None:
    def installs(*options: str) -> bool:
        lines = subprocess.run(
            ["make", "--no-print-directory", "--dry-run", *options, target],
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
            check=True,
        ).stdout.splitlines()
        assert lines[-1].startswith(".venv/bin/python -m ")
        return any('pip install -c constraints.txt -e ".[dev]"' in line for line in lines)

    for name in ["Makefile", "pyproject.toml", "constraints.txt"]:
        shutil.copyfile(ROOT / name, tmp_path / name)
    assert installs()
    (tmp_path / ".venv").mkdir()
    assert installs()  # the environment was begun and not finished
    (tmp_path / ".venv" / ".installed").touch()
    assert not installs()
    assert installs("--what-if=pyproject.toml")
    assert installs("--what-if=constraints.txt")


@pytest.mark.skipif(os.name == "nt", reason=".ci/run is a bash script for Debian")
def test_ci_run_installs_what_is_missing_and_ends_with_make_test(tmp_path: Path) -> None:
    # A machine of stand-ins that say how they were called: chromium is missing and cannot be had.
    for name in ["make", "apt-get"]:
        (tmp_path / name).write_text(
            f'#!/bin/bash\necho "{name} $* NNLIB_DATA=$NNLIB_DATA"\n[ {name} = make ]\n',
            encoding="utf-8",
        )
        (tmp_path / name).chmod(0o755)
    for name in ["bash", "dirname", "env", "id", "realpath"]:
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    (tmp_path / "sudo").symlink_to(tmp_path / "apt-get")
    run = subprocess.run(
        ["/bin/bash", str(ROOT / ".ci" / "run")],
        env={"PATH": str(tmp_path), "PY": sys.executable, "NNLIB_DATA": "../no-such-data"},
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
    )
    data = ROOT.parent / "no-such-data"
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-1] == f"make test NNLIB_DATA={data}"
    assert "no browser tests" in run.stderr
    assert f"no data in {data}: tests that need MNIST are skipped" in run.stderr


# The wheel

# Without PYTHONPATH, which names this checkout while notebooks are compared: what is found is what
# was installed.
CLEAN = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

PROBE = """
import json, sys
import nnlib
value = nnlib.mlp([2, 3, 1], rng=0).forward([[0.0, 1.0]])
site = [path for path in sys.path if path.endswith("site-packages")][0]
files = {name.partition(".")[0]: getattr(module, "__file__", None) or ""
         for name, module in list(sys.modules.items())}
print(json.dumps({
    "version": nnlib.__version__,
    "file": nnlib.__file__,
    "site": site,
    "loaded": sorted(name for name, file in files.items() if file.startswith(site)),
    "shape": value.shape,
}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy: a build writes into the folder that it is given."""
    source = tmp_path_factory.mktemp("source")
    for name in ["pyproject.toml", "README.md", "LICENSE"]:
        (source / name).write_text(text(name), encoding="utf-8")
    for path in (ROOT / "nnlib").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            target = source / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    (source / "tests").mkdir()
    (source / "tests" / "test_nothing.py").write_text("", encoding="utf-8")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation"]
    result = subprocess.run(
        [*build, "--outdir", str(source / "dist"), str(source)],
        env=CLEAN,
        capture_output=True,
        encoding="utf-8",
    )
    assert result.returncode == 0, result.stdout + result.stderr
    (built,) = (source / "dist").glob("*.whl")
    return built


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    prefix = f"nnlib_course-{nnlib.__version__}"
    assert wheel.name == f"{prefix}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = archive.read(f"{prefix}.dist-info/METADATA").decode()
    package = {name for name in names if not name.startswith(f"{prefix}.dist-info/")}
    tracked = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "nnlib").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert package == tracked
    assert {"nnlib/py.typed", "nnlib/course.mplstyle", "nnlib/explorers/canvas.js"} < package
    assert f"\nVersion: {nnlib.__version__}\n" in metadata
    assert "\nLicense-Expression: MIT\n" in metadata


def test_the_wheel_alone_gives_nnlib_and_loads_numpy_only(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "environment"
    venv.create(home, with_pip=False)
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python)]
    constraints = str(ROOT / "constraints.txt")
    installed = subprocess.run(
        [*pip, "install", "--retries=1", "--constraint", constraints, str(wheel)],
        env=CLEAN,
        capture_output=True,
        encoding="utf-8",
    )
    if "NewConnectionError" in installed.stderr and "CI" not in os.environ:
        pytest.skip("no package index can be reached: the wheel was not installed alone")
    assert installed.returncode == 0, installed.stdout + installed.stderr
    listed = subprocess.run(
        [*pip, "list", "--format=json"],
        env=CLEAN,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    names = {canonicalize_name(item["name"]) for item in json.loads(listed.stdout)}
    assert names == {canonicalize_name(DISTRIBUTION), "numpy", "threadpoolctl"}
    run = subprocess.run(
        [str(python), "-c", PROBE],
        cwd=tmp_path,
        env=CLEAN,
        capture_output=True,
        encoding="utf-8",
    )
    assert run.returncode == 0, run.stderr
    probe = json.loads(run.stdout)
    assert probe["version"] == nnlib.__version__
    assert Path(probe["file"]).is_relative_to(home)
    assert probe["shape"] == [1, 1]
    # A network has been drawn and has computed: no plot, table or thread library came with it.
    assert probe["loaded"] == ["nnlib", "numpy"]
