"""Asks a worker, after the commit, to deliver at once. Only a nudge: the rows are the truth and the beat finds them."""

from __future__ import annotations

import logging
import threading
import time
from typing import Final

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from garagehub.outbox.models import Message

logger = logging.getLogger(__name__)

TASKS: Final = {
    Message.Channel.EMAIL: "garagehub.outbox.tasks.deliver_mail",
    Message.Channel.WEBHOOK: "garagehub.outbox.tasks.deliver_webhooks",
}
LEAST_PAUSE_S = 1.0  # a transaction that writes hundreds of messages nudges once
PAUSE_AFTER_FAILURE_S = 30.0  # no more threads than one at a time wait for a Redis that hangs

_asks_again_at: dict[str, float] = {}


def nudge_after_commit(channel: str) -> None:
    """Have this channel's messages delivered once the transaction is committed."""
    transaction.on_commit(lambda: _nudge(channel))


def _nudge(channel: str) -> None:
    now = time.monotonic()
    if now < _asks_again_at.get(channel, 0.0):
        return
    _asks_again_at[channel] = now + LEAST_PAUSE_S
    # Beside the caller: a Redis that hangs must not cost the request its time-out.
    threading.Thread(target=_send, args=(channel,), name="outbox-nudge", daemon=True).start()


def _send(channel: str) -> None:
    try:
        current_app.send_task(TASKS[Message.Channel(channel)], retry=False, ignore_result=True, expires=60)
    except (OperationalError, RedisError, OSError):
        _asks_again_at[channel] = time.monotonic() + PAUSE_AFTER_FAILURE_S
        logger.warning("Redis is not answering; the next sweep delivers what was just written")
