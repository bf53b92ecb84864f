"""What people fill in on dealers' pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from dealers.models import Make, State, System
from dealers.reports import NOTE_LENGTH
from garagehub.lib.geography import REGION_SLUGS, REGIONS


class FilterForm(forms.Form):
    """The dealers' list: every filter lives in the address, so that a view can be shared."""

    make = forms.ChoiceField(label=_("Make"), required=False)
    system = forms.ChoiceField(label=_("System"), required=False, choices=[("", _("Any")), *System.choices])
    status = forms.ChoiceField(label=_("Status"), required=False, choices=[("", _("Any")), *State.choices])
    region = forms.ChoiceField(
        label=_("Region"),
        required=False,
        choices=[("", _("Any")), *((REGION_SLUGS[number], name) for number, name in REGIONS)],
    )
    near = forms.CharField(
        label=_("Near a postcode"),
        required=False,
        max_length=10,
        widget=forms.TextInput(attrs={"autocomplete": "postal-code", "spellcheck": "false", "size": 10}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": ""} | kwargs)
        makes = Make.objects.filter(dealers__is_active=True).distinct().order_by("name")
        field = self.fields["make"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("Any")), *((make.slug, make.name.title()) for make in makes)]


class TapForm(forms.Form):
    """A report by one tap: the button that was pressed says the system and whether it works, as `diagnostics:no`.

    With `garages`, where the person works, it is theirs; without, anybody's, and has no room for free text.
    """

    answer = forms.ChoiceField(
        choices=[(f"{system}:{word}", label) for system, label in System.choices for word in ("yes", "no")],
        error_messages={
            "required": _("Press “Works” or “Does not work” beside a system."),
            "invalid_choice": _("Press “Works” or “Does not work” beside a system."),
        },
    )
    note = forms.CharField(
        label=_("Anything to add? (not shown to others)"),
        required=False,
        max_length=NOTE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    garage = forms.ChoiceField(label=_("Reporting for"))
    website = forms.CharField(
        label=_("Leave this empty"),
        required=False,
        widget=forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, garages: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": ""} | kwargs)
        if not garages:
            del self.fields["garage"], self.fields["note"]
            return
        del self.fields["website"]
        field = self.fields["garage"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = garages
        if len(garages) == 1:
            field.initial = garages[0][0]
            field.widget = forms.HiddenInput()

    def clean_website(self) -> str:
        """People do not see this field; what fills it in is a machine."""
        if self.cleaned_data["website"]:
            raise forms.ValidationError(_("That looked like a machine. Leave the hidden field empty and press again."))
        return ""

    @property
    def said(self) -> tuple[str, bool]:
        """The system, and whether it works. Only after `is_valid`."""
        system, _separator, word = self.cleaned_data["answer"].partition(":")
        return system, word == "yes"

    @property
    def problem(self) -> str:
        """The first thing wrong, for above the buttons; empty for none."""
        return next((str(texts[0]) for texts in self.errors.values()), "")
