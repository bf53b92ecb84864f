"""When to try again. Plain Python; no Django."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

JITTER: Final = 0.1  # of each wait, so that what failed together is not tried again together
LONGEST_PAUSE: Final = timedelta(hours=24)

# Standard Webhooks 1.0.0: at once, then 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 hours.
WEBHOOK_WAITS: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
# Mail servers ask to be tried again within minutes; three days is what RFC 5321 §4.5.4.1 calls long enough to give up.
EMAIL_WAITS: Final = (
    *(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60)),
    *(timedelta(hours=hours) for hours in (2, 4, 8, 16, 20, 24)),
)


def wait_after(
    waits: tuple[timedelta, ...], *, attempts: int, chance: Callable[[], float], asked: timedelta = timedelta()
) -> timedelta | None:
    """How long to wait after so many failed attempts, or None to give up.

    `chance` gives 0 up to 1 and lengthens the wait by up to `JITTER`; never shorter than what the other side `asked`
    for, which counts up to a day.
    """
    if attempts > len(waits):
        return None
    wait = waits[attempts - 1] * (1 + JITTER * chance())
    return max(wait, min(asked, LONGEST_PAUSE))
