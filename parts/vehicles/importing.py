"""Take in MOT data: a file, a stream of lines, or one reply of DVSA's API. The same rows whichever brought them.

A file goes in by batches, each one transaction with the place reached, so that a killed import goes on where it was.
Reading and judging the next batch runs beside the merge of the last: for a large file in a process of its own, and
fetched from it by a thread, so that neither waits for the other where one batch takes longer than the next.
"""

from __future__ import annotations

import dataclasses
import hashlib
import time
import uuid
from array import array
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from django.db import connection, transaction

from garagehub.lib.errors import DomainError
from parts.vehicles.fingerprints import NONE_TAKEN, Taken
from parts.vehicles.merging import merge
from parts.vehicles.models import MotImport, RejectedLine
from parts.vehicles.reading import Order, batches_apart
from parts.vehicles.records import read, vehicles_of
from parts.vehicles.sources import Block, Position, UnreadableFileError, blocks_of, blocks_of_stream
from parts.vehicles.staging import Batch, Rejected, batches, file_date, stage

REJECTED_KEPT = 1_000  # rows kept per import; all are counted
FINGERPRINTS_WORTH_BYTES = 16 << 20  # of a smaller file, reading every line is quicker than fetching all fingerprints
CHILD_WORTH_BYTES = 4 << 20  # a smaller file is read before a process to read it has started
_DIGEST_CHUNK = 1 << 20
_FINGERPRINTS_AT_ONCE = 20_000


@dataclass
class Counts:
    """What an import came to. `filtered`: lines of other makes; `outdated`: cars whose plate has since gone on.

    `tests` and `defects` are of the lines that were read; those known word for word are not.
    """

    lines: int = 0
    vehicles_new: int = 0
    vehicles_updated: int = 0
    vehicles_unchanged: int = 0
    tests: int = 0
    defects: int = 0
    rejected: int = 0
    filtered: int = 0
    outdated: int = 0
    files_already_taken: int = 0
    seconds: float = 0.0

    @property
    def vehicles(self) -> int:
        """Vehicles the lines were about."""
        return self.vehicles_new + self.vehicles_updated + self.vehicles_unchanged

    def as_dict(self) -> dict[str, float]:
        """For the JSON summary of a command."""
        return {"vehicles": self.vehicles, **dataclasses.asdict(self), "seconds": round(self.seconds, 2)}

    def __add__(self, other: Counts) -> Counts:
        names = [one.name for one in dataclasses.fields(Counts)]
        return Counts(**{name: getattr(self, name) + getattr(other, name) for name in names})


@dataclass
class Reached(Counts):
    """The counts of an import under way; `share` of the file read, and about how long the rest takes, if known."""

    share: float = 0.0
    seconds_left: float | None = None

    @property
    def lines_per_s(self) -> float:
        """Lines a second, since the very start."""
        return self.lines / self.seconds if self.seconds else 0.0


Progress = Callable[[Reached], None]


def import_path(
    path: Path | str,
    *,
    at: datetime,
    makes: Iterable[str] | None = None,
    name: str | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> Counts:
    """Take in a file, or the rest of it if an earlier run was cut off.

    A file taken in before (the same bytes for the same makes) is left alone unless `force`, which reads every line
    again. `name`: as at DVSA, if the path is only a copy. `progress` is called after each batch with what is reached.
    Raises UnreadableFileError when its wrapping is damaged; what came before the damage stays in.
    """
    path = Path(path)
    wanted = sorted({make.strip().upper() for make in makes or ()})
    run, is_new = MotImport.objects.get_or_create(
        digest=_digest(path), makes=", ".join(wanted), defaults={"name": name or path.name, "started_at": at}
    )
    if not is_new and (run.finished_at or force):
        if not force:
            return Counts(files_already_taken=1)
        _start_again(run, at=at)
    prepared = _prepared(path, run, makes=_encoded(wanted), knows_lines=not force)
    return _import(run, prepared, at=at, progress=progress)


def import_stream(
    stream: IO[bytes], *, name: str, at: datetime, makes: Iterable[str] | None = None, progress: Progress | None = None
) -> Counts:
    """Take in a seekable stream of the same content as a file. It has no digest, so it is taken each time."""
    wanted = sorted({make.strip().upper() for make in makes or ()})
    run = MotImport.objects.create(name=name, digest=f"stream {uuid.uuid4().hex}", started_at=at)
    prepared = _batches_here(blocks_of_stream(stream), makes=_encoded(wanted), dated=file_date(name), known=NONE_TAKEN)
    return _import(run, prepared, at=at, progress=progress)


def import_reply(body: bytes, *, at: datetime) -> list[int]:
    """Take in one reply of DVSA's API, asked at `at`: the ids of its vehicles. Raises BadRecordError."""
    batch = Batch()
    for vehicle in vehicles_of(body):
        stage(batch, read(vehicle), current_at=at)
    with transaction.atomic():
        return merge(batch, wants_ids=True).vehicle_ids


def taken() -> Taken:
    """The fingerprints of all vehicles."""
    found = array("q")
    # By many rows at once: COPY hands each over by itself, four times as slow.
    with connection.chunked_cursor() as cursor:
        cursor.execute("SELECT fingerprint FROM parts_vehicle WHERE fingerprint IS NOT NULL ORDER BY 1")
        while rows := cursor.fetchmany(_FINGERPRINTS_AT_ONCE):
            found.extend([row[0] for row in rows])
    return Taken(found)


def _prepared(
    path: Path, run: MotImport, *, makes: frozenset[bytes], knows_lines: bool
) -> Generator[Batch, None, None]:
    """The rest of a file, read in a process of its own if it is large enough for that."""
    size, after, dated = path.stat().st_size, Position(run.member, run.member_lines), file_date(run.name)
    known = taken() if knows_lines and size >= FINGERPRINTS_WORTH_BYTES else NONE_TAKEN
    if size < CHILD_WORTH_BYTES:
        return _batches_here(blocks_of(path, after=after), makes=makes, dated=dated, known=known)
    order = Order(path=str(path.resolve()), after=after, makes=makes, dated=dated)
    return batches_apart(order, taken=known)


def _import(
    run: MotImport, prepared: Generator[Batch, None, None], *, at: datetime, progress: Progress | None
) -> Counts:
    started, before = time.monotonic(), Counts(**run.counts)
    counts = dataclasses.replace(before)
    first: tuple[float, float] | None = None
    try:
        with closing(_ahead(prepared)) as ready:
            for batch in ready:
                with transaction.atomic():
                    _commit_without_waiting()
                    counts = _write(run, batch, counts)
                    counts.seconds = before.seconds + time.monotonic() - started
                    _advance(run, batch, counts)
                first = first or (counts.seconds, batch.share)
                if progress:
                    progress(_reached(counts, batch.share, first))
    except UnreadableFileError as error:
        MotImport.objects.filter(pk=run.pk).update(error=error.message[:500])
        raise
    counts.seconds = before.seconds + time.monotonic() - started
    MotImport.objects.filter(pk=run.pk).update(finished_at=at, counts=dataclasses.asdict(counts), error="")
    return counts


def _commit_without_waiting() -> None:
    """A crash of the server may then take the last batches, but with them the place they reach: they are read again.

    Of this transaction only; what says that the import is finished waits for the disk, and so for all before it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")


def _reached(counts: Counts, share: float, first: tuple[float, float]) -> Reached:
    """`first`: the seconds and the share after the first batch, behind whatever a run cut off had taken in before."""
    seconds, read = counts.seconds - first[0], share - first[1]
    left = seconds / read * (1 - share) if read > 0 else None
    return Reached(**dataclasses.asdict(counts), share=share, seconds_left=left)


def _batches_here(
    blocks: Generator[Block, None, None], *, makes: frozenset[bytes], dated: datetime | None, known: Taken
) -> Generator[Batch, None, None]:
    with closing(blocks):
        yield from batches(blocks, makes=makes, dated=dated, taken=known)


def _ahead(prepared: Generator[Batch, None, None]) -> Generator[Batch, None, None]:
    """Batches, the next being fetched while the caller writes the last. Only the caller touches the database."""
    with closing(prepared), ThreadPoolExecutor(max_workers=1, thread_name_prefix="mot-lines") as reader:
        following = reader.submit(next, prepared, None)
        while (batch := following.result()) is not None:
            following = reader.submit(next, prepared, None)
            yield batch


def _encoded(makes: Iterable[str]) -> frozenset[bytes]:
    return frozenset(make.encode() for make in makes)


def _write(run: MotImport, batch: Batch, counts: Counts) -> Counts:
    merged = merge(batch)
    room = max(0, REJECTED_KEPT - counts.rejected)
    RejectedLine.objects.bulk_create([_rejected_line(run, one) for one in batch.rejected[:room]])
    return counts + Counts(
        lines=batch.lines,
        vehicles_new=merged.new,
        vehicles_updated=merged.updated,
        vehicles_unchanged=merged.unchanged + batch.unread,
        tests=batch.tests,
        defects=merged.defects,
        rejected=len(batch.rejected),
        filtered=batch.filtered,
        outdated=merged.left_out,
    )


def _rejected_line(run: MotImport, one: Rejected) -> RejectedLine:
    return RejectedLine(run=run, member=one.member, line=one.line, reason=one.reason, raw=one.raw)


def _advance(run: MotImport, batch: Batch, counts: Counts) -> None:
    """Store the place reached; refuse if another process has moved it, which would count lines twice."""
    member, lines = batch.position
    moved = MotImport.objects.filter(pk=run.pk, member=run.member, member_lines=run.member_lines, finished_at=None)
    if not moved.update(member=member, member_lines=lines, counts=dataclasses.asdict(counts)):
        raise DomainError("This file is being imported by another process.", code="import_running")
    run.member, run.member_lines = member, lines


def _start_again(run: MotImport, *, at: datetime) -> None:
    run.member, run.member_lines, run.counts, run.error = "", 0, {}, ""
    run.started_at, run.finished_at = at, None
    with transaction.atomic():
        run.rejected.all().delete()
        run.save()


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_DIGEST_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
