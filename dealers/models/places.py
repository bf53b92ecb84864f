"""Dealers, who works there, their keys, and the systems they depend on."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as lazy

from garagehub.lib.geography import REGION_CHOICES, REGION_NAMES, REGION_SLUGS, UK


class System(models.TextChoices):
    """A capability that can fail on its own."""

    PARTS_CATALOGUE = "parts_catalogue", lazy("Parts catalogue")
    PARTS_ORDERING = "parts_ordering", lazy("Parts ordering")
    PARTS_DISTRIBUTION = "parts_distribution", lazy("Parts distribution")
    DIAGNOSTICS = "diagnostics", lazy("Diagnostics")
    PROGRAMMING = "programming", lazy("Programming")
    VEHICLE_REGISTRATION = "vehicle_registration", lazy("Vehicle registration")
    WARRANTY = "warranty", lazy("Warranty")


class State(models.TextChoices):
    """What we say of a system at a dealer. Unknown is a state of its own, never shown as fine."""

    OPERATIONAL = "operational", lazy("Working")
    DEGRADED = "degraded", lazy("Partly working")
    DOWN = "down", lazy("Not working")
    UNKNOWN = "unknown", lazy("Not known")


class Make(models.Model):
    """A vehicle manufacturer as DVSA spells it, in capitals."""

    name = models.CharField(max_length=64, unique=True)
    slug = models.SlugField(max_length=64, unique=True)

    def __str__(self) -> str:
        return self.name


class DealerQuerySet(models.QuerySet["Dealer"]):
    """Questions about dealers, in English."""

    def active(self) -> DealerQuerySet:
        """Those shown to anyone."""
        return self.filter(is_active=True)

    def serving(self, make: Make) -> DealerQuerySet:
        """Those that serve the make."""
        return self.filter(makes=make)

    def of(self, user: Any) -> DealerQuerySet:
        """The active dealers where this person works and may act, by name: some ask for the second step at sign-in."""
        may = models.Q(asks_second_step=False) | models.Q(memberships__user__authenticator__isnull=False)
        return self.active().filter(may, memberships__user=user).order_by("name", "pk")

    def asking_second_step(self, user: Any) -> DealerQuerySet:
        """The active dealers where this person works that ask their team for two-step sign-in, by name."""
        return self.active().filter(asks_second_step=True, memberships__user=user).order_by("name", "pk")


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
    group = models.CharField(
        "dealer group",
        max_length=80,
        blank=True,
        help_text="The company it belongs to. Reports of one group about others count as related.",
    )
    town = models.CharField(max_length=80, blank=True)
    postcode = models.CharField(max_length=8, blank=True)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    is_active = models.BooleanField("active", default=True)
    is_demo = models.BooleanField("demonstration data", default=False)
    asks_second_step = models.BooleanField(
        "asks for two-step sign-in",
        default=False,
        help_text="Whoever works there may do nothing for it before they have set it up. Keys are not asked.",
    )
    members: models.ManyToManyField[Any, Any] = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Membership", related_name="dealers"
    )

    objects = DealerQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["region"], name="dealers_dealer_region")]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"

    def get_absolute_url(self) -> str:
        return reverse("dealer", args=[self.slug])

    @property
    def region_name(self) -> str:
        """The region in words."""
        return REGION_NAMES[self.region]

    @property
    def region_slug(self) -> str | None:
        """The region as addresses and the API spell it; None where the place is not known."""
        return REGION_SLUGS.get(self.region)


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


class Invitation(models.Model):
    """A person asked by e-mail to work at a dealer. The link's token works once; only its SHA-256 is stored."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    dealer = models.ForeignKey(Dealer, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField("e-mail address", max_length=254)
    role = models.CharField(max_length=6, choices=Membership.Role.choices, default=Membership.Role.MEMBER)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["dealer", "email"], name="dealers_invitation_once"),
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.dealer.code}"


class Scope(models.TextChoices):
    """What a key may be used for."""

    READ = "read", lazy("check parts and cars")
    REPORT = "report", lazy("report what works")
    STOCK = "stock", lazy("send own stock")
    WATCH = "watch", lazy("watch cars and parts")
    WEBHOOKS = "webhooks", lazy("set up webhooks")


class ApiKey(models.Model):
    """A dealer's key to the API. Only its SHA-256 is stored: the key has 256 random bits, so a plain hash is safe."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    dealer = models.ForeignKey(Dealer, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80, help_text="Where the key is used, such as: workshop PC.")
    prefix = models.CharField(max_length=12, help_text="The first characters, to tell keys apart.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=8, choices=Scope.choices), default=list)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.prefix}… of {self.dealer.code}"

    @property
    def scope_names(self) -> list[str]:
        """What it may be used for, in words."""
        return [str(scope.label) for scope in Scope if scope in self.scopes]
