"""Feeds: how a supplier sends, each poll of it, and the rows that were refused."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone

from parts.catalogue.models import Part
from parts.stock.models import Branch, Supplier


class Feed(models.Model):
    """How one supplier sends its offers, and where polling stands."""

    supplier = models.OneToOneField(Supplier, on_delete=models.CASCADE, related_name="feed")
    adapter = models.CharField(max_length=16, help_text="ndjson, changes, csv or xlsx: see CONTRIBUTING.")
    url = models.URLField(
        max_length=500, blank=True, help_text="Empty: files come by hand upload, and nobody is asked."
    )
    is_internal = models.BooleanField("private addresses allowed", default=False)
    is_enabled = models.BooleanField("enabled", default=True)
    config = models.JSONField(default=dict, blank=True, help_text="For csv and xlsx: columns, codes, encoding.")
    interval_s = models.PositiveIntegerField("poll every, seconds", default=300)
    drop_limit_percent = models.PositiveSmallIntegerField(
        default=30, help_text="A snapshot with this much fewer rows than usual is held for an admin."
    )

    requests_per_minute = models.PositiveSmallIntegerField(
        default=120, validators=[MinValueValidator(1)], help_text="The most this supplier's account is asked."
    )
    max_mib = models.PositiveIntegerField("largest file, MiB", default=2_048, help_text="After unpacking.")

    # Where polling stands. How fresh the stock is stands on the Supplier, where everyone who reads stock looks.
    last_attempt_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_success_at = models.DateTimeField(null=True, blank=True, editable=False)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    etag = models.CharField(max_length=200, blank=True, editable=False)
    cursor = models.CharField(max_length=500, blank=True, editable=False)
    snapshot_seq = models.BigIntegerField(default=0, editable=False)
    snapshot_rows = models.BigIntegerField(default=0, editable=False)
    snapshot_at = models.DateTimeField("last full snapshot", null=True, blank=True, editable=False)
    snapshot_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    snapshot_generated_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_seq = models.BigIntegerField(default=0, editable=False, help_text="The highest sequence taken in.")
    paced_until = models.DateTimeField(null=True, blank=True, editable=False)

    # The circuit breaker, as a row that all workers share.
    failures = models.PositiveIntegerField("failures in a row", default=0, editable=False)
    opened_at = models.DateTimeField("breaker open since", null=True, blank=True, editable=False)

    class Meta:
        indexes: ClassVar = [
            # Read by the beat: what is due.
            models.Index(fields=["next_attempt_at"], condition=models.Q(is_enabled=True), name="parts_feed_due"),
        ]

    def __str__(self) -> str:
        return f"{self.supplier} by {self.adapter}"


class FeedRun(models.Model):
    """One poll of a feed: what came, what it changed, or why nothing was taken."""

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Taken in"
        UNCHANGED = "unchanged", "Confirmed, nothing new"
        IGNORED = "ignored", "Ignored: old or repeated"
        HELD = "held", "Held for an admin"
        FAILED = "failed", "Failed"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="runs")
    kind = models.CharField(max_length=8, help_text="snapshot or delta.")
    state = models.CharField(max_length=9, choices=State.choices, default=State.RUNNING)
    reason = models.CharField(max_length=500, blank=True, help_text="Why it failed, was held or ignored.")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    sequence = models.BigIntegerField(null=True, blank=True)
    generated_at = models.DateTimeField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    cursor_from = models.CharField(max_length=500, blank=True)
    cursor_to = models.CharField(max_length=500, blank=True)
    bytes_read = models.BigIntegerField(default=0)
    records = models.BigIntegerField(default=0, help_text="Rows that came, good or not.")
    rows = models.BigIntegerField(default=0, help_text="Rows that could be read.")
    inserted = models.BigIntegerField(default=0)
    updated = models.BigIntegerField(default=0)
    removed = models.BigIntegerField(default=0)
    duplicates = models.BigIntegerField(default=0)
    late = models.BigIntegerField(default=0, help_text="Changes older than what is stored.")
    rejected = models.BigIntegerField(default=0)
    rejected_by_reason = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["feed", "-started_at"], name="parts_feedrun_newest"),
            # Read by the sweep: runs whose worker died.
            models.Index(fields=["started_at"], condition=models.Q(state="running"), name="parts_feedrun_running"),
        ]

    def __str__(self) -> str:
        return f"{self.feed_id} {self.kind} {self.started_at:%d %B %H:%M}: {self.state}"


class RejectedRow(models.Model):
    """A row of a run that was refused: a sample of at most 250 per run; the run has the full count."""

    run = models.ForeignKey(FeedRun, on_delete=models.CASCADE, related_name="rejected_rows")
    line = models.BigIntegerField()
    reason = models.CharField(max_length=200)
    raw = models.TextField(help_text="The row as sent, at most 2,000 characters.")

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


class HeldChunk(models.Model):
    """A piece of the body of a held run, compressed as gzip, until an admin approves or discards it."""

    run = models.ForeignKey(FeedRun, on_delete=models.CASCADE, related_name="held_chunks")
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "number"], name="parts_heldchunk_once")]

    def __str__(self) -> str:
        return f"piece {self.number} of run {self.run_id}"


class Tombstone(models.Model):
    """An offer that a change removed, and by which sequence, so that an older change cannot bring it back.

    A later snapshot makes it needless, and removes it.
    """

    branch = models.ForeignKey(Branch, on_delete=models.CASCADE, related_name="tombstones", db_index=False)
    part = models.ForeignKey(Part, on_delete=models.CASCADE, related_name="tombstones")
    seq = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["branch", "part"], name="parts_tombstone_once")]

    def __str__(self) -> str:
        return f"{self.part_id} at {self.branch_id} removed by {self.seq}"
