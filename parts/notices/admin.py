"""Watches and alerts, to be looked at. Lists name no address and no plate; nothing here is written by hand."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from parts.notices.models import Alert, Watch


class _ReadOnly:
    """Looked at and, where somebody asks for it, deleted; written by nobody."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Watch)
class WatchAdmin(_ReadOnly, admin.ModelAdmin):
    """What garages watch."""

    list_display = ("public_id", "dealer", "kind", "state", "changed_at", "added_at")
    list_filter = ("state",)
    list_select_related = ("dealer",)
    search_fields = ("=dealer__code",)
    fields = ("public_id", "dealer", "vehicle", "part", "note", "state", "changed_at", "added_at")
    ordering = ("-pk",)
    show_full_result_count = False

    @admin.display(description="of")
    def kind(self, watch: Watch) -> str:
        """What is watched, but not which."""
        return "a part" if watch.part_id else "a car"


@admin.register(Alert)
class AlertAdmin(_ReadOnly, admin.ModelAdmin):
    """The page of one alert shows whom it is for, so that somebody who writes to us can be helped."""

    list_display = ("public_id", "told", "created_at", "confirmed_at", "mailed_at", "settled_at")
    list_filter = ("told",)
    search_fields = ("=email",)
    search_help_text = "A whole e-mail address, to delete what its owner asks us to."
    fields = (
        "public_id",
        "email",
        "vehicle",
        "region",
        "language",
        "told",
        "created_at",
        "confirmed_at",
        "mailed_at",
        "settled_at",
    )
    ordering = ("-pk",)
    show_full_result_count = False
