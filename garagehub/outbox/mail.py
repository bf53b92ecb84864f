"""E-mail: written as a row in the caller's transaction, sent by SMTP after it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import translation

from garagehub.outbox.models import Message
from garagehub.outbox.nudging import nudge_after_commit

_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*\Z")
_OURS = {"message-id", "date", "from", "to", "subject", "auto-submitted"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """An e-mail to one person. `headers` are extra ones, such as List-Unsubscribe."""

    to: str
    subject: str
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)


def in_english() -> translation.override:
    """For writing e-mails while somebody reads our pages in another language.

    Most are written by tasks, which know of no reader's language; so that nobody gets some of each, all are English but
    those to owners about their car and to subscribers, of whom we keep the language they asked in.
    """
    return translation.override(settings.LANGUAGE_CODE)


def queue_email(
    *, to: str, subject: str, text: str, kind: str, at: datetime, headers: Mapping[str, str] | None = None
) -> UUID:
    """Write an e-mail to one person; answers its id. It leaves only if the caller's transaction commits.

    `kind` says what it is about (`subscription.confirm`) and holds nothing personal; `at` is now. `headers` are extra
    ones, such as List-Unsubscribe. ValueError for an address or a header that cannot be sent: check input before.
    """
    letter = Letter(to=to, subject=subject, text=text, headers=headers or {})
    return queue_emails([letter], kind=kind, at=at)[0]


def queue_emails(letters: Iterable[Letter], *, kind: str, at: datetime) -> list[UUID]:
    """`queue_email` for many at once, each an e-mail of its own; answers their ids."""
    rows = [_row(letter, kind=kind, at=at) for letter in letters]
    Message.objects.bulk_create(rows, batch_size=1_000)
    if rows:
        nudge_after_commit(Message.Channel.EMAIL)
    return [row.id for row in rows]


def _row(letter: Letter, *, kind: str, at: datetime) -> Message:
    try:
        validate_email(letter.to)
    except ValidationError as error:
        raise ValueError("The recipient is not an e-mail address.") from error
    for name, value in letter.headers.items():
        if not _HEADER_NAME.match(name) or name.lower() in _OURS or not value.isprintable():
            raise ValueError(f"The header {name!r} cannot be set.")
    return Message(
        channel=Message.Channel.EMAIL,
        kind=kind,
        to=letter.to,
        subject=" ".join(letter.subject.split())[:200],
        text=letter.text,
        headers=dict(letter.headers),
        created_at=at,
        due_at=at,
    )
