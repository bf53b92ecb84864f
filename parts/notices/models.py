"""What garages watch, and which cars owners want to hear of.

A row holds how its car or part stood when it was last told of. So nothing has to be remembered about changes: whatever
stands otherwise now is untold, however and whenever that came about.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from dealers.models import Dealer, Membership
from garagehub.lib.geography import REGION_CHOICES
from parts.blocking.models import Verdict
from parts.catalogue.models import Part
from parts.vehicles.models import Vehicle


class Supply(models.TextChoices):
    """Whether a part can be had at a garage's place."""

    READY = "ready", "Can be had"
    BLOCKED = "blocked", "Nobody can send it"
    UNKNOWN = "unknown", "Could not check"


class Watch(models.Model):
    """A garage watches a car or a part. `state` is seen from the garage's region: a Verdict, or a Supply."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    dealer = models.ForeignKey(Dealer, on_delete=models.CASCADE, related_name="watches", db_index=False)
    vehicle = models.ForeignKey(Vehicle, null=True, on_delete=models.CASCADE, related_name="watches")
    part = models.ForeignKey(Part, null=True, on_delete=models.CASCADE, related_name="watches")
    note = models.CharField(max_length=60, blank=True, help_text="The garage's own word for it, such as a job number.")
    added_at = models.DateTimeField(default=timezone.now, editable=False)
    state = models.CharField(max_length=16, choices=[*Verdict.choices, (Supply.READY.value, Supply.READY.label)])
    changed_at = models.DateTimeField(null=True, help_text="When the state was last seen to change.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["dealer", "vehicle"],
                condition=models.Q(vehicle__isnull=False),
                name="parts_watch_vehicle_once",
            ),
            models.UniqueConstraint(
                fields=["dealer", "part"], condition=models.Q(part__isnull=False), name="parts_watch_part_once"
            ),
            models.CheckConstraint(
                condition=models.Q(vehicle__isnull=False, part__isnull=True)
                | models.Q(vehicle__isnull=True, part__isnull=False),
                name="parts_watch_one_thing",
            ),
        ]
        indexes: ClassVar = [
            # Read by lists of a dealer's watches, page by page.
            models.Index(fields=["dealer", "id"], name="parts_watch_of_dealer"),
        ]
        verbose_name_plural = "watches"

    def __str__(self) -> str:
        return f"watch {self.public_id}"


class Digest(models.Model):
    """A member of a garage wants an e-mail when something that it watches changes. See `parts.notices.digests`."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    membership = models.OneToOneField(Membership, on_delete=models.CASCADE, related_name="digest")
    asked_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"digest {self.public_id}"  # not whose


class Alert(models.Model):
    """An owner wants one e-mail when the answer about a car changes. Nothing is sent before it is confirmed.

    It holds the least that this needs, and goes by itself: see `parts.notices.alerts.forget`.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField("e-mail address", max_length=254)
    vehicle = models.ForeignKey(Vehicle, on_delete=models.CASCADE, related_name="alerts")
    region = models.SmallIntegerField(
        choices=REGION_CHOICES, null=True, help_text="Of the postcode asked with. Empty: where the car is kept."
    )
    language = models.CharField(
        max_length=10, default=settings.LANGUAGE_CODE, help_text="In which its owner asked, and is written to."
    )
    told = models.CharField(max_length=16, choices=Verdict.choices, help_text="The answer its owner last had.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    confirmed_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True, help_text="When its owner was last told of a change.")
    settled_at = models.DateTimeField(null=True, help_text="Since when its owner knows that nothing stands in the way.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("email"), "vehicle", name="parts_alert_once"),
        ]
        indexes: ClassVar = [
            # Read by alerts.forget(): all but the confirmed ones go within two days.
            models.Index(fields=["created_at"], name="parts_alert_created"),
        ]

    def __str__(self) -> str:
        return f"alert {self.public_id}"  # neither the address nor the plate
