"""What a person asks of the model in all their conversations: own instructions and sampling, as a turn uses them.

Instructions are judged like a prompt before the model reads them: once for each text and version of the policy that
holds for this person, in the worker, with a row in the ledger. What was blocked is left out, and goes to a reviewer,
whose word counts from then on.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from django.conf import settings

from conversations.database import with_patience
from conversations.models import Preferences
from inference.base import ChatMessage, Engine, Options
from moderation import runtime as moderation_runtime
from moderation.selectors import reviewer_decision
from moderation.services import Subject, decision_record, review_open
from moderation.verdicts import Action, Blocked, Judgement, Stage

INTRODUCTION: Final = "The person asks you to keep to this, as far as it does not contradict what stands above:"
WINDOW_SHARE: Final = 4
"""Instructions that take more than one part in so many of the model's window are left out: the talk needs the room."""


def preferences_of(owner_id: int) -> Preferences | None:
    return Preferences.objects.filter(user_id=owner_id).first()


def system_prompt_with(
    base: str, own: Preferences | None, policy: moderation_runtime.ActivePolicy, engine: Engine
) -> str:
    """The operator's system prompt and, below it, the person's instructions if they may be used and fit."""
    text = instructions_allowed(own, policy) if own is not None else ""
    if not text:
        return base
    whole = "\n\n".join(filter(None, [base, f"{INTRODUCTION}\n{text}"]))
    is_fitting = engine.count_tokens([ChatMessage("system", whole)]) <= engine.context_tokens // WINDOW_SHARE
    return whole if is_fitting else base


def instructions_allowed(own: Preferences, policy: moderation_runtime.ActivePolicy) -> str:
    """The instructions, or nothing where they were blocked or could not be judged."""
    if not own.instructions:
        return ""
    human = with_patience(lambda: reviewer_decision(own.instructions_id))
    if human is not None:
        return own.instructions if human.action == Action.ALLOW else ""
    if own.instructions_policy != policy.version:
        _judge(own, policy)
    return own.instructions if own.is_instructions_allowed else ""


def _judge(own: Preferences, policy: moderation_runtime.ActivePolicy) -> None:
    text = own.instructions
    (verdict,) = moderation_runtime.judge_texts([text], Stage.ATTACHED, policy)
    own.is_instructions_allowed = verdict.judged and verdict.is_allowed
    judgement = Judgement(0, len(text), text, verdict, 0, len(text) if own.is_instructions_allowed else 0)
    subject = Subject(stage=Stage.ATTACHED, subject_id=own.instructions_id, user_id=own.user_id)
    blocked = None if own.is_instructions_allowed else Blocked(0, len(text), text, judgement)
    with_patience(lambda: decision_record(subject=subject, judgement=judgement, blocked=blocked))
    if not verdict.judged:
        return  # the next turn tries again
    if blocked is not None:
        opened = partial(review_open, subject=subject, text=text, shown_end=0, verdicts=[judgement], context=[])
        with_patience(opened)
    # Only for this text: its author may have written another one meanwhile.
    rows = Preferences.objects.filter(pk=own.pk, instructions_id=own.instructions_id)
    with_patience(
        lambda: rows.update(
            is_instructions_allowed=own.is_instructions_allowed, instructions_policy=verdict.policy_version
        )
    )


def options_with(options: Options, own: Preferences | None) -> Options:
    """The person's own sampling, within the operator's bounds as they are now."""
    if own is None or not settings.SAMPLING_BY_PEOPLE:
        return options
    temperature = options.temperature if own.temperature is None else own.temperature
    return replace(
        options,
        temperature=min(temperature, max(settings.SAMPLING_MAX_TEMPERATURE, options.temperature)),
        top_p=options.top_p if own.top_p is None else own.top_p,
        max_new_tokens=min(own.max_new_tokens or options.max_new_tokens, options.max_new_tokens),
    )
