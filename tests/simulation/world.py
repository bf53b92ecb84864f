"""Invented days at the dealers of one make: what was so, and what was said of it. Everything follows from the seed.

People speak from 7 to 19 o'clock, and some of what they say is wrong. Every method is shown the same words.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, tzinfo=UTC)
STEP = timedelta(minutes=10)
HOUR = timedelta(hours=1)
_HOURS_A_STEP = STEP / HOUR


@dataclass(frozen=True, slots=True)
class Habits:
    """How often who speaks, in an hour of the working day, and how often they are wrong. All invented."""

    probed: float = 0.2  # share of dealers with an automatic check
    probe_misses: float = 0.05  # a check finds it working though it is down
    probe_alarms: float = 0.02  # and the other way round
    dealer_says_down: float = 0.3
    dealer_says_works: float = 0.01  # people rarely say that things are fine
    dealer_wrong: float = 0.03
    garage_speaks: float = 0.05  # some garage or other, about this dealer, while it is down
    garage_idle: float = 0.01  # and while it is not
    garage_wrong: float = 0.12
    public_speaks: float = 0.05
    public_wrong: float = 0.30
    answers: float = 0.4  # an hour after they said down, dealers are asked whether it works again; so many answer
    relapses: float = 0.15  # of those that come back go down once more, for three hours


@dataclass(frozen=True, slots=True)
class Word:
    """One report."""

    dealer: int
    kind: str
    source: str
    works: bool
    trust: float | None = None


@dataclass(frozen=True, slots=True)
class Attack:
    """Sources that say again and again that working dealers, `spoken_of`, are down, to have `victims` called down."""

    kind: str
    sources: int
    since: datetime
    until: datetime
    spoken_of: frozenset[int]
    victims: frozenset[int]
    every: timedelta = HOUR
    trust: float | None = None


@dataclass(slots=True)
class World:
    """`down` holds, for each dealer, from when until when its system was down."""

    dealers: int
    until: datetime
    down: dict[int, list[tuple[datetime, datetime]]] = field(default_factory=dict)
    attack: Attack | None = None
    restored_at: datetime | None = None  # when the manufacturer says that it works again
    announced_at: datetime | None = None  # and that it does not
    habits: Habits = Habits()

    def is_down(self, dealer: int, at: datetime) -> bool:
        """The truth."""
        return any(since <= at < until for since, until in self.down.get(dealer, ()))

    def steps(self) -> Iterator[datetime]:
        """Every time at which somebody looks."""
        at = START + STEP
        while at <= self.until:
            yield at
            at += STEP

    def words(self, rng: random.Random) -> Iterator[tuple[datetime, list[Word]]]:
        """What is said at each step. An attack adds its lies, and leaves all else as it was."""
        probed = set(rng.sample(range(self.dealers), round(self.habits.probed * self.dealers)))
        asked: dict[int, datetime] = {}
        for at in self.steps():
            said: list[Word] = []
            for dealer in range(self.dealers):
                said += self._about(dealer, at, rng, asked, is_probed=dealer in probed)
            if self._is_attacked(at):
                said += self._lies(self.attack)
            yield at, said

    def _is_attacked(self, at: datetime) -> bool:
        attack = self.attack
        return attack is not None and attack.since <= at < attack.until and not (at - attack.since) % attack.every

    def _about(
        self, dealer: int, at: datetime, rng: random.Random, asked: dict[int, datetime], *, is_probed: bool
    ) -> Iterator[Word]:
        habits, down = self.habits, self.is_down(dealer, at)
        if is_probed:
            wrong = rng.random() < (habits.probe_misses if down else habits.probe_alarms)
            yield Word(dealer, "probe", "probe", works=down == wrong)
        if not 7 <= at.hour < 19:
            return
        answers = dealer in asked and at - asked[dealer] >= HOUR and rng.random() < habits.answers * _HOURS_A_STEP
        if answers or rng.random() < (habits.dealer_says_down if down else habits.dealer_says_works) * _HOURS_A_STEP:
            works = down == (rng.random() < habits.dealer_wrong)
            if works:
                asked.pop(dealer, None)
            else:
                asked[dealer] = at
            yield Word(dealer, "dealer", "dealer", works)
        if rng.random() < (habits.garage_speaks if down else habits.garage_idle) * _HOURS_A_STEP:
            yield Word(dealer, "garage", f"garage:{rng.randrange(40)}", down == (rng.random() < habits.garage_wrong))
        if rng.random() < habits.public_speaks * _HOURS_A_STEP:
            yield Word(dealer, "public", f"public:{rng.random()}", down == (rng.random() < habits.public_wrong))

    @staticmethod
    def _lies(attack: Attack | None) -> Iterator[Word]:
        assert attack is not None
        for dealer in sorted(attack.spoken_of):
            for n in range(attack.sources):
                source = "dealer" if attack.kind == "dealer" else f"{attack.kind}:liar {n}"
                yield Word(dealer, attack.kind, source, works=False, trust=attack.trust)
