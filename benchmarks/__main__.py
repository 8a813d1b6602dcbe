"""Run the comparison and print the table: ``make bench``, ``make bench ARGS="--quick"``."""

import argparse

from threadpoolctl import threadpool_limits

from benchmarks import speed, table
from benchmarks.cases import CASES


def arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--case", action="append", help="part of a case's name; may be repeated")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", nargs="*", default=list(speed.PEERS))
    return parser.parse_args()


def one_thread() -> None:
    """Give PyTorch one thread; threadpoolctl does not see its linear algebra."""
    import torch

    torch.set_num_threads(1)


def main() -> None:
    """Print the rows of each case when they are there, then the whole table."""
    asked = arguments()
    rows = []
    if "PyTorch" in asked.peers:
        one_thread()
    with threadpool_limits(1):
        for case in CASES:
            if not asked.case or any(part in case.name for part in asked.case):
                new = speed.compare(case, asked.peers, asked.rounds)
                print(*table.lines(new), sep="\n", flush=True)
                rows += new
    print("", *table.lines(rows), "", *table.verdicts(rows), sep="\n")


if __name__ == "__main__":
    main()
