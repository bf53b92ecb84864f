"""What to call one system over many dealers: by the published shares of those we know about. Plain Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dealers.status import DEGRADED, DOWN, OPERATIONAL, UNKNOWN

# A make's system is called by the share of dealers where it is so, of those we know about.
SHARE_DOWN, SHARE_DEGRADED, SHARE_KNOWN = 0.50, 0.10, 0.25


@dataclass(frozen=True, slots=True)
class RollUp:
    """One system over many dealers: what to call it, and the shares behind the word (of those known)."""

    state: str
    known: int
    total: int
    share_down: float
    share_degraded: float


def roll_up(counts: Mapping[str, int]) -> RollUp:
    """Call a system by its dealers: down from half of those known, degraded from a tenth not fully working.

    `unknown` when fewer than a quarter of the dealers are known.
    """
    total = sum(counts.values())
    known = total - counts.get(UNKNOWN, 0)
    down = counts.get(DOWN, 0) / known if known else 0.0
    degraded = counts.get(DEGRADED, 0) / known if known else 0.0
    if not known or known < SHARE_KNOWN * total:
        state = UNKNOWN
    elif down >= SHARE_DOWN:
        state = DOWN
    elif down + degraded >= SHARE_DEGRADED:
        state = DEGRADED
    else:
        state = OPERATIONAL
    return RollUp(state, known, total, round(down, 3), round(degraded, 3))
