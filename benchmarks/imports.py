"""How long a reader waits for imports: of nnlib, and of each notebook's first cell.

make bench-imports
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping

import plan

N_RUNS = 10
N_PARTS = 8
TIMED = "import time; start = time.perf_counter()\n{}\nprint(time.perf_counter() - start)"


def python(*arguments: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a fresh Python."""
    return subprocess.run(
        [sys.executable, *arguments], env=env, capture_output=True, encoding="utf-8", check=True
    )


def wall(source: str, env: Mapping[str, str]) -> float:
    """Return the milliseconds of a whole process."""
    start = time.perf_counter()
    python("-c", source, env=env)
    return 1000 * (time.perf_counter() - start)


def beyond_numpy(env: Mapping[str, str]) -> tuple[float, float]:
    """Return the median milliseconds of importing numpy, and what nnlib adds to it."""
    alone, more = [], []
    for number in range(N_RUNS + 1):
        pair = ("import numpy", alone), ("import nnlib", more)
        for source, times in pair[:: 1 if number % 2 else -1]:
            times.append(wall(source, env))
    empty = statistics.median(wall("", env) for _ in range(N_RUNS))
    numpy = statistics.median(alone[1:])  # the first of each warmed the disk's cache
    return numpy - empty, statistics.median(more[1:]) - numpy


def parts(source: str, env: Mapping[str, str]) -> dict[str, int]:
    """Return the microseconds that Python says it spent in each module itself."""
    lines = python("-X", "importtime", "-c", source, env=env).stderr.splitlines()
    found = {}
    for line in lines:
        own, _, name = line.removeprefix("import time:").split("|")
        if own.strip().isdigit():
            found[name.strip()] = int(own)
    return found


def main() -> None:
    """Print the import, its largest parts, and the first cells."""
    with tempfile.TemporaryDirectory(prefix="nnlib-bench-") as home:
        env = os.environ | plan.kernel_environment(home)
        numpy, ours = beyond_numpy(env)
        print(f"import numpy {numpy:.0f} ms; nnlib beyond it {ours:.0f} ms, wanted under 60")
        print("the largest parts beyond numpy:")
        known = parts("import numpy", env)
        new = {name: own for name, own in parts("import nnlib", env).items() if name not in known}
        for name in sorted(new, key=lambda name: -new[name])[:N_PARTS]:
            print(f"{new[name] / 1000:8.1f} ms  {name}")
        print("the first cells, wanted under 1500 ms:")
        for path in plan.course_notebooks():
            cell = plan.python_source(plan.code_cells(plan.read_notebook(path))[0].source)
            runs = [float(python("-c", TIMED.format(cell), env=env).stdout) for _ in range(4)][1:]
            print(f"{1000 * statistics.median(runs):8.0f} ms  {path.name}")


if __name__ == "__main__":
    main()
