"""Number plates: how they are compared, which are believable, what they say, and what was probably meant.

Shapes are DVLA's (INF104, "Vehicle registration numbers and number plates"). A plate is personal data: show `masked()`
in messages and logs, never the plate.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta

EXAMPLE = "Enter a number plate, such as AA19 AAA."

_NOT_KEPT = re.compile(r"[^A-Z0-9]+")
_LOOKUP = re.compile(r"(?=.*[A-Z])(?=.*[0-9])[A-Z0-9]{2,7}")


class BadRegistrationError(ValueError):
    """What was typed cannot be a number plate. The message is for the person who typed it."""

    code = "invalid_registration"


class Kind(enum.StrEnum):
    """The system a plate was issued under."""

    CURRENT = "current"  # since September 2001
    PREFIX = "prefix"  # August 1983 to August 2001
    SUFFIX = "suffix"  # 1963 to July 1983
    Q = "q"  # age or identity not known
    NORTHERN_IRELAND = "northern_ireland"
    DATELESS = "dateless"
    DIPLOMATIC = "diplomatic"


@dataclass(frozen=True)
class Issue:
    """The six or so months in which a plate was first issued, both ends included."""

    first_on: date
    last_on: date


# Strict shapes, in the order tried: the first that fits is the most likely.
_SHAPES: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (Kind.CURRENT, re.compile(r"[A-HJ-PR-Y]{2}(?:0[1-9]|[1-9][0-9])[A-HJ-PR-Z]{3}")),
    (Kind.Q, re.compile(r"Q[1-9][0-9]{0,2}[A-Z]{3}")),
    (Kind.PREFIX, re.compile(r"[A-HJ-NP-TV-Y][1-9][0-9]{0,2}[A-HJ-PR-Y][A-HJ-PR-Z]{2}")),
    (Kind.SUFFIX, re.compile(r"[A-HJ-PR-Y]{3}[1-9][0-9]{0,2}[A-HJ-NP-TV-Y]")),
    (Kind.NORTHERN_IRELAND, re.compile(r"(?=[A-Z]*[IZ])[A-Z]{1,3}[0-9]{1,4}")),
    (
        Kind.DATELESS,
        re.compile(r"[0-9]{1,4}[A-Z]{1,2}|[0-9]{1,3}[A-Z]{1,3}|[A-Z]{1,2}[0-9]{1,4}|[A-Z]{1,3}[0-9]{1,3}"),
    ),
    (Kind.DIPLOMATIC, re.compile(r"[0-9]{3}[DX][0-9]{3}")),
)

# Letters read for digits and the reverse, in the places where a plate can hold either.
_MISTAKEN = {"O": "0", "0": "O", "I": "1", "1": "I"}


def cleaned(text: str) -> str:
    """Capital letters and digits only, whatever the text; may be empty. Applying it twice changes nothing."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return _NOT_KEPT.sub("", text.upper())


def is_plausible(registration: str) -> bool:
    """Whether a cleaned text can be a plate: two to seven characters with a letter and a digit."""
    return _LOOKUP.fullmatch(registration) is not None


def normalise(text: str) -> str:
    """A typed plate as it is compared. Raises BadRegistrationError if no plate can look like this.

    O and 0 or I and 1 are never swapped here: offer `suggestions()` when nothing is found.
    """
    registration = cleaned(text)
    if not registration:
        raise BadRegistrationError(EXAMPLE)
    if not is_plausible(registration):
        raise BadRegistrationError(
            f"A number plate has two to seven letters and digits, at least one of each. {EXAMPLE}"
        )
    return registration


def kind_of(registration: str) -> Kind | None:
    """The system a normalised plate was probably issued under, or None if it fits none strictly."""
    return next((kind for kind, shape in _SHAPES if shape.fullmatch(registration)), None)


def issued(registration: str) -> Issue | None:
    """When a current-style plate was first issued, by its age identifier; None for every other kind.

    March to August is the year (25: 2025), September to February the year plus 50 (75: September 2025).
    Only a guess at the car: an old plate may be on a newer car, never a new plate on an older one.
    """
    if kind_of(registration) is not Kind.CURRENT:
        return None
    age = int(registration[2:4])
    if age <= 50:  # noqa: PLR2004 - identifiers from 51 on are for September
        return Issue(date(2000 + age, 3, 1), date(2000 + age, 8, 31))
    year = 2000 + age - 50
    return Issue(date(year, 9, 1), date(year + 1, 3, 1) - timedelta(1))


def suggestions(registration: str, *, limit: int = 4) -> list[str]:
    """Plates that were perhaps meant: O and 0, I and 1 swapped where that gives a strict shape, fewest swaps first."""
    places = [index for index, character in enumerate(registration) if character in _MISTAKEN]
    found: list[tuple[int, str]] = []
    for choice in range(1, 1 << min(len(places), 7)):
        characters = list(registration)
        swapped = [place for bit, place in enumerate(places) if choice >> bit & 1]
        for place in swapped:
            characters[place] = _MISTAKEN[characters[place]]
        candidate = "".join(characters)
        if kind_of(candidate):
            found.append((len(swapped), candidate))
    # A modern plate fits its shape by design; the loose dateless shapes fit by accident and come last.
    loose = {Kind.DATELESS, Kind.NORTHERN_IRELAND}
    found.sort(key=lambda item: (kind_of(item[1]) in loose, *item))
    return [candidate for _, candidate in found[:limit]]


def masked(registration: str) -> str:
    """A plate as messages and logs may show it: its first two characters and its length, `AA19AAA` as `AA*****`."""
    return registration[:2] + "*" * max(0, len(registration) - 2)
