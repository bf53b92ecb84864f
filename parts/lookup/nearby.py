"""The dealers nearest to a place that could do the work."""

from __future__ import annotations

from dataclasses import dataclass

from dealers.models import Dealer, State, Status, System
from parts.lookup.place import Place


@dataclass(frozen=True)
class NearDealer:
    """A dealer and about how far it is."""

    name: str
    slug: str
    town: str
    miles: int


def nearest_dealers(make: str | None, *, place: Place, limit: int = 3) -> list[NearDealer]:
    """The nearest active dealers that serve the make and whose diagnostics are not down."""
    dealers = (
        Dealer.objects.filter(is_active=True, makes__name=make or "")
        .exclude(pk__in=Status.objects.filter(system=System.DIAGNOSTICS, state=State.DOWN).values("dealer_id"))
        .only("name", "slug", "town", "latitude", "longitude")
    )
    found = [
        NearDealer(dealer.name, dealer.slug, dealer.town, miles)
        for dealer in dealers
        if (miles := place.miles_to(dealer.latitude, dealer.longitude)) is not None
    ]
    return sorted(found, key=lambda near: (near.miles, near.name))[:limit]
