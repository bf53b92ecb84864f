"""What owners and garages type."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, ClassVar, Self

from django import forms
from django.utils.translation import gettext_lazy as _

from garagehub.lib.errors import DomainError
from parts.lookup import lists

MAX_PART_NUMBERS = 500
MAX_REGISTRATIONS = 200

_NOTHING_PASTED = _("Paste at least one, one a line.")


class VehicleForm(forms.Form):
    """The owner's question: a plate as people type it, and where they are if they say."""

    registration = forms.CharField(
        label=_("Number plate"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"class": "plate", "autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
        error_messages={"required": _("Enter your number plate, such as AA19 AAA.")},
    )
    postcode = forms.CharField(
        label=_("Postcode (optional)"),
        required=False,
        max_length=10,
        help_text=_("The first half, such as LE4, is enough. We then answer for your part of the country."),
        widget=forms.TextInput(attrs={"autocomplete": "postal-code", "size": 10}),
    )


class _ListForm(forms.Form):
    """Many things at once: pasted, one a line or parted by commas, semicolons or tabs, and those of a file after them."""

    items = forms.CharField(required=False, widget=forms.Textarea(attrs={"spellcheck": "false", "rows": 8}))
    file = forms.FileField(
        label=_("Or a file with them"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".txt,.csv,.tsv,.xlsx"}),
    )
    postcode = forms.CharField(
        label=_("Postcode (for distances)"),
        required=False,
        max_length=10,
        widget=forms.TextInput(attrs={"autocomplete": "postal-code", "spellcheck": "false", "size": 10}),
    )
    limit = 0
    heading = ""  # that of the column in a file, as we name it
    headings: ClassVar[Collection[str]] = ()  # and all that we know it by

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hint = _("Text, CSV or Excel (.xlsx). The column headed “%(heading)s” is read, or else the first.")
        self.fields["file"].help_text = hint % {"heading": self.heading}

    def clean_items(self) -> list[str]:
        """What was pasted, in the order given, nothing dropped but empty places."""
        return [word.strip() for word in re.split(r"[\n\r,;\t]+", self.cleaned_data["items"]) if word.strip()]

    def clean_file(self) -> list[str]:
        """What the file lists."""
        file = self.cleaned_data["file"]
        if not file:
            return []
        try:
            return lists.read_list(file, headings=self.headings)
        except DomainError as error:
            raise forms.ValidationError(error.message) from error

    def clean(self) -> dict[str, Any]:
        """Put both together in `items`; hold them against the limit."""
        data = super().clean() or {}
        if "items" not in data or "file" not in data:
            return data
        data["items"] = found = data["items"] + data["file"]
        if not found:
            self.add_error("items", _NOTHING_PASTED)
        elif len(found) > self.limit:
            text = _("That is %(found)d; at most %(limit)d can be checked at once. Check them in smaller lots.")
            self.add_error("items", text % {"found": len(found), "limit": self.limit})
        return data

    def once_checked(self) -> Self:
        """A new form that holds what was checked: a file would have to be chosen again to have the same as CSV."""
        initial = {"items": "\n".join(self.cleaned_data["items"]), "postcode": self.cleaned_data["postcode"]}
        return type(self)(initial=initial, prefix=self.prefix)


class PartNumbersForm(_ListForm):
    """Part numbers to check, at most 500."""

    limit = MAX_PART_NUMBERS
    heading = "Part number"
    headings = lists.PART_NUMBERS


class RegistrationsForm(_ListForm):
    """Plates to check, at most 200."""

    limit = MAX_REGISTRATIONS
    heading = "Registration"
    headings = lists.PLATES
