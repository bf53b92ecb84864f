"""The words of an answer: one plain sentence first, then why. Pure: no database, no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from parts.blocking.models import Reason

_TODAY = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}


def count_in_words(number: int) -> str:
    """1 to 5 in words, more in figures."""
    return _TODAY.get(number, str(number))


def headline(status: str, *, reasons: Sequence[str], missing: int, repairs: int, place: str) -> str:
    """The one sentence an owner reads first."""
    if status == "no_repair_needed":
        return "Your car needs no repair for its MOT that we know of."
    if status == "repairable":
        if repairs == 1:
            return "Your car can be repaired now: what it needs can be had."
        return f"Your car can be repaired now: all {count_in_words(repairs)} repairs it needs can be done."
    if status == "blocked":
        return _blocked(reasons, missing, place)
    if Reason.REPAIR_UNKNOWN.label in reasons:
        return "We cannot say whether your car can be repaired: we do not know which repair one of its faults needs."
    return "We cannot say today whether your car can be repaired: a source of parts is not answering."


# The gravest reason gives the sentence; the first that holds is said.
_BLOCKED = (
    ({Reason.PART_UNAVAILABLE}, "Your car is waiting for {parts} that nobody has today."),
    ({Reason.CANNOT_ORDER}, "Your car is waiting: its part is in stock, but dealers' ordering systems are down."),
    (
        {Reason.PART_NOT_IN_REGION},
        "Your car is waiting: its part can be had, but nobody delivers it to {place} today.",
    ),
    (
        {Reason.CANNOT_IDENTIFY_PART},
        "Your car is waiting: the right part cannot be looked up while the parts catalogue is down.",
    ),
    (
        {Reason.NO_DIAGNOSTICS, Reason.NO_PROGRAMMING},
        "Your car is waiting: no dealer in reach can run diagnostics or program new parts today.",
    ),
    ({Reason.NO_DIAGNOSTICS}, "Your car is waiting: no dealer in reach can run the diagnostics it needs today."),
    ({Reason.NO_PROGRAMMING}, "Your car is waiting: no dealer in reach can program the new part today."),
)


def _blocked(reasons: Sequence[str], missing: int, place: str) -> str:
    parts = f"{count_in_words(missing)} parts" if missing > 1 else "one part"
    said = next(text for wanted, text in _BLOCKED if {reason.label for reason in wanted} <= set(reasons))
    return said.format(parts=parts, place=place)


def sources(count: int) -> str:
    """ "the 3 sources checked", in the singular and for none."""
    if count == 0:
        return "no source we can check"
    return "the one source checked" if count == 1 else f"the {count} sources checked"


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
        said = "not listed by" if availability == "not_listed" else "no stock at"
        return f"{numbers}: {said} {sources(checked)}"
    if code == Reason.PART_NOT_IN_REGION.label:
        return f"{numbers}: in stock {where(elsewhere)}, but nobody delivers it to {place}"
    if code == Reason.CANNOT_ORDER.label:
        return f"{numbers}: in stock, but the dealers who have it cannot take orders or send parts"
    if not stale:
        return f"{numbers}: no source tells us its stock"
    verb = "has" if len(stale) == 1 else "have"
    return f"{numbers}: could not be checked; {', '.join(stale)} {verb} sent nothing recent"


def where(offer: Mapping[str, Any] | None) -> str:
    """ "at Leicester Motors, about 40 miles away", as far as it is known."""
    if offer is None:
        return "elsewhere"
    name = offer["dealer_name"] or offer["supplier"]
    miles = offer["distance_miles"]
    return f"at {name}" if miles is None else f"at {name}, about {miles} miles away"


SYSTEM_REASONS = {
    Reason.NO_DIAGNOSTICS.label: "No dealer in reach of {place} has working diagnostics for this make",
    Reason.NO_PROGRAMMING.label: "No dealer in reach of {place} can program parts for this make",
    Reason.CANNOT_IDENTIFY_PART.label: (
        "The part must be found by VIN, and no dealer in reach of {place} has a working parts catalogue"
    ),
    Reason.REPAIR_UNKNOWN.label: "We do not know which repair this fault needs",
}
