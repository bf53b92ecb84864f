"""What the admin's tables of dealers share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.db.models import Field, Model, URLField
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dealers.models import State, System
from garagehub.lib.geography import REGION_CHOICES

_SHAPES = {State.OPERATIONAL: "●", State.DEGRADED: "◐", State.DOWN: "✕", State.UNKNOWN: "?"}


def shape(state: str) -> SafeString:
    """A state as the pages show it: a shape and a word."""
    return format_html("{} {}", _SHAPES[State(state)], State(state).label)


# Django 6 makes https the default for an address typed without a scheme; we do already.
HTTPS_FIRST: dict[type[Any], dict[str, Any]] = {URLField: {"assume_scheme": "https"}}


class ChecksScope:
    """A scope's systems and regions as boxes to tick; none ticked means all."""

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """Lists of systems and regions get boxes, everything else what it would have got."""
        chosen: dict[str, tuple[Any, Callable[[Any], Any]]] = {
            "systems": (System.choices, str),
            "regions": (REGION_CHOICES, int),
        }
        if db_field.name not in chosen:
            return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc] # the admin's, beside this
        choices, kind = chosen[db_field.name]
        return forms.TypedMultipleChoiceField(
            choices=choices,
            coerce=kind,
            required=False,
            widget=forms.CheckboxSelectMultiple,
            help_text="None ticked: all.",
        )


class ReadOnly:
    """Rows the program writes: to look at, not to edit."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
