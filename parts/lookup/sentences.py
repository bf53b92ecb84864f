"""The owner's page in sentences: what the law allows, where the answer holds, and what would change it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from parts.blocking.models import Reason

_ROAD = {
    "valid": lazy("Its MOT is valid until %(day)s."),
    "may_drive_until": lazy(
        "It failed its last test, but its old MOT still runs: you may drive it until %(day)s, if it is roadworthy."
    ),
    "repair_or_test_journey_only": lazy("It has no valid MOT: drive it only to a repair or to a test you have booked."),
    "do_not_drive": lazy("Do not drive it: its last test found a dangerous defect."),
    "not_due": lazy("It needs no MOT before %(day)s."),
    "off_road_by_choice": lazy("It is declared off the road (SORN): it may not be used on a public road."),
    "unknown": lazy("We cannot tell whether its MOT is valid. Check it on GOV.UK."),
}

_CHANGES = {
    Reason.PART_UNAVAILABLE.label: lazy("%(what)s: as soon as one of the sources we check has it."),
    Reason.PART_NOT_IN_REGION.label: lazy("%(what)s: as soon as somebody who has it delivers to your area."),
    Reason.CANNOT_ORDER.label: lazy("%(what)s: as soon as a dealer who has it can take orders and send parts again."),
    Reason.AVAILABILITY_UNKNOWN.label: lazy("%(what)s: as soon as the sources that are silent now answer again."),
    Reason.CANNOT_IDENTIFY_PART.label: lazy(
        "%(repair)s: as soon as a dealer can look up by your car’s VIN which part fits it."
    ),
    Reason.NO_DIAGNOSTICS.label: lazy("%(repair)s: as soon as a dealer in reach can run diagnostics again."),
    Reason.NO_PROGRAMMING.label: lazy("%(repair)s: as soon as a dealer in reach can program new parts again."),
    Reason.REPAIR_UNKNOWN.label: lazy(
        "%(repair)s: once a garage has looked at it. The test result alone does not tell us which repair it needs."
    ),
}
_OF_PARTS = {
    Reason.PART_UNAVAILABLE.label,
    Reason.PART_NOT_IN_REGION.label,
    Reason.CANNOT_ORDER.label,
    Reason.AVAILABILITY_UNKNOWN.label,
}


def road_sentence(answer: dict[str, Any]) -> str:
    """What the law lets the owner do today, in one sentence."""
    until = answer["road"]["until"]
    text = str(_ROAD[answer["road"]["status"]])
    return text % {"day": _long_day(until)} if "%(day)s" in text else text


def place_sentence(answer: dict[str, Any]) -> str:
    """For which part of the country the answer holds."""
    if answer["area"]["basis"] == "postcode":
        return _("Answered for %(region)s.") % {"region": _(answer["area"]["region"])}
    if answer["area"]["basis"] == "kept":
        return _("Answered for the part of the country where this car is kept, as its garage told us.")
    return _("Answered for the whole United Kingdom. Near you it may be different.")


def changes(answer: dict[str, Any]) -> list[str]:
    """What has to happen before the car can be repaired: one sentence for each thing, each said once."""
    waiting = (repair for repair in answer["repairs"] if repair["status"] != "ready")
    return list(dict.fromkeys(sentence for repair in waiting for sentence in _changes_of(repair)))


def _changes_of(repair: dict[str, Any]) -> Iterator[str]:
    name = repair["repair"] or repair["defect"] or _("The fault")
    missing = [part for part in repair["parts"] if not part["obtainable"]]
    for code in dict.fromkeys(reason["code"] for reason in repair["reasons"]):
        text = str(_CHANGES[code])
        if code not in _OF_PARTS or not missing:
            yield text % {"repair": name, "what": name}
            continue
        for part in missing:
            sentence = text % {"what": part["description"] or name}
            if code == Reason.PART_UNAVAILABLE.label and part["expected_on"]:
                sentence += " " + _("The earliest date we were given is %(day)s.") % {
                    "day": _long_day(part["expected_on"])
                }
            if code == Reason.PART_NOT_IN_REGION.label:
                sentence += _nearest(part["elsewhere"])
            yield sentence


def _nearest(offer: dict[str, Any] | None) -> str:
    if offer is None or offer["distance_miles"] is None:
        return ""
    name = offer["dealer_name"] or offer["supplier"]
    said = _("The nearest is at %(name)s, about %(miles)d miles away.")
    return " " + said % {"name": name, "miles": offer["distance_miles"]}


def _long_day(day: date | str | None) -> str:
    found = date.fromisoformat(day) if isinstance(day, str) else day
    return formats.date_format(found, "j F Y") if found else ""
