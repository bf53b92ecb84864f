"""What one would write instead of `parts.feeds`: the same rows again by Django's means and by django-import-export."""

from __future__ import annotations

import time
from typing import Any

from django.utils import timezone
from import_export import resources
from tablib import Dataset

from parts.stock.models import Branch, Offer

Row = dict[str, Any]
BULK_ROWS = 50_000
RESOURCE_ROWS = 2_000


class OfferResource(resources.ModelResource):
    """As its documentation advises for many rows: in bulk, and unchanged rows are not written."""

    class Meta:
        model = Offer
        import_id_fields = ("branch", "part")
        exclude = ("id",)
        use_bulk = True
        batch_size = 1_000
        skip_unchanged = True
        report_skipped = False


def bulk_create_seconds(rows: list[Row], parts: dict[str, int]) -> float:
    """Seconds of `bulk_create(update_conflicts)` for all rows, from the first `BULK_ROWS`."""
    some = _values(rows[:BULK_ROWS], parts)
    started = time.perf_counter()
    Offer.objects.bulk_create(
        (Offer(**values) for values in some),
        batch_size=2_000,
        update_conflicts=True,
        unique_fields=["branch", "part"],
        update_fields=["quantity", "availability", "price_pence", "lead_time_days", "expected_on", "seq", "changed_at"],
    )
    return (time.perf_counter() - started) * len(rows) / len(some)


def import_export_seconds(rows: list[Row], parts: dict[str, int]) -> float:
    """Seconds of django-import-export for all rows, from the first `RESOURCE_ROWS`."""
    some = _values(rows[:RESOURCE_ROWS], parts)
    data = Dataset(headers=[name.removesuffix("_id") for name in some[0]])
    data.extend(list(values.values()) for values in some)
    started = time.perf_counter()
    result = OfferResource().import_data(data, raise_errors=True)
    seconds = time.perf_counter() - started
    assert result.total_rows == len(some)
    return seconds * len(rows) / len(some)


def _values(rows: list[Row], parts: dict[str, int]) -> list[dict[str, Any]]:
    branches = dict(Branch.objects.filter(supplier__code="bench").values_list("code", "id"))
    now = timezone.now()
    return [
        {
            "branch_id": branches[row["branch"]],
            "part_id": parts[row["part_number"]],
            "quantity": row["quantity"],
            "availability": row["availability"],
            "price_pence": row["price_pence"],
            "lead_time_days": row["lead_time_days"],
            "expected_on": row["expected_on"],
            "seq": 1,
            "changed_at": now,
        }
        for row in rows
    ]
