"""What anyone may read of dealers and their systems: lists, one dealer, and the roll-up by make."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, F, FloatField, OuterRef, Prefetch, Q, QuerySet, Value
from django.db.models.functions import ASin, Coalesce, Cos, Power, Radians, Sin, Sqrt
from django.utils.text import slugify
from django.utils.translation import gettext as _

from dealers.access import visible_dealers
from dealers.course import Course, course
from dealers.models import Dealer, DealerQuerySet, Make, State, Status, StatusChange, System
from dealers.shares import RollUp, roll_up
from dealers.uptime import DAYS, Past, past
from garagehub.lib.errors import DomainError, NotFoundError
from garagehub.lib.geography import REGION_SLUGS, Area, about_miles, area_of

EARTH_MILES = 3958.8
NO_PLACE = 99_999.0  # sorts a dealer without coordinates last
HISTORY_LENGTH = 50
_ON_AND_OFF = "on and off"
_WORST_FIRST = (State.DOWN, State.DEGRADED, State.UNKNOWN, State.OPERATIONAL)

# Every verdict has a time, every change of one a row; the rest is small tables that people edit.
_VERSION = """
SELECT (SELECT concat_ws(' ', count(*), max(decided_at), max(evidence_at)) FROM dealers_status),
       (SELECT max(id) FROM dealers_statuschange),
       (SELECT sum(hashtext(dealer::text)) FROM dealers_dealer AS dealer),
       (SELECT sum(hashtext(served::text)) FROM dealers_dealer_makes AS served),
       (SELECT sum(hashtext(make::text)) FROM dealers_make AS make),
       (SELECT concat_ws(' ', count(*), max(updated_at), sum(hashtext(incident::text))) FROM dealers_incident AS incident),
       (SELECT sum(hashtext(told::text)) FROM dealers_incidentupdate AS told),
       (SELECT sum(hashtext(named::text)) FROM dealers_incident_dealers AS named)
"""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a reader asked to see. `systems` are those shown and, with `state`, looked at."""

    make: Make | None = None
    system: str | None = None
    state: str | None = None
    region: int | None = None
    near: Area | None = None

    @property
    def systems(self) -> list[str]:
        """The one system asked for, or all of them."""
        return [self.system] if self.system else list(System.values)


def parse_filters(params: Mapping[str, str]) -> Filters:
    """Filters from query parameters `make`, `system`, `status`, `region`, `near`; empty ones do not filter.

    Raises DomainError naming each parameter at fault and what it may be.
    """
    asked = {name: params.get(name, "").strip() for name in ("make", "system", "status", "region", "near")}
    problems: dict[str, list[str]] = {}

    def one_of(name: str, allowed: Iterable[str]) -> str | None:
        names = list(allowed)
        if asked[name] and asked[name] not in names:
            known = {"given": asked[name], "known": ", ".join(names)}
            problems[name] = [_("%(given)r is not one of: %(known)s.") % known]
        return asked[name] or None

    makes = {make.slug: make for make in Make.objects.order_by("slug")} if asked["make"] else {}
    asked["make"] = slugify(asked["make"])
    regions = {slug: region for region, slug in REGION_SLUGS.items()}
    make, system = one_of("make", makes), one_of("system", System.values)
    state, region = one_of("status", State.values), one_of("region", regions)
    near = area_of(asked["near"]) if asked["near"] else None
    if asked["near"] and near is None:
        problems["near"] = [_("Enter a UK postcode or its first half, such as LE4 2BN or LE4.")]
    if problems:
        message = " ".join(f"{name}: {texts[0]}" for name, texts in problems.items())
        raise DomainError(message, code="unknown_filter", fields=problems)
    return Filters(
        make=makes[make] if make else None,
        system=system,
        state=state,
        region=regions[region] if region else None,
        near=near,
    )


def dealers(filters: Filters) -> QuerySet[Dealer]:
    """The visible dealers asked for, with their makes and statuses; `distance` in miles with `near`. Not ordered."""
    found = visible_dealers()
    if filters.make:
        found = found.serving(filters.make)
    if filters.region is not None:
        found = found.filter(region=filters.region)
    if filters.state:
        found = _in_state(found, filters.state, filters.systems)
    if filters.near:
        found = found.annotate(distance=_miles_from(filters.near))
    return found.prefetch_related(Prefetch("makes", Make.objects.order_by("name")), "statuses")


def ordered(filters: Filters) -> QuerySet[Dealer]:
    """`dealers`, nearest first where a place was given, else by name."""
    return dealers(filters).order_by(*(("distance", "pk") if filters.near else ("name", "pk")))


def _in_state(found: DealerQuerySet, state: str, systems: list[str]) -> DealerQuerySet:
    """Those where any of the systems is in the state. A system nothing was ever said of is unknown."""
    said = Status.objects.filter(dealer=OuterRef("pk"), system__in=systems)
    if state != State.UNKNOWN:
        return found.filter(Exists(said.filter(state=state)))
    known = Count("statuses", filter=Q(statuses__system__in=systems) & ~Q(statuses__state=State.UNKNOWN))
    with_gaps = Dealer.objects.annotate(known=known).filter(known__lt=len(systems))
    return found.filter(pk__in=with_gaps.values("pk"))


def _miles_from(area: Area) -> Coalesce:
    """Great-circle distance from the middle of the postcode area, as `geography.miles_between` has it."""
    latitude, here = Radians(F("latitude")), Radians(Value(area.latitude, output_field=FloatField()))
    longitude = Radians(F("longitude") - Value(area.longitude))
    half_chord = Power(Sin((latitude - here) / 2), 2) + Cos(latitude) * Cos(here) * Power(Sin(longitude / 2), 2)
    return Coalesce(2 * EARTH_MILES * ASin(Sqrt(half_chord)), Value(NO_PLACE), output_field=FloatField())


def get_dealer(*, code: str | None = None, slug: str | None = None) -> Dealer:
    """One visible dealer by code or slug, with makes and statuses. NotFoundError for hidden ones and for none."""
    wanted = Q(code=code.upper()) if code is not None else Q(slug=slug)
    found = dealers(Filters()).filter(wanted).first()
    if found is None:
        raise NotFoundError("There is no dealer with this code.", code="dealer_not_found")
    return found


def summary(dealer: Dealer, *, at: datetime, systems: Iterable[str] = tuple(System.values)) -> dict[str, Any]:
    """A dealer as lists show it. Every system is there: one that nothing is known of is `unknown`."""
    said = {status.system: status for status in dealer.statuses.all()}
    shown: dict[str, Any] = {
        "code": dealer.code,
        "slug": dealer.slug,
        "name": dealer.name,
        "kind": dealer.kind,
        "region": dealer.region_slug,
        "town": dealer.town,
        "makes": [make.name for make in dealer.makes.all()],
        "systems": {
            system: {"label": str(System(system).label), **system_status(said.get(system), at=at)} for system in systems
        },
    }
    if (distance := getattr(dealer, "distance", None)) is not None:
        shown["distance_miles"] = about_miles(distance) if distance < NO_PLACE else None
    return shown


def details(dealer: Dealer, *, at: datetime) -> dict[str, Any]:
    """A dealer with the reasons behind each system's status, and the latest changes, newest first."""
    shown = summary(dealer, at=at)
    said = {status.system: status for status in dealer.statuses.all()}
    for system, row in shown["systems"].items():
        status = said.get(system)
        row["reasons"] = status.reasons_at(at) if status else []
    changes = StatusChange.objects.filter(dealer=dealer).order_by("-at", "-pk")[:HISTORY_LENGTH]
    history = [
        {
            "system": change.system,
            "label": change.get_system_display(),
            "old": change.old,
            "new": change.new,
            "reason": change.reason,
            "at": change.at,
        }
        for change in changes
    ]
    fared = past([dealer.pk], at=at)
    return shown | {
        "phone": dealer.phone,
        "postcode": dealer.postcode,
        "uptime": {system: _uptime(fared.get((dealer.pk, system))) for system in System.values},
        "history": history,
    }


def _uptime(fared: Past | None) -> dict[str, Any]:
    """A system's past as the API shows it; None is one that nothing was ever known of."""
    if fared is None:
        return {"days": DAYS, "share": None, "share_degraded": None, "share_unknown": 1.0, "down_s": 0}
    return {
        "days": DAYS,
        "share": fared.share,
        "share_degraded": fared.share_degraded,
        "share_unknown": fared.share_unknown,
        "down_s": round(fared.seconds(State.DOWN)),
    }


def pasts(dealer: Dealer, *, at: datetime) -> list[tuple[str, Past]]:
    """The past 90 days of each system of the dealer that anything was ever known of, with its label."""
    fared = past([dealer.pk], at=at)
    return [(str(system.label), fared[dealer.pk, system]) for system in System if (dealer.pk, system) in fared]


def headline(shown: Mapping[str, Any]) -> str:
    """One plain sentence about a dealer from its `details`: what does not work, else how much we know."""
    by_state: dict[str, list[str]] = defaultdict(list)
    for row in shown["systems"].values():
        on_and_off = row["is_unstable"] and row["status"] == State.DEGRADED
        by_state[_ON_AND_OFF if on_and_off else row["status"]].append(row["label"].lower())
    if by_state[State.DOWN]:
        return _("Not working at this dealer: %(systems)s.") % {"systems": _listed(by_state[State.DOWN])}
    if by_state[_ON_AND_OFF]:
        return _("Works on and off at this dealer: %(systems)s.") % {"systems": _listed(by_state[_ON_AND_OFF])}
    if by_state[State.DEGRADED]:
        return _("Only partly working at this dealer: %(systems)s.") % {"systems": _listed(by_state[State.DEGRADED])}
    if not by_state[State.OPERATIONAL]:
        return _("We have not heard from this dealer's systems lately, so we cannot say whether they work.")
    if by_state[State.UNKNOWN]:
        return _("What we know of works. We cannot say about: %(systems)s.") % {
            "systems": _listed(by_state[State.UNKNOWN])
        }
    return _("Everything works at this dealer.")


def _listed(words: list[str]) -> str:
    return _(" and ").join(filter(None, [", ".join(words[:-1]), words[-1]]))


def system_status(status: Status | None, *, at: datetime) -> dict[str, Any]:
    """One system's status as the API shows it; None is unknown."""
    if status is None:
        unknown: dict[str, Any] = {"status": State.UNKNOWN.value, "confidence": 0, "is_unstable": False}
        return unknown | dict.fromkeys(("since", "evidence_at", "age_s"))
    return {
        "status": status.state,
        "is_unstable": status.is_unstable,
        "confidence": status.confidence,
        "since": status.since,
        "evidence_at": status.evidence_at,
        "age_s": status.age_s(at),
    }


@dataclass(frozen=True, slots=True)
class MakeBoard:
    """One make: the word for it, which is its worst system's, and every system over its dealers."""

    make: Make
    state: str
    systems: dict[str, tuple[RollUp, dict[str, int]]]


def boards() -> list[MakeBoard]:
    """The roll-up of every make that has visible dealers, by name. Two queries, however many dealers."""
    makes = list(
        Make.objects.annotate(places=Count("dealers", filter=Q(dealers__is_active=True)))
        .filter(places__gt=0)
        .order_by("name")
    )
    counts: dict[tuple[int, str], dict[str, int]] = defaultdict(dict)
    rows = (
        Status.objects.filter(dealer__is_active=True, dealer__makes__isnull=False)
        .exclude(state=State.UNKNOWN)
        .values_list("dealer__makes", "system", "state")
        .annotate(places=Count("pk"))
        .order_by()
    )
    for make_id, system, state, places in rows:
        counts[make_id, system][state] = places
    shown = []
    for make in makes:
        systems = {}
        for system in System.values:
            known = counts[make.pk, system]
            every = {state: known.get(state, 0) for state in State.values if state != State.UNKNOWN}
            every[State.UNKNOWN.value] = make.places - sum(every.values())
            systems[system] = roll_up(every), every
        shown.append(MakeBoard(make, worst(rolled.state for rolled, _ in systems.values()), systems))
    return shown


def make_board(slug: str) -> MakeBoard:
    """The roll-up of one make. NotFoundError for one without visible dealers."""
    found = next((board for board in boards() if board.make.slug == slug), None)
    if found is None:
        raise NotFoundError("No dealer of such a make is being watched.", code="make_not_found")
    return found


def course_of(make: Make, *, days: int, at: datetime) -> Course:
    """How every system was at the make's dealers over the past days."""
    dealer_ids = list(visible_dealers().serving(make).values_list("pk", flat=True))
    return course(dealer_ids, systems=System.values, since=at - timedelta(days=days), until=at)


def worst(states: Iterable[str]) -> str:
    """The state to call many by: down before degraded before unknown before operational; unknown for none."""
    return min(states, key=lambda state: _WORST_FIRST.index(State(state)), default=State.UNKNOWN.value)


def overall(*, at: datetime) -> dict[str, Any]:
    """The roll-up of every make and system, as the API shows it."""
    makes = boards()
    return {
        "as_of": at,
        "status": worst(row.state for row in makes),
        "makes": [
            {
                "make": row.make.name,
                "slug": row.make.slug,
                "status": row.state,
                "systems": {
                    system: {
                        "status": rolled.state,
                        "dealers": rolled.total,
                        "known": rolled.known,
                        "share_down": rolled.share_down,
                        "share_degraded": rolled.share_degraded,
                        "counts": counts,
                    }
                    for system, (rolled, counts) in row.systems.items()
                },
            }
            for row in makes
        ],
    }


def version() -> tuple[object, ...]:
    """The same for as long as every answer about dealers and incidents is, apart from ages. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_VERSION)
        return tuple(cursor.fetchone())
