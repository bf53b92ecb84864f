"""When to ask a supplier again: at its interval, later and later after failures, and once in a while when it is down.

The breaker is columns on the feed's row, so that every worker sees the same one and it survives Redis. While it is open,
the row's next attempt is the one half-open probe: whoever claims the row makes it.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from parts.feeds.models import Feed

OPEN_AFTER = 5
_BASE_S = 10
_CAP_S = 900
_PROBE_EVERY_S = 300
_PROBE_AT_MOST_S = 3_600
_LONGEST_EXPONENT = 16


def note_success(feed: Feed, *, at: datetime) -> None:
    """Close the breaker; the next attempt is due after the feed's interval."""
    feed.failures = 0
    feed.opened_at = None
    feed.last_success_at = at
    feed.next_attempt_at = at + timedelta(seconds=feed.interval_s)


def note_failure(feed: Feed, *, at: datetime, retry_after_s: int | None = None) -> None:
    """Count a failure and put the next attempt off, never earlier than the supplier asked."""
    feed.failures += 1
    if feed.failures >= OPEN_AFTER and feed.opened_at is None:
        feed.opened_at = at
    wait = wait_s(feed.failures, draw=random.random())
    if retry_after_s is not None:
        feed.paced_until = at + timedelta(seconds=retry_after_s)
        wait = max(wait, retry_after_s)
    feed.next_attempt_at = at + timedelta(seconds=wait)


def wait_s(failures: int, *, draw: float) -> float:
    """Seconds to wait after so many failures in a row. `draw`: from 0 to 1.

    Below `OPEN_AFTER` full jitter (anything from nothing to a limit that doubles), so that feeds that failed together
    do not come back together; from then on probes, further and further apart.
    """
    if failures < OPEN_AFTER:
        return 1 + draw * min(_CAP_S, _BASE_S * 2.0**failures)
    longest = min(_PROBE_AT_MOST_S, _PROBE_EVERY_S * 2.0 ** min(failures - OPEN_AFTER, _LONGEST_EXPONENT))
    return longest * (0.5 + draw / 2)
