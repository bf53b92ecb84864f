"""Numbers for what repeats from row to row of a file, so that half a million rows carry few words to PostgreSQL."""

from __future__ import annotations

from typing import Any, Final

from parts.feeds.adapters.rows import BrokenFileError

# Beyond this a file is not what it says it is.
MOST: Final = 100_000

# What a row says beside its figures: availability, lifecycle, currency, grade, and whether the offer was removed.
Word = tuple[str | None, str | None, str | None, str | None, bool | None]
# The word of a refused row that names its offer: what is stored stays.
KEPT: Final[Word] = (None, None, None, None, None)


class Codes(dict[Any, int]):
    """Combinations and their numbers, in the order they came in. BrokenFileError for more than a file can sensibly have."""

    def __init__(self, *known: Any, what: str) -> None:
        super().__init__({combination: number for number, combination in enumerate(known)})
        self._what = what

    def __missing__(self, combination: Any) -> int:
        if len(self) >= MOST:
            raise BrokenFileError(f"The file names more than {MOST:,} {self._what}.")
        number = self[combination] = len(self)
        return number


def kind_of(word: Word) -> str:
    """What a row with this word is to the offer it names: o an offer, d its removal, k refused."""
    if word == KEPT:
        return "k"
    return "d" if word[4] or word[0] == "not_listed" else "o"
