"""Suppliers and their feeds, as an admin or a command sets them up."""

from __future__ import annotations

import re
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.db import connection, transaction
from django.utils import timezone

from garagehub.lib.errors import DomainError
from garagehub.lib.lock import LockKind, try_lock
from parts.feeds.adapters import adapter_named
from parts.feeds.models import Feed, FeedRun
from parts.stock.models import Branch, Offer, Supplier

_CODE = re.compile(r"[a-zA-Z0-9_-]{1,32}")


@transaction.atomic
def add_supplier(
    *, code: str, name: str, adapter: str, url: str, is_internal: bool = False, config: dict[str, Any] | None = None
) -> Feed:
    """A supplier with its feed, due at once. DomainError says what is wrong with which input.

    `url` is the supplier's base address or the file's own.
    """
    if not _CODE.fullmatch(code):
        message = "A supplier's code is 1 to 32 letters, digits, - or _."
        raise DomainError(message, code="supplier_code_invalid", fields={"code": [message]})
    if Supplier.objects.filter(code=code).exists():
        message = f"There is a supplier “{code}” already. Change it in the admin, under Suppliers and Feeds."
        raise DomainError(message, code="supplier_exists", fields={"code": [message]})
    if not 1 <= len(name.strip()) <= 120:  # noqa: PLR2004 - the length of Supplier.name
        message = "A supplier's name is 1 to 120 characters."
        raise DomainError(message, code="supplier_name_invalid", fields={"name": [message]})
    check_address(url)
    adapter_named(adapter).config(config or {})
    supplier = Supplier.objects.create(code=code, name=name.strip())
    return Feed.objects.create(
        supplier=supplier, adapter=adapter, url=url, is_internal=is_internal, config=config or {}
    )


class Belongings(NamedTuple):
    """What goes with a supplier, by count."""

    branches: int
    offers: int
    brands: int
    runs: int


def belongings(supplier: Supplier) -> Belongings:
    """What would go with the supplier. What its offers were in the past stays, as part of the parts' history."""
    return Belongings(
        Branch.objects.filter(supplier=supplier).count(),
        Offer.objects.filter(branch__supplier=supplier).count(),
        supplier.brands.count(),
        FeedRun.objects.filter(feed__supplier=supplier).count(),
    )


@transaction.atomic
def remove_supplier(supplier: Supplier) -> None:
    """Take the supplier away with its feed, branches and offers, and mark its parts to be decided without it.

    DomainError while its feed is being read.
    """
    feed = Feed.objects.filter(supplier=supplier).first()
    if feed and not try_lock(LockKind.FEED, feed.pk):
        message = f"The feed of {supplier} is being read. Try again when that is done."
        raise DomainError(message, code="feed_busy")
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO parts_dirty (kind, key)
            SELECT DISTINCT 'p', part_id FROM parts_offer WHERE branch_id IN (
                SELECT id FROM parts_branch WHERE supplier_id = %s
            )
            """,
            [supplier.pk],
        )
    supplier.delete()


def check_address(url: str) -> None:
    """DomainError unless it is a web address we can ask."""
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good or len(url) > 500 or any(character.isspace() for character in url):  # noqa: PLR2004 - Feed.url
        message = "The address must begin with http:// or https:// and name a host."
        raise DomainError(message, code="feed_url_invalid", fields={"url": [message]})


def start_afresh(feed: Feed) -> None:
    """Forget what the feed's file was, so that the next poll reads it in full: its address or its reading changed."""
    feed.etag = feed.cursor = feed.snapshot_sha256 = ""
    feed.next_attempt_at = timezone.now()
