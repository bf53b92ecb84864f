"""What about this car? The answer that the page, the API and the bulk check all give."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from garagehub.lib.errors import DomainError, NotFoundError
from garagehub.lib.geography import REGION_NAMES, REGIONS, UK
from garagehub.lib.prepared import prepared_cursor
from parts.blocking import rules
from parts.blocking.models import Reason
from parts.lookup import wording
from parts.lookup.place import Place, place_of
from parts.lookup.supply import IN_STOCK, Seen, Supply, supplies_of
from parts.vehicles.registration import BadRegistrationError, normalise, suggestions
from parts.vehicles.road import RoadFacts, road_status, uk_date
from parts.vehicles.working_days import Nation

REGION_BY_NAME = {name: region for region, name in REGIONS}
_SQL = (Path(__file__).parent / "sql" / "vehicles.sql").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Asked:
    """One plate as compared, what is stored of it and decided when; `error` is set instead when it cannot be read."""

    registration: str = ""
    facts: dict[str, Any] | None = None
    decided_at: datetime | None = None
    error: DomainError | None = None


def look_up(typed: str, *, postcode: str | None = None, at: datetime) -> dict[str, Any]:
    """The answer about one plate. DomainError `invalid_registration`; NotFoundError `vehicle_not_found`."""
    answer = look_up_many([typed], postcode=postcode, at=at)[0]
    if isinstance(answer, DomainError):
        raise answer
    return answer


def look_up_many(typed: list[str], *, postcode: str | None = None, at: datetime) -> list[dict[str, Any] | DomainError]:
    """The answers about many plates, in the order asked, each its own error if it has one. Constant queries."""
    return look_up_from(typed, place=place_of(postcode), at=at)


def look_up_from(typed: list[str], *, place: Place | None, at: datetime) -> list[dict[str, Any] | DomainError]:
    """`look_up_many` as seen from a place; without one, each from where it is kept."""
    asked = _find(typed, region=place.region if place else None)
    seen = {Seen(part_id, one.facts["region"]) for one in asked if one.facts for part_id in _part_ids(one.facts)}
    supplies = supplies_of(seen, place=place, at=at)
    return [
        assemble(one.facts, place, supplies, decided_at=one.decided_at, at=at)
        if one.facts
        else (one.error or _not_found(one.registration))
        for one in asked
    ]


def _find(typed: list[str], *, region: int | None) -> list[Asked]:
    """Read each plate and fetch all that are readable in one statement."""
    asked = []
    for text in typed:
        try:
            asked.append(Asked(normalise(text)))
        except BadRegistrationError as error:
            said = wording.plate_problem(str(error))
            problem = DomainError(said, code="invalid_registration", fields={"registration": [said]})
            asked.append(Asked(error=problem))
    wanted = [one.registration for one in asked if one.registration]
    with prepared_cursor() as cursor:
        cursor.execute(_SQL, {"registrations": wanted, "region": region})
        found = {plate: (msgspec.json.decode(facts), at) for plate, at, facts in cursor.fetchall()}
    return [one if one.error else Asked(one.registration, *found.get(one.registration, (None, None))) for one in asked]


def _not_found(registration: str) -> NotFoundError:
    text = _("We have no MOT record of this number plate. Check the letters and digits, above all O and 0, I and 1.")
    if hint := suggestions(registration):
        said = _("We have no MOT record of this number plate. Check the letters and digits: did you mean %(plates)s?")
        text = said % {"plates": _(" or ").join(hint)}
    return NotFoundError(text, code="vehicle_not_found", fields={"registration": [text]})


def _part_ids(facts: dict[str, Any]) -> Iterable[int]:
    for defect in facts["defects"]:
        for requirement in defect["requirements"]:
            for option in requirement["options"]:
                yield option["part_id"]


def assemble(
    facts: dict[str, Any],
    place: Place | None,
    all_supplies: dict[Seen, Supply],
    *,
    decided_at: datetime | None,
    at: datetime,
) -> dict[str, Any]:
    """The answer about one vehicle, from what is stored of it and the supply of the parts it needs."""
    here = place or Place(facts["region"])
    used = {part_id: all_supplies.get(Seen(part_id, here.region)) for part_id in _part_ids(facts)}
    supplies = {part_id: supply for part_id, supply in used.items() if supply}
    failing = [defect for defect in facts["defects"] if defect["is_failing"]]
    repairs = [_repair(defect, here, supplies) for defect in failing]
    status = _status(repairs)
    codes = [reason["code"] for repair in repairs for reason in repair["reasons"]]
    missing = len(
        {
            part["part_number"]
            for repair in repairs
            if repair["status"] == "blocked"
            for part in repair["parts"]
            if not part["obtainable"]
        }
    )
    return {
        "registration": facts["registration"],
        "make": facts["make"],
        "model": facts["model"],
        "first_used_on": facts["first_used_on"] or facts["registered_on"],
        "headline": wording.headline(status, reasons=codes, missing=missing, repairs=len(repairs), place=here.name),
        "road": _road(facts, on=uk_date(at)),
        "repair_status": status,
        "since": _since(facts, status),
        "area": {
            "region": None if here.region == UK or not place else REGION_NAMES[here.region],
            "basis": "postcode" if place else ("kept" if here.region != UK else "national"),
        },
        "repairs": repairs,
        "advisories": [_advisory(defect, here, supplies) for defect in facts["defects"] if not defect["is_failing"]],
        "decided_at": decided_at,
        "evidence": {
            "oldest_at": min(
                (found.cover.oldest_at for found in supplies.values() if found.cover.oldest_at), default=None
            ),
            "stale_sources": sorted({name for found in supplies.values() for name in found.cover.stale_sources}),
        },
    }


def _status(repairs: list[dict[str, Any]]) -> str:
    statuses = {repair["status"] for repair in repairs}
    if not statuses:
        return "no_repair_needed"
    for worst in ("blocked", "unknown"):
        if worst in statuses:
            return worst
    return "repairable"


def _since(facts: dict[str, Any], status: str) -> datetime | None:
    """Since when the answer has been so: known only where it agrees with the stored decision."""
    if facts["stored_status"] == status:
        return datetime.fromisoformat(facts["stored_since"])
    if facts["stored_status"] is None and status in {"no_repair_needed", "repairable"}:
        known: str | None = facts["changed_at"] or facts["last_tested_at"]
        return datetime.fromisoformat(known) if known else None
    return None


def _road(facts: dict[str, Any], *, on: date) -> dict[str, Any]:
    road = road_status(_road_facts(facts), on=on)
    return {
        "status": road.status,
        "until": road.until,
        "mot_expires_on": facts["mot_expires_on"],
        "guidance_url": road.guidance_url,
    }


def _road_facts(facts: dict[str, Any]) -> RoadFacts:
    def day(name: str) -> date | None:
        return date.fromisoformat(facts[name]) if facts[name] else None

    return RoadFacts(
        mot_expires_on=day("mot_expires_on"),
        first_mot_due_on=day("first_mot_due_on"),
        registered_on=day("registered_on"),
        first_used_on=day("first_used_on"),
        manufactured_on=day("manufactured_on"),
        is_sorn=facts["is_sorn"],
        has_failed=facts["open_fails"] > 0,
        is_dangerous=facts["is_dangerous"],
        last_tested_on=uk_date(datetime.fromisoformat(facts["last_tested_at"])) if facts["last_tested_at"] else None,
        last_source=facts["last_source"] or "",
        nation=_nation(facts),
    )


def _nation(facts: dict[str, Any]) -> Nation:
    """Whose rules hold: of where it is kept, or of where the answer is for if nobody said where that is."""
    region = facts["region"] if facts["kept_in"] == UK else facts["kept_in"]
    if region == REGION_BY_NAME["Northern Ireland"]:
        return Nation.NORTHERN_IRELAND
    return Nation.SCOTLAND if region == REGION_BY_NAME["Scotland"] else Nation.ENGLAND_AND_WALES


def _repair(defect: dict[str, Any], place: Place, supplies: dict[int, Supply]) -> dict[str, Any]:
    reasons = _reasons(defect, place.region)
    codes = [reason.label for reason in Reason if reason & reasons]
    parts = [_part(requirement, supplies) for requirement in defect["requirements"]]
    status = "blocked" if reasons & rules.BLOCKING else ("unknown" if reasons else "ready")
    return {
        "defect": defect["text"],
        "category": defect["category"],
        "manual_ref": defect["manual_ref"] or None,
        "repair": _repair_name(defect),
        "status": status,
        "reasons": [reason for code in codes for reason in _explain(code, parts, place)],
        "parts": [{name: value for name, value in part.items() if name != "supply"} for part in parts],
    }


def _repair_name(defect: dict[str, Any]) -> str | None:
    if not defect["kind"]:
        return None
    name = f"{defect['position']} {defect['kind']}" if defect["position"] else defect["kind"]
    return name[0].upper() + name[1:].lower() if defect["position"] else name


def _reasons(defect: dict[str, Any], region: int) -> rules.Reason:
    """What stands in the way of mending this defect there, by the decision's own rules and stored masks."""
    if defect["masks"] is None:
        if defect["repair_id"] is not None:  # a repair that no decision has seen yet
            return rules.Reason.AVAILABILITY_UNKNOWN
        return rules.reasons(None, region, needs_nothing=defect["needs_nothing"])
    ready, possible, *parts, identify, diagnostics, programming = defect["masks"]
    found = rules.Readiness(ready, possible, rules.Masks(*parts), identify, diagnostics, programming)
    return rules.reasons(found, region)


def _part(requirement: dict[str, Any], supplies: dict[int, Supply]) -> dict[str, Any]:
    """One requirement, by the part that meets it best: one that can be had, else one in stock, else the genuine one."""
    options = [(option, supplies.get(option["part_id"])) for option in requirement["options"]]
    if not options:
        return _unidentified(requirement)
    chosen, supply = min(options, key=_how_far)  # of equals the first, and the genuine one is named first
    shown = _option(chosen, supply)
    return shown | {
        "description": chosen["description"] or requirement["name"],
        "obtainable": _is_met(options, by_vin=requirement["by_vin"]),
        "by_vin": requirement["by_vin"],
        "alternatives": [_option(option, other) for option, other in options if option is not chosen],
        "supply": supply,
    }


def _how_far(option: tuple[dict[str, Any], Supply | None]) -> int:
    """0: can be had; 1: there is stock; 2: none that we know of."""
    supply = option[1]
    if supply and supply.is_ready:
        return 0
    return 1 if supply and supply.availability in IN_STOCK else 2


def _is_met(options: list[tuple[dict[str, Any], Supply | None]], *, by_vin: bool) -> bool:
    """Whether one of the options, or a bundle of them together, can be had; chosen by VIN, whether all can."""
    bundles: dict[Any, bool] = {}
    for option, supply in options:
        key = option["part_id"] if option["bundle"] is None else f"bundle {option['bundle']}"
        bundles[key] = bundles.get(key, True) and supply is not None and supply.is_ready
    return all(bundles.values()) if by_vin else any(bundles.values())


def _option(option: dict[str, Any], supply: Supply | None) -> dict[str, Any]:
    return {
        "part_number": option["part_number"],
        "quantity": option["quantity"],
        "brand": option["brand"],
        "description": option["description"],
        "availability": supply.availability if supply else "unknown",
        "expected_on": supply.expected_on if supply else None,
        "grade": option["grade"],
        "best": supply.offers[0] if supply and supply.offers else None,
        "elsewhere": supply.elsewhere if supply else None,
        "checked_at": supply.cover.checked_at if supply else None,
        "stock": supply.quantity if supply else None,
        "demand": supply.demand if supply else None,
    }


def _unidentified(requirement: dict[str, Any]) -> dict[str, Any]:
    return {
        "part_number": None,
        "brand": None,
        "description": requirement["name"],
        "availability": "unknown",
        "expected_on": None,
        "grade": None,
        "best": None,
        "elsewhere": None,
        "checked_at": None,
        "stock": None,
        "demand": None,
        "quantity": requirement["quantity"],
        "obtainable": False,
        "by_vin": True,
        "alternatives": [],
        "supply": None,
    }


_PART_CODES = {
    Reason.PART_UNAVAILABLE.label,
    Reason.PART_NOT_IN_REGION.label,
    Reason.CANNOT_ORDER.label,
    Reason.AVAILABILITY_UNKNOWN.label,
}


def _explain(code: str, parts: list[dict[str, Any]], place: Place) -> list[dict[str, str]]:
    """The reason with its detail: once per part that is missing, or once for a dealer system."""
    if code not in _PART_CODES:
        return [{"code": code, "detail": wording.system_reason(code, place=place.name)}]
    missing = [part for part in parts if not part["obtainable"]]
    return [{"code": code, "detail": _part_detail(code, part, place)} for part in missing] or [
        {"code": code, "detail": _("The parts of this repair could not be checked")}
    ]


def _part_detail(code: str, part: dict[str, Any], place: Place) -> str:
    supply: Supply | None = part["supply"]
    if part["by_vin"] and code == Reason.AVAILABILITY_UNKNOWN.label:
        said = _("%(part)s: which part fits is known only from the VIN, and not every one can be had")
        return said % {"part": part["description"]}
    return wording.part_reason(
        code,
        numbers=part["part_number"] or part["description"],
        availability=part["availability"],
        checked=supply.cover.fresh_sources if supply else 0,
        place=place.name,
        stale=supply.cover.stale_sources if supply else (),
        elsewhere=supply.elsewhere if supply else None,
    )


def _advisory(defect: dict[str, Any], place: Place, supplies: dict[int, Supply]) -> dict[str, Any]:
    """A thing to watch: with what would stand in the way if it had to be repaired today."""
    repair = _repair(defect, place, supplies) if defect["repair_id"] else None
    return {
        "defect": defect["text"],
        "category": defect["category"],
        "manual_ref": defect["manual_ref"] or None,
        "repair": _repair_name(defect),
        "at_risk": bool(repair and repair["status"] == "blocked"),
    }
