"""The status board: what works by make and system, what people are told, and how many cars wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from dealers import incidents
from dealers.board import MakeBoard, boards, worst
from dealers.models import State, System
from parts.blocking.models import Reason
from parts.lookup.checking import silent_sources
from parts.lookup.overview import Overview, overview

_WHY = {
    Reason.PART_UNAVAILABLE.label: lazy("a part that nobody has"),
    Reason.PART_NOT_IN_REGION.label: lazy("a part that nobody delivers to where the car is"),
    Reason.CANNOT_ORDER.label: lazy("a part that is in stock, but cannot be ordered"),
    Reason.CANNOT_IDENTIFY_PART.label: lazy("a part that cannot be looked up by VIN"),
    Reason.NO_DIAGNOSTICS.label: lazy("no working diagnostics in reach"),
    Reason.NO_PROGRAMMING.label: lazy("nobody in reach who can program parts"),
    Reason.AVAILABILITY_UNKNOWN.label: lazy("stock that could not be checked"),
    Reason.REPAIR_UNKNOWN.label: lazy("a fault whose repair we do not know"),
}
_BAR_STATES = (State.DOWN, State.DEGRADED, State.UNKNOWN, State.OPERATIONAL)


@dataclass(frozen=True)
class Cell:
    """One system of one make: its state, and its dealers' shares as a bar of 100."""

    label: str
    system: str
    state: str
    counts: dict[str, int]
    bar: list[tuple[str, float, float]]
    words: str
    share: str


@dataclass(frozen=True)
class Row:
    """One make."""

    name: str
    slug: str
    state: str
    cells: list[Cell]


@dataclass(frozen=True)
class Board:
    """Everything the home page shows."""

    state: str
    headline: str
    rows: list[Row]
    systems: list[tuple[str, str]]
    incidents: list[Any]
    fleet: Overview
    reasons: list[tuple[Any, int, float]]
    silent: list[dict[str, Any]]
    at: datetime


def board(*, at: datetime) -> Board:
    """The board as of `at`. A constant number of queries."""
    makes = boards()
    fleet = overview()
    most = max(fleet.by_reason.values(), default=0)
    return Board(
        state=worst(make.state for make in makes),
        headline=_headline(makes, fleet),
        rows=[_row(make) for make in makes],
        systems=[(system.value, str(system.label)) for system in System],
        incidents=list(incidents.current()[:5]),
        fleet=fleet,
        reasons=[(_WHY[code], count, 100 * count / most) for code, count in fleet.by_reason.items()],
        silent=silent_sources(at=at),
        at=at,
    )


def _row(make: MakeBoard) -> Row:
    cells = [
        Cell(
            label=str(System(system).label),
            system=system,
            state=rolled.state,
            counts=counts,
            bar=_bar(counts),
            words=_words(counts),
            share=_share(rolled.state, counts),
        )
        for system, (rolled, counts) in make.systems.items()
    ]
    return Row(make.make.name.title(), make.make.slug, make.state, cells)


def _bar(counts: dict[str, int]) -> list[tuple[str, float, float]]:
    """(state, start, width) of each share, together 100 wide."""
    total = sum(counts.values()) or 1
    pieces, start = [], 0.0
    for state in _BAR_STATES:
        width = 100 * counts.get(state, 0) / total
        if width:
            pieces.append((state.value, round(start, 2), round(width, 2)))
        start += width
    return pieces


def _words(counts: dict[str, int]) -> str:
    """The counts in words, for those who hear the page."""
    return ", ".join(f"{counts[state]} {State(state).label.lower()}" for state in _BAR_STATES if counts.get(state))


def _share(state: str, counts: dict[str, int]) -> str:
    """How many of the make's dealers are in the state that the whole is called by."""
    count = counts.get(state, 0)
    return _("%(count)d of %(all)d dealers") % {"count": count, "all": sum(counts.values())} if count else ""


def _headline(makes: list[MakeBoard], fleet: Overview) -> str:
    """The state of things in one sentence."""
    hurt = {
        System(system).label.lower()
        for make in makes
        for system, (rolled, _counts) in make.systems.items()
        if rolled.state == State.DOWN
    }
    if hurt and fleet.blocked:
        return ngettext(
            "%(count)s system is down at most dealers, and %(cars)s cars are blocked from repair.",
            "%(count)s systems are down at most dealers, and %(cars)s cars are blocked from repair.",
            len(hurt),
        ) % {"count": len(hurt), "cars": f"{fleet.blocked:,}"}
    if fleet.blocked:
        return _("%(cars)s cars are blocked from the repair they need.") % {"cars": f"{fleet.blocked:,}"}
    if not makes:
        return _("No dealer is being watched yet.")
    return _("No car that we know of is blocked from repair.")
