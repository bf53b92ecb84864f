from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from parts.vehicles import daily, dvsa
from parts.vehicles.dvsa import AuthorityError
from parts.vehicles.importing import import_reply
from parts.vehicles.models import MotImport, Vehicle
from parts.vehicles.records import parse
from tests.parts.vehicles.dvsa_data import FAILED_CAR, as_bulk, encoded, mot, vehicle, zipped
from tests.parts.vehicles.stored import AT, everything, later
from tests.parts.vehicles.stored import vehicle as stored

pytestmark = pytest.mark.django_db

NOW = datetime.now(UTC)  # the sandbox keeps real time
FILES = "/v1/trade/vehicles/bulk-download"
MENDED = as_bulk(
    vehicle("AB81CDE", mot("800000000001", "2025-09-30T10:00:00", expires="2026-09-29"), *FAILED_CAR["motTests"])
)


def offer(stand_in, **contents):
    """Offer files: `bulk_28` is the bulk of 28 September."""
    files = {"bulk": [], "delta": []}
    for short, content in contents.items():
        kind, day = short.split("_")
        stand_in.answers[f"/{short}"] = [(200, content, {})]
        files[kind].append(
            {
                "filename": f"v1/public/{kind}/{kind}-light-vehicle_{day}-09-2025.zip",
                "downloadUrl": f"{stand_in.url}/{short}",
                "fileSize": len(content),
                "fileCreatedOn": f"2025-09-{day}",
            }
        )
    stand_in.answers[FILES] = [(200, files, {})]


FAILED = zipped(part=encoded(as_bulk(FAILED_CAR)))
PASSED = zipped(part=encoded(MENDED))


def test_deltas_are_taken_once_oldest_first(stand_in):
    offer(stand_in, delta_30=PASSED, delta_29=FAILED)
    counts = daily.import_new(at=AT)
    assert (counts.vehicles_new, counts.vehicles_updated) == (1, 1)
    assert stored("AB81CDE").open_fails == 0
    assert [run.name[-14:] for run in MotImport.objects.order_by("id")] == ["29-09-2025.zip", "30-09-2025.zip"]
    assert daily.import_new(at=later(hours=1)).lines == 0
    assert stand_in.times_asked("/delta_30") == 1


def test_the_bulk_is_taken_only_when_asked_for_and_once(stand_in):
    offer(stand_in, bulk_28=FAILED)
    assert daily.import_new(at=AT).lines == 0
    assert daily.import_new(at=AT, with_bulk=True).vehicles_new == 1
    offer(stand_in, bulk_28=FAILED, bulk_29=PASSED)
    assert daily.import_new(at=AT, with_bulk=True).lines == 0


def test_only_the_makes_of_the_settings_are_kept(stand_in, settings):
    settings.DVSA_MAKES = ["JAGUAR"]
    offer(stand_in, delta_29=FAILED)
    assert daily.import_new(at=AT).filtered == 1
    assert Vehicle.objects.count() == 0


def test_a_file_that_fails_does_not_hold_up_the_others_and_is_tried_again(stand_in):
    offer(stand_in, delta_28=FAILED[:-40], delta_30=PASSED)
    with pytest.raises(Exception, match="damaged"):
        daily.import_new(at=AT)
    assert stored("AB81CDE").open_fails == 0
    offer(stand_in, delta_28=FAILED, delta_30=PASSED)
    assert daily.import_new(at=AT).vehicles_unchanged == 1
    assert stored("AB81CDE").open_fails == 0


def test_nothing_happens_while_dvsa_is_not_set_up(settings):
    settings.DVSA_API_URL = ""
    assert daily.import_new(at=AT).lines == 0


def test_dvsa_away_is_an_error_that_may_pass(dvsa_sandbox):
    dvsa_sandbox.fault("dvsa", "status_500")
    with pytest.raises(AuthorityError) as caught:
        daily.import_new(at=AT)
    assert not caught.value.permanent


def test_the_sandboxs_files_and_its_replies_come_to_the_same_rows(dvsa_sandbox):
    counts = daily.import_new(at=AT, with_bulk=True)
    assert (counts.rejected, counts.vehicles_new, counts.filtered) == (0, 1_499, 1)  # one of another make
    assert daily.import_new(at=later(hours=1)).lines == 0
    before, taken = everything(), []
    # The sandbox's showcase, DVLA's mock plates, keeps its dates as far from today on every day it is asked.
    cars = Vehicle.objects.exclude(registration__startswith="AA19").order_by("id")
    for plate in cars.values_list("registration", flat=True)[:60]:
        reply = dvsa.by_registration(plate, at=NOW)
        if max((test.completed_at for test in parse(reply).tests), default=NOW) < NOW - timedelta(days=2):
            taken += import_reply(reply, at=NOW)
    assert everything() == before
    assert len(taken) > 20
