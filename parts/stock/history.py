"""What offers were: kept by month, and asked when a part last had stock and how often its date slipped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection

from garagehub.lib import months

MONTHS_KEPT = 13
LONDON = ZoneInfo("Europe/London")  # days begin when people's do, whatever the site's own time zone


class PartHistory(NamedTuple):
    """A part's past over all branches. `slipped`: how often a branch put its expected date later."""

    part_id: int
    last_in_stock_at: datetime | None
    last_changed_at: datetime | None
    slipped: int


def part_histories(part_ids: Sequence[int], *, since: datetime) -> dict[int, PartHistory]:
    """For each part with a past since then: when it last had stock, last changed, and how often its date slipped."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT part_id,
                max(at) FILTER (WHERE quantity_before > 0 OR quantity_after > 0
                    OR availability_before IN ('in_stock', 'limited') OR availability_after IN ('in_stock', 'limited')),
                max(at),
                count(*) FILTER (WHERE expected_on_after > expected_on_before)
            FROM parts_offerchange WHERE part_id = ANY (%s) AND at >= %s GROUP BY part_id
            """,
            [list(part_ids), since],
        )
        return {row[0]: PartHistory(*row) for row in cursor.fetchall()}


class StockDay(NamedTuple):
    """How many pieces all branches together had at the end of a UK day; a quantity not said counts as one."""

    day: date
    pieces: int


def stock_by_day(part_id: int, *, days: int, at: datetime) -> list[StockDay]:
    """A part's stock at the end of each of the last `days` days, oldest first, today as it is now.

    Counted back from what is there now, and begun with the first change in that time: what was before it is not known
    of a part that was new then. Empty if nothing changed. One query.
    """
    today = at.astimezone(LONDON).date()
    with connection.cursor() as cursor:
        cursor.execute(_STOCK_BY_DAY, {"part": part_id, "since": at - timedelta(days=days), "at": at})
        pieces, moves = 0, {}
        for day, moved in cursor.fetchall():
            if day is None:
                pieces = moved
            else:
                moves[day] = moved
    if not moves:
        return []
    found = []
    for back in range((today - min(moves)).days + 1):
        day = today - timedelta(days=back)
        found.append(StockDay(day, max(0, pieces)))
        pieces -= moves.get(day, 0)
    return found[::-1]


_PIECES = "CASE WHEN {0} IN ('in_stock', 'limited') THEN coalesce({1}, 1) ELSE 0 END"
_STOCK_BY_DAY = f"""
SELECT NULL::date, coalesce(sum({_PIECES.format("availability", "quantity")}), 0)::bigint
FROM parts_offer WHERE part_id = %(part)s
UNION ALL
SELECT (at AT TIME ZONE 'Europe/London')::date,
    sum({_PIECES.format("availability_after", "quantity_after")}
        - {_PIECES.format("availability_before", "quantity_before")})::bigint
FROM parts_offerchange WHERE part_id = %(part)s AND at >= %(since)s AND at <= %(at)s GROUP BY 1
"""


def keep_months(*, at: datetime) -> None:
    """Make this month's and the coming months' partitions ready, and drop those older than we keep."""
    months.keep_months("parts_offerchange", kept=MONTHS_KEPT, at=at)
