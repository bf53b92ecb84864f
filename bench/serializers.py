"""The answer about one plate the usual way: related rows prefetched by the ORM, shaped by nested serializers.

Rules and words are the application's own; what differs is how rows are fetched and how JSON is made of them. The invented
world has no repair whose parts differ by chassis number, so splits are left out here.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db.models import Prefetch
from rest_framework.renderers import JSONRenderer

from parts.blocking.models import EngineClock, Readiness, RepairNeed, RequirementOption
from parts.catalogue.models import ManualReference, Part, PartNumber, Requirement
from parts.lookup.answer import assemble
from parts.lookup.schema import LookupAnswer
from parts.lookup.supply import Cover, Offer, Seen, Supply, supply_of
from parts.stock.models import Freshness
from parts.stock.models import Offer as OfferRow
from parts.vehicles.models import Defect, MotTest, Vehicle
from parts.vehicles.road import uk_date

_OPTIONS = "defects__need__repair__requirements__expanded"
_VEHICLES = Vehicle.objects.select_related("model__make", "repair_status").prefetch_related(
    Prefetch("tests", MotTest.objects.order_by("-completed_at", "-id")),
    "block_changes",
    Prefetch("defects", Defect.objects.select_related("need__repair__kind").order_by("-is_failing", "id")),
    Prefetch("defects__need__repair__readiness", Readiness.objects.filter(split=0)),
    Prefetch("defects__need__repair__requirements", Requirement.objects.order_by("id")),
    Prefetch(_OPTIONS, RequirementOption.objects.select_related("part__brand__cover", "part__availability_now")),
    Prefetch(f"{_OPTIONS}__part__numbers", PartNumber.objects.filter(is_main=True)),
    Prefetch(
        f"{_OPTIONS}__part__offers",
        OfferRow.objects.select_related("branch__supplier", "branch__dealer", "branch__reach_now"),
    ),
    f"{_OPTIONS}__part__brand__suppliers",
)
_TIERS = {"shelf": 0, "branch": 1, "central": 2}


def answer(registration: str, *, at: datetime) -> bytes:
    """The JSON of the answer."""
    vehicle = _VEHICLES.get(registration=registration)
    clock = EngineClock.objects.first()
    facts = _facts(vehicle)
    parts = {option.part_id: option.part for defect in vehicle.defects.all() for option in _options(defect)}
    supplies = {Seen(pk, vehicle.region): _supply(part, vehicle.region, at=at) for pk, part in parts.items()}
    found = assemble(facts, None, supplies, decided_at=clock.now if clock else None, at=at)
    return JSONRenderer().render(LookupAnswer(found).data)


def _facts(vehicle: Vehicle) -> dict[str, Any]:
    status = getattr(vehicle, "repair_status", None)
    tests, changes = vehicle.tests.all(), vehicle.block_changes.all()
    mapped = {
        (row.scheme, row.ref): row.kind
        for row in ManualReference.objects.filter(ref__in={d.manual_ref for d in vehicle.defects.all()})
        .select_related("kind")
    }  # fmt: skip
    expiries = [day for day in (vehicle.mot_expires_on, vehicle.dvla_expires_on) if day]
    days = ("first_used_on", "registered_on", "manufactured_on", "first_mot_due_on")
    return {
        **{name: _text(getattr(vehicle, name)) for name in days},
        "registration": vehicle.registration,
        "make": vehicle.model.make.name if vehicle.model else None,
        "model": vehicle.model.name if vehicle.model else None,
        "region": vehicle.region,
        "kept_in": vehicle.region,
        "mot_expires_on": _text(max(expiries, default=None)),
        "is_sorn": vehicle.is_sorn,
        "is_dangerous": vehicle.is_dangerous,
        "open_fails": vehicle.open_fails,
        "last_tested_at": _text(vehicle.last_tested_at),
        "last_source": tests[0].source if tests else None,
        "stored_status": status.status if status else None,
        "stored_since": _text(status.since) if status else None,
        "changed_at": _text(max((change.at for change in changes), default=None)),
        "defects": [_defect(row, mapped.get((row.manual_scheme, row.manual_ref))) for row in vehicle.defects.all()],
    }


def _text(value: date | datetime | None) -> str | None:
    return value.isoformat() if value else None


def _options(defect: Defect) -> list[RequirementOption]:
    need = getattr(defect, "need", None)
    if need is None or need.repair is None:
        return []
    return [option for requirement in need.repair.requirements.all() for option in requirement.expanded.all()]


def _defect(row: Defect, mapped: Any) -> dict[str, Any]:
    need = getattr(row, "need", None)
    repair = need.repair if need else None
    readiness = next(iter(repair.readiness.all()), None) if repair else None
    kind = repair.kind if repair else mapped
    masks = ("ready", "possible", "parts_ready", "parts_possible", "parts_stocked", "identify", "diagnostics")
    return {
        "text": row.text,
        "category": row.category,
        "manual_ref": row.manual_ref,
        "is_failing": row.is_failing,
        "kind": kind.name if kind else None,
        "position": repair.position if repair else None,
        "needs_nothing": need.needs_nothing if need else bool(mapped and mapped.needs_nothing),
        "repair_id": repair.pk if repair else None,
        "masks": [getattr(readiness, name) for name in (*masks, "programming")] if readiness else None,
        "requirements": [_requirement(each) for each in repair.requirements.all()] if repair else [],
    }


def _requirement(row: Requirement) -> dict[str, Any]:
    options = [
        {
            "part_id": option.part_id,
            "quantity": option.quantity,
            "bundle": option.bundle,
            "part_number": option.part.numbers.all()[0].raw,
            "brand": option.part.brand.name,
            "description": option.part.description,
            "grade": option.part.grade,
        }
        for option in row.expanded.all()
    ]
    options.sort(key=lambda one: (one["grade"] != "genuine", one["bundle"] or 0, one["part_number"]))
    return {"name": row.name, "quantity": row.quantity, "by_vin": row.by_vin, "options": options}


def _demand(part: Part) -> int:
    waiting = RepairNeed.objects.filter(repair__requirements__expanded__part=part, is_failing=True)
    return waiting.values("vehicle_id").distinct().count()


def _supply(part: Part, region: int, *, at: datetime) -> Supply:
    said = [row for row in part.offers.all() if row.branch.reach_now.stocked]
    stock = [row for row in said if row.availability in {"in_stock", "limited"} and row.quantity != 0]
    here = [row for row in stock if row.branch.reach_now.stocked >> region & 1]
    rest = said if not here else []
    offers = sorted((_offer(row, region) for row in stock), key=_rank)
    now = getattr(part, "availability_now", None)
    cover = getattr(part.brand, "cover", None)
    covered = cover is not None and cover.is_covered
    days = [
        row.expected_on
        for row in rest
        if row.expected_on and row.expected_on >= uk_date(at) and row.availability != "in_stock"
        and row.branch.reach_now.stocked >> region & 1
    ]  # fmt: skip
    far = [row.availability == "in_stock" for row in stock if row not in here]
    return supply_of(
        demand=_demand(part),
        lifecycle=part.lifecycle,
        is_ready=bool(now and now.ready >> region & 1),
        is_possible=bool(now and now.possible >> region & 1)
        or (not covered and not (now and now.barred >> region & 1)),
        in_stock=any(row.availability == "in_stock" for row in here),
        limited=any(row.availability == "limited" for row in here),
        in_stock_elsewhere=any(far) if far else None,
        on_backorder=any(
            row.availability == "on_backorder" and row.branch.reach_now.stocked >> region & 1 for row in rest
        ),
        is_listed=any(row.availability in {"out_of_stock", "on_backorder"} or row.quantity == 0 for row in rest),
        quantity=sum(offer.quantity or 0 for _, offer in offers if offer.can_get) or None,
        expected_on=min(days, default=None),
        offers=[offer for _, offer in offers[:3]],
        cover=_cover(part, at=at),
        place=None,
    )


def _offer(row: OfferRow, region: int) -> tuple[OfferRow, Offer]:
    branch, reach = row.branch, row.branch.reach_now
    dealer = branch.dealer
    return row, Offer(
        supplier=branch.supplier.name,
        dealer=dealer.code if dealer else None,
        dealer_name=dealer.name if dealer else (branch.name or None),
        tier=branch.tier,
        quantity=row.quantity,
        price_pence=row.price_pence,
        lead_time_days=row.lead_time_days,
        latitude=branch.latitude,
        longitude=branch.longitude,
        is_limited=row.availability == "limited",
        can_get=bool(reach.ready >> region & 1),
        is_here=bool(reach.stocked >> region & 1),
    )


def _rank(ranked: tuple[OfferRow, Offer]) -> tuple[Any, ...]:
    row, offer = ranked
    lead = (offer.lead_time_days is None, offer.lead_time_days or 0)
    price = (offer.price_pence is None, offer.price_pence or 0)
    return (
        not offer.can_get, offer.is_here, lead if offer.can_get else (True, 0), lead, _TIERS[offer.tier], price,
        row.branch_id,
    )  # fmt: skip


def _cover(part: Part, *, at: datetime) -> Cover:
    suppliers = part.brand.suppliers.all()
    confirmed = [each.confirmed_at for each in suppliers if each.confirmed_at]
    stale = sorted(each.name for each in suppliers if each.freshness(at=at) != Freshness.FRESH)
    return Cover(max(confirmed, default=None), min(confirmed, default=None), len(suppliers) - len(stale), tuple(stale))
