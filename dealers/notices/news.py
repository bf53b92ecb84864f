"""Which changes are news, and in how many words. Plain Python; the rules of being quiet, in one place.

- A change settles for a few minutes first: what changes back meanwhile is no news.
- Losing sight of a system (`unknown`) is no news; finding it again in another state is.
- One that changes to and fro is told of once, when it is calm or has been restless for long.
- What changes at many dealers of a make at once is told of once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

SETTLE: Final = timedelta(minutes=5)
RESTLESS_CHANGES, RESTLESS_WINDOW = 3, timedelta(hours=2)
CALM: Final = timedelta(minutes=30)
LONGEST_HOLD: Final = timedelta(hours=2)
MANY: Final = 5  # more dealers of one make than this are told of as one
WIDE_PAUSE: Final = timedelta(minutes=30)  # between two digests of the same make and system
TOO_OLD: Final = timedelta(hours=6)  # such as after the workers were off for a night: not told any more

UNKNOWN, OPERATIONAL = "unknown", "operational"

Subject = tuple[int, str]  # dealer and system
Group = tuple[int, str]  # make and system


@dataclass(frozen=True, slots=True)
class Move:
    """A change nobody was told of yet."""

    id: int
    dealer_id: int
    system: str
    new: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Item:
    """One system at one dealer is now in another state; or, with `times`, changed so often within two hours."""

    dealer_id: int
    system: str
    old: str
    new: str
    at: datetime
    times: int = 0


@dataclass(frozen=True, slots=True)
class Digest:
    """A system changed at many dealers of a make."""

    make_id: int
    system: str
    items: tuple[Item, ...]
    at: datetime

    def counts(self) -> dict[str, int]:
        """How many dealers are now in which state."""
        found: dict[str, int] = defaultdict(int)
        for item in self.items:
            found[item.new] += 1
        return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))


@dataclass(frozen=True, slots=True)
class News:
    """What is to be told now, and the changes that are dealt with, told or not."""

    items: tuple[Item, ...]
    digests: tuple[Digest, ...]
    settled: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """What one has to know of the past.

    `before`: the last state known before the oldest change untold; `recent`: changes within `RESTLESS_WINDOW`, told or
    not; `makes` of each dealer; `told_widely`: makes and systems a digest went out of within `WIDE_PAUSE`.
    """

    before: Mapping[Subject, str]
    recent: Mapping[Subject, int]
    makes: Mapping[int, Collection[int]]
    told_widely: Collection[Group]


def gather(moves: Iterable[Move], background: Background, *, at: datetime) -> News:
    """What to tell at this time of changes untold so far."""
    subjects: dict[Subject, list[Move]] = defaultdict(list)
    for move in sorted(moves, key=lambda move: (move.at, move.id)):
        subjects[move.dealer_id, move.system].append(move)
    due = _due(subjects, background, at=at)
    items = [item for subject in due if (item := _item(subjects[subject], background, at=at))]
    settled = tuple(sorted(move.id for subject in due for move in subjects[subject]))
    return News(tuple(items), _digests(items, background), settled)


def _due(subjects: Mapping[Subject, list[Move]], background: Background, *, at: datetime) -> list[Subject]:
    ripe: set[Subject] = set()
    waiting: dict[Group, set[Subject]] = defaultdict(set)
    started: set[Group] = set()
    for subject, moves in subjects.items():
        groups = [(make, subject[1]) for make in background.makes.get(subject[0], ())]
        if moves[0].at <= at - LONGEST_HOLD:
            ripe.add(subject)
        elif _is_restless(subject, background):
            ripe |= {subject} if moves[-1].at <= at - CALM else set()
        elif not any(group in background.told_widely for group in groups):
            for group in groups:
                waiting[group].add(subject)
            if moves[0].at <= at - SETTLE:
                ripe.add(subject)
                started.update(groups)
    # Once one of a make's dealers is to be told of, the others come along: one message, not one for each minute.
    for group in started:
        ripe |= waiting[group]
    return sorted(ripe)


def _is_restless(subject: Subject, background: Background) -> bool:
    return background.recent.get(subject, 0) >= RESTLESS_CHANGES


def _item(moves: list[Move], background: Background, *, at: datetime) -> Item | None:
    last = moves[-1]
    subject = (last.dealer_id, last.system)
    before = background.before.get(subject, UNKNOWN)
    if last.at <= at - TOO_OLD:
        return None
    if _is_restless(subject, background):
        return Item(last.dealer_id, last.system, before, last.new, last.at, times=background.recent[subject])
    if last.new in {UNKNOWN, before} or (before == UNKNOWN and last.new == OPERATIONAL):
        return None
    return Item(last.dealer_id, last.system, before, last.new, last.at)


def _digests(items: Iterable[Item], background: Background) -> tuple[Digest, ...]:
    groups: dict[Group, list[Item]] = defaultdict(list)
    for item in items:
        for make in background.makes.get(item.dealer_id, ()):
            groups[make, item.system].append(item)
    return tuple(
        Digest(make, system, tuple(members), max(item.at for item in members))
        for (make, system), members in sorted(groups.items())
        if len(members) > MANY
    )
