"""What people are told of the scenario's outage: fictional incidents with their updates."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from garagehub.lib.geography import REGION_NAMES
from garagehub.scenario.timeline import SYSTEMS, return_days


class DemoUpdate(NamedTuple):
    """One message of an incident."""

    stage: str
    body: str
    at: datetime


class DemoIncident(NamedTuple):
    """An incident. Without regions it stands for all; without dealers it stands for all franchised ones."""

    slug: str
    title: str
    impact: str
    systems: tuple[str, ...]
    regions: tuple[int, ...]
    started_at: datetime
    updates: tuple[DemoUpdate, ...]  # oldest first


class DemoWave(NamedTuple):
    """One wave in which systems come back. `done_at` lies ahead for those to come; `updates` are oldest first."""

    title: str
    systems: tuple[str, ...]
    regions: tuple[int, ...]
    begins_at: datetime
    done_at: datetime
    updates: tuple[DemoUpdate, ...]


_MAIN = "dealer-systems-shut-down"
_WAVE_SYSTEMS = ("parts_distribution", "parts_ordering")
_WAVE_REGIONS = 2  # at a time
_OPENS, _CLOSES = 8, 18  # o'clock
_WAVES_TOLD = timedelta(days=7)  # after the start, when the manufacturer gave its plan

# (slug, title, impact, systems, regions, ((day, stage, text), …)), days counted from the start of the outage.
_SCRIPT: tuple[tuple[str, str, str, tuple[str, ...], tuple[int, ...], tuple[tuple[float, str, str], ...]], ...] = (
    (
        "slow-catalogue-scotland",
        "Slow parts catalogue in Scotland",
        "minor",
        ("parts_catalogue",),
        (0,),
        (
            (
                -41.2,
                "investigating",
                "Dealers in Scotland report that searches in the parts catalogue take over a minute.",
            ),
            (-41.1, "identified", "A network change slowed the catalogue down. It is being taken back."),
            (-40.9, "resolved", "The change was taken back. Searches are quick again."),
        ),
    ),
    (
        "ordering-maintenance-overran",
        "Parts ordering closed for longer than planned",
        "minor",
        ("parts_ordering",),
        (),
        (
            (
                -19.3,
                "identified",
                "Maintenance of the ordering system is taking longer than planned. Orders made today are kept.",
            ),
            (-19.1, "resolved", "Ordering is open again and kept orders have been sent."),
        ),
    ),
    (
        _MAIN,
        "Dealer systems shut down at Jaguar and Land Rover dealers",
        "critical",
        SYSTEMS,
        (),
        (
            (
                0.05,
                "investigating",
                (
                    "Catalogue, ordering, distribution, diagnostics, programming, registration and warranty stopped answering "
                    "at every franchised dealer at about the same time. We are asking the manufacturer."
                ),
            ),
            (
                0.6,
                "identified",
                (
                    "The manufacturer says it shut its systems down itself after finding an intruder. It gives no date. "
                    "Cars that need a part from the manufacturer, or coding, cannot be finished for now."
                ),
            ),
            (
                3.1,
                "identified",
                (
                    "Parts from other makers can still be had. Dealers may sell what lies on their shelves. "
                    "Some dealers with older diagnostic tools can still read fault codes."
                ),
            ),
            (6.2, "identified", "Dealers can register vehicles again, by hand. Everything else is still down."),
            (
                8.4,
                "monitoring",
                (
                    "The parts centre is sending parts again to the first dealers in the West Midlands; "
                    "other regions follow one after the other."
                ),
            ),
            (
                9.6,
                "monitoring",
                (
                    "The first dealers in the West Midlands and the East Midlands can order again. Expect delays: "
                    "orders of the past nine days are being worked through."
                ),
            ),
            (
                11.3,
                "monitoring",
                (
                    "Ordering is coming back in the South East. There is still no date for the parts catalogue, "
                    "diagnostics and programming."
                ),
            ),
            (18.3, "monitoring", "The parts catalogue answers again at the first dealers. (Fictional date.)"),
            (22.4, "monitoring", "Diagnostics work again at the first dealers. (Fictional date.)"),
            (26.5, "monitoring", "Cars can be programmed again at the first dealers. (Fictional date.)"),
            (40.2, "monitoring", "Ordering and distribution work in every region, some of them slowly."),
            (75.0, "resolved", "Every system works at every dealer."),
        ),
    ),
    (
        "registration-by-hand",
        "New vehicles are registered by hand",
        "major",
        ("vehicle_registration",),
        (),
        (
            (6.1, "identified", "Dealers send registrations on paper. Allow three working days."),
            (43.0, "resolved", "Registration works as usual."),
        ),
    ),
)

WAVES_OF = _MAIN
SLUGS = tuple(row[0] for row in _SCRIPT)


def incidents(started_at: datetime) -> list[DemoIncident]:
    """Every incident of the scenario with all its updates, whatever the time; who shows them leaves out what is to come."""
    return [
        DemoIncident(
            slug=slug,
            title=title,
            impact=impact,
            systems=systems,
            regions=regions,
            started_at=started_at if slug == _MAIN else started_at + timedelta(days=script[0][0]),
            updates=tuple(DemoUpdate(stage, body, started_at + timedelta(days=day)) for day, stage, body in script),
        )
        for slug, title, impact, systems, regions, script in _SCRIPT
    ]


def waves(started_at: datetime) -> list[DemoWave]:
    """The waves in which parts come back after the main outage, two regions at a time, soonest first."""
    sent, ordered = (return_days(system) for system in _WAVE_SYSTEMS)
    found = []
    for first in range(0, len(sent), _WAVE_REGIONS):
        last = first + _WAVE_REGIONS - 1
        regions = tuple(region for region, _day in sent[first : last + 1])
        begins_at = started_at + timedelta(days=int(sent[first][1]), hours=_OPENS)
        done_at = started_at + timedelta(days=int(ordered[last][1]) + 1, hours=_CLOSES)
        names = " and ".join(REGION_NAMES[region] for region in regions)
        updates = (
            DemoUpdate("scheduled", f"Parts are to be sent and ordered again in {names}.", started_at + _WAVES_TOLD),
            DemoUpdate("in_progress", "The first dealers can order again.", begins_at),
            DemoUpdate("completed", "Every dealer here can order again. Expect delays.", done_at),
        )
        title = f"Wave {first // _WAVE_REGIONS + 1}: {names}"
        found.append(DemoWave(title, _WAVE_SYSTEMS, regions, begins_at, done_at, updates))
    return found
