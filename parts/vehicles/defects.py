"""What a defect of an MOT test means: how bad it is, where on the vehicle, and which item of the inspection manual.

Plain Python. The text is `[lateral] [longitudinal] [vertical] item and wording [tester's comment] (manual reference)`.
The manual was renumbered on 20 May 2018 (Directive 2014/45/EU); a reference means nothing without its numbering.
"""

from __future__ import annotations

import enum
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

RENUMBERED_AT = datetime(2018, 5, 19, 23, tzinfo=UTC)  # midnight, British Summer Time


class Category(enum.StrEnum):
    """How bad a defect is. The words are stored; `models.Defect.Category` has the same."""

    DANGEROUS = "dangerous"
    MAJOR = "major"
    FAIL = "fail"
    UNDISCLOSED = "undisclosed"
    MINOR = "minor"
    ADVISORY = "advisory"
    OTHER = "other"
    RECTIFIED = "rectified"  # put right at the station (PRS); never stored

    __hash__ = str.__hash__  # Enum's own is Python, and each defect of a file asks for it several times


FAILING = frozenset({Category.DANGEROUS, Category.MAJOR, Category.FAIL, Category.UNDISCLOSED})

# DVSA's types. USER ENTERED, NON SPECIFIC, SYSTEM GENERATED and whatever it invents next are notes: `other`.
_CATEGORIES = {
    "DANGEROUS": Category.DANGEROUS,
    "MAJOR": Category.MAJOR,
    "FAIL": Category.FAIL,
    "MINOR": Category.MINOR,
    "ADVISORY": Category.ADVISORY,
    "PRS": Category.RECTIFIED,
}


class Scheme(enum.StrEnum):
    """Which numbering of the inspection manual a reference is from."""

    CURRENT = "current"
    OLD = "old"
    NONE = ""

    __hash__ = str.__hash__  # as above


class Reported(NamedTuple):
    """A defect as a test lists it."""

    text: str
    category: Category


class Reading(NamedTuple):
    """What a defect's text says: the manual reference, and where on the vehicle (empty where it does not say)."""

    scheme: Scheme
    reference: str
    lateral: str
    longitudinal: str
    vertical: str


def category_of(kind: str | None, *, is_dangerous: bool) -> Category:
    """The category of DVSA's `type` and `dangerous`: either of them makes it dangerous."""
    if is_dangerous:
        return Category.DANGEROUS
    return _CATEGORIES.get((kind or "").strip().upper(), Category.OTHER)


_PLACES = {
    "nearside": 0,
    "offside": 0,
    "front": 1,
    "rear": 1,
    "upper": 2,
    "lower": 2,
    "inner": 2,
    "outer": 2,
}
# (5.3.1 (b) (i)) at the end; a measure such as (1.6mm) is no reference.
_BRACKETED = re.compile(r"\(\s*([0-9]{1,2}(?:\.[0-9]{1,2}){1,4})((?:\s*\([a-zA-Z0-9]{1,5}\)){0,3})\s*\)\s*$")
# |2.4.C.1a| anywhere, (2.4.C.1a) at the end.
_OLD = re.compile(
    r"\|\s*([0-9]{1,2}(?:\.[0-9A-Za-z]{1,4}){1,5})\s*\|"
    r"|\(\s*([0-9]{1,2}(?=[0-9.]*[A-Za-z])(?:\.[0-9A-Za-z]{1,4}){1,5})\s*\)\s*$"
)
_GROUP = re.compile(r"\(([a-zA-Z0-9]{1,5})\)")


@lru_cache(maxsize=65_536)
def read(text: str, is_old: bool) -> Reading:  # noqa: FBT001 - by position the cache is twice as fast
    """Read a defect's text. `is_old`: of a test before 20 May 2018, which settles `(1.1.1)`, a shape of both numberings.

    The wording is DVSA's own list, so the same few thousand texts come again and again: they are kept.
    """
    scheme, reference = _reference(text, is_old=is_old)
    found = ["", "", ""]
    for word in text.split(maxsplit=3)[:3]:
        slot = _PLACES.get(word.lower())
        if slot is None or found[slot]:
            break
        found[slot] = word.lower()
    return Reading(scheme, reference, *found)


def _reference(text: str, *, is_old: bool) -> tuple[Scheme, str]:
    match = _BRACKETED.search(text)
    if match:
        groups = _GROUP.findall(match[2])
        reference = " ".join([match[1], *(f"({group})" for group in groups)])
        return (Scheme.OLD if is_old and not groups else Scheme.CURRENT), reference
    match = _OLD.search(text)
    if match:
        return Scheme.OLD, match[1] or match[2]
    return Scheme.NONE, ""
