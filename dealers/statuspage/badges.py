"""One system at one dealer as a badge: an SVG that says it by shape, word and colour, and shields.io's JSON."""

from __future__ import annotations

import json

from django.utils.html import format_html

from dealers.board import get_dealer
from dealers.models import State, System
from garagehub.lib.errors import NotFoundError

# Shape, word, background: white text stands on each with a contrast of at least 4.5 to 1.
_LOOKS = {
    State.OPERATIONAL: ("●", "working", "#12663a"),
    State.DEGRADED: ("◐", "partly working", "#7a4a00"),
    State.DOWN: ("✕", "not working", "#a3171b"),
    State.UNKNOWN: ("?", "not known", "#45505a"),
}
_LABEL_COLOUR = "#2b3236"
_CHARACTER, _PADDING, _HEIGHT = 6.6, 14, 20  # pixels, of 11-pixel text
_SHIELDS_KEEPS_S = 300  # shields.io takes no less

_SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img" aria-label="{said}">
<title>{said}</title>
<clipPath id="r"><rect width="{width}" height="{height}" rx="3"/></clipPath>
<g clip-path="url(#r)"><rect width="{left}" height="{height}" fill="{label_colour}"/>\
<rect x="{left}" width="{right}" height="{height}" fill="{colour}"/></g>
<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" aria-hidden="true">
<text x="{label_x}" y="14" textLength="{label_width}">{label}</text>
<text x="{message_x}" y="14" textLength="{message_width}">{message}</text></g></svg>
"""


def svg(*, dealer: str, system: str) -> str:
    """The badge as SVG. Raises NotFoundError where there is no such dealer or system."""
    name, label, state = _find(dealer, system)
    shape, word, colour = _LOOKS[state]
    message = f"{shape} {word}"
    label_width, message_width = round(len(label) * _CHARACTER), round(len(message) * _CHARACTER)
    left, right = label_width + _PADDING, message_width + _PADDING
    return format_html(
        _SVG,
        said=f"{label} at {name}: {word}",
        width=left + right,
        height=_HEIGHT,
        left=left,
        right=right,
        label=label,
        message=message,
        label_x=round(left / 2),
        message_x=left + round(right / 2),
        label_width=label_width,
        message_width=message_width,
        colour=colour,
        label_colour=_LABEL_COLOUR,
    )


def shields(*, dealer: str, system: str) -> str:
    """The badge in shields.io's endpoint schema. Raises NotFoundError where there is no such dealer or system."""
    _, label, state = _find(dealer, system)
    shape, word, colour = _LOOKS[state]
    return json.dumps(
        {
            "schemaVersion": 1,
            "label": label,
            "message": f"{shape} {word}",
            "color": colour,
            "labelColor": _LABEL_COLOUR,
            "cacheSeconds": _SHIELDS_KEEPS_S,
        },
        ensure_ascii=False,
    )


def _find(slug: str, system: str) -> tuple[str, str, State]:
    """The dealer's name, the system's label and its state, which is said as it is: unknown is unknown."""
    if system not in System.values:
        raise NotFoundError(f"There is no such system. There are: {', '.join(System.values)}.", code="system_not_found")
    dealer = get_dealer(slug=slug)
    states = {status.system: State(status.state) for status in dealer.statuses.all()}
    return dealer.name, str(System(system).label), states.get(system, State.UNKNOWN)
