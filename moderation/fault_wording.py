"""Faults of rules and policies as people read them in the admin, in the language active now.

The modules that find them are plain Python, so they say a code, values and an English sentence.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from moderation.patterns import PatternFault
from moderation.policy import DocumentFault, PolicyFault

_PATTERN: Mapping[str, str | Promise] = {
    "empty": gettext_lazy("The phrase is empty once invisible characters and spaces are taken away."),
    "invalid": gettext_lazy("This is not a valid regular expression: %(error)s"),
    "matches_empty": gettext_lazy("It matches an empty text, so it would be found everywhere."),
    "slow": gettext_lazy(
        "It took over %(seconds)s s on %(count)s characters like %(text)s; avoid repeats inside repeats such as (a+)+ "
        "and several .* in a row."
    ),
}
# The first ones are the project's own; the others are pydantic's, as far as a policy can cause them.
_DOCUMENT: Mapping[str, str | Promise] = {
    "no_threshold": gettext_lazy("give flag, block or both; leave the label out if it should do nothing"),
    "flag_above_block": gettext_lazy("flag (%(flag)s) must not be above block (%(block)s)"),
    "unknown_label": gettext_lazy("unknown label %(unknown)s; known are %(known)s"),
    "clause_above_max": gettext_lazy("clause_chars (%(clause)s) must not be above max_chars (%(max)s)"),
    "window_too_small": gettext_lazy(
        "overlap_chars (%(overlap)s) and hold_back_chars (%(hold_back)s) together must be below window_chars "
        "(%(window)s)"
    ),
    "notice_language": gettext_lazy("%(language)s is not a language code; write it small, like en or zh-hans"),
    "notice_length": gettext_lazy("a notice has 1 to %(limit)s characters; this one has %(length)s"),
    "late_elsewhere": gettext_lazy(
        "only a reply is shown in parts, so only there can a part be withdrawn; take late out of "
        "%(stage)s.labels.%(label)s"
    ),
    "whole_too_small": gettext_lazy("window_chars (%(window)s) must be below whole_chars (%(whole)s)"),
    "mean_of_one": gettext_lazy("a mean needs weights for at least two classifiers"),
    "cascade_without_last": gettext_lazy("a cascade needs last: the classifiers that are asked last"),
    "low_above_high": gettext_lazy("low (%(low)s) must be below high (%(high)s)"),
    "missing": gettext_lazy("is missing"),
    "extra_forbidden": gettext_lazy("is not a key that is known here"),
    "greater_than_equal": gettext_lazy("must be %(ge)s or more"),
    "less_than_equal": gettext_lazy("must be %(le)s or less"),
    "greater_than": gettext_lazy("must be above %(gt)s"),
    "literal_error": gettext_lazy("must be %(expected)s"),
    "enum": gettext_lazy("must be %(expected)s"),
    "bool_type": gettext_lazy("must be true or false"),
    "bool_parsing": gettext_lazy("must be true or false"),
    "frozen_set_type": gettext_lazy("must be a list"),
    "tuple_type": gettext_lazy("must be a list"),
    "float_type": gettext_lazy("must be a number"),
    "float_parsing": gettext_lazy("must be a number"),
    "int_type": gettext_lazy("must be a whole number"),
    "int_parsing": gettext_lazy("must be a whole number"),
    "int_from_float": gettext_lazy("must be a whole number"),
    "string_type": gettext_lazy("must be text"),
    "dict_type": gettext_lazy("must be an object with keys"),
    "model_type": gettext_lazy("must be an object with keys"),
}


def pattern_sentence(fault: PatternFault) -> str:
    """Why a phrase or regular expression was refused."""
    return str(_PATTERN[fault.code]) % fault.values


def document_sentences(fault: PolicyFault) -> list[str]:
    """What is wrong with a policy document, one sentence for each fault, beginning with its place."""
    return [_document_sentence(part) for part in fault.faults] or [str(fault)]


def _document_sentence(fault: DocumentFault) -> str:
    known = _DOCUMENT.get(fault.code)
    return f"{fault.place}: {str(known) % fault.values}" if known else str(fault)
