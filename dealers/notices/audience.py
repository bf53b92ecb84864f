"""Who hears of what has a scope: of the subscribers those it concerns, of the webhooks those that want it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from dealers.models import Dealer, Event, Incident, Maintenance, Make, Subscriber, Subscription, System, Webhook
from garagehub.lib.geography import REGION_NAMES, REGION_SLUGS
from garagehub.outbox.webhooks import queue_event


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What something concerns: all that is in one of each; empty, or None, means all. `incident_id` is its incident."""

    make: Make | None
    systems: Collection[str]
    regions: Collection[int]
    dealer_ids: Collection[int]
    incident_id: int | None

    def __str__(self) -> str:
        """In words."""
        systems = ", ".join(str(System(system).label) for system in self.systems) or _("Every system")
        make = self.make.name.title() if self.make else _("every make")
        where = ", ".join(_(REGION_NAMES[region]) for region in self.regions) or _("the whole United Kingdom")
        words = {"systems": systems, "make": make, "where": where, "count": len(self.dealer_ids)}
        if self.dealer_ids:
            return _("%(systems)s, %(make)s, at %(count)s dealers in %(where)s") % words
        return _("%(systems)s, %(make)s, in %(where)s") % words

    @property
    def region_slugs(self) -> list[str]:
        """The regions as the API spells them; empty means all."""
        return [REGION_SLUGS[region] for region in self.regions if region in REGION_SLUGS]


def scope_of(row: Incident | Maintenance) -> Scope:
    """The row's scope. What a wave of restoration leaves open is as its incident has it."""
    incident = row if isinstance(row, Incident) else row.incident
    own = [row, incident] if incident and incident is not row else [row]
    named = [{place.pk for place in one.dealers.all()} for one in own]
    return Scope(
        make=next((one.make for one in own if one.make), None),
        systems=next((one.systems for one in own if one.systems), []),
        regions=next((one.regions for one in own if one.regions), []),
        dealer_ids=next(filter(None, named), set()),
        incident_id=incident.pk if incident else None,
    )


def readers() -> dict[Subscriber, list[Subscription]]:
    """Who confirmed, and what each asked for."""
    found: dict[Subscriber, list[Subscription]] = defaultdict(list)
    confirmed = Subscription.objects.filter(confirmed_at__isnull=False).select_related("subscriber", "dealer")
    for row in confirmed.prefetch_related("dealer__makes").order_by("subscriber_id", "pk"):
        found[row.subscriber].append(row)
    return dict(found)


def concerns(asked: Iterable[Subscription], scope: Scope) -> bool:
    """Whether one of these subscriptions of a reader asks for what has this scope."""
    return any(_asks_for(subscription, scope) for subscription in asked)


def _asks_for(subscription: Subscription, scope: Scope) -> bool:
    if subscription.incident_id:
        return subscription.incident_id == scope.incident_id
    if subscription.dealer:
        return _holds(scope, subscription.dealer)
    if subscription.make_id:
        return scope.make is None or scope.make.pk == subscription.make_id
    return not subscription.system or not scope.systems or subscription.system in scope.systems


def _holds(scope: Scope, dealer: Dealer) -> bool:
    """As `Scoped.touching` asks it of the database."""
    in_make = scope.make is None or scope.make in dealer.makes.all()
    in_region = not scope.regions or dealer.region in scope.regions
    return in_make and in_region and (not scope.dealer_ids or dealer.pk in scope.dealer_ids)


def webhooks() -> list[Webhook]:
    """All there are, with endpoint and makes."""
    return list(Webhook.objects.select_related("endpoint").prefetch_related("makes").order_by("pk"))


def makes_of(webhook: Webhook) -> set[int]:
    """The makes it wants to hear of; none means all."""
    return {make.pk for make in webhook.makes.all()}


def wants(webhook: Webhook, event: Event, scope: Scope) -> bool:
    """Whether the webhook is to be told of this event with this scope."""
    makes = makes_of(webhook)
    return webhook.wants(event) and (not makes or scope.make is None or scope.make.pk in makes)


def post(webhook: Webhook, event: Event, data: Mapping[str, Any], *, at: datetime) -> bool:
    """Write the event for the webhook; False where that is turned off. `at` is when it happened."""
    return queue_event(endpoint=webhook.endpoint, event_type=event.value, data=data, at=at) is not None
