"""What replaces what: edges that never make a circle, chains both ways, and what they mean for requirements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from garagehub.lib.errors import DomainError
from garagehub.lib.lock import LockKind, wait_for_lock
from parts.catalogue.models import Lifecycle, Part, PartNumber, Supersession

# Longer chains, wider choices and larger sets than any maker prints: beyond them data is wrong, and expanding it dear.
MAX_CHAIN = 12
MAX_SUCCESSORS = 16
MAX_SET = 6

_EXPAND_OPTIONS = (Path(__file__).parent / "sql" / "expand_options.sql").read_text(encoding="utf-8")

# Every part joined to the given ones by edges, in either direction.
_RELATED = """
WITH RECURSIVE related (part_id) AS (
    SELECT unnest(%(parts)s::bigint[])
    UNION
    SELECT next.part_id FROM related CROSS JOIN LATERAL (
        SELECT new_id FROM parts_supersession WHERE old_id = related.part_id
        UNION ALL
        SELECT old_id FROM parts_supersession WHERE new_id = related.part_id
    ) next (part_id)
)
"""


class Refusal(NamedTuple):
    """A replacement that was not taken in, and why."""

    old_id: int
    new_id: int
    reason: str


class Link(NamedTuple):
    """A part on a chain, and how it is joined: how many steps away, and the edge it was reached by."""

    part_id: int
    part_number: str
    brand: str
    depth: int
    kind: str
    group: int
    ratio: int
    direction: str


class Chain(NamedTuple):
    """What a part replaced and what replaced it, nearest first."""

    predecessors: tuple[Link, ...]
    successors: tuple[Link, ...]


def expanded_options_sql() -> str:
    """SQL yielding (requirement_id, part_id, quantity, bundle, serial_from, serial_to).

    Parameter `requirements`: ids, or None for all.
    """
    return _EXPAND_OPTIONS


def check_supersession(edge: Supersession) -> None:
    """Refuse an edge that cannot be. No other edge can come in until the caller's transaction ends.

    DomainError `supersession_cycle` naming the chain, `supersession_too_long`, `supersession_too_wide`,
    `supersession_set_both_ways` (of a set, nobody can say which member the old part stands in for).
    """
    wait_for_lock(LockKind.SUPERSESSION)
    graph = _graph_around([edge.old_id, edge.new_id], without=edge.pk)
    if problem := graph.refusal(edge.old_id, edge.new_id) or _problem_of_set(edge):
        raise DomainError(problem.message, code=problem.code, fields={problem.field: [problem.message]})


@transaction.atomic
def save_supersession(edge: Supersession) -> None:
    """Write a new or changed edge, and mark the repairs it touches. DomainError as `check_supersession`."""
    check_supersession(edge)
    before = Supersession.objects.filter(pk=edge.pk).values_list("old_id", "new_id").first() or ()
    mark_repairs_needing(before)
    edge.save()
    _follow_in_lifecycle({edge.old_id, *before[:1]})
    mark_repairs_needing([edge.old_id, edge.new_id])


@transaction.atomic
def remove_supersession(edge: Supersession) -> None:
    """Take an edge back, and mark the repairs it touched."""
    wait_for_lock(LockKind.SUPERSESSION)
    mark_repairs_needing([edge.old_id, edge.new_id])
    old_id = edge.old_id
    edge.delete()
    _follow_in_lifecycle({old_id})


def note_replacements(pairs: Iterable[tuple[int, int]], *, source: str) -> list[Refusal]:
    """Take in what a feed says: for each (old part, new part), any one of the new replaces the old.

    As `add_supersessions`, which says what is refused.
    """
    return add_supersessions(
        Supersession(old_id=old_id, new_id=new_id, source=source[:80]) for old_id, new_id in sorted(set(pairs))
    )


@transaction.atomic
def add_supersessions(edges: Iterable[Supersession]) -> list[Refusal]:
    """Take in many new edges at once, and mark the repairs they touch. Constant queries.

    Pairs already joined are left as they are. What would make a circle, a chain over `MAX_CHAIN` or more than
    `MAX_SUCCESSORS` is refused and given back; the rest goes in. The lock is held until the caller's transaction ends.
    """
    asked = {(edge.old_id, edge.new_id): edge for edge in edges}
    if not _not_yet_known(asked):
        return []
    wait_for_lock(LockKind.SUPERSESSION)
    new = _not_yet_known(asked)
    graph = _graph_around({part_id for pair in new for part_id in pair})
    accepted: list[tuple[int, int]] = []
    refused: list[Refusal] = []
    for old_id, new_id in new:
        if refusal := graph.refusal(old_id, new_id):
            refused.append(Refusal(old_id, new_id, refusal.message))
        else:
            graph.add(old_id, new_id)
            accepted.append((old_id, new_id))
    Supersession.objects.bulk_create(asked[pair] for pair in accepted)
    _follow_in_lifecycle({old_id for old_id, _ in accepted})
    mark_repairs_needing({part_id for pair in accepted for part_id in pair})
    return refused


def chain_of(part_id: int) -> Chain:
    """The chain of a part both ways, each part once, at most `MAX_CHAIN` steps away. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_CHAIN, {"part": part_id, "depth": MAX_CHAIN})
        rows = cursor.fetchall()
    links = {False: list[Link](), True: list[Link]()}
    for is_forward, *link in rows:
        links[is_forward].append(Link(*link))
    return Chain(predecessors=tuple(links[False]), successors=tuple(links[True]))


def mark_repairs_needing(part_ids: Iterable[int]) -> None:
    """Mark every repair that lists one of the parts, or a part joined to one by supersession."""
    assert connection.in_atomic_block, "marks belong in the transaction of their change"
    with connection.cursor() as cursor:
        cursor.execute(
            _RELATED
            + """
            INSERT INTO parts_dirty (kind, key)
            SELECT DISTINCT 'r', requirement.repair_id
            FROM related
            JOIN parts_requirementpart option ON option.part_id = related.part_id
            JOIN parts_requirement requirement ON requirement.id = option.requirement_id
            """,
            {"parts": list(part_ids)},
        )


class _Problem(NamedTuple):
    code: str
    message: str
    field: str = "new"


class _Graph:
    """The edges around some parts, in memory: no circle in it, and none let in."""

    def __init__(self, edges: Iterable[tuple[int, int]]) -> None:
        self.successors: dict[int, set[int]] = defaultdict(set)
        self.predecessors: dict[int, set[int]] = defaultdict(set)
        for old_id, new_id in edges:
            self.add(old_id, new_id)

    def add(self, old_id: int, new_id: int) -> None:
        self.successors[old_id].add(new_id)
        self.predecessors[new_id].add(old_id)

    def refusal(self, old_id: int, new_id: int) -> _Problem | None:
        """Why the edge cannot be added, or None if it can."""
        if path := self._path(new_id, old_id):
            names = " \N{RIGHTWARDS ARROW} ".join(_numbers_of([old_id, *path]))
            return _Problem("supersession_cycle", f"A part cannot replace itself: {names}.")
        if _longest(old_id, self.predecessors) + 1 + _longest(new_id, self.successors) > MAX_CHAIN:
            return _Problem("supersession_too_long", f"The chain would be longer than {MAX_CHAIN} steps.")
        if len(self.successors[old_id]) >= MAX_SUCCESSORS:
            return _Problem("supersession_too_wide", f"The part already has {MAX_SUCCESSORS} successors.")
        return None

    def _path(self, start: int, end: int) -> list[int]:
        """A way along the edges from start to end, both included; empty if there is none."""
        came_from: dict[int, int | None] = {start: None}
        pending = [start]
        while pending:
            part_id = pending.pop()
            if part_id == end:
                return _walk_back(came_from, end)
            for next_id in self.successors[part_id]:
                if next_id not in came_from:
                    came_from[next_id] = part_id
                    pending.append(next_id)
        return []


def _walk_back(came_from: dict[int, int | None], end: int) -> list[int]:
    path: list[int] = []
    place: int | None = end
    while place is not None:
        path.append(place)
        place = came_from[place]
    return path[::-1]


def _longest(part_id: int, neighbours: dict[int, set[int]]) -> int:
    """Steps to the farthest part, by levels: as no chain exceeds `MAX_CHAIN`, neither do the levels."""
    steps = 0
    level = {part_id}
    while level := {next_id for near in level for next_id in neighbours[near]}:
        steps += 1
    return steps


def _graph_around(part_ids: Iterable[int], *, without: int | None = None) -> _Graph:
    with connection.cursor() as cursor:
        cursor.execute(
            _RELATED
            + """
            SELECT edge.old_id, edge.new_id FROM related
            JOIN parts_supersession edge ON edge.old_id = related.part_id
            WHERE edge.id IS DISTINCT FROM %(without)s
            """,
            {"parts": list(part_ids), "without": without},
        )
        return _Graph(cursor.fetchall())


def _not_yet_known(pairs: Collection[tuple[int, int]]) -> list[tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT asked.old_id, asked.new_id
            FROM unnest(%s::bigint[], %s::bigint[]) WITH ORDINALITY AS asked (old_id, new_id, place)
            WHERE NOT EXISTS (
                SELECT FROM parts_supersession edge WHERE edge.old_id = asked.old_id AND edge.new_id = asked.new_id
            )
            ORDER BY asked.place
            """,
            [[old_id for old_id, _ in pairs], [new_id for _, new_id in pairs]],
        )
        return [(old_id, new_id) for old_id, new_id in cursor.fetchall()]


def _problem_of_set(edge: Supersession) -> _Problem | None:
    if edge.kind != Supersession.Kind.AND:
        return None
    if edge.direction == Supersession.Direction.FULL:
        return _Problem("supersession_set_both_ways", "A set needed together replaces forwards only.", "direction")
    others = Supersession.objects.filter(old_id=edge.old_id, kind=Supersession.Kind.AND, group=edge.group)
    if others.exclude(pk=edge.pk).count() >= MAX_SET:
        return _Problem("supersession_too_wide", f"A set has at most {MAX_SET} parts.", "group")
    return None


def _follow_in_lifecycle(part_ids: Iterable[int]) -> None:
    """A part with a successor is superseded, and listed again once it has none; discontinued stays so."""
    parts = Part.objects.filter(pk__in=list(part_ids))
    # EXISTS, not a join: an UPDATE with a join reads the parts twice, and each again for each on a table just filled.
    has_successor = Exists(Supersession.objects.filter(old=OuterRef("pk")))
    parts.filter(has_successor, lifecycle__in=[Lifecycle.LISTED, Lifecycle.ACTIVE]).update(
        lifecycle=Lifecycle.SUPERSEDED
    )
    parts.filter(~has_successor, lifecycle=Lifecycle.SUPERSEDED).update(lifecycle=Lifecycle.LISTED)


def _numbers_of(part_ids: Sequence[int]) -> list[str]:
    numbers = dict(PartNumber.objects.filter(part__in=part_ids, is_main=True).values_list("part_id", "raw"))
    return [numbers.get(part_id, f"part {part_id}") for part_id in part_ids]


_CHAIN = """
WITH RECURSIVE walk (is_forward, part_id, depth, edge_id) AS (
    SELECT direction.is_forward, %(part)s::bigint, 0, NULL::bigint FROM (VALUES (true), (false)) direction (is_forward)
    UNION
    SELECT walk.is_forward, next.part_id, walk.depth + 1, next.edge_id FROM walk CROSS JOIN LATERAL (
        SELECT new_id, id FROM parts_supersession WHERE walk.is_forward AND old_id = walk.part_id
        UNION ALL
        SELECT old_id, id FROM parts_supersession WHERE NOT walk.is_forward AND new_id = walk.part_id
    ) next (part_id, edge_id)
    WHERE walk.depth < %(depth)s
),
nearest AS (
    SELECT DISTINCT ON (is_forward, part_id) is_forward, part_id, depth, edge_id
    FROM walk WHERE depth > 0 ORDER BY is_forward, part_id, depth, edge_id
)
SELECT
    nearest.is_forward, nearest.part_id, number.raw, brand.name, nearest.depth,
    edge.kind, edge."group", edge.ratio, edge.direction
FROM nearest
JOIN parts_supersession edge ON edge.id = nearest.edge_id
JOIN parts_part part ON part.id = nearest.part_id
JOIN parts_brand brand ON brand.id = part.brand_id
JOIN parts_partnumber number ON number.part_id = nearest.part_id AND number.is_main
ORDER BY nearest.is_forward, nearest.depth, number.norm
"""
