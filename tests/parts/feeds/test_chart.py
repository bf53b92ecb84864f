"""The chart of a feed's runs, from the first run to the fortieth."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from parts.feeds.chart import HEIGHT, WIDTH, of_runs
from parts.feeds.models import FeedRun

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SUCCEEDED, FAILED, RUNNING = FeedRun.State.SUCCEEDED, FeedRun.State.FAILED, FeedRun.State.RUNNING


def run(*, rows: int = 100, seconds: float | None = 2.0, state: str = SUCCEEDED) -> FeedRun:
    finished = None if seconds is None else NOW + timedelta(seconds=seconds)
    return FeedRun(state=state, rows=rows, started_at=NOW, finished_at=finished)


def test_without_runs_there_is_no_chart():
    assert of_runs([]) is None


@pytest.mark.parametrize("count", [1, 2, 5, 20, 40])
def test_bars_and_points_stand_beside_each_other_inside_the_chart(count):
    chart = of_runs([run(rows=100 + at, seconds=1 + at) for at in range(count)])

    assert len(chart.bars) == len(chart.points) == count
    ends = [bar.x + bar.width for bar in chart.bars]
    assert all(end <= after.x for end, after in zip(ends, chart.bars[1:], strict=False))
    assert ends[-1] <= WIDTH
    assert all(bar.x < point.x < end for bar, point, end in zip(chart.bars, chart.points, ends, strict=True))
    assert all(bar.y + bar.height == pytest.approx(HEIGHT, abs=0.2) for bar in chart.bars)
    assert min(bar.y for bar in chart.bars) == min(point.y for point in chart.points) == 0


def test_a_few_bars_are_as_narrow_as_many():
    assert of_runs([run()]).bars[0].width == of_runs([run()] * 20).bars[0].width


def test_a_run_under_way_has_a_bar_and_no_duration_yet():
    chart = of_runs([run(), run(rows=30, seconds=None, state=RUNNING)])

    assert len(chart.points) == 1
    assert chart.bars[1].label == "22 November 09:00: Running, 30 rows, under way"


def test_a_run_that_brought_nothing_is_seen():
    chart = of_runs([run(), run(rows=0, state=FAILED)])

    assert chart.bars[1].height == 2


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.0312, "0.031"), (2.04, "2.0"), (4321.5, "4,321.5"), (0.0, "0"), (None, "0")]
)
def test_the_longest_duration_is_said_as_exactly_as_it_needs(seconds, said):
    assert of_runs([run(seconds=seconds)]).most_seconds == said
