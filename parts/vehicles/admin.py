"""The admin's view of vehicles and imports. What DVSA says is shown, not edited; what people told us can be changed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models, transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from garagehub.lib.admin import OwnerAdmin
from parts.marks.marks import Mark, mark
from parts.vehicles.models import Authority, Defect, Enquiry, MotImport, MotTest, RejectedLine, Vehicle, VehicleModel
from parts.vehicles.registration import cleaned


class ReadOnly:
    """For rows that only an import writes."""

    def has_add_permission(self, *_: Any) -> bool:
        return False

    def has_change_permission(self, *_: Any) -> bool:
        return False

    def has_delete_permission(self, *_: Any) -> bool:
        return False


class FailedFilter(admin.SimpleListFilter):
    """By what the newest visit left."""

    title = "newest visit"
    parameter_name = "visit"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("failed", "Failed"),
            ("dangerous", "Failed as dangerous"),
            ("passed", "Passed"),
            ("never", "Never tested"),
        ]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "failed":
                return queryset.filter(open_fails__gt=0)
            case "dangerous":
                return queryset.filter(open_fails__gt=0, is_dangerous=True)
            case "passed":
                return queryset.filter(open_fails=0, last_tested_at__isnull=False)
            case "never":
                return queryset.filter(last_tested_at__isnull=True)
        return queryset


class MotTestInline(ReadOnly, admin.TabularInline):
    model = MotTest
    fields = ("number", "completed_at", "result", "expires_on", "odometer", "odometer_unit", "source", "registration")
    ordering = ("-completed_at",)
    extra = 0


class DefectInline(ReadOnly, admin.TabularInline):
    model = Defect
    fields = ("text", "category", "is_failing", "manual_scheme", "manual_ref", "lateral", "longitudinal", "vertical")
    ordering = ("-is_failing", "position")
    extra = 0


@admin.register(VehicleModel)
class VehicleModelAdmin(admin.ModelAdmin):
    list_display = ("name", "make", "vehicle_count")
    list_filter = ("make",)
    list_select_related = ("make",)
    search_fields = ("name", "make__name")
    ordering = ("make__name", "name")

    def get_queryset(self, _request: HttpRequest) -> QuerySet[VehicleModel]:
        return VehicleModel.objects.annotate(vehicle_count=Count("vehicles"))

    @admin.display(description="vehicles", ordering="vehicle_count")
    def vehicle_count(self, row: Any) -> int:
        return int(row.vehicle_count)


@admin.register(Vehicle)
class VehicleAdmin(OwnerAdmin):
    """Region, SORN and VIN are what people told us; the rest is DVSA's word and comes again with the next import."""

    list_display = ("__str__", "model", "region", "mot_expires_on", "open_fails", "danger", "last_tested_at")
    list_filter = (FailedFilter, "region", "model__make", "is_sorn", "is_demo")
    list_select_related = ("model__make",)
    show_full_result_count = False
    search_fields = ("registration",)
    search_help_text = "A number plate or its beginning, or the last 8 of a VIN."
    ordering = ("-id",)
    editable = ("region", "is_sorn", "vin_last8")
    inlines = (MotTestInline, DefectInline)

    @admin.display(description="dangerous", ordering="is_dangerous", empty_value="")
    def danger(self, vehicle: Vehicle) -> str | None:
        """In a word: Django's tick would make danger look fine."""
        return "dangerous" if vehicle.is_dangerous else None

    def get_readonly_fields(self, _request: HttpRequest, _obj: Vehicle | None = None) -> list[str]:
        return [field.name for field in Vehicle._meta.fields if field.name not in self.editable]  # noqa: SLF001 - _meta is public, by Django's documentation

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def get_search_results(
        self, _request: HttpRequest, queryset: QuerySet[Vehicle], search_term: str
    ) -> tuple[QuerySet[Vehicle], bool]:
        term = cleaned(search_term)
        if not term:
            return queryset, False
        return queryset.filter(models.Q(registration__startswith=term) | models.Q(vin_last8=term)), False

    def save_model(self, request: HttpRequest, obj: Vehicle, form: Any, change: Any) -> None:
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            mark(Mark.VEHICLE, [obj.pk])

    def delete_model(self, request: HttpRequest, obj: Vehicle) -> None:
        self.delete_queryset(request, Vehicle.objects.filter(pk=obj.pk))

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Vehicle]) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        waited_for = queryset.filter(needs__repair__isnull=False).values_list("needs__repair_id", flat=True)
        mark(Mark.REPAIR, set(waited_for))  # what they waited for has one less to wait for it
        Vehicle.objects.filter(pk__in=ids).delete()


@admin.register(MotTest)
class MotTestAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("number", "vehicle", "completed_at", "result", "expires_on", "source")
    list_filter = ("result", "source")
    list_select_related = ("vehicle",)
    show_full_result_count = False
    search_fields = ("number__exact",)
    ordering = ("-id",)


@admin.register(Defect)
class DefectAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("__str__", "vehicle", "category", "is_failing", "manual_scheme", "manual_ref")
    list_filter = ("category", "is_failing", "manual_scheme")
    list_select_related = ("vehicle",)
    show_full_result_count = False
    search_fields = ("manual_ref__startswith", "vehicle__registration__exact")
    ordering = ("-id",)


@admin.register(MotImport)
class MotImportAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("name", "makes", "started_at", "finished_at", "member", "vehicle_count", "rejected_count", "error")
    list_filter = (("finished_at", admin.EmptyFieldListFilter),)
    search_fields = ("name",)
    ordering = ("-started_at",)

    @admin.display(description="vehicles")
    def vehicle_count(self, run: MotImport) -> int:
        names = ("vehicles_new", "vehicles_updated", "vehicles_unchanged")
        return sum(int(run.counts.get(name, 0)) for name in names)

    @admin.display(description="refused lines")
    def rejected_count(self, run: MotImport) -> int:
        return int(run.counts.get("rejected", 0))


@admin.register(RejectedLine)
class RejectedLineAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("run", "member", "line", "reason")
    list_select_related = ("run",)
    search_fields = ("reason", "run__name")
    ordering = ("-id",)


@admin.register(Authority)
class AuthorityAdmin(ReadOnly, admin.ModelAdmin):
    """Whether DVSA and DVLA answer when a plate is looked up."""

    list_display = ("name", "failures", "closed_until", "next_at")


@admin.register(Enquiry)
class EnquiryAdmin(ReadOnly, admin.ModelAdmin):
    """Plates asked about that we did not know: how many wait, and what stands in the way. Never which."""

    list_display = ("id", "state", "tries", "due_at", "answered_at", "error")
    list_display_links = None
    list_filter = ("state",)
    ordering = ("-id",)
