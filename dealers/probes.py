"""Automatic checks: ask each dealer's systems whether they work, and keep the answers as evidence."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from dealers import evidence
from dealers.models import Evidence, Probe
from dealers.status import DEGRADED, DOWN, NO_ANSWER_TRUST, OPERATIONAL
from garagehub.lib.http import OutboundError, open_url

THREADS = 16
CONNECT_S, READ_S, TOTAL_S = 2, 3, 5
MAX_BYTES = 10_000
LIMIT = 100  # per run: even if each one hangs, 16 threads are done with them within the lease
LEASE = timedelta(seconds=60)  # how long a claimed check stays another worker's, should this one die
RETRY_S = 15  # a new result is asked about again soon, until it is settled
SETTLED = 3
JITTER = 0.1
OUR_PATH_LEAST, OUR_PATH_SHARE = 5, 0.5  # so much silence in one round is our own line, not the dealers'
MAX_STREAK = 1_000

_CLAIMS = {"ok": OPERATIONAL, "degraded": DEGRADED, "down": DOWN}


@dataclass(frozen=True, slots=True)
class Answer:
    """What one check found: a claim, or None when the answer says nothing; `is_silent` when nobody answered."""

    claim: str | None
    text: str
    is_silent: bool = False


def run_due(*, at: datetime, limit: int = LIMIT) -> int:
    """Run the checks that are due, at most `limit`; store what they found, judge again, and answer how many ran.

    Checks are claimed by one conditional UPDATE, so that two workers never run the same one; a claim that is not
    finished lapses. Only the calling thread uses the database.
    """
    claimed = _claim_due(at=at, limit=limit)
    if not claimed:
        return 0
    with ThreadPoolExecutor(max_workers=min(THREADS, len(claimed)), thread_name_prefix="probe") as pool:
        answers = list(pool.map(ask, claimed))
    silent = sum(answer.is_silent for answer in answers)
    is_our_path = silent >= OUR_PATH_LEAST and silent > OUR_PATH_SHARE * len(answers)
    claims = [
        claim
        for probe, answer in zip(claimed, answers, strict=True)
        if (claim := _settle(probe, answer, at=at, is_our_path=is_our_path))
    ]
    Probe.objects.bulk_update(claimed, ["next_at", "last_at", "last_result", "last_claim", "streak"])
    evidence.record(claims)
    if claims:
        evidence.recompute({claim.dealer_id for claim in claims}, at=at)
    return len(claimed)


def run_now(probes: Iterable[Probe], *, at: datetime) -> int:
    """Make these checks due at once, and run what is due; answers how many ran."""
    Probe.objects.filter(pk__in=[probe.pk for probe in probes]).update(next_at=at)
    return run_due(at=at)


def _claim_due(*, at: datetime, limit: int) -> list[Probe]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE dealers_probe AS mine
               SET next_at = %(until)s
             WHERE mine.next_at <= %(at)s
               AND mine.id IN (SELECT probe.id
                                 FROM dealers_probe AS probe
                                 JOIN dealers_dealer AS dealer ON dealer.id = probe.dealer_id AND dealer.is_active
                                WHERE probe.is_enabled AND probe.next_at <= %(at)s
                                ORDER BY probe.next_at, probe.id
                                LIMIT %(limit)s)
            RETURNING mine.id
            """,
            {"at": at, "until": at + LEASE, "limit": limit},
        )
        claimed = [row[0] for row in cursor.fetchall()]
    return list(Probe.objects.filter(pk__in=claimed).order_by("pk"))


def ask(probe: Probe) -> Answer:
    """Ask one address. 200 with a known `status` word is that; any 5xx is down; other answers say nothing."""
    try:
        with open_url(
            "GET",
            probe.url,
            is_internal=probe.is_internal,
            connect_s=CONNECT_S,
            read_s=READ_S,
            total_s=TOTAL_S,
            max_bytes=MAX_BYTES,
        ) as body:
            if body.status >= 500:  # noqa: PLR2004 - HTTP's server errors
                return Answer(DOWN, f"down (answered {body.status})")
            if body.status != 200:  # noqa: PLR2004 - HTTP's plain success
                return Answer(None, f"no use: answered {body.status}")
            return _understand(body.read())
    except OutboundError as error:
        return Answer(None if error.permanent else DOWN, f"no answer: {error}"[:200], is_silent=not error.permanent)


def _understand(body: bytes) -> Answer:
    try:
        word = json.loads(body)["status"]
        claim = _CLAIMS[word]
    except (ValueError, TypeError, KeyError, RecursionError):
        return Answer(None, "no use: the answer has no status we know")
    return Answer(claim, claim)


def _settle(probe: Probe, answer: Answer, *, at: datetime, is_our_path: bool) -> evidence.Claim | None:
    """Write the answer on the probe, plan its next run, and give the evidence in it, if any."""
    counts = answer.claim is not None and not (answer.is_silent and is_our_path)
    probe.last_at = at
    probe.last_result = f"our own line: {answer.text}"[:200] if answer.is_silent and is_our_path else answer.text
    if counts:
        probe.streak = min(probe.streak + 1, MAX_STREAK) if probe.last_claim == _kept(answer) else 1
        probe.last_claim = _kept(answer)
    probe.next_at = at + timedelta(seconds=_wait_s(probe, is_settled=not counts or probe.streak >= SETTLED))
    if not counts or answer.claim is None:
        return None
    return evidence.Claim(
        dealer_id=probe.dealer_id,
        system=probe.system,
        kind=Evidence.Kind.PROBE,
        source="probe",
        claim=answer.claim,
        observed_at=at,
        trust=NO_ANSWER_TRUST if answer.is_silent else None,
        repeats=probe.streak,
    )


def _kept(answer: Answer) -> str:
    """What a streak is counted in: silence is not the same as an answer that says down."""
    return "silent" if answer.is_silent else str(answer.claim)


def _wait_s(probe: Probe, *, is_settled: bool) -> float:
    base = probe.interval_s if is_settled else min(probe.interval_s, RETRY_S)
    return base * random.uniform(1 - JITTER, 1 + JITTER)
