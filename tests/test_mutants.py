"""Faults planted in every taught module, chosen ones and drawn ones: each is seen twice.

A unit test of the module must turn red, and a notebook: the one that promotes the definition,
with the fault in its cell too, since the two are one text; before there is one, or where it
stays green, notebook 10. `make test` plants the first chosen fault of each module.
"""

import ast
import re
import shutil
from pathlib import Path

import mutants
import plan
import promote
import pytest
from mutants import Fault, chosen, drawn
from sample import checkout, pytest_in, red_cells

# Module, name, old text, new text.
CHOSEN = [
    ("activations", "unmasked relu", "(z > 0).astype(z.dtype)", "np.ones_like(z)"),
    ("activations", "softmax down the columns", "powers.sum(axis=-1,", "powers.sum(axis=0,"),
    ("activations", "sigmoid' of a sigmoid", "s = sigmoid(z)", "s = sigmoid(sigmoid(z))"),
    ("initialization", "He without the 2", "sd=math.sqrt(2 / n_in)", "sd=math.sqrt(1 / n_in)"),
    ("initialization", "3 for 6", "limit=math.sqrt(6 / n_in)", "limit=math.sqrt(3 / n_in)"),
    ("initialization", "one-sided", "uniform(-limit, limit,", "uniform(0, limit,"),
    ("gradient_check", "half the step", "/ (2 * step)", "/ step"),
    ("gradient_check", "x not put back", "        x[i] = centre\n        slopes", "        slopes"),
    ("gradient_check", "least of the two", "largest = max(", "largest = min("),
    ("losses", "wrong sign", "(np.exp(log_p) - target) / n", "(target - np.exp(log_p)) / n"),
    ("losses", "missing 1/n", "(np.exp(log_p) - target) / n", "np.exp(log_p) - target"),
    ("losses", "missing 1/k", "2 * error / error.size", "2 * error / len(error)"),
    ("layers", "transposed product", "return dy @ W.T, x.T", "return dy @ W, x.T"),
    ("layers", "dropped bias gradient", "np.sum(dy, axis=0, out=self.db)", "self.db[...] = 0"),
    (
        "layers",
        "mask reused",
        "if not self.frozen or self.mask.shape != x.shape:",
        "if self.mask.shape != x.shape:",
    ),
    ("layers", "another mask back", "return dy * self.factors", "return dy * self.draw(dy.shape)"),
    ("layers", "mask not scaled", "kept / (1 - self.drop_prob)", "kept / 1"),
    ("optimizers", "uphill", "-= self.learning_rate * g\n", "+= self.learning_rate * g\n"),
    (
        "optimizers",
        "beta2",
        "0.999,\n        epsilon: float = 1e-8,\n    )",
        "0.99,\n        epsilon: float = 1e-8,\n    )",
    ),
    (
        "optimizers",
        "epsilon under the root",
        "np.sqrt(v) / correction + self.epsilon",
        "np.sqrt(v + self.epsilon) / correction",
    ),
    ("optimizers", "correction a step late", "self.beta1**self.t", "self.beta1 ** (self.t + 1)"),
    ("optimizers", "v without correction", "math.sqrt(1 - self.beta2**self.t)", "1"),
    ("optimizers", "no look ahead", "(g + self.beta * v)", "(self.beta * v)"),
    ("optimizers", "warm-up from 0", "(step + 1) / n_steps", "step / n_steps"),
    ("network", "forwards back", "reversed(self.layers[1:])", "self.layers[1:]"),
    (
        "network",
        "schemes swapped",
        '"he_normal" if he else "xavier_normal"',
        '"xavier_normal" if he else "he_normal"',
    ),
    ("network", "never in training", "layer.forward(y, training)", "layer.forward(y)"),
    ("network", "gradient of a copy", "layer.bind(theta, grad)", "layer.bind(theta, 1 * grad)"),
    ("training", "short batches", "start + batch_size]", "start + batch_size - 1]"),
    ("training", "stale shuffle", "batch_size, run.rng)", "batch_size, 0)"),
    ("training", "labels out of order", "run.y[batch]", "run.y[np.sort(batch)]"),
    ("training", "clipping stretches", "max_norm / length", "length / max_norm"),
    ("training", "L2 without its half", "self.strength / 2", "self.strength"),
    ("training", "best is a view", "network.theta.copy()", "network.theta"),
    ("diagnostics", "dead examples", "np.all(slope == 0, axis=0)", "np.all(slope == 0, axis=1)"),
    ("diagnostics", "variance for sd", "unit.std()", "unit.var()"),
    ("diagnostics", "gradients from the end", "gradients[::-1]", "gradients"),
]
# How many of cosmic-ray's mutations are drawn in each module.
DRAWN = 5

# Drawn faults that no unit test can see, and why; then those that no notebook has to show.
EQUIVALENT: dict[str, str] = {}
UNTAUGHT = {
    "diagnostics._describe: return counts, scale * edges, scale * unit.mean(), "
    "scale * unit.std() -> return counts, scale + edges, scale * unit.mean(), "
    "scale * unit.std()": "06 draws the edges of the histograms and prints none of them",
    "initialization.constant: n_in: int, n_out: int, rng: Any = None, value: float = 0.5 -> "
    "n_in: int, n_out: int, rng: Any = None, value: float = 1.5": (
        "06 shows that equal weights stay equal, and any constant shows it"
    ),
    "gradient_check.check_gradients: return float(value) if _sides(network, dy) == before "
    "else np.nan -> return float(value) if _sides(network, dy) <= before else np.nan": (
        "05 steps over kinks in one direction; the test of the other one is a unit test"
    ),
    "gradient_check.relative_error: if a.shape != b.shape: -> if a.shape < b.shape:": (
        "a refused argument is no lesson"
    ),
    'optimizers.warmup: require_integer("n_steps", n_steps, least=1) -> '
    'require_integer("n_steps", n_steps, least= 2)': "a refused argument is no lesson",
    'training.minibatches: require_integer("n", n, least=0) -> '
    'require_integer("n", n, least= 1)': "a refused argument is no lesson",
}


def teaching(fault: Fault) -> list[Path]:
    """Return the notebooks that may see a fault, the one that promotes the definition first."""
    last = next(path for path in plan.course_notebooks() if plan.notebook_number(path) == 10)
    promoting = [
        promotion.notebook
        for promotion in promote.promotions()
        if (promotion.module, promotion.block.name) == (fault.module, fault.definition)
    ]
    code = "\n".join(cell.source for cell in plan.code_cells(plan.read_notebook(last)))
    named = re.search(rf"\b{fault.definition}\b", code)
    return [*promoting, last] if promoting or named else []


def planted(fault: Fault | None, root: Path) -> Path:
    """Make a copy of the package and its tests, with a fault."""
    root = checkout(root)
    for path in (plan.ROOT / "tests").glob("*.py"):
        shutil.copy(path, root / "tests")
    (root / "notebooks").mkdir()
    if fault:
        (root / "nnlib" / f"{fault.module}.py").write_text(fault.source, encoding="utf-8")
    return root


def seen_by_a_test(fault: Fault, root: Path) -> bool:
    # Plain asserts: nobody reads these failures, and to rewrite the files takes a second.
    run = pytest_in(root, "-x", "--assert=plain", f"tests/test_{fault.module}.py")
    assert run.returncode in (0, 1, 2), run.stdout + run.stderr
    red = re.search(r"^(FAILED|ERROR) tests", run.stdout, re.MULTILINE)
    assert bool(red) == (run.returncode > 0), run.stdout + run.stderr
    return bool(red)


def seen_by_a_notebook(notebook: Path, root: Path) -> bool:
    copied = shutil.copy(notebook, root / "notebooks")
    promote.pull(root)
    return bool(red_cells(pytest_in(root, "-x", "--nbval", str(copied))))


def hold(fault: Fault, tmp_path: Path) -> None:
    """Require that a fault is seen by a test and by a notebook, or listed with its reason."""
    root = planted(fault, tmp_path)
    assert seen_by_a_test(fault, root) == (str(fault) not in EQUIVALENT), str(fault)
    if str(fault) in EQUIVALENT | UNTAUGHT:
        return
    notebooks = teaching(fault)
    if notebooks:
        seen = any(seen_by_a_notebook(notebook, root) for notebook in notebooks)
        assert seen, f"green in {', '.join(path.name for path in notebooks)}: {fault}"


def first_of_each_module() -> list[object]:
    """Return the chosen faults, all but each module's first marked `full`."""
    rows: list[object] = []
    modules = [row[0] for row in CHOSEN]
    for place, row in enumerate(CHOSEN):
        marks = [pytest.mark.full] if row[0] in modules[:place] else []
        rows.append(pytest.param(row[0], *row[2:], id=f"{row[0]}: {row[1]}", marks=marks))
    return rows


def test_every_taught_module_has_chosen_faults():
    assert {row[0] for row in CHOSEN} == set(plan.TAUGHT)


@pytest.mark.parametrize(("module", "old", "new"), first_of_each_module())
def test_a_chosen_fault_is_seen(module: str, old: str, new: str, tmp_path: Path):
    hold(chosen(module, old, new), tmp_path)


@pytest.mark.full
@pytest.mark.parametrize("place", range(DRAWN))
@pytest.mark.parametrize("module", plan.TAUGHT)
def test_a_drawn_fault_is_seen(module: str, place: int, tmp_path: Path):
    hold(drawn(module, DRAWN)[place], tmp_path)


@pytest.mark.full
def test_the_lot_is_repeatable_and_what_is_listed_is_drawn():
    faults = [fault for module in plan.TAUGHT for fault in drawn(module, DRAWN)]
    assert len({str(fault) for fault in faults}) == len(plan.TAUGHT) * DRAWN
    assert all(ast.parse(fault.source) for fault in faults)
    drawn.cache_clear()
    assert drawn("losses", DRAWN) == [fault for fault in faults if fault.module == "losses"]
    assert drawn("losses", DRAWN, mutants.SEED + 1) != drawn("losses", DRAWN)
    assert set(EQUIVALENT | UNTAUGHT) <= {str(fault) for fault in faults}


@pytest.mark.full
def test_without_a_fault_everything_is_green(tmp_path: Path):
    root = planted(None, tmp_path)
    for path in plan.course_notebooks():
        shutil.copy(path, root / "notebooks")
    tests = [f"tests/test_{module}.py" for module in plan.TAUGHT]
    run = pytest_in(root, "--nbval", *tests, "notebooks")
    assert run.returncode == 0, run.stdout + run.stderr
