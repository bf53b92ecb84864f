"""UK working days, for the ten days in which a partial retest is possible. Plain Python.

Bank holidays are computed by the rules of the Banking and Financial Dealings Act 1971 and the yearly proclamations;
days moved or added for one year stand in a table (gov.uk/bank-holidays). Each nation has its own.
"""

from __future__ import annotations

import enum
from datetime import date, timedelta
from functools import lru_cache

MONDAY, FRIDAY, SATURDAY = 0, 4, 5


class Nation(enum.StrEnum):
    """Whose bank holidays count."""

    ENGLAND_AND_WALES = "england_and_wales"
    SCOTLAND = "scotland"
    NORTHERN_IRELAND = "northern_ireland"


# Moved or added for one year by proclamation: day that is one, and the rule's day it replaces, if any.
_EVERYWHERE: tuple[tuple[date, date | None], ...] = (
    (date(2020, 5, 8), date(2020, 5, 4)),  # VE Day, 75 years
    (date(2022, 6, 2), date(2022, 5, 30)),  # Platinum Jubilee
    (date(2022, 6, 3), None),
    (date(2022, 9, 19), None),  # funeral of Queen Elizabeth II
    (date(2023, 5, 8), None),  # Coronation
)


def easter(year: int) -> date:
    """Easter Sunday by the Gregorian rule (the anonymous algorithm of 1876)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    l_ = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * l_) // 451
    month, day = divmod(h + l_ - 7 * m + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=256)
def bank_holidays(year: int, nation: Nation) -> frozenset[date]:
    """The bank holidays of a year, substitute days in place of those that fall on a weekend."""
    sunday = easter(year)
    fixed = [date(year, 1, 1), date(year, 12, 25), date(year, 12, 26)]
    days = {sunday - timedelta(2), _monday_from(date(year, 5, 1)), _monday_from(date(year, 5, 25))}
    if nation is Nation.SCOTLAND:
        fixed += [date(year, 1, 2), date(year, 11, 30)]
        days.add(_monday_from(date(year, 8, 1)))
    else:
        days |= {sunday + timedelta(1), _monday_from(date(year, 8, 25))}
    if nation is Nation.NORTHERN_IRELAND:
        fixed += [date(year, 3, 17), date(year, 7, 12)]
    for day in sorted(fixed):
        days.add(_substitute(day, days))
    for day, instead_of in _EVERYWHERE:
        if day.year == year:
            days = (days - {instead_of}) | {day}
    return frozenset(days)


def is_working_day(day: date, *, nation: Nation = Nation.ENGLAND_AND_WALES) -> bool:
    """Whether it is a weekday and no bank holiday there."""
    return day.weekday() < SATURDAY and day not in bank_holidays(day.year, nation)


def add_working_days(day: date, count: int, *, nation: Nation = Nation.ENGLAND_AND_WALES) -> date:
    """The `count`-th working day after `day`, which itself is not counted."""
    while count:
        day += timedelta(1)
        count -= is_working_day(day, nation=nation)
    return day


def _monday_from(day: date) -> date:
    return day + timedelta((MONDAY - day.weekday()) % 7)


def _substitute(day: date, taken: set[date]) -> date:
    """The day itself, or the next weekday not yet taken when it falls on a weekend or another holiday."""
    while day.weekday() >= SATURDAY or day in taken:
        day += timedelta(1)
    return day
