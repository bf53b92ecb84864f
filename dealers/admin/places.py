"""Dealers, who works there, and their keys."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from dealers import access, evidence, probes
from dealers.admin.tables import HTTPS_FIRST, ReadOnly, shape
from dealers.models import ApiKey, Dealer, Make, Membership, Probe, State, Status
from garagehub.lib.geography import area_of


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
    fields = ("prefix", "name", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at")
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
    fields = (
        "dealer", "name", "prefix", "scopes", "created_at", "created_by", "expires_at", "last_used_at", "revoked_at",
    )  # fmt: skip
    readonly_fields = ("dealer", "prefix", "scopes", "created_at", "created_by", "last_used_at", "revoked_at")
    actions = ("revoke",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.action(description="Revoke these keys")
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        revoked = access.revoke_api_keys(queryset, at=timezone.now())
        self.message_user(request, f"{revoked} keys revoked.", messages.WARNING)
