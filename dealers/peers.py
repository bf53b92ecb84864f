"""What other dealers of the same make tell us of one: the prior of its verdict. Plain Python, like `status`.

A marque's systems fail together, so where evidence is thin the peers' evidence says what to expect. Each dealer is
left out of its own prior, a quorum must have spoken, and the prior is bounded, so that a fresh check of the dealer
itself always outweighs it.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Container, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from dealers.status import (
    ABSENCE,
    BASE_RATE,
    DEALER,
    DEGRADED,
    DOWN,
    GARAGE,
    MIN_SUPPORT,
    PROBE,
    TROUBLE,
    UNKNOWN,
    Item,
    Prior,
    Verdict,
    judge,
    tells_apart,
    weigh,
)

POOL_STRENGTH = 2.0  # dealers' worth of that ordinary day in the pool
POOL_CEILING = 0.75  # the most that other dealers may suggest: one fresh check of this dealer outweighs it
POOL_QUORUM = 3  # other dealers with first-hand evidence before they count

_VOTE = 10**9
_TROUBLE = frozenset({DEGRADED, DOWN})

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Case:
    """One system at one dealer: its live claims, what was last said, and the pools of peers it belongs to.

    `back_at`: when it last came back from trouble, if that was lately.
    """

    items: tuple[Item, ...]
    previous: str = UNKNOWN
    groups: tuple[Hashable, ...] = ()
    back_at: datetime | None = None


def judge_all(cases: Mapping[Key, Case], *, at: datetime, only: Container[Key] | None = None) -> dict[Key, Verdict]:
    """The verdict on every case, each with the experience of its peers as prior. `only` limits what is answered."""
    pool = _Pool(cases, at=at)
    return {
        key: judge(case.items, at=at, prior=pool.prior(key, case), previous=case.previous)
        for key, case in cases.items()
        if only is None or key in only
    }


@dataclass(frozen=True, slots=True)
class _Votes:
    """Sums over dealers in billionths: whole numbers, so that no order of adding can show."""

    dealers: int = 0
    weight: int = 0
    trouble: int = 0
    down: int = 0

    def __add__(self, other: _Votes) -> _Votes:
        return _Votes(
            self.dealers + other.dealers,
            self.weight + other.weight,
            self.trouble + other.trouble,
            self.down + other.down,
        )

    def __sub__(self, other: _Votes) -> _Votes:
        return _Votes(
            self.dealers - other.dealers,
            self.weight - other.weight,
            self.trouble - other.trouble,
            self.down - other.down,
        )


@dataclass(frozen=True, slots=True)
class _News:
    """Who came back from trouble lately, and how many have not."""

    returns: tuple[datetime, ...] = ()
    out: int = 0

    @classmethod
    def of(cls, parts: Iterable[_News]) -> _News:
        parts = list(parts)
        return cls(tuple(sorted(at for part in parts for at in part.returns)), sum(part.out for part in parts))

    def without(self, case: Case) -> tuple[tuple[datetime, ...], int]:
        """The returns and the number of those out, this case left out."""
        returns = self.returns
        if case.back_at is not None:
            own = returns.index(case.back_at)
            returns = returns[:own] + returns[own + 1 :]
        return returns, self.out - (case.previous in _TROUBLE)


def _news(cases: Mapping[Key, Case]) -> dict[tuple[Hashable, ...], _News]:
    back: dict[tuple[Hashable, ...], list[datetime]] = defaultdict(list)
    out: Counter[tuple[Hashable, ...]] = Counter()
    for case in cases.values():
        if case.back_at is not None:
            back[case.groups].append(case.back_at)
        out[case.groups] += case.previous in _TROUBLE
    return {groups: _News(tuple(back[groups]), count) for groups, count in out.items()}


class _Pool:
    """What each case's peers say: sums over the cases that share a group with it, from which it is left out.

    Cases are summed by the whole set of their groups first, so that a peer that shares two groups counts once.
    """

    def __init__(self, cases: Mapping[Key, Case], *, at: datetime) -> None:
        self._own: dict[Hashable, _Votes] = {}
        self._by_groups: dict[tuple[Hashable, ...], _Votes] = defaultdict(_Votes)
        self._peers: dict[tuple[Hashable, ...], _Votes] = {}
        self._news = _news(cases)
        self._shared_news: dict[tuple[Hashable, ...], _News] = {}
        spoken = Counter(
            (group, organisation)
            for case in cases.values()
            for group in case.groups
            for organisation in {item.organisation or item.source for item in case.items if item.kind == GARAGE}
        )
        for key, case in cases.items():
            own = _first_hand(case, spoken, at=at)
            if own is not None and case.groups:
                self._own[key] = own
                self._by_groups[case.groups] += own

    def prior(self, key: Hashable, case: Case) -> Prior:
        """What this case should expect from its peers; the ordinary day while they are fewer than a quorum.

        A garage that serves no make shares no group with anybody, not even with others like it.
        """
        if not case.groups:
            return Prior()
        if case.groups not in self._peers:
            shared = set(case.groups)
            sums = (votes for groups, votes in self._by_groups.items() if shared & set(groups))
            self._peers[case.groups] = sum(sums, start=_Votes())
            news = [news for groups, news in self._news.items() if shared & set(groups)]
            self._shared_news[case.groups] = _News.of(news)
        peers = self._peers[case.groups] - self._own.get(key, _Votes())
        returns, out = self._shared_news[case.groups].without(case)
        if peers.dealers < POOL_QUORUM:
            return Prior(returns=returns, out=out)
        total = (POOL_STRENGTH * _VOTE) + peers.weight
        usual = POOL_STRENGTH * BASE_RATE * _VOTE
        return Prior(
            trouble=_clamp((usual + peers.trouble) / total),
            down=_clamp((usual + peers.down) / total),
            dealers=peers.dealers,
            returns=returns,
            out=out,
        )


def _clamp(chance: float) -> float:
    return min(max(chance, BASE_RATE), POOL_CEILING)


def _first_hand(case: Case, spoken: Mapping[tuple[Hashable, str], int], *, at: datetime) -> _Votes | None:
    """One dealer's vote in its pools, or None when nothing weighs enough.

    Neither the public nor notices vote. A garage that speaks of many dealers has one vote in all, shared out:
    otherwise one of them could turn a whole make.
    """
    items = [item for item in case.items if item.kind in {PROBE, DEALER, GARAGE}]
    if not items:
        return None
    shares = {
        organisation: 1 / max((spoken[group, organisation] for group in case.groups), default=1)
        for organisation in {item.organisation or item.source for item in items if item.kind == GARAGE}
    }
    trouble = weigh(items, at=at, prior=BASE_RATE, axis=TROUBLE, shares=shares)
    weight = min(1.0, math.fsum(part.weight for part in trouble.parts))
    if weight < MIN_SUPPORT:
        return None
    down = weigh(items, at=at, prior=BASE_RATE, axis=ABSENCE, shares=shares) if tells_apart(items) else trouble
    return _Votes(1, round(_VOTE * weight), round(_VOTE * weight * trouble.chance), round(_VOTE * weight * down.chance))
