"""The public's voices, told apart without keeping who they are, and kept from flooding.

An address is hashed with a salt that lives for one day: within the day one address has one voice, and once the salt is
deleted nobody, ourselves included, can tell whose it was. What a flood may weigh is bounded in `status`; what it may
fill is bounded here.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from dealers.models import DailySalt, Evidence

WINDOW = timedelta(hours=1)
MOST_BY_ADDRESS = 20  # in an hour, about all dealers
MOST_ABOUT_SYSTEM = 50  # in an hour, of one system at one dealer: more can add nothing to its weight
MOST_IN_ALL = 5_000  # in an hour, everywhere
SALT_KEPT = timedelta(days=1)

_NETWORKS = {4: (32, 24), 6: (64, 48)}  # what counts as one address, and as one neighbourhood


@dataclass(frozen=True, slots=True)
class Trace:
    """What is kept of an address: one voice, and the neighbourhood whose voices count as related."""

    source: str
    organisation: str


def trace(address: str, *, at: datetime) -> Trace:
    """The day's trace of an address. Anything that is not an address is one voice, `public:unknown`."""
    try:
        given = ipaddress.ip_address(address.strip())
    except ValueError:
        return Trace("public:unknown", "public:unknown")
    if isinstance(given, ipaddress.IPv6Address) and given.ipv4_mapped is not None:
        given = given.ipv4_mapped
    salt = _salt(at.date())
    own, around = (ipaddress.ip_network((given, length), strict=False) for length in _NETWORKS[given.version])
    return Trace(f"public:{_hash(str(own), salt)}", f"net:{_hash(str(around), salt)}")


def why_not(trace: Trace, *, dealer_id: int, system: str, at: datetime) -> str | None:
    """In words, why no more of this is taken for now; None when there is room."""
    lately = Evidence.objects.filter(kind=Evidence.Kind.PUBLIC, observed_at__gt=at - WINDOW)
    counts = lately.aggregate(
        own=Count("pk", filter=Q(source=trace.source)),
        about=Count("pk", filter=Q(dealer_id=dealer_id, system=system)),
        all=Count("pk"),
    )
    if counts["own"] >= MOST_BY_ADDRESS:
        return _("That is a lot of reports from one place. Please try again in an hour.")
    if counts["about"] >= MOST_ABOUT_SYSTEM:
        return _("Thank you: many people have already told us about this in the past hour.")
    if counts["all"] >= MOST_IN_ALL:
        return _("We are getting more reports than we can take. Please try again later.")
    return None


def forget(*, at: datetime) -> int:
    """Delete the salts of days gone by; answers how many."""
    return DailySalt.objects.filter(day__lt=(at - SALT_KEPT).date()).delete()[0]


def _salt(day: date) -> bytes:
    row, _new = DailySalt.objects.get_or_create(day=day, defaults={"salt": secrets.token_bytes(32)})
    return bytes(row.salt)


def _hash(network: str, salt: bytes) -> str:
    return hashlib.blake2b(network.encode(), key=salt, digest_size=12).hexdigest()
