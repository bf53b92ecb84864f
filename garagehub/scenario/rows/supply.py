"""Suppliers, the places where their stock lies, and their feeds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dealers.models import Dealer
from garagehub.scenario.suppliers import MOTOR_FACTOR, SUPPLIERS, DemoSupplier, demo_branches
from parts.feeds.models import Feed
from parts.stock.models import Branch, Supplier

# What the motor factor's columns and words mean.
_FACTORS_LIST: dict[str, Any] = {
    "encoding": "cp1252",
    "columns": {
        "part_number": "Part No",
        "brand": "Make",
        "branch": "Depot",
        "quantity": "Free Stock",
        "availability": "Status",
        "price": "Trade £",
        "lead_time_days": "Days",
        "expected_on": "Due In",
        "grade": "Quality",
        "lifecycle": "Life",
        "replaces": "Supersedes",
    },
    "availability_codes": {"None": "out_of_stock"},
}


def write_suppliers(
    dealers: Mapping[str, Dealer], *, seed: int, addresses: Mapping[str, str], at: datetime
) -> list[int]:
    """Make the suppliers with their places and feeds; give the ids of the feeds, which are due now.

    `addresses` are the feeds' by supplier code. A supplier without one has no feed.
    """
    feeds = []
    for demo in SUPPLIERS:
        supplier, _ = Supplier.objects.update_or_create(code=demo.code, defaults={"name": demo.name, "is_demo": True})
        _write_branches(demo, supplier, dealers, seed=seed)
        if demo.code in addresses:
            feed, _ = Feed.objects.update_or_create(
                supplier=supplier,
                defaults={
                    "adapter": demo.adapter,
                    "url": addresses[demo.code],
                    "is_internal": True,
                    "config": _FACTORS_LIST if demo is MOTOR_FACTOR else {},
                    "next_attempt_at": at,
                },
            )
            feeds.append(feed.pk)
    return feeds


def _write_branches(demo: DemoSupplier, supplier: Supplier, dealers: Mapping[str, Dealer], *, seed: int) -> None:
    Branch.objects.bulk_create(
        [
            Branch(
                supplier=supplier,
                code=branch.code,
                name=branch.name,
                dealer=dealers.get(branch.dealer_code),
                tier=branch.tier,
                reach=branch.reach,
                latitude=branch.latitude,
                longitude=branch.longitude,
            )
            for branch in demo_branches(demo, seed=seed)
        ],
        update_conflicts=True,
        unique_fields=["supplier", "code"],
        update_fields=["name", "dealer", "tier", "reach", "latitude", "longitude"],
    )
