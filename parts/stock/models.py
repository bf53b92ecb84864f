"""Who supplies from where, and what they say they have."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models

from dealers.models import Dealer
from garagehub.lib.geography import ALL_REGIONS
from parts.catalogue.models import Brand, Grade, Lifecycle, Part


class Availability(models.TextChoices):
    """What a source says of a part. Unknown is never zero; absent from a feed is not listed, not out of stock."""

    IN_STOCK = "in_stock", "In stock"
    LIMITED = "limited", "Few left"
    ON_BACKORDER = "on_backorder", "On back order"
    OUT_OF_STOCK = "out_of_stock", "Out of stock"
    NOT_LISTED = "not_listed", "Not listed"
    UNKNOWN = "unknown", "Not known"


class Freshness(models.TextChoices):
    """How far a source can be believed now. Computed at read, never stored."""

    FRESH = "fresh", "Up to date"
    STALE = "stale", "Old"
    SOURCE_DOWN = "source_down", "Source not answering"


class Supplier(models.Model):
    """Who sends stock data. One feed each."""

    code = models.SlugField(max_length=32, unique=True)
    name = models.CharField(max_length=120)
    brands = models.ManyToManyField(
        Brand, related_name="suppliers", blank=True, help_text="Brands its last good data listed: its absence counts."
    )
    # `confirmed_at` is when the data was last known to be current: a good run, or the sender saying "not modified".
    confirmed_at = models.DateTimeField(null=True, blank=True, editable=False)
    warn_after_s = models.PositiveIntegerField("stale after, seconds", default=3_600)
    error_after_s = models.PositiveIntegerField("source down after, seconds", default=21_600)
    is_demo = models.BooleanField("demonstration data", default=False)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(error_after_s__gte=models.F("warn_after_s")), name="parts_supplier_limits_in_order"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def freshness(self, *, at: datetime) -> str:
        """Fresh, stale, or source down, by this supplier's own limits; never confirmed is source down."""
        return freshness_of(self.confirmed_at, self.warn_after_s, self.error_after_s, at=at)


def freshness_of(confirmed_at: datetime | None, warn_after_s: int, error_after_s: int, *, at: datetime) -> str:
    """`Supplier.freshness` of a row that was read without its model."""
    if confirmed_at is None or at >= confirmed_at + timedelta(seconds=error_after_s):
        return Freshness.SOURCE_DOWN
    return Freshness.STALE if at >= confirmed_at + timedelta(seconds=warn_after_s) else Freshness.FRESH


class Branch(models.Model):
    """A place of a supplier where stock lies."""

    class Tier(models.TextChoices):
        SHELF = "shelf", "On the dealer's shelf"
        BRANCH = "branch", "At a branch"
        CENTRAL = "central", "At the central store"

    supplier = models.ForeignKey(Supplier, on_delete=models.CASCADE, related_name="branches")
    code = models.CharField(max_length=32)
    name = models.CharField(max_length=120, blank=True)
    dealer = models.ForeignKey(Dealer, null=True, blank=True, on_delete=models.PROTECT, related_name="branches")
    tier = models.CharField(max_length=7, choices=Tier.choices, default=Tier.CENTRAL)
    reach = models.IntegerField(default=ALL_REGIONS, help_text="Regions it delivers to, one bit each.")
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "branches"
        constraints: ClassVar = [models.UniqueConstraint(fields=["supplier", "code"], name="parts_branch_once")]

    def __str__(self) -> str:
        return self.name or f"{self.supplier_id} {self.code}"


class Offer(models.Model):
    """What one branch says of one part. How old that is belongs to the feed, not to the row."""

    branch = models.ForeignKey(Branch, on_delete=models.CASCADE, related_name="offers", db_index=False)
    part = models.ForeignKey(Part, on_delete=models.CASCADE, related_name="offers", db_index=False)
    quantity = models.IntegerField(null=True, blank=True, help_text="Empty: not said. Never stored as 0 when unknown.")
    availability = models.CharField(max_length=12, choices=Availability.choices, default=Availability.UNKNOWN)
    lifecycle = models.CharField(max_length=12, choices=Lifecycle.choices, default=Lifecycle.ACTIVE)
    grade = models.CharField(max_length=13, choices=Grade.choices, default=Grade.GENUINE)
    price_pence = models.IntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, default="GBP")
    lead_time_days = models.SmallIntegerField(null=True, blank=True)
    expected_on = models.DateField(null=True, blank=True)
    seq = models.BigIntegerField(default=0, help_text="The sender's sequence of the last change applied.")
    changed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            # Branch first, so that the rows of one feed lie together.
            models.UniqueConstraint(fields=["branch", "part"], name="parts_offer_once"),
            models.CheckConstraint(condition=models.Q(quantity__gte=0), name="parts_offer_quantity"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["part"], name="parts_offer_part"),
            # Read by look-ups: most offers of a part say that there is none.
            models.Index(
                fields=["part"],
                condition=models.Q(availability__in=[Availability.IN_STOCK, Availability.LIMITED]),
                name="parts_offer_in_stock",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.part_id} at {self.branch_id}: {self.availability}"


class OfferChange(models.Model):
    """What changed in an offer, and when: never updated, kept by month (see `parts.stock.history`).

    Empty `availability_before`: newly listed. Empty `availability_after`: no longer listed. The table is partitioned by
    `at` and carries no foreign keys, so that a snapshot can append a hundred thousand rows at the price of a copy.
    """

    at = models.DateTimeField()
    branch = models.ForeignKey(
        Branch, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    part = models.ForeignKey(Part, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False)
    availability_before = models.CharField(max_length=12, choices=Availability.choices, null=True)
    availability_after = models.CharField(max_length=12, choices=Availability.choices, null=True)
    quantity_before = models.IntegerField(null=True)
    quantity_after = models.IntegerField(null=True)
    price_pence_before = models.IntegerField(null=True)
    price_pence_after = models.IntegerField(null=True)
    expected_on_before = models.DateField(null=True)
    expected_on_after = models.DateField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["part", "at"], name="parts_offerchange_part")]

    def __str__(self) -> str:
        return f"{self.part_id} at {self.branch_id}: {self.availability_before} to {self.availability_after}"
