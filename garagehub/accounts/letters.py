"""E-mails to people about their accounts. The texts are in `templates/accounts/mail/`, the subject in the first line.

None carries a secret but the one link it may be about.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from garagehub.outbox.mail import in_english, queue_email


def send_letter(kind: str, *, to: str, at: datetime, **about: Any) -> None:
    """Have the letter of this kind sent once the transaction commits. `about` is what its text names."""
    with in_english():
        text = render_to_string(f"accounts/mail/{kind}.txt", {"site": settings.SITE_URL, "email": to, "at": at} | about)
    subject, _, body = text.strip().partition("\n")
    queue_email(to=to, subject=" ".join(subject.split()), text=body.strip() + "\n", kind=kind, at=at)
