"""How long a reader waits for a picture: every control of every lab, in JupyterLab.

    make bench-labs                      # all of them, about six minutes
    make bench-labs ARGS="neuron descent"

Every control starts from the lab's first values, and its key is pressed ten times in headless
Chromium. `screen` is the median time from the key to the frame in which the new picture is
decoded, with its quartiles; `compute` and `draw` are the medians of what the kernel does for
it, measured in this process.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import browser

from nnlib import explorers

PRESSES = 10
LABS = sorted(set(explorers.__all__) - {"Lab", "Picture", "Table"})


def in_kernel(lab: Any, values: dict[str, Any]) -> tuple[float, float]:
    """Return the milliseconds of computing and of drawing."""
    start = time.perf_counter()
    result = lab.compute(**{**lab.values, **values})
    computed = time.perf_counter()
    lab.picture.show(result)
    return 1000 * (computed - start), 1000 * (time.perf_counter() - computed)


def on_screen(view: browser.LabView, key: str, inside: str, pressed: str) -> float | None:
    """Return the milliseconds from a key to the new picture; None if none comes."""
    view.watch()
    view.press(key, pressed, inside)
    end = time.monotonic() + 3
    while (seen := view.seen())["ms"] is None and time.monotonic() < end:
        time.sleep(0.05)
    return seen["ms"]


def measure(view: browser.LabView, lab: Any, key: str) -> str | None:
    """Return one line of the table; None for a control of the lab's own."""
    screen, computed, drawn = [], [], []
    for _ in range(PRESSES):
        move = browser.next_press(lab.controls[key])
        if move is None:
            return None
        inside, pressed, value = move
        for times, took in zip((computed, drawn), in_kernel(lab, {key: value})):
            times.append(took)
        lab.set(**{key: value})
        took = on_screen(view, key, inside, pressed)
        if took is not None:
            screen.append(took)
    if len(screen) < 2:
        return f"{'no new picture':>29}"
    low, middle, high = statistics.quantiles(screen, n=4)
    kernel = f"{statistics.median(computed):8.0f} {statistics.median(drawn):6.0f}"
    return f"{middle:7.0f} {low:6.0f} to {high:4.0f} {len(screen):7d} {kernel}"


def main() -> None:
    """Print the table."""
    if browser.CHROMIUM is None:
        raise SystemExit(browser.MISSING)
    print(f"{'milliseconds':24} {'control':18} screen   quartiles pictures compute   draw")
    with (
        tempfile.TemporaryDirectory(prefix="nnlib-bench-") as home,
        browser.open_browser() as chromium,
        browser.serve(Path(home)) as jupyter,
    ):
        for name in sys.argv[1:] or LABS:
            sources = ["import nnlib", f"nnlib.explorers.{name}()"]
            path = browser.notebook(jupyter.folder / f"{name}.ipynb", *sources)
            with browser.NotebookPage(chromium, jupyter, path) as page:
                page.run(0)
                page.run(1)
                view, lab = page.lab(1), browser.make_lab(name)
                view.expect(browser.shown_by(lab), "opened")
                for key, control in lab.controls.items():
                    view.press("reset", "Enter")
                    lab.reset()
                    view.expect(browser.shown_by(lab), "reset")
                    line = measure(view, lab, key)
                    if line is not None:
                        print(f"{name:24} {type(control).__name__:18} {line}  {key}", flush=True)


if __name__ == "__main__":
    main()
