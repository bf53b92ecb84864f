"""Our states in Statuspage's words. Plain Python: the enums are closed, and nothing else may ever leave here.

The formula, for a group of components and for a page (`blend`), over the shares `dealers.status` publishes:

* critical, `major_outage`: half of the components or more are in major outage;
* major, `partial_outage`: a tenth or more are in major or partial outage; on the service's own page, whose components
  are roll-ups already, any;
* minor, `degraded_performance`: any is not fully working;
* maintenance, `under_maintenance`: any is being worked on as planned;
* none, `operational`: everything else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from dealers.shares import SHARE_DEGRADED, SHARE_DOWN, RollUp
from dealers.status import DEGRADED, DOWN, OPERATIONAL, UNKNOWN

WORKING, SLOW, PARTIAL, MAJOR, MAINTENANCE = (
    "operational",
    "degraded_performance",
    "partial_outage",
    "major_outage",
    "under_maintenance",
)
_OF_STATE = {OPERATIONAL: WORKING, DEGRADED: SLOW, DOWN: MAJOR}
_INDICATORS = {WORKING: "none", SLOW: "minor", PARTIAL: "major", MAJOR: "critical", MAINTENANCE: "maintenance"}
_DESCRIPTIONS = {
    "none": "All Systems Operational",
    "minor": "Partially Degraded Service",
    "major": "Partial System Outage",
    "critical": "Major System Outage",
    "maintenance": "Service Under Maintenance",
}
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_ID_LENGTH = 12


def identifier(*keys: object) -> str:
    """Twelve characters of [a-z0-9], always the same for the same keys."""
    digest = hashlib.blake2b("\0".join(map(str, keys)).encode(), digest_size=10).digest()
    number, text = int.from_bytes(digest), ""
    for _ in range(_ID_LENGTH):
        number, rest = divmod(number, len(_ALPHABET))
        text += _ALPHABET[rest]
    return text


def timestamp(at: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Told:
    """What we say of one system at one place. For an unknown one, `last` is the state known before, if any."""

    state: str
    since: datetime | None
    last: str = ""
    is_contradicted: bool = False

    @property
    def shown(self) -> str:
        """The state Statuspage's readers get: it has no unknown, so the last one known, and degraded for none.

        What was never known, and what contradicts itself, is not shown as fine.
        """
        if self.state != UNKNOWN:
            return self.state
        if self.is_contradicted or self.last in {"", UNKNOWN}:
            return DEGRADED
        return self.last

    @property
    def word(self) -> str:
        """The component status."""
        return _OF_STATE[self.shown]

    @property
    def description(self) -> str | None:
        """Nothing for what is known; else that it is not, and what is shown instead."""
        if self.state != UNKNOWN:
            return None
        if self.is_contradicted:
            return "Not known: what we are told contradicts itself. Shown as degraded."
        if self.last in {"", UNKNOWN}:
            return "Not known: nobody has told us about this yet. Shown as degraded."
        since = f" since {timestamp(self.since)}" if self.since else ""
        return f"Not known{since}: the last state known is shown."


def word_for(rolled: RollUp) -> str:
    """A make's system, rolled up over its dealers, as a component status. Unknown is shown as degraded."""
    if rolled.state == DEGRADED and rolled.share_down >= SHARE_DEGRADED:
        return PARTIAL
    return _OF_STATE.get(rolled.state, SLOW)


def blend(words: Collection[str], *, of_roll_ups: bool = False) -> str:
    """One component status for several, by the formula above; operational for none."""
    if not words:
        return WORKING
    major = sum(word == MAJOR for word in words) / len(words)
    out = sum(word in {MAJOR, PARTIAL} for word in words) / len(words)
    if major >= SHARE_DOWN:
        return MAJOR
    if out >= SHARE_DEGRADED or (of_roll_ups and out):
        return PARTIAL
    if any(word in {SLOW, PARTIAL, MAJOR} for word in words):
        return SLOW
    return MAINTENANCE if MAINTENANCE in words else WORKING


def overall(
    words: Collection[str], *, unknown: int, impacts: Collection[str] = (), of_roll_ups: bool = False
) -> dict[str, str]:
    """The `status` of a page: from its components, or without any from the incidents going on.

    `unknown`: how many of the components are shown by something else than what is known now.
    """
    if words:
        indicator = _INDICATORS[blend(words, of_roll_ups=of_roll_ups)]
    else:
        order = list(_DESCRIPTIONS)
        indicator = max((impact for impact in impacts if impact in order[:4]), key=order.index, default="none")
    description = _DESCRIPTIONS[indicator]
    if unknown:
        description += f" ({unknown} of {len(words)} not known now)"
    return {"indicator": indicator, "description": description}
