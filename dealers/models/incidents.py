"""What people are told of an outage."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.urls import reverse
from django.utils import timezone

from dealers.models.places import Dealer, Make, System
from garagehub.lib.geography import REGION_CHOICES, REGION_NAMES, REGION_SLUGS


class IncidentQuerySet(models.QuerySet["Incident"]):
    """Questions about incidents, in English."""

    def published(self) -> IncidentQuerySet:
        """Those people may read; drafts are for admins."""
        return self.filter(is_published=True)

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

    def touching(self, dealer: Dealer) -> IncidentQuerySet:
        """Those whose scope holds the dealer: its make, its region, and the dealers named, where any are."""
        in_make = models.Q(make=None) | models.Q(make__in=dealer.makes.all())
        in_region = models.Q(regions=[]) | models.Q(regions__contains=[dealer.region])
        named = Incident.dealers.through.objects.filter(incident=models.OuterRef("pk"))
        in_list = ~models.Exists(named) | models.Exists(named.filter(dealer=dealer))
        return self.filter(in_make & in_region, in_list)


class Incident(models.Model):
    """What people are told: a title, its scope, and updates."""

    class Stage(models.TextChoices):
        INVESTIGATING = "investigating", "Investigating"
        IDENTIFIED = "identified", "Identified"
        MONITORING = "monitoring", "Monitoring"
        RESOLVED = "resolved", "Resolved"

    class Impact(models.TextChoices):
        NONE = "none", "None"
        MINOR = "minor", "Minor"
        MAJOR = "major", "Major"
        CRITICAL = "critical", "Critical"

    slug = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=150)
    stage = models.CharField(max_length=13, choices=Stage.choices, default=Stage.INVESTIGATING)
    impact = models.CharField(max_length=8, choices=Impact.choices, default=Impact.MAJOR)
    make = models.ForeignKey(Make, null=True, blank=True, on_delete=models.PROTECT, help_text="Empty: every make.")
    systems = ArrayField(
        models.CharField(max_length=20, choices=System.choices), default=list, blank=True, help_text="Empty: all."
    )
    regions = ArrayField(
        models.SmallIntegerField(choices=REGION_CHOICES), default=list, blank=True, help_text="Empty: all."
    )
    dealers = models.ManyToManyField(Dealer, blank=True, related_name="incidents", help_text="Empty: all in scope.")
    started_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)
    is_published = models.BooleanField("published", default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(stage="resolved", resolved_at__isnull=False)
                | (~models.Q(stage="resolved") & models.Q(resolved_at__isnull=True)),
                name="dealers_incident_resolved_has_time",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["-started_at"], name="dealers_incident_newest")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("incident", args=[self.slug])

    @property
    def system_names(self) -> list[str]:
        """The systems concerned in words; empty means all."""
        return [System(system).label for system in self.systems]

    @property
    def region_slugs(self) -> list[str]:
        """The regions concerned as the API spells them; empty means all."""
        return [REGION_SLUGS[region] for region in self.regions if region in REGION_SLUGS]

    @property
    def region_names(self) -> list[str]:
        """The regions concerned in words; empty means all."""
        return [REGION_NAMES[region] for region in self.regions]


class IncidentUpdate(models.Model):
    """One message about an incident, newest first on the page."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="updates")
    stage = models.CharField(max_length=13, choices=Incident.Stage.choices)
    body = models.TextField(max_length=4_000)
    at = models.DateTimeField(default=timezone.now)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["incident", "-at"], name="dealers_update_newest")]

    def __str__(self) -> str:
        return f"{self.stage} at {self.at:%d %B %Y %H:%M}"
