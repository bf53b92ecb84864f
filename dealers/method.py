"""The published method: the numbers of the formula as they are in force, for the page that explains them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from dealers import crowd, peers, prompts, shares, status, swings, trust

_POINTS = 10 / math.log(10)


@dataclass(frozen=True, slots=True)
class VoiceRow:
    """One kind of source: how often it is right, what a fresh claim of it weighs, and when it weighs half."""

    label: str
    right_percent: float
    points: float
    half_life_hours: float


def numbers() -> dict[str, Any]:
    """Every number of the method by name, in the units the page speaks of: percent, points, hours, minutes."""
    return {
        "voices": [
            VoiceRow(
                label=voice.label,
                right_percent=round(100 * voice.trust, 1),
                points=round(_POINTS * math.log(voice.trust / (1 - voice.trust)), 1),
                half_life_hours=voice.half_life_s / status.HOUR,
            )
            for voice in status.VOICES.values()
        ],
        "usually_down": round(100 * status.BASE_RATE),
        "enter": round(100 * status.ENTER),
        "leave": round(100 * status.LEAVE),
        "well": round(100 * (1 - status.ENTER)),
        "least_freshness": status.MIN_SUPPORT,
        "public_cap": round(_POINTS * status.PUBLIC_CAP, 1),
        "trust_from": round(100 * status.TRUST_FLOOR),
        "trust_to": round(100 * status.TRUST_CEILING),
        "garages_for_trouble": status.BESIDES_TROUBLE + 1,
        "garages_for_working": status.BESIDES_WORKING + 1,
        "dealer_takes": round(100 * status.DEALER_AUTHORITY),
        "check_takes": round(100 * status.PROBE_AUTHORITY),
        "notice_takes": round(100 * status.NOTICE_AUTHORITY),
        "all_clear_leaves": round(100 * status.ALL_CLEAR_LEAVES),
        "peers_back_take": round(100 * status.PEERS_BACK_TAKE),
        "peers_back_quorum": status.PEERS_BACK_QUORUM,
        "live_days": status.LIVE_FOR.days,
        "notice_days": status.NOTICES_LIVE_FOR.days,
        "pool_quorum": peers.POOL_QUORUM,
        "pool_strength": peers.POOL_STRENGTH,
        "pool_from": round(100 * status.BASE_RATE),
        "pool_to": round(100 * peers.POOL_CEILING),
        "settles_hours": trust.SETTLES_AFTER.total_seconds() / status.HOUR,
        "kept_per_week": round(100 * trust.KEPT_PER_WEEK),
        "unstable_turns": swings.UNSTABLE_FROM,
        "unstable_hours": swings.WINDOW.total_seconds() / status.HOUR,
        "ask_minutes": prompts.ASK_AFTER.total_seconds() / 60,
        "by_address": crowd.MOST_BY_ADDRESS,
        "about_system": crowd.MOST_ABOUT_SYSTEM,
        "share_down": round(100 * shares.SHARE_DOWN),
        "share_degraded": round(100 * shares.SHARE_DEGRADED),
        "share_known": round(100 * shares.SHARE_KNOWN),
    }
