"""How cheap the board and the Statuspage summary are for open pages: requests a second against an empty view.

2,000 dealers with all their systems. `unchanged` is what nearly every poll of an open page is: it sends the ETag it has
and gets 304; `whole` is the first request of a page, answered from what was built for another.
"""

from __future__ import annotations

import statistics
from datetime import timedelta
from typing import Any

import httpx
from django.db import transaction
from django.utils import timezone

from bench.served import served_site, times
from dealers import incidents
from dealers.models import Dealer, Incident, Make, Status, StatusChange, System
from parts.lookup import overview

DEALERS = {"small": 200, "full": 2_000}
REQUESTS = {"small": 200, "full": 500}
ROUNDS = 3
EMPTY = "/.well-known/security.txt"  # every middleware, no query
ADDRESSES = {"board": "/board/", "summary": "/api/v2/summary.json"}


def run(scale: str) -> list[dict[str, Any]]:
    """The figures of `make bench` that concern the board."""
    try:
        _build(DEALERS[scale])
        with served_site() as client:
            return _measure(client, REQUESTS[scale])
    finally:
        _clear()


@transaction.atomic
def _build(dealers: int) -> None:
    now = timezone.now()
    make = Make.objects.create(name="BENCH BOARD", slug="bench-board")
    places = Dealer.objects.bulk_create(
        Dealer(code=f"Y{n:04}", slug=f"bench-board-{n}", name=f"Bench {n}", region=n % 12) for n in range(dealers)
    )
    Dealer.makes.through.objects.bulk_create(Dealer.makes.through(dealer=place, make=make) for place in places)
    keys = [(place, system, "down" if place.pk % 3 else "operational") for place in places for system in System.values]
    Status.objects.bulk_create(
        Status(dealer=place, system=system, state=state, since=now, decided_at=now) for place, system, state in keys
    )
    StatusChange.objects.bulk_create(
        StatusChange(
            dealer=place,
            system=system,
            old="unknown",
            new=state,
            reason="-",
            at=now - timedelta(days=day),
            notified_at=now,
        )
        for place, system, state in keys
        for day in (1, 30)
    )
    incidents.start(title="Bench board", body="-", at=now, make=make)
    overview.refresh(at=now, at_once=True)


@transaction.atomic
def _clear() -> None:
    Incident.objects.filter(make__slug="bench-board").delete()
    Dealer.objects.filter(code__startswith="Y", slug__startswith="bench-board-").delete()
    Make.objects.filter(slug="bench-board").delete()


def _measure(client: httpx.Client, count: int) -> list[dict[str, Any]]:
    asked: list[tuple[str, str, dict[str, str]]] = [("home", "/", {})]
    for name, address in ADDRESSES.items():
        etag = client.get(address).headers["ETag"]
        asked += [(f"{name}_unchanged", address, {"If-None-Match": etag}), (f"{name}_whole", address, {})]
    return [
        _figure(
            f"{name}_vs_empty_view",
            # The empty view is asked again beside each sample: what else the machine does meanwhile hits both.
            [_median(client, EMPTY, count) / _median(client, address, count, headers) for _ in range(ROUNDS)],
        )
        for name, address, headers in asked
    ]


def _median(client: httpx.Client, address: str, count: int, headers: dict[str, str] | None = None) -> float:
    def ask() -> httpx.Response:
        answer = client.get(address, headers=headers)
        if answer.status_code == httpx.codes.NOT_MODIFIED:
            answer.status_code = httpx.codes.OK  # as good an answer as any, which `raise_for_status` would refuse
        return answer

    return statistics.median(times(ask, count))


def _figure(name: str, samples: list[float]) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(statistics.median(samples), 2),
        "unit": "ratio",
        "better": "higher",
        "limit": "requests/s of an empty view of the same server, one connection",
        "samples": [round(sample, 2) for sample in samples],
    }
