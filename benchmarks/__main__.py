"""Run the comparison and write it into benchmarks/README.md.

make bench                                  # everything, about 20 minutes
make bench ARGS="--quick"                   # the speed of a step alone; writes nothing
make bench ARGS="--case wide --rounds 9"    # cases with this in their name; writes nothing
make bench ARGS="--keras"                   # installs Keras and TensorFlow, and adds them
"""

import argparse
import os
from collections.abc import Iterator

from threadpoolctl import threadpool_limits

from benchmarks import writing
from benchmarks.cases import CASES
from benchmarks.measures import crowd, epochs, growth, memory, speed, threads
from benchmarks.report import machine, page, table
from benchmarks.rounds import N_ROUNDS
from benchmarks.rows import Row

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's greetings


def arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="make bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="only the speed of a step")
    parser.add_argument("--case", action="append", metavar="NAME", help="part of a case's name")
    parser.add_argument("--rounds", type=int, default=N_ROUNDS, help="5, if it is not said")
    parser.add_argument("--keras", action="store_true", help="Keras as one more peer")
    return parser.parse_args()


def measured(asked: argparse.Namespace) -> Iterator[list[Row]]:
    """Yield the rows, topic by topic."""
    peers = [*speed.PEERS, *(["Keras"] if asked.keras else [])]
    for case in CASES:
        if not asked.case or any(part in case.name for part in asked.case):
            yield speed.compare(case, peers, asked.rounds)
    if not asked.quick and not asked.case:
        for topic in (epochs, threads, crowd, growth):
            yield topic.rows(asked.rounds)
        yield memory.rows()


def main() -> None:
    """Print rows as they come; at the end write the page, unless only a part was asked for."""
    asked, load = arguments(), machine.load()
    import torch

    torch.set_num_threads(1)  # threadpoolctl does not see its linear algebra
    stored = page.read(page.PAGE.read_text(encoding="utf-8"), "table")
    rows: list[Row] = []
    with threadpool_limits(1):
        for new in measured(asked):
            print(*table.lines(new), "", sep="\n", flush=True)
            rows += new
        print(*table.verdicts(rows), "", sep="\n")
        differ = table.contradictions(rows, stored)
        print(*(differ or ["No row has another winner than in the stored table."]), sep="\n")
        if not asked.quick and not asked.case:
            writing.write(rows, load)


if __name__ == "__main__":
    main()
