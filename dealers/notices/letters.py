"""The words of e-mails about statuses, incidents and subscriptions, in their reader's language."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from dealers.models import Dealer, Incident, IncidentUpdate, Make, State, Subscriber, Subscription, System
from dealers.notices import tokens
from dealers.notices.news import Digest, Item
from dealers.notices.plans import Step
from garagehub.outbox.mail import Letter

MOST_LINES = 20


def about_statuses(
    news: Sequence[Digest | Item], reader: Subscriber, *, dealers: Mapping[int, Dealer], makes: Mapping[int, Make]
) -> Letter:
    """One e-mail about all that changed. Its subject is the first line of news."""
    with translation.override(reader.language):
        lines = [
            _digest_line(entry, makes) if isinstance(entry, Digest) else _item_line(entry, dealers)
            for entry in news[:MOST_LINES]
        ]
        links = {
            _url("make", makes[entry.make_id].slug)
            if isinstance(entry, Digest)
            else _url("dealer", dealers[entry.dealer_id].slug)
            for entry in news[:MOST_LINES]
        }
        subject = lines[0]
        if len(news) > 1:
            subject = _("%(first)s, and %(more)s more") % {"first": lines[0], "more": len(news) - 1}
        context = {"lines": lines, "more": max(0, len(news) - MOST_LINES), "links": sorted(links)}
        return _letter("statuses", subject, reader, context)


def about_incident(incident: Incident, updates: Collection[IncidentUpdate], reader: Subscriber) -> Letter:
    """One e-mail with the updates nobody was told of yet, newest first."""
    with translation.override(reader.language):
        newest_first = list(updates)[::-1]
        subject = f"{newest_first[0].get_stage_display()}: {incident.title}"
        context = {"incident": incident, "updates": newest_first, "link": _url("incident", incident.slug)}
        return _letter("incident", subject, reader, context)


def about_planned(steps: Sequence[Step], reader: Subscriber) -> Letter:
    """One e-mail about all that happened to planned work. Its subject is the first of it."""
    with translation.override(reader.language):
        subject = f"{steps[0].change.label}: {steps[0].work.title}"
        if len(steps) > 1:
            subject = _("%(first)s, and %(more)s more") % {"first": subject, "more": len(steps) - 1}
        context = {"steps": steps[:MOST_LINES], "more": max(0, len(steps) - MOST_LINES), "site": settings.SITE_URL}
        return _letter("planned", subject, reader, context)


def confirm(subscription: Subscription) -> Letter:
    """The e-mail with the link behind which a button confirms."""
    with translation.override(subscription.subscriber.language):
        link = _url("subscription-confirm", tokens.CONFIRMING.token(subscription.public_id))
        text = render_to_string(
            "notices/mail/confirm.txt", {"subject": subscription.subject, "link": link, "site": settings.SITE_URL}
        )
        return Letter(
            to=subscription.subscriber.email, subject=_("Confirm that you want to hear from GarageHub"), text=text
        )


def already(subscription: Subscription) -> Letter:
    """For somebody who asked again for what they have."""
    with translation.override(subscription.subscriber.language):
        return _letter(
            "already", _("You are subscribed already"), subscription.subscriber, {"subject": subscription.subject}
        )


def _letter(name: str, subject: str, reader: Subscriber, context: dict[str, object]) -> Letter:
    manage = _url("subscription-manage", tokens.MANAGING.token(reader.public_id))
    text = render_to_string(f"notices/mail/{name}.txt", context | {"manage": manage})
    headers = {"List-Unsubscribe": f"<{manage}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}  # RFC 8058
    return Letter(to=reader.email, subject=subject, text=text, headers=headers)


def _item_line(item: Item, dealers: Mapping[int, Dealer]) -> str:
    words = {
        "dealer": dealers[item.dealer_id].name,
        "system": System(item.system).label,
        "state": State(item.new).label.lower(),
        "times": item.times,
    }
    if item.times:
        return _("%(dealer)s, %(system)s: unstable, changed %(times)s times in two hours, now %(state)s") % words
    return _("%(dealer)s, %(system)s: now %(state)s") % words


def _digest_line(digest: Digest, makes: Mapping[int, Make]) -> str:
    counts = digest.counts()
    states = ", ".join(
        _("%(state)s at %(count)s") % {"state": State(state).label.lower(), "count": count}
        for state, count in counts.items()
    )
    words = {
        "make": makes[digest.make_id].name.title(),
        "system": System(digest.system).label,
        "count": len(digest.items),
        "states": states,
    }
    return _("%(make)s, %(system)s: changed at %(count)s dealers, now %(states)s") % words


def _url(name: str, argument: str) -> str:
    return f"{settings.SITE_URL}{reverse(name, args=[argument])}"
