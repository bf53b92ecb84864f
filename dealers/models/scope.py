"""Whom something told to people concerns: makes, systems, regions, dealers."""

from __future__ import annotations

from typing import Any, Self, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from dealers.models.places import Dealer, DealerQuerySet, Make, System
from garagehub.lib.geography import REGION_CHOICES, REGION_NAMES, REGION_SLUGS

_Row = TypeVar("_Row", bound="Scoped")


class ScopedQuerySet(models.QuerySet[_Row]):
    """Questions about scopes, in English."""

    def published(self) -> Self:
        """Those people may read; drafts are for admins."""
        return self.filter(is_published=True)

    def touching(self, dealer: Dealer) -> Self:
        """Those whose scope holds the dealer: its make, its region, and the dealers named, where any are."""
        in_make = models.Q(make=None) | models.Q(make__in=dealer.makes.all())
        in_region = models.Q(regions=[]) | models.Q(regions__contains=[dealer.region])
        own = {self.model.dealers.field.m2m_field_name(): models.OuterRef("pk")}
        links: Any = self.model.dealers.through
        named = links.objects.filter(**own)
        in_list = ~models.Exists(named) | models.Exists(named.filter(dealer=dealer))
        return self.filter(in_make & in_region, in_list)

    def about(self, system: str) -> Self:
        """Those whose scope holds the system."""
        return self.filter(models.Q(systems=[]) | models.Q(systems__contains=[system]))


class Scoped(models.Model):
    """A scope: everything that is in one of the makes, systems, regions and dealers named; an empty list means all."""

    make = models.ForeignKey(Make, null=True, blank=True, on_delete=models.PROTECT, help_text="Empty: every make.")
    systems = ArrayField(
        models.CharField(max_length=20, choices=System.choices), default=list, blank=True, help_text="Empty: all."
    )
    regions = ArrayField(
        models.SmallIntegerField(choices=REGION_CHOICES), default=list, blank=True, help_text="Empty: all."
    )
    dealers = models.ManyToManyField(Dealer, blank=True, related_name="%(class)ss", help_text="Empty: all in scope.")
    is_published = models.BooleanField("published", default=True)

    class Meta:
        abstract = True

    def concerned(self) -> DealerQuerySet:
        """The active dealers in scope."""
        found = Dealer.objects.active()
        if self.make is not None:
            found = found.serving(self.make)
        if self.regions:
            found = found.filter(region__in=self.regions)
        named = self.dealers.values_list("pk", flat=True)
        return found.filter(pk__in=named) if named.exists() else found

    @property
    def system_names(self) -> list[str]:
        """The systems concerned in words; empty means all."""
        return [str(System(system).label) for system in self.systems]

    @property
    def region_slugs(self) -> list[str]:
        """The regions concerned as the API spells them; empty means all."""
        return [REGION_SLUGS[region] for region in self.regions if region in REGION_SLUGS]

    @property
    def region_names(self) -> list[str]:
        """The regions concerned in words; empty means all."""
        return [REGION_NAMES[region] for region in self.regions]
