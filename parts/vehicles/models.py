"""Vehicles and what their newest MOT said, from DVSA's data.

Kept per vehicle: the tests that still decide something (the newest visit and the newest pass) and the defects of the
newest visit. Older history is DVSA's to show.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models

from dealers.models import Make
from garagehub.lib.geography import REGION_CHOICES, UK


class VehicleModel(models.Model):
    """A model of a make, as DVSA spells it, in capitals; an empty name stands for "make known, model not"."""

    make = models.ForeignKey(Make, on_delete=models.PROTECT, related_name="models")
    name = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["make", "name"], name="parts_model_once_per_make")]

    def __str__(self) -> str:
        return f"{self.make.name} {self.name or '(model not stated)'}"


class Vehicle(models.Model):
    """A vehicle. Its plate may move to another car, so the plate finds a vehicle but never identifies it."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    registration = models.CharField(
        max_length=13,
        null=True,
        blank=True,
        help_text="Capital letters and digits only. Empty once moved.",
    )
    model = models.ForeignKey(VehicleModel, null=True, blank=True, on_delete=models.PROTECT, related_name="vehicles")
    region = models.SmallIntegerField(choices=REGION_CHOICES, default=UK, help_text="Where it is kept, if anyone said.")
    first_used_on = models.DateField(null=True, blank=True)
    registered_on = models.DateField(null=True, blank=True)
    manufactured_on = models.DateField(null=True, blank=True)
    manufacture_year = models.SmallIntegerField(null=True, blank=True)
    fuel_type = models.CharField(max_length=30, blank=True)
    colour = models.CharField(max_length=30, blank=True)
    engine_cc = models.IntegerField(null=True, blank=True)
    has_recall = models.CharField(max_length=11, blank=True, help_text="DVSA's word: Yes, No, Unknown or Unavailable.")
    vin_last8 = models.CharField("last 8 of VIN", max_length=8, blank=True)
    first_mot_due_on = models.DateField(null=True, blank=True, help_text="For a vehicle never tested.")
    mot_expires_on = models.DateField(null=True, blank=True, help_text="The latest expiry of any pass.")
    is_sorn = models.BooleanField("SORN", default=False, help_text="Off the road by choice, by DVLA's word.")
    dvla_expires_on = models.DateField(
        "MOT expiry at DVLA", null=True, blank=True, help_text="DVSA's history can lag: the later of the two counts."
    )
    dvla_checked_at = models.DateTimeField("DVLA asked", null=True, blank=True)
    open_fails = models.PositiveSmallIntegerField(default=0, help_text="Defects that failed the newest visit.")
    is_dangerous = models.BooleanField(default=False, help_text="The newest visit failed on a dangerous defect.")
    last_tested_at = models.DateTimeField(null=True, blank=True)
    source_updated_at = models.DateTimeField(null=True, blank=True, help_text="When the data was current at DVSA.")
    fingerprint = models.BigIntegerField(
        null=True, editable=False, help_text="Of the line of a file that the row agrees with."
    )
    is_demo = models.BooleanField("demonstration data", default=False)

    class Meta:
        # Unique by constraint, not `unique=True`, which would add a second index for LIKE that nothing reads.
        constraints: ClassVar = [models.UniqueConstraint(fields=["registration"], name="parts_vehicle_registration")]
        indexes: ClassVar = [
            models.Index(fields=["model"], condition=models.Q(open_fails__gt=0), name="parts_vehicle_failed"),
            models.Index(fields=["vin_last8"], condition=~models.Q(vin_last8=""), name="parts_vehicle_vin"),
            # Few are off the road; every count of blocked vehicles leaves them out.
            models.Index(fields=["id"], condition=models.Q(is_sorn=True), name="parts_vehicle_sorn"),
        ]

    def __str__(self) -> str:
        return self.registration or f"vehicle {self.public_id}"


class MotTest(models.Model):
    """A test of the newest visit, or the newest pass before it."""

    class Result(models.TextChoices):
        PASSED = "passed", "Passed"
        FAILED = "failed", "Failed"

    vehicle = models.ForeignKey(Vehicle, on_delete=models.CASCADE, related_name="tests", db_index=False)
    number = models.CharField("MOT test number", max_length=20)
    completed_at = models.DateTimeField()
    result = models.CharField(max_length=6, choices=Result.choices)
    expires_on = models.DateField(null=True, blank=True)
    odometer = models.IntegerField(null=True, blank=True)
    odometer_unit = models.CharField(max_length=2, blank=True, help_text="mi or km.")
    source = models.CharField(max_length=6, blank=True, help_text="DVSA, DVA NI or CVS.")
    registration = models.CharField("registration at the time", max_length=13, blank=True)

    class Meta:
        verbose_name = "MOT test"
        constraints: ClassVar = [models.UniqueConstraint(fields=["number"], name="parts_mottest_number")]
        indexes: ClassVar = [models.Index(fields=["vehicle", "-completed_at"], name="parts_mottest_newest")]

    def __str__(self) -> str:
        return f"{self.number}: {self.result} on {self.completed_at:%d %B %Y}"


class Defect(models.Model):
    """A defect or advisory of the newest visit, with what its text says of where and which manual item."""

    class Category(models.TextChoices):
        DANGEROUS = "dangerous", "Dangerous"
        MAJOR = "major", "Major"
        FAIL = "fail", "Fail (before May 2018)"
        UNDISCLOSED = "undisclosed", "Failed, reasons not given"
        MINOR = "minor", "Minor"
        ADVISORY = "advisory", "Advisory"
        OTHER = "other", "Other note"

    class Scheme(models.TextChoices):
        CURRENT = "current", "Manual since 20 May 2018"
        OLD = "old", "Manual before 20 May 2018"
        NONE = "", "No reference"

    # The test's vehicle, copied so that lists need no join. The test's own key holds it: a second check per row would
    # cost an import a quarter of its commit.
    vehicle = models.ForeignKey(
        Vehicle, on_delete=models.CASCADE, related_name="defects", db_index=False, db_constraint=False
    )
    test = models.ForeignKey(MotTest, on_delete=models.CASCADE, related_name="defects", db_index=False)
    position = models.SmallIntegerField(help_text="Order in DVSA's list.")
    text = models.CharField(max_length=1_000, blank=True)
    category = models.CharField(max_length=11, choices=Category.choices)
    is_failing = models.BooleanField(help_text="It failed the visit: to be repaired before a pass.")
    manual_scheme = models.CharField(max_length=7, choices=Scheme.choices, blank=True)
    manual_ref = models.CharField("manual reference", max_length=40, blank=True, help_text="As in 5.3.1 (b) (i).")
    lateral = models.CharField(max_length=9, blank=True, help_text="nearside, offside, or empty.")
    longitudinal = models.CharField(max_length=6, blank=True, help_text="front, rear, or empty.")
    vertical = models.CharField(max_length=5, blank=True, help_text="upper, lower, inner, outer, or empty.")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["test", "position"], name="parts_defect_once")]
        indexes: ClassVar = [models.Index(fields=["vehicle"], name="parts_defect_vehicle")]

    def __str__(self) -> str:
        return self.text or self.get_category_display()


class MotImport(models.Model):
    """One file taken in, so that it resumes after a kill and is never taken twice.

    A file is known by what is in it, not by its name; taken for other makes it is another import.
    """

    name = models.CharField(max_length=300, help_text="The file's name, as at DVSA where it came from there.")
    digest = models.CharField("SHA-256", max_length=64)
    makes = models.CharField(max_length=300, blank=True, help_text="The makes kept, or empty for all.")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    member = models.CharField(max_length=300, blank=True, help_text="The part of the zip reached.")
    member_lines = models.BigIntegerField(default=0, help_text="Lines of that part taken in.")
    counts = models.JSONField(default=dict, blank=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = "MOT import"
        constraints: ClassVar = [models.UniqueConstraint(fields=["digest", "makes"], name="parts_motimport_once")]
        indexes: ClassVar = [
            # Read by the daily import, which asks for files by name before fetching them.
            models.Index(fields=["name"], name="parts_motimport_name"),
        ]

    def __str__(self) -> str:
        return self.name


class RejectedLine(models.Model):
    """A line of an import that could not be read, kept with its reason; the rest went in."""

    run = models.ForeignKey(MotImport, on_delete=models.CASCADE, related_name="rejected", db_index=False)
    member = models.CharField(max_length=300, blank=True, help_text="The part of the zip it stands in.")
    line = models.BigIntegerField()
    reason = models.CharField(max_length=300)
    raw = models.TextField(help_text="The line as sent, at most 2,000 characters, its plate masked.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "member", "line"], name="parts_rejectedline_once")
        ]

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


class Enquiry(models.Model):
    """A plate that somebody asked about and we did not know, for a day: asked of DVSA and DVLA, or waiting to be."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting to be asked"
        KNOWN = "known", "Known, and taken in"
        NOT_FOUND = "not_found", "Known to nobody"
        FAILED = "failed", "Given up"

    registration = models.CharField(max_length=13, unique=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    due_at = models.DateTimeField(help_text="When it is asked next, or whoever asks now has died.")
    tries = models.PositiveSmallIntegerField(default=0)
    answered_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name_plural = "enquiries"
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=models.Q(state="waiting"), name="parts_enquiry_due"),
            models.Index(fields=["answered_at"], name="parts_enquiry_answered"),
        ]

    def __str__(self) -> str:
        return self.get_state_display()


class Authority(models.Model):
    """How fast an authority may be asked, by all workers together, and whether it is left alone for a while."""

    class Name(models.TextChoices):
        DVSA = "dvsa", "DVSA"
        DVLA = "dvla", "DVLA"

    name = models.CharField(max_length=4, choices=Name.choices, primary_key=True)
    next_at = models.DateTimeField(help_text="When the next request would be on schedule.")
    failures = models.PositiveSmallIntegerField(default=0, help_text="In a row.")
    closed_until = models.DateTimeField(null=True, blank=True, help_text="Nobody asks before.")

    class Meta:
        verbose_name_plural = "authorities"

    def __str__(self) -> str:
        return self.get_name_display()
