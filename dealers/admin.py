"""The admin's view of dealers: reading, repairing, and telling people. What we derive is read-only."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Count, Model, Q, QuerySet, URLField
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dealers import access, evidence, incidents, probes
from dealers.models import (
    ApiKey,
    Dealer,
    Evidence,
    Incident,
    IncidentUpdate,
    Make,
    Membership,
    Notice,
    Probe,
    SourceRecord,
    State,
    Status,
    StatusChange,
)
from garagehub.lib.geography import area_of

_SHAPES = {State.OPERATIONAL: "●", State.DEGRADED: "◐", State.DOWN: "✕", State.UNKNOWN: "?"}


def shape(state: str) -> SafeString:
    """A state as the pages show it: a shape and a word."""
    return format_html("{} {}", _SHAPES[State(state)], State(state).label)


# Django 6 makes https the default for an address typed without a scheme; we do already.
HTTPS_FIRST: dict[type[Any], dict[str, Any]] = {URLField: {"assume_scheme": "https"}}


class ReadOnly:
    """Rows the program writes: to look at, not to edit."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class StatusInline(ReadOnly, admin.TabularInline):
    model = Status
    fields = ("system", "state_shown", "confidence", "since", "evidence_at")
    readonly_fields = ("state_shown",)
    ordering = ("system",)

    @admin.display(description="state")
    def state_shown(self, status: Status) -> SafeString:
        return shape(status.state)


class MembershipInline(admin.TabularInline):
    model = Membership
    extra = 0
    autocomplete_fields = ("user",)


class ProbeInline(admin.TabularInline):
    model = Probe
    formfield_overrides = HTTPS_FIRST
    extra = 0
    fields = ("system", "url", "is_internal", "is_enabled", "interval_s", "last_at", "last_result")
    readonly_fields = ("last_at", "last_result")
    ordering = ("system",)


class ApiKeyInline(ReadOnly, admin.TabularInline):
    model = ApiKey
    fields = ("prefix", "name", "created_at", "expires_at", "last_used_at", "revoked_at")
    readonly_fields = fields


@admin.register(Make)
class MakeAdmin(admin.ModelAdmin):
    list_display = ("name", "slug", "dealer_count")
    search_fields = ("name",)
    prepopulated_fields: ClassVar = {"slug": ("name",)}
    ordering = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Make]:
        makes: QuerySet[Make] = super().get_queryset(request)
        return makes.annotate(dealer_count=Count("dealers"))

    @admin.display(description="dealers", ordering="dealer_count")
    def dealer_count(self, make: Any) -> int:
        return int(make.dealer_count)


@admin.register(Dealer)
class DealerAdmin(admin.ModelAdmin):
    list_display = ("code", "name", "kind", "town", "region", "down_count", "unknown_count", "is_active", "is_demo")
    list_filter = ("kind", "makes", "region", "is_active", "is_demo", "group")
    search_fields = ("code", "name", "town", "postcode", "group")
    ordering = ("name",)
    filter_horizontal = ("makes",)
    prepopulated_fields: ClassVar = {"slug": ("name",)}
    inlines = (StatusInline, MembershipInline, ProbeInline, ApiKeyInline)
    actions = ("judge_again", "probe_now")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dealer]:
        counts = {
            f"{state}_systems": Count("statuses", filter=Q(statuses__state=state))
            for state in (State.DOWN, State.UNKNOWN)
        }
        dealers: QuerySet[Dealer] = super().get_queryset(request)
        return dealers.annotate(**counts)

    @admin.display(description="down", ordering="down_systems")
    def down_count(self, dealer: Any) -> int:
        return int(dealer.down_systems)

    @admin.display(description="went unknown", ordering="unknown_systems")
    def unknown_count(self, dealer: Any) -> int:
        return int(dealer.unknown_systems)

    def save_model(self, request: HttpRequest, obj: Dealer, form: ModelForm[Dealer], change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Fill in the middle of the postcode area where no place was given."""
        if obj.latitude is None and (area := area_of(obj.postcode)):
            obj.latitude, obj.longitude = area.latitude, area.longitude
        super().save_model(request, obj, form, change)

    @admin.action(description="Judge their systems again")
    def judge_again(self, request: HttpRequest, queryset: QuerySet[Dealer]) -> None:
        changed = evidence.recompute(list(queryset.values_list("pk", flat=True)), at=timezone.now())
        self.message_user(request, f"Judged again; {changed} statuses changed.")

    @admin.action(description="Check their systems now")
    def probe_now(self, request: HttpRequest, queryset: QuerySet[Dealer]) -> None:
        ran = probes.run_now(Probe.objects.filter(dealer__in=queryset, is_enabled=True), at=timezone.now())
        self.message_user(request, f"{ran} checks ran.")


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin):
    list_display = ("user", "dealer", "role")
    list_filter = ("role",)
    list_select_related = ("user", "dealer")
    search_fields = ("user__email", "user__name", "dealer__code", "dealer__name")
    autocomplete_fields = ("user", "dealer")


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin):
    """Keys are made by an owner on the garage's page, or by `manage.py create_api_key`: nowhere else are they shown."""

    list_display = ("prefix", "name", "dealer", "created_at", "last_used_at", "expires_at", "revoked_at")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    list_select_related = ("dealer",)
    search_fields = ("prefix", "name", "dealer__code", "dealer__name")
    fields = ("dealer", "name", "prefix", "created_at", "created_by", "expires_at", "last_used_at", "revoked_at")
    readonly_fields = ("dealer", "prefix", "created_at", "created_by", "last_used_at", "revoked_at")
    actions = ("revoke",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.action(description="Revoke these keys")
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        revoked = access.revoke_api_keys(queryset, at=timezone.now())
        self.message_user(request, f"{revoked} keys revoked.", messages.WARNING)


@admin.register(Probe)
class ProbeAdmin(admin.ModelAdmin):
    formfield_overrides = HTTPS_FIRST
    list_display = ("dealer", "system", "is_enabled", "interval_s", "last_at", "last_result", "next_at")
    list_filter = ("system", "is_enabled", "last_claim", "is_internal")
    list_select_related = ("dealer",)
    search_fields = ("dealer__code", "dealer__name", "url", "last_result")
    autocomplete_fields = ("dealer",)
    readonly_fields = ("last_at", "last_result", "last_claim", "streak")
    actions = ("probe_now",)

    @admin.action(description="Check now")
    def probe_now(self, request: HttpRequest, queryset: QuerySet[Probe]) -> None:
        self.message_user(request, f"{probes.run_now(queryset, at=timezone.now())} checks ran.")


@admin.register(Evidence)
class EvidenceAdmin(admin.ModelAdmin):
    """What was claimed is never edited; a false claim is deleted, and the dealer judged again."""

    list_display = ("dealer", "system", "kind", "source", "claim", "observed_at", "note")
    list_filter = ("kind", "system", "claim")
    list_select_related = ("dealer",)
    search_fields = ("dealer__code", "dealer__name", "source", "note")
    date_hierarchy = "observed_at"
    ordering = ("-observed_at",)
    actions = ("discard",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Evidence | None = None) -> bool:
        return False

    @admin.action(description="Discard these claims and judge again", permissions=("delete",))
    def discard(self, request: HttpRequest, queryset: QuerySet[Evidence]) -> None:
        changed = evidence.discard(queryset, at=timezone.now())
        self.message_user(request, f"Discarded; {changed} statuses changed.", messages.WARNING)


@admin.register(SourceRecord)
class SourceRecordAdmin(admin.ModelAdmin):
    list_display = ("source", "agreed", "disagreed", "updated_at")
    search_fields = ("source",)
    ordering = ("-updated_at",)


@admin.register(Notice)
class NoticeAdmin(admin.ModelAdmin):
    formfield_overrides = HTTPS_FIRST
    list_display = ("make", "claim", "text", "published_at", "withdrawn_at")
    list_filter = ("make", "claim", ("withdrawn_at", admin.EmptyFieldListFilter))
    list_select_related = ("make",)
    search_fields = ("text", "make__name")
    date_hierarchy = "published_at"
    actions = ("withdraw",)

    @admin.action(description="Withdraw these notices")
    def withdraw(self, request: HttpRequest, queryset: QuerySet[Notice]) -> None:
        changed = evidence.withdraw(queryset, at=timezone.now())
        self.message_user(request, f"Withdrawn; {changed} statuses changed.", messages.WARNING)


@admin.register(Status)
class StatusAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("dealer", "system", "state_shown", "confidence", "since", "evidence_at", "decided_at")
    list_filter = ("system", "state", "dealer__makes", "dealer__region")
    list_select_related = ("dealer",)
    search_fields = ("dealer__code", "dealer__name")
    ordering = ("-since",)

    @admin.display(description="state", ordering="state")
    def state_shown(self, status: Status) -> SafeString:
        return shape(status.state)


@admin.register(StatusChange)
class StatusChangeAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("at", "dealer", "system", "old", "new", "reason")
    list_filter = ("system", "new", "dealer__makes", "dealer__region")
    list_select_related = ("dealer",)
    search_fields = ("dealer__code", "dealer__name", "reason")
    date_hierarchy = "at"
    ordering = ("-at",)


class IncidentUpdateInline(admin.StackedInline):
    """New updates move the incident to their stage; what was said stays said."""

    model = IncidentUpdate
    extra = 1
    fields = ("stage", "body", "at", "author")
    readonly_fields = ("at", "author")
    ordering = ("-at",)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Incident)
class IncidentAdmin(admin.ModelAdmin):
    list_display = ("title", "stage", "impact", "make", "started_at", "resolved_at", "is_published")
    list_filter = ("stage", "impact", "make", "is_published")
    list_select_related = ("make",)
    search_fields = ("title", "slug", "updates__body")
    date_hierarchy = "started_at"
    ordering = ("-started_at",)
    prepopulated_fields: ClassVar = {"slug": ("title",)}
    autocomplete_fields = ("dealers",)
    readonly_fields = ("stage", "resolved_at", "created_at", "updated_at")
    inlines = (IncidentUpdateInline,)
    actions = ("publish", "resolve")

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
