"""The house stands: modules import from lower floors alone, the mathematics numpy alone."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import plan
import promote
import pytest

import nnlib

PACKAGE = Path(nnlib.__file__).parent
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")
# Who may import what, besides numpy; matplotlib may head a module that is itself loaded late.
THIRD_PARTY = {
    "matplotlib": {"plots", "explorers"},
    "IPython": {"plots", "explorers"},
    "ipywidgets": {"explorers"},
    "anywidget": {"explorers"},
    "traitlets": {"explorers"},
    "sklearn": {"datasets", "estimators", "homework"},
    "threadpoolctl": {"running"},
    "onnx": {"export"},
    "PIL": {"plots", "datasets"},  # matplotlib brings it
    "contourpy": {"explorers"},  # this too
}
LATE = {"matplotlib", "IPython", "ipywidgets", "sklearn", "threadpoolctl", "onnx", "PIL"}
MAY_HEAD = {"plots", "explorers", "estimators"}


def module_of(path: Path) -> str:
    """Return the first name below nnlib: a package counts as one module."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(tree: ast.AST) -> Iterator[str]:
    """Yield what a module imports, as full dotted names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: write imports in full"
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def read(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def ids(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def test_every_module_has_its_floor():
    assert {module_of(path) for path in MODULES} <= set(plan.FLOOR)
    assert not set(plan.TAUGHT) & set(plan.SUPPORT)


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_imports_go_strictly_down(path: Path):
    here = module_of(path)
    for name in imports(read(path)):
        parts = name.split(".")
        if parts[0] == "nnlib" and parts[1] != here:
            assert parts[1] in plan.FLOOR, f"{here} imports {name}: name the module"
            assert plan.FLOOR[parts[1]] < plan.FLOOR[here], f"{here} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_the_mathematics_needs_numpy_alone(path: Path):
    here = module_of(path)
    for name in imports(read(path)):
        top = name.split(".")[0]
        if top in {"nnlib", "numpy"} or (top in sys.stdlib_module_names and top != "__future__"):
            continue
        assert here not in plan.TAUGHT, f"{here} imports {name}"
        assert here in THIRD_PARTY.get(top, set()), f"{here} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_heavy_imports_happen_late_and_none_is_hidden(path: Path):
    tree = read(path)
    if module_of(path) not in MAY_HEAD:
        heads = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        for name in imports(ast.Module(heads, [])):
            assert name.split(".")[0] not in LATE, f"{path.stem}: import {name} where it is used"
    for name in imports(tree):
        assert name.split(".")[0] != "__future__", f"{path.stem}: no __future__ import"
    hidden = {"__import__", "import_module"}
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert not hidden & names, f"{path.stem} hides an import"
    assert "TYPE_CHECKING" not in names, f"{path.stem} hides an import from its floor"


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_all_names_what_is_public(path: Path):
    tree = read(path)
    found = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    assert len(found) == 1, f"{path.stem}: one __all__"
    assert len(set(found[0])) == len(found[0])
    defined = set(promote.definitions(path.read_text(encoding="utf-8"), path.name))
    bound = defined | {name.split(".")[-1] for name in imports(tree)}
    assert set(found[0]) <= bound, f"{path.stem}: __all__ names what is not there"
    functions = {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    public = {name for name in functions if not name.startswith("_")}
    assert public <= set(found[0]), f"{path.stem}: {public - set(found[0])} missing in __all__"


TAUGHT_MODULES = [path for path in MODULES if module_of(path) in plan.TAUGHT]


@pytest.mark.parametrize("path", TAUGHT_MODULES, ids=ids)
def test_a_taught_module_is_as_wide_as_the_page(path: Path):
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    assert [f"{path.name}:{number}" for number, line in lines if len(line) > 76] == []


def test_the_formatter_knows_the_taught_modules():
    with (plan.ROOT / "pyproject.toml").open("rb") as file:
        narrow = tomllib.load(file)["tool"]["ruff"]["format"]["exclude"]
    assert sorted(narrow) == sorted(
        ["notebooks/*.ipynb", *(f"nnlib/{name}.py" for name in plan.TAUGHT)]
    )


def test_importing_the_package_loads_nothing_heavier_than_numpy():
    script = "import sys, nnlib; print(*{name.split('.')[0] for name in sys.modules})"
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=plan.ROOT
    )
    heavy = {*THIRD_PARTY, "scipy", "pandas", "torch", "tqdm", "joblib", "distributed"}
    assert not set(run.stdout.split()) & heavy
