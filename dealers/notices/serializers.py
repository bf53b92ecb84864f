"""The shapes of the API's answers about webhooks, and what it takes."""

from __future__ import annotations

from typing import Any

from drf_spectacular.drainage import set_override
from rest_framework import serializers

from dealers.models import Event, Webhook
from garagehub.lib.api import Text
from garagehub.outbox.models import Attempt, Endpoint, Message

Plain = serializers.Serializer[Any]


class EventName(Text):
    """An event by name; whether there is such a one is the domain's to say, in its own words."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        set_override(self, "field", {"$ref": "#/components/schemas/Event"})


class WebhookIn(Plain):
    """A new webhook."""

    url = Text(max_length=500, pattern=r"^https://", help_text="https, and reachable from the internet.")
    name = Text(max_length=80, required=False, default="Webhook")
    events = serializers.ListField(child=EventName(max_length=40), required=False, default=list, max_length=20)
    makes = serializers.ListField(
        child=Text(max_length=64),
        required=False,
        default=list,
        max_length=100,
        help_text="Slugs, such as `land-rover`. Empty: every make.",
    )


class WebhookShape(serializers.Serializer[Webhook]):
    """A webhook. Empty `events` or `makes` means all. Never its secret."""

    id = serializers.UUIDField(source="endpoint_id")
    name = serializers.CharField()
    url = serializers.CharField(source="endpoint.url")
    events = serializers.ListField(child=serializers.ChoiceField(Event.choices))
    makes = serializers.SerializerMethodField()
    state = serializers.ChoiceField(Endpoint.State.choices, source="endpoint.state")
    reason = serializers.ChoiceField(Endpoint.Reason.choices, source="endpoint.reason", allow_blank=True)
    failing_since = serializers.DateTimeField(source="endpoint.failing_since", allow_null=True)
    last_success_at = serializers.DateTimeField(source="endpoint.last_success_at", allow_null=True)
    created_at = serializers.DateTimeField()

    def get_makes(self, webhook: Webhook) -> list[str]:
        return [make.slug for make in webhook.makes.all()]


class WebhookMade(WebhookShape):
    """A webhook just made, with its secret, which is shown this once."""

    secret = serializers.CharField(source="endpoint.secret")


class WebhookList(Plain):
    """All of a dealer's webhooks on one page."""

    results = WebhookShape(many=True)
    next = serializers.CharField(allow_null=True, default=None)


class SecretOut(Plain):
    """The new secret, shown this once. Until then the old one signs too."""

    secret = serializers.CharField()
    previous_until = serializers.DateTimeField()


class PingOut(Plain):
    """The `webhook-id` of the message."""

    id = serializers.UUIDField()


class AttemptShape(serializers.Serializer[Attempt]):
    """One attempt: what came of it."""

    at = serializers.DateTimeField()
    outcome = serializers.ChoiceField(Attempt.Outcome.choices)
    status = serializers.IntegerField(allow_null=True, help_text="HTTP status; null when there was no answer.")
    detail = serializers.CharField()
    took_ms = serializers.IntegerField()


class DeliveryShape(serializers.Serializer[Message]):
    """One message with its attempts, newest first. `due_at` counts while it is `queued`."""

    id = serializers.UUIDField(help_text="The `webhook-id`.")
    event = serializers.CharField(source="kind")
    state = serializers.ChoiceField(Message.State.choices)
    created_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    body = serializers.CharField(source="text", help_text="Exactly as signed; empty once it was deleted.")
    attempts = AttemptShape(many=True, source="log")
