"""The words of e-mails to owners. They name a car by the last three characters of its plate: mail is read by others."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from garagehub.outbox.mail import Letter
from parts.lookup.sentences import changes, road_sentence
from parts.notices.models import Alert

_SHOWN = 3


def masked(registration: str | None) -> str:
    """The end of a plate, enough for its owner to know the car by."""
    return (registration or "")[-_SHOWN:]


def confirm(alert: Alert, token: str) -> Letter:
    """The e-mail with the link behind which a button confirms."""
    context = {"car": masked(alert.vehicle.registration), "link": _url("alert-confirm", token)}
    text = render_to_string("alerts/mail/confirm.txt", context)
    return Letter(to=alert.email, subject=_("Confirm that you want to hear about your car"), text=text)


def already(alert: Alert, token: str) -> Letter:
    """For somebody who asked again for what they have."""
    return _letter(
        "already", _("We write to you about this car already"), alert.email, alert.vehicle.registration, token
    )


def changed(email: str, answer: dict[str, Any], token: str) -> Letter:
    """The new answer in one sentence, what the law allows meanwhile, and what would change it."""
    context = {
        "answer": answer,
        "road": road_sentence(answer),
        "changes": changes(answer),
        "look_up": f"{settings.SITE_URL}{reverse('vehicle')}",
    }
    return _letter("changed", answer["headline"], email, answer["registration"], token, **context)


def _letter(name: str, subject: str, email: str, registration: str | None, token: str, **context: Any) -> Letter:
    end = _url("alert-end", token)
    text = render_to_string(f"alerts/mail/{name}.txt", {"car": masked(registration), "end": end} | context)
    headers = {"List-Unsubscribe": f"<{end}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}  # RFC 8058
    return Letter(to=email, subject=subject, text=text, headers=headers)


def _url(name: str, token: str) -> str:
    return f"{settings.SITE_URL}{reverse(name, args=[token])}"
