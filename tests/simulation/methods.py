"""Three ways to call a system: the real code, the last report, and three reports within two hours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol

from dealers.peers import Case, judge_all
from dealers.status import DEGRADED, DOWN, LIVE_FOR, MANUFACTURER, OPERATIONAL, UNKNOWN, Item
from dealers.swings import Change, Swings, look_back, steady
from tests.simulation.world import Word, World


class Method(Protocol):
    """Sees every word, and says what it makes of them."""

    def look(self, words: Iterable[Word], *, at: datetime) -> dict[int, str]:
        """The state of every dealer after these words."""


class LogOdds:
    """`dealers.peers.judge_all`, as `dealers.evidence` calls it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._items: dict[int, dict[str, Item]] = defaultdict(dict)
        self._streaks: dict[int, int] = {}
        self._states = dict.fromkeys(range(world.dealers), UNKNOWN)
        self._swings: dict[int, Swings] = defaultdict(Swings)
        self._changes: dict[int, list[Change]] = defaultdict(list)
        self._unstable: set[int] = set()

    def look(self, words: Iterable[Word], *, at: datetime) -> dict[int, str]:
        """Keep each source's newest claim, and judge all."""
        for word in words:
            self._keep(word, at)
        cases = {
            dealer: Case(
                (
                    *(item for item in self._items[dealer].values() if at - item.observed_at < LIVE_FOR),
                    *self._notice(at),
                ),
                previous,
                ("make",),
                self._swings[dealer].back_at,
            )
            for dealer, previous in self._states.items()
        }
        for dealer, verdict in judge_all(cases, at=at).items():
            self._settle(dealer, verdict.state, at)
        return dict(self._states)

    def _settle(self, dealer: int, state: str, at: datetime) -> None:
        """Show the state, or hold it back while the system goes to and fro."""
        changes = self._changes[dealer]
        if changes:
            was = dealer in self._unstable
            self._swings[dealer] = look_back(changes, at=at)
            if self._swings[dealer].is_unstable(was=was):
                self._unstable.add(dealer)
            else:
                self._unstable.discard(dealer)
        state = steady(state, is_unstable=dealer in self._unstable)
        if state != self._states[dealer]:
            changes.append(Change(self._states[dealer], state, at))
        self._states[dealer] = state

    def _keep(self, word: Word, at: datetime) -> None:
        claim, repeats = OPERATIONAL if word.works else DOWN, 1
        if word.kind == "probe":
            last = self._items[word.dealer].get("probe")
            repeats = last.repeats + 1 if last is not None and last.claim == claim else 1
        self._items[word.dealer][word.source] = Item(
            word.kind, word.source, claim, at, organisation=word.source, trust=word.trust, repeats=repeats
        )

    def _notice(self, at: datetime) -> list[Item]:
        said = [(self._world.announced_at, DOWN), (self._world.restored_at, OPERATIONAL)]
        told = [(when, claim) for when, claim in said if when is not None and when <= at]
        return [Item(MANUFACTURER, "notice", claim, when) for when, claim in told[-1:]]


class LastReport:
    """Whatever was said last is so."""

    def __init__(self, world: World) -> None:
        self._states = dict.fromkeys(range(world.dealers), UNKNOWN)

    def look(self, words: Iterable[Word], *, at: datetime) -> dict[int, str]:
        """Believe the last word."""
        for word in words:
            self._states[word.dealer] = OPERATIONAL if word.works else DOWN
        return dict(self._states)


class ThreeReports:
    """Down while at least three reports of the past two hours say so, else working."""

    def __init__(self, world: World) -> None:
        self._said: dict[int, list[datetime]] = {dealer: [] for dealer in range(world.dealers)}

    def look(self, words: Iterable[Word], *, at: datetime) -> dict[int, str]:
        """Count."""
        for word in words:
            if not word.works:
                self._said[word.dealer].append(at)
        states = {}
        for dealer, said in self._said.items():
            self._said[dealer] = [when for when in said if at - when <= timedelta(hours=2)]
            states[dealer] = DOWN if len(self._said[dealer]) >= 3 else OPERATIONAL
        return states


TROUBLE = {DOWN, DEGRADED}
METHODS = {
    "Log-odds with peers (ours)": LogOdds,
    "The last report wins": LastReport,
    "Three reports in two hours": ThreeReports,
}
