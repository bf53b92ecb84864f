from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts.vehicles.working_days import Nation, add_working_days, bank_holidays, easter, is_working_day

# gov.uk/bank-holidays, as published.
ENGLAND_2025 = "01-01 04-18 04-21 05-05 05-26 08-25 12-25 12-26"
ENGLAND_2026 = "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28"
ENGLAND_2027 = "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28"
ENGLAND_2022 = "01-03 04-15 04-18 05-02 06-02 06-03 08-29 09-19 12-26 12-27"
ENGLAND_2023 = "01-02 04-07 04-10 05-01 05-08 05-29 08-28 12-25 12-26"
SCOTLAND_2026 = "01-01 01-02 04-03 05-04 05-25 08-03 11-30 12-25 12-28"
SCOTLAND_2022 = "01-03 01-04 04-15 05-02 06-02 06-03 08-01 09-19 11-30 12-26 12-27"
NORTHERN_IRELAND_2026 = "01-01 03-17 04-03 04-06 05-04 05-25 07-13 08-31 12-25 12-28"


@pytest.mark.parametrize(
    ("year", "nation", "published"),
    [
        (2025, Nation.ENGLAND_AND_WALES, ENGLAND_2025),
        (2026, Nation.ENGLAND_AND_WALES, ENGLAND_2026),
        (2027, Nation.ENGLAND_AND_WALES, ENGLAND_2027),
        (2022, Nation.ENGLAND_AND_WALES, ENGLAND_2022),
        (2023, Nation.ENGLAND_AND_WALES, ENGLAND_2023),
        (2026, Nation.SCOTLAND, SCOTLAND_2026),
        (2022, Nation.SCOTLAND, SCOTLAND_2022),
        (2026, Nation.NORTHERN_IRELAND, NORTHERN_IRELAND_2026),
    ],
)
def test_bank_holidays_are_those_published(year, nation, published):
    assert bank_holidays(year, nation) == {date.fromisoformat(f"{year}-{day}") for day in published.split()}


@pytest.mark.parametrize(
    ("year", "day"), [(2008, "03-23"), (2011, "04-24"), (2024, "03-31"), (2025, "04-20"), (2038, "04-25")]
)
def test_easter_is_where_the_church_puts_it(year, day):
    assert easter(year) == date.fromisoformat(f"{year}-{day}")


def test_ten_working_days_skip_weekends_and_bank_holidays():
    assert add_working_days(date(2025, 9, 12), 10) == date(2025, 9, 26)
    assert add_working_days(date(2025, 12, 22), 10) == date(2026, 1, 8)


def test_nations_count_differently():
    assert add_working_days(date(2025, 12, 31), 1, nation=Nation.SCOTLAND) == date(2026, 1, 5)
    assert add_working_days(date(2025, 12, 31), 1) == date(2026, 1, 2)


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(0, 30), st.sampled_from(Nation))
def test_adding_working_days_passes_over_exactly_that_many(day, count, nation):
    end = add_working_days(day, count, nation=nation)
    passed = [day + timedelta(n) for n in range(1, (end - day).days + 1)]
    assert sum(is_working_day(one, nation=nation) for one in passed) == count
    assert count == 0 or is_working_day(end, nation=nation)
