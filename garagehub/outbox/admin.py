"""What left the house, to be looked at; nothing here is written by hand. Recipients and addresses are for few eyes."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from garagehub.lib.errors import DomainError
from garagehub.outbox import endpoints
from garagehub.outbox.models import Attempt, Endpoint, Message


class _ReadOnly:
    """Looked at by who may view it; changed by nobody."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class AttemptInline(_ReadOnly, admin.TabularInline):
    model = Attempt
    fields = ("at", "outcome", "status", "detail", "took_ms")
    ordering = ("-at",)


@admin.register(Message)
class MessageAdmin(_ReadOnly, admin.ModelAdmin):
    """The list names nobody; the page of one message shows its recipient, but not its text: it may hold links that act."""

    list_display = ("created_at", "channel", "kind", "state", "attempts", "due_at", "ended_at")
    list_filter = ("channel", "state", "kind")
    date_hierarchy = "created_at"
    ordering = ("-created_at",)
    show_full_result_count = False
    fields = (
        "id",
        "channel",
        "kind",
        "to",
        "subject",
        "endpoint",
        "state",
        "attempts",
        "created_at",
        "due_at",
        "claimed_until",
        "ended_at",
        "purged_at",
    )
    inlines = (AttemptInline,)
    actions = ("replay",)

    @admin.action(description="Send webhooks again, under the same id", permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        """As their owners can."""
        done, now = 0, timezone.now()
        for message in queryset.filter(channel=Message.Channel.WEBHOOK).select_related("endpoint"):
            try:
                assert message.endpoint is not None, "a webhook has an endpoint"
                endpoints.replay(message.endpoint, message_id=message.pk, at=now)
                done += 1
            except DomainError as error:
                self.message_user(request, f"{message}: {error.message}", messages.ERROR)
        self.message_user(request, f"{done} on their way again.")

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Who may change messages in principle: the page itself stays read-only."""
        return request.user.has_perm("outbox.change_message")


@admin.register(Endpoint)
class EndpointAdmin(_ReadOnly, admin.ModelAdmin):
    """Never a secret."""

    list_display = ("id", "state", "reason", "failing_since", "last_success_at", "paused_until", "created_at")
    list_filter = ("state", "reason")
    ordering = ("-created_at",)
    fields = (
        "id",
        "url",
        "is_internal",
        "state",
        "reason",
        "disabled_at",
        "failing_since",
        "paused_until",
        "last_success_at",
        "previous_until",
        "created_at",
    )
    actions = ("turn_off", "turn_on")

    @admin.action(description="Turn off", permissions=["turn"])
    def turn_off(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        """Nothing more is sent to them."""
        for endpoint in queryset:
            endpoints.turn_off(endpoint, at=timezone.now(), by_admin=True)
        self.message_user(request, "Turned off.")

    @admin.action(description="Turn on", permissions=["turn"])
    def turn_on(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        """They are sent to again."""
        for endpoint in queryset:
            endpoints.turn_on(endpoint)
        self.message_user(request, "Turned on.")

    def has_turn_permission(self, request: HttpRequest) -> bool:
        """Who may change endpoints in principle: the page itself stays read-only."""
        return request.user.has_perm("outbox.change_endpoint")
