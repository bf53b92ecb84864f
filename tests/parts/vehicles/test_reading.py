"""A large file is read by a process of its own, and nothing tells by its rows which process read it."""

from __future__ import annotations

import json
import subprocess
import sys
from array import array

import pytest

from parts.vehicles import importing, reading
from parts.vehicles.fingerprints import NONE_TAKEN, Taken, fingerprint
from parts.vehicles.importing import import_path
from parts.vehicles.models import MotImport, RejectedLine, Vehicle
from parts.vehicles.reading import Order, batches_apart
from parts.vehicles.sources import Position, UnreadableFileError
from tests.parts.vehicles.dvsa_data import FAILED_CAR, as_bulk, encoded, mot, vehicle, zipped
from tests.parts.vehicles.stored import AT, everything, later

OTHER_CAR = vehicle("AB82CDE", mot("700000000001", "2025-03-01T08:00:00", expires="2026-02-28"))
MENDED = vehicle("AB81CDE", mot("800000000001", "2025-09-20T10:00:00", expires="2026-09-19"))
NEVER_TESTED = vehicle("AB83CDE", make="JAGUAR", model='"F"\\TYPE\té', motTestDueDate="2027-01-01")
LINES = encoded(FAILED_CAR, as_bulk(OTHER_CAR), NEVER_TESTED) + b"broken\n\n" + encoded(MENDED)


@pytest.fixture
def path(tmp_path):
    target = tmp_path / "bulk-light-vehicle_14-09-2025.zip"
    target.write_bytes(zipped(part_1=LINES, part_2=encoded(FAILED_CAR)))
    return target


def order(path, *, after=Position(), makes=frozenset()):  # noqa: B008 - a tuple
    return Order(path=str(path), after=after, makes=makes, dated=None)


@pytest.mark.django_db
@pytest.mark.parametrize("makes", [(), ("JAGUAR",)])
def test_a_child_brings_the_same_rows_and_counts(path, makes, monkeypatch):
    found = []
    for child_worth_bytes in (1 << 30, 0):
        Vehicle.objects.all().delete()
        MotImport.objects.all().delete()
        monkeypatch.setattr(importing, "CHILD_WORTH_BYTES", child_worth_bytes)
        counts = import_path(path, at=AT, makes=makes).as_dict() | {"seconds": 0}
        rejected = list(RejectedLine.objects.values_list("member", "line", "reason", "raw"))
        found.append(json.dumps([counts, rejected, everything()], default=str))
    assert found[0] == found[1]
    assert Vehicle.objects.count() == (1 if makes else 3)


def test_it_starts_behind_what_was_taken_in_and_says_how_far_it_came(path):
    (batch,) = batches_apart(order(path, after=Position("part_1.json.gz", 3)), taken=NONE_TAKEN)
    assert (batch.lines, len(batch.rejected), batch.vehicles) == (3, 1, 2)
    assert batch.position == Position("part_2.json.gz", 1)
    assert 0.8 < batch.share <= 1  # behind the last part stands the zip's own list


def test_lines_known_by_their_fingerprints_are_not_read(path):
    taken = Taken(array("q", [fingerprint(encoded(FAILED_CAR).rstrip(b"\n"))]))
    (batch,) = batches_apart(order(path), taken=taken)
    assert (batch.unread, batch.vehicles) == (2, 3)


def test_a_damaged_file_is_named_by_the_same_error(path):
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.index(b"part_2.json.gz") + 20])
    with pytest.raises(UnreadableFileError, match="damaged"):
        list(batches_apart(order(path), taken=NONE_TAKEN))


def test_a_child_that_dies_is_an_error_and_never_the_end_of_the_file(path):
    with pytest.raises(RuntimeError, match="ended with 1"):
        list(batches_apart(order(path.with_name("gone.zip")), taken=NONE_TAKEN))


@pytest.mark.django_db
def test_an_import_whose_child_dies_goes_on_where_it_was(path, monkeypatch):
    monkeypatch.setattr(importing, "CHILD_WORTH_BYTES", 0)
    monkeypatch.setattr(reading, "_COMMAND", [sys.executable, "-c", "raise SystemExit(9)"])
    with pytest.raises(RuntimeError, match="ended with 9"):
        import_path(path, at=AT)
    assert MotImport.objects.get().finished_at is None
    monkeypatch.undo()
    assert import_path(path, at=later(hours=1)).vehicles_new == 3


def test_a_child_ends_when_nobody_listens_any_more(tmp_path):
    large = tmp_path / "cars.jsonl"
    large.write_bytes(encoded(FAILED_CAR) * 5_000)
    child = subprocess.Popen(reading._COMMAND, cwd=reading._ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    reading._send(child.stdin, order(large))
    child.stdin.close()
    child.stdout.close()
    assert child.wait(timeout=60) != 0
