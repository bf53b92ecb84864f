"""Runs the invented days past each method, and says how each did."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from dealers.status import OPERATIONAL, TRUST_CEILING, UNKNOWN
from tests.simulation.methods import TROUBLE, Method
from tests.simulation.world import HOUR, START, STEP, Attack, Habits, World


@dataclass(slots=True)
class Figures:
    """How a method did over all runs of one scenario. Delays are in hours; `looks` counts dealers times steps."""

    detections: list[float] = field(default_factory=list)
    recoveries: list[float] = field(default_factory=list)
    looks: int = 0
    false_down: int = 0
    false_up: int = 0
    unknown: int = 0
    flips: int = 0
    attacked: int = 0
    fooled: int = 0

    @property
    def false_share(self) -> float:
        """The share of dealer-time in which the opposite of the truth was said."""
        return (self.false_down + self.false_up) / self.looks

    @property
    def flips_a_week(self) -> float:
        """Changes between working and not, per dealer and week."""
        return self.flips / (self.looks * STEP / timedelta(weeks=1))

    @property
    def attack_share(self) -> float | None:
        """The share of the attack in which its victims were called down; None without one."""
        return self.fooled / self.attacked if self.attacked else None


def median(delays: list[float]) -> float | None:
    """Half take no longer."""
    return statistics.median(delays) if delays else None


def most(delays: list[float]) -> float | None:
    """Nine in ten take no longer."""
    return sorted(delays)[int(0.9 * (len(delays) - 1))] if delays else None


Builder = Callable[[random.Random, int], World]


def run(name: str, method: type[Method], *, seeds: range, dealers: int) -> Figures:
    """One method through one scenario, once for each seed."""
    figures = Figures()
    for seed in seeds:
        world = (SCENARIOS | VARIATIONS)[name](random.Random(f"{name} {seed}"), dealers)
        shown = _watch(world, method, seed)
        _measure(world, shown, figures)
        if world.attack is not None:
            _count_fooled(world, shown, _watch(replace(world, attack=None), method, seed), figures)
    return figures


Seen = dict[int, list[tuple[datetime, str]]]


def _watch(world: World, method: type[Method], seed: int) -> Seen:
    shown: Seen = {dealer: [] for dealer in range(world.dealers)}
    looker = method(world)
    for at, words in world.words(random.Random(seed)):
        for dealer, state in looker.look(words, at=at).items():
            shown[dealer].append((at, state))
    return shown


def _measure(world: World, shown: Seen, figures: Figures) -> None:
    for dealer, seen in shown.items():
        _count(world, dealer, seen, figures)
        for since, until in world.down.get(dealer, ()):
            if until - since > 4 * HOUR:  # relapses count in the shares only
                figures.detections.append(_delay(seen, since, until, lambda state: state in TROUBLE))
        if spans := world.down.get(dealer):
            back = spans[-1][1]
            figures.recoveries.append(_delay(seen, back, world.until, lambda state: state not in TROUBLE))


def _count_fooled(world: World, shown: Seen, otherwise: Seen, figures: Figures) -> None:
    """What the lies did: victims called down that would not have been without them."""
    attack = world.attack
    assert attack is not None
    for dealer in attack.victims:
        for (at, state), (_, without) in zip(shown[dealer], otherwise[dealer], strict=True):
            if attack.since <= at < attack.until and not world.is_down(dealer, at):
                figures.attacked += 1
                figures.fooled += state in TROUBLE and without not in TROUBLE


def _count(world: World, dealer: int, seen: list[tuple[datetime, str]], figures: Figures) -> None:
    last = None
    for at, state in seen:
        down = world.is_down(dealer, at)
        figures.looks += 1
        figures.false_down += state in TROUBLE and not down
        figures.false_up += state == OPERATIONAL and down
        figures.unknown += state == UNKNOWN
        if state != UNKNOWN:
            figures.flips += last is not None and (state in TROUBLE) != last
            last = state in TROUBLE


def _delay(seen: list[tuple[datetime, str]], since: datetime, until: datetime, is_seen: Callable[[str], bool]) -> float:
    """Hours from `since` to the first look that shows it; the whole time where none does."""
    for at, state in seen:
        if since <= at < until and is_seen(state):
            return (at - since) / HOUR
    return (until - since) / HOUR


def _some(rng: random.Random, dealers: int, share: float) -> list[int]:
    return sorted(rng.sample(range(dealers), max(1, round(share * dealers))))


def _marque(rng: random.Random, dealers: int) -> World:
    """The whole make goes down, is announced, and comes back in six waves over a day; some relapse."""
    world = World(dealers, START + timedelta(days=4), announced_at=START + timedelta(hours=14))
    out = START + timedelta(hours=10)
    for dealer in range(dealers):
        back = START + timedelta(days=2, hours=7 + 2 * rng.randrange(6), minutes=10 * rng.randrange(6))
        world.down[dealer] = [(out, back)]
        if rng.random() < world.habits.relapses:
            again = back + timedelta(hours=rng.randrange(2, 6))
            world.down[dealer].append((again, again + 3 * HOUR))
    return world


def _notice(rng: random.Random, dealers: int) -> World:
    """The same, and the manufacturer says that it works again when the last wave is done."""
    world = _marque(rng, dealers)
    world.restored_at = START + timedelta(days=2, hours=18)
    return world


def _single(rng: random.Random, dealers: int) -> World:
    """A dealer in twenty is down on its own, for eight hours of the day."""
    world = World(dealers, START + timedelta(days=2))
    for dealer in _some(rng, dealers, 0.05):
        out = START + timedelta(hours=rng.randrange(7, 10))
        world.down[dealer] = [(out, out + timedelta(hours=8))]
    return world


def _noise(rng: random.Random, dealers: int) -> World:
    """Everything works, and some people say it does not."""
    return World(dealers, START + timedelta(days=3))


def _attacked(rng: random.Random, dealers: int, **attack: object) -> World:
    since = START + timedelta(hours=32)
    victims = frozenset(_some(rng, dealers, 0.3))
    told = {"spoken_of": victims, "victims": victims} | attack
    lies = Attack(since=since, until=since + timedelta(hours=8), **told)
    return World(dealers, START + timedelta(days=2), attack=lies)


def _flood(rng: random.Random, dealers: int) -> World:
    """Two hundred strangers an hour say that working dealers are down."""
    return _attacked(rng, dealers, kind="public", sources=200)


def _compromised(rng: random.Random, dealers: int) -> World:
    """One garage's account, trusted as far as a garage can be, says so every hour."""
    return _attacked(rng, dealers, kind="garage", sources=1, trust=TRUST_CEILING)


def _colluding(rng: random.Random, dealers: int) -> World:
    """Two such accounts of different companies do."""
    return _attacked(rng, dealers, kind="garage", sources=2, trust=0.80)


def _own(rng: random.Random, dealers: int) -> World:
    """The accounts of a few dealers say that these are down, which shows; their peers are the victims."""
    own = frozenset(_some(rng, dealers, 0.1))
    return _attacked(rng, dealers, kind="dealer", sources=1, spoken_of=own, victims=frozenset(range(dealers)) - own)


def _among(build: Builder, habits: Habits) -> Builder:
    """The same days among people of other habits."""
    return lambda rng, dealers: replace(build(rng, dealers), habits=habits)


def _during(rng: random.Random, dealers: int) -> World:
    """While half of the make is really down, a trusted account says that the others are."""
    world = _attacked(rng, dealers, kind="garage", sources=1, trust=TRUST_CEILING)
    assert world.attack is not None
    others = [dealer for dealer in range(dealers) if dealer not in world.attack.victims]
    for dealer in rng.sample(others, dealers // 2):
        world.down[dealer] = [(START + timedelta(hours=10), START + timedelta(hours=42))]
    return world


SCENARIOS: dict[str, Builder] = {
    "The whole make, back in waves": _marque,
    "The same, with an all-clear": _notice,
    "The same, and nobody is asked": _among(_marque, Habits(answers=0.0)),
    "Single dealers": _single,
    "Noise only": _noise,
    "Flood of anonymous reports": _flood,
    "A trusted account lies": _compromised,
    "Two accounts lie together": _colluding,
    "Dealers lie about themselves": _own,
    "A trusted account lies in an outage": _during,
}

# Fewer checks and words, and more of them wrong. Nothing was ever tuned on these.
_CARELESS = Habits(
    probed=0.1,
    probe_alarms=0.04,
    dealer_says_down=0.15,
    dealer_wrong=0.06,
    garage_speaks=0.03,
    garage_wrong=0.2,
    public_wrong=0.4,
    answers=0.1,
)
VARIATIONS: dict[str, Builder] = {
    **{
        f"The whole make, {share:.0%} answer within the hour": _among(_marque, Habits(answers=share))
        for share in (0.4, 0.2, 0.1, 0.0)
    },
    "The whole make, careless and silent people": _among(_marque, _CARELESS),
    "Single dealers, careless and silent people": _among(_single, _CARELESS),
    "Noise only, careless and silent people": _among(_noise, _CARELESS),
    "A trusted account lies in an outage, careless people": _among(_during, _CARELESS),
}
