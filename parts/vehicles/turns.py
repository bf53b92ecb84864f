"""Whose turn it is to ask an authority: one budget and one circuit breaker for all workers, a row each.

DVSA allows 15 requests a second on average and bursts of 10, 500,000 a day. The row is a leaky bucket kept as the time
at which the next request would be on schedule (GCRA); a burst is how far ahead of the schedule one may be. PostgreSQL
keeps it, so the budget holds when Redis does not.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import F

from parts.vehicles.dvsa import AuthorityError
from parts.vehicles.models import Authority

GAP = timedelta(seconds=1 / 15)
BURST = 10
# What nobody waits for leaves this much of a burst to those who do.
RESERVED = 5

FAILURES_TO_OPEN = 5
SHORTEST_PAUSE_S = 15
LONGEST_PAUSE_S = 300
# One request finds out whether a closed authority answers again; the others wait this long for its result.
PROBE = timedelta(seconds=10)

_TAKE = """
INSERT INTO parts_authority AS a (name, next_at, failures) VALUES (%(name)s, %(at)s::timestamptz + %(gap)s, 0)
ON CONFLICT (name) DO UPDATE
    SET next_at = greatest(a.next_at, %(at)s) + %(gap)s,
        closed_until = CASE WHEN a.closed_until IS NOT NULL THEN %(at)s::timestamptz + %(probe)s END
    WHERE a.next_at <= %(at)s::timestamptz + %(ahead)s AND coalesce(a.closed_until, '-infinity') <= %(at)s
RETURNING true
"""


def take_turn(name: Authority.Name, *, at: datetime, is_waited_for: bool = True) -> None:
    """Count one request. Raises AuthorityError with the wait when the budget is used up or the authority is failing."""
    ahead = GAP * (BURST - 1 - (0 if is_waited_for else RESERVED))
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"name": name.value, "at": at, "gap": GAP, "probe": PROBE, "ahead": ahead}
        cursor.execute(_TAKE, values)
        if cursor.fetchone():
            return
    closed_until = Authority.objects.get(name=name).closed_until
    if closed_until and closed_until > at:
        wait_s = int((closed_until - at).total_seconds()) + 1
        raise AuthorityError(f"{name.label} is not answering.", retry_after_s=wait_s)
    raise AuthorityError(f"Too many look-ups at {name.label} at once.", retry_after_s=1)


def note_answer(name: Authority.Name) -> None:
    """An answer of any content: the authority works."""
    Authority.objects.filter(name=name).exclude(failures=0, closed_until=None).update(failures=0, closed_until=None)


def note_failure(name: Authority.Name, error: AuthorityError, *, at: datetime) -> None:
    """No answer. After a few in a row, or when it said how long to wait, nobody asks for a while."""
    Authority.objects.filter(name=name).update(failures=F("failures") + 1)
    failures = Authority.objects.get(name=name).failures
    pause_s = error.retry_after_s
    if pause_s is None and failures >= FAILURES_TO_OPEN:
        pause_s = min(SHORTEST_PAUSE_S * 2 ** (failures - FAILURES_TO_OPEN), LONGEST_PAUSE_S)
    closed_until = at + timedelta(seconds=pause_s) if pause_s else None
    Authority.objects.filter(name=name).update(closed_until=closed_until)
