"""An admin's word against the data. Whatever changes one marks what it is about; its end is seen by the clock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from garagehub.accounts.models import User
from parts.blocking.models import Override
from parts.marks.marks import Mark, mark


@transaction.atomic
def save_override(override: Override, *, by: User, at: datetime) -> None:
    """Write a new or changed override in the name of who said it last, and mark what it is and was about."""
    stored = Override.objects.select_for_update().filter(pk=override.pk).first()
    override.author = by
    override.created_at = stored.created_at if stored else at
    override.save()
    _mark([override, *([stored] if stored else [])])


@transaction.atomic
def remove_overrides(overrides: Iterable[Override]) -> None:
    """Take overrides back, and mark what they were about."""
    gone = list(overrides)
    _mark(gone)
    Override.objects.filter(pk__in=[override.pk for override in gone]).delete()


def _mark(overrides: Iterable[Override]) -> None:
    about = [(override.part_id, override.repair_id) for override in overrides]
    mark(Mark.PART, {part for part, _ in about if part is not None})
    mark(Mark.REPAIR, {repair for _, repair in about if repair is not None})
