"""What people start: every write that a person asks for goes through here, whichever door it came through."""

from __future__ import annotations

import logging
from collections.abc import Callable
from uuid import UUID, uuid5

import regex
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations.endings import Ending, TurnLost, turn_finish
from conversations.events import SEQ_PER_ATTEMPT, ConversationChanged, ConversationDeleted, TurnChanged
from conversations.models import Conversation, Message, Turn
from conversations.selectors import branch_ids, leaf_below
from conversations.starting import (
    Beginning,
    TurnRefused,
    announce_on_commit,
    busy,
    capacity_check,
    stale,
    text_check,
    turn_store,
    withheld,
)

__all__ = ["TITLE_MAX_CHARS", "TurnRefused"]

logger = logging.getLogger(__name__)

TITLE_MAX_CHARS = 200
_BIDI_CONTROLS = regex.compile(r"\p{Bidi_Control}")
_FIRST_TURNS = UUID("6f1c1f0a-3a0e-4d0c-9d2c-0c5f3a3f7a51")


class ConversationFault(ValueError):
    """A change to a conversation that cannot be made; the message is for the person."""


def conversation_create(*, owner: AbstractBaseUser) -> Conversation:
    return Conversation.objects.create(owner_id=owner.pk)


def conversation_start(*, user: AbstractBaseUser, client_id: UUID, text: str) -> Conversation:
    """A new conversation with its first turn. The same ``client_id`` again gives the same conversation.

    Raises ``TurnRefused``; then there is no conversation either.
    """
    # The id follows from person and client_id, so that a form sent twice cannot make two conversations.
    conversation_id = uuid5(_FIRST_TURNS, f"{user.pk}:{client_id}")
    known = Conversation.objects.filter(pk=conversation_id, turns__client_id=client_id).first()
    if known is not None:
        return known
    text_check(text)
    capacity_check(user)
    with transaction.atomic():
        conversation, _created = Conversation.objects.get_or_create(pk=conversation_id, defaults={"owner_id": user.pk})
        turn_store(conversation=conversation, client_id=client_id, begin=_with_prompt(text))
    return conversation


def conversation_rename(*, conversation: Conversation, title: str) -> None:
    """Raises ``ConversationFault`` for an empty or overlong title. The same title again changes nothing."""
    title = title_clean(title)
    if not any(character.isprintable() for character in title.replace(" ", "")):
        raise ConversationFault(_("Give the conversation a name."))
    if len(title) > TITLE_MAX_CHARS:
        raise ConversationFault(
            _("The name has %(count)s characters; at most %(limit)s are possible.")
            % {"count": len(title), "limit": TITLE_MAX_CHARS}
        )
    if title == title_clean(conversation.title):
        return  # saved as it was: one made from a prompt does not become the owner's own
    conversation.title = title
    conversation.is_title_custom = True
    conversation.save(update_fields=["title", "is_title_custom"])
    announce_on_commit(conversation.pk, ConversationChanged(type="conversation.changed"))


def title_clean(title: str) -> str:
    """One line, without characters that would turn the direction of what stands beside it."""
    return " ".join(_BIDI_CONTROLS.sub("", title).split())


def conversation_delete(*, conversation: Conversation) -> None:
    """Delete it with its messages and turns. The ledger keeps its evidence (I6)."""
    conversation_id = conversation.pk
    with transaction.atomic():
        conversation.delete()
        announce_on_commit(conversation_id, ConversationDeleted(type="conversation.deleted"))


def branch_show(*, conversation: Conversation, message: Message) -> bool:
    """Show the branch that a message of the conversation is on, and the newest end of it.

    Says whether it is shown now: while a turn is active the branch stays that of the turn.
    """
    if message.pk in branch_ids(conversation):
        return True
    with transaction.atomic():
        locked = Conversation.objects.select_for_update().get(pk=conversation.pk)
        if locked.turns.filter(status__in=Turn.ACTIVE).exists():
            return False
        Conversation.objects.filter(pk=locked.pk).update(head_id=leaf_below(message))
        announce_on_commit(conversation.pk, ConversationChanged(type="conversation.changed"))
    conversation.refresh_from_db(fields=["head"])
    return True


def turn_start(*, user: AbstractBaseUser, conversation: Conversation, client_id: UUID, text: str) -> Turn:
    """Store a prompt and queue its turn. The same ``client_id`` again returns the turn that it made.

    Raises ``TurnRefused``: empty, too_long, busy, queue_full, rate_limited.
    """
    known = conversation.turns.filter(client_id=client_id).first()
    if known is not None:
        return known
    text_check(text)
    capacity_check(user)
    return turn_store(conversation=conversation, client_id=client_id, begin=_with_prompt(text))


def turn_regenerate(*, user: AbstractBaseUser, turn: Turn, client_id: UUID) -> Turn:
    """Answer the newest prompt of a conversation once more, as a new turn; its reply will stand beside the old one.

    Raises ``TurnRefused``: busy, withheld, queue_full, rate_limited; stale when the conversation went on since.
    """
    conversation = turn.conversation
    known = conversation.turns.filter(client_id=client_id).first()
    if known is not None:
        return known
    if turn.is_active:
        raise busy()
    if turn.prompt.state == Message.State.WITHHELD:
        raise withheld()
    capacity_check(user)

    def begin(locked: Conversation) -> Beginning:
        if locked.head_id not in (turn.continues_id or turn.prompt_id, turn.reply_id):
            # Its prompt as the head would take all that came after it off the page.
            raise stale()
        return Beginning(turn.prompt, turn.continues)

    return turn_store(conversation=conversation, client_id=client_id, begin=begin)


def _with_prompt(text: str) -> Callable[[Conversation], Beginning]:
    def begin(locked: Conversation) -> Beginning:
        prompt = Message.objects.create(
            conversation=locked, parent_id=locked.head_id, role=Message.Role.USER, text=text
        )
        return Beginning(prompt)

    return begin


def turn_cancel(*, turn: Turn) -> None:
    """Ask a turn to stop. A queued one ends here; a running one ends within a second, in its worker.

    An ended turn stays as it is: asking too late is no fault.
    """
    with transaction.atomic():
        current = Turn.objects.select_for_update().filter(pk=turn.pk).first()
        if current is None or not current.is_active:
            return
        if current.status == Turn.Status.RUNNING:
            Turn.objects.filter(pk=turn.pk).update(stop_requested_at=timezone.now())
            return
        try:
            turn_finish(turn_id=current.pk, attempt=current.attempt, ending=Ending(status=Turn.Status.CANCELLED))
        except TurnLost:  # unreachable while the row is locked; a lock that a database does not keep shows here
            logger.warning("turn %s moved on while it was being cancelled", current.pk)
            return
        seq = (current.attempt + 1) * SEQ_PER_ATTEMPT - 1
        changed = TurnChanged(type="turn.changed", turn_id=str(current.pk), seq=seq)
        announce_on_commit(current.conversation_id, changed)
