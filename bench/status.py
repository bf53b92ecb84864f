"""How fast evidence becomes statuses: a full recompute of 2,000 dealers with 7 systems, against reading its evidence."""

from __future__ import annotations

import statistics
import time
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from dealers import evidence
from dealers.models import Dealer, Evidence, Make, System

DEALERS = {"small": 200, "full": 2_000}
CLAIMS = 3
SAMPLES = 3
_READ = "SELECT count(*), max(observed_at), sum(length(source) + length(claim)) FROM dealers_evidence"


class _Undone(Exception):  # noqa: N818 - no error: takes a measurement back
    pass


def run(scale: str) -> list[dict[str, Any]]:
    """The figures of `make bench` that concern statuses."""
    try:
        with transaction.atomic():
            samples, rate = _measure(DEALERS[scale])
            raise _Undone
    except _Undone:
        pass
    return [
        {
            "name": "status_recompute_vs_read",
            "value": round(statistics.median(samples), 1),
            "unit": "ratio",
            "better": "lower",
            "limit": "one sequential read of the same evidence",
            "samples": [round(sample, 1) for sample in samples],
        },
        {
            "name": "status_evidence_per_second",
            "value": round(rate),
            "unit": "claims/s",
            "better": "higher",
            "limit": f"{DEALERS[scale] * 7:,} statuses recomputed whole; for information",
            "samples": [],
        },
    ]


def _measure(dealers: int) -> tuple[list[float], float]:
    """Ratios of a full recompute to the read, and claims fused a second in the middle one."""
    now = timezone.now()
    make = Make.objects.create(name="BENCH", slug="bench")
    places = Dealer.objects.bulk_create(
        Dealer(code=f"Z{n:04}", slug=f"bench-{n}", name=f"Bench {n}", region=n % 12) for n in range(dealers)
    )
    Dealer.makes.through.objects.bulk_create(Dealer.makes.through(dealer=place, make=make) for place in places)
    Evidence.objects.bulk_create(
        (
            Evidence(
                dealer=place,
                system=system,
                kind="garage",
                source=f"garage:{n}",
                claim="down" if (place.pk + n) % 3 else "operational",
                observed_at=now - timedelta(minutes=7 * n + place.pk % 50),
            )
            for place in places
            for system in System.values
            for n in range(CLAIMS)
        ),
        batch_size=5_000,
    )
    evidence.recompute(at=now)
    ratios, seconds = [], []
    for minute in range(1, SAMPLES + 1):
        started = time.perf_counter()
        evidence.recompute(at=now + timedelta(minutes=minute))
        took = time.perf_counter() - started
        started = time.perf_counter()
        with connection.cursor() as cursor:
            cursor.execute(_READ)
            cursor.fetchall()
        ratios.append(took / (time.perf_counter() - started))
        seconds.append(took)
    return ratios, dealers * len(System.values) * CLAIMS / statistics.median(seconds)
