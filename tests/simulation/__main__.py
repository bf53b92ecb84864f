"""`python -m tests.simulation [SEEDS [FIRST]]`: the whole study, as the tables of docs/status-method.md.

`10` are the seeds 0 to 9, on which the method was tuned; `10 100` are 100 to 109, kept for judging it.
"""

from __future__ import annotations

import sys

from tests.simulation.methods import METHODS
from tests.simulation.study import SCENARIOS, VARIATIONS, Figures, median, most, run

DEALERS = 60
HEAD = (
    "| Scenario | Method | Seen after (median / 90 %) | Back after (median / 90 %) | Wrong | Not known | Flips | Fooled |\n"
    "|---|---|---|---|---|---|---|---|"
)


def row(scenario: str, method: str, figures: Figures) -> str:
    """One line of the table."""
    cells = [
        scenario,
        method,
        f"{_hours(median(figures.detections))} / {_hours(most(figures.detections))}",
        f"{_hours(median(figures.recoveries))} / {_hours(most(figures.recoveries))}",
        f"{figures.false_share:.1%}",
        f"{figures.unknown / figures.looks:.0%}",
        f"{figures.flips_a_week:.2f}",
        "" if figures.attack_share is None else f"{figures.attack_share:.1%}",
    ]
    return f"| {' | '.join(cells)} |"


def _hours(delay: float | None) -> str:
    return "–" if delay is None else f"{delay:.1f} h"


def main() -> None:
    """Print the table."""
    count, first = [*map(int, sys.argv[1:]), *(10, 0)[len(sys.argv) - 1 :]]
    seeds = range(first, first + count)
    print(HEAD)  # noqa: T201 - a command prints
    for scenario in (*SCENARIOS, *VARIATIONS):
        for name, method in METHODS.items():
            print(row(scenario, name, run(scenario, method, seeds=seeds, dealers=DEALERS)), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
