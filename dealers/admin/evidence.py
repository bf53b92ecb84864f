"""What is claimed, and what we say of it."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from dealers import evidence, probes
from dealers.admin.tables import HTTPS_FIRST, ChecksScope, ReadOnly, shape
from dealers.models import Evidence, Notice, Probe, SourceRecord, Status, StatusChange


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
class NoticeAdmin(ChecksScope, admin.ModelAdmin):
    formfield_overrides = HTTPS_FIRST
    list_display = ("make", "claim", "text", "published_at", "withdrawn_at")
    list_filter = ("make", "claim", ("withdrawn_at", admin.EmptyFieldListFilter))
    list_select_related = ("make",)
    search_fields = ("text", "make__name")
    date_hierarchy = "published_at"
    autocomplete_fields = ("dealers",)
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
