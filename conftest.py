"""Make nbval strict: the same environment for every kernel, and figures compared too.

`pytest --nbval notebooks` compares what the cells print with what is stored. This adds what
nbval leaves out: number and size of the figures and their alternative texts; and, with
``NNLIB_CPU=haswell``, ``nehalem`` or ``jitter``, a simulated machine that proves itself.
A test or a notebook that needs MNIST is skipped, with the reason, where its file is missing.
"""

import ast
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

import plan  # noqa: E402

# What each machine reports of itself: BLAS kernels, AVX2, AVX-512, jitter; None: whatever it is.
MACHINES = {
    "haswell": ("Haswell", True, False, False),
    "nehalem": ("Nehalem", False, False, False),
    "jitter": (None, None, None, True),
}
ENVIRONMENT = pytest.StashKey[dict[str, str]]()
PROBE = f"__import__('runpy').run_path({str(ROOT / 'tools' / 'machine.py')!r})['MACHINE']"
NO_MNIST = "mnist.npz is not here: set NNLIB_DATA to its folder"


def _is_here(package: str) -> bool:
    return Path(package).resolve().is_relative_to(ROOT / "nnlib")


def _simulated(machine: str, home: Path) -> dict[str, str]:
    """Return the variables that make a kernel compute as `machine` does."""
    if machine not in MACHINES:
        raise pytest.UsageError(
            f"NNLIB_CPU is {machine!r}; expected one of {', '.join(MACHINES)}, or nothing"
        )
    if machine == "jitter":
        startup = home / "profile_default" / "startup"
        startup.mkdir(parents=True)
        shutil.copy(ROOT / "tools" / "jitter" / "00_jitter.py", startup)
        return {}
    from numpy._core._multiarray_umath import __cpu_dispatch__ as dispatch

    off = [f for f in dispatch if machine == "nehalem" or "AVX512" in f or f == "X86_V4"]
    return {
        "NPY_DISABLE_CPU_FEATURES": " ".join(off),
        "OPENBLAS_CORETYPE": machine.capitalize(),
    }


def pytest_configure(config: pytest.Config) -> None:
    """Fix the kernels' environment and nbval's options, whatever the command line says."""
    spec = find_spec("nnlib")
    if spec is None or spec.origin is None or not _is_here(spec.origin):
        raise pytest.UsageError(f"nnlib comes from {spec and spec.origin}; expected {ROOT}")
    # A run in the background is born deaf to Ctrl-C, which some tests press.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if not getattr(config.option, "nbval", False):
        return
    home = Path(tempfile.mkdtemp(prefix="nnlib-ipython-"))
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    machine = os.environ.get("NNLIB_CPU")
    config.stash[ENVIRONMENT] = {
        **plan.kernel_environment(str(home), ROOT),
        **(_simulated(machine, home) if machine else {}),
    }
    config.option.nbval_sanitize_with = str(ROOT / "tests" / "sanitize.cfg")
    config.option.nbval_current_env = True
    config.option.nbval_cell_timeout = 120
    config.option.nbval_kernel_startup_timeout = 120


def _has_mnist() -> bool:
    from nnlib import datasets

    return datasets.mnist_file() is not None


@pytest.fixture(scope="session")
def mnist() -> Any:
    """Load MNIST, where that needs no download."""
    if not _has_mnist():
        pytest.skip(NO_MNIST)
    from nnlib import datasets

    return datasets.mnist()


def skip_without_mnist(path: Path) -> None:
    """Skip what runs a notebook, if the notebook needs MNIST and it is not here."""
    if plan.needs_mnist(path) and not _has_mnist():
        pytest.skip(NO_MNIST)


def _is_cell(item: pytest.Item) -> bool:
    return type(item).__name__ == "IPyNbCell"


def _prove(kernel: Any) -> None:
    """Stop unless a kernel imports this checkout's package on the machine asked for."""
    reply = kernel.kc.execute(
        "", silent=True, user_expressions={"probe": PROBE}, reply=True, timeout=60
    )
    answer = reply["content"]["user_expressions"]["probe"]
    if answer["status"] != "ok":
        raise RuntimeError(f"the kernel cannot say what it is: {answer['evalue']}")
    package, *found = ast.literal_eval(answer["data"]["text/plain"])
    if package is None or not _is_here(package):
        raise RuntimeError(f"the kernel imports nnlib from {package}; expected {ROOT / 'nnlib'}")
    machine = os.environ.get("NNLIB_CPU")
    wanted = MACHINES.get(machine or "", (None,) * len(found))
    if any(want not in (None, got) for want, got in zip(wanted, found, strict=True)):
        raise RuntimeError(
            f"the simulated {machine} did not take effect: BLAS, AVX2, AVX-512, jitter are "
            f"{found}; expected {list(wanted)}; run this on an x86-64 machine with OpenBLAS"
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, Any, Any]:
    """Start each kernel in its environment, then ask it what it is."""
    if not _is_cell(item):
        return (yield)
    skip_without_mnist(item.path)
    with plan.environment(item.config.stash[ENVIRONMENT]):
        result = yield
    if not getattr(item.parent, "proved", False):
        _prove(item.parent.kernel)  # type: ignore[union-attr]
        item.parent.proved = True  # type: ignore[union-attr]
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """After a cell's texts have been compared, compare its figures."""
    result = yield
    if _is_cell(item) and item.options["check"]:  # type: ignore[attr-defined]
        from notebook_lint import figures

        new = figures(item.test_outputs)  # type: ignore[attr-defined]
        stored = figures(item.cell.outputs)  # type: ignore[attr-defined]
        if len(new) != len(stored):
            raise AssertionError(f"{len(stored)} figures are stored, the cell makes {len(new)}")
        for now, then in zip(new, stored, strict=True):
            if now.alt != then.alt:
                raise AssertionError(f"alternative text: stored {then.alt!r}, now {now.alt!r}")
            if now.blank or then.blank:
                raise AssertionError("a figure is blank")
            sizes = zip(now.size, then.size, strict=True)
            if any(abs(a - b) > 0.2 * b for a, b in sizes):
                raise AssertionError(f"a figure's size: stored {then.size}, now {now.size}")
    return result
