"""What was said of a vehicle as rows for COPY, in PostgreSQL's text format.

Most of what lines say was said before: it is read and written once. `records.parse` says the same of a line column by
column; the tests hold the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import lru_cache

from parts.vehicles.defects import Reading
from parts.vehicles.history import Found, Judgement
from parts.vehicles.records import (
    SECONDS_LENGTH,
    Account,
    Scalar,
    Test,
    capitals_of,
    day_of,
    number_of,
    source_of,
    stamp_of,
    unit_of,
    word_of,
    year_of,
)

NULL = r"\N"
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r", "\x00": ""})

_MOST_KEPT = 32_768
_SEPARATORS = {"-- ::", "--T::"}  # every third character from the fifth of 2015-03-11 11:41:11


class _Written(dict[Scalar, str]):
    """What a function writes of a value that line after line says. A hit costs a quarter of `lru_cache`'s."""

    def __init__(self, write: Callable[[Scalar], str]) -> None:
        super().__init__()
        self._write = write

    def __missing__(self, value: Scalar) -> str:
        text = self._write(value)
        if value is None or isinstance(value, str):  # no others: 1 and true are the same key
            if len(self) >= _MOST_KEPT:
                self.clear()
            self[value] = text
        return text


def vehicle_row(account: Account, judgement: Judgement, *, current_at: datetime | None, mark: int | None) -> str:
    """A vehicle but for what only the database knows. `current_at`: of the file; `mark`: the line's fingerprint."""
    said = account.said
    due = _days[said.mot_test_due_date]
    return (
        f"{account.registration or NULL}\t{_days[said.first_used_date]}\t{_days[said.registration_date]}"
        f"\t{_days[said.manufacture_date]}\t{_years[said.manufacture_year]}\t{_words[said.fuel_type]}"
        f"\t{_words[said.primary_colour]}\t{_numbers[said.engine_size]}\t{_recalls[said.has_outstanding_recall]}"
        f"\t{_days[said.mot_test_expiry_date] if due == NULL else due}\t{_day(judgement.mot_expires_on)}"
        f"\t{judgement.open_fails}\t{'t' if judgement.is_dangerous else 'f'}\t{_instant(judgement.tests[0]) if judgement.tests else NULL}"
        f"\t{_current(said.last_update_timestamp, said.updated_on, said.last_update_date, current_at)}"
        f"\t{NULL if mark is None else mark}\n"
    )


@lru_cache(maxsize=_MOST_KEPT, typed=True)  # typed, for the same reason
def make_and_model(make: Scalar, model: Scalar) -> tuple[str, str]:
    """As they are compared; either may be empty."""
    return capitals_of(make, 64), capitals_of(model, 80)


def test_row(test: Test) -> str:
    """A kept test."""
    said, odometer = test.said, number_of(test.said.odometer_value)
    return (
        f"{plain(test.number)}\t{_instant(test)}\t{'passed' if test.has_passed else 'failed'}"
        f"\t{_day(test.expires_on)}\t{NULL if odometer is None else odometer}"
        f"\t{_units[said.odometer_unit]}\t{_sources[said.data_source]}\t{test.registration}\n"
    )


def defect_row(defect: Found) -> str:
    """A defect of the newest visit."""
    return f"{defect.position}\t{_defect_rest(defect.text, defect.category, defect.is_failing, defect.reading)}"


def _instant(test: Test) -> str:
    """When a test was completed: as a bulk file writes it, or written again, which takes ten times as long."""
    said = test.said.completed_date
    if said and len(said) == SECONDS_LENGTH and said[4::3] in _SEPARATORS:
        return f"{said}Z"
    return test.completed_at.isoformat()


@lru_cache(maxsize=_MOST_KEPT)
def _current(stamped: Scalar, updated: Scalar, dated: Scalar, current_at: datetime | None) -> str:
    """When the data was current at DVSA: by the line or by its file, whichever is later."""
    stamp = stamp_of(stamped) or stamp_of(updated) or stamp_of(dated)
    if current_at and (stamp is None or stamp < current_at):
        stamp = current_at
    return stamp.isoformat() if stamp else NULL


@lru_cache(maxsize=_MOST_KEPT)
def _defect_rest(text: str, category: str, is_failing: bool, reading: Reading) -> str:  # noqa: FBT001 - by position, for the cache
    return (
        f"{text.translate(_ESCAPES)}\t{category}\t{'t' if is_failing else 'f'}"
        f"\t{reading.scheme}\t{reading.reference}\t{reading.lateral}\t{reading.longitudinal}\t{reading.vertical}\n"
    )


def text_array(texts: Sequence[str]) -> str:
    """A PostgreSQL array literal: as one text, the driver sends many ten times as quickly as one by one."""
    together = "".join(texts)
    if '"' in together or "\\" in together:
        texts = [text.replace("\\", "\\\\").replace('"', '\\"') for text in texts]
    return '{"' + '","'.join(texts) + '"}' if texts else "{}"


def number_array(numbers: Sequence[str]) -> str:
    """The same as COPY reads it."""
    return text_array(numbers).translate(_ESCAPES)


@lru_cache(maxsize=65_536)
def escaped(text: str) -> str:
    """A text as COPY reads it."""
    return text.translate(_ESCAPES)


def plain(number: str) -> str:
    """A test's number, which is nearly always digits and never comes again: not worth the cache."""
    return number if number.isalnum() else number.translate(_ESCAPES)


@lru_cache(maxsize=_MOST_KEPT)
def _day(day: date | None) -> str:
    return day.isoformat() if day else NULL


def _number(number: int | None) -> str:
    return NULL if number is None else str(number)


_days = _Written(lambda value: _day(day_of(value)))
_years = _Written(lambda value: _number(year_of(value)))
_numbers = _Written(lambda value: _number(number_of(value)))
_words = _Written(lambda value: escaped(word_of(value, 30)))
_recalls = _Written(lambda value: escaped(word_of(value, 11)))
_units = _Written(lambda value: escaped(unit_of(value)))
_sources = _Written(lambda value: escaped(source_of(value)))
