"""What the admin's tables of dealers share."""

from __future__ import annotations

from typing import Any

from django.db.models import Model, URLField
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dealers.models import State

_SHAPES = {State.OPERATIONAL: "●", State.DEGRADED: "◐", State.DOWN: "✕", State.UNKNOWN: "?"}


def shape(state: str) -> SafeString:
    """A state as the pages show it: a shape and a word."""
    return format_html("{} {}", _SHAPES[State(state)], State(state).label)


# Django 6 makes https the default for an address typed without a scheme; we do already.
HTTPS_FIRST: dict[type[Any], dict[str, Any]] = {URLField: {"assume_scheme": "https"}}


class ReadOnly:
    """Rows the program writes: to look at, not to edit."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
