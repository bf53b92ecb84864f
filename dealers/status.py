"""What the evidence says of one system at one dealer. Plain Python: no clock, no database, no chance.

The method is a sum of log-odds, so every claim's part in the verdict can be shown:

    belief = prior + sum of (freshness x trust in the source) over the live claims

* Two questions are asked of the same claims: "is it not fully working?" (trouble) and "does it not work at all?"
  (down). A claim `degraded` speaks for the first and, half as strongly, against the second.
* Freshness halves with each half-life of the kind of source, so that old claims fade and the verdict becomes
  `unknown` by itself.
* Trust is the chance that the source is right; its logarithm of odds is what a fresh claim weighs.
* Claims of one organisation, and a check that repeats itself, count less each time: n of them weigh 2n / (n + 1).
* The public together weighs at most `PUBLIC_CAP`, and alone supports no verdict.
* First-hand knowledge discounts what contradicts it: a dealer's word about itself everything else, an automatic
  check the manufacturer's notice, a notice the general experience. So one dealer's own report is seen at once,
  and a stranger's is not enough.
* What was said of trouble before the maker's all-clear, or before most peers that were down came back, counts less.
* Nothing is said on the word of one garage, nor trouble on that of two, nor on a single failed check while peers work.
* The prior is the general experience that systems work, moved by what first-hand evidence says at other dealers of
  the same make, this dealer left out, once a quorum of them has spoken.

Sources of the rules: Trinocular (SIGCOMM 2013) for bounded beliefs and the 0.9 / 0.1 decision, the linearised
hidden-Markov filter (arXiv 2504.01759) for half-lives, Kish's design effect for correlated claims.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

OPERATIONAL, DEGRADED, DOWN, UNKNOWN = "operational", "degraded", "down", "unknown"
PROBE, DEALER, GARAGE, PUBLIC, MANUFACTURER, PRIOR = "probe", "dealer", "garage", "public", "manufacturer", "prior"

HOUR = 3_600.0
LIVE_FOR = timedelta(days=3)  # nine half-lives of a dealer's word; older claims are not looked at
NOTICES_LIVE_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Voice:
    """A kind of source: how long its claims last, and how often they are right."""

    label: str
    half_life_s: float
    trust: float


VOICES: Mapping[str, Voice] = {
    PROBE: Voice("Automatic check", HOUR / 2, 0.985),
    DEALER: Voice("The dealer", 8 * HOUR, 0.99),
    GARAGE: Voice("Another garage", 6 * HOUR, 0.80),
    PUBLIC: Voice("The public", 3 * HOUR, 0.60),
    MANUFACTURER: Voice("The manufacturer", 24 * HOUR, 0.97),
}
TRUST_FLOOR, TRUST_CEILING = 0.55, 0.90  # what learning may make of a garage's or the public's trust
NO_ANSWER_TRUST = 0.80  # a check that met silence: the fault may lie on our path

ENTER, LEAVE = 0.90, 0.50  # a state is said from 0.9 on, and held until it is no longer the likelier
MIN_SUPPORT = 0.25  # freshness that must speak for a state, anonymous claims not counted
PUBLIC_CAP = 1.5  # log-odds; alone never past 0.9
BELIEF_CAP = math.log(0.99 / 0.01)

BESIDES_TROUBLE, BESIDES_WORKING = 2, 1  # companies of garages whose word supports nothing without more of them
PEERS_FAIL_FROM = 0.4  # the prior from which a first failed check is more than doubt

ALL_CLEAR_LEAVES = 0.35  # of a person's word of trouble that is older than the maker's all-clear
PEERS_BACK_TAKE, PEERS_BACK_QUORUM = 0.8, 3  # of one older than the peers' return, in proportion to those back

BASE_RATE = 0.02  # how often a system is down on an ordinary day

# How much of what contradicts it a fresh, fully trusted first-hand claim takes away.
DEALER_AUTHORITY, PROBE_AUTHORITY, NOTICE_AUTHORITY = 0.9, 0.8, 0.9

_DEGRADED_AGAINST_DOWN = -0.5
_PEERS_FAIL = math.log(PEERS_FAIL_FROM / (1 - PEERS_FAIL_FROM))
_AUTHORITIES = frozenset({DEALER, PROBE, MANUFACTURER})
_POINTS = 10 / math.log(10)  # ten points make it ten times as likely


class Item(NamedTuple):
    """One live claim: the newest of its source about this dealer's system."""

    kind: str
    source: str
    claim: str
    observed_at: datetime
    organisation: str = ""
    trust: float | None = None
    repeats: int = 1


@dataclass(frozen=True, slots=True)
class Reason:
    """What one source, or all of one kind with one claim, added to the verdict.

    `points`: ten make trouble ten times as likely, minus ten a tenth. `weight`: freshness left, summed.
    """

    kind: str
    source: str
    claim: str
    age_s: int | None
    weight: float
    points: int
    count: int
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Prior:
    """What to expect before this dealer's own evidence: chances of trouble and of down, from `dealers` others.

    `returns`: when others came back from trouble lately, oldest first; `out`: how many others are in trouble still.
    """

    trouble: float = BASE_RATE
    down: float = BASE_RATE
    dealers: int = 0
    returns: tuple[datetime, ...] = ()
    out: int = 0

    def share_back_since(self, then: datetime) -> float:
        """The share of the others in trouble that came back after `then`; 0 while they are fewer than a quorum."""
        back = len(self.returns) - bisect_right(self.returns, then)
        return back / (back + self.out) if back >= PEERS_BACK_QUORUM else 0.0


@dataclass(slots=True)
class Part:
    """One claim on one question: its freshness after discounts, and the log-odds it adds."""

    item: Item
    weight: float
    points: float
    authority: float


@dataclass(frozen=True, slots=True)
class Weighed:
    """What all claims come to on one question."""

    parts: tuple[Part, ...]
    prior: float
    chance: float

    def support(self, claims: Container[str], *, besides: int) -> float:
        """The freshness that speaks for these claims: the public not counted, nor the strongest companies of garages.

        So nothing is said on the word of so few garages, whatever their record and whatever the peers suggest. A first
        failed check is doubt, no support, unless the peers fail too.
        """
        firm, garages = [], defaultdict[str, float](float)
        for part in self.parts:
            item = part.item
            if item.claim not in claims or item.kind == PUBLIC:
                continue
            if item.kind == GARAGE:
                garages[item.organisation or item.source] += part.weight
            elif item.kind != PROBE or item.repeats > 1 or item.claim == OPERATIONAL or self.prior >= _PEERS_FAIL:
                firm.append(part.weight)
        return math.fsum([*firm, *sorted(garages.values())[: max(0, len(garages) - besides)]])


@dataclass(frozen=True, slots=True)
class Verdict:
    """What we say: `confidence` in percent, 0 for unknown; `evidence_at` is the newest claim's time."""

    state: str
    confidence: int
    evidence_at: datetime | None
    shown: Weighed = field(compare=False, repr=False)
    prior: Prior = field(compare=False, repr=False)
    at: datetime = field(compare=False, repr=False)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why, in words and numbers. Worked out when asked for: most verdicts are as before, and nobody asks."""
        return _reasons(self.shown, prior=self.prior, at=self.at)


def trust_of(kind: str, *, agreed: float = 0, disagreed: float = 0) -> float:
    """The trust in a source of this kind that was right and wrong so many times: a Beta mean worth ten claims."""
    usual = VOICES[kind].trust
    if kind not in {GARAGE, PUBLIC}:
        return usual
    mean = (10 * usual + agreed) / (10 + agreed + disagreed)
    return min(max(mean, TRUST_FLOOR), TRUST_CEILING)


def judge(items: Iterable[Item], *, at: datetime, prior: Prior | None = None, previous: str = UNKNOWN) -> Verdict:
    """The verdict on one system at one dealer, from its live claims, whatever their order."""
    live = tuple(sorted(items, key=_sort_key))
    prior = prior or Prior()
    standing = _standing(live, prior)
    trouble = weigh(live, at=at, prior=prior.trouble, axis=TROUBLE, standing=standing)
    down = trouble
    if prior.trouble != prior.down or tells_apart(live):
        down = weigh(live, at=at, prior=prior.down, axis=ABSENCE, standing=standing)
    state = _state(trouble, down, previous)
    return Verdict(
        state=state,
        confidence=_confidence(state, trouble, down),
        evidence_at=max([item.observed_at for item in live], default=None),
        shown=down if state == DOWN else trouble,
        prior=prior,
        at=at,
    )


# How a claim speaks on each question: 1 for it, -1 against it.
TROUBLE = {OPERATIONAL: -1.0, DEGRADED: 1.0, DOWN: 1.0}
ABSENCE = {OPERATIONAL: -1.0, DEGRADED: _DEGRADED_AGAINST_DOWN, DOWN: 1.0}


def tells_apart(items: Iterable[Item]) -> bool:
    """Whether any claim speaks differently on the two questions. Where none does, one weighing answers both."""
    return any(item.claim == DEGRADED for item in items)


def _sort_key(item: Item) -> tuple[str, str, str, datetime]:
    return (item.kind, item.source, item.claim, item.observed_at)


@lru_cache(maxsize=4_096)
def _strength(trust: float, repeats: int) -> float:
    """The log-odds of n equal, half-correlated claims, worth 2n / (n + 1) independent ones (Kish, correlation 0.5)."""
    n = max(1, repeats)
    return _logit(trust) * 2 * n / (n + 1)


@lru_cache(maxsize=1_024)
def _logit(chance: float) -> float:
    return math.log(chance / (1 - chance))


def _chance(logit: float) -> float:
    return 1 / (1 + math.exp(-min(max(logit, -BELIEF_CAP), BELIEF_CAP)))


def weigh(
    items: Sequence[Item],
    *,
    at: datetime,
    prior: float,
    axis: Mapping[str, float],
    shares: Mapping[str, float] | None = None,
    standing: Callable[[Item], float] | None = None,
) -> Weighed:
    """The belief on one question.

    `shares`: the part of each organisation's claims that counts here; `standing`: of each claim, given later news.
    """
    parts = []
    for item in items:
        voice = VOICES[item.kind]
        trust = voice.trust if item.trust is None else item.trust
        age_s = (at - item.observed_at).total_seconds()
        weight = math.exp2(-age_s / voice.half_life_s) if age_s > 0 else 1.0
        if shares and item.kind == GARAGE:
            weight *= shares.get(item.organisation or item.source, 1.0)
        if standing is not None:
            weight *= standing(item)
        points = axis[item.claim] * _strength(trust, item.repeats) * weight
        parts.append(Part(item, weight, points, weight * (2 * trust - 1)))
    _discount_echoes(parts)
    _cap_public(parts)
    prior_logit = _apply_authority(parts, _logit(prior))
    chance = _chance(math.fsum([prior_logit, *(part.points for part in parts)]))
    return Weighed(tuple(parts), prior_logit, chance)


def _standing(items: Iterable[Item], prior: Prior) -> Callable[[Item], float] | None:
    """How much of a claim later news leaves standing: people say when it breaks, and seldom when it works again."""
    cleared = [item.observed_at for item in items if item.kind == MANUFACTURER and item.claim == OPERATIONAL]
    if not cleared and not prior.returns:
        return None
    cleared_at = max(cleared, default=None)

    def standing(item: Item) -> float:
        if item.claim == OPERATIONAL or item.kind not in {DEALER, GARAGE}:
            return 1.0
        left = ALL_CLEAR_LEAVES if cleared_at is not None and cleared_at > item.observed_at else 1.0
        return left * (1 - PEERS_BACK_TAKE * prior.share_back_since(item.observed_at))

    return standing


def _discount_echoes(parts: Sequence[Part]) -> None:
    """Count claims of one organisation that agree as 2n / (n + 1): the strongest whole, then 1/3, 1/6, 1/10…

    By rank, not evenly, so that one more claim never weakens what it agrees with.
    """
    if len(parts) < 2:  # noqa: PLR2004 - an echo takes two
        return
    groups: dict[tuple[str, bool], list[Part]] = defaultdict(list)
    for part in parts:
        groups[part.item.organisation or f"{part.item.kind} {part.item.source}", part.points > 0].append(part)
    for group in groups.values():
        if len(group) == 1:
            continue
        group.sort(key=lambda part: -abs(part.points))
        for rank, part in enumerate(group, start=1):
            part.points *= 2 / (rank * (rank + 1))


def _cap_public(parts: Sequence[Part]) -> None:
    public = [part for part in parts if part.item.kind == PUBLIC]
    if not public:
        return
    total = abs(math.fsum(part.points for part in public))
    if total > PUBLIC_CAP:
        for part in public:
            part.points *= PUBLIC_CAP / total


def _apply_authority(parts: Sequence[Part], prior: float) -> float:
    """Discount what first-hand claims contradict; answers the prior that is left.

    Only contradiction is discounted, so that one more claim never works against itself.
    """
    if not any(part.item.kind in _AUTHORITIES for part in parts):
        return prior
    strongest: dict[tuple[str, bool], float] = defaultdict(float)
    for part in parts:
        side = part.item.kind, part.points > 0
        strongest[side] = max(strongest[side], part.authority)

    def left(opposed_by: str, authority: float, *, positive: bool) -> float:
        return 1 - authority * strongest[opposed_by, not positive]

    for part in parts:
        positive, factor = part.points > 0, 1.0
        if part.item.kind != DEALER:
            factor *= left(DEALER, DEALER_AUTHORITY, positive=positive)
        if part.item.kind == MANUFACTURER:
            factor *= left(PROBE, PROBE_AUTHORITY, positive=positive)
        part.points *= factor
        part.weight *= factor
    positive = prior > 0
    return (
        prior
        * left(DEALER, DEALER_AUTHORITY, positive=positive)
        * left(MANUFACTURER, NOTICE_AUTHORITY, positive=positive)
    )


def _state(trouble: Weighed, down: Weighed, previous: str) -> str:
    if trouble.support({DEGRADED, DOWN}, besides=BESIDES_TROUBLE) >= MIN_SUPPORT:
        if down.chance >= (LEAVE if previous == DOWN else ENTER):
            return DOWN
        if trouble.chance >= (LEAVE if previous in {DOWN, DEGRADED} else ENTER):
            return DEGRADED
    if trouble.support({OPERATIONAL}, besides=BESIDES_WORKING) >= MIN_SUPPORT:
        limit = LEAVE if previous == OPERATIONAL else 1 - ENTER
        if trouble.chance <= limit:
            return OPERATIONAL
    return UNKNOWN


def _confidence(state: str, trouble: Weighed, down: Weighed) -> int:
    """The chance that the state is right, less as the claims for it fade."""
    if state == UNKNOWN:
        return 0
    if state == OPERATIONAL:
        chance, support = 1 - trouble.chance, trouble.support({OPERATIONAL}, besides=BESIDES_WORKING)
    else:
        chance = down.chance if state == DOWN else trouble.chance
        support = trouble.support({DEGRADED, DOWN}, besides=BESIDES_TROUBLE)
    return round(100 * chance * min(1.0, support))


def _reasons(weighed: Weighed, *, prior: Prior, at: datetime) -> tuple[Reason, ...]:
    """Each kind and claim once, the strongest first, the prior last: bounded however many spoke."""
    groups: dict[tuple[str, str], list[Part]] = defaultdict(list)
    for part in weighed.parts:
        groups[part.item.kind, part.item.claim].append(part)
    reasons = []
    for (kind, claim), parts in groups.items():
        newest = max(part.item.observed_at for part in parts)
        reasons.append(
            Reason(
                kind=kind,
                source=VOICES[kind].label,
                claim=claim,
                age_s=max(0, int((at - newest).total_seconds())),
                weight=round(math.fsum(part.weight for part in parts), 3),
                points=round(math.fsum(part.points for part in parts) * _POINTS),
                count=len(parts),
                at=newest,
            )
        )
    reasons.sort(key=lambda reason: (-abs(reason.points), reason.kind, reason.claim))
    source = f"{prior.dealers} other dealers of the make" if prior.dealers else "How often systems fail"
    return (*reasons, Reason(PRIOR, source, "", None, 1.0, round(weighed.prior * _POINTS), prior.dealers, None))
