"""Statements planned once per connection."""

import pytest
from django.db import DataError, connection

from garagehub.lib.prepared import prepared_cursor

pytestmark = pytest.mark.django_db
DOUBLE = "SELECT 2 * %(number)s::int"


def double(number):
    with prepared_cursor() as cursor:
        cursor.execute(DOUBLE, {"number": number})
        return cursor.fetchone()[0]


def plans():
    """How often each statement kept for the connection was run by a plan for any values, and by one for its own.

    Kept once for each size of number it was run with.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT statement, sum(generic_plans), sum(custom_plans) FROM pg_prepared_statements GROUP BY statement"
        )
        return {statement: (generic, custom) for statement, generic, custom in cursor.fetchall()}


def test_a_statement_is_planned_once_for_all_values():
    before = plans().get("SELECT 2 * $1::int", (0, 0))
    assert [double(number) for number in (3, 4, 5)] == [6, 8, 10]
    assert plans()["SELECT 2 * $1::int"] == (before[0] + 3, 0)


def test_other_statements_are_not_kept():
    for _ in range(10):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    assert not any("SELECT 1" in statement for statement in plans())


def test_its_queries_are_counted_like_any_other(django_assert_num_queries):
    with django_assert_num_queries(2):
        double(1)
        double(2)


def test_its_errors_are_djangos():
    with pytest.raises(DataError), prepared_cursor() as cursor:
        cursor.execute(DOUBLE, {"number": "not a number"})
