"""What offers were: kept by month, and asked when a part last had stock and how often its date slipped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from garagehub.lib import months

MONTHS_KEPT = 13


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


def keep_months(*, at: datetime) -> None:
    """Make this month's and the coming months' partitions ready, and drop those older than we keep."""
    months.keep_months("parts_offerchange", kept=MONTHS_KEPT, at=at)
