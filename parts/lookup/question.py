"""A question that people answer at a glance, for an address that has asked too often: many people may share it.

It needs no picture, no script and no third party, so that everybody can answer it with what they use to read. It stops
no one who writes a program for it: each answer is good for one look-up, and the budget of all addresses still holds.
"""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.core import signing
from django.core.cache import cache
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

LIFETIME = timedelta(minutes=10)
_SALT = "parts.lookup.question"
_WORDS = (
    lazy("zero"), lazy("one"), lazy("two"), lazy("three"), lazy("four"), lazy("five"), lazy("six"), lazy("seven"),
    lazy("eight"), lazy("nine"), lazy("ten"),
)  # fmt: skip


@dataclass(frozen=True)
class Question:
    """What is asked, and what comes back with the answer: it does not give the answer away."""

    text: str
    token: str


def ask() -> Question:
    """A new question."""
    larger, smaller = sorted((random.randint(3, 10), random.randint(1, 9)), reverse=True)
    if random.random() < 0.5:  # noqa: PLR2004 - as often one as the other
        text, answer = _("What is %(one)s plus %(other)s? Answer in figures."), larger + smaller
    else:
        text, answer = _("What is %(one)s take away %(other)s? Answer in figures."), larger - smaller
    nonce = secrets.token_urlsafe(12)
    token = signing.TimestampSigner(salt=_SALT).sign(f"{nonce}.{_proof(nonce, str(answer))}")
    return Question(text % {"one": _WORDS[larger], "other": _WORDS[smaller]}, token)


def is_answered(token: str, answer: str) -> bool:
    """Whether it was our question, not long ago, tried for the first time, and this is its answer."""
    try:
        nonce, proof = signing.TimestampSigner(salt=_SALT).unsign(token, max_age=LIFETIME).split(".")
    except (signing.BadSignature, ValueError):
        return False
    tries = cache.count(f"lookup_question_{nonce}", seconds=int(LIFETIME.total_seconds()))  # type: ignore[attr-defined] # ForgivingRedisCache's own
    is_first = tries is None or tries.calls == 1  # while Redis is away nobody is held back
    return is_first and constant_time_compare(proof, _proof(nonce, answer.strip()))


def _proof(nonce: str, answer: str) -> str:
    return salted_hmac(_SALT, f"{nonce}\n{answer}", algorithm="sha256").hexdigest()
