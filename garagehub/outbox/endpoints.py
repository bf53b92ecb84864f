"""Endpoints: made, given a new secret, turned off and on, tried out, and what was sent to them."""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _

from garagehub.lib.errors import DomainError, NotFoundError
from garagehub.outbox import claims
from garagehub.outbox.models import Attempt, Endpoint, Message
from garagehub.outbox.nudging import nudge_after_commit
from garagehub.outbox.payloads import PingData
from garagehub.outbox.webhooks import new_secret, queue_event

OVERLAP: Final = timedelta(hours=24)
PING: Final = "ping"
_MAX_URL = 500


def create(*, url: str, at: datetime) -> Endpoint:
    """A new endpoint; its `secret` is to be shown this once.

    DomainError for an address that is not https, has a user or password in it, or names this machine or a private
    network. Names are looked up when a message is sent. Only the sandbox's own address may be a private one.
    """
    parts = _checked(url)
    return Endpoint.objects.create(url=url, is_internal=_is_sandbox(parts), secret=new_secret(), created_at=at)


def rotate(endpoint: Endpoint, *, at: datetime) -> str:
    """Answer a new secret. For a day the old one signs too, so that receivers can change over without a gap."""
    endpoint.previous_secret, endpoint.previous_until = endpoint.secret, at + OVERLAP
    endpoint.secret = new_secret()
    endpoint.save(update_fields=["secret", "previous_secret", "previous_until"])
    return endpoint.secret


def secrets_of(endpoint: Endpoint) -> list[str]:
    """The secrets its messages are signed with, or were before the last rotation."""
    return [secret for secret in (endpoint.secret, endpoint.previous_secret) if secret]


def turn_off(endpoint: Endpoint, *, at: datetime, by_admin: bool = False) -> None:
    """Send nothing more to it, until it is turned on again."""
    reason = Endpoint.Reason.ADMIN if by_admin else Endpoint.Reason.OWNER
    claims.disable(endpoint, reason=reason, at=at)
    endpoint.refresh_from_db()


def turn_on(endpoint: Endpoint) -> None:
    """Send to it again. What was given up meanwhile is not sent by itself: replay what is wanted."""
    Endpoint.objects.filter(pk=endpoint.pk).update(
        state=Endpoint.State.ACTIVE,
        reason="",
        disabled_at=None,
        owner_told_at=None,
        failing_since=None,
        paused_until=None,
    )
    endpoint.refresh_from_db()


@transaction.atomic
def ping(endpoint: Endpoint, *, at: datetime) -> UUID:
    """Send a message that says nothing, to try the endpoint out; answers its id. DomainError when it is disabled."""
    _end_pause(endpoint)
    data = PingData(endpoint=str(endpoint.pk))
    message_id = queue_event(endpoint=endpoint, event_type=PING, data=data, at=at)
    if message_id is None:
        raise _disabled()
    return message_id


def deliveries(endpoint: Endpoint) -> QuerySet[Message]:
    """What was sent to it, or waits; each with its attempts as `log`, newest first. In no order, to be paged."""
    log = Prefetch("log", Attempt.objects.order_by("-at", "-pk"))
    return Message.objects.filter(endpoint=endpoint).prefetch_related(log)


@transaction.atomic
def replay(endpoint: Endpoint, *, message_id: UUID, at: datetime) -> Message:
    """Send a message again, under the same id; its schedule begins anew.

    NotFoundError for another endpoint's message; DomainError when what it said is deleted, or the endpoint is disabled.
    One that waits is made due at once.
    """
    message = Message.objects.select_for_update(no_key=True).filter(endpoint=endpoint, pk=message_id).first()
    if message is None:
        raise NotFoundError(_("There is no such message."), code="message_not_found")
    if message.purged_at is not None:
        raise DomainError(_("This message is too old to be sent again."), code="message_purged")
    if endpoint.state != Endpoint.State.ACTIVE:
        raise _disabled()
    _end_pause(endpoint)
    # A worker may be sending it at this moment: its lease stays, and the next attempt comes after it.
    message.state, message.attempts, message.due_at, message.ended_at = Message.State.QUEUED, 0, at, None
    message.save(update_fields=["state", "attempts", "due_at", "ended_at"])
    nudge_after_commit(Message.Channel.WEBHOOK)
    return message


def newly_disabled() -> QuerySet[Endpoint]:
    """Those we disabled and whose owners are not told yet; locked until the transaction ends, skipping others' locks."""
    ours = [Endpoint.Reason.GONE, Endpoint.Reason.FAILING]
    found = Endpoint.objects.filter(state=Endpoint.State.DISABLED, owner_told_at=None, reason__in=ours)
    return found.select_for_update(skip_locked=True).order_by("disabled_at", "pk")


def mark_told(endpoint: Endpoint, *, at: datetime) -> None:
    """Its owners are told that it was disabled."""
    Endpoint.objects.filter(pk=endpoint.pk).update(owner_told_at=at)


def _end_pause(endpoint: Endpoint) -> None:
    Endpoint.objects.filter(pk=endpoint.pk).update(paused_until=None)


def _disabled() -> DomainError:
    return DomainError(_("This webhook is turned off. Turn it on first."), code="webhook_disabled")


def _checked(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise _bad_url(_("This is not a web address.")) from None
    if not host or len(url) > _MAX_URL or not url.isascii() or not url.isprintable() or " " in url or parts.fragment:
        raise _bad_url(_("This is not a web address."))
    if parts.username or parts.password:
        raise _bad_url(_("Leave user and password out of the address: messages are signed instead."))
    if _is_sandbox(parts):
        return parts
    if parts.scheme != "https":
        raise _bad_url(_("The address must begin with https://."))
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")) or _is_private(host):
        raise _bad_url(_("The address must be one that others on the internet can reach."))
    return parts


def _bad_url(message: str) -> DomainError:
    return DomainError(message, code="bad_webhook_url", fields={"url": [message]})


def _is_private(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False


def _is_sandbox(parts: SplitResult) -> bool:
    ours = urlsplit(settings.SANDBOX_URL)
    return bool(ours.netloc) and (parts.scheme, parts.netloc) == (ours.scheme, ours.netloc)
