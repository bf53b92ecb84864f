"""Tables partitioned by month of their column `at`: coming months are made ready, and old ones dropped whole.

Such a table is made by a migration, with a default partition `<table>_default`. Without a partition of its own, a
month's rows lie in the default one, and are moved when theirs is made.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from django.db import connection, transaction

from garagehub.lib.lock import LockKind, try_lock

MONTHS_AHEAD = 2


def keep_months(table: str, *, kept: int, at: datetime) -> None:
    """Make the partitions of this month and the coming ones, and drop those more than `kept` months old.

    Does nothing if somebody else is at it, or holds the table for long: the next sweep tries again.
    """
    wanted = [_month(at, ahead) for ahead in range(MONTHS_AHEAD + 1)]
    existing = months_of(table)
    missing = [month for month in wanted if month not in existing]
    oldest = _month(at, -kept)
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
                cursor.execute(_make(table, month))
            for month in outdated:
                cursor.execute(f"DROP TABLE {_name(table, month)}")


def months_of(table: str) -> set[date]:
    """The months that have a partition, by their first day."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT right(relname, 7) FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
            WHERE inhparent = %s::regclass AND relname ~ ('^' || %s || '_[0-9]{4}_[0-9]{2}$')
            """,
            [table, table],
        )
        return {datetime.strptime(row[0], "%Y_%m").replace(tzinfo=UTC).date() for row in cursor.fetchall()}


def _month(at: datetime, ahead: int) -> date:
    months = at.astimezone(UTC).year * 12 + at.astimezone(UTC).month - 1 + ahead
    return date(months // 12, months % 12 + 1, 1)


def _name(table: str, month: date) -> str:
    return f"{table}_{month:%Y_%m}"


def _make(table: str, month: date) -> str:
    start = f"'{month} 00:00:00+00'"
    following = _month(datetime(month.year, month.month, 1, tzinfo=UTC), 1)
    end = f"'{following} 00:00:00+00'"
    name = _name(table, month)
    return f"""
        LOCK TABLE {table} IN SHARE UPDATE EXCLUSIVE MODE;
        LOCK TABLE {table}_default IN ACCESS EXCLUSIVE MODE;
        CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES);
        WITH moved AS (
            DELETE FROM {table}_default WHERE at >= {start} AND at < {end} RETURNING *
        )
        INSERT INTO {name} SELECT * FROM moved;
        ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({start}) TO ({end})
    """
