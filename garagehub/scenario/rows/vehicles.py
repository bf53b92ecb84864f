"""The fleet, taken in by the same importer as DVSA's files."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from django.db import connection, transaction

from garagehub.lib.geography import UK
from garagehub.scenario.fleet import bulk_lines, region_of
from garagehub.scenario.plates import MOCK_PLATES, registration_of
from parts.vehicles.importing import import_stream
from parts.vehicles.models import Vehicle

_SORN_PLATE = "AA19SRN"
_BUFFER = 1 << 20
IMPORT_NAME = "demonstration fleet"
assert _SORN_PLATE in MOCK_PLATES


def is_loaded(*, count: int, seed: int) -> bool:
    """Whether this fleet, and no other, is there."""
    ends = [registration_of(index, seed=seed) for index in (0, count - 1)]
    found = Vehicle.objects.filter(is_demo=True)
    return found.count() == count and found.filter(registration__in=ends).count() == len(set(ends))


def is_other_fleet(*, count: int, seed: int) -> bool:
    """Whether vehicles of another seed, or more of them than wanted, are there."""
    found = Vehicle.objects.filter(is_demo=True)
    there = found.count()
    first = registration_of(len(MOCK_PLATES), seed=seed)
    return there > count or (there > len(MOCK_PLATES) and not found.filter(registration=first).exists())


def write_vehicles(*, count: int, seed: int, at: datetime, progress: Callable[[int], None]) -> None:
    """Import the fleet as it is today, then say of each vehicle where it is kept and which are off the road."""
    lines = bulk_lines(count, seed=seed, today=at.date())
    with io.BufferedReader(_Stream(lines), _BUFFER) as stream:
        import_stream(stream, name=f"{IMPORT_NAME} {seed}", at=at, progress=lambda done: progress(done.vehicles))
    _finish(count=count, seed=seed, at=at)


@transaction.atomic
def _finish(*, count: int, seed: int, at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE scenario_place (registration text, region smallint) ON COMMIT DROP")
        with cursor.copy("COPY scenario_place FROM STDIN") as copy:
            for index in range(count):
                region = region_of(index, seed=seed) if index >= len(MOCK_PLATES) else UK
                copy.write_row((registration_of(index, seed=seed), region))
        cursor.execute("ANALYZE scenario_place")
        # Whose MOT ran out over a year ago is taken to have been declared off the road.
        cursor.execute(
            """
            UPDATE parts_vehicle vehicle
            SET is_demo = true,
                region = place.region,
                is_sorn = coalesce(vehicle.mot_expires_on < %(today)s::date - 365, false)
                    OR vehicle.registration = %(sorn)s
            FROM scenario_place place
            WHERE vehicle.registration = place.registration
            """,
            {"today": at.date(), "sorn": _SORN_PLATE},
        )
        cursor.execute("DROP TABLE scenario_place")


class _Stream(io.RawIOBase):
    """Lines as a stream of bytes, made as they are read. It goes back only inside its reader's buffer."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines: Iterator[bytes] = iter(lines)
        self._left = memoryview(b"")
        self._read = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._read

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # typeshed asks for any buffer; io gives this
        if not self._left:
            self._left = memoryview(next(self._lines, b""))
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        self._read += count
        return count
