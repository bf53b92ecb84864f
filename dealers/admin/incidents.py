"""What people are told: incidents, planned work, drafts we suggest, and texts to start from."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from dealers import incidents, maintenance
from dealers.admin.tables import ChecksScope, ReadOnly
from dealers.models import (
    Incident,
    IncidentRule,
    IncidentUpdate,
    Maintenance,
    MaintenanceUpdate,
    Suggestion,
    UpdateTemplate,
)
from garagehub.lib.errors import DomainError

SCOPE = ("make", "systems", "regions", "dealers")


class AppendOnly(admin.StackedInline):
    """New updates move what they are about to their stage; what was said stays said."""

    extra = 1
    fields: ClassVar[Any] = ("stage", "body", "at", "author")
    readonly_fields = ("at", "author")
    ordering = ("-at",)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class FromTemplate(forms.ModelForm):
    """An update, written or started from a template: with one, text and stage may be left empty."""

    start_from = forms.ModelChoiceField(
        UpdateTemplate.objects.order_by("name"), required=False, help_text="Its text and stage, where none is given."
    )

    class Meta:
        model = IncidentUpdate
        fields = ("stage", "body")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.fields.keys() & {"stage", "body"}:
            self.fields[name].required = False

    def clean(self) -> dict[str, Any]:
        """Fill in what was left to the template."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        template: UpdateTemplate | None = given.get("start_from")
        if template is not None:
            given["stage"] = given.get("stage") or template.stage
            given["body"] = given.get("body") or incidents.fill(template, incident=self.instance.incident)
        for name in ("stage", "body"):
            if not given.get(name):
                self.add_error(name, "Fill this in, or choose a template.")
        try:
            incidents.check_stage(self.instance.incident, given.get("stage") or "")
        except DomainError as error:
            self.add_error("stage", error.message)
        return given


class IncidentUpdateInline(AppendOnly):
    model = IncidentUpdate
    form = FromTemplate
    fields = ("start_from", "stage", "body", "at", "author")

    def start_from(self, update: IncidentUpdate) -> str:
        """What is said already has left its template behind."""
        return "–"


@admin.register(Incident)
class IncidentAdmin(ChecksScope, admin.ModelAdmin):
    list_display = ("title", "stage", "impact", "make", "started_at", "resolved_at", "is_published", "works_again")
    list_filter = ("stage", "impact", "make", "is_published", ("suggestions__ended_at", admin.EmptyFieldListFilter))
    list_select_related = ("make",)
    search_fields = ("title", "slug", "updates__body")
    date_hierarchy = "started_at"
    ordering = ("-started_at",)
    prepopulated_fields: ClassVar = {"slug": ("title",)}
    autocomplete_fields = ("dealers",)
    readonly_fields = ("stage", "resolved_at", "created_at", "updated_at")
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("title", "slug", "impact", "is_published", "started_at", "stage", "resolved_at")}),
        ("What it concerns", {"fields": SCOPE}),
        ("Kept", {"fields": ("created_at", "updated_at"), "classes": ("collapse",)}),
    )
    inlines = (IncidentUpdateInline,)
    actions = ("publish", "resolve")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The incident, with the texts that one click puts into the next update."""
        found = self.get_queryset(request).filter(pk=object_id).first() if object_id.isdecimal() else None
        texts = {
            "texts": UpdateTemplate.objects.order_by("stage", "name"),
            "looks_restored": found is not None and self.works_again(found),
        }
        return super().change_view(request, object_id, form_url, (extra_context or {}) | texts)

    def get_formset_kwargs(
        self, request: HttpRequest, obj: Incident, inline: admin.options.InlineModelAdmin, prefix: str
    ) -> dict[str, Any]:
        """With `?text=ID`, or `?text=restored`, the next update is filled in, to be looked over and saved."""
        kwargs: dict[str, Any] = super().get_formset_kwargs(request, obj, inline, prefix)
        chosen = request.GET.get("text", "")
        # Not when it is sent: what equals its initial value would not be saved.
        if request.method == "GET" and obj.pk and isinstance(inline, IncidentUpdateInline):
            if chosen == "restored":
                body = incidents.restored(obj, for_good=True)
                kwargs["initial"] = [{"stage": Incident.Stage.RESOLVED, "body": body}]
            for text in UpdateTemplate.objects.filter(pk=chosen) if chosen.isdecimal() else ():
                kwargs["initial"] = [{"stage": text.stage, "body": incidents.fill(text, incident=obj)}]
        return kwargs

    def get_queryset(self, request: HttpRequest) -> QuerySet[Incident]:
        counts = {
            "suggested": Count("suggestions", distinct=True),
            "going_on": Count("suggestions", filter=Q(suggestions__ended_at=None), distinct=True),
        }
        rows: QuerySet[Incident] = super().get_queryset(request)
        return rows.annotate(**counts)

    @admin.display(description="works again", boolean=True)
    def works_again(self, incident: Any) -> bool | None:
        """Yes: all it was suggested for works again, so resolve it. Empty: not ours to say."""
        return incident.going_on == 0 if incident.suggested and incident.resolved_at is None else None

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Each new update goes the way of every update, so that stage and times stay true."""
        for update in formset.save(commit=False):
            incidents.update(form.instance, stage=update.stage, body=update.body, at=timezone.now(), by=request.user)

    @admin.action(description="Publish")
    def publish(self, request: HttpRequest, queryset: QuerySet[Incident]) -> None:
        self.message_user(request, f"{incidents.publish(list(queryset))} incidents published.")

    @admin.action(description="Resolve")
    def resolve(self, request: HttpRequest, queryset: QuerySet[Incident]) -> None:
        resolved = incidents.resolve_all(list(queryset), at=timezone.now(), by=request.user)
        self.message_user(request, f"{resolved} incidents resolved.")


class MaintenanceUpdateInline(AppendOnly):
    model = MaintenanceUpdate


@admin.register(Maintenance)
class MaintenanceAdmin(ChecksScope, admin.ModelAdmin):
    """Times are the plan; the stage follows the clock as far as `verifying`, and updates from there."""

    list_display = ("title", "stage", "make", "incident", "scheduled_for", "scheduled_until", "is_published")
    list_filter = ("stage", "make", "is_published", ("cancelled_at", admin.EmptyFieldListFilter))
    list_select_related = ("make", "incident")
    search_fields = ("title", "updates__body")
    date_hierarchy = "scheduled_for"
    ordering = ("-scheduled_for",)
    autocomplete_fields = ("dealers", "incident")
    readonly_fields = ("stage", "completed_at", "cancelled_at", "created_at", "updated_at")
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("title", "incident", "is_published", "scheduled_for", "scheduled_until", "stage")}),
        ("What it concerns", {"fields": SCOPE}),
        ("Kept", {"fields": ("completed_at", "cancelled_at", "created_at", "updated_at"), "classes": ("collapse",)}),
    )
    inlines = (MaintenanceUpdateInline,)
    actions = ("complete", "cancel")

    def save_model(self, request: HttpRequest, obj: Maintenance, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Calendars that have it already are to follow."""
        super().save_model(request, obj, form, change)
        if change and form.changed_data:
            maintenance.bump_sequence([obj])

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Each new update goes the way of every update. Who edits and says nothing has a standard one said for them."""
        written = formset.save(commit=False)
        for update in written:
            maintenance.update(form.instance, stage=update.stage, body=update.body, at=timezone.now(), by=request.user)
        if not written:
            maintenance.say_changed(form.instance, fields=form.changed_data, at=timezone.now(), by=request.user)

    @admin.action(description="Everything works again: complete")
    def complete(self, request: HttpRequest, queryset: QuerySet[Maintenance]) -> None:
        completed = maintenance.complete(list(queryset), at=timezone.now(), by=request.user)
        self.message_user(request, f"{completed} completed.")

    @admin.action(description="Call off")
    def cancel(self, request: HttpRequest, queryset: QuerySet[Maintenance]) -> None:
        cancelled = maintenance.cancel(list(queryset), at=timezone.now(), by=request.user)
        self.message_user(request, f"{cancelled} called off.", messages.WARNING)


@admin.register(Suggestion)
class SuggestionAdmin(ReadOnly, admin.ModelAdmin):
    """Which makes' systems crossed their published share, when, and what is told of it."""

    list_display = ("make", "system", "opened_at", "ended_at", "incident")
    list_filter = ("make", "system", ("ended_at", admin.EmptyFieldListFilter))
    list_select_related = ("make", "incident")
    ordering = ("-opened_at",)


@admin.register(IncidentRule)
class IncidentRuleAdmin(admin.ModelAdmin):
    """The closest rule holds. Without any: half of the dealers we know about, and a draft."""

    list_display = ("__str__", "make", "system", "share", "least_dealers", "is_published_at_once")
    list_filter = ("is_published_at_once", "make", "system")
    list_select_related = ("make",)
    ordering = ("make__name", "system")


@admin.register(UpdateTemplate)
class UpdateTemplateAdmin(admin.ModelAdmin):
    list_display = ("name", "stage", "body")
    list_filter = ("stage",)
    search_fields = ("name", "body")
    ordering = ("name",)
