"""The rules of the decision in plain Python: what the SQL beside this file must give, and what explanations are made of.

A chain of four: what a branch, a brand and a make reach now; where a part can be had; where a repair can be done; and
what stands in a vehicle's way. Masks are sets of UK regions (`garagehub.lib.geography`). Three-valued logic needs two
masks: where it is `ready`, and where it is `possible` because nothing that we can check says no. Blocked is not
possible; not known is possible and not ready. A third, `stocked`, only names reasons: there is stock, got or not.

The rules are written one key at a time and plainly, never for speed. `specification.decide` runs them over a whole world.
"""

from __future__ import annotations

import enum
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from garagehub.lib.geography import ALL_REGIONS, UK, has, mask, reach_of
from parts.blocking.world import Branch, Dealer, Defect, Kind, Offer, Option, Override, Repair, Supplier, Vehicle

ANYWHERE = 1 << UK
EACH_REGION = ALL_REGIONS ^ ANYWHERE
TIERS = (1, 2, 3, 4)
TIER_BITS = UK + 1
SERIAL_LENGTH = 8  # of a VIN's 17 characters, the last that tell one car of a model from another
# One bit at the foot of each tier: a mask times this is that mask in all four.
EVERY_TIER = sum(1 << (TIER_BITS * (tier - 1)) for tier in TIERS)


class Verdict(enum.StrEnum):
    """What we say of a vehicle, or of one repair."""

    NO_REPAIR_NEEDED = "no_repair_needed"
    REPAIRABLE = "repairable"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


class Reason(enum.IntFlag):
    """What stands in the way. All but the last two block; those say that we could not check."""

    PART_UNAVAILABLE = 1
    PART_NOT_IN_REGION = 2
    CANNOT_ORDER = 4
    CANNOT_IDENTIFY_PART = 8
    NO_DIAGNOSTICS = 16
    NO_PROGRAMMING = 32
    AVAILABILITY_UNKNOWN = 64
    REPAIR_UNKNOWN = 128


NOT_CHECKED = Reason.AVAILABILITY_UNKNOWN | Reason.REPAIR_UNKNOWN
BLOCKING = ~NOT_CHECKED


class Word(enum.StrEnum):
    """The kinds of an admin's override."""

    PART_OBTAINABLE = "part_obtainable"
    PART_UNOBTAINABLE = "part_unobtainable"
    REPAIR_IMPOSSIBLE = "repair_impossible"


class Masks(NamedTuple):
    """Where something is ready, where possible, and where stock lies whether or not it can be got."""

    ready: int
    possible: int
    stocked: int


class Systems(NamedTuple):
    """Where a dealer of a make has each system not down."""

    catalogue: int
    diagnostics: int
    programming: int


class Readiness(NamedTuple):
    """Where a repair can be done, and the masks that say why not elsewhere."""

    ready: int
    possible: int
    parts: Masks
    identify: int
    diagnostics: int
    programming: int


class Need(NamedTuple):
    """What mends a defect: a repair and the split of it that the VIN falls in, or nothing we track, or nobody knows."""

    vehicle: int
    repair: int | None
    region: int
    is_failing: bool
    needs_nothing: bool
    split: int = 0


class Status(NamedTuple):
    """A vehicle's verdict and the reasons of what failed. What was only advised stands in nobody's way."""

    verdict: Verdict
    reasons: Reason


NOWHERE = Masks(0, 0, 0)


def is_fresh(supplier: Supplier, *, at: datetime) -> bool:
    """Whether a source can be believed now. Stale and down are alike here: what they say may no longer hold."""
    return supplier.confirmed_at is not None and at < supplier.confirmed_at + timedelta(seconds=supplier.warn_after_s)


def branch_reach(branch: Branch, supplier: Supplier, dealer: Dealer | None, *, at: datetime) -> Masks:
    """The regions a branch supplies.

    Shelf stock needs nobody, and serves its dealer's own region only. Other stock of a dealer needs its ordering and
    its distribution not to be down. A branch without a dealer needs nobody. A dealer that is not active supplies nobody.
    """
    reach = branch.reach | ANYWHERE if branch.reach else 0
    is_orderable = True
    if dealer is not None:
        if not dealer.is_active:
            return NOWHERE
        if branch.tier == "shelf":
            reach = mask(dealer.region) if has(reach, dealer.region) else 0
        else:
            is_orderable = not dealer.down & {"parts_ordering", "parts_distribution"}
    fresh = is_fresh(supplier, at=at)
    return Masks(
        ready=reach if fresh and is_orderable else 0,
        possible=reach if is_orderable else 0,
        stocked=reach if fresh else 0,
    )


def is_covered(brand: int, suppliers: Iterable[Supplier], *, at: datetime) -> bool:
    """Whether a fresh source lists the brand, so that a part's absence means something."""
    return any(brand in supplier.brands and is_fresh(supplier, at=at) for supplier in suppliers)


def make_reach(make: int, dealers: Iterable[Dealer]) -> Systems:
    """Where an active dealer of the make, in its own or a bordering region, has each system not down.

    A make without a dealer has nobody to connect to: nowhere.
    """
    serving = [dealer for dealer in dealers if dealer.is_active and make in dealer.makes]

    def reach(system: str) -> int:
        return any_of(reach_of(dealer.region) for dealer in serving if system not in dealer.down)

    return Systems(reach("parts_catalogue"), reach("diagnostics"), reach("programming"))


def part_masks(offers: Iterable[Offer], reach: Mapping[int, Masks], quantity: int) -> Masks:
    """Where at least `quantity` of a part can be had at one branch, by its offers.

    A quantity not said is one for certain, and any number possibly. "Availability unknown" is any number possibly. What
    a source that is not fresh says, be it yes or no, means only that any number is possible.
    """
    found = NOWHERE
    for offer in offers:
        where = reach[offer.branch]
        maybe = Masks(0, where.possible, 0)
        has_stock = offer.availability in {"in_stock", "limited"} and offer.quantity != 0
        if not where.stocked or offer.availability == "unknown":
            found = either(found, maybe)
        elif has_stock and (offer.quantity or 1) >= quantity:
            found = either(found, where)
        elif has_stock and offer.quantity is None:
            found = either(found, maybe)
    return found


def barred(overrides: Iterable[Override], *kinds: str, at: datetime) -> int:
    """The regions of these overrides still in force; the bit for anywhere only if they are all the regions."""
    regions = any_of(o.regions for o in overrides if o.kind in kinds and o.expires_at > at) & EACH_REGION
    return ALL_REGIONS if regions == EACH_REGION else regions


def without(masks: Masks, regions: int) -> Masks:
    """The masks less some regions. What is left nowhere in particular is left nowhere."""
    return Masks(*(mask(*(r for r in range(UK) if has(bits & ~regions, r))) for bits in masks)) if regions else masks


def availability(
    offers: Sequence[Offer], reach: Mapping[int, Masks], overrides: Iterable[Override], *, at: datetime
) -> tuple[list[Masks], int]:
    """Where a part can be had in each quantity of `TIERS`, admins' words included, and where those words bar it.

    An admin's no is stronger than an admin's yes.
    """
    live = [override for override in overrides if override.expires_at > at]
    regions = any_of(o.regions for o in live if o.kind == Word.PART_OBTAINABLE)
    granted = Masks(*[regions | ANYWHERE if regions else 0] * 3)
    no = barred(live, Word.PART_UNOBTAINABLE, at=at)
    return [without(either(part_masks(offers, reach, tier), granted), no) for tier in TIERS], no


def option_masks(quantity: int, tiers: Sequence[Masks], no: int, *, is_brand_covered: bool) -> Masks:
    """Where `quantity` of a part can be had. More than the highest tier is never certain.

    If no fresh source covers the brand, nothing speaks against having it, but an admin.
    """
    found = tiers[min(quantity, TIERS[-1]) - 1]
    if quantity > TIERS[-1]:
        found = found._replace(ready=0)
    return found if is_brand_covered else found._replace(possible=found.possible | ALL_REGIONS & ~no)


def requirement_masks(bundles: Sequence[Sequence[Masks]], *, by_vin: bool) -> Masks:
    """Where a requirement is met: by any of its options, or by a bundle of options together.

    Chosen by VIN, it is certain only where all of them are. With no option known, it must first be identified.
    """
    if not bundles:
        return Masks(0, ALL_REGIONS, 0)
    each = [all_masks(bundle) for bundle in bundles]
    found = NOWHERE
    for option in each:
        found = either(found, option)
    return found._replace(ready=all_masks(each).ready) if by_vin else found


def splits(options: Iterable[Option]) -> list[str]:
    """Where stretches of chassis numbers begin within which the same options fit; none if all fit every number."""
    limited = [option for option in options if option.serial_from or option.serial_to]
    ends = {serial_after(option.serial_to) for option in limited if option.serial_to}
    return sorted({"", *(option.serial_from for option in limited), *ends}) if limited else []


def serial_after(serial: str) -> str:
    """The next chassis number: its digits at the end count on. After all nines, where letters count on that we do not
    know: that number and a space, which sorts just behind it.
    """
    prefix, digits = re.fullmatch(r"(.*?)([0-9]*)", serial, re.DOTALL).groups()  # type: ignore[union-attr] # matches all
    if not digits.strip("9"):
        return f"{serial} "
    return f"{prefix}{int(digits) + 1:0{len(digits)}}"


def fits(option: Option, start: str) -> bool:
    """Whether an option fits the stretch of chassis numbers that begins there."""
    return option.serial_from <= start and (not option.serial_to or start <= option.serial_to)


def split_of(vin: str, starts: Sequence[str]) -> int:
    """The number, from 1, of the split that the last 8 of a VIN fall in; 0 if there are none or it is not known."""
    return bisect_right(starts, vin) if len(vin) == SERIAL_LENGTH else 0


def whatever_the_vin(each: Sequence[Readiness]) -> Readiness:
    """A repair of a car whose VIN is not known, by its splits: ready if it is in each, possible if it is in one.

    Where a part can be identified in one split, those in which it cannot are not counted as possible.
    """
    identify = any_of(found.identify for found in each)
    can = any_of(found.parts.possible & found.identify for found in each)
    return Readiness(
        ready=all_masks(Masks(found.ready, 0, 0) for found in each).ready,
        possible=any_of(found.possible for found in each),
        parts=Masks(
            ready=all_masks(found.parts for found in each).ready,
            possible=can | any_of(found.parts.possible for found in each) & ~identify,
            stocked=any_of(found.parts.stocked for found in each),
        ),
        identify=identify,
        diagnostics=each[0].diagnostics,
        programming=each[0].programming,
    )


def readiness(
    repair: Repair,
    requirements: Sequence[tuple[Masks, bool]],
    systems: Systems,
    overrides: Iterable[Override],
    *,
    at: datetime,
) -> Readiness:
    """Where a repair can be done: where all its requirements are met and each system it needs can be reached.

    `requirements`: the masks of each, and whether its part must be identified in the maker's catalogue (it is chosen by
    VIN, or none of its parts is known). An admin's word that the repair is impossible takes its regions away.
    """
    parts = without(all_masks(masks for masks, _ in requirements), barred(overrides, Word.REPAIR_IMPOSSIBLE, at=at))
    identify = systems.catalogue if any(must for _, must in requirements) else ALL_REGIONS
    diagnostics = systems.diagnostics if repair.needs_diagnostics else ALL_REGIONS
    programming = systems.programming if repair.needs_programming else ALL_REGIONS
    reached = identify & diagnostics & programming
    return Readiness(parts.ready & reached, parts.possible & reached, parts, identify, diagnostics, programming)


def need(
    defect: Defect,
    vehicle: Vehicle,
    kind: Kind | None,
    repairs: Mapping[tuple[int, int | None, str], Sequence[Repair]],
    starts: Mapping[int, Sequence[str]],
) -> Need | None:
    """What mends a defect, by the kind its manual reference means. Of what did not fail, only what is known counts.

    `starts`: the splits of each repair. Where repairs differ by year, a car whose year is not known has none of them:
    which of them it needs would be a guess.
    """
    needs_nothing = kind is not None and kind.needs_nothing
    repair = None
    if kind is not None and not needs_nothing:
        position = defect.longitudinal if kind.position_by == "axle" else ""
        variants = repairs.get((kind.id, vehicle.model, position), ())
        repair = next((variant for variant in variants if is_for_year(variant, vehicle.year)), None)
    if repair is None and not defect.is_failing:
        return None
    split = split_of(vehicle.vin, starts.get(repair.id, ())) if repair else 0
    return Need(vehicle.id, repair.id if repair else None, vehicle.region, defect.is_failing, needs_nothing, split)


def is_for_year(repair: Repair, year: int | None) -> bool:
    """Whether a repair is that of a car made in a year. If the year is not known, only a repair of all years is."""
    if year is None:
        return repair.year_from is None and repair.year_to is None
    return (repair.year_from or year) <= year <= (repair.year_to or year)


def year_made(
    manufacture_year: int | None, manufactured_on: date | None, first_used_on: date | None, registered_on: date | None
) -> int | None:
    """The year a car was made, by the best that is known of it."""
    day = manufactured_on or first_used_on or registered_on
    return manufacture_year or (day.year if day else None)


def reasons(found: Readiness | None, region: int, *, needs_nothing: bool = False) -> Reason:
    """What stands in the way of a repair at a region. No readiness: nobody knows what mends the defect."""
    if needs_nothing:
        return Reason(0)
    if found is None:
        return Reason.REPAIR_UNKNOWN
    named = _part_reason(found.parts, region)
    if not has(found.diagnostics, region):
        named |= Reason.NO_DIAGNOSTICS
    if not has(found.programming, region):
        named |= Reason.NO_PROGRAMMING
    if not has(found.identify, region):
        named |= Reason.CANNOT_IDENTIFY_PART
    return named


def _part_reason(parts: Masks, region: int) -> Reason:
    if has(parts.possible, region):
        return Reason(0) if has(parts.ready, region) else Reason.AVAILABILITY_UNKNOWN
    if has(parts.stocked, region):
        return Reason.CANNOT_ORDER
    if has(parts.possible, UK):
        return Reason.PART_NOT_IN_REGION
    return Reason.CANNOT_ORDER if has(parts.stocked, UK) else Reason.PART_UNAVAILABLE


def verdict(named: Reason, *, has_failed: bool) -> Verdict:
    """A vehicle's verdict: blocked if anything blocks, else not known if anything is, else repairable if it failed."""
    if named & BLOCKING:
        return Verdict.BLOCKED
    if named:
        return Verdict.UNKNOWN
    return Verdict.REPAIRABLE if has_failed else Verdict.NO_REPAIR_NEEDED


def any_of(sets: Iterable[int]) -> int:
    """The union of masks."""
    found = 0
    for bits in sets:
        found |= bits
    return found


def either(one: Masks, other: Masks) -> Masks:
    """Any-of, mask by mask."""
    return Masks(one.ready | other.ready, one.possible | other.possible, one.stocked | other.stocked)


def all_masks(many: Iterable[Masks]) -> Masks:
    """All-of, mask by mask; of nothing: everywhere."""
    ready = possible = stocked = ALL_REGIONS
    for masks in many:
        ready, possible, stocked = ready & masks.ready, possible & masks.possible, stocked & masks.stocked
    return Masks(ready, possible, stocked)


def pack(masks: Sequence[int]) -> int:
    """The masks of all tiers in one int, as they are stored."""
    return sum(bits << (TIER_BITS * index) for index, bits in enumerate(masks))
