"""Loads the demonstration "JLR, September 2025": its rows, then one poll of every feed, one run of every check, and the
decisions. Everything after the rows is the same code that runs for real data.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from datetime import time as time_of_day
from typing import TypedDict

from django.db import connection, transaction
from django.db.models import Count

from dealers import evidence, probes
from dealers.models import Dealer, Status
from garagehub.scenario import unload
from garagehub.scenario.catalogue import demo_catalogue
from garagehub.scenario.dealers import DemoDealer, demo_dealers
from garagehub.scenario.outside import Sandbox, ask_sandbox
from garagehub.scenario.rows.history import write_history, write_incidents
from garagehub.scenario.rows.people import SignIn, write_people
from garagehub.scenario.rows.places import write_dealers, write_probes
from garagehub.scenario.rows.supply import write_suppliers
from garagehub.scenario.rows.vehicles import is_loaded, is_other_fleet, write_vehicles
from garagehub.scenario.timeline import AGE_ON_LOAD, Timeline
from parts.blocking.decide import decide
from parts.blocking.models import Reason, RepairStatus, Verdict
from parts.catalogue.loading import load_catalogue
from parts.catalogue.models import Part, PartNumber, Repair, Requirement, RequirementPart
from parts.feeds import polling
from parts.feeds.models import FeedRun
from parts.lookup import overview
from parts.stock.models import Branch, Offer
from parts.vehicles.models import Defect, MotTest, Vehicle

_FILLED = (Part, PartNumber, Repair, Requirement, RequirementPart, Branch, Offer, Vehicle, MotTest, Defect, Status)
Say = Callable[[str], None]


class Summary(TypedDict):
    """What is loaded, and what was decided of it. `by_reason`: blocked vehicles by reason code, some under several."""

    vehicles: int
    dealers: int
    offers: int
    decided: int
    blocked: int
    unknown: int
    repairable: int
    by_reason: dict[str, int]
    sign_in: list[SignIn]
    seconds: float


def load(*, vehicles: int, seed: int, sandbox_url: str, at: datetime, say: Say) -> Summary:
    """Load the scenario, or bring what is loaded up to date; `say` is told how far it is.

    The outage began when the sandbox says so, else 12 days ago. Without a sandbox there are no checks and no feeds, so
    nothing is known of any part. Raises DomainError if the sandbox plays another scenario.
    """
    started = time.monotonic()
    sandbox = ask_sandbox(sandbox_url, seed=seed) if sandbox_url else None
    started_on = sandbox.clock.started_on if sandbox else (at - AGE_ON_LOAD).date()
    timeline = Timeline(datetime.combine(started_on, time_of_day(), UTC))
    places = demo_dealers(seed)
    if Dealer.objects.filter(is_demo=True).exclude(code__in=[place.code for place in places]).exists():
        say("removing the scenario of another seed")
        unload.unload()
    say("catalogue, dealers and suppliers")
    load_catalogue(demo_catalogue(seed), is_demo=True)
    sign_in, feeds = _write_rows(places, timeline=timeline, sandbox=sandbox, sandbox_url=sandbox_url, seed=seed, at=at)
    if not is_loaded(count=vehicles, seed=seed):
        if is_other_fleet(count=vehicles, seed=seed):
            say("removing another fleet")
            unload.unload_vehicles()
        write_vehicles(
            count=vehicles, seed=seed, at=at, progress=lambda done: say(f"vehicles: {done:,} of {vehicles:,}")
        )
    _check_systems(at=at, say=say)
    for feed in feeds:
        _poll(feed, at=at, say=say)
    say("deciding")
    _gather_statistics()
    decide(at=at, full=True)
    overview.refresh(at=at, at_once=True)
    return _summary(sign_in, seconds=time.monotonic() - started)


@transaction.atomic
def _write_rows(
    places: list[DemoDealer],
    *,
    timeline: Timeline,
    sandbox: Sandbox | None,
    sandbox_url: str,
    seed: int,
    at: datetime,
) -> tuple[list[SignIn], list[int]]:
    """Everything small, and the ids of the feeds."""
    dealers = write_dealers(places)
    write_history(places, dealers, timeline=timeline, at=at)
    write_incidents(places, dealers, started_at=timeline.started_at, at=at)
    if sandbox:
        write_probes(places, dealers, sandbox_url=sandbox_url, at=at)
    feeds = write_suppliers(dealers, seed=seed, addresses=sandbox.addresses if sandbox else {}, at=at)
    return write_people(places, dealers), feeds


def _check_systems(*, at: datetime, say: Say) -> None:
    done = 0
    while ran := probes.run_due(at=at):
        done += ran
        say(f"systems checked: {done:,}")
    evidence.recompute(at=at)


def _poll(feed: int, *, at: datetime, say: Say) -> None:
    run = polling.poll(feed, at=at)
    said = f"{run.rows:,} rows" if run.state != FeedRun.State.FAILED else run.reason
    say(f"{run.feed.supplier.name}: {run.get_state_display().lower()}, {said}")


def _gather_statistics() -> None:
    """Tables filled a moment ago have no statistics yet, and PostgreSQL would plan for empty ones."""
    tables = [model._meta.db_table for model in _FILLED]  # noqa: SLF001 - Django's documented way to ask
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(tables)}")


def _summary(sign_in: list[SignIn], *, seconds: float) -> Summary:
    on_the_road = RepairStatus.objects.filter(vehicle__is_sorn=False)
    by_reasons = dict(
        on_the_road.filter(status=Verdict.BLOCKED).values_list("reasons").annotate(count=Count("pk")).order_by()
    )
    unknown = on_the_road.filter(status=Verdict.UNKNOWN).count()
    failed = Vehicle.objects.filter(open_fails__gt=0, is_sorn=False).count()
    blocked = sum(by_reasons.values())
    total = Vehicle.objects.count()
    return {
        "vehicles": total,
        "dealers": Dealer.objects.filter(is_active=True).count(),
        "offers": Offer.objects.count(),
        "decided": total,
        "blocked": blocked,
        "unknown": unknown,
        "repairable": failed - blocked - unknown,
        "by_reason": {
            reason.label: sum(count for bits, count in by_reasons.items() if bits & reason) for reason in Reason
        },
        "sign_in": sign_in,
        "seconds": round(seconds, 1),
    }


def clear(*, at: datetime) -> dict[str, int]:
    """Remove the scenario, decide what is left, and answer how many rows of each kind went."""
    removed = unload.unload()
    decide(at=at, full=True)
    overview.refresh(at=at, at_once=True)
    return removed
