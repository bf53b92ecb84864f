"""Delivers what is due. Each message is claimed, sent and settled by itself: whatever dies, the rest stays as it was."""

from __future__ import annotations

import contextlib
import logging
import smtplib
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend

from garagehub.outbox import claims, smtp, webhooks
from garagehub.outbox.claims import Result
from garagehub.outbox.models import Attempt, Message

logger = logging.getLogger(__name__)

RUN_S = 45  # then another run goes on, so that no worker is taken for long
WORK_S = 60  # after that much of its lease a batch is not gone on with
MAILS, HOOKS = 20, 16
SERVER_AWAY_WAIT = timedelta(seconds=30)


class _Watch:
    """The time: `at`, and what has passed since."""

    def __init__(self, at: datetime) -> None:
        self._at = at
        self._started = time.monotonic()

    def passed_s(self) -> float:
        return time.monotonic() - self._started

    def now(self) -> datetime:
        return self._at + timedelta(seconds=self.passed_s())


def deliver_mail(*, at: datetime) -> int:
    """Send the e-mails that are due, for at most about a minute; answers how many were sent."""
    if not settings.EMAIL_HOST:
        return 0
    watch, sent = _Watch(at), 0
    backend: BaseEmailBackend = get_connection()
    with contextlib.closing(backend):
        while watch.passed_s() < RUN_S:
            batch = claims.claim_mail(at=watch.now(), limit=MAILS)
            if not batch:
                break
            try:
                sent += _send_batch(batch, backend, watch)
            except smtp.MailServerAwayError as error:
                logger.warning("The mail server is not answering (%s); messages wait", error)
                break
    return sent


def _send_batch(batch: list[Message], backend: BaseEmailBackend, watch: _Watch) -> int:
    sent, started = 0, watch.passed_s()
    for number, message in enumerate(batch):
        if watch.passed_s() - started > WORK_S:
            claims.release(batch[number:], at=watch.now())
            break
        try:
            smtp.connect(backend)  # does nothing while a connection stands
        except smtp.MailServerAwayError:
            claims.release(batch[number:], at=watch.now(), wait=SERVER_AWAY_WAIT)
            raise
        result = smtp.send(message, backend)
        claims.settle(message, result, at=watch.now())
        if result.outcome == Attempt.Outcome.DELIVERED:
            sent += 1
        else:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                backend.close()  # a connection that refused something starts afresh
    return sent


def deliver_webhooks(*, at: datetime) -> int:
    """Post the webhooks that are due, for at most about a minute; answers how many were taken.

    Many endpoints at once, each one message at a time: one that hangs keeps nobody else waiting for long. Only the
    calling thread uses the database.
    """
    watch, taken = _Watch(at), 0
    with ThreadPoolExecutor(max_workers=HOOKS, thread_name_prefix="webhook") as pool:
        while watch.passed_s() < RUN_S:
            batch = claims.claim_webhooks(at=watch.now(), limit=HOOKS)
            if not batch:
                break
            for message, result in _post_all(batch, pool, watch):
                claims.settle(message, result, at=watch.now())
                taken += result.outcome == Attempt.Outcome.DELIVERED
    return taken


def _post_all(batch: list[Message], pool: ThreadPoolExecutor, watch: _Watch) -> Iterator[tuple[Message, Result]]:
    """Each message with its result, as they come in."""
    now = watch.now()
    flying: dict[Future[Result], Message] = {pool.submit(webhooks.post, message, at=now): message for message in batch}
    for done in as_completed(flying):
        yield flying[done], done.result()
