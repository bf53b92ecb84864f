"""The history of incidents as Atom and RSS: one entry for each update, so that readers are told of every step."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed, Rss201rev2Feed, SyndicationFeed

from dealers.models import IncidentUpdate
from dealers.statuspage.documents import BEGAN

ENTRIES = 50


class _Dated(SyndicationFeed):
    """As old as its newest entry, and without any as old as these pages: the same rows give the same feed."""

    def latest_post_date(self) -> datetime:
        return super().latest_post_date() if self.items else BEGAN


class Atom(_Dated, Atom1Feed):
    """RFC 4287."""


class Rss(_Dated, Rss201rev2Feed):
    """RSS 2.0."""


def history(kind: type[Atom | Rss], *, path: str) -> str:
    """The newest updates of published incidents as a feed of the kind, which is served at `path`."""
    feed = kind(
        title="GarageHub: incidents",
        link=f"{settings.SITE_URL}{reverse('incidents')}",
        description="Every update on outages of dealers' systems.",
        language="en-gb",
        feed_url=f"{settings.SITE_URL}{path}",
    )
    updates = (
        IncidentUpdate.objects.filter(incident__is_published=True).select_related("incident").order_by("-at", "-pk")
    )
    for update in updates[:ENTRIES]:
        incident = update.incident
        feed.add_item(
            title=f"{incident.title}: {update.get_stage_display()}",
            link=f"{settings.SITE_URL}{incident.get_absolute_url()}#update-{update.pk}",
            description=update.body,
            unique_id=f"tag:{host()},2026:incident-update/{update.pk}",
            unique_id_is_permalink=False,
            pubdate=update.at,
            updateddate=update.at,
        )
    return feed.writeString("utf-8")


def host() -> str:
    """The site's own name, which makes identifiers unique in the world."""
    return urlsplit(settings.SITE_URL).hostname or "localhost"
