"""Money in templates: stored as whole pence, shown as pounds."""

from __future__ import annotations

from django import template
from django.utils import formats

register = template.Library()


@register.filter
def pounds(pence: int | None) -> str:
    """12345 as £123.45; nothing for nothing."""
    return "" if pence is None else f"£{formats.number_format(pence / 100, 2, use_l10n=True, force_grouping=True)}"
