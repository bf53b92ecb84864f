"""A small chart of runs: a bar each, as high as its rows, with a line of how long they took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from parts.feeds.models import FeedRun

WIDTH, HEIGHT = 640, 120
_GAP = 2


class Bar(NamedTuple):
    """One run: where its bar stands, and what it says to whoever points at it."""

    x: float
    y: float
    width: float
    height: float
    state: str
    label: str


class Chart(NamedTuple):
    """Bars of rows, and the points of a line of seconds; each has its own scale, named by its greatest value."""

    bars: list[Bar]
    line: str
    most_rows: int
    most_seconds: float


def of_runs(runs: Sequence[FeedRun]) -> Chart | None:
    """The chart of these runs, oldest first; None without any."""
    if not runs:
        return None
    most_rows = max(1, *(run.rows for run in runs))
    seconds = [(run.finished_at - run.started_at).total_seconds() if run.finished_at else 0.0 for run in runs]
    most_seconds = max(0.001, *seconds)
    step = WIDTH / len(runs)
    bars, points = [], []
    for at, (run, took) in enumerate(zip(runs, seconds, strict=True)):
        height = max(1.0, run.rows / most_rows * HEIGHT)
        label = f"{run.started_at:%d %B %H:%M}: {run.get_state_display()}, {run.rows:,} rows, {took:.1f} seconds"
        bars.append(
            Bar(
                round(at * step, 1),
                round(HEIGHT - height, 1),
                round(step - _GAP, 1),
                round(height, 1),
                run.state,
                label,
            )
        )
        points.append(f"{at * step + step / 2:.1f},{HEIGHT - took / most_seconds * HEIGHT:.1f}")
    return Chart(bars, " ".join(points), most_rows, round(most_seconds, 1))
