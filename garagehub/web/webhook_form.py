"""The form of a new webhook."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from dealers.models import Event


class WebhookForm(forms.Form):
    """Where to send what."""

    name = forms.CharField(
        label=_("Name"), help_text=_("What takes the messages, such as: workshop diary."), max_length=80
    )
    url = forms.CharField(
        label=_("Address"),
        help_text=_("Begins with https:// and can be reached from the internet."),
        max_length=500,
        widget=forms.URLInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
    )
    events = forms.MultipleChoiceField(
        label=_("Tell it of"),
        help_text=_("None ticked: everything."),
        choices=Event.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
