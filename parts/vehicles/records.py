"""DVSA's data about one vehicle, in every shape it comes in: API reply, bulk or delta line, and the old API's array.

One tolerant reader: unknown fields are ignored and every field is optional, since DVSA adds and omits them without
notice (documentation.history.mot.api.gov.uk, "Bulk file formats"). What is read wrong is worse than what is missing:
a test whose time, result or defects cannot be read refuses the whole line, because it might be the one that decides.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import NamedTuple

import msgspec

from parts.vehicles.defects import Reported, category_of
from parts.vehicles.registration import cleaned

_EARLIEST_YEAR, _LATEST_YEAR = 1885, 2200
_LONGEST_REGISTRATION = 13
_LONGEST_NUMBER = 20
_MOST_DEFECTS = 1_000
_LONGEST_DEFECT = 1_000
_DVSA_NUMBER_DIGITS = 12
SECONDS_LENGTH = len("2015-03-11 11:41:11")
_DIGITS = 9  # fewer than the largest number has
_LARGEST_INT = 2_147_483_647
_RESULTS = {"PASSED": True, "FAILED": False}
_DOTTED = re.compile(r"^(\d{4})\.(\d{2})\.(\d{2})")

# Of what lines say, most was said before: days, makes, colours, and the wording of defects, which is DVSA's own list.
# Typed, since 1 and true are the same key otherwise.
_known = lru_cache(maxsize=32_768, typed=True)

_ABSENT = msgspec.Raw(b"null")

Scalar = str | int | float | bool | None


class BadRecordError(ValueError):
    """A line cannot be believed. The message is the reason shown; it holds no plate."""


class Said(msgspec.Struct, rename="camel", gc=False):
    """A test as DVSA sends it."""

    completed_date: str | None = None
    test_result: str | None = None
    expiry_date: str | None = None
    odometer_value: Scalar = None
    odometer_unit: Scalar = None
    mot_test_number: str | int | None = None
    data_source: Scalar = None
    registration_at_time_of_test: str | None = None
    reg_mark_time_of_test: str | None = None  # the bulk files' name of it
    defects: msgspec.Raw = _ABSENT
    rfr_and_comments: msgspec.Raw = _ABSENT  # the old API's name of them


class Test(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One MOT test: what decides read at once, the rest when asked for. Of ten tests in a history, two are kept."""

    __test__ = False  # not a test case, whatever pytest makes of the name

    number: str
    completed_at: datetime
    has_passed: bool
    expires_on: date | None = None
    said: Said = msgspec.field(default_factory=Said)
    listed: tuple[Reported, ...] | None = None  # the defects, where they are not read from what was said

    @property
    def defects(self) -> tuple[Reported, ...]:
        """As listed, in DVSA's order. Raises BadRecordError if they cannot be read."""
        if self.listed is not None:
            return self.listed
        return _defects(self.said.rfr_and_comments if self.said.defects is _ABSENT else self.said.defects)

    @property
    def odometer(self) -> int | None:
        """The reading, if one was taken."""
        return number_of(self.said.odometer_value)

    @property
    def odometer_unit(self) -> str:
        """Its unit."""
        return unit_of(self.said.odometer_unit)

    @property
    def source(self) -> str:
        """Whose data it is."""
        return source_of(self.said.data_source)

    @property
    def registration(self) -> str:
        """The plate at the time, or empty."""
        return _registration(self.said.registration_at_time_of_test or self.said.reg_mark_time_of_test) or ""


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What DVSA says of one vehicle, whole. `updated_at`: when its data was current there, if the line says so."""

    registration: str | None
    make: str = ""
    model: str = ""
    first_used_on: date | None = None
    registered_on: date | None = None
    manufactured_on: date | None = None
    manufacture_year: int | None = None
    fuel_type: str = ""
    colour: str = ""
    engine_cc: int | None = None
    has_recall: str = ""
    first_mot_due_on: date | None = None
    updated_at: datetime | None = None
    tests: tuple[Test, ...] = ()


class _Defect(msgspec.Struct, gc=False):
    text: Scalar = None
    type: Scalar = None
    dangerous: Scalar = None


class SaidOfVehicle(msgspec.Struct, rename="camel", gc=False):
    """A vehicle as DVSA sends it."""

    registration: str | None = None
    make: Scalar = None
    model: Scalar = None
    first_used_date: Scalar = None
    registration_date: Scalar = None
    manufacture_date: Scalar = None
    manufacture_year: Scalar = None
    fuel_type: Scalar = None
    primary_colour: Scalar = None
    engine_size: Scalar = None
    has_outstanding_recall: Scalar = None
    mot_test_due_date: Scalar = None
    mot_test_expiry_date: Scalar = None  # the old API's name of it
    updated_on: Scalar = msgspec.field(name="last_update_date", default=None)
    last_update_timestamp: Scalar = None
    last_update_date: Scalar = None
    mot_tests: list[Said] | None = None


_vehicle_decoder = msgspec.json.Decoder(SaidOfVehicle)
_defects_decoder = msgspec.json.Decoder(list[_Defect] | None)


def vehicles_of(document: bytes) -> list[bytes]:
    """The vehicles of a reply: one object, or the old API's array of them. Raises BadRecordError."""
    try:
        if document.lstrip()[:1] == b"[":
            return [bytes(raw) for raw in msgspec.json.decode(document, type=list[msgspec.Raw])]
        msgspec.json.decode(document, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadRecordError(f"Not JSON as DVSA sends it: {_reason(error)}") from error
    return [document]


class Account(NamedTuple):
    """One vehicle's plate and tests read, and the rest as it was said: what `rows` needs."""

    registration: str | None
    tests: tuple[Test, ...]
    said: SaidOfVehicle


def read(line: bytes) -> Account:
    """One vehicle from its JSON. Raises BadRecordError with the reason if it cannot be believed."""
    try:
        said = _vehicle_decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadRecordError(f"Not a vehicle as DVSA sends it: {_reason(error)}") from error
    registration = _registration(said.registration)
    tests = tuple([test for test in [_test(one, registration) for one in said.mot_tests or ()] if test])
    if registration is None and not tests:
        raise BadRecordError("Neither a registration nor an MOT test, so it cannot be told which vehicle it is")
    return Account(registration, tests, said)


def parse(line: bytes) -> Record:
    """The same with every field read, each in its own type: what the rows of an import are held to."""
    registration, tests, said = read(line)
    return Record(
        registration=registration,
        make=capitals_of(said.make, 64),
        model=capitals_of(said.model, 80),
        first_used_on=day_of(said.first_used_date),
        registered_on=day_of(said.registration_date),
        manufactured_on=day_of(said.manufacture_date),
        manufacture_year=year_of(said.manufacture_year),
        fuel_type=word_of(said.fuel_type, 30),
        colour=word_of(said.primary_colour, 30),
        engine_cc=number_of(said.engine_size),
        has_recall=word_of(said.has_outstanding_recall, 11),
        first_mot_due_on=day_of(said.mot_test_due_date) or day_of(said.mot_test_expiry_date),
        updated_at=stamp_of(said.last_update_timestamp) or stamp_of(said.updated_on) or stamp_of(said.last_update_date),
        tests=tests,
    )


def _test(said: Said, registration: str | None) -> Test | None:
    """A test, or None for a result that decides nothing: DVSA publishes passes and fails only."""
    result = said.test_result
    if result is None:
        raise BadRecordError("A test has no testResult")
    has_passed = _RESULTS.get(result)
    if has_passed is None:
        has_passed = _RESULTS.get(result.strip().upper())
    if has_passed is None:
        return None
    completed_at = _instant(said.completed_date)
    return Test(
        number=_test_number(said.mot_test_number) or _stand_in(registration, completed_at, result),
        completed_at=completed_at,
        has_passed=has_passed,
        expires_on=_expiry(said.expiry_date) if said.expiry_date else None,
        said=said,
    )


def _defects(raw: msgspec.Raw) -> tuple[Reported, ...]:
    try:
        items = _defects_decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadRecordError(f"A test's defects cannot be read: {_reason(error)}") from error
    if items and len(items) > _MOST_DEFECTS:
        raise BadRecordError(f"A test lists more than {_MOST_DEFECTS:,} defects")
    return tuple([_reported(_wording(one.text), one.type, _is_true(one.dangerous)) for one in items]) if items else ()


def _wording(value: Scalar) -> str:
    return value if isinstance(value, str) else _text(value, _LONGEST_DEFECT)


def _is_true(value: Scalar) -> bool:
    return value is True or (value is not False and str(value).lower() == "true")


@lru_cache(maxsize=32_768)
def _reported(text: str, kind: Scalar, is_dangerous: bool) -> Reported:  # noqa: FBT001 - by position, for the cache
    category = category_of(kind if isinstance(kind, str) else None, is_dangerous=is_dangerous)
    return Reported(_text(text, _LONGEST_DEFECT), category)


def _instant(text: str | None) -> datetime:
    """When a test was completed. A time without a zone, as bulk files write it, is UTC like the API's."""
    try:
        return _moment(text or "")
    except (ValueError, OverflowError) as error:
        raise BadRecordError("A test's completedDate is missing or no date") from error


@_known
def _expiry(text: str) -> date:
    try:
        return date.fromisoformat(_dashed(text)[:10])
    except ValueError as error:
        raise BadRecordError("A test's expiryDate is no date") from error


def _moment(text: str) -> datetime:
    text = _dashed(text)
    moment = datetime.fromisoformat(text + "Z" if len(text) == SECONDS_LENGTH else text)
    if moment.tzinfo is not UTC:
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if not _EARLIEST_YEAR <= moment.year <= _LATEST_YEAR:
        raise ValueError(moment.year)
    return moment.replace(microsecond=0) if moment.microsecond else moment


@_known
def stamp_of(value: Scalar) -> datetime | None:
    """An update stamp. One that names only a day speaks for all of that day."""
    if not isinstance(value, str) or not value:
        return None
    try:
        moment = _moment(value)
    except (ValueError, OverflowError):
        return None
    return moment if ":" in value else datetime.combine(moment, time(23, 59, 59), UTC)


@_known
def day_of(value: Scalar) -> date | None:
    """A date that describes the vehicle; an unreadable one is as good as none."""
    if not isinstance(value, str) or not value:
        return None
    try:
        day = date.fromisoformat(_dashed(value.strip())[:10])
    except ValueError:
        return None
    return day if _EARLIEST_YEAR <= day.year <= _LATEST_YEAR else None


def _dashed(text: str) -> str:
    return _DOTTED.sub(r"\1-\2-\3", text) if text[4:5] == "." else text


def number_of(value: Scalar) -> int | None:
    """A whole number that a column can hold; anything else is as good as none."""
    if value is None:
        return None
    if isinstance(value, str) and value.isdecimal() and len(value) < _DIGITS:
        return int(value)
    try:
        number = int(str(value).replace(",", "").partition(".")[0])
    except ValueError:
        return None
    return number if 0 <= number <= _LARGEST_INT else None


def year_of(value: Scalar) -> int | None:
    """A year that a car may be from."""
    year = number_of(value)
    return year if year is not None and _EARLIEST_YEAR <= year <= _LATEST_YEAR else None


def _text(value: Scalar, longest: int) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else str(value)
    if "\x00" in text:
        text = text.replace("\x00", "")
    return text.strip()[:longest]


@_known
def word_of(value: Scalar, longest: int) -> str:
    """A text that many lines say."""
    return _text(value, longest)


@_known
def capitals_of(value: Scalar, longest: int) -> str:
    """The same in capitals, with single spaces: makes and models are compared."""
    return " ".join(_text(value, longest).upper().split())[:longest]


def unit_of(value: Scalar) -> str:
    """`mi`, `km` or empty."""
    return word_of(value, 2).lower()


def source_of(value: Scalar) -> str:
    """`DVSA`, `DVA NI`, `CVS` or empty."""
    return word_of(value, 6).upper()


@lru_cache(maxsize=256)  # a car's tests name its plate again and again
def _registration(text: str | None) -> str | None:
    """The plate as compared, or None where DVSA withholds it (`@...@`)."""
    if not text or "@" in text:
        return None
    registration = cleaned(text)
    if len(registration) > _LONGEST_REGISTRATION:
        raise BadRecordError("The registration is too long")
    return registration or None


def _test_number(value: str | int | None) -> str:
    """The number as text. Bulk files send a JSON number, which has lost the leading zeros of its twelve digits."""
    if isinstance(value, int):
        return str(value).zfill(_DVSA_NUMBER_DIGITS)[:_LONGEST_NUMBER]
    return _text(value, _LONGEST_NUMBER)


def _stand_in(registration: str | None, completed_at: datetime, result: str) -> str:
    """A test without a number still needs one name, the same in every shape it comes in."""
    source = f"{registration}|{completed_at.isoformat()}|{result.strip().upper()}"
    return "~" + hashlib.sha256(source.encode()).hexdigest()[: _LONGEST_NUMBER - 1]


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
