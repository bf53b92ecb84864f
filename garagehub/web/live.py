"""The board as thousands of open pages ask for it again and again: built once for each state of things.

A few indexed look-ups tell whether anything on the board changed. They give the ETag, and the key under which the built
fragments are cached. What only ages, such as "12 minutes ago", the page brings up to date by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.template.loader import render_to_string
from django.utils.translation import get_language

from garagehub.web.board import board
from parts.lookup.checking import silent_sources

POLL_S = 30  # how often an open page asks
_FORMAT = 1  # raise it when what is built of the same rows changes
_KEEP_S = 600
SHARED_S = 2  # pages that ask within it are answered from one look
STALE_S = 10  # a cache may answer with what it has while it asks; with more, pages would always be one poll behind
_REBUILD_EVERY = timedelta(minutes=5)  # what stands still is said again, so that its age is never far off

_VERSION = """
SELECT (SELECT max(id) FROM dealers_statuschange),
       (SELECT concat_ws(' ', count(*), max(updated_at), max(id)) FROM dealers_incident WHERE is_published),
       (SELECT concat_ws(' ', count(*), max(id)) FROM dealers_dealer WHERE is_active),
       (SELECT concat_ws(' ', count(*), max(id)) FROM dealers_dealer_makes),
       (SELECT concat_ws(' ', vehicles, failed, blocked, unknown, by_reason, seen) FROM parts_fleetfigures),
       (SELECT full_at FROM parts_engineclock)
"""


@dataclass(frozen=True, slots=True)
class Fragments:
    """The two pieces of the home page that change, as HTML, and the version they are of."""

    version: str
    verdict: str
    board: str


def version(*, at: datetime) -> str:
    """The same for as long as the board shows the same."""
    with connection.cursor() as cursor:
        cursor.execute(_VERSION)
        seen = cursor.fetchone()
    if seen[-2] is None:
        seen = (*seen, at)  # nobody has counted the fleet yet, so it is counted for each page
    silent = [source["supplier"] for source in silent_sources(at=at)]
    turn = int(at.timestamp() // _REBUILD_EVERY.total_seconds())
    key = repr((_FORMAT, settings.SITE_URL, get_language(), seen, silent, turn))
    return blake2b(key.encode(), digest_size=12).hexdigest()


def shared_version(*, at: datetime) -> str:
    """`version`, at most two seconds old: one look answers all who ask meanwhile."""
    key = f"live:version:{get_language()}"
    found: str | None = cache.get(key)
    if found is None:
        found = version(at=at)
        cache.set(key, found, SHARED_S)
    return found


def fragments(*, at: datetime, of: str | None = None) -> Fragments:
    """The pieces as of now, or as of the version `of`, built only if nobody has built them yet."""
    wanted = of or version(at=at)
    key = f"live:{wanted}"
    found: tuple[str, str] | None = cache.get(key)
    if found is None:
        context = {"board": board(at=at)}
        found = (
            render_to_string("web/_verdict.html", context),
            render_to_string("web/_board.html", context),
        )
        cache.set(key, found, _KEEP_S)
    return Fragments(wanted, *found)
