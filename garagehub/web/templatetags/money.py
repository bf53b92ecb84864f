"""Money in templates: stored as whole pence, shown as pounds."""

from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def pounds(pence: int | None) -> str:
    """12345 as £123.45; nothing for nothing."""
    return "" if pence is None else f"£{pence / 100:,.2f}"
