"""From DVSA's data to what is open and what the law allows, on histories written from the rules."""

from __future__ import annotations

import json

import pytest

from parts.vehicles.importing import import_reply
from parts.vehicles.models import Vehicle
from parts.vehicles.road import RoadFacts, road_status, uk_date
from tests.parts.vehicles.dvsa_data import as_bulk
from tests.parts.vehicles.histories import HISTORIES
from tests.parts.vehicles.stored import AT, take

pytestmark = pytest.mark.django_db


def facts(car):
    newest = car.tests.order_by("-completed_at").first()
    return RoadFacts(
        mot_expires_on=car.mot_expires_on,
        first_mot_due_on=car.first_mot_due_on,
        registered_on=car.registered_on,
        first_used_on=car.first_used_on,
        manufactured_on=car.manufactured_on,
        has_failed=car.open_fails > 0,
        is_dangerous=car.is_dangerous,
        last_tested_on=uk_date(car.last_tested_at) if car.last_tested_at else None,
        last_source=newest.source if newest else "",
    )


def by_file(line):
    take(line)


def by_bulk_file(line):
    """In the bulk file's shape, unless it is already, or has a number that no bulk file writes."""
    can_be = all(
        str(test["motTestNumber"]).isdigit() and "regMarkTimeOfTest" not in test for test in line.get("motTests", ())
    )
    take(as_bulk(line) if can_be and line.get("motTests") else line)


def by_reply(line):
    import_reply(json.dumps(line).encode(), at=AT)


@pytest.mark.parametrize("bring", [by_file, by_bulk_file, by_reply])
@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.name)
def test_the_law_is_read_off_a_history(history, bring):
    for line in history.lines:
        bring(line)
    car = Vehicle.objects.get(registration=history.plate)
    answer = road_status(facts(car), on=history.on)
    assert (answer.status, answer.until) == (history.road, history.until), history.why
    failing = car.defects.filter(is_failing=True).order_by("position")
    assert list(failing.values_list("category", "manual_ref")) == history.open, history.why
    assert (car.open_fails, car.is_dangerous) == (len(history.open), any(one[0] == "dangerous" for one in history.open))


def test_there_are_many_and_each_says_which_rule_it_stands_for():
    assert len({history.name for history in HISTORIES}) == len(HISTORIES) >= 40
    assert all(history.why for history in HISTORIES)
