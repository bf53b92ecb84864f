"""What people are told of an outage."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as lazy

from dealers.models.places import Make, System
from dealers.models.scope import Scoped, ScopedQuerySet


class IncidentQuerySet(ScopedQuerySet["Incident"]):
    """Questions about incidents, in English."""

    def unresolved(self) -> IncidentQuerySet:
        """Those still going on."""
        return self.filter(resolved_at=None)

    def newest_first(self) -> IncidentQuerySet:
        """By their start."""
        return self.order_by("-started_at", "-pk")

    def with_updates(self) -> IncidentQuerySet:
        """Each with its make, its dealers, and `updates` newest first."""
        updates = IncidentUpdate.objects.order_by("-at", "-pk")
        return self.select_related("make").prefetch_related(models.Prefetch("updates", updates), "dealers")


class Incident(Scoped):
    """What people are told: a title, its scope, and updates."""

    class Stage(models.TextChoices):
        INVESTIGATING = "investigating", lazy("Investigating")
        IDENTIFIED = "identified", lazy("Identified")
        MONITORING = "monitoring", lazy("Monitoring")
        RESOLVED = "resolved", lazy("Resolved")
        POSTMORTEM = "postmortem", lazy("Post-mortem")

    OVER = (Stage.RESOLVED, Stage.POSTMORTEM)

    class Impact(models.TextChoices):
        NONE = "none", lazy("None")
        MINOR = "minor", lazy("Minor")
        MAJOR = "major", lazy("Major")
        CRITICAL = "critical", lazy("Critical")

    slug = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=150)
    stage = models.CharField(max_length=13, choices=Stage.choices, default=Stage.INVESTIGATING)
    impact = models.CharField(max_length=8, choices=Impact.choices, default=Impact.MAJOR)
    started_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(stage__in=["resolved", "postmortem"], resolved_at__isnull=False)
                | (~models.Q(stage__in=["resolved", "postmortem"]) & models.Q(resolved_at__isnull=True)),
                name="dealers_incident_resolved_has_time",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["-started_at"], name="dealers_incident_newest")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("incident", args=[self.slug])


class IncidentUpdate(models.Model):
    """One message about an incident, newest first on the page."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="updates")
    stage = models.CharField(max_length=13, choices=Incident.Stage.choices)
    body = models.TextField(max_length=20_000, help_text="Plain text; an empty line begins a new paragraph.")
    at = models.DateTimeField(default=timezone.now)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    notified_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["incident", "-at"], name="dealers_update_newest"),
            # Read by notices: updates nobody was told of yet.
            models.Index(fields=["at"], condition=models.Q(notified_at=None), name="dealers_update_unsent"),
        ]

    def __str__(self) -> str:
        return f"{self.stage} at {self.at:%d %B %Y %H:%M}"


class IncidentRule(models.Model):
    """From when on an outage becomes an incident, and whether people are told at once. The closest rule holds."""

    make = models.ForeignKey(Make, null=True, blank=True, on_delete=models.CASCADE, help_text="Empty: every make.")
    system = models.CharField(max_length=20, choices=System.choices, blank=True, help_text="Empty: every system.")
    share = models.FloatField(
        "share of dealers down",
        default=0.5,
        validators=[MinValueValidator(0.05), MaxValueValidator(1.0)],
        help_text="Of those we know about, 0.05 to 1.",
    )
    least_dealers = models.PositiveSmallIntegerField(
        "least dealers down", default=1, validators=[MinValueValidator(1)], help_text="However high the share."
    )
    is_published_at_once = models.BooleanField(
        "publish at once", default=False, help_text="Otherwise a draft waits for an admin."
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["make", "system"], nulls_distinct=False, name="dealers_incident_rule_once"),
            models.CheckConstraint(
                condition=models.Q(share__gte=0.05, share__lte=1), name="dealers_incident_rule_share"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.make or 'every make'}, {self.get_system_display() or 'every system'}: from {self.share:.0%}"


class Suggestion(models.Model):
    """A make's system crossed its published share, and a draft was made of it: once, until it works again."""

    make = models.ForeignKey(Make, on_delete=models.CASCADE, related_name="suggestions")
    system = models.CharField(max_length=20, choices=System.choices)
    incident = models.ForeignKey(Incident, null=True, on_delete=models.SET_NULL, related_name="suggestions")
    opened_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When most of what was known worked again.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["make", "system"], condition=models.Q(ended_at=None), name="dealers_suggestion_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.make}: {System(self.system).label}"


class UpdateTemplate(models.Model):
    """A text that admins start an update from, so that in a hurry nothing is left unsaid."""

    name = models.CharField(max_length=80, unique=True)
    stage = models.CharField(max_length=13, choices=Incident.Stage.choices)
    body = models.TextField(
        max_length=4_000,
        help_text="{systems}, {make}, {regions} and {began} are filled in from the incident, {counts} from what we know "
        "now of the dealers concerned.",
    )

    def __str__(self) -> str:
        return self.name
