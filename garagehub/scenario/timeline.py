"""The outage of the scenario: which system worked where and when, and what people were told.

It follows what is public of Jaguar Land Rover's outage of September 2025: everything down on the first day,
registration by hand on the seventh, parts distribution and ordering back in stages. No source says when the parts
catalogue and the diagnostics came back: those dates, the order of the regions, and every hour are fictional.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from garagehub.scenario.draws import fraction

OPERATIONAL, DEGRADED, DOWN = "operational", "degraded", "down"

SYSTEMS = (
    "parts_catalogue",
    "parts_ordering",
    "parts_distribution",
    "diagnostics",
    "programming",
    "vehicle_registration",
    "warranty",
)

AGE_ON_LOAD = timedelta(days=12)  # how long the outage has lasted when the scenario is loaded
OVER_AFTER = timedelta(days=75)

# Codes of independent garages begin so. They do not use the manufacturer's systems and are never part of its outage.
INDEPENDENT_PREFIX = "G"

# Regions in the order they come back, the ones nearest the (real) parts centre in Leicestershire first.
_ORDER = {region: wave for wave, region in enumerate((5, 4, 8, 7, 2, 3, 6, 9, 10, 1, 0, 11))}

# Regions where a (fictional) group of dealers kept older diagnostic tools that ask no server.
_OLDER_TOOLS_REGIONS = frozenset({0, 1, 9})
_OLDER_TOOLS_SHARE = 0.6


class _Return(NamedTuple):
    """When a system comes back: partly in the first region, days between regions, then fully."""

    partly: float
    step: float
    fully_after: float


_RETURNS = {
    "parts_distribution": _Return(8, 1.4, 14),
    "parts_ordering": _Return(9, 1.4, 16),
    "parts_catalogue": _Return(18, 2.2, 12),
    "diagnostics": _Return(22, 2.5, 10),
    "programming": _Return(26, 2.8, 12),
    "vehicle_registration": _Return(6, 0, 35),
    "warranty": _Return(30, 1, 15),
}
_DEALER_DELAY = 2.0  # days between the first and the last dealer of a region
_HICCUP_SHARE = 0.004  # of dealer-days before the outage on which a system was partly working


class Timeline:
    """The state of every dealer's systems at any time, given when the outage began. Nothing is stored."""

    def __init__(self, started_at: datetime) -> None:
        self.started_at = started_at

    def state(self, *, dealer_code: str, region: int, system: str, at: datetime) -> str:
        """`operational`, `degraded` or `down`. From the first day on it only ever gets better."""
        if dealer_code.startswith(INDEPENDENT_PREFIX):
            return OPERATIONAL
        if at < self.started_at:
            return self._before(dealer_code=dealer_code, system=system, at=at)
        partly_at, fully_at = self.back_at(dealer_code=dealer_code, region=region, system=system)
        if at >= fully_at:
            return OPERATIONAL
        return DEGRADED if at >= partly_at else DOWN

    def back_at(self, *, dealer_code: str, region: int, system: str) -> tuple[datetime, datetime]:
        """When the system is partly back at this dealer, and when fully."""
        if has_older_tools(dealer_code=dealer_code, region=region, system=system):
            return self.started_at, self.started_at
        plan = _RETURNS[system]
        delay = _DEALER_DELAY * fraction(0, "delay", dealer_code, system)
        partly = plan.partly + plan.step * _ORDER.get(region, len(_ORDER)) + delay * (plan.step > 0)
        return (
            self.started_at + timedelta(days=partly),
            self.started_at + timedelta(days=partly + plan.fully_after + delay),
        )

    def changes(
        self, *, dealer_code: str, region: int, system: str, since: datetime, until: datetime
    ) -> list[tuple[datetime, str]]:
        """When the system's state changed after `since` and up to `until`, and to what, oldest first."""
        state_at = partial(self.state, dealer_code=dealer_code, region=region, system=system)
        moments = [self.started_at, *self.back_at(dealer_code=dealer_code, region=region, system=system)]
        day = since.replace(hour=0, minute=0, second=0, microsecond=0)
        while day < self.started_at:
            if hours := _hiccup_hours(dealer_code, system, day):
                moments += [day + timedelta(hours=hour) for hour in hours]
            day += timedelta(days=1)
        found: list[tuple[datetime, str]] = []
        state = state_at(at=since)
        for moment in sorted(moment for moment in moments if since < moment <= until):
            new = state_at(at=moment)
            if new != state:
                found.append((moment, new))
                state = new
        return found

    @staticmethod
    def _before(*, dealer_code: str, system: str, at: datetime) -> str:
        hours = _hiccup_hours(dealer_code, system, at)
        return DEGRADED if hours and hours[0] <= at.hour < hours[1] else OPERATIONAL


def return_days(system: str) -> list[tuple[int, float]]:
    """The regions in the order in which the system comes back, each with its first day, from the start of the outage."""
    plan = _RETURNS[system]
    return [(region, plan.partly + plan.step * place) for region, place in sorted(_ORDER.items(), key=lambda it: it[1])]


def _hiccup_hours(dealer_code: str, system: str, day: datetime) -> tuple[int, int] | None:
    """From and until which hour a system was partly working on a day before the outage; None on nearly every day."""
    chance = fraction(0, "hiccup", dealer_code, system, day.date().isoformat())
    return (8, 9 + int(chance / _HICCUP_SHARE * 13)) if chance < _HICCUP_SHARE else None


def has_older_tools(*, dealer_code: str, region: int, system: str) -> bool:
    """Whether the dealer's diagnostics work without the manufacturer: about one dealer in eight."""
    return (
        system == "diagnostics"
        and region in _OLDER_TOOLS_REGIONS
        and not dealer_code.startswith(INDEPENDENT_PREFIX)
        and fraction(0, "older tools", dealer_code) < _OLDER_TOOLS_SHARE
    )
