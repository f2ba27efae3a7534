"""What a person is told when something was withheld, in plain words and in their language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from moderation.verdicts import UNKNOWN_LANGUAGE, Stage

REPORTED: Final = "reported"
"""Stands among a flag's labels where a reader raised it; no classifier and no policy knows it."""

LABEL_NAMES: dict[str, str | Promise] = {
    "toxicity": gettext_lazy("toxicity"),
    "severe_toxicity": gettext_lazy("severe toxicity"),
    "obscene": gettext_lazy("obscenity"),
    "threat": gettext_lazy("threat"),
    "insult": gettext_lazy("insult"),
    "identity_attack": gettext_lazy("attack on a group"),
    "sexual_explicit": gettext_lazy("sexual content"),
    "self_harm": gettext_lazy("self-harm"),
    "violence": gettext_lazy("violence"),
    "illicit": gettext_lazy("illicit acts"),
    "personal_data": gettext_lazy("personal data"),
    "prompt_attack": gettext_lazy("attack on the instructions"),
    REPORTED: gettext_lazy("reported by the reader"),
}
"""Label -> its name for reviewers."""

_KINDS: dict[str, str | Promise] = {
    "toxicity": pgettext_lazy("it may contain …", "abusive language"),
    "severe_toxicity": pgettext_lazy("it may contain …", "very abusive language"),
    "obscene": pgettext_lazy("it may contain …", "obscene language"),
    "threat": pgettext_lazy("it may contain …", "threats"),
    "insult": pgettext_lazy("it may contain …", "insults"),
    "identity_attack": pgettext_lazy("it may contain …", "hate against a group of people"),
    "sexual_explicit": pgettext_lazy("it may contain …", "sexual content"),
    "self_harm": pgettext_lazy("it may contain …", "encouragement or plans of self-harm"),
    "violence": pgettext_lazy("it may contain …", "violence"),
    "illicit": pgettext_lazy("it may contain …", "help with dangerous or illegal acts"),
    "personal_data": pgettext_lazy("it may contain …", "personal data"),
    "prompt_attack": pgettext_lazy("it may contain …", "an attempt to change the assistant's instructions"),
}

MAX_KINDS = 2
"""A notice names so many kinds at most, the gravest first."""


def label_name(label: str) -> str:
    """A label as reviewers read it; an unknown one as it is written."""
    if label == UNKNOWN_LANGUAGE:
        return _("language that no classifier knows")
    return str(LABEL_NAMES.get(label, label))


def notice_in(notice: Mapping[str, str], language: str) -> str:
    """A policy's own words in this language (zh-hans), or in the one that it belongs to (zh); empty without any."""
    return notice.get(language.lower(), "") or notice.get(language.lower().split("-")[0], "")


def withheld_notice(labels: Sequence[str], judged: bool, stage: Stage, *, is_withdrawn: bool = False) -> str:
    """One sentence that says what was withheld and why, in the language active now. Gravest label first.

    ``is_withdrawn``: a part of it had been shown.
    """
    kinds = [str(_KINDS[label]) for label in labels if label in _KINDS][:MAX_KINDS]
    if kinds:
        # Translators: joins two kinds of content, as in "insults and threats".
        return _because(stage, is_withdrawn) % {"kinds": _(" and ").join(kinds)}
    if is_withdrawn:
        return _("This reply was taken back because it goes against the rules of this site.")
    if not judged:
        return _could_not_check(stage)
    if UNKNOWN_LANGUAGE in labels:
        return _unknown_language(stage)
    return _against_rules(stage)


def _because(stage: Stage, is_withdrawn: bool) -> str:
    if is_withdrawn:
        return _("This reply was taken back because it may contain %(kinds)s.")
    if stage is Stage.PROMPT:
        return _("This message was not answered because it may contain %(kinds)s.")
    if stage is Stage.TITLE:
        return _("This title was withheld because it may contain %(kinds)s.")
    return _("This reply was withheld because it may contain %(kinds)s.")


def _unknown_language(stage: Stage) -> str:
    if stage is Stage.PROMPT:
        return _("This message was not answered because this site cannot check its language. Please use another one.")
    if stage is Stage.TITLE:
        return _("This title was withheld because this site cannot check its language.")
    return _("This reply was withheld because this site cannot check its language.")


def _could_not_check(stage: Stage) -> str:
    if stage is Stage.PROMPT:
        return _("This message was not answered because it could not be checked. Please try again later.")
    if stage is Stage.TITLE:
        return _("This title was withheld because it could not be checked.")
    return _("This reply was withheld because it could not be checked. Please try again later.")


def _against_rules(stage: Stage) -> str:
    if stage is Stage.PROMPT:
        return _("This message was not answered because it goes against the rules of this site.")
    if stage is Stage.TITLE:
        return _("This title was withheld because it goes against the rules of this site.")
    return _("This reply was withheld because it goes against the rules of this site.")
