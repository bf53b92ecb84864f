"""Hands one e-mail to the mail server. What comes back is told by codes; a server's sentences may name the recipient."""

from __future__ import annotations

import smtplib
import time
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from garagehub.outbox.claims import Result
from garagehub.outbox.models import Attempt, Message

PERMANENT: Final = range(500, 600)


class MailServerAwayError(Exception):
    """The mail server is not there, or does not let us in. No message is at fault."""


def connect(backend: BaseEmailBackend) -> None:
    """Open the connection. MailServerAwayError if that fails; the text says how, without names."""
    try:
        backend.open()
    except (OSError, smtplib.SMTPException) as error:
        code = getattr(error, "smtp_code", "")
        raise MailServerAwayError(f"{type(error).__name__} {code}".strip()) from error


def send(message: Message, backend: BaseEmailBackend) -> Result:
    """One attempt. The server has taken it exactly when the outcome is `delivered`.

    A connection that breaks after the last byte leaves open whether it was taken: it is sent again, with the same
    Message-ID, by which mailboxes can tell.
    """
    started = time.monotonic()
    outcome, code, detail = _try(message, backend)
    took = time.monotonic() - started
    return Result(outcome=outcome, status=code, detail=detail, took_ms=int(took * 1_000))


def _try(message: Message, backend: BaseEmailBackend) -> tuple[Attempt.Outcome, int | None, str]:
    try:
        backend.send_messages([_letter(message)])
    except smtplib.SMTPRecipientsRefused as error:
        code = next(iter(error.recipients.values()))[0]
        return _judged(code), code, "The mail server refused the recipient."
    except smtplib.SMTPSenderRefused as error:
        return Attempt.Outcome.RETRY, error.smtp_code, "The mail server refused us as the sender."
    except smtplib.SMTPResponseException as error:
        return _judged(error.smtp_code), error.smtp_code, "The mail server refused the message."
    except (OSError, smtplib.SMTPException) as error:
        return Attempt.Outcome.RETRY, None, f"The connection to the mail server broke ({type(error).__name__})."
    return Attempt.Outcome.DELIVERED, 250, ""


def _judged(code: int) -> Attempt.Outcome:
    return Attempt.Outcome.REFUSED if code in PERMANENT else Attempt.Outcome.RETRY


def _letter(message: Message) -> EmailMessage:
    headers = {
        "Message-ID": message_id(message),
        "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office answers, please
        **message.headers,
    }
    return EmailMessage(subject=message.subject, body=message.text, to=[message.to], headers=headers)


def message_id(message: Message) -> str:
    """`<id@our-host>`: the same at every attempt."""
    return f"<{message.id}@{urlsplit(settings.SITE_URL).hostname}>"
