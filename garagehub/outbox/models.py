"""Messages on their way out, where they go, and each attempt to deliver them."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone


class Endpoint(models.Model):
    """An address that takes webhooks, and the secret its messages are signed with.

    During a rotation both secrets sign, until `previous_until`. Secrets are needed to sign, so they are kept as they are.
    """

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        DISABLED = "disabled", "Disabled"

    class Reason(models.TextChoices):
        GONE = "gone", "It answered 410: nobody wants these messages any more"
        FAILING = "failing", "Nothing was delivered for more than three days"
        OWNER = "owner", "Its owner turned it off"
        ADMIN = "admin", "An admin turned it off"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    url = models.URLField("address", max_length=500)
    is_internal = models.BooleanField("private addresses allowed", default=False)
    secret = models.CharField(max_length=100, editable=False)
    previous_secret = models.CharField(max_length=100, blank=True, editable=False)
    previous_until = models.DateTimeField(null=True, blank=True, editable=False)
    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE)
    reason = models.CharField("why disabled", max_length=7, choices=Reason.choices, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    owner_told_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When its owner was told that we disabled it."
    )
    failing_since = models.DateTimeField(
        null=True, blank=True, help_text="The first failure since the last delivery; empty while all is well."
    )
    paused_until = models.DateTimeField(null=True, blank=True, help_text="It asked us to wait until then.")
    last_success_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes: ClassVar = [
            # Read by endpoints.newly_disabled(): whose owners are still to be told.
            models.Index(
                fields=["disabled_at"],
                condition=models.Q(state="disabled", owner_told_at=None, reason__in=["gone", "failing"]),
                name="outbox_endpoint_untold",
            ),
        ]

    def __str__(self) -> str:
        return f"endpoint {self.id}"  # never the address: it may carry a token of its owner


class Message(models.Model):
    """One e-mail or webhook. Its id is the Message-ID or `webhook-id`, the same at every attempt.

    What it says is deleted some time after it was sent; that it was sent stays a little longer.
    """

    class Channel(models.TextChoices):
        EMAIL = "email", "E-mail"
        WEBHOOK = "webhook", "Webhook"

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting to be sent"
        SENT = "sent", "Sent"
        FAILED = "failed", "Given up"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    channel = models.CharField(max_length=7, choices=Channel.choices)
    kind = models.CharField(max_length=60, help_text="What it is about, such as status.changed. Never personal.")
    to = models.EmailField("recipient", max_length=254, blank=True)
    subject = models.CharField(max_length=200, blank=True)
    text = models.TextField(blank=True, help_text="An e-mail's text, or a webhook's JSON exactly as it is signed.")
    headers = models.JSONField(default=dict, blank=True)
    endpoint = models.ForeignKey(Endpoint, null=True, blank=True, on_delete=models.CASCADE, related_name="messages")
    state = models.CharField(max_length=6, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    due_at = models.DateTimeField(default=timezone.now)
    claim = models.UUIDField(null=True, blank=True, editable=False)
    claimed_until = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Until then the worker that holds the claim delivers it."
    )
    sent_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When it was sent or given up.")
    purged_at = models.DateTimeField(null=True, blank=True, help_text="When what it said was deleted.")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(channel="email", endpoint=None)
                | models.Q(channel="webhook", endpoint__isnull=False),
                name="outbox_message_has_one_way",
            ),
        ]
        indexes: ClassVar = [
            # Read by delivery.claim(): what is due.
            models.Index(fields=["channel", "due_at"], condition=models.Q(state="queued"), name="outbox_message_due"),
            # Read by the delivery log of an endpoint.
            models.Index(
                fields=["endpoint", "-created_at"],
                condition=models.Q(endpoint__isnull=False),
                name="outbox_message_log",
            ),
            # Read by retention.sweep(): what ended, to be purged and then deleted.
            models.Index(fields=["ended_at"], condition=models.Q(ended_at__isnull=False), name="outbox_message_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class Attempt(models.Model):
    """One attempt to deliver a message: what came of it, without a word of its content or its recipient."""

    class Outcome(models.TextChoices):
        DELIVERED = "delivered", "Delivered"
        RETRY = "retry", "To be tried again"
        REFUSED = "refused", "Refused for good"

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField()
    outcome = models.CharField(max_length=9, choices=Outcome.choices)
    status = models.PositiveSmallIntegerField(null=True, blank=True, help_text="The HTTP status or SMTP code, if any.")
    detail = models.CharField(max_length=200, blank=True)
    took_ms = models.PositiveIntegerField(default=0)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["message", "at"], name="outbox_attempt_log")]

    def __str__(self) -> str:
        return f"{self.outcome} at {self.at:%d %B %Y %H:%M}"
