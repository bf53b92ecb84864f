"""What people are told before it happens: planned work, and the waves in which systems come back."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.urls import reverse
from django.utils import timezone

from dealers.models.incidents import Incident
from dealers.models.scope import Scoped, ScopedQuerySet


class MaintenanceQuerySet(ScopedQuerySet["Maintenance"]):
    """Questions about planned work, in English."""

    def not_cancelled(self) -> MaintenanceQuerySet:
        """Those that were not called off."""
        return self.filter(cancelled_at=None)

    def current(self) -> MaintenanceQuerySet:
        """Those to come and those going on."""
        return self.not_cancelled().exclude(stage=Maintenance.Stage.COMPLETED)

    def soonest_first(self) -> MaintenanceQuerySet:
        """By their planned start."""
        return self.order_by("scheduled_for", "pk")

    def with_updates(self) -> MaintenanceQuerySet:
        """Each with its make, its incident, its dealers, and `updates` newest first."""
        updates = MaintenanceUpdate.objects.order_by("-at", "-pk")
        found = self.select_related("make", "incident")
        return found.prefetch_related(models.Prefetch("updates", updates), "dealers")


class Maintenance(Scoped):
    """Work that is planned on systems; with an `incident`, one wave in which they come back after it."""

    class Stage(models.TextChoices):
        SCHEDULED = "scheduled", "Planned"
        IN_PROGRESS = "in_progress", "Going on"
        VERIFYING = "verifying", "Being checked"
        COMPLETED = "completed", "Done"

    public_id = models.UUIDField(db_default=RandomUUID(), unique=True, editable=False)
    title = models.CharField(max_length=150)
    stage = models.CharField(max_length=11, choices=Stage.choices, default=Stage.SCHEDULED)
    incident = models.ForeignKey(
        Incident,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="restorations",
        help_text="The outage after which systems come back here. Empty: ordinary maintenance.",
    )
    scheduled_for = models.DateTimeField("planned start")
    scheduled_until = models.DateTimeField("planned end")
    completed_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    sequence = models.PositiveIntegerField(
        default=0, editable=False, help_text="Grows whenever a calendar must follow."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = MaintenanceQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "maintenance"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(scheduled_until__gt=models.F("scheduled_for")), name="dealers_maintenance_ends_later"
            ),
            models.CheckConstraint(
                condition=models.Q(stage="completed", completed_at__isnull=False)
                | (~models.Q(stage="completed") & models.Q(completed_at__isnull=True)),
                name="dealers_maintenance_completed_has_time",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["-scheduled_for"], name="dealers_maintenance_newest")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Where people read of it: a wave on its incident's page, other work among what is planned."""
        page = self.incident.get_absolute_url() if self.incident else reverse("incidents")
        return f"{page}#planned-{self.public_id}"

    @property
    def is_going_on(self) -> bool:
        """Whether the work has begun and is not over."""
        return self.cancelled_at is None and self.stage in {self.Stage.IN_PROGRESS, self.Stage.VERIFYING}


class MaintenanceUpdate(models.Model):
    """One message about planned work."""

    maintenance = models.ForeignKey(Maintenance, on_delete=models.CASCADE, related_name="updates")
    stage = models.CharField(max_length=11, choices=Maintenance.Stage.choices)
    body = models.TextField(max_length=4_000)
    at = models.DateTimeField(default=timezone.now)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    notified_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["maintenance", "-at"], name="dealers_maintenance_updates"),
            # Read by notices: updates nobody was told of yet.
            models.Index(fields=["at"], condition=models.Q(notified_at=None), name="dealers_maintenance_unsent"),
        ]

    def __str__(self) -> str:
        return f"{self.stage} at {self.at:%d %B %Y %H:%M}"
