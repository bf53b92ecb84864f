"""The words of an answer: one plain sentence first, then why. Pure: no database, no clock.

In the language in force: the reader's on a page, English in the API (`garagehub.web.language`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import gettext_noop, ngettext, pgettext_lazy

from parts.blocking.models import Reason

# What parts.vehicles.registration says of a plate, which knows of no languages.
_PLATE_PROBLEMS = {
    gettext_noop("Enter a number plate, such as AA19 AAA."),
    gettext_noop(
        "A number plate has two to seven letters and digits, at least one of each."
        " Enter a number plate, such as AA19 AAA."
    ),
}
_TODAY = {
    1: pgettext_lazy("parts or repairs", "one"),
    2: pgettext_lazy("parts or repairs", "two"),
    3: pgettext_lazy("parts or repairs", "three"),
    4: pgettext_lazy("parts or repairs", "four"),
    5: pgettext_lazy("parts or repairs", "five"),
}


def plate_problem(said: str) -> str:
    """Why something cannot be a number plate."""
    return _(said) if said in _PLATE_PROBLEMS else said


def count_in_words(number: int) -> str:
    """1 to 5 in words, more in figures."""
    return str(_TODAY.get(number, number))


def headline(status: str, *, reasons: Sequence[str], missing: int, repairs: int, place: str) -> str:
    """The one sentence an owner reads first."""
    if status == "no_repair_needed":
        return _("Your car needs no repair for its MOT that we know of.")
    if status == "repairable":
        return ngettext(
            "Your car can be repaired now: what it needs can be had.",
            "Your car can be repaired now: all %(count)s repairs it needs can be done.",
            repairs,
        ) % {"count": count_in_words(repairs)}
    if status == "blocked":
        return _blocked(reasons, missing, place)
    if Reason.REPAIR_UNKNOWN.label in reasons:
        return _("We cannot say whether your car can be repaired: we do not know which repair one of its faults needs.")
    return _("We cannot say today whether your car can be repaired: a source of parts is not answering.")


# The gravest reason gives the sentence; the first that holds is said. A part that nobody has goes before all of them.
_BLOCKED = (
    ({Reason.CANNOT_ORDER}, lazy("Your car is waiting: its part is in stock, but dealers' ordering systems are down.")),
    (
        {Reason.PART_NOT_IN_REGION},
        lazy("Your car is waiting: its part can be had, but nobody delivers it to %(place)s today."),
    ),
    (
        {Reason.CANNOT_IDENTIFY_PART},
        lazy("Your car is waiting: the right part cannot be looked up while the parts catalogue is down."),
    ),
    (
        {Reason.NO_DIAGNOSTICS, Reason.NO_PROGRAMMING},
        lazy("Your car is waiting: no dealer in reach can run diagnostics or program new parts today."),
    ),
    ({Reason.NO_DIAGNOSTICS}, lazy("Your car is waiting: no dealer in reach can run the diagnostics it needs today.")),
    ({Reason.NO_PROGRAMMING}, lazy("Your car is waiting: no dealer in reach can program the new part today.")),
)


def _blocked(reasons: Sequence[str], missing: int, place: str) -> str:
    if Reason.PART_UNAVAILABLE.label in reasons:
        return ngettext(
            "Your car is waiting for one part that nobody has today.",
            "Your car is waiting for %(count)s parts that nobody has today.",
            max(1, missing),
        ) % {"count": count_in_words(missing)}
    said = next(text for wanted, text in _BLOCKED if {reason.label for reason in wanted} <= set(reasons))
    return str(said) % {"place": place}


def sources(count: int) -> str:
    """ "the 3 sources checked", in the singular and for none."""
    if count == 0:
        return _("no source we can check")
    return ngettext("the one source checked", "the %(count)d sources checked", count) % {"count": count}


def part_reason(
    code: str,
    *,
    numbers: str,
    availability: str,
    checked: int,
    place: str,
    stale: Sequence[str],
    elsewhere: Mapping[str, Any] | None = None,
) -> str:
    """Why one requirement is not met, naming its part numbers."""
    if code == Reason.PART_UNAVAILABLE.label:
        said = _("%(part)s: no stock at %(sources)s")
        if availability == "not_listed":
            said = _("%(part)s: not listed by %(sources)s")
        return said % {"part": numbers, "sources": sources(checked)}
    if code == Reason.PART_NOT_IN_REGION.label:
        words = {"part": numbers, "where": where(elsewhere), "place": place}
        return _("%(part)s: in stock %(where)s, but nobody delivers it to %(place)s") % words
    if code == Reason.CANNOT_ORDER.label:
        return _("%(part)s: in stock, but the dealers who have it cannot take orders or send parts") % {"part": numbers}
    if not stale:
        return _("%(part)s: no source tells us its stock") % {"part": numbers}
    return ngettext(
        "%(part)s: could not be checked; %(sources)s has sent nothing recent",
        "%(part)s: could not be checked; %(sources)s have sent nothing recent",
        len(stale),
    ) % {"part": numbers, "sources": ", ".join(stale)}


def where(offer: Mapping[str, Any] | None) -> str:
    """ "at Leicester Motors, about 40 miles away", as far as it is known."""
    if offer is None:
        return _("elsewhere")
    words = {"name": offer["dealer_name"] or offer["supplier"], "miles": offer["distance_miles"]}
    if words["miles"] is None:
        return _("at %(name)s") % words
    return _("at %(name)s, about %(miles)d miles away") % words


_SYSTEM_REASONS = {
    Reason.NO_DIAGNOSTICS.label: lazy("No dealer in reach of %(place)s has working diagnostics for this make"),
    Reason.NO_PROGRAMMING.label: lazy("No dealer in reach of %(place)s can program parts for this make"),
    Reason.CANNOT_IDENTIFY_PART.label: lazy(
        "The part must be found by VIN, and no dealer in reach of %(place)s has a working parts catalogue"
    ),
    Reason.REPAIR_UNKNOWN.label: lazy("We do not know which repair this fault needs"),
}


def system_reason(code: str, *, place: str) -> str:
    """Why a repair cannot be done that waits for no part."""
    return str(_SYSTEM_REASONS[code]) % {"place": place}
