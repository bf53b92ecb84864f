"""Whose turn it is to deliver a message. A claim is a lease: a worker that dies loses nothing but a little time.

While a lease runs nobody else delivers the message. Should a worker die after the other side took the message and
before that was written down, the message goes out once more, under the same id.
"""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from garagehub.lib.lock import LockKind, wait_for_lock
from garagehub.outbox.models import Attempt, Endpoint, Message
from garagehub.outbox.schedule import EMAIL_WAITS, WEBHOOK_WAITS, wait_after

LEASE = timedelta(seconds=120)  # longer than WORK_S of delivery.py and the longest single attempt together
LONGEST_OWN_PAUSE = timedelta(minutes=5)
FAILING_FOR = timedelta(days=3)  # a little less than the whole schedule: no delivery, and a message ran out of attempts


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one attempt. `asked` is the wait the other side wants; `is_gone`, that it wants no more at all."""

    outcome: Attempt.Outcome
    status: int | None = None
    detail: str = ""
    took_ms: int = 0
    asked: timedelta = timedelta()
    is_gone: bool = False


def claim_mail(*, at: datetime, limit: int) -> list[Message]:
    """Take up to `limit` e-mails that are due, oldest first."""
    return _claim(
        """
        SELECT id FROM outbox_message
         WHERE channel = 'email' AND state = 'queued' AND due_at <= %(at)s
           AND (claimed_until IS NULL OR claimed_until <= %(at)s)
         ORDER BY due_at, id
         LIMIT %(limit)s
        """,
        at=at,
        limit=limit,
    )


def claim_webhooks(*, at: datetime, limit: int) -> list[Message]:
    """Take up to `limit` webhooks that are due, at most one per endpoint, which is asked one thing at a time."""
    return _claim(
        """
        SELECT DISTINCT ON (waiting.endpoint_id) waiting.id
          FROM outbox_message AS waiting
          JOIN outbox_endpoint AS endpoint
            ON endpoint.id = waiting.endpoint_id AND endpoint.state = 'active'
           AND (endpoint.paused_until IS NULL OR endpoint.paused_until <= %(at)s)
         WHERE waiting.channel = 'webhook' AND waiting.state = 'queued' AND waiting.due_at <= %(at)s
           AND NOT EXISTS (SELECT FROM outbox_message AS flying
                            WHERE flying.endpoint_id = waiting.endpoint_id AND flying.channel = 'webhook'
                              AND flying.state = 'queued' AND flying.claimed_until > %(at)s)
         ORDER BY waiting.endpoint_id, waiting.due_at, waiting.id
         LIMIT %(limit)s
        """,
        at=at,
        limit=limit,
    )


@transaction.atomic
def _claim(due: str, *, at: datetime, limit: int) -> list[Message]:
    wait_for_lock(LockKind.OUTBOX)  # one claims at a time, so that no two can hold the same message or endpoint
    mine = uuid.uuid4()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE outbox_message SET claim = %(mine)s, claimed_until = %(until)s
             WHERE state = 'queued' AND id IN ({due})
            RETURNING id
            """,
            {"at": at, "until": at + LEASE, "limit": limit, "mine": mine},
        )
        claimed = [row[0] for row in cursor.fetchall()]
    return list(Message.objects.filter(pk__in=claimed).select_related("endpoint").order_by("due_at", "id"))


def release(messages: list[Message], *, at: datetime, wait: timedelta = timedelta()) -> None:
    """Give back what was claimed and not tried, to be taken again after `wait`. It does not count as an attempt."""
    for message in messages:
        Message.objects.filter(pk=message.pk, claim=message.claim).update(
            claim=None, claimed_until=None, due_at=max(message.due_at, at + wait)
        )


@transaction.atomic
def settle(message: Message, result: Result, *, at: datetime) -> None:
    """Write down what came of an attempt: sent, to be tried again, or given up; and what it says of the endpoint."""
    Attempt.objects.create(
        message=message,
        at=at,
        outcome=result.outcome,
        status=result.status,
        detail=result.detail[:200],
        took_ms=result.took_ms,
    )
    rows = Message.objects.filter(pk=message.pk, state=Message.State.QUEUED)
    attempts = message.attempts + 1
    if result.outcome == Attempt.Outcome.DELIVERED:
        # True even when the lease ran out meanwhile and another worker holds the message now.
        rows.update(
            state=Message.State.SENT, attempts=attempts, sent_at=at, ended_at=at, claim=None, claimed_until=None
        )
        wait = None
    else:
        wait = _wait(message, result, attempts=attempts)
        ending = {"state": Message.State.FAILED, "ended_at": at} if wait is None else {"due_at": at + wait}
        rows.filter(claim=message.claim).update(attempts=attempts, claim=None, claimed_until=None, **ending)
    if message.endpoint_id is not None:
        endpoint = Endpoint.objects.select_for_update(no_key=True).get(pk=message.endpoint_id)
        _note(endpoint, result, wait=wait, at=at)


def _wait(message: Message, result: Result, *, attempts: int) -> timedelta | None:
    if result.outcome == Attempt.Outcome.REFUSED:
        return None
    waits = EMAIL_WAITS if message.channel == Message.Channel.EMAIL else WEBHOOK_WAITS
    return wait_after(waits, attempts=attempts, chance=random.random, asked=result.asked)


def _note(endpoint: Endpoint, result: Result, *, wait: timedelta | None, at: datetime) -> None:
    if result.outcome == Attempt.Outcome.DELIVERED:
        endpoint.failing_since, endpoint.paused_until, endpoint.last_success_at = None, None, at
        endpoint.save(update_fields=["failing_since", "paused_until", "last_success_at"])
        return
    endpoint.failing_since = endpoint.failing_since or at
    # Its other messages wait too: as long as it asked for, or a little, so that one that hangs takes no thread for ever.
    endpoint.paused_until = at + max(result.asked, min(wait or timedelta(), LONGEST_OWN_PAUSE))
    endpoint.save(update_fields=["failing_since", "paused_until"])
    if result.is_gone:
        disable(endpoint, reason=Endpoint.Reason.GONE, at=at)
    elif wait is None and at - endpoint.failing_since >= FAILING_FOR:
        disable(endpoint, reason=Endpoint.Reason.FAILING, at=at)


def disable(endpoint: Endpoint, *, reason: str, at: datetime) -> None:
    """Send nothing more to the endpoint. What was waiting is given up; its owner can have it sent again."""
    changed = Endpoint.objects.filter(pk=endpoint.pk, state=Endpoint.State.ACTIVE).update(
        state=Endpoint.State.DISABLED, reason=reason, disabled_at=at, owner_told_at=None
    )
    if changed:
        Message.objects.filter(endpoint=endpoint, state=Message.State.QUEUED).update(
            state=Message.State.FAILED, ended_at=at, claim=None, claimed_until=None
        )
