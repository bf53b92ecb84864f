"""Subscriptions by e-mail: asked for, confirmed by the address's owner, ended with one click, and then forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from dealers.access import visible_dealers
from dealers.models import Incident, Make, Subscriber, Subscription, System
from dealers.notices import letters, tokens
from garagehub.accounts.strangers import checked_email, may_write_to, take_turn_of_place
from garagehub.lib.errors import NotFoundError
from garagehub.outbox.mail import Letter, queue_emails


@dataclass(frozen=True, slots=True)
class About:
    """What somebody wants to hear of: one of these, or nothing for everything. Written as `make:land-rover`."""

    kind: str = ""
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> About:
        """From `make:…`, `dealer:…`, `system:…`, `incident:…` or nothing."""
        kind, _colon, name = text.partition(":")
        return cls(kind, name)

    def fields(self) -> dict[str, Any]:
        """The subscription's fields; NotFoundError for what is not there or not public."""
        found: Any
        match self.kind:
            case "":
                return {}
            case "system":
                return {"system": self.name} if self.name in System.values else self._missing()
            case "make":
                found = Make.objects.filter(slug=self.name).first()
            case "dealer":
                found = visible_dealers().filter(slug=self.name).first()
            case "incident":
                found = Incident.objects.published().filter(slug=self.name).first()
            case _:
                found = None
        return {self.kind: found} if found else self._missing()

    @staticmethod
    def _missing() -> dict[str, Any]:
        raise NotFoundError(_("There is nothing here to subscribe to."), code="subject_not_found")


def subscribe(*, email: str, about: About, language: str, address: str, at: datetime) -> None:
    """Send a link to confirm with. Nothing else is ever sent to an address that did not confirm.

    The answer is the same whoever asks for whatever address, so that nobody learns who is subscribed. `address` is the
    network address of who asks; `language`, a code of `LANGUAGES`, is what every letter is written in. DomainError for
    what is no e-mail address, TooManyError for too many tries.
    """
    email = checked_email(email)
    take_turn_of_place(address, at=at)
    fields = about.fields()
    if not may_write_to(email, at=at):
        return
    with transaction.atomic():
        queue_emails([_asked(email, fields, language=language, at=at)], kind="subscription.confirm", at=at)


def _asked(email: str, fields: dict[str, Any], *, language: str, at: datetime) -> Letter:
    fresh = {"created_at": at, "language": language}
    subscriber, _new = Subscriber.objects.get_or_create(email=email, defaults=fresh)
    if subscriber.language != language and not confirmed(subscriber):  # later it is not for whoever types the address
        subscriber.language = language
        subscriber.save(update_fields=["language"])
    whole = {"make": None, "dealer": None, "incident": None, "system": ""} | fields
    subscription, is_new = Subscription.objects.get_or_create(
        subscriber=subscriber, **whole, defaults={"created_at": at}
    )
    if subscription.confirmed_at is not None:
        return letters.already(subscription)
    if not is_new:
        Subscription.objects.filter(pk=subscription.pk).update(created_at=at)
    return letters.confirm(subscription)


def waiting(token: str) -> Subscription:
    """The subscription that this link is to confirm, or has confirmed; NotFoundError when it is too late."""
    rows = Subscription.objects.select_related("subscriber", "make", "dealer", "incident")
    subscription = tokens.CONFIRMING.find(token, rows)
    if subscription is None:
        raise NotFoundError(
            _("This link no longer works. Links end after two days. Subscribe once more to get a new one."),
            code="link_not_valid",
        )
    return subscription


def confirm(token: str, *, at: datetime) -> Subscription:
    """From now on its subscriber is told. Confirming twice changes nothing. NotFoundError as for `waiting`."""
    subscription = waiting(token)
    if subscription.confirmed_at is None:
        Subscription.objects.filter(pk=subscription.pk, confirmed_at=None).update(confirmed_at=at)
        subscription.confirmed_at = at
    return subscription


def subscriber(token: str) -> Subscriber:
    """Whose e-mails this link manages; NotFoundError for a link that is not ours, or whose reader has left."""
    found = tokens.MANAGING.find(token, Subscriber.objects.all())
    if found is None:
        raise _not_subscribed()
    return found


def _not_subscribed() -> NotFoundError:
    return NotFoundError(_("There are no e-mails to stop: this address is not subscribed."), code="not_subscribed")


def confirmed(reader: Subscriber) -> list[Subscription]:
    """What the reader is told of, oldest first."""
    rows = reader.subscriptions.filter(confirmed_at__isnull=False).select_related("make", "dealer", "incident")
    return list(rows.order_by("pk"))


def end_all(token: str) -> None:
    """Send nothing more, and forget the address at once. Twice does no harm. NotFoundError for a link that is not ours."""
    public_id = tokens.MANAGING.read(token)
    if public_id is None:
        raise _not_subscribed()
    Subscriber.objects.filter(public_id=public_id).delete()


def end_one(token: str, *, public_id: UUID) -> bool:
    """End one subscription; says whether the reader is told of anything else. NotFoundError as for `subscriber`."""
    reader = subscriber(token)
    reader.subscriptions.filter(public_id=public_id).delete()
    return reader.subscriptions.filter(confirmed_at__isnull=False).exists()


@transaction.atomic
def sweep(*, at: datetime) -> int:
    """Forget what was not confirmed in time, and addresses with nothing left; answers how many addresses."""
    Subscription.objects.filter(confirmed_at=None, created_at__lt=at - tokens.CONFIRM_WITHIN).delete()
    # A new subscriber gets its subscription in the same transaction, so none is caught between.
    return Subscriber.objects.filter(subscriptions=None).delete()[1].get("dealers.Subscriber", 0)
