"""The admin's view of the catalogue. Whatever is saved here marks the repairs and references it touches."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.http import HttpRequest

from garagehub.lib.admin import OwnerAdmin
from garagehub.lib.errors import DomainError
from parts.catalogue import mapping, supersession
from parts.catalogue.models import (
    Brand,
    ManualReference,
    Part,
    PartNumber,
    Repair,
    RepairKind,
    Requirement,
    RequirementPart,
    Supersession,
)
from parts.catalogue.numbers import normalise
from parts.catalogue.search import search_parts
from parts.marks.marks import Mark, mark


class PartField(forms.ModelChoiceField):
    """A part chosen by number: the labels show it, in one query for all."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**(options | {"queryset": Part.objects.with_number()}))


class PartsByNumber:
    """For admins whose rows point at parts."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.related_model is Part:
            options["form_class"] = PartField
        return super().formfield_for_foreignkey(db_field, request, **options)  # type: ignore[misc] # the admin it is mixed into


@admin.register(Brand)
class BrandAdmin(admin.ModelAdmin):
    list_display = ("name", "slug", "part_count")
    search_fields = ("name",)
    prepopulated_fields: ClassVar = {"slug": ("name",)}
    ordering = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Brand]:
        return Brand.objects.annotate(part_count=Count("parts"))

    @admin.display(description="parts", ordering="part_count")
    def part_count(self, brand: Any) -> int:
        return int(brand.part_count)


class PartNumberForm(forms.ModelForm):
    class Meta:
        model = PartNumber
        fields = ("raw", "is_main")

    def clean_raw(self) -> str:
        raw: str = self.cleaned_data["raw"]
        self.instance.norm = normalise(raw)
        if not self.instance.norm:
            raise ValidationError("Enter a number with a letter or digit.")
        return raw


class PartNumberFormSet(forms.BaseInlineFormSet):
    """Numbers are unique within a brand, and one of a part's is the one shown."""

    def clean(self) -> None:
        super().clean()
        kept = [form for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        if sum(bool(form.cleaned_data.get("is_main")) for form in kept) != 1:
            raise ValidationError("Tick exactly one number as shown.")
        norms = [form.instance.norm for form in kept]
        others = PartNumber.objects.exclude(part=self.instance.pk).filter(brand=self.instance.brand_id)
        taken = set(others.filter(norm__in=norms).values_list("norm", flat=True))
        for form in kept:
            if form.instance.norm in taken:
                form.add_error("raw", "Another part of this brand has this number.")
            elif norms.count(form.instance.norm) > 1:
                form.add_error("raw", "This number is given twice.")


class PartNumberInline(admin.TabularInline):
    model = PartNumber
    form = PartNumberForm
    formset = PartNumberFormSet
    extra = 0
    min_num = 1


@admin.register(Part)
class PartAdmin(OwnerAdmin):
    list_display = ("number", "brand", "description", "grade", "lifecycle", "is_demo")
    list_filter = ("lifecycle", "grade", "is_demo", "brand")
    list_select_related = ("brand",)
    search_fields = ("numbers__norm",)
    search_help_text = "The start of a number, spaces and signs as you like, or words of the description."
    readonly_fields = ("public_id", "is_demo")
    autocomplete_fields = ("brand",)
    inlines = (PartNumberInline,)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Part]:
        return Part.objects.with_number().order_by("-pk")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Part], search_term: str
    ) -> tuple[QuerySet[Part], bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(pk__in=search_parts(search_term).order_by().values("pk")), False

    @admin.display(ordering="number")
    def number(self, part: Any) -> str:
        return part.number or ""

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        formset.save(commit=False)
        for number in formset.deleted_objects:
            number.delete()
        kept = [
            row.instance for row in formset.forms if row.instance.norm and row.instance not in formset.deleted_objects
        ]
        # The one no longer shown goes first: two shown at once are refused.
        for number in sorted(kept, key=lambda number: number.is_main):
            number.brand_id = form.instance.brand_id
            number.save()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        super().save_related(request, form, formsets, change)
        mark(Mark.PART, [form.instance.pk])
        supersession.mark_repairs_needing([form.instance.pk])

    def delete_model(self, request: HttpRequest, obj: Part) -> None:
        self.delete_queryset(request, Part.objects.filter(pk=obj.pk))

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Part]) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        mark(Mark.PART, ids)
        supersession.mark_repairs_needing(ids)
        Part.objects.filter(pk__in=ids).delete()


class SupersessionForm(forms.ModelForm):
    class Meta:
        model = Supersession
        fields = ("old", "new", "kind", "group", "ratio", "direction", "valid_from", "source")

    def clean(self) -> dict[str, Any]:
        fields = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                supersession.check_supersession(Supersession(pk=self.instance.pk, **fields))
            except DomainError as error:
                raise ValidationError(error.fields) from error
        return fields


@admin.register(Supersession)
class SupersessionAdmin(PartsByNumber, admin.ModelAdmin):
    form = SupersessionForm
    list_display = ("old_number", "new_number", "kind", "group", "ratio", "direction", "valid_from", "source")
    list_filter = ("kind", "direction", "source")
    autocomplete_fields = ("old", "new")
    search_fields = ("old__numbers__norm",)
    search_help_text = "The number of either part, or words of its description."
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Supersession]:
        shown = PartNumber.objects.filter(is_main=True)
        return Supersession.objects.annotate(
            old_number=Subquery(shown.filter(part=OuterRef("old")).values("raw")),
            new_number=Subquery(shown.filter(part=OuterRef("new")).values("raw")),
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Supersession], search_term: str
    ) -> tuple[QuerySet[Supersession], bool]:
        if not search_term.strip():
            return queryset, False
        found = search_parts(search_term).order_by().values("pk")
        return queryset.filter(models.Q(old__in=found) | models.Q(new__in=found)), False

    @admin.display(description="old part", ordering="old_number")
    def old_number(self, edge: Any) -> str:
        return edge.old_number or ""

    @admin.display(description="new part", ordering="new_number")
    def new_number(self, edge: Any) -> str:
        return edge.new_number or ""

    def save_model(self, request: HttpRequest, obj: Supersession, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        supersession.save_supersession(obj)

    def delete_model(self, request: HttpRequest, obj: Supersession) -> None:
        supersession.remove_supersession(obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Supersession]) -> None:
        for edge in queryset:
            supersession.remove_supersession(edge)


@admin.register(RepairKind)
class RepairKindAdmin(admin.ModelAdmin):
    """Kinds of the data file can be looked at only: a change there would be taken back at the next import."""

    list_display = ("name", "slug", "position_by", "needs_nothing", "reference_count", "repair_count")
    list_filter = ("needs_nothing", "position_by")
    search_fields = ("name", "slug")
    prepopulated_fields: ClassVar = {"slug": ("name",)}
    ordering = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[RepairKind]:
        return RepairKind.objects.annotate(
            reference_count=Count("references", distinct=True), repair_count=Count("repairs", distinct=True)
        )

    @admin.display(description="references", ordering="reference_count")
    def reference_count(self, kind: Any) -> int:
        return int(kind.reference_count)

    @admin.display(description="repairs", ordering="repair_count")
    def repair_count(self, kind: Any) -> int:
        return int(kind.repair_count)

    def get_prepopulated_fields(self, request: HttpRequest, obj: RepairKind | None = None) -> dict[str, Any]:
        return {} if obj else dict(self.prepopulated_fields)

    def has_change_permission(self, request: HttpRequest, obj: RepairKind | None = None) -> bool:
        return super().has_change_permission(request, obj) and not _is_of_data_file(obj)

    def has_delete_permission(self, request: HttpRequest, obj: RepairKind | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not _is_of_data_file(obj)

    def save_model(self, request: HttpRequest, obj: RepairKind, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        super().save_model(request, obj, form, change)
        mapping.mark_kinds([obj])


def _is_of_data_file(kind: RepairKind | None) -> bool:
    return kind is not None and kind.slug in {row.slug for row in mapping.kind_rows()}


@admin.register(ManualReference)
class ManualReferenceAdmin(admin.ModelAdmin):
    """What testers' references mean. The unmapped ones that hold up most repairs stand first."""

    list_display = ("ref", "scheme", "kind", "is_reviewed", "open_fails")
    list_filter = (("kind", admin.EmptyFieldListFilter), "scheme", "is_reviewed")
    list_select_related = ("kind",)
    search_fields = ("ref", "kind__name")
    autocomplete_fields = ("kind",)
    fields = ("scheme", "ref", "kind", "is_reviewed", "open_fails")
    readonly_fields = ("is_reviewed", "open_fails")
    actions = ("follow_data_file",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ManualReference]:
        # One pass over the defects, then a look-up per row: references are hundreds, defects millions.
        counts = json.dumps(mapping.open_fails_by_reference())
        open_fails = RawSQL(
            "coalesce((%s::jsonb ->> parts_manualreference.id::text)::int, 0)",
            [counts],
            output_field=models.IntegerField(),
        )
        return ManualReference.objects.annotate(open_fails=open_fails)

    def get_ordering(self, request: HttpRequest) -> tuple[Any, ...]:
        is_mapped = models.ExpressionWrapper(models.Q(kind__isnull=False), output_field=models.BooleanField())
        return (is_mapped.asc(), "-open_fails", "scheme", "ref")

    def get_readonly_fields(self, request: HttpRequest, obj: ManualReference | None = None) -> tuple[str, ...]:
        return ("scheme", "ref", *self.readonly_fields) if obj else self.readonly_fields

    @admin.display(description="open failed defects", ordering="open_fails")
    def open_fails(self, reference: Any) -> int:
        return getattr(reference, "open_fails", 0)

    def save_model(self, request: HttpRequest, obj: ManualReference, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        mapping.map_reference(obj, obj.kind)

    @admin.action(description="Follow the data file again")
    def follow_data_file(self, request: HttpRequest, queryset: QuerySet[ManualReference]) -> None:
        changes = mapping.follow_data_file(queryset)
        self.message_user(request, f"{changes.changed} references changed their meaning.", messages.SUCCESS)


class RequirementInline(admin.TabularInline):
    model = Requirement
    extra = 0
    show_change_link = True
    verbose_name_plural = "requirements (all are needed; open one to choose its parts)"


@admin.register(Repair)
class RepairAdmin(OwnerAdmin):
    list_display = (
        "kind",
        "position",
        "model",
        "years",
        "needs_diagnostics",
        "needs_programming",
        "requirement_count",
        "is_demo",
    )
    list_filter = ("model__make", "position", "needs_diagnostics", "needs_programming", "is_demo", "kind")
    list_select_related = ("kind", "model__make")
    search_fields = ("kind__name", "model__name", "model__make__name")
    autocomplete_fields = ("kind",)
    raw_id_fields = ("model",)
    readonly_fields = ("is_demo",)
    inlines = (RequirementInline,)
    actions = ("decide_again",)
    ordering = ("model", "kind", "position")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Repair]:
        return Repair.objects.annotate(requirement_count=Count("requirements"))

    @admin.display(description="requirements", ordering="requirement_count")
    def requirement_count(self, repair: Any) -> int:
        return int(repair.requirement_count)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        super().save_related(request, form, formsets, change)
        mark(Mark.REPAIR, [form.instance.pk])

    def delete_model(self, request: HttpRequest, obj: Repair) -> None:
        self.delete_queryset(request, Repair.objects.filter(pk=obj.pk))

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Repair]) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        mark(Mark.REPAIR, ids)
        Repair.objects.filter(pk__in=ids).delete()

    @admin.action(description="Decide again")
    @transaction.atomic
    def decide_again(self, request: HttpRequest, queryset: QuerySet[Repair]) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        mark(Mark.REPAIR, ids)
        self.message_user(request, f"{len(ids)} repairs will be decided again.", messages.SUCCESS)


class RequirementPartInline(PartsByNumber, admin.TabularInline):
    model = RequirementPart
    extra = 0
    autocomplete_fields = ("part",)
    verbose_name_plural = "parts (any one will do, or what replaced it)"


@admin.register(Requirement)
class RequirementAdmin(admin.ModelAdmin):
    list_display = ("name", "quantity", "by_vin", "repair", "part_count")
    list_filter = ("by_vin", "quantity", "repair__model__make")
    list_select_related = ("repair__kind",)
    search_fields = ("name", "repair__kind__name", "repair__model__name")
    raw_id_fields = ("repair",)
    inlines = (RequirementPartInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Requirement]:
        return Requirement.objects.annotate(part_count=Count("options"))

    @admin.display(description="parts", ordering="part_count")
    def part_count(self, requirement: Any) -> int:
        return int(requirement.part_count)

    def get_readonly_fields(self, request: HttpRequest, obj: Requirement | None = None) -> tuple[str, ...]:
        # Moving it to another repair would leave the first one unmarked.
        return ("repair",) if obj else ()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        super().save_related(request, form, formsets, change)
        mark(Mark.REPAIR, [form.instance.repair_id])

    def delete_model(self, request: HttpRequest, obj: Requirement) -> None:
        self.delete_queryset(request, Requirement.objects.filter(pk=obj.pk))

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Requirement]) -> None:
        mark(Mark.REPAIR, set(queryset.values_list("repair_id", flat=True)))
        Requirement.objects.filter(pk__in=list(queryset.values_list("pk", flat=True))).delete()
