"""Where a conversation forks: other replies to a prompt, edited prompts, longer replies.

Nothing is overwritten: what was there stays beside what is new, and `services.branch_show` leads back to it.
"""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.utils.translation import gettext as _

from conversations.models import Conversation, Message, Turn
from conversations.starting import (
    Beginning,
    TurnRefused,
    capacity_check,
    stale,
    text_check,
    turn_store,
    withheld,
)


def prompt_edit(*, user: AbstractBaseUser, prompt: Message, client_id: UUID, text: str) -> Turn:
    """Ask something else in a prompt's place: a new prompt beside it, which is shown with its reply from now on.

    Raises ``TurnRefused``: empty, bad_text, too_long, busy, queue_full, rate_limited, not_found for a reply.
    """
    conversation = prompt.conversation
    known = conversation.turns.filter(client_id=client_id).first()
    if known is not None:
        return known
    if prompt.role != Message.Role.USER:
        raise _not_found()
    text_check(text)
    capacity_check(user)

    def begin(locked: Conversation) -> Beginning:
        beside = Message.objects.create(
            conversation=locked, parent_id=prompt.parent_id, role=Message.Role.USER, text=text
        )
        return Beginning(beside)

    return turn_store(conversation=conversation, client_id=client_id, begin=begin)


def reply_regenerate(*, user: AbstractBaseUser, reply: Message, client_id: UUID) -> Turn:
    """Answer the prompt of a reply once more. The new reply stands beside the old one, and is shown.

    What followed the old reply stays with it. Raises ``TurnRefused``: busy, withheld, queue_full, rate_limited,
    not_found for a prompt.
    """
    known, prompt = _known_or_prompt(reply, client_id)
    if known is not None:
        return known
    capacity_check(user)
    return turn_store(conversation=reply.conversation, client_id=client_id, begin=lambda _locked: Beginning(prompt))


def reply_continue(*, user: AbstractBaseUser, reply: Message, client_id: UUID) -> Turn:
    """Go on with a reply that its length limit cut. The longer reply begins with its text and takes its place.

    All of it goes through the gate, the part that is known too: so the ledger proves it from its first character.
    Raises ``TurnRefused``: busy, withheld, queue_full, rate_limited, not_cut, not_found for a prompt, stale once
    something followed the reply.
    """
    known, prompt = _known_or_prompt(reply, client_id)
    if known is not None:
        return known
    if reply.state != Message.State.SHOWN:
        raise withheld()
    if not reply.text or not Turn.objects.filter(reply_id=reply.pk, finish_reason="length").exists():
        raise TurnRefused("not_cut", _("This reply is complete, so it cannot be continued."))
    capacity_check(user)

    def begin(locked: Conversation) -> Beginning:
        if locked.head_id != reply.pk:
            raise stale()
        return Beginning(prompt, reply)

    return turn_store(conversation=reply.conversation, client_id=client_id, begin=begin)


def _known_or_prompt(reply: Message, client_id: UUID) -> tuple[Turn | None, Message]:
    """The turn that this very frame has made already, and the prompt that the reply answers."""
    if reply.role != Message.Role.ASSISTANT or reply.parent is None:
        raise _not_found()
    known = reply.conversation.turns.filter(client_id=client_id).first()
    if known is None and reply.parent.state == Message.State.WITHHELD:
        raise withheld()
    return known, reply.parent


def _not_found() -> TurnRefused:
    return TurnRefused("not_found", _("There is no such message to answer."))
