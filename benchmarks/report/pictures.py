"""The two pictures of README.md: who wins, and the roofline."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from benchmarks.measures.roofline import Operation, Roofs
from benchmarks.rows import Row
from nnlib import plots

__all__ = ["draw_ratios", "draw_roofline", "save"]

PEERS = {"scikit-learn": ("blue", "o"), "PyTorch": ("orange", "s"), "Keras": ("green", "D")}


def save(figure: plt.Figure, path: Path) -> None:
    """Write a small PNG that is the same for the same numbers."""
    figure.savefig(path, dpi=100, metadata={"Software": None})
    plt.close(figure)


def prepare(width: float, height: float) -> tuple[plt.Figure, Axes]:
    """Return a figure in the look of the course."""
    mpl.use("agg")
    plots.use_style()
    return plt.subplots(figsize=(width, height))


def draw_ratios(rows: Sequence[Row]) -> tuple[plt.Figure, str]:
    """Return one dot for each row with a peer, and the sentence that says the same."""
    rows = [row for row in rows if row.peer]
    cases = list(dict.fromkeys(row.case for row in rows))
    figure, ax = prepare(7.2, 1.3 + 0.3 * len(cases))
    ax.axvspan(0.1, 1, color="#f0e4dc", lw=0)
    ax.axvline(1, color=plots.COLOURS["black"], lw=1.2)
    for row in rows:
        name, marker = PEERS[row.peer or ""]
        # A little above and below each other: dots that fall together stay two.
        y = cases.index(row.case) + 0.16 * (list(PEERS).index(row.peer or "") - 0.5)
        colour = plots.COLOURS[name]
        ax.plot([row.low, row.high], [y, y], "-", color=colour, lw=2.5, alpha=0.4)
        ax.plot(row.value, y, marker, color=colour, ms=7, mec="white", mew=0.6)
    label_peers(ax, rows, cases)
    finish_ratios(ax, rows, cases)
    return figure, sentence(rows)


def label_peers(ax: Axes, rows: Sequence[Row], cases: Sequence[str]) -> None:
    """Write the peers' names above their dots where these lie farthest apart."""

    def apart(case: str) -> tuple[int, float]:
        values = [row.value for row in rows if row.case == case]
        return len(values), max(values) / min(values)

    widest = max(cases, key=apart)
    ordered = sorted((row for row in rows if row.case == widest), key=lambda row: row.value)
    for row in ordered:
        ax.annotate(
            row.peer or "", (row.value, cases.index(widest)), xytext=(0, 6),
            textcoords="offset points", fontsize=9,
            ha="right" if row is ordered[0] and row.value > 2 else "left",
            color=plots.COLOURS[PEERS[row.peer or ""][0]],
        )  # fmt: skip


def finish_ratios(ax: Axes, rows: Sequence[Row], cases: Sequence[str]) -> None:
    """Scale and name the axes, and say what each side of the line means."""
    low = min(0.4, *(0.9 * row.low for row in rows))
    high = max(6.0, *(1.2 * row.high for row in rows))
    ticks = [tick for tick in (0.5, 1, 2, 3, 5, 10, 20, 50) if low <= tick <= high]
    ax.set_xscale("log")
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.set_yticks(range(len(cases)), cases)
    ax.set(xlim=(low, high), ylim=(len(cases) - 0.5, -1.3))
    ax.set_xlabel("time of the other library / time of nnlib")
    ax.text(0.97, -1.0, "nnlib loses ◂", ha="right", va="center", fontsize=9)
    ax.text(1.03, -1.0, "▸ nnlib wins", ha="left", va="center", fontsize=9)


def sentence(rows: Sequence[Row]) -> str:
    """Say who wins how often."""
    said = []
    for peer in dict.fromkeys(row.peer for row in rows):
        own = [row for row in rows if row.peer == peer]
        won = sum(row.winner == "nnlib" for row in own)
        said.append(f"than {peer} in {won} of {len(own)} rows")
    return f"Dots right of the line at 1: nnlib is faster {' and '.join(said)}."


def draw_roofline(
    roofs: Roofs, reached: dict[str, float], done: Sequence[Operation]
) -> tuple[plt.Figure, str]:
    """Return the roofs with the operations under them, and the sentence that says the same."""
    figure, ax = prepare(6.4, 3.8)
    ax.set(xscale="log", yscale="log", xlim=(0.06, 100), ylim=(0.8, 3 * roofs.peak))
    draw_roof(ax, roofs, "cache", "-")
    draw_roof(ax, roofs, "memory", "--")
    ax.text(90, 1.12 * roofs.peak, f"peak, {roofs.peak:.0f} GFLOP/s", ha="right", fontsize=9)
    for one in done:
        product = one.name.startswith("product")
        colour, marker = ("blue", "o") if product else ("orange", "s")
        at = one.intensity, reached[one.name]
        ax.plot(*at, marker, color=plots.COLOURS[colour], ms=7)
        name = one.name.removeprefix("product, batch ") if product else one.name.split(",")[0]
        where = {"xytext": (0, -14), "ha": "center"} if product else {"xytext": (8, 0)}
        plots.label_line(ax, *at, name, colour, **where)
    last = reached[done[1].name]
    plots.label_line(
        ax, done[1].intensity, last, "products, by batch", "blue", xytext=(0, -28), ha="center"
    )
    ax.set_xlabel("intensity: operations for each byte moved")
    ax.set_ylabel("GFLOP/s")
    return figure, (
        "Matrix products lie near the flat roof of the processor's peak, relu and Adam far below "
        "it, under the slope of the bandwidth."
    )


def draw_roof(ax: Axes, roofs: Roofs, name: str, style: str) -> None:
    """Draw one slope up to the peak; the cache's is named on its left, memory's on its right."""
    bandwidth, left = getattr(roofs, name), name == "cache"
    edge = roofs.peak / bandwidth
    x = np.array([0.05, edge, 200])
    ax.plot(x, bandwidth * np.minimum(x, edge), style, color=plots.COLOURS["grey"])
    plots.label_line(
        ax, 0.8, 0.8 * bandwidth, f"from {name}, {bandwidth:.0f} GB/s", "grey",
        xytext=(-8, 2) if left else (8, -4), ha="right" if left else "left",
    )  # fmt: skip
