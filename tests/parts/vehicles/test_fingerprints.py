"""A line taken in before is not read again, and that never changes what comes of a file."""

from __future__ import annotations

import json
from array import array

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parts.vehicles import importing, staging
from parts.vehicles.fingerprints import Taken, fingerprint
from parts.vehicles.importing import import_path, import_reply, taken
from parts.vehicles.models import MotImport, Vehicle
from tests.parts.vehicles.dvsa_data import FAILED_CAR, as_bulk, encoded, mot, vehicle
from tests.parts.vehicles.stored import AT, everything, later, marked
from tests.parts.vehicles.stored import vehicle as stored

pytestmark = pytest.mark.django_db

OTHER_CAR = vehicle("AB82CDE", mot("700000000001", "2025-03-01T08:00:00", expires="2026-02-28"))
MENDED = vehicle("AB81CDE", mot("800000000001", "2025-09-20T10:00:00", expires="2026-09-19"), *FAILED_CAR["motTests"])


@pytest.fixture(autouse=True)
def every_file_is_large(monkeypatch):
    monkeypatch.setattr(importing, "FINGERPRINTS_WORTH_BYTES", 0)


@pytest.fixture
def read(monkeypatch):
    """The lines that were read."""
    lines = []
    monkeypatch.setattr(staging, "read", lambda line, _read=staging.read: lines.append(line) or _read(line))
    return lines


@pytest.fixture
def take(tmp_path):
    """Import these vehicles as a file of its own."""

    def bring(*cars, **options):
        path = tmp_path / "cars.jsonl"
        path.write_bytes(encoded(*cars) + b"\n" * MotImport.objects.count())
        return import_path(path, at=AT, **options)

    return bring


def test_the_same_line_in_another_file_is_not_read_again(take, read):
    take(FAILED_CAR, OTHER_CAR)
    marked()
    before = everything()
    read.clear()
    counts = take(OTHER_CAR, {**FAILED_CAR, "primaryColour": "Red"})
    assert len(read) == 1
    assert (counts.vehicles_unchanged, counts.vehicles_updated, counts.lines) == (1, 1, 2)
    assert stored("AB81CDE").colour == "Red"
    take(FAILED_CAR, OTHER_CAR)
    assert everything() == before
    assert marked() == set()


def test_a_line_in_other_words_is_read_once_and_then_known(take, read):
    take(FAILED_CAR)
    assert take(as_bulk(FAILED_CAR)).vehicles_unchanged == 1
    read.clear()
    assert take(as_bulk(FAILED_CAR)).vehicles_unchanged == 1
    assert read == []


def test_after_a_reply_changed_the_vehicle_its_old_line_is_read_again(take, read):
    take(FAILED_CAR)
    import_reply(json.dumps({**FAILED_CAR, "primaryColour": "Red"}).encode(), at=AT)
    assert stored("AB81CDE").fingerprint is None
    read.clear()
    take(FAILED_CAR)
    assert len(read) == 1


def test_a_reply_that_says_the_same_leaves_the_line_known(take, read):
    take(FAILED_CAR)
    import_reply(json.dumps(FAILED_CAR).encode(), at=later(days=1))
    read.clear()
    take(FAILED_CAR)
    assert read == []


def test_a_car_that_lost_its_plate_can_win_it_back(take):
    take(FAILED_CAR)
    take(vehicle("AB81CDE", mot("900000000001", "2025-09-25T10:00:00"), make="JAGUAR"))
    assert Vehicle.objects.get(model__make__name="LAND ROVER").fingerprint is None


def test_a_deleted_car_comes_back_with_the_next_file(take):
    take(FAILED_CAR)
    Vehicle.objects.all().delete()
    assert take(FAILED_CAR).vehicles_new == 1


def test_force_reads_every_line(take, read):
    take(FAILED_CAR)
    Vehicle.objects.update(colour="Wrong")
    read.clear()
    take(FAILED_CAR, force=True)
    assert (len(read), stored("AB81CDE").colour) == (1, "Grey")


def test_small_files_do_not_fetch_the_fingerprints(take, read, monkeypatch):
    monkeypatch.setattr(importing, "FINGERPRINTS_WORTH_BYTES", 1 << 20)
    take(FAILED_CAR)
    read.clear()
    assert take(FAILED_CAR).vehicles_unchanged == 1
    assert len(read) == 1


LINES = [FAILED_CAR, MENDED, as_bulk(FAILED_CAR), OTHER_CAR, {**OTHER_CAR, "primaryColour": "Blue"}]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.lists(st.lists(st.sampled_from(LINES), unique_by=lambda car: car["registration"]), max_size=6))
def test_fingerprints_never_change_what_comes_of_files(take, files):
    found = []
    for force in (False, True):
        Vehicle.objects.all().delete()
        MotImport.objects.all().delete()
        for cars in files:
            take(*cars, force=force)
        found.append(everything())
    assert found[0] == found[1]


@given(st.sets(st.integers(-(2**63), 2**63 - 1), max_size=30), st.integers(-(2**63), 2**63 - 1))
def test_all_that_were_taken_are_found_and_nothing_else(stored_ones, other):
    known = Taken(array("q", sorted(stored_ones)))
    assert all(one in known for one in stored_ones)
    assert (other in known) == (other in stored_ones)


def test_fingerprints_are_fetched_as_they_were_stored(take):
    take(FAILED_CAR, OTHER_CAR)
    known = taken()
    assert len(known) == 2
    assert fingerprint(encoded(OTHER_CAR).rstrip(b"\n")) in known
