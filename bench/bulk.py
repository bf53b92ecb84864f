"""Filling large tables: rows first, indexes after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import connection

_UNIQUE = """
SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'u' AND conrelid = ANY(%s::regclass[])
"""
_INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
WHERE NOT indisprimary AND indrelid = ANY(%s::regclass[])
"""


@contextmanager
def without_indexes(tables: Sequence[str]) -> Iterator[None]:
    """Do without all indexes of these tables but their keys, and without the checks of what points where; put them back.

    Only for rows that are known to be right: nothing checks afterwards where they point.
    """
    with connection.cursor() as cursor:
        cursor.execute(_UNIQUE, [list(tables)])
        unique = cursor.fetchall()
        for table, name, _ in unique:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        cursor.execute(_INDEXES, [list(tables)])
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute("SET session_replication_role = replica")
        try:
            yield
        finally:
            cursor.execute("SET session_replication_role = origin")
            for _, definition in indexes:
                cursor.execute(definition)
            for table, name, definition in unique:
                cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
