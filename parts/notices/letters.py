"""The words of e-mails to owners and to members of garages.

They name a car by the last three characters of its plate: mail is read by others. They are in the language in force: an
owner's own, which they asked in; members of garages get English.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from garagehub.outbox.mail import Letter
from parts.blocking.models import Verdict
from parts.lookup.sentences import changes, road_sentence
from parts.notices.models import Alert, Supply

_SHOWN = 3
MOST_IN_LETTER: Final = 100
_GOOD_FIRST = (
    Verdict.REPAIRABLE.value,
    Verdict.NO_REPAIR_NEEDED.value,
    Supply.READY.value,
    Verdict.BLOCKED.value,
    Verdict.UNKNOWN.value,
)


class Change(NamedTuple):
    """A watched car or part that stands otherwise: its plate or number, model or description, and the garage's note."""

    name: str
    about: str
    note: str
    old: str
    new: str


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


def watched(email: str, *, garage: str, cars: Sequence[Change], parts: Sequence[Change], token: str) -> Letter:
    """What changed of all that a garage watches, for one of its members: what can be done now comes first."""
    count = len(cars) + len(parts)
    subject = ngettext(
        "%(garage)s: %(n)d change to what you watch", "%(garage)s: %(n)d changes to what you watch", count
    )
    end = _url("garage-watch-mail-end", token)
    context = {
        "garage": garage,
        "cars": _lines([car._replace(name=masked(car.name)) for car in cars], Verdict),
        "parts": _lines(parts, Supply),
        "more_cars": len(cars) - MOST_IN_LETTER,
        "more_parts": len(parts) - MOST_IN_LETTER,
        "cars_page": f"{settings.SITE_URL}{reverse('garage-watches')}",
        "parts_page": f"{settings.SITE_URL}{reverse('garage-watches-parts')}",
        "end": end,
    }
    text = render_to_string("watches/mail/changed.txt", context)
    return Letter(to=email, subject=subject % {"garage": garage, "n": count}, text=text, headers=_one_click(end))


def _lines(changes: Sequence[Change], words: type[Verdict | Supply]) -> list[dict[str, str]]:
    ordered = sorted(changes, key=lambda change: _GOOD_FIRST.index(change.new))
    return [
        {
            "name": change.name,
            "about": change.about,
            "note": change.note,
            "now": str(words(change.new).label),
            "before": str(words(change.old).label).lower(),
        }
        for change in ordered[:MOST_IN_LETTER]
    ]


def _letter(name: str, subject: str, email: str, registration: str | None, token: str, **context: Any) -> Letter:
    end = _url("alert-end", token)
    text = render_to_string(f"alerts/mail/{name}.txt", {"car": masked(registration), "end": end} | context)
    return Letter(to=email, subject=subject, text=text, headers=_one_click(end))


def _one_click(end: str) -> dict[str, str]:
    """What mail programs' own button needs (RFC 8058)."""
    return {"List-Unsubscribe": f"<{end}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def _url(name: str, token: str) -> str:
    return f"{settings.SITE_URL}{reverse(name, args=[token])}"
