"""What is derived from stock, catalogue, vehicles and dealers' statuses. Written only by the decision.

All but BlockChange and Override can be thrown away and computed again: `manage.py decide --full`.
Masks are sets of UK regions as bits (`garagehub.lib.geography`), bit 12 meaning "anywhere". Where a quantity matters,
four masks of 13 bits stand in one bigint: bits 0-12 for "at least 1 at one branch", 13-25 for 2, 26-38 for 3, 39-51 for 4.

Derived rows have no foreign key constraints: the decision reads their keys from the tables they point to, and takes a
row away when its source is gone. A constraint would lock a vehicle's row for every status written, and would forbid
an import to replace defects before the next decision has followed.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from dealers.models import Make
from garagehub.lib.geography import REGION_CHOICES
from parts.blocking import rules
from parts.catalogue.models import Brand, Part, Repair, Requirement
from parts.stock.models import Branch
from parts.vehicles.models import Defect, Vehicle, VehicleModel


class Verdict(models.TextChoices):
    """The RepairStatus of a vehicle, or of one repair."""

    NO_REPAIR_NEEDED = rules.Verdict.NO_REPAIR_NEEDED.value, "No repair needed"
    REPAIRABLE = rules.Verdict.REPAIRABLE.value, "Can be repaired"
    BLOCKED = rules.Verdict.BLOCKED.value, "Blocked"
    UNKNOWN = rules.Verdict.UNKNOWN.value, "Not known"


class Reason(models.IntegerChoices):
    """Why a repair cannot be done, or cannot be said to be possible. Bits, so that a set of them is an int."""

    PART_UNAVAILABLE = rules.Reason.PART_UNAVAILABLE.value, "part_unavailable"
    PART_NOT_IN_REGION = rules.Reason.PART_NOT_IN_REGION.value, "part_not_in_region"
    CANNOT_ORDER = rules.Reason.CANNOT_ORDER.value, "cannot_order"
    CANNOT_IDENTIFY_PART = rules.Reason.CANNOT_IDENTIFY_PART.value, "cannot_identify_part"
    NO_DIAGNOSTICS = rules.Reason.NO_DIAGNOSTICS.value, "no_diagnostics"
    NO_PROGRAMMING = rules.Reason.NO_PROGRAMMING.value, "no_programming"
    AVAILABILITY_UNKNOWN = rules.Reason.AVAILABILITY_UNKNOWN.value, "availability_unknown"
    REPAIR_UNKNOWN = rules.Reason.REPAIR_UNKNOWN.value, "repair_unknown"


class Override(models.Model):
    """An admin's word against the data: this part can be had, or this repair cannot be done. It expires."""

    class Kind(models.TextChoices):
        PART_OBTAINABLE = "part_obtainable", "This part can be had"
        PART_UNOBTAINABLE = "part_unobtainable", "This part cannot be had"
        REPAIR_IMPOSSIBLE = "repair_impossible", "This repair cannot be done"

    kind = models.CharField(max_length=17, choices=Kind.choices)
    part = models.ForeignKey(Part, null=True, blank=True, on_delete=models.CASCADE, related_name="overrides")
    repair = models.ForeignKey(Repair, null=True, blank=True, on_delete=models.CASCADE, related_name="overrides")
    regions = models.IntegerField(help_text="Where it holds, one bit a region.")
    reason = models.CharField(max_length=300)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(kind="repair_impossible", repair__isnull=False, part__isnull=True)
                | (~models.Q(kind="repair_impossible") & models.Q(repair__isnull=True, part__isnull=False)),
                name="parts_override_names_its_target",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} until {self.expires_at:%d %B %Y}"


class BranchReach(models.Model):
    """L0: the regions a branch supplies right now, by how far its source can be believed and its dealer's systems."""

    branch = models.OneToOneField(
        # Left behind on purpose: the decision sees that a branch went, and with it offers that nobody marked.
        Branch,
        primary_key=True,
        on_delete=models.DO_NOTHING,
        related_name="reach_now",
        db_constraint=False,
    )
    ready = models.IntegerField(help_text="Fresh, and can be got.")
    possible = models.IntegerField(help_text="Can be got, if the source's old word still holds.")
    stocked = models.IntegerField(help_text="Fresh, whether or not ordering and distribution work.")


class BrandCover(models.Model):
    """L0: whether any fresh source covers a brand. If none does, nothing is known of its parts."""

    brand = models.OneToOneField(
        Brand, primary_key=True, on_delete=models.CASCADE, related_name="cover", db_constraint=False
    )
    is_covered = models.BooleanField()


class MakeReach(models.Model):
    """L0: the regions where a dealer of a make has a system that is not down."""

    make = models.OneToOneField(
        Make, primary_key=True, on_delete=models.CASCADE, related_name="reach_now", db_constraint=False
    )
    catalogue = models.IntegerField()
    diagnostics = models.IntegerField()
    programming = models.IntegerField()


class RequirementOption(models.Model):
    """A part that meets a requirement, its successors expanded, and how many of it are needed.

    Options of one requirement with the same `bundle` are needed together and meet it together; without one, alone.
    An option fits chassis numbers from `serial_from` to `serial_to`; empty: from the first, to the last.
    Rows are what `parts.catalogue.supersession.expanded_options_sql` yields.
    """

    # Left behind on purpose, both: the decision sees which parts are wanted no more.
    requirement = models.ForeignKey(
        Requirement, on_delete=models.DO_NOTHING, related_name="expanded", db_constraint=False, db_index=False
    )
    repair = models.ForeignKey(Repair, on_delete=models.DO_NOTHING, related_name="options", db_constraint=False)
    part = models.ForeignKey(
        Part, on_delete=models.CASCADE, related_name="expanded", db_constraint=False, db_index=False
    )
    quantity = models.PositiveSmallIntegerField()
    bundle = models.PositiveSmallIntegerField(null=True, blank=True)
    serial_from = models.CharField(max_length=8, blank=True, db_collation="C")
    serial_to = models.CharField(max_length=8, blank=True, db_collation="C")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["requirement", "part", "bundle", "serial_from", "serial_to"],
                nulls_distinct=False,
                name="parts_option_once",
            ),
        ]
        indexes: ClassVar = [
            # Which repairs a part is for is read from this index alone.
            models.Index(fields=["part", "repair"], name="parts_option_part"),
            # Few options have a range: the splits are read from this index alone.
            models.Index(
                fields=["repair", "serial_from", "serial_to"],
                condition=~models.Q(serial_from="") | ~models.Q(serial_to=""),
                name="parts_option_by_serial",
            ),
        ]


class RepairSplit(models.Model):
    """A stretch of chassis numbers within which the same parts fit, of a repair whose parts differ by them.

    Numbered from 1 in order. `ends_before` is where the next begins; empty: it does not end. What begins just after
    EH999999 is written as that and a space, which sorts there.
    """

    repair = models.ForeignKey(
        Repair, on_delete=models.CASCADE, related_name="splits", db_constraint=False, db_index=False
    )
    number = models.SmallIntegerField()
    starts_at = models.CharField(max_length=9, blank=True, db_collation="C")
    ends_before = models.CharField(max_length=9, blank=True, db_collation="C")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["repair", "number"], name="parts_split_once")]


class PartAvailability(models.Model):
    """L1: where a part can be had by what sources and admins say, in four quantities. Absent: nowhere.

    A part of a brand without fresh cover (BrandCover) is possible wherever it is not barred, whatever stands here.
    """

    part = models.OneToOneField(
        Part, primary_key=True, on_delete=models.CASCADE, related_name="availability_now", db_constraint=False
    )
    ready = models.BigIntegerField(default=0)
    possible = models.BigIntegerField(default=0)
    stocked = models.BigIntegerField(default=0)
    barred = models.IntegerField(default=0, help_text="Where an admin's word says it cannot be had; bit 12: anywhere.")

    class Meta:
        verbose_name_plural = "part availability"


class Readiness(models.Model):
    """L2: where a repair can be done. Blocked = not possible; unknown = possible and not ready.

    A repair whose parts differ by chassis number has a row for each split, and one of split 0 for cars whose VIN is
    not known: ready if each split is, possible if one is. Other repairs have split 0 only.
    """

    repair = models.ForeignKey(
        Repair, on_delete=models.CASCADE, related_name="readiness", db_constraint=False, db_index=False
    )
    split = models.SmallIntegerField(default=0)
    ready = models.IntegerField()
    possible = models.IntegerField()
    parts_ready = models.IntegerField()
    parts_possible = models.IntegerField()
    parts_stocked = models.IntegerField()
    identify = models.IntegerField(help_text="Where its parts can be identified; all regions if it needs no VIN.")
    diagnostics = models.IntegerField(help_text="Where diagnostics work; all regions if it needs none.")
    programming = models.IntegerField(help_text="Where programming works; all regions if it needs none.")

    class Meta:
        verbose_name_plural = "readiness"
        constraints: ClassVar = [models.UniqueConstraint(fields=["repair", "split"], name="parts_readiness_once")]


class RepairNeed(models.Model):
    """L3: what mends a defect: a repair, or nothing of what we track (`needs_nothing`), or nobody knows (neither).

    One for every failing defect, and for each other defect whose repair is known. A row outlives its defect until the
    next decision, which reads here how the vehicle stood before.
    """

    defect = models.OneToOneField(
        Defect, primary_key=True, on_delete=models.DO_NOTHING, related_name="need", db_constraint=False
    )
    vehicle = models.ForeignKey(Vehicle, on_delete=models.CASCADE, related_name="needs", db_constraint=False)
    repair = models.ForeignKey(
        Repair, null=True, on_delete=models.DO_NOTHING, related_name="needs", db_constraint=False, db_index=False
    )
    region = models.SmallIntegerField(choices=REGION_CHOICES)
    is_failing = models.BooleanField()
    needs_nothing = models.BooleanField(default=False)
    split = models.SmallIntegerField(default=0, help_text="The split of the repair that the VIN falls in; 0: none.")

    class Meta:
        indexes: ClassVar = [
            # Which vehicles a repair's masks concern, and how many wait for it, is read from this index alone.
            models.Index(
                fields=["repair", "is_failing", "vehicle"], include=["region", "split"], name="parts_need_of_repair"
            ),
        ]


class PartDemand(models.Model):
    """Beside L3: how many vehicles failed on something whose repair could use a part. Absent: none.

    A vehicle counts once, however many of its defects could use the part.
    """

    part = models.OneToOneField(
        Part, primary_key=True, on_delete=models.CASCADE, related_name="demand_now", db_constraint=False
    )
    vehicles = models.IntegerField()

    class Meta:
        verbose_name_plural = "part demand"


class RepairStatus(models.Model):
    """L4: sparse: a row only where something stands in the way of what failed, so blocked or not known.

    Absent: repairable if the vehicle has open fails, else nothing to repair. Advisories are never here.
    """

    vehicle = models.OneToOneField(
        Vehicle, primary_key=True, on_delete=models.CASCADE, related_name="repair_status", db_constraint=False
    )
    status = models.CharField(max_length=16, choices=Verdict.choices)
    reasons = models.SmallIntegerField(help_text="Reason bits of the defects that failed.")
    since = models.DateTimeField(help_text="Since when the status, not the reasons, has been so.")

    class Meta:
        verbose_name_plural = "repair statuses"
        indexes: ClassVar = [models.Index(fields=["status", "since"], name="parts_repairstatus_since")]


class BlockChange(models.Model):
    """Written when a vehicle's RepairStatus changes; what alerts and history read.

    The table is partitioned by `at` and kept by month (see `parts.blocking.history`).
    """

    vehicle = models.ForeignKey(
        Vehicle, on_delete=models.CASCADE, related_name="block_changes", db_index=False, db_constraint=False
    )
    old = models.CharField(max_length=16, choices=Verdict.choices)
    new = models.CharField(max_length=16, choices=Verdict.choices)
    reasons = models.SmallIntegerField(default=0, help_text="Reason bits of the new status.")
    at = models.DateTimeField()
    notified_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["vehicle", "-at"], name="parts_blockchange_history"),
            models.Index(fields=["at"], name="parts_blockchange_at"),
        ]

    def __str__(self) -> str:
        return f"{self.vehicle_id}: {self.old} to {self.new}"


class BlockedDay(models.Model):
    """How many vehicles were blocked or not known at the end of a UK day, and how many became or ceased to be blocked.

    One row per make, model, region and reason that has any. Reason 0 counts each vehicle once; a vehicle with two
    reasons counts in the row of each. Vehicles off the road by choice are left out. No row names a vehicle.
    """

    day = models.DateField()
    make = models.ForeignKey(
        Make, null=True, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    model = models.ForeignKey(
        VehicleModel, null=True, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    region = models.SmallIntegerField(choices=REGION_CHOICES)
    reason = models.SmallIntegerField(choices=[(0, "any"), *Reason.choices])
    blocked = models.IntegerField()
    unknown = models.IntegerField()
    opened = models.IntegerField(help_text="Became blocked that day.")
    closed = models.IntegerField(help_text="Ceased to be blocked that day.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["day", "reason", "make", "model", "region"],
                nulls_distinct=False,
                name="parts_blockedday_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.blocked} blocked"


class EngineClock(models.Model):
    """One row: the time the decisions speak of, which never runs backwards, and how the last run went."""

    id = models.BooleanField(primary_key=True, default=True)
    now = models.DateTimeField()
    full_at = models.DateTimeField(null=True, blank=True)
    runs = models.BigIntegerField(default=0)
    last_counts = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=True), name="parts_clock_single")]
