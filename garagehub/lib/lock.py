"""PostgreSQL advisory locks, transaction-scoped only: they end with the transaction, and survive poolers."""

from __future__ import annotations

import enum

from django.db import connection


class LockKind(enum.IntEnum):
    """The first key of a lock, so that two uses never meet."""

    FEED = 1
    DECISION = 2
    MOT_IMPORT = 3
    SUPERSESSION = 4
    STATUS = 5
    HISTORY = 6
    OUTBOX = 7
    TELLING = 8
    ALERTS = 9


def wait_for_lock(kind: LockKind, key: int = 0) -> None:
    """Hold the lock until the transaction ends, waiting for another holder."""
    assert connection.in_atomic_block, "an advisory lock needs a transaction"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [int(kind), key])


def try_lock(kind: LockKind, key: int = 0) -> bool:
    """Take the lock until the transaction ends if it is free; say whether it was."""
    assert connection.in_atomic_block, "an advisory lock needs a transaction"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [int(kind), key])
        row = cursor.fetchone()
    return bool(row and row[0])
