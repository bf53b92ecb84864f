"""Parts and their numbers, what replaces what, and the repairs that need them."""

from __future__ import annotations

import uuid
from typing import ClassVar, Self

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from parts.vehicles.models import VehicleModel


class Grade(models.TextChoices):
    """Where a part comes from. Alternatives are labelled by it, never mixed in."""

    GENUINE = "genuine", "Genuine"
    OE = "oe", "Original maker"
    AFTERMARKET = "aftermarket", "Aftermarket"
    RECONDITIONED = "reconditioned", "Reconditioned"
    USED = "used", "Used"


class Lifecycle(models.TextChoices):
    """What the maker says of a part's life; apart from whether anyone has it."""

    LISTED = "listed", "Listed"
    ACTIVE = "active", "Active"
    SUPERSEDED = "superseded", "Superseded"
    DISCONTINUED = "discontinued", "Discontinued"


class Brand(models.Model):
    """Whose number it is. Part numbers are unique within a brand."""

    name = models.CharField(max_length=64, unique=True)
    slug = models.SlugField(max_length=64, unique=True)

    def __str__(self) -> str:
        return self.name


# Asked in these very words, or the index does not answer.
DESCRIPTION_WORDS = SearchVector("description", config="english")


class PartQuerySet(models.QuerySet["Part"]):
    """Questions about parts, in English."""

    def with_number(self) -> Self:
        """Each with the number shown for it, as `number`."""
        shown = PartNumber.objects.filter(part=models.OuterRef("pk"), is_main=True).values("raw")
        return self.annotate(number=models.Subquery(shown))


class Part(models.Model):
    """A thing with a number. First seen in a catalogue or in a feed."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="parts")
    description = models.CharField(max_length=200, blank=True)
    lifecycle = models.CharField(max_length=12, choices=Lifecycle.choices, default=Lifecycle.LISTED)
    grade = models.CharField(max_length=13, choices=Grade.choices, default=Grade.GENUINE)
    is_demo = models.BooleanField("demonstration data", default=False)

    objects = PartQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["brand"], name="parts_part_brand"),
            GinIndex(DESCRIPTION_WORDS, name="parts_part_words"),
        ]

    def __str__(self) -> str:
        # The number stands in another table: named only where the query brought it along.
        name = f"{vars(self).get('number') or ''} {self.description}".strip()
        return name or f"part {self.public_id}"


class PartNumber(models.Model):
    """A part's number as sent and as compared. The first one seen is the one shown."""

    part = models.ForeignKey(Part, on_delete=models.CASCADE, related_name="numbers")
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="numbers")
    raw = models.CharField(max_length=64, help_text="Exactly as sent.")
    norm = models.CharField(
        max_length=64, help_text="NFKC, capitals, without spaces and - . /; zeros and suffixes stay."
    )
    is_main = models.BooleanField("shown", default=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["norm", "brand"], name="parts_number_once_per_brand"),
            models.UniqueConstraint(fields=["part"], condition=models.Q(is_main=True), name="parts_number_one_shown"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["part"], name="parts_number_part"),
            # For the beginnings of numbers: the constraint's index serves whole ones only, unless text sorts by bytes.
            models.Index(fields=["norm"], opclasses=["varchar_pattern_ops"], name="parts_number_begins"),
        ]

    def __str__(self) -> str:
        return self.raw


class Supersession(models.Model):
    """`new` replaces `old`. Edges of one group and kind AND are needed together; kind OR, any one will do."""

    class Kind(models.TextChoices):
        AND = "and", "All of the group together"
        OR = "or", "Any one"

    class Direction(models.TextChoices):
        FORWARD = "forward", "New fits where old did"
        FULL = "full", "Either fits for the other"

    old = models.ForeignKey(Part, on_delete=models.CASCADE, related_name="successors")
    new = models.ForeignKey(Part, on_delete=models.CASCADE, related_name="predecessors")
    kind = models.CharField(max_length=3, choices=Kind.choices, default=Kind.OR)
    group = models.PositiveSmallIntegerField(default=0)
    ratio = models.PositiveSmallIntegerField(
        default=1, help_text="How many new for one old.", validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    direction = models.CharField(max_length=7, choices=Direction.choices, default=Direction.FORWARD)
    valid_from = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["old", "new"], name="parts_supersession_once"),
            models.CheckConstraint(condition=~models.Q(old=models.F("new")), name="parts_supersession_not_itself"),
            models.CheckConstraint(condition=models.Q(ratio__gte=1), name="parts_supersession_ratio"),
        ]

    def __str__(self) -> str:
        return f"{self.old_id} replaced by {self.new_id}"


class RepairKind(models.Model):
    """What has to be done, whatever the car: "front coil spring". Loaded from a reviewed file."""

    class PositionBy(models.TextChoices):
        NONE = "", "Same everywhere"
        AXLE = "axle", "Front or rear"

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=80)
    position_by = models.CharField(max_length=6, choices=PositionBy.choices, blank=True)
    needs_nothing = models.BooleanField(
        default=False, help_text="No part and no dealer system: adjust, clean, aim, inflate, weld."
    )

    def __str__(self) -> str:
        return self.name


class ManualReference(models.Model):
    """An inspection-manual reference met in test data, and the repair kind it means. None: nobody has mapped it yet."""

    scheme = models.CharField(max_length=7)
    ref = models.CharField(max_length=40)
    kind = models.ForeignKey(RepairKind, null=True, blank=True, on_delete=models.PROTECT, related_name="references")
    is_reviewed = models.BooleanField(default=False, help_text="Set by an admin: the data file no longer changes it.")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["scheme", "ref"], name="parts_manualref_once")]

    def __str__(self) -> str:
        return f"{self.ref} ({self.scheme})"


YEARS = [MinValueValidator(1900), MaxValueValidator(2100)]
SERIAL_LENGTH = 8
_SERIAL = RegexValidator(
    rf"^[A-Z0-9]{{{SERIAL_LENGTH}}}\Z", "Enter the last 8 characters of a VIN, in capital letters and digits."
)


class Repair(models.Model):
    """A repair kind on a vehicle model, at a position, for cars of some years or of all. It needs all its requirements.

    Where parts or systems differ by year, a model has several repairs of a kind; their years never overlap (an
    exclusion constraint of the database), so that a car has one of them or none.
    """

    kind = models.ForeignKey(RepairKind, on_delete=models.PROTECT, related_name="repairs")
    model = models.ForeignKey(VehicleModel, on_delete=models.PROTECT, related_name="repairs")
    position = models.CharField(max_length=6, blank=True, help_text="front, rear, or empty.")
    year_from = models.PositiveSmallIntegerField(
        "from year",
        null=True,
        blank=True,
        validators=YEARS,
        help_text="First year of manufacture; empty: from the first.",
    )
    year_to = models.PositiveSmallIntegerField(
        "to year", null=True, blank=True, validators=YEARS, help_text="Last year of manufacture; empty: to this day."
    )
    needs_diagnostics = models.BooleanField(default=False)
    needs_programming = models.BooleanField(default=False)
    is_demo = models.BooleanField("demonstration data", default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["model", "kind", "position", "year_from"], nulls_distinct=False, name="parts_repair_once"
            ),
            models.CheckConstraint(
                condition=models.Q(year_from__isnull=True)
                | models.Q(year_to__isnull=True)
                | models.Q(year_from__lte=models.F("year_to")),
                name="parts_repair_years_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.position}".strip() + (f", {years}" if (years := self.years) else "")

    def clean(self) -> None:
        """Refuse years that overlap those of another repair of the kind, model and position."""
        others = Repair.objects.exclude(pk=self.pk).filter(
            kind=self.kind_id, model=self.model_id, position=self.position
        )
        if self.year_from:
            others = others.filter(models.Q(year_to__isnull=True) | models.Q(year_to__gte=self.year_from))
        if self.year_to:
            others = others.filter(models.Q(year_from__isnull=True) | models.Q(year_from__lte=self.year_to))
        if other := others.first():
            raise ValidationError(f"This repair is there already, for {other.years or 'all years'}.")

    @property
    def years(self) -> str:
        """The years of manufacture in words; empty for all."""
        if self.year_from and self.year_to:
            return str(self.year_from) if self.year_from == self.year_to else f"{self.year_from} to {self.year_to}"
        if self.year_from:
            return f"from {self.year_from}"
        return f"up to {self.year_to}" if self.year_to else ""


class Requirement(models.Model):
    """One thing a repair needs, met by any one of its parts or their successors."""

    repair = models.ForeignKey(Repair, on_delete=models.CASCADE, related_name="requirements")
    name = models.CharField(max_length=80)
    quantity = models.PositiveSmallIntegerField(default=1, validators=[MinValueValidator(1), MaxValueValidator(4)])
    by_vin = models.BooleanField(
        "chosen by VIN",
        default=False,
        help_text="Which of the parts fits is known only from the VIN, and only to the maker's catalogue. "
        "Where the ranges are known, give each part its own instead.",
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(quantity__gte=1, quantity__lte=4), name="parts_requirement_quantity"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} \N{MULTIPLICATION SIGN} {self.name}"


class RequirementPart(models.Model):
    """A part that meets a requirement, on any car of the repair or within a range of chassis numbers.

    A chassis number is the last 8 characters of a VIN. Ranges are compared as text, digits before letters.
    """

    requirement = models.ForeignKey(Requirement, on_delete=models.CASCADE, related_name="options")
    part = models.ForeignKey(Part, on_delete=models.PROTECT, related_name="requirements")
    serial_from = models.CharField(
        "from chassis",
        max_length=SERIAL_LENGTH,
        blank=True,
        default="",
        db_default="",
        db_collation="C",
        validators=[_SERIAL],
        help_text="The first, as in EH000001; empty: from the first made.",
    )
    serial_to = models.CharField(
        "to chassis",
        max_length=SERIAL_LENGTH,
        blank=True,
        default="",
        db_default="",
        db_collation="C",
        validators=[_SERIAL],
        help_text="The last, included; empty: to this day.",
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["requirement", "part", "serial_from"], name="parts_requirementpart_once"),
            models.CheckConstraint(
                condition=models.Q(serial_to="") | models.Q(serial_from__lte=models.F("serial_to")),
                name="parts_requirementpart_serials_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.requirement_id}: {self.part_id}"
