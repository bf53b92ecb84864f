"""The admin's view of decisions: what is derived is there to look at, overrides are there to be said."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import F, Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from garagehub.lib.geography import ALL_REGIONS, REGION_NAMES, REGIONS, has, mask
from parts.blocking import rules
from parts.blocking.explain import explain_vehicle, reason_codes
from parts.blocking.models import (
    BlockChange,
    EngineClock,
    Override,
    PartAvailability,
    Readiness,
    Reason,
    RepairStatus,
    Verdict,
)
from parts.blocking.overrides import remove_overrides, save_override
from parts.blocking.telling import lines
from parts.marks.models import Dirty

_SHAPES = {Verdict.REPAIRABLE: "●", Verdict.BLOCKED: "✕", Verdict.UNKNOWN: "?", Verdict.NO_REPAIR_NEEDED: "●"}


def shown(verdict: str) -> str:
    """A verdict as a shape and words."""
    return f"{_SHAPES[Verdict(verdict)]} {Verdict(verdict).label}"


def places(bits: int) -> str:
    """A mask in words."""
    named = [name for region, name in REGIONS if has(bits, region)]
    if len(named) == len(REGIONS):
        return "everywhere"
    return ", ".join(named) or ("somewhere, not said where" if bits else "nowhere")


class Derived(admin.ModelAdmin):
    """Rows the decision writes: to look at, not to edit."""

    show_full_result_count = False
    list_per_page = 50
    actions = None

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReasonFilter(admin.SimpleListFilter):
    """Rows whose set of reasons holds one."""

    title = "reason"
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(reason.value), reason.label.replace("_", " ")) for reason in Reason]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value is None or not value.isdigit():
            return queryset
        named: QuerySet[Any] = queryset.annotate(named=F("reasons").bitand(int(value))).filter(named__gt=0)
        return named


@admin.register(RepairStatus)
class RepairStatusAdmin(Derived):
    list_display = ("vehicle", "status_shown", "reasons_shown", "region_shown", "since", "off_road")
    list_filter = ("status", ReasonFilter, "vehicle__region", "vehicle__is_sorn", "vehicle__model__make")
    list_select_related = ("vehicle__model__make",)
    # By public id, never by plate: what is searched for stands in the address.
    search_fields = ("=vehicle__public_id",)
    ordering = ("since",)
    fields = ("vehicle", "status_shown", "reasons_shown", "since", "why")

    @admin.display(description="status", ordering="status")
    def status_shown(self, status: RepairStatus) -> str:
        return shown(status.status)

    @admin.display(description="reasons")
    def reasons_shown(self, status: RepairStatus) -> str:
        return ", ".join(reason_codes(status.reasons)) or "-"

    @admin.display(description="region", ordering="vehicle__region")
    def region_shown(self, status: RepairStatus) -> str:
        return REGION_NAMES[status.vehicle.region]

    @admin.display(description="SORN", boolean=True)
    def off_road(self, status: RepairStatus) -> bool:
        return status.vehicle.is_sorn

    @admin.display(description="why")
    def why(self, status: RepairStatus) -> SafeString:
        told = lines(explain_vehicle(status.vehicle, at=timezone.now()))
        return format_html("<pre>{}</pre>", "\n".join(told))


@admin.register(BlockChange)
class BlockChangeAdmin(Derived):
    list_display = ("at", "vehicle", "old_shown", "new_shown", "reasons_shown", "notified_at")
    list_filter = ("new", "old", ReasonFilter, ("at", admin.DateFieldListFilter))
    list_select_related = ("vehicle",)
    search_fields = ("=vehicle__public_id",)
    ordering = ("-at", "-id")

    @admin.display(description="from", ordering="old")
    def old_shown(self, change: BlockChange) -> str:
        return shown(change.old)

    @admin.display(description="to", ordering="new")
    def new_shown(self, change: BlockChange) -> str:
        return shown(change.new)

    @admin.display(description="reasons")
    def reasons_shown(self, change: BlockChange) -> str:
        return ", ".join(reason_codes(change.reasons)) or "-"


class OverrideForm(forms.ModelForm):
    """An override with its regions as boxes to tick."""

    regions_ticked = forms.TypedMultipleChoiceField(
        label="regions",
        coerce=int,
        choices=REGIONS,
        widget=forms.CheckboxSelectMultiple,
        initial=[region for region, _ in REGIONS],
        help_text="Where it holds. All ticked: anywhere.",
    )

    class Meta:
        model = Override
        fields = ("kind", "part", "repair", "reason", "expires_at")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk:
            self.initial["regions_ticked"] = [region for region, _ in REGIONS if has(self.instance.regions, region)]
        else:
            self.initial.setdefault("expires_at", timezone.now() + timedelta(days=7))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        wanted, other = ("part", "repair")
        if cleaned.get("kind") == Override.Kind.REPAIR_IMPOSSIBLE:
            wanted, other = other, wanted
        if not cleaned.get(wanted):
            self.add_error(wanted, ValidationError(f"Choose the {wanted} this is about."))
        if cleaned.get(other):
            self.add_error(other, ValidationError(f"Leave this empty: the word is about a {wanted}."))
        if (expires_at := cleaned.get("expires_at")) and expires_at <= timezone.now():
            self.add_error("expires_at", ValidationError("Choose a time to come; a word does not hold for ever."))
        self.instance.regions = mask(*cleaned.get("regions_ticked", []))
        return cleaned


@admin.register(Override)
class OverrideAdmin(admin.ModelAdmin):
    form = OverrideForm
    fields = ("kind", "part", "repair", "regions_ticked", "reason", "expires_at", "author", "created_at")
    readonly_fields = ("author", "created_at")
    autocomplete_fields = ("part", "repair")
    list_display = ("kind", "about", "regions_shown", "reason", "author", "expires_at", "holds")
    list_filter = ("kind", ("expires_at", admin.DateFieldListFilter), "author")
    list_select_related = ("part", "repair__kind", "author")
    search_fields = ("reason", "part__numbers__norm", "repair__kind__name")
    ordering = ("-expires_at",)

    def save_model(self, request: HttpRequest, obj: Override, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        assert request.user.is_authenticated
        save_override(obj, by=request.user, at=timezone.now())

    def delete_model(self, request: HttpRequest, obj: Override) -> None:
        remove_overrides([obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Override]) -> None:
        remove_overrides(queryset)

    @admin.display(description="about")
    def about(self, override: Override) -> str:
        return str(override.part or override.repair)

    @admin.display(description="regions")
    def regions_shown(self, override: Override) -> str:
        return places(override.regions)

    @admin.display(description="holds now", boolean=True)
    def holds(self, override: Override) -> bool:
        return override.expires_at > timezone.now()


@admin.register(PartAvailability)
class PartAvailabilityAdmin(Derived):
    list_display = ("part", "ready_shown", "possible_shown", "barred_shown")
    list_select_related = ("part",)
    search_fields = ("part__numbers__norm",)
    fields = ("part", "ready_shown", "possible_shown", "stocked_shown", "barred_shown")

    @admin.display(description="one can be had in")
    def ready_shown(self, row: PartAvailability) -> str:
        return places(row.ready & ALL_REGIONS)

    @admin.display(description="perhaps in")
    def possible_shown(self, row: PartAvailability) -> str:
        return places(row.possible & ALL_REGIONS)

    @admin.display(description="in stock, got or not, in")
    def stocked_shown(self, row: PartAvailability) -> str:
        return places(row.stocked & ALL_REGIONS)

    @admin.display(description="barred in")
    def barred_shown(self, row: PartAvailability) -> str:
        return places(row.barred & rules.EACH_REGION)


@admin.register(Readiness)
class ReadinessAdmin(Derived):
    list_display = ("repair", "model_shown", "ready_shown", "possible_shown", "diagnostics_shown")
    list_select_related = ("repair__kind", "repair__model__make")
    list_filter = ("repair__model__make", "repair__needs_diagnostics", "repair__needs_programming")
    search_fields = ("repair__kind__name", "repair__model__name")

    @admin.display(description="model", ordering="repair__model__name")
    def model_shown(self, row: Readiness) -> str:
        return str(row.repair.model)

    @admin.display(description="can be done in")
    def ready_shown(self, row: Readiness) -> str:
        return places(row.ready)

    @admin.display(description="perhaps in")
    def possible_shown(self, row: Readiness) -> str:
        return places(row.possible)

    @admin.display(description="diagnostics, if needed, in")
    def diagnostics_shown(self, row: Readiness) -> str:
        return places(row.diagnostics)


@admin.register(EngineClock)
class EngineClockAdmin(Derived):
    list_display = ("now", "full_at", "runs")
    fields = ("now", "full_at", "runs", "last_counts")


@admin.register(Dirty)
class DirtyAdmin(Derived):
    list_display = ("kind", "key")
    list_filter = ("kind",)
