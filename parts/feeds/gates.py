"""Whether a run's data may be believed. Plain arithmetic on counts and times; no database.

Each gate answers None, or why not and what becomes of the run: ignored (nothing wrong, nothing new), held for an admin,
or failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from statistics import median
from typing import NamedTuple

IGNORED, HELD, FAILED = "ignored", "held", "failed"

# In a list of a few parts, a few going is everyday business.
FEW_ROWS = 10


class Refusal(NamedTuple):
    """What becomes of a run that is not taken in, and why, in words for an admin."""

    state: str
    reason: str


def order(
    *, sequence: int | None, generated_at: datetime | None, known_sequence: int, known_generated_at: datetime | None
) -> Refusal | None:
    """An older snapshot than the one we have is ignored: by its sequence, else by the time it was made."""
    if sequence is not None:
        if sequence < known_sequence:
            return Refusal(IGNORED, f"An old snapshot: sequence {sequence}, and {known_sequence} was taken in before.")
        return None
    if generated_at is not None and known_generated_at is not None and generated_at < known_generated_at:
        return Refusal(
            IGNORED,
            f"An old snapshot: made {generated_at:%d %B %Y %H:%M} UTC, and a later one was taken in before.",
        )
    return None


def completeness(*, records: int, promised: int | None) -> Refusal | None:
    """A file with more or fewer rows than its sender counted is not whole."""
    if promised is not None and records != promised:
        return Refusal(FAILED, f"The sender says {promised:,} rows, and {records:,} came: the file is not whole.")
    return None


def size(*, good: int, rejected: int, recent: Sequence[int], limit_percent: int) -> Refusal | None:
    """A snapshot without rows, far smaller than recent ones, or mostly unreadable is held."""
    if good == 0:
        what = "none of them could be read" if rejected else "that would empty the shelves"
        return Refusal(HELD, f"The snapshot has {rejected:,} rows and {what}." if rejected else f"No rows: {what}.")
    usual = median(recent) if recent else None
    if usual and usual - good >= FEW_ROWS and good < usual * (100 - limit_percent) / 100:
        percent = round(100 - good * 100 / usual)
        return Refusal(
            HELD, f"{good:,} rows are {percent}% fewer than the usual {usual:,.0f}; the limit is {limit_percent}%."
        )
    if rejected >= FEW_ROWS and rejected * 100 > (good + rejected) * limit_percent:
        return Refusal(HELD, f"{rejected:,} of {good + rejected:,} rows could not be read.")
    return None
