"""Forms of the conversation pages. They check shape only; what is allowed is decided in `services`."""

from __future__ import annotations

from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy

THEMES = ("system", "light", "dark")


class PromptForm(forms.Form):
    """The first prompt of a new conversation. ``client_id`` makes sending the form twice harmless."""

    client_id = forms.UUIDField(widget=forms.HiddenInput(attrs={"autocomplete": "off"}), initial=uuid4)
    text = forms.CharField(strip=False, required=False)
    suggestion = forms.CharField(required=False, max_length=500)

    def prompt(self) -> str:
        """What was asked: a suggestion's button wins over the box. Only for a valid form."""
        text = str(self.cleaned_data["suggestion"] or self.cleaned_data["text"])
        return text.replace("\r\n", "\n")  # browsers send a form's line breaks so; over the websocket they do not


class TitleForm(forms.Form):
    # The service says what a title may be, so that every door gives the same answer.
    title = forms.CharField(
        required=False,
        strip=False,
        error_messages={
            "null_characters_not_allowed": gettext_lazy(
                "The name contains a character (NUL) that cannot be stored. Remove it."
            )
        },
    )


class ThemeForm(forms.Form):
    theme = forms.ChoiceField(choices=[(name, name) for name in THEMES])
