"""Lines of MOT data made ready for COPY: read, judged, and put together as batches.

No database here, so that it can run beside the merge of the batch before. A row lacks what only the database knows: its
ids, which `adding` and `merging` write before it.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from parts.vehicles.fingerprints import NONE_TAKEN, Taken, fingerprint
from parts.vehicles.history import Judgement, judge
from parts.vehicles.records import Account, BadRecordError, read
from parts.vehicles.registration import masked
from parts.vehicles.rows import defect_row, make_and_model, test_row, vehicle_row
from parts.vehicles.sources import Block, Position

# A batch is one transaction: long enough to be quick, short enough to hold in memory and to lose.
BATCH_VEHICLES = 5_000
FIRST_VEHICLES = 500  # and twice as many in each after that: whoever writes them need not wait for thousands
BATCH_LINES = 200_000
BATCH_BYTES = 96 << 20
REJECTED_SAMPLE = 2_000

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
    most = min(FIRST_VEHICLES, BATCH_VEHICLES)
    for block in blocks:
        _take(batch, block, makes=makes, current_at=file_date(block.member) or dated, taken=taken)
        size += sum(map(len, filter(None, block.lines)))
        batch.position, batch.share = Position(block.member, block.last), block.share
        if batch.vehicles >= most or batch.lines >= BATCH_LINES or size >= BATCH_BYTES:
            yield batch
            batch, size = Batch(), 0
            most = min(2 * most, BATCH_VEHICLES)
    if batch.lines:
        yield batch


def file_date(name: str) -> datetime | None:
    """The day a bulk or delta file was made, from DVSA's way of naming them; its data is at least as new."""
    match = _FILE_DATE.search(name)
    try:
        return datetime(int(match[3]), int(match[2]), int(match[1]), tzinfo=UTC) if match else None
    except ValueError:
        return None


def stage(batch: Batch, account: Account, *, current_at: datetime | None, mark: int | None = None) -> Judgement:
    """Judge a vehicle and add its rows to the first round that holds nothing of the same one.

    `mark`: the fingerprint of its line.
    """
    registration, tests, said = account
    judgement = judge(tests)
    numbers = tuple([test.number for test in tests])
    decided_by = judgement.defects[0].number if judgement.defects else ""
    target = _round_for(batch.rounds, (*numbers, registration) if registration else numbers)
    make, model = make_and_model(said.make, said.model)
    target.lines.append(
        Line(
            registration,
            numbers,
            make,
            model,
            vehicle_row(account, judgement, current_at=current_at, mark=mark),
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
            account = read(line)
            if makes and make_and_model(account.said.make, account.said.model)[0].encode() not in makes:
                batch.filtered += 1
                continue
            stage(batch, account, current_at=current_at, mark=mark)
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
