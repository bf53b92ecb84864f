"""What pages show of the whole fleet, counted beforehand: counting a million vehicles is not for a page to wait for."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class FleetFigures(models.Model):
    """One row: the counts of `overview`, and what they were counted from. It can be thrown away and counted again."""

    id = models.BooleanField(primary_key=True, default=True)
    vehicles = models.IntegerField()
    failed = models.IntegerField()
    blocked = models.IntegerField()
    unknown = models.IntegerField()
    by_reason = models.JSONField(help_text="Vehicles by reason code, some under several.")
    seen = models.CharField(max_length=100, help_text="The newest change and the last full decision counted.")
    counted_at = models.DateTimeField()
    seconds = models.FloatField(help_text="How long counting took, so that it is never most of what a worker does.")

    class Meta:
        verbose_name_plural = "fleet figures"
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=True), name="parts_figures_single")]

    def __str__(self) -> str:
        return f"{self.vehicles} vehicles, {self.blocked} blocked"
