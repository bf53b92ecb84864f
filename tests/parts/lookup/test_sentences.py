"""What the owner's page says in sentences."""

from __future__ import annotations

from typing import Any

import pytest

from parts.blocking.models import Reason
from parts.lookup import sentences

SPRING = {"description": "Coil spring", "obtainable": False, "expected_on": None, "elsewhere": None}


def answer(*repairs: dict[str, Any]) -> dict[str, Any]:
    """An answer with these repairs."""
    return {"repairs": list(repairs)}


def repair(*codes: str, status: str = "blocked", parts: tuple[dict[str, Any], ...] = (SPRING,)) -> dict[str, Any]:
    """A repair that these reasons stand in the way of."""
    reasons = [{"code": code} for code in codes]
    return {
        "repair": "Front coil spring",
        "defect": "broken",
        "status": status,
        "reasons": reasons,
        "parts": list(parts),
    }


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_way_out(reason):
    (said,) = sentences.changes(answer(repair(reason.label)))

    assert "as soon as" in said or "once" in said
    assert "%(" not in said


def test_a_date_is_told_where_one_was_given():
    part = SPRING | {"expected_on": "2027-01-05"}

    (said,) = sentences.changes(answer(repair(Reason.PART_UNAVAILABLE.label, parts=(part,))))

    assert said.endswith("The earliest date we were given is 5 January 2027.")


def test_only_parts_that_are_missing_are_waited_for_and_each_once():
    there = {"description": "Bolt", "obtainable": True, "expected_on": None, "elsewhere": None}
    twice = repair(Reason.PART_UNAVAILABLE.label, parts=(SPRING, there))

    assert len(sentences.changes(answer(twice, twice))) == 1


def test_a_repair_that_can_be_done_waits_for_nothing():
    assert sentences.changes(answer(repair(status="ready"))) == []


@pytest.mark.parametrize(
    ("status", "until", "said"),
    [
        ("valid", "2027-03-01", "Its MOT is valid until 1 March 2027."),
        ("may_drive_until", "2026-12-02", "you may drive it until 2 December 2026"),
        ("do_not_drive", None, "Do not drive it"),
        ("unknown", None, "We cannot tell"),
    ],
)
def test_the_law_is_said_in_one_sentence(status, until, said):
    assert said in sentences.road_sentence({"road": {"status": status, "until": until}})


def test_the_nearest_part_that_nobody_sends_here_is_named_with_how_far_it_is():
    offer = {"dealer_name": "Leicester Test", "supplier": "Acme", "distance_miles": 250}

    (said,) = sentences.changes(answer(repair(Reason.PART_NOT_IN_REGION.label, parts=(SPRING | {"elsewhere": offer},))))

    assert said.endswith("The nearest is at Leicester Test, about 250 miles away.")
