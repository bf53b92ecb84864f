"""E-mail: written as a row in the caller's transaction, sent by SMTP after it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from garagehub.outbox.models import Message
from garagehub.outbox.nudging import nudge_after_commit

_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*\Z")
_OURS = {"message-id", "date", "from", "to", "subject", "auto-submitted"}


def queue_email(
    *, to: str, subject: str, text: str, kind: str, at: datetime, headers: Mapping[str, str] | None = None
) -> UUID:
    """Write an e-mail to one person; answers its id. It leaves only if the caller's transaction commits.

    `kind` says what it is about (`subscription.confirm`) and holds nothing personal; `at` is now. `headers` are extra
    ones, such as List-Unsubscribe. ValueError for an address or a header that cannot be sent: check input before.
    """
    try:
        validate_email(to)
    except ValidationError as error:
        raise ValueError("The recipient is not an e-mail address.") from error
    extra = dict(headers or {})
    for name, value in extra.items():
        if not _HEADER_NAME.match(name) or name.lower() in _OURS or not value.isprintable():
            raise ValueError(f"The header {name!r} cannot be set.")
    message = Message.objects.create(
        channel=Message.Channel.EMAIL,
        kind=kind,
        to=to,
        subject=" ".join(subject.split())[:200],
        text=text,
        headers=extra,
        created_at=at,
        due_at=at,
    )
    nudge_after_commit(Message.Channel.EMAIL)
    return message.id
