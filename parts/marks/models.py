"""Marks of what changed, for the decision to take."""

from __future__ import annotations

from django.db import models


class Dirty(models.Model):
    """A mark that something changed, appended in the transaction of the change and taken by one drain at a time.

    No unique key and no high-water mark: either loses changes. Kinds: p part, v vehicle, r repair, m manual reference.
    """

    kind = models.CharField(max_length=1)
    key = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "dirty marks"

    def __str__(self) -> str:
        return f"{self.kind}{self.key}"
