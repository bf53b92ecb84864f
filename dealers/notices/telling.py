"""Tells of what changed: one transaction writes the messages and marks the changes as told.

A change carries its own mark from the moment it is committed, so none is overlooked, however late its transaction ended.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from dealers.models import Dealer, Event, Make, StatusChange, Subscription
from dealers.notices import audience, bulletins, letters, news, subscriptions, webhooks
from dealers.notices.news import Background, Digest, Item, Move, News
from dealers.notices.payloads import StatusChangedData, StatusDigestData
from garagehub.lib.lock import LockKind, wait_for_lock
from garagehub.outbox.mail import queue_emails

MOST_AT_ONCE = 5_000  # changes in one transaction; the next run goes on


@transaction.atomic
def tell(*, at: datetime) -> int:
    """Write e-mails and webhooks about status changes, and updates of incidents and planned work, untold so far.

    Answers how many messages.
    """
    wait_for_lock(LockKind.TELLING)
    return _tell_statuses(at=at) + bulletins.tell_incidents(at=at) + bulletins.tell_planned(at=at)


def forget(*, at: datetime) -> None:
    """Delete addresses that nobody confirmed in time, and endpoints that nobody has any more."""
    subscriptions.sweep(at=at)
    webhooks.delete_orphans()


def _tell_statuses(*, at: datetime) -> int:
    rows = StatusChange.objects.filter(notified_at=None, at__lte=at).order_by("at", "pk")[:MOST_AT_ONCE]
    moves = [Move(row.pk, row.dealer_id, row.system, row.new, row.at) for row in rows]
    if not moves:
        return 0
    found = news.gather(moves, _background(moves, at=at), at=at)
    StatusChange.objects.filter(pk__in=found.settled).update(notified_at=at)
    if not found.items:
        return 0
    dealers = {row.pk: row for row in Dealer.objects.filter(pk__in=[item.dealer_id for item in found.items])}
    makes = {row.pk: row for row in Make.objects.all()}
    serving = _makes_of(dealers)
    written = []
    by_subscriber: dict[int, list[Subscription]] = defaultdict(list)
    for row in Subscription.objects.filter(incident=None, confirmed_at__isnull=False).select_related("subscriber"):
        by_subscriber[row.subscriber_id].append(row)
    for own in by_subscriber.values():
        lines = _for_reader(found, own, serving)
        if lines:
            written.append(letters.about_statuses(lines, own[0].subscriber, dealers=dealers, makes=makes))
    queue_emails(written, kind=Event.STATUS_CHANGED, at=at)
    return len(written) + _post_statuses(found, dealers=dealers, makes=makes, serving=serving)


def _background(moves: Collection[Move], *, at: datetime) -> Background:
    """What is known of the past of these dealers and systems: three statements, however many there are."""
    subjects = {(move.dealer_id, move.system) for move in moves}
    values: dict[str, Any] = {
        "dealers": [dealer for dealer, _ in subjects],
        "systems": [system for _, system in subjects],
        "recent": at - news.RESTLESS_WINDOW,
        "told": at - news.WIDE_PAUSE,
        "many": news.MANY,
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT subject.dealer_id, subject.system, before.new, coalesce(recent.count, 0)
              FROM unnest(%(dealers)s::bigint[], %(systems)s::text[]) AS subject (dealer_id, system)
              LEFT JOIN LATERAL (SELECT change.new FROM dealers_statuschange AS change
                                  WHERE change.dealer_id = subject.dealer_id AND change.system = subject.system
                                    AND change.notified_at IS NOT NULL AND change.new <> 'unknown'
                                  ORDER BY change.at DESC, change.id DESC LIMIT 1) AS before ON true
              LEFT JOIN LATERAL (SELECT count(*) FROM dealers_statuschange AS change
                                  WHERE change.dealer_id = subject.dealer_id AND change.system = subject.system
                                    AND change.at > %(recent)s AND change.at <= %(at)s) AS recent ON true
            """,
            values,
        )
        known = cursor.fetchall()
        cursor.execute(
            """
            SELECT serving.make_id, change.system
              FROM dealers_statuschange AS change
              JOIN dealers_dealer_makes AS serving USING (dealer_id)
             WHERE change.notified_at > %(told)s AND change.at > %(recent)s
             GROUP BY serving.make_id, change.system
            HAVING count(DISTINCT change.dealer_id) > %(many)s
            """,
            values,
        )
        widely = {(make, system) for make, system in cursor.fetchall()}
    return Background(
        before={(dealer, system): state for dealer, system, state, _ in known if state},
        recent={(dealer, system): count for dealer, system, _, count in known},
        makes=_makes_of({move.dealer_id for move in moves}),
        told_widely=widely,
    )


def _makes_of(dealer_ids: Collection[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    links = Dealer.makes.through.objects.filter(dealer_id__in=list(dealer_ids))
    for dealer_id, make_id in links.values_list("dealer_id", "make_id"):
        found[dealer_id].add(make_id)
    return found


def _for_reader(
    found: News, subscriptions: Iterable[Subscription], serving: dict[int, set[int]]
) -> list[Digest | Item]:
    """What one reader is told, by all their subscriptions together: what a digest says is not said again."""
    digests: dict[Digest, None] = {}
    items: dict[Item, None] = {}
    for subscription in subscriptions:
        told = [digest for digest in found.digests if _is_about(subscription, digest)]
        digests |= dict.fromkeys(told)
        said = {item for digest in told for item in digest.items}
        items |= {item: None for item in found.items if _concerns(subscription, item, serving) and item not in said}
    own = {subscription.dealer_id for subscription in subscriptions}
    in_digests = {item for digest in digests for item in digest.items}
    return [*digests, *(item for item in items if item not in in_digests or item.dealer_id in own)]


def _is_about(subscription: Subscription, digest: Digest) -> bool:
    if subscription.dealer_id:
        return False
    return subscription.make_id in {None, digest.make_id} and subscription.system in {"", digest.system}


def _concerns(subscription: Subscription, item: Item, serving: dict[int, set[int]]) -> bool:
    if subscription.dealer_id:
        return subscription.dealer_id == item.dealer_id
    if subscription.make_id:
        return subscription.make_id in serving[item.dealer_id]
    return subscription.system in {"", item.system}


def _post_statuses(
    found: News, *, dealers: dict[int, Dealer], makes: dict[int, Make], serving: dict[int, set[int]]
) -> int:
    written = 0
    for webhook in audience.webhooks():
        wanted = audience.makes_of(webhook)
        digests = [digest for digest in found.digests if not wanted or digest.make_id in wanted]
        if not webhook.wants(Event.STATUS_DIGEST):
            digests = []
        said = {item for digest in digests for item in digest.items}
        for digest in digests:
            data = _digest_data(digest, makes)
            written += audience.post(webhook, Event.STATUS_DIGEST, data, at=digest.at)
        for item in found.items:
            if (
                webhook.wants(Event.STATUS_CHANGED)
                and item not in said
                and (not wanted or wanted & serving[item.dealer_id])
            ):
                written += audience.post(webhook, Event.STATUS_CHANGED, _item_data(item, dealers), at=item.at)
    return written


def _item_data(item: Item, dealers: dict[int, Dealer]) -> StatusChangedData:
    dealer = dealers[item.dealer_id]
    data: StatusChangedData = {
        "dealer": dealer.code,
        "slug": dealer.slug,
        "system": item.system,
        "old": item.old,
        "new": item.new,
    }
    if item.times:
        data["changes_in_two_hours"] = item.times
    return data


def _digest_data(digest: Digest, makes: dict[int, Make]) -> StatusDigestData:
    return {
        "make": makes[digest.make_id].slug,
        "system": digest.system,
        "dealers": len(digest.items),
        "now": digest.counts(),
    }
