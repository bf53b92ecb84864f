"""DVSA's bulk and delta files: zips of gzip members with one vehicle per line, made once and kept on disk.

A weekly bulk file holds every vehicle as it was on Sunday morning, a daily delta those tested the day before.
"""

from __future__ import annotations

import gzip
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

Vehicle = dict[str, Any]

MEMBER_ROWS = 5_000
KEPT_FILES = 24
_SUNDAY = 7
_PIECE = 262_144


class FileName(NamedTuple):
    """Which file: `bulk` or `delta`, and the morning it was exported."""

    kind: str
    day: date

    @property
    def folder(self) -> str:
        """The folder DVSA keeps it in; months and days without a leading zero."""
        return f"v1/public/{self.kind}/year={self.day.year}/month={self.day.month}/day={self.day.day}"

    @property
    def shows(self) -> date:
        """The last day whose tests it knows: the one before the morning of its export."""
        return self.day - timedelta(days=1)

    @property
    def stem(self) -> str:
        """The name without its ending."""
        return f"{self.kind}-light-vehicle_{self.day:%d-%m-%Y}"


class Archive:
    """Makes the files in a thread of its own when first asked for. Safe to use from many threads.

    `vehicle` gives a vehicle by its index as of the end of a day, `line` its shape in the files.
    """

    def __init__(
        self, *, size: int, vehicle: Callable[[int, date], Vehicle], line: Callable[[Vehicle], Vehicle]
    ) -> None:
        self._size = size
        self._vehicle = vehicle
        self._line = line
        self._folder = tempfile.TemporaryDirectory(prefix="garagehub-sandbox-", ignore_cleanup_errors=True)
        self._changed = threading.Condition()
        self._made: dict[FileName, Path] = {}
        self._wanted: list[FileName] = []
        self._is_working = False

    def listed(self, today: date, *, wait_s: float) -> list[tuple[FileName, int]]:
        """The files of a day that are ready, with their sizes in bytes: last Sunday's bulk, and a delta for each day since.

        Files not made yet are begun, and waited for so long; those still not ready are not exported yet.
        """
        wanted = file_names(today)
        end = time.monotonic() + wait_s
        with self._changed:
            self._wanted = [name for name in wanted if name not in self._made]
            if self._wanted and not self._is_working:
                self._is_working = True
                threading.Thread(target=self._work, daemon=True).start()
            while any(name not in self._made for name in wanted) and (left := end - time.monotonic()) > 0:
                self._changed.wait(left)
            return [(name, self._made[name].stat().st_size) for name in wanted if name in self._made]

    def open(self, name: FileName) -> tuple[int, Iterator[bytes]] | None:
        """The size and the bytes of a file that is ready, read as they are sent."""
        with self._changed:
            path = self._made.get(name)
        return (path.stat().st_size, _pieces(path)) if path else None

    def close(self) -> None:
        """Remove the files."""
        self._folder.cleanup()

    def _work(self) -> None:
        while True:
            with self._changed:
                wanted = [name for name in self._wanted if name not in self._made]
                self._wanted = []
                if not wanted:
                    self._is_working = False
                    return
            deltas = [name for name in wanted if name.kind == "delta"]
            for name, indexes in self._tested(deltas).items():
                self._make(name, indexes)
            for name in wanted:
                if name.kind == "bulk":
                    self._make(name, range(self._size))

    def _tested(self, deltas: list[FileName]) -> dict[FileName, list[int]]:
        """The vehicles of each delta, found in one pass over the fleet."""
        found: dict[FileName, list[int]] = {name: [] for name in deltas}
        if not deltas:
            return found
        names = {name.shows.isoformat(): name for name in deltas}
        newest = max(name.shows for name in deltas)
        for index in range(self._size):
            vehicle = self._vehicle(index, newest)
            for name in {
                names[day] for test in vehicle.get("motTests", ()) if (day := test["completedDate"][:10]) in names
            }:
                found[name].append(index)
        return found

    def _make(self, name: FileName, indexes: Iterable[int]) -> None:
        path = Path(self._folder.name, f"{name.stem}.zip")
        part = path.with_suffix(".part")
        lines = (msgspec.json.encode(self._line(self._vehicle(index, name.shows))) + b"\n" for index in indexes)
        exported_at = (name.day.year, name.day.month, name.day.day, 6, 0, 0)
        with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
            for number in count(1):
                text = b"".join(islice(lines, MEMBER_ROWS))
                if not text and number > 1:
                    break
                member = zipfile.ZipInfo(f"{name.stem}_{number}.json.gz", exported_at)
                archive.writestr(member, gzip.compress(text, mtime=0))
        part.rename(path)
        with self._changed:
            self._made[name] = path
            for old in sorted(self._made, key=lambda made: made.day)[:-KEPT_FILES]:
                self._made.pop(old).unlink()
            self._changed.notify_all()


def file_names(today: date) -> list[FileName]:
    """What DVSA's manifest lists on a day: the bulk of the last Sunday, and the deltas from that day to this one."""
    days = today.isoweekday() % _SUNDAY
    sunday = today - timedelta(days=days)
    deltas = [FileName("delta", sunday + timedelta(days=day)) for day in range(days + 1)]
    return [*deltas, FileName("bulk", sunday)]


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece
