"""Dealers' webhooks: made, found, deleted, and their owners told when one had to be turned off."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from dealers.access import owners_of
from dealers.models import Dealer, Event, Make, Webhook
from garagehub.lib.errors import DomainError, NotFoundError
from garagehub.outbox import endpoints
from garagehub.outbox.mail import queue_email
from garagehub.outbox.models import Endpoint

MOST_PER_DEALER = 10


def of(dealer: Dealer) -> QuerySet[Webhook]:
    """The dealer's webhooks with endpoint and makes, oldest first."""
    return Webhook.objects.filter(dealer=dealer).select_related("endpoint").prefetch_related("makes").order_by("pk")


def get(dealer: Dealer, public_id: UUID) -> Webhook:
    """The dealer's webhook with this id; NotFoundError for none, and for another dealer's."""
    found = of(dealer).filter(endpoint_id=public_id).first()
    if found is None:
        raise NotFoundError(_("There is no such webhook."), code="webhook_not_found")
    return found


@transaction.atomic
def create(
    *,
    dealer: Dealer,
    name: str,
    url: str,
    at: datetime,
    events: Collection[str] = (),
    makes: Collection[str] = (),
    by: Any = None,
) -> Webhook:
    """A new webhook; `endpoint.secret` is to be shown this once. No events or no makes (slugs) named means all.

    DomainError for an address that is none, events or makes nobody knows, and one webhook too many.
    """
    Dealer.objects.select_for_update(no_key=True).get(pk=dealer.pk)  # two at once must not both be the tenth
    if Webhook.objects.filter(dealer=dealer).count() >= MOST_PER_DEALER:
        raise DomainError(
            _("You have %(most)s webhooks, which is the most. Delete one first.") % {"most": MOST_PER_DEALER},
            code="too_many_webhooks",
        )
    unknown = sorted(set(events) - set(Event.values))
    if unknown:
        raise _unknown("events", unknown)
    rows = list(Make.objects.filter(slug__in=makes))
    missing = sorted(set(makes) - {row.slug for row in rows})
    if missing:
        raise _unknown("makes", missing)
    endpoint = endpoints.create(url=url, at=at)
    webhook = Webhook.objects.create(
        dealer=dealer, endpoint=endpoint, name=name, events=sorted(set(events)), created_at=at, created_by=by
    )
    webhook.makes.set(rows)
    return webhook


def delete(webhook: Webhook) -> None:
    """Send nothing more, and forget the address, the secret and the log."""
    webhook.endpoint.delete()


@transaction.atomic
def tell_owners(*, at: datetime) -> int:
    """Write to the owners of webhooks that we turned off since last asked; answers how many webhooks."""
    disabled = list(endpoints.newly_disabled())
    webhooks = {
        row.endpoint_id: row
        for row in Webhook.objects.filter(endpoint__in=disabled).select_related("dealer", "endpoint")
    }
    for endpoint in disabled:
        webhook = webhooks.get(endpoint.pk)
        if webhook is not None:
            _write_to_owners(webhook, at=at)
        endpoints.mark_told(endpoint, at=at)
    return len(disabled)


def delete_orphans() -> int:
    """Delete endpoints whose dealer went, with their addresses and secrets; answers how many."""
    return Endpoint.objects.filter(webhook=None).delete()[1].get("outbox.Endpoint", 0)


def _write_to_owners(webhook: Webhook, *, at: datetime) -> None:
    subject = _("Your webhook “%(name)s” was turned off") % {"name": webhook.name}
    text = _(
        "GarageHub turned off the webhook “%(name)s” of %(dealer)s.\n\n"
        "Why: %(reason)s.\n\n"
        "Nothing more is sent to it. Once your side works, turn it on again and have sent again what you missed:\n"
        "%(link)s\n"
    ) % {
        "name": webhook.name,
        "dealer": webhook.dealer.name,
        "reason": webhook.endpoint.get_reason_display(),
        "link": f"{settings.SITE_URL}/garage/webhooks/{webhook.endpoint_id}/",
    }
    for membership in owners_of(webhook.dealer).select_related("user"):
        queue_email(to=membership.user.email, subject=subject, text=text, kind="webhook.disabled", at=at)


def _unknown(field: str, values: list[str]) -> DomainError:
    message = _("Nobody knows: %(values)s.") % {"values": ", ".join(value[:40] for value in values[:5])}
    return DomainError(message, code=f"unknown_{field}", fields={field: [message]})
