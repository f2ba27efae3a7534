"""Takes the frames that start a turn or choose a branch: finds for that person what they name, calls one service."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

from conversations.branching import prompt_edit, reply_continue, reply_regenerate
from conversations.frames import (
    ContinueFrame,
    EditFrame,
    PromptFrame,
    RegenerateFrame,
    RetryFrame,
    ShowFrame,
    TurnFrame,
)
from conversations.models import Conversation, Turn
from conversations.selectors import conversation_get_for_user, message_get_for_user, turn_get_for_user
from conversations.services import branch_show, turn_regenerate, turn_start
from conversations.starting import busy


def turn_take(user: AbstractBaseUser | AnonymousUser, conversation_id: UUID, frame: TurnFrame) -> Turn:
    """The turn that the frame starts, or started before. Raises ``TurnRefused`` or a model's ``DoesNotExist``."""
    if not isinstance(user, AbstractBaseUser):
        raise Conversation.DoesNotExist
    client_id = frame.client_id
    match frame:
        case PromptFrame():
            conversation = conversation_get_for_user(user, conversation_id)
            return turn_start(user=user, conversation=conversation, client_id=client_id, text=frame.text)
        case RetryFrame():
            turn = turn_get_for_user(user, conversation_id, frame.turn_id)
            return turn_regenerate(user=user, turn=turn, client_id=client_id)
        case EditFrame():
            prompt = message_get_for_user(user, conversation_id, frame.message_id)
            return prompt_edit(user=user, prompt=prompt, client_id=client_id, text=frame.text)
        case RegenerateFrame():
            reply = message_get_for_user(user, conversation_id, frame.message_id)
            return reply_regenerate(user=user, reply=reply, client_id=client_id)
        case ContinueFrame():
            reply = message_get_for_user(user, conversation_id, frame.message_id)
            return reply_continue(user=user, reply=reply, client_id=client_id)


def branch_take(user: AbstractBaseUser | AnonymousUser, conversation_id: UUID, frame: ShowFrame) -> None:
    """Raises ``TurnRefused`` or ``Message.DoesNotExist``."""
    message = message_get_for_user(user, conversation_id, frame.message_id)
    if not branch_show(conversation=message.conversation, message=message):
        raise busy()
