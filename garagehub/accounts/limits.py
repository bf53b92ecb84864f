"""How often somebody may try something before they have to wait.

A try is counted before it is looked at, in one statement, so that a thousand tries at once are a thousand tries. Who
tries is stored as a keyed hash: the table names no address and no person.
"""

from __future__ import annotations

import ipaddress
import math
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection
from django.db.models import F
from django.utils.crypto import salted_hmac

from garagehub.accounts.models import TryCount

_COUNT = """
INSERT INTO accounts_trycount AS known (subject, count, until) VALUES (%(subject)s, 1, %(until)s)
ON CONFLICT (subject) DO UPDATE SET
    count = CASE WHEN known.until <= %(at)s THEN 1 ELSE known.count + 1 END,
    until = CASE WHEN known.until <= %(at)s THEN excluded.until ELSE known.until END
RETURNING count, until
"""
_IPV6_NETWORK = 64  # what one household or one attacker has of IPv6


class Limit(NamedTuple):
    """`most` tries within `window` from the first one."""

    what: str
    most: int
    window: timedelta


class Turn(NamedTuple):
    """One try: the how-manieth it is, and how long to wait if it is one too many."""

    limit: Limit
    who: str
    number: int
    wait: timedelta

    @property
    def is_refused(self) -> bool:
        """Whether the try must not be looked at."""
        return self.number > self.limit.most

    @property
    def is_first_refused(self) -> bool:
        """Whether nobody was told yet."""
        return self.number == self.limit.most + 1

    @property
    def minutes(self) -> int:
        """The wait as people are told it."""
        return max(1, math.ceil(self.wait / timedelta(minutes=1)))


def take_turn(limit: Limit, who: str, *, at: datetime) -> Turn:
    """Count one try of `who`."""
    values: dict[str, str | datetime] = {"subject": _subject(limit, who), "until": at + limit.window, "at": at}
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, values)
        number, until = cursor.fetchone() or (1, at)
    return Turn(limit, who, number, until - at)


def give_back(turn: Turn) -> None:
    """The try was a good one and does not count."""
    TryCount.objects.filter(pk=_subject(turn.limit, turn.who), count__gt=0).update(count=F("count") - 1)


def start_again(limit: Limit, who: str) -> None:
    """Forget all tries of `who`."""
    TryCount.objects.filter(pk=_subject(limit, who)).delete()


def forget_old(*, at: datetime) -> int:
    """Delete counts nobody waits for; answers how many."""
    return TryCount.objects.filter(until__lte=at).delete()[0]


def network_of(address: str) -> str:
    """What counts as one place on the internet: an IPv4 address, or the 64-bit network of an IPv6 one."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, _IPV6_NETWORK), strict=False))
    return str(found)


def _subject(limit: Limit, who: str) -> str:
    return salted_hmac("garagehub.accounts.limits", f"{limit.what}\n{who}", algorithm="sha256").hexdigest()
