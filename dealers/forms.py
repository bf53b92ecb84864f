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


class ReportForm(forms.Form):
    """A report by someone who works at a garage or dealer. `works` is the button that was pressed."""

    system = forms.ChoiceField(label=_("System"), choices=System.choices)
    works = forms.TypedChoiceField(
        label=_("Does it work?"),
        choices=[("no", _("It does not work")), ("yes", _("It works"))],
        coerce=lambda word: word == "yes",
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label=_("Anything to add? (not shown to others)"),
        required=False,
        max_length=NOTE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    garage = forms.ChoiceField(label=_("Reporting for"))

    def __init__(self, *args: Any, garages: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": ""} | kwargs)
        field = self.fields["garage"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = garages
        if len(garages) == 1:
            field.initial = garages[0][0]
            field.widget = forms.HiddenInput()
