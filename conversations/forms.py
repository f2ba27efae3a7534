"""Forms of the conversation pages. They check shape only; what is allowed is decided in `services`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy

from conversations.models import Preferences, Rating
from conversations.search import MAX_CHARS, Search

_DAYS = [MinValueValidator(date(1970, 1, 1)), MaxValueValidator(date(9000, 1, 1))]
_MOMENTS = [MinValueValidator(datetime(1970, 1, 1, tzinfo=UTC)), MaxValueValidator(datetime(9000, 1, 1, tzinfo=UTC))]


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


class SearchForm(forms.Form):
    """What to look for. The place where a later page begins is the newest message's moment and number."""

    q = forms.CharField(required=False, max_length=MAX_CHARS)
    since = forms.DateField(required=False, validators=_DAYS)
    until = forms.DateField(required=False, validators=_DAYS)
    at = forms.DateTimeField(required=False, validators=_MOMENTS, widget=forms.HiddenInput)
    number = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1, widget=forms.HiddenInput)

    def search(self) -> Search:
        """Only for a valid form."""
        data = self.cleaned_data
        before = (data["at"], data["number"]) if data["at"] and data["number"] is not None else None
        return Search(text=data["q"], since=data["since"], until=data["until"], before=before)


class _IdsField(forms.Field):
    """Any number of ids, as checkboxes of one name send them."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: object) -> list[UUID]:
        try:
            return [UUID(str(one)) for one in value] if isinstance(value, list) else []
        except ValueError:
            raise forms.ValidationError("an id is damaged") from None


class ChangeForm(forms.Form):
    """What to do with some conversations."""

    action = forms.ChoiceField(choices=[(name, name) for name in ("pin", "unpin", "archive", "unarchive", "delete")])
    ids = _IdsField(required=False)


class ShareForm(forms.Form):
    """How long a link opens what it shares."""

    lifetime = forms.TypedChoiceField(
        coerce=int,
        initial=30,
        choices=[
            (1, gettext_lazy("One day")),
            (7, gettext_lazy("A week")),
            (30, gettext_lazy("30 days")),
            (0, gettext_lazy("Until I take it back")),
        ],
    )

    def days(self) -> int | None:
        """Only for a valid form."""
        return self.cleaned_data["lifetime"] or None


class LooksForm(forms.Form):
    """How the site looks to somebody; only what is sent changes. No language: the browser's own."""

    theme = forms.ChoiceField(required=False, choices=Preferences.Theme)
    language = forms.ChoiceField(required=False, choices=settings.LANGUAGES)
    text_size = forms.ChoiceField(required=False, choices=Preferences.TextSize)
    send_key = forms.ChoiceField(required=False, choices=Preferences.SendKey)


class WishesForm(forms.Form):
    """What a person asks of the model. How long instructions may be is said by the service."""

    instructions = forms.CharField(
        label=gettext_lazy("Own instructions, for all conversations"),
        help_text=gettext_lazy(
            "How the model should answer you, and what it should know about you. They are checked like a message."
        ),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "dir": "auto"}),
    )
    temperature = forms.FloatField(
        label=gettext_lazy("Temperature"),
        help_text=gettext_lazy("0 answers the same each time; higher is more varied. Empty: as the site has it."),
        required=False,
    )
    top_p = forms.FloatField(
        label=gettext_lazy("Top-p"),
        help_text=gettext_lazy("Leaves out unlikely words; 1 leaves out none. Empty: as the site has it."),
        required=False,
    )
    max_new_tokens = forms.IntegerField(
        label=gettext_lazy("Length of a reply, in tokens"),
        help_text=gettext_lazy("A token is about a short word. Empty: as the site has it."),
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        bounds = {
            "temperature": (0.0, settings.SAMPLING_MAX_TEMPERATURE, "any"),
            "top_p": (0.05, 1.0, "any"),
            "max_new_tokens": (16, settings.CHAT_MAX_NEW_TOKENS, "1"),
        }
        for name, (low, high, step) in bounds.items():
            field = self.fields[name]
            if not settings.SAMPLING_BY_PEOPLE:
                del self.fields[name]
                continue
            field.validators += [MinValueValidator(low), MaxValueValidator(max(low, high))]
            field.widget.attrs |= {"min": low, "max": max(low, high), "step": step}


class RatingForm(forms.Form):
    """``value`` is good, bad, or empty to take a rating back."""

    value = forms.ChoiceField(choices=[("good", "good"), ("bad", "bad")], required=False)
    reason = forms.ChoiceField(choices=Rating.Reason.choices, required=False)
    comment = forms.CharField(required=False, max_length=Rating.COMMENT_CHARS)
