"""What offers were: kept by month, and asked when a part last had stock and how often its date slipped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

from django.db import connection, transaction

from garagehub.lib.lock import LockKind, try_lock

MONTHS_AHEAD = 2
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
    """Make the partitions of this month and the coming ones, and drop those older than we keep.

    Without a partition of its own, a month's rows lie in the default one, and are moved when theirs is made.
    """
    wanted = [_month(at, ahead) for ahead in range(MONTHS_AHEAD + 1)]
    existing = _existing()
    missing = [month for month in wanted if month not in existing]
    oldest = _month(at, -MONTHS_KEPT)
    outdated = [month for month in existing if month < oldest]
    if not missing and not outdated:
        return
    with transaction.atomic():
        if not try_lock(LockKind.HISTORY):
            return
        with connection.cursor() as cursor:
            # A busy table is tried again by the next sweep; nobody queues behind us for long.
            cursor.execute("SET LOCAL lock_timeout = '2s'")
            for month in missing:
                cursor.execute(_make(month))
            for month in outdated:
                cursor.execute(f"DROP TABLE {_name(month)}")


def _month(at: datetime, ahead: int) -> date:
    months = at.astimezone(UTC).year * 12 + at.astimezone(UTC).month - 1 + ahead
    return date(months // 12, months % 12 + 1, 1)


def _name(month: date) -> str:
    return f"parts_offerchange_{month:%Y_%m}"


def _existing() -> set[date]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT right(relname, 7) FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
            WHERE inhparent = 'parts_offerchange'::regclass AND relname ~ '^parts_offerchange_[0-9]{4}_[0-9]{2}$'
            """
        )
        return {datetime.strptime(row[0], "%Y_%m").replace(tzinfo=UTC).date() for row in cursor.fetchall()}


def _make(month: date) -> str:
    start = f"'{month} 00:00:00+00'"
    following = _month(datetime(month.year, month.month, 1, tzinfo=UTC), 1)
    end = f"'{following} 00:00:00+00'"
    name = _name(month)
    return f"""
        LOCK TABLE parts_offerchange IN SHARE UPDATE EXCLUSIVE MODE;
        LOCK TABLE parts_offerchange_default IN ACCESS EXCLUSIVE MODE;
        CREATE TABLE {name} (LIKE parts_offerchange INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES);
        WITH moved AS (
            DELETE FROM parts_offerchange_default WHERE at >= {start} AND at < {end} RETURNING *
        )
        INSERT INTO {name} SELECT * FROM moved;
        ALTER TABLE parts_offerchange ATTACH PARTITION {name} FOR VALUES FROM ({start}) TO ({end})
    """
