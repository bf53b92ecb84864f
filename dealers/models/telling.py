"""Who is told: people by e-mail, dealers' software by webhook."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dealers.models.incidents import Incident
from dealers.models.places import Dealer, Make, System
from garagehub.outbox.models import Endpoint


class Event(models.TextChoices):
    """What a webhook can be told of."""

    STATUS_CHANGED = "status.changed", _("A system at a dealer stopped or started working")
    STATUS_DIGEST = "status.digest", _("A system changed at many dealers of a make at once")
    INCIDENT_PUBLISHED = "incident.published", _("An incident was published")
    INCIDENT_UPDATED = "incident.updated", _("An incident has an update")
    MAINTENANCE_CHANGED = "maintenance.changed", _("Work on systems was planned, changed, begun or ended")
    RESTORATION_CHANGED = "restoration.changed", _("A wave in which systems come back was planned, changed or is done")
    VEHICLE_CHANGED = "vehicle.changed", _("Cars that you watch can be repaired, or cannot any more")
    PART_CHANGED = "part.changed", _("Parts that you watch can be had, or cannot any more")


class Webhook(models.Model):
    """A dealer's wish to have its own software told. The endpoint holds address, secret and state."""

    dealer = models.ForeignKey(Dealer, on_delete=models.CASCADE, related_name="webhooks")
    endpoint = models.OneToOneField(Endpoint, on_delete=models.CASCADE, related_name="webhook")
    name = models.CharField(max_length=80, help_text=_("What takes the messages, such as: workshop diary."))
    events = ArrayField(models.CharField(max_length=40), default=list, blank=True, help_text="Empty: every event.")
    makes = models.ManyToManyField(Make, blank=True, related_name="+", help_text="Empty: every make.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)

    def __str__(self) -> str:
        return f"{self.name} of {self.dealer.code}"

    def wants(self, event: str) -> bool:
        """Whether it is to be told of events of this type."""
        return not self.events or event in self.events


class Subscriber(models.Model):
    """An e-mail address that asked to be told. It goes with its last subscription."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField("e-mail address", max_length=254)
    language = models.CharField(
        max_length=10, default=settings.LANGUAGE_CODE, help_text="In which its owner asked, and is written to."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(Lower("email"), name="dealers_subscriber_once")]

    def __str__(self) -> str:
        return f"subscriber {self.public_id}"  # never the address


class Subscription(models.Model):
    """What a subscriber is told of: one make, dealer, system or incident, or everything. Nothing before it is confirmed."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="subscriptions")
    make = models.ForeignKey(Make, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    dealer = models.ForeignKey(Dealer, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    incident = models.ForeignKey(Incident, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    system = models.CharField(max_length=20, choices=System.choices, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["subscriber", "make", "dealer", "incident", "system"],
                nulls_distinct=False,
                name="dealers_subscription_once",
            ),
            models.CheckConstraint(
                condition=models.Q(make=None, dealer=None, incident=None)
                | models.Q(make=None, dealer=None, system="")
                | models.Q(make=None, incident=None, system="")
                | models.Q(dealer=None, incident=None, system=""),
                name="dealers_subscription_one_subject",
            ),
        ]
        indexes: ClassVar = [
            # Read by subscriptions.sweep(): those never confirmed.
            models.Index(
                fields=["created_at"], condition=models.Q(confirmed_at=None), name="dealers_subscription_waiting"
            ),
        ]

    def __str__(self) -> str:
        return f"subscription {self.public_id}"

    @property
    def subject(self) -> str:
        """What it is about, in words."""
        if self.make:
            return self.make.name.title()
        if self.dealer:
            return self.dealer.name
        if self.incident:
            return self.incident.title
        if self.system:
            return str(System(self.system).label)
        return str(_("Everything"))
