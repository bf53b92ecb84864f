"""A small chart of runs: a bar each, as high as its rows, with a line of how long they took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from parts.feeds.models import FeedRun

WIDTH, HEIGHT = 640, 120
_WIDEST, _GAP = 32, 2  # a few runs are a few bars, not a wall
_LOWEST = 2.0  # what brought nothing is seen, too


class Bar(NamedTuple):
    """One run: where its bar stands, and what it says to whoever points at it."""

    x: float
    y: float
    width: float
    height: float
    state: str
    label: str


class Point(NamedTuple):
    """How long one run took, above the middle of its bar."""

    x: float
    y: float


class Chart(NamedTuple):
    """Bars of rows, and points of seconds for what is finished; each has its own scale, named by its greatest value."""

    bars: list[Bar]
    points: list[Point]
    most_rows: int
    most_seconds: str


def of_runs(runs: Sequence[FeedRun]) -> Chart | None:
    """The chart of these runs, oldest first; None without any."""
    if not runs:
        return None
    most_rows = max(1, *(run.rows for run in runs))
    seconds = [(run.finished_at - run.started_at).total_seconds() if run.finished_at else None for run in runs]
    longest = max((took for took in seconds if took is not None), default=0.0)
    step = min(WIDTH / len(runs), _WIDEST)
    bars = [
        _bar(run, took, at * step, step, most_rows) for at, (run, took) in enumerate(zip(runs, seconds, strict=True))
    ]
    points = [
        Point(round((at + 0.5) * step - _GAP / 2, 1), round(HEIGHT - took / (longest or 1) * HEIGHT, 1))
        for at, took in enumerate(seconds)
        if took is not None
    ]
    return Chart(bars, points, most_rows, f"{longest:.2g}" if longest < 1 else f"{longest:,.1f}")


def _bar(run: FeedRun, took: float | None, x: float, step: float, most_rows: int) -> Bar:
    height = max(_LOWEST, run.rows / most_rows * HEIGHT)
    ended = "under way" if took is None else f"{took:.1f} seconds"
    label = f"{run.started_at:%d %B %H:%M}: {run.get_state_display()}, {run.rows:,} rows, {ended}"
    return Bar(round(x, 1), round(HEIGHT - height, 1), round(step - _GAP, 1), round(height, 1), run.state, label)
