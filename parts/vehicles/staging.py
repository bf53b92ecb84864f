"""Lines of MOT data made ready for COPY: read, judged, and written as PostgreSQL's text format.

No database here, so that it can run beside the merge of the batch before. A row lacks what only the database knows: its
ids, which `adding` and `merging` write before it.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import NamedTuple

import msgspec

from parts.vehicles.defects import Reading
from parts.vehicles.fingerprints import NONE_TAKEN, Taken, fingerprint
from parts.vehicles.history import Found, Judgement, judge
from parts.vehicles.records import BadRecordError, Record, Test, parse
from parts.vehicles.registration import masked
from parts.vehicles.sources import Block, Position

# A batch is one transaction: long enough to be quick, short enough to hold in memory and to lose.
BATCH_VEHICLES = 5_000
BATCH_LINES = 200_000
BATCH_BYTES = 96 << 20
REJECTED_SAMPLE = 2_000

NULL = r"\N"
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


class Line(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One vehicle as COPY rows, and what finds it: the plate, and the number of every test in its history."""

    registration: str | None
    numbers: tuple[str, ...]
    make: str
    model: str
    vehicle: str
    tests: tuple[str, ...]
    deciding: int  # which of `tests` the defects are of
    decided_by: str  # and its number
    defects: tuple[str, ...]


@dataclass
class Round:
    """Lines about different vehicles. Two lines about one vehicle stand in two rounds, in order."""

    lines: list[Line] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)


@dataclass
class Batch:
    """What one transaction takes in, and how far in the file that reaches (`share`: of its bytes)."""

    rounds: list[Round] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    position: Position = field(default_factory=Position)
    share: float = 0.0
    lines: int = 0
    vehicles: int = 0
    tests: int = 0
    filtered: int = 0
    unread: int = 0  # lines that are word for word what was taken in before


def batches(
    blocks: Iterable[Block], *, makes: frozenset[bytes], dated: datetime | None, taken: Taken = NONE_TAKEN
) -> Generator[Batch, None, None]:
    """Batches of whole blocks. `makes`: those to keep, in capitals, or empty for all; `dated`: of the file, if known.

    `taken`: lines not to be read again.
    """
    batch, size = Batch(), 0
    for block in blocks:
        _take(batch, block, makes=makes, current_at=file_date(block.member) or dated, taken=taken)
        size += sum(map(len, filter(None, block.lines)))
        batch.position, batch.share = Position(block.member, block.last), block.share
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


def stage(batch: Batch, record: Record, *, current_at: datetime | None, mark: int | None = None) -> Judgement:
    """Judge a record and add its rows to the first round that holds nothing of the same vehicle.

    `mark`: the fingerprint of its line.
    """
    judgement = judge(record.tests)
    numbers = tuple([test.number for test in record.tests])
    decided_by = judgement.defects[0].number if judgement.defects else ""
    target = _round_for(batch.rounds, (*numbers, record.registration) if record.registration else numbers)
    target.lines.append(
        Line(
            record.registration,
            numbers,
            record.make,
            record.model,
            f"{_vehicle_row(record, judgement, current_at)}\t{NULL if mark is None else mark}\n",
            tuple([test_row(test) for test in judgement.tests]),
            [test.number for test in judgement.tests].index(decided_by) if decided_by else 0,
            decided_by,
            tuple([defect_row(defect) for defect in judgement.defects]),
        )
    )
    batch.vehicles += 1
    batch.tests += len(numbers)
    return judgement


def _round_for(rounds: list[Round], keys: Sequence[str]) -> Round:
    """The round behind every round that speaks of this vehicle, so that the last line about it is the last word."""
    index = len(rounds)
    while index and rounds[index - 1].taken.isdisjoint(keys):
        index -= 1
    if index == len(rounds):
        rounds.append(Round())
    rounds[index].taken.update(keys)
    return rounds[index]


def _take(batch: Batch, block: Block, *, makes: frozenset[bytes], current_at: datetime | None, taken: Taken) -> None:
    has_taken = len(taken) > 0
    for number, line in enumerate(block.lines, block.first):
        if line is not None and (not line or line.isspace()):
            continue
        batch.lines += 1
        if line is None:
            batch.rejected.append(Rejected(block.member, number, "The line is too long", ""))
            continue
        if makes and _is_of_another_make(line, makes):
            batch.filtered += 1
            continue
        mark = fingerprint(line)
        if has_taken and mark in taken:
            batch.unread += 1
            continue
        try:
            record = parse(line)
            if makes and record.make.encode() not in makes:
                batch.filtered += 1
                continue
            stage(batch, record, current_at=current_at, mark=mark)
        except BadRecordError as error:
            batch.rejected.append(Rejected(block.member, number, str(error)[:300], masked_line(line)))


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


def _vehicle_row(record: Record, judgement: Judgement, current_at: datetime | None) -> str:
    stamp = record.updated_at
    if current_at and (stamp is None or stamp < current_at):
        stamp = current_at
    return (
        f"{record.registration or NULL}"
        f"\t{_build(record.first_used_on, record.registered_on, record.manufactured_on, record.manufacture_year)}"
        f"\t{_looks(record.fuel_type, record.colour, record.engine_cc, record.has_recall)}"
        f"\t{_day(record.first_mot_due_on)}\t{_day(judgement.mot_expires_on)}\t{judgement.open_fails}"
        f"\t{'t' if judgement.is_dangerous else 'f'}\t{_instant(judgement.last_tested_at)}\t{_known_instant(stamp)}"
    )


def test_row(test: Test) -> str:
    """A kept test."""
    odometer = test.odometer
    return (
        f"{plain(test.number)}\t{test.completed_at.isoformat()}\t{'passed' if test.has_passed else 'failed'}"
        f"\t{_day(test.expires_on)}\t{NULL if odometer is None else odometer}"
        f"\t{_origin(test.odometer_unit, test.source)}\t{test.registration}\n"
    )


def defect_row(defect: Found) -> str:
    """A defect of the newest visit."""
    return f"{defect.position}\t{_defect_rest(defect.text, defect.category, defect.is_failing, defect.reading)}"


@lru_cache(maxsize=32_768)
def _defect_rest(text: str, category: str, is_failing: bool, reading: Reading) -> str:  # noqa: FBT001 - by position, for the cache
    return (
        f"{text.translate(_ESCAPES)}\t{category}\t{'t' if is_failing else 'f'}"
        f"\t{reading.scheme}\t{reading.reference}\t{reading.lateral}\t{reading.longitudinal}\t{reading.vertical}\n"
    )


# What lines say again and again, together: looking up four columns takes as long as one.
@lru_cache(maxsize=32_768)
def _build(used: date | None, registered: date | None, made: date | None, year: int | None) -> str:
    return f"{_day(used)}\t{_day(registered)}\t{_day(made)}\t{NULL if year is None else year}"


@lru_cache(maxsize=32_768)
def _looks(fuel: str, colour: str, engine_cc: int | None, has_recall: str) -> str:
    engine = NULL if engine_cc is None else engine_cc
    return f"{escaped(fuel)}\t{escaped(colour)}\t{engine}\t{escaped(has_recall)}"


@lru_cache(maxsize=256)
def _origin(odometer_unit: str, source: str) -> str:
    return f"{escaped(odometer_unit)}\t{escaped(source)}"


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


@lru_cache(maxsize=32_768)
def _day(day: date | None) -> str:
    return day.isoformat() if day else NULL


def _instant(instant: datetime | None) -> str:
    return instant.isoformat() if instant else NULL


_known_instant = lru_cache(maxsize=32_768)(_instant)  # of the days that stamps name
