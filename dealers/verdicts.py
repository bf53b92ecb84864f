"""What is said of each system, as stored: read all at once, and written where a reader would see a difference."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection

from dealers.models import StatusChange
from dealers.status import PRIOR, UNKNOWN, Reason, Verdict
from dealers.swings import Swings, steady

Key = tuple[int, str]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_STEADY = Swings()


class Said(NamedTuple):
    """One stored verdict. Times as microseconds since 1970, and reasons as JSON: most are looked at by nobody."""

    state: str
    confidence: int
    is_unstable: bool
    evidence_at: int | None
    since: int
    reasons: str


def from_micros(micros: int) -> datetime:
    """The time so many microseconds after 1970. Whole numbers are read many times faster than timestamps."""
    return _EPOCH + timedelta(microseconds=micros)


def to_micros(at: datetime) -> int:
    """The reverse."""
    return (at - _EPOCH) // _MICROSECOND


def read(dealer_ids: Collection[int], *, systems: Collection[str]) -> dict[Key, Said]:
    """What is said of these systems now."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT dealer_id, system, state, confidence, is_unstable,
                   (extract(epoch FROM evidence_at) * 1000000)::bigint,
                   (extract(epoch FROM since) * 1000000)::bigint,
                   reasons::text
              FROM dealers_status
             WHERE dealer_id = ANY(%s) AND system = ANY(%s)
            """,
            [list(dealer_ids), list(systems)],
        )
        return {(row[0], row[1]): Said(*row[2:]) for row in cursor.fetchall()}


def write(
    verdicts: Mapping[Key, Verdict], *, before: Mapping[Key, Said], swings: Mapping[Key, Swings], at: datetime
) -> int:
    """Store what differs, and answer how many states changed.

    While a system is unstable its swings go on record as told, so that nobody is told of each.
    """
    rows: list[tuple[Any, ...]] = []
    changes = []
    now = to_micros(at)
    for (dealer_id, system), judged in verdicts.items():
        row = before.get((dealer_id, system))
        if row is None and judged.state == UNKNOWN and not judged.evidence_at:
            continue
        old, was = (row.state, row.is_unstable) if row else (UNKNOWN, False)
        is_unstable = swings.get((dealer_id, system), _STEADY).is_unstable(was=was)
        state = steady(judged.state, is_unstable=is_unstable)
        verdict = judged if state == judged.state else replace(judged, state=state)
        evidence_at = to_micros(verdict.evidence_at) if verdict.evidence_at else None
        if row is not None and was == is_unstable and not _differs(row, verdict, evidence_at):
            continue
        since = now if row is None or state != old else row.since
        reasons = json.dumps([_stored(reason) for reason in verdict.reasons])
        rows.append((dealer_id, system, state, verdict.confidence, is_unstable, evidence_at, since, reasons))
        if state != old:
            changes.append(
                StatusChange(
                    dealer_id=dealer_id,
                    system=system,
                    old=old,
                    new=state,
                    reason=f"Goes to and fro. {_why(verdict)}" if is_unstable else _why(verdict),
                    at=at,
                    notified_at=at if was and is_unstable else None,
                )
            )
    _upsert(rows, at=at)
    StatusChange.objects.bulk_create(changes)
    return len(changes)


def _upsert(rows: Collection[tuple[Any, ...]], *, at: datetime) -> None:
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO dealers_status (dealer_id, system, state, confidence, is_unstable, evidence_at, since, reasons,
                                        decided_at)
            SELECT dealer_id, system, state, confidence, is_unstable,
                   timestamptz 'epoch' + evidence_at * interval '1 microsecond',
                   timestamptz 'epoch' + since * interval '1 microsecond',
                   reasons::jsonb, %s
              FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::smallint[], %s::boolean[], %s::bigint[],
                          %s::bigint[], %s::text[])
                AS new (dealer_id, system, state, confidence, is_unstable, evidence_at, since, reasons)
                ON CONFLICT (dealer_id, system) DO UPDATE
               SET state = excluded.state, confidence = excluded.confidence, is_unstable = excluded.is_unstable,
                   evidence_at = excluded.evidence_at, since = excluded.since, reasons = excluded.reasons,
                   decided_at = excluded.decided_at
            """,
            [at, *(list(column) for column in zip(*rows, strict=True))],
        )


def _differs(row: Said, verdict: Verdict, evidence_at: int | None) -> bool:
    """Whether a reader would see a difference. Points and peers drift all the time; they follow the confidence."""
    if (row.state, row.confidence, row.evidence_at) != (verdict.state, verdict.confidence, evidence_at):
        return True
    said = {
        (reason["kind"], reason["claim"]): reason["count"]
        for reason in json.loads(row.reasons)
        if reason["kind"] != PRIOR
    }
    heard: dict[tuple[str, str], int] = {}
    for part in verdict.shown.parts:
        about = part.item.kind, part.item.claim
        heard[about] = heard.get(about, 0) + 1
    return said != heard


def _stored(reason: Reason) -> dict[str, Any]:
    """A reason as kept: with the claim's time, from which readers work out its age."""
    return {
        "kind": reason.kind,
        "source": reason.source,
        "claim": reason.claim,
        "at": reason.at and reason.at.isoformat(),
        "weight": reason.weight,
        "points": reason.points,
        "count": reason.count,
    }


_WORDS = {"operational": "working", "degraded": "partly working", "down": "not working"}


def _why(verdict: Verdict) -> str:
    """One line for the history: the strongest claims for the new state, or what is missing."""
    claims = [reason for reason in verdict.reasons if reason.kind != PRIOR]
    if not claims:
        return "No recent evidence"
    if verdict.state == UNKNOWN:
        if len({reason.claim for reason in claims}) > 1:
            return "The evidence contradicts itself"
        return "Not enough recent evidence"
    agreeing = [reason for reason in claims if reason.claim == verdict.state] or claims
    return "; ".join(
        f"{reason.source}{f' ({reason.count})' if reason.count > 1 else ''}: {_WORDS[reason.claim]}"
        for reason in agreeing[:3]
    )
