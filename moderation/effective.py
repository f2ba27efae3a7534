"""A policy in plain words: what happens to what, from which score on. For the admin, in the language active now.

Says nothing that the product does not do: of titles and of attached text nothing is shown or used that could not be
judged, whatever the document says, and what is only flagged there goes to no reviewer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from moderation.combining import Combination
from moderation.gate import GateLimits
from moderation.notices import label_name
from moderation.personal_data.handling import PersonalDataHandling
from moderation.personal_data.kinds import Kind
from moderation.policy import PolicyDocument, StagePolicy, Thresholds
from moderation.verdicts import LABELS, UNKNOWN_LANGUAGE, Stage

_TITLES: Final[Mapping[Stage, str | Promise]] = {
    Stage.PROMPT: gettext_lazy("What people write"),
    Stage.REPLY: gettext_lazy("What the assistant answers"),
    Stage.TITLE: gettext_lazy("Titles that the model writes"),
    Stage.ATTACHED: gettext_lazy("Attached text"),
}
_REMARKS: Final[Mapping[Stage, str | Promise]] = {
    Stage.TITLE: gettext_lazy(
        "Until a title was judged and taken, the first prompt's words stand in its place. What people call their "
        "conversations themselves is not judged."
    ),
    Stage.ATTACHED: gettext_lazy("These are the instructions that people give the assistant in their settings."),
}
_KINDS: Final[Mapping[Kind, str | Promise]] = {
    Kind.EMAIL: gettext_lazy("e-mail addresses"),
    Kind.PHONE: gettext_lazy("telephone numbers"),
    Kind.CARD: gettext_lazy("payment cards"),
    Kind.IBAN: gettext_lazy("bank accounts (IBAN)"),
    Kind.NATIONAL_ID: gettext_lazy("national ids"),
    Kind.SECRET: gettext_lazy("keys and passwords"),
    Kind.IP: gettext_lazy("IP addresses"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """What happens to one thing, a sentence each."""

    name: str
    sentences: Sequence[str]


@dataclass(frozen=True, slots=True)
class Part:
    """What holds at one stage, or for one purpose. ``remark`` is said of all its lines."""

    title: str
    remark: str
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Row:
    """The same line of one policy, or of two side by side."""

    name: str
    columns: Sequence[Sequence[str]]

    @property
    def is_different(self) -> bool:
        return any(list(column) != list(self.columns[0]) for column in self.columns[1:])


@dataclass(frozen=True, slots=True)
class Comparison:
    title: str
    remark: str
    rows: Sequence[Row]


def parts_of(document: PolicyDocument) -> list[Part]:
    """All that a policy says, in the same order and with the same lines for each policy."""
    stages = [
        Part(
            title=str(_TITLES[stage]),
            remark=str(_REMARKS.get(stage, "")),
            lines=_stage_lines(stage, document.at(stage)),
        )
        for stage in Stage
    ]
    shown = [*_gate_lines(document.gate), Line(_("secret word"), [_canary_sentence(document.canary)])]
    return [
        *stages,
        _personal_data(document.personal_data),
        Part(_("How a reply is shown"), "", shown),
        _combine(document.combine),
    ]


def beside(documents: Sequence[PolicyDocument]) -> list[Comparison]:
    """Some policies side by side, line by line."""
    sides = [parts_of(document) for document in documents]
    return [
        Comparison(
            parts[0].title,
            parts[0].remark,
            [
                Row(lines[0].name, [line.sentences for line in lines])
                for lines in zip(*(part.lines for part in parts), strict=True)
            ],
        )
        for parts in zip(*sides, strict=True)
    ]


def _stage_lines(stage: Stage, policy: StagePolicy) -> list[Line]:
    lines = [Line(label_name(label), _label_sentences(stage, policy.labels.get(label))) for label in LABELS]
    notices = _notice_sentences(stage, policy.notice)
    return [
        *lines,
        Line(label_name(UNKNOWN_LANGUAGE), [_language_sentence(stage, policy)]),
        Line(_("what could not be judged"), [_unjudged_sentence(stage, policy), *notices]),
    ]


def _unjudged_sentence(stage: Stage, policy: StagePolicy) -> str:
    if stage in _REMARKS:
        return _("Is not used.")
    if policy.on_error == "closed":
        return _("Is withheld; a reviewer looks at it.")
    return _("Goes on if nothing else was found; a reviewer looks at it.")


def _language_sentence(stage: Stage, policy: StagePolicy) -> str:
    if policy.unknown_language == "refuse":
        if stage is Stage.TITLE:
            return _("Is not used.")
        return _("Is withheld; a reviewer looks at it.")
    if policy.unknown_language == "flag" and stage not in _REMARKS:
        return _("Is judged all the same, and a reviewer looks at it.")
    return _("Is judged all the same; the ledger says that this is less sure.")


def _label_sentences(stage: Stage, level: Thresholds | None) -> list[str]:
    if level is None:
        return [_("Nothing happens.")]
    sentences = []
    if level.flag is not None and level.flag != level.block:
        if stage in _REMARKS:
            text = _("From %(score)s: it is used, and the ledger tells it.")
        elif stage is Stage.REPLY:
            text = _("From %(score)s: it is shown, and a reviewer looks at it.")
        else:
            text = _("From %(score)s: it goes on, and a reviewer looks at it.")
        sentences.append(text % {"score": _number(level.flag)})
    if level.block is not None:
        sentences.append(_block_sentence(stage, level) % {"score": _number(level.block)})
    elif stage is Stage.PROMPT:
        sentences.append(_("It is never withheld."))
    return sentences + _notice_sentences(stage, level.notice)


def _block_sentence(stage: Stage, level: Thresholds) -> str:
    if stage is Stage.PROMPT:
        return _("From %(score)s: it is not answered; a reviewer looks at it.")
    if stage is Stage.TITLE:
        return _("From %(score)s: it is not used.")
    if stage is Stage.ATTACHED:
        return _("From %(score)s: it is not used; a reviewer looks at it.")
    if level.late == "withdraw":
        return _("From %(score)s: the reply ends, and what was shown of it is taken back; a reviewer looks at it.")
    return _("From %(score)s: the reply ends, and what was shown of it stays; a reviewer looks at it.")


def _notice_sentences(stage: Stage, notice: Mapping[str, str]) -> list[str]:
    if stage in _REMARKS:
        return []  # nobody is told there
    return [
        _("People who read %(language)s are told: “%(notice)s”") % {"language": language, "notice": text}
        for language, text in sorted(notice.items())
    ]


def _gate_lines(limits: GateLimits) -> list[Line]:
    held = _("A part is shown once %(chars)s characters and %(words)s words beyond it were judged with it.")
    return [
        Line(_("hold-back"), [held % {"chars": limits.hold_back_chars, "words": limits.hold_back_words}]),
        Line(
            _("waiting"),
            [
                _("The first part comes at a sentence's end or after %(chars)s characters.")
                % {"chars": limits.first_chars},
                _("Later ones wait for at most %(chars)s characters or %(seconds)s s.")
                % {"chars": limits.max_chars, "seconds": f"{limits.max_wait_ms / 1000:g}"},
            ],
        ),
        Line(
            _("judged together"),
            [
                _("At most %(chars)s characters, %(overlap)s of which were shown already.")
                % {"chars": limits.window_chars, "overlap": limits.overlap_chars},
                _("The finished reply is judged once more as a whole before its end is shown."),
            ],
        ),
        Line(_("second look"), [_second_look(limits)]),
    ]


def _personal_data(handling: PersonalDataHandling) -> Part:
    if handling.owner_may_unmask:
        owner = _("Whoever wrote it reads it instead of the mask in their own conversation.")
    else:
        owner = _("Nobody can see any more what a mask stands for.")
    lines = [
        Line(_("for the model"), _mask_sentences(handling.mask_for_model, handling.from_score)),
        Line(_("in replies"), _mask_sentences(handling.mask_in_shown, handling.from_score)),
        Line(_("behind the mask"), [owner]),
    ]
    return Part(
        _("Personal data"),
        _("A mask such as [EMAIL_1] stands in its place. In their own messages people see what they wrote."),
        lines,
    )


def _mask_sentences(kinds: frozenset[Kind], from_score: float) -> list[str]:
    if not kinds:
        return [_("Nothing is masked.")]
    names = pgettext("between kinds", ", ").join(str(name) for kind, name in _KINDS.items() if kind in kinds)
    return [
        _("Masked: %(kinds)s.") % {"kinds": names},
        _("Only what is found with a score from %(score)s on.") % {"score": _number(from_score)},
    ]


def _canary_sentence(is_used: bool) -> str:
    if is_used:
        return _("A reply that repeats the secret word of the system prompt ends, and what was shown is taken back.")
    return _("None in the system prompt.")


def _second_look(limits: GateLimits) -> str:
    if limits.second_look_chars == 0:
        return _("None: what looks unsafe in the middle of a sentence is withheld.")
    return _(
        "What looks unsafe in the middle of a sentence is judged again at its end, or %(chars)s characters later."
    ) % {"chars": limits.second_look_chars}


def _combine(combination: Combination) -> Part:
    if combination.how == "mean":
        weights = ", ".join(f"{name} × {weight:g}" for name, weight in sorted(combination.weights.items()))
        sentence = _("The weighted mean of %(weights)s counts, or a higher score of another one.") % {
            "weights": weights
        }
    elif combination.how == "cascade":
        sentence = _(
            "%(last)s is asked only where the others' highest score is from %(low)s to %(high)s. The highest counts."
        ) % {
            "last": ", ".join(combination.last),
            "low": _number(combination.low),
            "high": _number(combination.high),
        }
    else:
        sentence = _("The highest score for a label counts.")
    return Part(_("Several classifiers"), "", [Line(_("together"), [sentence])])


def _number(score: float) -> str:
    return f"{score:.2f}" if round(score, 2) == score else f"{score:g}"
