"""The rule of what meets a requirement, in plain Python: the specification of `sql/expand_options.sql`.

A part of a requirement gives way to its successors: any one of its OR edges, or every edge of an AND group together,
each `ratio` new for one old, and so on along the chain; the superseded part itself still counts. Where an OR edge
holds in both directions, the old part stands in for a part so reached that is enough alone, one for `ratio`, rounded
up. Stand-ins do not give way again: what replaced them was for cars older than the requirement. A member of a set has
none: nobody can say that an older part goes with the rest of the set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

# More of one part than anybody keeps: a bound for the arithmetic, not a rule.
MOST = 999

# A way to meet a requirement: (part, quantity) needed together.
Way = frozenset[tuple[int, int]]
_Replacements = Callable[[int, int], Iterator[dict[int, int]]]


class Edge(NamedTuple):
    """A supersession, as the rule sees it."""

    old: int
    new: int
    is_and: bool = False
    group: int = 0
    ratio: int = 1
    is_full: bool = False


def options(wanted: Mapping[int, int], edges: Iterable[Edge]) -> tuple[dict[int, int], set[Way]]:
    """The parts that meet it alone, with the least quantity that does, and the sets that meet it together.

    `wanted`: the parts a requirement lists, each with its quantity.
    """
    edges = list(edges)
    found: set[Way] = {frozenset({item}) for item in wanted.items()}
    _close(found, lambda part, quantity: _successors(part, quantity, edges))
    together = {way for way in found if len(way) > 1}
    enough = found - together
    _close(enough, lambda part, quantity: _stand_ins(part, quantity, edges))
    alone: dict[int, int] = {}
    for [(part, quantity)] in enough:
        alone[part] = min(quantity, alone.get(part, quantity))
    return alone, together


def _close(found: set[Way], replacements: _Replacements) -> None:
    """Add every way got by replacing one member of a way, until there is no more."""
    pending = list(found)
    while pending:
        way = pending.pop()
        for part, quantity in way:
            for replacement in replacements(part, quantity):
                new = _replace(way, part, replacement)
                if new not in found:
                    found.add(new)
                    pending.append(new)


def _replace(way: Way, part: int, replacement: Mapping[int, int]) -> Way:
    needed = {other: quantity for other, quantity in way if other != part}
    for other, quantity in replacement.items():
        needed[other] = needed.get(other, 0) + quantity
    return frozenset((other, min(quantity, MOST)) for other, quantity in needed.items())


def _successors(part: int, quantity: int, edges: list[Edge]) -> Iterator[dict[int, int]]:
    sets: dict[int, dict[int, int]] = {}
    for edge in edges:
        if edge.old != part:
            continue
        if edge.is_and:
            sets.setdefault(edge.group, {})[edge.new] = quantity * edge.ratio
        else:
            yield {edge.new: quantity * edge.ratio}
    yield from sets.values()


def _stand_ins(part: int, quantity: int, edges: list[Edge]) -> Iterator[dict[int, int]]:
    for edge in edges:
        if edge.new == part and edge.is_full and not edge.is_and:
            yield {edge.old: -(-quantity // edge.ratio)}
