"""Write everything that README.md gets from a run: three parts and two pictures."""

from collections.abc import Sequence

import matplotlib.pyplot as plt

from benchmarks.measures import roofline, steps
from benchmarks.report import machine, page, pictures, table
from benchmarks.rows import Row

__all__ = ["write"]

PACKAGES = ("numpy", "scikit-learn", "torch", "keras", "tensorflow")


def picture(name: str, figure: plt.Figure, alt: str) -> str:
    """Store a picture beside the page, and return its line there."""
    pictures.save(figure, page.PAGE.with_name(name))
    return f"![{alt}]({name})"


def write(rows: Sequence[Row], load: str) -> None:
    """Write the table, with the load it began under; then measure and write the other parts."""
    said = [f"- {line}" for line in table.verdicts(rows)]
    ratios = picture("ratios.png", *pictures.draw_ratios(rows))
    where = f"Measured on {machine.sentence(*PACKAGES)} Load before the run: {load}."
    page.write("table", [where, "", ratios, "", *said, "", *table.lines(rows)])
    page.write("steps", steps.block())
    done, roofs = roofline.operations(), roofline.measure()
    reached = {one.name: roofline.per_second(one.flops, one.work) for one in done}
    drawn = picture("roofline.png", *pictures.draw_roofline(roofs, reached, done))
    page.write("roofline", [*roofline.block(roofs, reached, done), "", drawn])
