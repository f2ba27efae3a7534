"""Forms of the conversation pages. They check shape only; what is allowed is decided in `services`."""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid4

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy

from conversations.models import Rating
from conversations.search import MAX_CHARS, Search

THEMES = ("system", "light", "dark")
_DAYS = [MinValueValidator(date(1970, 1, 1)), MaxValueValidator(date(9000, 1, 1))]


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
    at = forms.DateTimeField(required=False, widget=forms.HiddenInput)
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


class ThemeForm(forms.Form):
    theme = forms.ChoiceField(choices=[(name, name) for name in THEMES])


class RatingForm(forms.Form):
    """``value`` is good, bad, or empty to take a rating back."""

    value = forms.ChoiceField(choices=[("good", "good"), ("bad", "bad")], required=False)
    reason = forms.ChoiceField(choices=Rating.Reason.choices, required=False)
    comment = forms.CharField(required=False, max_length=Rating.COMMENT_CHARS)
