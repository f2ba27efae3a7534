"""Forms of the conversation pages. They check shape only; what is allowed is decided in `services`."""

from __future__ import annotations

from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

THEMES = ("system", "light", "dark")


class PromptForm(forms.Form):
    """The first prompt of a new conversation. ``client_id`` makes sending the form twice harmless."""

    client_id = forms.UUIDField(widget=forms.HiddenInput(attrs={"autocomplete": "off"}), initial=uuid4)
    text = forms.CharField(
        strip=False, required=False, error_messages={"null_characters_not_allowed": _("Remove the NUL character.")}
    )


class TitleForm(forms.Form):
    # The service says what a title may be, so that every door gives the same answer.
    title = forms.CharField(required=False, strip=False)


class ThemeForm(forms.Form):
    theme = forms.ChoiceField(choices=[(name, name) for name in THEMES])
