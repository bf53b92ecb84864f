"""Lines of MOT data made ready for COPY: read, judged, and written as PostgreSQL's text format.

No database here, so that it can run beside the merge of the batch before.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import NamedTuple

from parts.vehicles.history import Found, Judgement, judge
from parts.vehicles.records import BadRecordError, Record, Test, parse
from parts.vehicles.registration import masked
from parts.vehicles.sources import Block, Position

# A batch is one transaction: long enough to be quick, short enough to hold in memory and to lose.
BATCH_VEHICLES = 20_000
BATCH_LINES = 200_000
BATCH_BYTES = 96 << 20
REJECTED_SAMPLE = 2_000

_NULL = r"\N"
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r", "\x00": ""})
_FILE_DATE = re.compile(r"light-vehicle_(\d{2})-(\d{2})-(\d{4})")
_MAKE = re.compile(rb'"make"\s*:\s*"([^"\\]*)"')
_PLATE_FIELD = re.compile(r'("(?:registration\w*|regMark\w*|vrm|vin)"\s*:\s*"?)([^",}\]]*)', re.IGNORECASE)
_PLATE_LIKE = re.compile(r"\b(?:[A-Z]{2}[0-9]{2} ?[A-Z]{3}|[A-Z][0-9]{1,3} ?[A-Z]{3}|[A-Z]{3} ?[0-9]{1,3}[A-Z])\b")


class Rejected(NamedTuple):
    """A line that could not be read."""

    member: str
    line: int
    reason: str
    raw: str


@dataclass
class Round:
    """Lines about different vehicles, as COPY rows. Two lines about one vehicle stand in two rounds, in order."""

    vehicles: list[str] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)


@dataclass
class Batch:
    """What one transaction takes in, and how far in the file that reaches."""

    rounds: list[Round] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    position: Position = field(default_factory=Position)
    lines: int = 0
    vehicles: int = 0
    tests: int = 0
    filtered: int = 0


def batches(
    blocks: Iterable[Block], *, makes: frozenset[bytes], dated: datetime | None
) -> Generator[Batch, None, None]:
    """Batches of whole blocks. `makes`: those to keep, in capitals, or empty for all; `dated`: of the file, if known."""
    batch, size = Batch(), 0
    for block in blocks:
        current_at = file_date(block.member) or dated
        for number, line in enumerate(block.lines, block.first):
            _take(batch, block.member, number, line, makes=makes, current_at=current_at)
            size += len(line or b"")
        batch.position = Position(block.member, block.last)
        if batch.vehicles >= BATCH_VEHICLES or batch.lines >= BATCH_LINES or size >= BATCH_BYTES:
            yield batch
            batch, size = Batch(), 0
    if batch.lines:
        yield batch


def file_date(name: str) -> datetime | None:
    """The day a bulk or delta file was made, from DVSA's way of naming them; its data is at least as new."""
    match = _FILE_DATE.search(name)
    try:
        return datetime(int(match[3]), int(match[2]), int(match[1]), tzinfo=UTC) if match else None
    except ValueError:
        return None


def stage(batch: Batch, record: Record, *, current_at: datetime | None) -> Judgement:
    """Judge a record and add its rows to the first round that holds nothing of the same vehicle."""
    judgement = judge(record.tests)
    keys = {test.number for test in record.tests}
    if record.registration:
        keys.add(f"plate {record.registration}")
    # Behind every round that speaks of this vehicle, so that the last line about it is the last word.
    index = len(batch.rounds)
    while index and keys.isdisjoint(batch.rounds[index - 1].taken):
        index -= 1
    if index == len(batch.rounds):
        batch.rounds.append(Round())
    target = batch.rounds[index]
    target.taken |= keys
    line = len(target.vehicles)
    target.vehicles.append(_vehicle_row(line, record, judgement, current_at=current_at))
    target.tests.extend(test_row(line, test) for test in judgement.tests)
    target.defects.extend(defect_row(line, defect) for defect in judgement.defects)
    batch.vehicles += 1
    batch.tests += len(record.tests)
    return judgement


def _take(
    batch: Batch, member: str, number: int, line: bytes | None, *, makes: frozenset[bytes], current_at: datetime | None
) -> None:
    if line is not None and (not line or line.isspace()):
        return
    batch.lines += 1
    if line is None:
        batch.rejected.append(Rejected(member, number, "The line is too long", ""))
        return
    if makes and _is_of_another_make(line, makes):
        batch.filtered += 1
        return
    try:
        record = parse(line)
        if makes and record.make.encode() not in makes:
            batch.filtered += 1
            return
        stage(batch, record, current_at=current_at)
    except BadRecordError as error:
        batch.rejected.append(Rejected(member, number, str(error)[:300], masked_line(line)))


def _is_of_another_make(line: bytes, makes: frozenset[bytes]) -> bool:
    """Told without reading the line: of all the country's lines, three in a hundred are of the makes we keep."""
    start = line.find(b'"make"')
    match = _MAKE.match(line, start) if start >= 0 else None
    return match is not None and match[1].strip().upper() not in makes


def masked_line(line: bytes) -> str:
    """The start of a line as it may be kept: no NUL, no plate."""
    text = line[:REJECTED_SAMPLE].decode(errors="replace").replace("\x00", "")
    text = _PLATE_FIELD.sub(lambda match: match[1] + masked(match[2].strip()), text)
    return _PLATE_LIKE.sub(lambda match: masked(match[0]), text)


def _vehicle_row(line: int, record: Record, judgement: Judgement, *, current_at: datetime | None) -> str:
    stamp = record.updated_at
    if current_at and (stamp is None or stamp < current_at):
        stamp = current_at
    return (
        f"{line}\t{record.registration or _NULL}\t{_text(record.make)}\t{_escaped(record.model)}"
        f"\t{_day(record.first_used_on)}\t{_day(record.registered_on)}\t{_day(record.manufactured_on)}"
        f"\t{_number(record.manufacture_year)}\t{_text(record.fuel_type)}\t{_text(record.colour)}"
        f"\t{_number(record.engine_cc)}\t{_text(record.has_recall)}\t{_day(record.first_mot_due_on)}"
        f"\t{_day(judgement.mot_expires_on)}\t{judgement.open_fails}\t{'t' if judgement.is_dangerous else 'f'}"
        f"\t{_instant(judgement.last_tested_at)}\t{_instant(stamp)}\t{_array([test.number for test in record.tests])}\n"
    )


def test_row(line: int, test: Test) -> str:
    """A kept test as a row of the staging table."""
    return (
        f"{line}\t{_plain(test.number)}\t{_instant(test.completed_at)}\t{'passed' if test.has_passed else 'failed'}"
        f"\t{_day(test.expires_on)}\t{_number(test.odometer)}\t{_escaped(test.odometer_unit)}\t{_escaped(test.source)}"
        f"\t{test.registration}\n"
    )


def defect_row(line: int, defect: Found) -> str:
    """A defect of the newest visit as a row of the staging table."""
    reading = defect.reading
    return (
        f"{line}\t{_plain(defect.number)}\t{defect.position}\t{_escaped(defect.text)}\t{defect.category.value}"
        f"\t{'t' if defect.is_failing else 'f'}\t{reading.scheme.value}\t{reading.reference}\t{reading.lateral}"
        f"\t{reading.longitudinal}\t{reading.vertical}\n"
    )


@lru_cache(maxsize=65_536)
def _escaped(text: str) -> str:
    return text.translate(_ESCAPES)


def _plain(number: str) -> str:
    """A test's number, which is nearly always digits and never comes again: not worth the cache."""
    return number if number.isalnum() else number.translate(_ESCAPES)


def _array(numbers: list[str]) -> str:
    """A PostgreSQL array literal; quoted only where the numbers are not plain digits."""
    if "".join(numbers).isdigit():
        return "{" + ",".join(numbers) + "}"
    quoted = (number.replace("\\", "\\\\").replace('"', '\\"') for number in numbers)
    return ("{" + ",".join(f'"{number}"' for number in quoted) + "}").translate(_ESCAPES)


def _text(text: str) -> str:
    return _escaped(text) if text else _NULL


def _day(day: date | None) -> str:
    return day.isoformat() if day else _NULL


def _instant(instant: datetime | None) -> str:
    return instant.isoformat() if instant else _NULL


def _number(number: int | None) -> str:
    return _NULL if number is None else str(number)
