"""Append marks, in the caller's transaction, for keys whose facts changed."""

from __future__ import annotations

import enum
from collections.abc import Iterable

from django.db import connection


class Mark(enum.StrEnum):
    """What a mark's key is the id of."""

    PART = "p"
    VEHICLE = "v"
    REPAIR = "r"
    MANUAL_REFERENCE = "m"


# For set-based writers: INSERT INTO parts_dirty (kind, key) SELECT 'p', part_id FROM delta.
def mark(kind: Mark, keys: Iterable[int]) -> None:
    """Append a mark per key. The writer's transaction carries them: no change without its mark."""
    assert connection.in_atomic_block, "marks belong in the transaction of their change"
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO parts_dirty (kind, key) SELECT %s, unnest(%s::bigint[])", [kind.value, list(keys)])
