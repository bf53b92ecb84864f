"""What was decided, beside what it was decided about: blocked vehicles by day, and the pages of vehicles and parts."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import URLPattern, path
from django.utils import timezone

from parts.blocking import history, rules
from parts.blocking.admin import Derived
from parts.blocking.explain import explain_vehicle
from parts.blocking.history import DayCount
from parts.blocking.models import BlockedDay
from parts.blocking.scarcity import scarcity
from parts.blocking.telling import lines
from parts.catalogue.admin import PartAdmin
from parts.catalogue.models import Part
from parts.vehicles.admin import VehicleAdmin
from parts.vehicles.models import Vehicle

CHART_DAYS = 90
_WIDTH, _HEIGHT = 720, 120


@admin.register(BlockedDay)
class BlockedDayAdmin(Derived):
    """A chart above the rows, and all rows of two years as a file."""

    list_display = ("day", "make", "model", "region", "reason", "blocked", "unknown", "opened", "closed")
    list_filter = ("reason", ("day", admin.DateFieldListFilter), "region", "make")
    list_select_related = ("make", "model__make")
    date_hierarchy = "day"
    ordering = ("-day", "reason", "-blocked")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("blocked-by-day.csv", view(self.download_csv), name="parts_blockedday_csv"),
            path("blocked-by-day.json", view(self.download_json), name="parts_blockedday_json"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        counts = history.counts_by_day(at=timezone.now(), days=CHART_DAYS)
        return super().changelist_view(request, (extra_context or {}) | {"chart": chart(counts)})

    def download_csv(self, request: HttpRequest) -> HttpResponse:
        rows = self._rows(request)
        answer = HttpResponse(content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = 'attachment; filename="blocked-by-day.csv"'
        writer = csv.DictWriter(answer, fieldnames=history.COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
        return answer

    def download_json(self, request: HttpRequest) -> StreamingHttpResponse:
        answer = StreamingHttpResponse(_json(self._rows(request)), content_type="application/json")
        answer["Content-Disposition"] = 'attachment; filename="blocked-by-day.json"'
        return answer

    def _rows(self, request: HttpRequest) -> Iterator[dict[str, object]]:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return history.table(since=timezone.now().date() - timedelta(days=history.DAYS_KEPT))


def _json(rows: Iterator[dict[str, object]]) -> Iterator[str]:
    """A list, one row a line, never all of it in memory."""
    start = "[\n"
    for row in rows:
        yield start + json.dumps(row)
        start = ",\n"
    yield "\n]\n" if start == ",\n" else "[]\n"


def chart(counts: list[DayCount]) -> dict[str, Any] | None:
    """Bars of the vehicles blocked at each day's end, and lines of those who became and ceased to be."""
    if not counts:
        return None
    most = max(1, *(count.blocked for count in counts))
    most_moved = max(1, *(max(count.opened, count.closed) for count in counts))
    step = _WIDTH / CHART_DAYS

    def line(name: str) -> str:
        return " ".join(
            f"{(n + 0.5) * step:.1f},{_HEIGHT - _HEIGHT * getattr(count, name) / most_moved:.1f}"
            for n, count in enumerate(counts)
        )

    bars = [
        {
            "x": f"{n * step:.1f}",
            "y": f"{_HEIGHT - _HEIGHT * count.blocked / most:.1f}",
            "width": f"{step - 1:.1f}",
            "height": f"{_HEIGHT * count.blocked / most:.1f}",
            "label": f"{count.day:%d %B %Y}: {count.blocked} blocked, {count.unknown} not known, "
            f"{count.opened} became blocked, {count.closed} no longer",
        }
        for n, count in enumerate(counts)
    ]
    return {
        "bars": bars, "most": most, "most_moved": most_moved, "opened": line("opened"), "closed": line("closed"),
        "first": counts[0].day, "last": counts[-1], "width": _WIDTH, "height": _HEIGHT,
    }  # fmt: skip


class VehicleForm(forms.ModelForm):
    class Meta:
        model = Vehicle
        fields = ("region", "is_sorn", "vin_last8")

    def clean_vin_last8(self) -> str:
        vin = str(self.cleaned_data["vin_last8"]).strip().upper()
        if vin and not (len(vin) == rules.SERIAL_LENGTH and vin.isascii() and vin.isalnum()):
            raise ValidationError("Enter the last 8 characters of the VIN, letters and digits.")
        return vin


admin.site.unregister(Vehicle)


@admin.register(Vehicle)
class DecidedVehicleAdmin(VehicleAdmin):
    """A vehicle with how it stood over time, and why it stands as it does."""

    form = VehicleForm
    change_form_template = "admin/parts/vehicle/decided.html"

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if vehicle := kwargs.get("obj"):
            at = timezone.now()
            context["timeline"] = history.timeline(vehicle, at=at)
            context["why"] = "\n".join(lines(explain_vehicle(vehicle, at=at)))
        return super().render_change_form(request, context, *args, **kwargs)


admin.site.unregister(Part)


@admin.register(Part)
class ScarcePartAdmin(PartAdmin):
    """A part with the demand for it against the stock of it."""

    change_form_template = "admin/parts/part/scarce.html"

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if part := kwargs.get("obj"):
            context["scarcity"] = scarcity(part.pk, at=timezone.now())
        return super().render_change_form(request, context, *args, **kwargs)
