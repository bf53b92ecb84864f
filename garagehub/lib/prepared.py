"""Statements that PostgreSQL plans once per connection: for large ones that answer a request.

Django binds values into the text of a statement, so each is a new one to PostgreSQL, and planning one over a dozen tables
takes several times as long as running it. Here the values travel apart and the plan is kept. The settings ask for plans
that hold for any values (`plan_cache_mode`), and let psycopg prepare nothing but what comes through here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper


class _PreparingCursor(psycopg.Cursor[Any]):
    """Binds on the server, and prepares what it is given at its first use."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        return super().execute(query, params, **(options | {"prepare": True}))


@contextmanager
def prepared_cursor() -> Iterator[CursorWrapper]:
    """A cursor of Django's connection for a statement whose text never changes; cast its parameters (`%(ids)s::bigint[]`).

    Queries are counted, logged and guarded as on any other cursor, and errors are Django's.
    """
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    wrap: Callable[[Any], CursorWrapper] = connection.make_cursor
    if connection.queries_logged:
        wrap = connection.make_debug_cursor
    with wrap(_PreparingCursor(connection.connection)) as cursor:
        yield cursor
