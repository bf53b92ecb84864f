"""What owners and garages type."""

from __future__ import annotations

import re

from django import forms
from django.utils.translation import gettext_lazy as _

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
    """Many things pasted at once: one a line, or parted by commas, semicolons or tabs."""

    items = forms.CharField(
        widget=forms.Textarea(attrs={"spellcheck": "false", "rows": 8}), error_messages={"required": _NOTHING_PASTED}
    )
    postcode = forms.CharField(
        label=_("Postcode (for distances)"),
        required=False,
        max_length=10,
        widget=forms.TextInput(attrs={"autocomplete": "postal-code", "spellcheck": "false", "size": 10}),
    )
    limit = 0

    def clean_items(self) -> list[str]:
        """The list in the order given, nothing dropped but empty places."""
        found = [word.strip() for word in re.split(r"[\n\r,;\t]+", self.cleaned_data["items"]) if word.strip()]
        if not found:
            raise forms.ValidationError(_NOTHING_PASTED)
        if len(found) > self.limit:
            raise forms.ValidationError(
                _("That is %(found)d; at most %(limit)d can be checked at once. Check them in smaller lots."),
                params={"found": len(found), "limit": self.limit},
            )
        return found


class PartNumbersForm(_ListForm):
    """Part numbers to check, at most 500."""

    limit = MAX_PART_NUMBERS


class RegistrationsForm(_ListForm):
    """Plates to check, at most 200."""

    limit = MAX_REGISTRATIONS
