"""The evidence about dealers' systems, and what we say of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from dealers.models.places import Dealer, Make, State, System
from garagehub.lib.geography import REGION_CHOICES

CLAIMS = [choice for choice in State.choices if choice[0] != State.UNKNOWN]


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
    last_claim = models.CharField(max_length=12, blank=True, editable=False)
    streak = models.PositiveSmallIntegerField(default=0, editable=False, help_text="Equal results in a row.")

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
    organisation = models.CharField(
        max_length=80, blank=True, help_text="Whom the source belongs to: claims of one organisation count as related."
    )
    claim = models.CharField(max_length=12, choices=CLAIMS)
    trust = models.FloatField(
        null=True, blank=True, help_text="How often such a claim is right, 0.5 to 1. Empty: as usual for its kind."
    )
    repeats = models.PositiveSmallIntegerField(default=1, help_text="How often in a row a check found the same.")
    note = models.CharField(max_length=500, blank=True)
    observed_at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now, editable=False)
    scored_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the claim was held against what turned out to be so."
    )
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
            # Read by reports.submit(): how much, and what last, this source said.
            models.Index(fields=["source", "-observed_at"], name="dealers_evidence_source"),
            # Read by trust.learn(): garages' reports not yet held against the settled state.
            models.Index(
                fields=["observed_at"],
                condition=models.Q(kind="garage", scored_at=None),
                name="dealers_evidence_unscored",
            ),
            # Read by reports.report_publicly(): how much the public said lately, everywhere.
            models.Index(fields=["observed_at"], condition=models.Q(kind="public"), name="dealers_evidence_public"),
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.system} at {self.dealer_id} {self.claim}"


class Unjudged(models.Model):
    """A mark that a system has evidence no verdict has seen yet. Appended with the evidence, taken by `evidence.judge_new`."""

    dealer = models.ForeignKey(Dealer, on_delete=models.CASCADE, db_index=False, related_name="+")
    system = models.CharField(max_length=20, choices=System.choices)

    def __str__(self) -> str:
        return f"{self.dealer_id} {self.system}"


class DailySalt(models.Model):
    """What the public's addresses are hashed with for one day. Once deleted, nobody can tell whose the hashes were."""

    day = models.DateField(unique=True)
    salt = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return f"{self.day}"


class SourceRecord(models.Model):
    """How often a garage was right, as the settled state showed. It moves the weight of what that garage says next."""

    source = models.CharField(max_length=80, unique=True)
    agreed = models.FloatField(default=0)
    disagreed = models.FloatField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.source}: right {self.agreed:g}, wrong {self.disagreed:g}"


class Notice(models.Model):
    """What a manufacturer says of its systems: a claim with a scope, weighed like other evidence, not taken as truth."""

    make = models.ForeignKey(Make, on_delete=models.CASCADE, related_name="notices")
    systems = ArrayField(
        models.CharField(max_length=20, choices=System.choices), default=list, blank=True, help_text="Empty: all."
    )
    regions = ArrayField(
        models.SmallIntegerField(choices=REGION_CHOICES), default=list, blank=True, help_text="Empty: all."
    )
    dealers = models.ManyToManyField(Dealer, blank=True, related_name="+", help_text="Empty: all in scope.")
    wave = models.ForeignKey(
        "dealers.Maintenance",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.CASCADE,
        related_name="notices",
        help_text="The wave of restoration whose completion it tells of.",
    )
    claim = models.CharField(max_length=12, choices=CLAIMS)
    text = models.CharField(max_length=500, help_text="What was said, in one sentence.")
    url = models.URLField("where it was said", max_length=300, blank=True)
    published_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            # Read by status recomputation: notices that still count.
            models.Index(fields=["-published_at"], condition=models.Q(withdrawn_at=None), name="dealers_notice_live"),
        ]

    def __str__(self) -> str:
        return f"{self.make}: {self.claim}, {self.published_at:%d %B %Y %H:%M}"

    def covers(self, *, system: str, region: int) -> bool:
        """Whether the notice speaks of this system in this region (of a dealer that serves its make, and is named if any are)."""
        return (not self.systems or system in self.systems) and (not self.regions or region in self.regions)


class Status(models.Model):
    """The verdict on one system at one dealer. Absent means unknown."""

    dealer = models.ForeignKey(Dealer, on_delete=models.CASCADE, related_name="statuses")
    system = models.CharField(max_length=20, choices=System.choices)
    state = models.CharField(max_length=12, choices=State.choices, default=State.UNKNOWN)
    confidence = models.PositiveSmallIntegerField(default=0, help_text="Percent, 0 to 100.")
    reasons = models.JSONField(
        default=list,
        help_text="What decided: a list of {kind, source, claim, at, weight, points, count} and nothing personal.",
    )
    evidence_at = models.DateTimeField(null=True, blank=True, help_text="When the newest evidence was seen.")
    is_unstable = models.BooleanField(
        "unstable", default=False, help_text="It went to and fro lately, so it is not called working before it settles."
    )
    since = models.DateTimeField()
    decided_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "statuses"
        constraints: ClassVar = [models.UniqueConstraint(fields=["dealer", "system"], name="dealers_status_once")]
        indexes: ClassVar = [models.Index(fields=["system", "state"], name="dealers_status_state")]

    def __str__(self) -> str:
        return f"{self.dealer_id} {self.system}: {self.state}"

    def reasons_at(self, at: datetime) -> list[dict[str, Any]]:
        """The reasons with `at` as a time and `age_s` in seconds, of the newest claim behind each; None for the prior."""
        dated = [(reason, datetime.fromisoformat(reason["at"]) if reason["at"] else None) for reason in self.reasons]
        return [reason | {"at": then, "age_s": _age_s(then, at) if then else None} for reason, then in dated]

    def age_s(self, at: datetime) -> int | None:
        """Seconds since the newest evidence, or None without any."""
        return None if self.evidence_at is None else _age_s(self.evidence_at, at)


def _age_s(then: datetime, at: datetime) -> int:
    return max(0, (at - then) // timedelta(seconds=1))


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
            # Read by status recomputation: what changed in the past hours, to see what goes to and fro.
            models.Index(fields=["-at"], name="dealers_change_recent"),
            # Read by notices: changes nobody was told of yet. Those of an unstable system count as told.
            models.Index(fields=["at"], condition=models.Q(notified_at=None), name="dealers_change_unsent"),
        ]

    def __str__(self) -> str:
        return f"{self.dealer_id} {self.system}: {self.old} to {self.new}"
