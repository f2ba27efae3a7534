"""The sentences a person reads about a turn, in their language. Called where the translation is active."""

from __future__ import annotations

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from conversations.models import Message, Turn
from moderation.notices import notice_in, withheld_notice
from moderation.verdicts import Stage


def message_notice(message: Message) -> str | None:
    """Why a message, or its rest, is not shown; ``None`` when all of it is.

    The policy's own words where it has some in the person's language.
    """
    if message.state == Message.State.SHOWN:
        return None
    if own := notice_in(message.withheld_notice, get_language() or ""):
        return own
    if message.needs_care:
        return _("This message could not be answered here. Please read what stands below; people want to help you.")
    stage = Stage.PROMPT if message.role == Message.Role.USER else Stage.REPLY
    return withheld_notice(
        message.withheld_labels,
        not message.is_withheld_unjudged,
        stage,
        is_withdrawn=message.state == Message.State.WITHDRAWN,
    )


def turn_notice(turn: Turn) -> str | None:
    """What happened to a turn that did not simply end well, and what to do; ``None`` otherwise.

    A withheld prompt or reply carries its own notice (`message_notice`).
    """
    if turn.status == Turn.Status.CANCELLED:
        if turn.error_code == "prompt_withheld":
            return _("Your message was withheld, so the reply to it was stopped.")
        return _("You stopped this reply.")
    if turn.status == Turn.Status.FAILED:
        return failure_sentence(turn.error_code, turn.error_params)
    if turn.status == Turn.Status.DONE and turn.finish_reason == "length":
        return _("The reply reached its length limit and ends here.")
    return None


def failure_sentence(code: str, params: dict[str, int]) -> str:
    match code:
        case "prompt_too_long":
            return _(
                "Your message has about %(tokens)s tokens; this model can read %(limit)s. Shorten it and send it again."
            ) % {"tokens": params.get("tokens", "?"), "limit": params.get("limit", "?")}
        case "out_of_memory":
            return _("The model ran out of memory. Try again in a moment, or with a shorter message.")
        case "model_missing":
            return _("The model cannot be loaded. Please tell the people who run this site.")
        case "worker_lost":
            return _("The part of the site that writes replies stopped twice while writing this one. Try again.")
        case "no_worker":
            return _("No part of the site that writes replies was there to take your message. Try again later.")
        case "engine_stopped":
            return _("The model stopped in the middle of this reply. Try again.")
        case "prompt_withheld":
            return _("This message was withheld, so it cannot be answered.")
        case "reply_withheld":
            return _("This reply was withheld, so it cannot be continued.")
        case _:
            return _("Something went wrong while writing this reply. Try again.")
