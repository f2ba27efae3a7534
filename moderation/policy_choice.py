"""Which policy somebody means: a version that is kept, a preset, or the one that holds for a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.contrib.auth import get_user_model
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from moderation.group_policies import group_policy_of
from moderation.models import Policy
from moderation.policy import PolicyDocument, policy_parse
from moderation.presets import PRESETS
from moderation.selectors import policy_active, policy_of_version

PRESET_NAMES: Final[Mapping[str, str | Promise]] = {
    "strict": pgettext_lazy("policy preset", "Strict, for children"),
    "standard": pgettext_lazy("policy preset", "Standard"),
    "research": pgettext_lazy("policy preset", "Research"),
}


@dataclass(frozen=True, slots=True)
class PolicyChoice:
    """``key`` is how an address names it: ``v3``, or a preset's name."""

    key: str
    name: str
    raw: Mapping[str, Any]
    version: int | None = None

    def __str__(self) -> str:
        if self.version is None:
            return _("%(name)s (a preset)") % {"name": self.name}
        return _("%(name)s (version %(version)s)") % {"name": self.name, "version": self.version}

    @property
    def document(self) -> PolicyDocument:
        """Raises ``PolicyFault`` for a version that cannot be read."""
        return policy_parse(self.raw)


def preset_choices() -> list[PolicyChoice]:
    return [
        PolicyChoice(key, str(PRESET_NAMES[key]), document.model_dump(mode="json")) for key, document in PRESETS.items()
    ]


def choice_read(key: str) -> PolicyChoice | None:
    """The policy of that key, the active one for an empty key; ``None`` where there is none."""
    preset = next((choice for choice in preset_choices() if choice.key == key), None)
    if preset is not None:
        return preset
    number = key.removeprefix("v")
    row = policy_active() if not key else policy_of_version(int(number)) if number.isdecimal() else None
    return _choice_of(row) if row is not None else None


def _choice_of(row: Policy) -> PolicyChoice:
    return PolicyChoice(f"v{row.version}", row.name, row.document, row.version)


def _choices() -> list[tuple[str, Any]]:
    versions = [(f"v{row.version}", str(row)) for row in Policy.objects.defer("document")]
    return [(_("Versions"), versions), (_("Presets"), [(choice.key, choice.name) for choice in preset_choices()])]


class EffectiveForm(forms.Form):
    """What to show: a policy, alone or beside another one; or the policy of a person."""

    policy = forms.ChoiceField(label=gettext_lazy("Policy"), required=False)
    beside = forms.ChoiceField(label=gettext_lazy("Beside it"), required=False)
    person = forms.CharField(
        label=gettext_lazy("Or the policy of"),
        required=False,
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": gettext_lazy("a person's name here")}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = _choices()
        for name, nothing in (("policy", _("the site's")), ("beside", _("none"))):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", nothing), *choices]

    def clean_person(self) -> Any:
        name = self.cleaned_data["person"].strip()
        if not name:
            return None
        users = get_user_model()
        person = users.objects.filter(**{users.USERNAME_FIELD: name}).first()
        if person is None:
            raise forms.ValidationError(_("There is nobody of the name “%(name)s”.") % {"name": name})
        return person

    def chosen(self) -> tuple[list[PolicyChoice], str]:
        """The policies to show, and why it is the first one where a person was named."""
        person, because = self.cleaned_data["person"], ""
        first = choice_read(self.cleaned_data["policy"])
        if person is not None:
            row = group_policy_of(person.pk)
            if row is not None:
                first = _choice_of(row.policy)
                because = _("%(person)s has this policy as a member of the group “%(group)s”.")
                because %= {"person": person, "group": row.group}
            else:
                first = choice_read("")
                because = _("%(person)s has the site's policy: no group of theirs has one.") % {"person": person}
        second = choice_read(self.cleaned_data["beside"]) if self.cleaned_data["beside"] else None
        return [choice for choice in (first, second) if choice is not None], because
