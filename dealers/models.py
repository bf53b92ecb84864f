"""Dealers, the systems they depend on, the evidence about those systems, and what we say of it."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

from garagehub.lib.geography import REGION_CHOICES, REGION_NAMES, UK


class System(models.TextChoices):
    """A capability that can fail on its own."""

    PARTS_CATALOGUE = "parts_catalogue", "Parts catalogue"
    PARTS_ORDERING = "parts_ordering", "Parts ordering"
    PARTS_DISTRIBUTION = "parts_distribution", "Parts distribution"
    DIAGNOSTICS = "diagnostics", "Diagnostics"
    PROGRAMMING = "programming", "Programming"
    VEHICLE_REGISTRATION = "vehicle_registration", "Vehicle registration"
    WARRANTY = "warranty", "Warranty"


class State(models.TextChoices):
    """What we say of a system at a dealer. Unknown is a state of its own, never shown as fine."""

    OPERATIONAL = "operational", "Working"
    DEGRADED = "degraded", "Partly working"
    DOWN = "down", "Not working"
    UNKNOWN = "unknown", "Not known"


class Make(models.Model):
    """A vehicle manufacturer as DVSA spells it, in capitals."""

    name = models.CharField(max_length=64, unique=True)
    slug = models.SlugField(max_length=64, unique=True)

    def __str__(self) -> str:
        return self.name


class Dealer(models.Model):
    """A place that repairs or supplies: a franchised dealer or an independent garage."""

    class Kind(models.TextChoices):
        FRANCHISED = "franchised", "Franchised dealer"
        INDEPENDENT = "independent", "Independent garage"

    code = models.CharField(
        "dealer code",
        max_length=5,
        unique=True,
        validators=[RegexValidator(r"^[A-Z0-9]{5}$", "A dealer code is five capital letters or digits, like R4T02.")],
    )
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.FRANCHISED)
    makes = models.ManyToManyField(Make, related_name="dealers", blank=True)
    region = models.SmallIntegerField(choices=REGION_CHOICES, default=UK)
    town = models.CharField(max_length=80, blank=True)
    postcode = models.CharField(max_length=8, blank=True)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    is_active = models.BooleanField("active", default=True)
    is_demo = models.BooleanField("demonstration data", default=False)
    members: models.ManyToManyField[Any, Any] = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Membership", related_name="dealers"
    )

    class Meta:
        indexes: ClassVar = [models.Index(fields=["region"], name="dealers_dealer_region")]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"

    @property
    def region_name(self) -> str:
        """The region in words."""
        return REGION_NAMES[self.region]


class Membership(models.Model):
    """A person's place at a dealer: owners manage people and keys, members work."""

    class Role(models.TextChoices):
        OWNER = "owner", "Owner"
        MEMBER = "member", "Member"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    dealer = models.ForeignKey(Dealer, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=6, choices=Role.choices, default=Role.MEMBER)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "dealer"], name="dealers_membership_once")]

    def __str__(self) -> str:
        return f"{self.user} at {self.dealer.code} ({self.role})"


class ApiKey(models.Model):
    """A dealer's key to the API. Only its SHA-256 is stored: the key has 256 random bits, so a plain hash is safe."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    dealer = models.ForeignKey(Dealer, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80, help_text="Where the key is used, such as: workshop PC.")
    prefix = models.CharField(max_length=12, help_text="The first characters, to tell keys apart.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.prefix}… of {self.dealer.code}"


class Probe(models.Model):
    """An address that says, when asked, whether one system at one dealer works."""

    dealer = models.ForeignKey(Dealer, on_delete=models.CASCADE, related_name="probes")
    system = models.CharField(max_length=20, choices=System.choices)
    url = models.URLField(max_length=300)
    is_internal = models.BooleanField("private addresses allowed", default=False)
    is_enabled = models.BooleanField("enabled", default=True)
    interval_s = models.PositiveIntegerField("interval in seconds", default=120)
    next_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(null=True, blank=True)
    last_result = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["dealer", "system"], name="dealers_probe_once")]
        indexes: ClassVar = [
            # Read by probes.due().
            models.Index(fields=["next_at"], condition=models.Q(is_enabled=True), name="dealers_probe_due"),
        ]

    def __str__(self) -> str:
        return f"{self.dealer.code} {self.system}"


class Evidence(models.Model):
    """One claim that a system at a dealer works or does not, from one source, at one time.

    A probe has one live row per dealer and system, renewed at each run; reports of people are appended.
    """

    class Kind(models.TextChoices):
        PROBE = "probe", "Automatic check"
        DEALER = "dealer", "The dealer"
        GARAGE = "garage", "Another garage"
        PUBLIC = "public", "The public"
        MANUFACTURER = "manufacturer", "The manufacturer"

    dealer = models.ForeignKey(Dealer, on_delete=models.CASCADE, related_name="evidence")
    system = models.CharField(max_length=20, choices=System.choices)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    source = models.CharField(
        max_length=80,
        help_text="Who says so: one live claim per source counts, the newest. Never an e-mail or a plate.",
    )
    claim = models.CharField(max_length=12, choices=[c for c in State.choices if c[0] != "unknown"])
    note = models.CharField(max_length=500, blank=True)
    observed_at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now, editable=False)
    reporter = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)

    class Meta:
        verbose_name_plural = "evidence"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["dealer", "system"], condition=models.Q(kind="probe"), name="dealers_evidence_one_probe"
            ),
        ]
        indexes: ClassVar = [
            # Read by status recomputation: the newest claims per dealer and system.
            models.Index(fields=["dealer", "system", "-observed_at"], name="dealers_evidence_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.system} at {self.dealer_id} {self.claim}"


class Status(models.Model):
    """The verdict on one system at one dealer. Absent means unknown."""

    dealer = models.ForeignKey(Dealer, on_delete=models.CASCADE, related_name="statuses")
    system = models.CharField(max_length=20, choices=System.choices)
    state = models.CharField(max_length=12, choices=State.choices, default=State.UNKNOWN)
    confidence = models.PositiveSmallIntegerField(default=0, help_text="Percent, 0 to 100.")
    reasons = models.JSONField(
        default=list, help_text="What decided: a list of {source, kind, claim, age_s, points} and nothing personal."
    )
    evidence_at = models.DateTimeField(null=True, blank=True, help_text="When the newest evidence was seen.")
    since = models.DateTimeField()
    decided_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "statuses"
        constraints: ClassVar = [models.UniqueConstraint(fields=["dealer", "system"], name="dealers_status_once")]
        indexes: ClassVar = [models.Index(fields=["system", "state"], name="dealers_status_state")]

    def __str__(self) -> str:
        return f"{self.dealer_id} {self.system}: {self.state}"


class StatusChange(models.Model):
    """Written when a Status changes; what history, uptime bars and notices read."""

    dealer = models.ForeignKey(Dealer, on_delete=models.CASCADE, related_name="status_changes")
    system = models.CharField(max_length=20, choices=System.choices)
    old = models.CharField(max_length=12, choices=State.choices)
    new = models.CharField(max_length=12, choices=State.choices)
    reason = models.CharField(max_length=300)
    at = models.DateTimeField()
    notified_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["dealer", "system", "-at"], name="dealers_change_history"),
            # Read by notices: changes nobody was told of yet.
            models.Index(fields=["at"], condition=models.Q(notified_at=None), name="dealers_change_unsent"),
        ]

    def __str__(self) -> str:
        return f"{self.dealer_id} {self.system}: {self.old} to {self.new}"


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
