"""An import that was killed goes on where it was, and a file is never taken twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from urllib.parse import quote, urlencode

import pytest
from django.db import connection

from garagehub.lib.errors import DomainError
from parts.marks.models import Dirty
from parts.vehicles import importing, sources, staging
from parts.vehicles.importing import import_path
from parts.vehicles.models import MotImport, RejectedLine, Vehicle
from parts.vehicles.sources import UnreadableFileError
from tests.parts.vehicles.dvsa_data import as_bulk, defect, encoded, mot, vehicle, zipped
from tests.parts.vehicles.stored import AT, everything, later


def fleet(count):
    for n in range(count):
        tests = [
            mot(f"6{n:011}", "2025-09-12T10:00:00", "FAILED", defect()),
            mot(f"5{n:011}", "2024-09-12T10:00:00", expires="2025-09-11"),
        ]
        yield as_bulk(vehicle(f"AB{80 + n // 676}C{chr(65 + n // 26 % 26)}{chr(65 + n % 26)}", *tests))


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(sources, "CHUNK_BYTES", 4_000)
    monkeypatch.setattr(staging, "BATCH_VEHICLES", 10)


@pytest.fixture
def path(tmp_path):
    cars = list(fleet(120))
    lines = encoded(*cars[:50]) + b"broken\n" + encoded(*cars[50:])
    target = tmp_path / "bulk-light-vehicle_14-09-2025.zip"
    middle = lines.index(b"\n", len(lines) // 3) + 1
    target.write_bytes(zipped(part_1=lines[:middle], part_2=lines[middle:]))
    return target


class CutOffError(Exception):
    pass


@pytest.mark.django_db
@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("after", [1, 2, 5, 8])
def test_an_import_cut_off_anywhere_goes_on_where_it_was(path, after, monkeypatch):
    calls = []

    def cut(counts):
        calls.append(counts)
        if len(calls) == after:
            raise CutOffError

    with pytest.raises(CutOffError):
        import_path(path, at=AT, progress=cut)
    taken = Vehicle.objects.count()
    assert 0 < taken < 120
    seen = []
    monkeypatch.setattr(
        importing, "merge", lambda batch, _merge=importing.merge: seen.append(batch.vehicles) or _merge(batch)
    )
    counts = import_path(path, at=later(hours=1))
    assert sum(seen) == 120 - taken
    assert (counts.vehicles_new, counts.rejected, counts.lines) == (120, 1, 121)
    assert (Vehicle.objects.count(), RejectedLine.objects.count(), MotImport.objects.count()) == (120, 1, 1)
    assert MotImport.objects.get().finished_at == later(hours=1)


@pytest.mark.django_db
@pytest.mark.usefixtures("small_batches")
def test_a_batch_that_fails_leaves_no_trace(path, monkeypatch):
    monkeypatch.setattr(importing, "_advance", lambda *_: (_ for _ in ()).throw(CutOffError))
    with pytest.raises(CutOffError):
        import_path(path, at=AT)
    assert (Vehicle.objects.count(), Dirty.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_a_finished_file_is_not_taken_twice_under_any_name(path, tmp_path):
    import_path(path, at=AT)
    copy = tmp_path / "again.zip"
    copy.write_bytes(path.read_bytes())
    counts = import_path(copy, at=later(days=1))
    assert (counts.files_already_taken, counts.lines) == (1, 0)
    assert MotImport.objects.count() == 1


@pytest.mark.django_db
def test_it_is_taken_again_when_forced(path):
    import_path(path, at=AT)
    Vehicle.objects.all().delete()
    counts = import_path(path, at=later(days=1), force=True)
    assert (counts.vehicles_new, counts.rejected) == (120, 1)
    assert (Vehicle.objects.count(), RejectedLine.objects.count()) == (120, 1)


@pytest.mark.django_db
def test_the_same_file_for_other_makes_is_another_import(path):
    assert import_path(path, at=AT, makes=["JAGUAR"]).vehicles == 0
    assert import_path(path, at=AT, makes=["Land Rover", "JAGUAR"]).vehicles == 120
    assert import_path(path, at=AT, makes=["JAGUAR", "LAND ROVER"]).files_already_taken == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("small_batches")
def test_a_damaged_file_keeps_what_came_before_the_damage_and_says_what_is_wrong(path):
    whole = path.read_bytes()
    cut = whole.index(b"part_2.json.gz") + 400
    path.write_bytes(whole[:cut] + b"\x00" * 40 + whole[cut + 40 :])
    with pytest.raises(UnreadableFileError):
        import_path(path, at=AT)
    run = MotImport.objects.get()
    assert run.finished_at is None
    assert "part_2.json.gz" in run.error
    assert 0 < Vehicle.objects.count() < 120


@pytest.mark.django_db
@pytest.mark.usefixtures("small_batches")
def test_a_second_import_of_the_same_file_at_once_stops(path):
    def meanwhile(_counts):
        MotImport.objects.update(member="part_2.json.gz", member_lines=7)

    with pytest.raises(DomainError) as caught:
        import_path(path, at=AT, progress=meanwhile)
    assert caught.value.code == "import_running"


PROGRAM = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
import django
django.setup()
from parts.vehicles import sources, staging
from parts.vehicles.importing import import_path
sources.CHUNK_BYTES, staging.BATCH_VEHICLES = 20_000, 50
import_path(Path(sys.argv[1]), at=datetime(2025, 10, 1, 9, tzinfo=UTC), progress=lambda counts: print(counts.lines, flush=True))
"""


@pytest.mark.drill
@pytest.mark.django_db(transaction=True)
def test_a_killed_process_leaves_whole_batches_and_the_next_one_ends_with_the_same_rows(tmp_path):
    path = tmp_path / "cars.jsonl"
    path.write_bytes(encoded(*fleet(1_500)))
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "garagehub.settings", "DATABASE_URL": _test_database()}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(path)], env=environment, stdout=subprocess.PIPE, text=True
    )
    with process:
        for _ in range(3):
            process.stdout.readline()
        time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    run = MotImport.objects.get()
    assert run.finished_at is None
    assert Vehicle.objects.count() == run.counts["vehicles_new"] == run.member_lines < 1_500
    import_path(path, at=AT)
    assert Vehicle.objects.count() == MotImport.objects.get().counts["vehicles_new"] == 1_500
    resumed = everything()
    Vehicle.objects.all().delete()
    import_path(path, at=AT, force=True)
    assert json.dumps(resumed, default=str) == json.dumps(everything(), default=str)


def _test_database():
    """The address of these tests' database. dj-database-url leaves what stands after the question mark in OPTIONS."""
    database = connection.settings_dict
    place = {"host": database["HOST"], "port": database["PORT"], **database["OPTIONS"]}
    where = urlencode({name: place[name] for name in ("host", "port") if place.get(name)})
    return (
        f"postgres://{quote(database['USER'])}:{quote(database['PASSWORD'] or '')}@/{quote(database['NAME'])}?{where}"
    )
