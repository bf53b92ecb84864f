"""Reads the text of a cell: quantities, prices, dates and words as suppliers write them.

What is certain is understood; anything else is a CellError, so that a guess never becomes a fact.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal, NamedTuple, get_args

import msgspec

MAX_QUANTITY = 9_999_999
MAX_PRICE_PENCE = 999_999_999
MAX_LEAD_DAYS = 3_650
MAX_SEQ = 2**62

# What needs no care, as types: `msgspec` reads it by the block, and each type takes nothing that the functions here would not.
PartNumber = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Brand = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
BranchCode = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
Quantity = Annotated[int, msgspec.Meta(ge=0, le=MAX_QUANTITY)]
Availability = Literal["in_stock", "limited", "on_backorder", "out_of_stock", "not_listed", "unknown"]
Lifecycle = Literal["listed", "active", "superseded", "discontinued"]
PricePence = Annotated[int, msgspec.Meta(ge=0, le=MAX_PRICE_PENCE)]
Currency = Literal["GBP", "EUR", "USD"]  # any other is looked at by itself: a pattern would cost as much as a line
LeadDays = Annotated[int, msgspec.Meta(ge=0, le=MAX_LEAD_DAYS)]
Grade = Literal["genuine", "oe", "aftermarket", "reconditioned", "used"]
SequenceNumber = Annotated[int, msgspec.Meta(ge=0, le=MAX_SEQ)]

GRADE_WORDS = {
    "original": "genuine",
    "oem": "oe",
    "oe maker": "oe",
    "pattern": "aftermarket",
    "recon": "reconditioned",
    "reman": "reconditioned",
    "remanufactured": "reconditioned",
    "second hand": "used",
    "recycled": "used",
}
AVAILABILITIES = frozenset(get_args(Availability))
LIFECYCLES = frozenset(get_args(Lifecycle))
GRADES = frozenset(get_args(Grade))

# How suppliers write it, by letters alone, in lower case.
_AVAILABILITY_WORDS = {
    "instock": "in_stock",
    "available": "in_stock",
    "yes": "in_stock",
    "y": "in_stock",
    "limited": "limited",
    "limitedavailability": "limited",
    "lowstock": "limited",
    "low": "limited",
    "few": "limited",
    "onbackorder": "on_backorder",
    "backorder": "on_backorder",
    "backordered": "on_backorder",
    "onorder": "on_backorder",
    "outofstock": "out_of_stock",
    "nostock": "out_of_stock",
    "no": "out_of_stock",
    "n": "out_of_stock",
    "soldout": "out_of_stock",
    "notlisted": "not_listed",
    "unknown": "unknown",
    "call": "unknown",
    "phone": "unknown",
    "poa": "unknown",
    "ask": "unknown",
}
# Few enough that a number of so many digits, even in pounds, is within every limit above.
_FEW_DIGITS = 6
_EMPTY = frozenset({"", "-", "n/a", "na", "null", "none", "nil"})
_QUANTITY = re.compile(r"(?P<more>>)?\s*(?P<digits>\d{1,3}(?:,\d{3})+|\d+)(?:\.0+)?\s*(?P<plus>\+)?", re.ASCII)
_NEGATIVE = re.compile(r"-\s*\d[\d,]*(?:\.0+)?", re.ASCII)
_FEWER = re.compile(r"<\s*\d{1,4}", re.ASCII)
_WHOLE = re.compile(r"\d{1,19}", re.ASCII)
_PRICE = re.compile(r"(?:£|GBP)?\s*(\d{1,3}(?:,\d{3})+|\d+)(\.\d{1,4})?\s*(?:GBP)?", re.ASCII | re.IGNORECASE)
_PRICES_IN_PENCE = re.compile(rf"(?:[0-9]{{1,{_FEW_DIGITS}}}+\n)++")
_PRICES_IN_POUNDS = re.compile(rf"(?:[0-9]{{1,{_FEW_DIGITS}}}+\.[0-9][0-9]\n)++")
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_ISO_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ]\d{2}:\d{2}.*", re.ASCII)


class CellError(ValueError):
    """A cell that cannot be read with certainty: the field at fault and why."""

    def __init__(self, field: str, why: str) -> None:
        # A reason may quote the cell, and PostgreSQL stores no NUL.
        super().__init__(f"{field}: {why}".replace("\x00", "\N{REPLACEMENT CHARACTER}"))
        self.field = field


class Stock(NamedTuple):
    """A quantity cell as read: how many at least, and what it says of availability by itself, if anything."""

    quantity: int | None
    availability: str | None


def quantity(text: str, *, codes: Mapping[str, str] | None = None, negative: str = "reject") -> Stock:
    """`12`, `1,000`, `12.0`, `10+` and `>50` (at least so many), `<5` (few), `Call`, `In stock`, or a supplier's code.

    `codes` maps a supplier's own words to an availability. `negative` says what minus means: reject, zero or unknown.
    """
    stripped = text.strip()
    if not codes and len(stripped) <= _FEW_DIGITS and stripped.isascii() and stripped.isdigit():
        return Stock(int(stripped), None)
    word = codes.get(stripped.casefold()) if codes else None
    if word is not None:
        return Stock(0 if word == "out_of_stock" else None, word)
    found = _number(stripped)
    if (match := _QUANTITY.fullmatch(stripped)) or (found is not None and found >= 0):
        number = int(match["digits"].replace(",", "")) + (1 if match["more"] else 0) if match else found or 0
        if number > MAX_QUANTITY:
            raise CellError("quantity", f"{number:,} is more than anybody has")
        return Stock(number, None)
    if _NEGATIVE.fullmatch(stripped) and negative == "reject":
        raise CellError("quantity", "a negative quantity")
    if _NEGATIVE.fullmatch(stripped):
        return Stock(0, None) if negative == "zero" else Stock(None, "unknown")
    return _stock_in_words(stripped)


def _stock_in_words(text: str) -> Stock:
    if text.casefold() in _EMPTY:
        return Stock(None, None)
    if _FEWER.fullmatch(text):
        return Stock(None, "limited")
    if found := _AVAILABILITY_WORDS.get(_letters(text)):
        return Stock(0 if found == "out_of_stock" else None, found)
    raise CellError("quantity", f"“{text[:40]}” is not a quantity")


def availability(text: str, *, codes: Mapping[str, str] | None = None) -> str | None:
    """One of our availabilities from the supplier's word for it; empty is None: not said."""
    stripped = text.strip()
    if codes and (word := codes.get(stripped.casefold())):
        return word
    if stripped.casefold() in _EMPTY:
        return None
    if stripped in AVAILABILITIES:
        return stripped
    if found := _AVAILABILITY_WORDS.get(_letters(stripped)):
        return found
    raise CellError("availability", f"“{stripped[:40]}” is not one we know")


def choice(text: str, *, field: str, known: frozenset[str], codes: Mapping[str, str] | None = None) -> str | None:
    """A word out of a known set, whatever its capitals, or what a supplier's code stands for; empty is None."""
    word = text.strip().lower()
    if codes and word in codes:
        return codes[word]
    if word in _EMPTY:
        return None
    if word not in known:
        raise CellError(field, f"“{text.strip()[:40]}” is not one we know")
    return word


def price_pence(text: str, *, unit: str = "pounds") -> int | None:
    """A price in pence. `unit` says what a plain number is: `pounds` (12.34) or `pence` (1234)."""
    stripped = text.strip()
    if len(stripped) <= _FEW_DIGITS and stripped.isascii() and stripped.isdigit():
        return int(stripped) * (100 if unit == "pounds" else 1)
    if stripped.casefold() in _EMPTY or stripped.casefold() in {"poa", "call"}:
        return None
    if match := _PRICE.fullmatch(stripped):
        amount = Decimal(match[1].replace(",", "") + (match[2] or ""))
    elif (found := _number(stripped)) is not None and found >= 0:
        amount = Decimal(found)
    else:
        raise CellError("price", f"“{stripped[:40]}” is not a price")
    pence = amount * 100 if unit == "pounds" else amount
    if pence > MAX_PRICE_PENCE:
        raise CellError("price", "more than any part costs")
    return int(pence.quantize(Decimal(1)))


def prices_pence(texts: Sequence[str], *, unit: str) -> list[int] | None:
    """Many prices at once, as `price_pence` reads each; None unless all are plain: whole pence, or pounds with pence."""
    joined = "\n".join([*texts, ""])
    if not (_PRICES_IN_POUNDS if unit == "pounds" else _PRICES_IN_PENCE).fullmatch(joined):
        return None
    return list(map(int, joined.replace(".", "").split()))


def whole(text: str, *, field: str, most: int) -> int | None:
    """A whole number from 0 to `most`; empty is None."""
    stripped = text.strip()
    if stripped.casefold() in _EMPTY:
        return None
    found = int(stripped) if _WHOLE.fullmatch(stripped) else _number(stripped)
    if found is None or not 0 <= found <= most:
        raise CellError(field, f"“{stripped[:40]}” is not a whole number from 0 to {most:,}")
    return found


def _number(text: str) -> int | None:
    """A whole number as programs write it: `12`, `12.0`, `1.2E3`, `-0`; None if it is something else."""
    try:
        return msgspec.convert(text, int, strict=False)
    except msgspec.ValidationError:
        return None


def day(text: str, *, formats: Sequence[str] = ()) -> date | None:
    """A date: ISO 8601, or one of the supplier's own formats; empty is None."""
    stripped = text.strip()
    if stripped.casefold() in _EMPTY:
        return None
    if match := _ISO_MOMENT.fullmatch(stripped):
        stripped = match[1]
    try:
        if _ISO_DAY.fullmatch(stripped):
            return date.fromisoformat(stripped)
    except ValueError as error:
        raise CellError("expected_on", f"“{stripped[:40]}” is not a date") from error
    for pattern in formats:
        try:
            return datetime.strptime(stripped, pattern).date()  # noqa: DTZ007 - a date has no zone
        except ValueError:
            continue
    raise CellError("expected_on", f"“{stripped[:40]}” is not a date")


def currency(text: str) -> str | None:
    """Three capital letters (ISO 4217); empty is None."""
    stripped = text.strip().upper()
    if stripped.casefold() in _EMPTY:
        return None
    if len(stripped) != 3 or not (stripped.isascii() and stripped.isalpha()):  # noqa: PLR2004 - ISO 4217 has three
        raise CellError("currency", f"“{stripped[:40]}” is not a currency code")
    return stripped


def part_number(text: str) -> str:
    """The number as sent, without the blanks around it; neither empty nor longer than 64 characters."""
    stripped = text.strip()
    if not stripped:
        raise CellError("part_number", "missing")
    if len(stripped) > 64:  # noqa: PLR2004 - the length of PartNumber.raw
        raise CellError("part_number", "longer than 64 characters")
    if "\ufffd" in stripped or "\x00" in stripped:
        raise CellError("part_number", "characters that cannot be read: is the encoding right?")
    return stripped


def part_numbers(texts: Sequence[str]) -> Sequence[str] | None:
    """Many numbers at once, as `part_number` reads each; None if one of them has blanks, is empty, long or not ASCII."""
    joined = "".join(texts)
    is_plain = joined.isascii() and joined.isprintable() and " " not in joined
    return texts if is_plain and "" not in texts and max(map(len, texts)) <= 64 else None  # noqa: PLR2004 - as above


def name(text: str, *, field: str, most: int) -> str | None:
    """A brand's name or a branch's code; empty is None."""
    stripped = text.strip()
    if not stripped:
        return None
    if len(stripped) > most or "\x00" in stripped:
        raise CellError(field, f"longer than {most} characters, or not text")
    return stripped


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalpha())
