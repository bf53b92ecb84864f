"""Part numbers as compared: one spelling for what people and feeds write in many."""

from __future__ import annotations

import unicodedata

# What senders put in or leave out at will. Nothing else goes: a leading zero or a suffix letter is another product.
_SEPARATORS = "-./"
_ASCII_DROPPED = dict.fromkeys([*range(0x21), 0x7F, *map(ord, _SEPARATORS)])
_MINUS_SIGN = "\N{MINUS SIGN}"


def normalise(raw: str) -> str:
    """The number as compared within a brand: NFKC, capitals, without spaces and `-` `.` `/`.

    Typographic dashes count as `-`; invisible characters that come with pasted text count as spaces. Leading zeros,
    suffix letters and every other sign stay. Empty if nothing is left. Applying it twice changes nothing.
    """
    if raw.isascii():
        return raw.upper().translate(_ASCII_DROPPED)
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", raw).upper())
    kept = "".join(character for character in text if not _is_dropped(character))
    # Dropping a character can bring two together that compose, so go on until nothing changes.
    return kept if kept == raw else normalise(kept)


def _is_dropped(character: str) -> bool:
    return (
        character.isspace()
        or character in _SEPARATORS
        or character == _MINUS_SIGN
        or unicodedata.category(character) in {"Pd", "Cc", "Cf"}
    )
