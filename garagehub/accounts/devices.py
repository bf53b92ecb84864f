"""Browsers in which somebody has signed in before.

A signed cookie remembers them. Wrong passwords tried from elsewhere can then lock an account for strangers without
locking its owner out, and a sign-in from a new browser can be told to the owner. The cookie alone opens nothing. It
names people by a hash of their password's hash, so a new password makes every browser a new one.
"""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from garagehub.accounts.models import User

COOKIE = "garagehub_device"
_SALT = "garagehub.accounts.devices"
_KEPT_FOR = timedelta(days=365)
_MOST_PEOPLE = 20  # who share a workshop's computer

# The first that fits: Edge and Opera also call themselves Chrome, Chrome also Safari, Android also Linux.
_BROWSERS = (
    ("Edge", r"Edg(?:e|A|iOS)?/"),
    ("Opera", r"OPR/|Opera"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"Chrome/|CriOS/|Chromium/"),
    ("Safari", r"Safari/"),
)
_SYSTEMS = (
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Android", r"Android"),
    ("Windows", r"Windows"),
    ("ChromeOS", r"CrOS"),
    ("Mac", r"Macintosh|Mac OS X"),
    ("Linux", r"Linux"),
)


class Device(NamedTuple):
    """A browser: its own random name, and who has signed in there."""

    name: str
    people: tuple[str, ...]

    def knows(self, user: User) -> bool:
        """Whether this person has signed in here with their present password."""
        return _mark(user) in self.people


def device_of(request: HttpRequest) -> Device | None:
    """The browser, if somebody has signed in there before."""
    try:
        held: Any = signing.loads(request.COOKIES.get(COOKIE, ""), salt=_SALT, max_age=_KEPT_FOR)
    except signing.BadSignature:
        return None
    return Device(held["name"], tuple(held["people"]))


def remember(response: HttpResponse, request: HttpRequest, user: User) -> None:
    """Leave the cookie that this person has signed in here."""
    known = device_of(request) or Device(secrets.token_urlsafe(12), ())
    people = [_mark(user), *(mark for mark in known.people if mark != _mark(user))][:_MOST_PEOPLE]
    response.set_cookie(
        COOKIE,
        signing.dumps({"name": known.name, "people": people}, salt=_SALT),
        max_age=_KEPT_FOR,
        path=reverse("sign-in"),  # read there and nowhere else
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def describe(request: HttpRequest) -> str:
    """The browser and the kind of machine in words, such as "Firefox on Windows"; no versions."""
    agent = request.headers.get("User-Agent", "")
    browser = _first(_BROWSERS, agent)
    system = _first(_SYSTEMS, agent)
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or "an unknown browser"


def _first(kinds: tuple[tuple[str, str], ...], agent: str) -> str:
    return next((name for name, pattern in kinds if re.search(pattern, agent)), "")


def _mark(user: User) -> str:
    return user.get_session_auth_hash()[:16]
