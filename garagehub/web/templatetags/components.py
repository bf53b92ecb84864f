"""The small pieces of every page: states as shape, word and colour; ages in words; names as people write them.

Tags, not included templates: nothing stands around them, so a full stop can follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from django import template
from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

register = template.Library()

Words = Mapping[str, tuple[str, Promise]]

_SYSTEM: Words = {
    "operational": ("●", lazy("Working")),
    "degraded": ("◐", lazy("Partly working")),
    "down": ("✕", lazy("Not working")),
    "unknown": ("?", lazy("Not known")),
}
_SYSTEM_SHORT: Words = {
    "operational": ("●", lazy("working")),
    "degraded": ("◐", lazy("partly")),
    "down": ("✕", lazy("down")),
    "unknown": ("?", lazy("not known")),
}
_SYSTEM_UNSTABLE: Words = {
    **_SYSTEM,
    "degraded": ("◐", lazy("Works on and off")),
    "down": ("✕", lazy("Not working, on and off")),
}
_SYSTEM_SHORT_UNSTABLE: Words = {**_SYSTEM_SHORT, "degraded": ("◐", lazy("on and off"))}
_REPAIR: Words = {
    "ready": ("●", lazy("can be done")),
    "repairable": ("●", lazy("can be repaired")),
    "no_repair_needed": ("●", lazy("needs nothing")),
    "blocked": ("✕", lazy("blocked")),
    "unknown": ("?", lazy("not known")),
    "unrecognised": ("–", lazy("not recognised")),
}
_SUPPLY: Words = {
    "ready": ("●", lazy("Can be had")),
    "blocked": ("✕", lazy("Nobody can send it")),
    "unknown": ("?", lazy("Could not check")),
    "unrecognised": ("–", lazy("Not recognised")),
}
_GRADE = {
    "genuine": lazy("genuine"),
    "oe": lazy("by the original maker"),
    "aftermarket": lazy("aftermarket"),
    "reconditioned": lazy("reconditioned"),
    "used": lazy("used"),
}
_AVAILABILITY: Words = {
    "in_stock": ("●", lazy("In stock")),
    "limited": ("◐", lazy("Few left")),
    "on_backorder": ("◐", lazy("On back order")),
    "out_of_stock": ("✕", lazy("Out of stock")),
    "not_listed": ("✕", lazy("Not listed")),
    "unknown": ("?", lazy("Could not check")),
}

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3_600, 86_400
_MONTH_DAYS, _YEAR_DAYS = 30, 365
_TELL_DAYS_UP_TO = 60  # people count weeks of an outage in days
_SHORT_NAME = 3  # XF, MG, BMW: letters, not words


def _marked(words: Words, code: str) -> SafeString:
    code = code if code in words else "unknown"
    shape, word = words[code]
    return format_html(
        '<span class="state state--{}"><span class="state__shape" aria-hidden="true">{}</span> {}</span>',
        code,
        shape,
        word,
    )


@register.simple_tag
def system_state(state: str, *, is_unstable: bool = False) -> SafeString:
    """How a dealer's system is. What goes to and fro is told as that, not as partly working."""
    return _marked(_SYSTEM_UNSTABLE if is_unstable else _SYSTEM, state)


@register.simple_tag
def state_shape(state: str) -> str:
    """Only the shape of a system's state, where the word stands beside it."""
    return _SYSTEM.get(state, _SYSTEM["unknown"])[0]


@register.simple_tag
def system_state_short(state: str, *, is_unstable: bool = False) -> SafeString:
    """The same in few words, for tables with a column for each system."""
    return _marked(_SYSTEM_SHORT_UNSTABLE if is_unstable else _SYSTEM_SHORT, state)


@register.simple_tag
def repair_state(status: str) -> SafeString:
    """How a repair, or a whole car, stands."""
    return _marked(_REPAIR, status)


@register.simple_tag
def supply_state(state: str) -> SafeString:
    """Whether a part can be had."""
    return _marked(_SUPPLY, state)


@register.simple_tag
def availability(code: str) -> SafeString:
    """What the sources say of a part."""
    return _marked(_AVAILABILITY, code)


@register.simple_tag
def age(at: datetime | None) -> str | SafeString:
    """How long ago, in words and one unit, with the exact time behind it; "never" for never."""
    if at is None:
        return _("never")
    local = timezone.localtime(at)
    exact = formats.date_format(local, "j F Y, H:i")
    return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(), exact, _ago(at))


def _ago(at: datetime) -> str:
    seconds = int((timezone.now() - at).total_seconds())
    days = seconds // _DAY_S
    if seconds < _MINUTE_S:
        return _("just now")
    if seconds < _HOUR_S:
        return _counted(seconds // _MINUTE_S, ngettext("%(n)d minute ago", "%(n)d minutes ago", seconds // _MINUTE_S))
    if seconds < _DAY_S:
        return _counted(seconds // _HOUR_S, ngettext("%(n)d hour ago", "%(n)d hours ago", seconds // _HOUR_S))
    if days < _TELL_DAYS_UP_TO:
        return _counted(days, ngettext("%(n)d day ago", "%(n)d days ago", days))
    if days < _YEAR_DAYS:
        months = days // _MONTH_DAYS
        return _counted(months, ngettext("%(n)d month ago", "%(n)d months ago", months))
    return _counted(days // _YEAR_DAYS, ngettext("%(n)d year ago", "%(n)d years ago", days // _YEAR_DAYS))


def _counted(number: int, text: str) -> str:
    return text % {"n": number}


@register.filter
def car_name(name: str) -> str:
    """DVSA's capitals as people write them: Range Rover Evoque, F-PACE, XF, Defender 110."""
    return " ".join(word if len(word) <= _SHORT_NAME or "-" in word else word.capitalize() for word in name.split())


@register.filter
def grade(code: str) -> str:
    """Where a part comes from, in words."""
    return str(_GRADE.get(code, ""))


@register.filter
def plate(registration: str) -> str:
    """A plate of the present style with its gap: AA19 AAA. Others as they are."""
    text = registration.strip()
    if len(text) == 7 and text[:2].isalpha() and text[2:4].isdigit() and text[4:].isalpha():  # noqa: PLR2004 - AA19AAA
        return f"{text[:4]} {text[4:]}"
    return text


@register.filter
def day(value: date | str | None) -> str:
    """A date, or its ISO text, as 2 Dec 2026; nothing for nothing."""
    if not value:
        return ""
    return formats.date_format(date.fromisoformat(value) if isinstance(value, str) else value, "j M Y")
