"""The nearest places that could do the work a car needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import Count, Q

from dealers.models import Dealer, State, Status, System
from parts.blocking.models import RepairNeed
from parts.lookup.place import Place

_WORKING = (State.OPERATIONAL, State.DEGRADED)


@dataclass(frozen=True)
class NearDealer:
    """A place and about how far it is."""

    name: str
    slug: str
    town: str
    miles: int


@dataclass(frozen=True)
class Nearest:
    """Franchised dealers and independent garages, nearest first, and which systems the car's repairs need of them."""

    dealers: list[NearDealer]
    garages: list[NearDealer]
    needs: list[str]


def nearest_places(registration: str, *, make: str | None, place: Place, limit: int = 3) -> Nearest:
    """The nearest active places that serve the make and could do what the car failed on. Two queries.

    Of a dealer, what the repairs need must not be down; of an independent garage, it must be known to work, since few
    have it. Places whose distance is not known are left out.
    """
    needs = _needed_systems(registration)
    found: dict[str, list[tuple[int, NearDealer]]] = {kind: [] for kind in Dealer.Kind.values}
    for dealer in _able(make, needs):
        miles = place.miles_to(dealer.latitude, dealer.longitude)
        if miles is not None:
            found[dealer.kind].append((miles, NearDealer(dealer.name, dealer.slug, dealer.town, miles)))
    nearest = {
        kind: [near for _, near in sorted(those, key=lambda one: (one[0], one[1].name))[:limit]]
        for kind, those in found.items()
    }
    return Nearest(
        dealers=nearest[Dealer.Kind.FRANCHISED],
        garages=nearest[Dealer.Kind.INDEPENDENT],
        needs=[str(system.label) for system in needs],
    )


def _able(make: str | None, needs: Collection[System]) -> Iterable[Dealer]:
    serving = Dealer.objects.filter(is_active=True, makes__name=make or "").only(
        "name", "slug", "town", "kind", "latitude", "longitude"
    )
    if not needs:
        return serving
    down = Status.objects.filter(system__in=needs, state=State.DOWN).values("dealer")
    works = Count("statuses", filter=Q(statuses__system__in=needs, statuses__state__in=_WORKING))
    able = serving.exclude(pk__in=down).annotate(works=works)
    return able.filter(Q(kind=Dealer.Kind.FRANCHISED) | Q(works=len(needs)))


def _needed_systems(registration: str) -> list[System]:
    needs = RepairNeed.objects.filter(vehicle__registration=registration, is_failing=True).aggregate(
        diagnostics=Count("pk", filter=Q(repair__needs_diagnostics=True)),
        programming=Count("pk", filter=Q(repair__needs_programming=True)),
    )
    return [system for system in (System.DIAGNOSTICS, System.PROGRAMMING) if needs[system.value]]
