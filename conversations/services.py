"""What people start: every write that a person asks for goes through here, whichever door it came through."""

from __future__ import annotations

import logging
from functools import cache, partial
from math import ceil
from time import time
from uuid import UUID, uuid5

import regex
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from limits import parse
from limits.errors import StorageError
from limits.storage import Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError

from conversations.endings import Ending, TurnLost, turn_finish
from conversations.events import (
    SEQ_PER_ATTEMPT,
    ConversationChanged,
    ConversationDeleted,
    Event,
    TurnChanged,
    conversation_group,
    event_send,
)
from conversations.models import Conversation, Message, Turn
from conversations.queueing import turn_enqueue_on_commit
from conversations.selectors import branch_ids, leaf_below, turns_queued_count

logger = logging.getLogger(__name__)

TITLE_MAX_CHARS = 200
REDIS_SECONDS = 2.0
_BIDI_CONTROLS = regex.compile(r"\p{Bidi_Control}")
_FIRST_TURNS = UUID("6f1c1f0a-3a0e-4d0c-9d2c-0c5f3a3f7a51")


class TurnRefused(Exception):
    """A turn was not started and nothing was stored. The message is for the person, already translated.

    ``retry_after`` is in seconds, where waiting helps.
    """

    def __init__(self, code: str, message: str, retry_after: int | None = None) -> None:
        self.code = code
        self.retry_after = retry_after
        super().__init__(message)


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
    _text_check(text)
    _capacity_check(user)
    with transaction.atomic():
        conversation, _created = Conversation.objects.get_or_create(pk=conversation_id, defaults={"owner_id": user.pk})
        _turn_store(conversation=conversation, client_id=client_id, text=text)
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
    _text_check(text)
    _capacity_check(user)
    return _turn_store(conversation=conversation, client_id=client_id, text=text)


def turn_regenerate(*, user: AbstractBaseUser, turn: Turn, client_id: UUID) -> Turn:
    """Answer the newest prompt of a conversation once more, as a new turn; its reply will stand beside the old one.

    Raises ``TurnRefused``: busy, withheld, queue_full, rate_limited; stale when the conversation went on since.
    """
    conversation = turn.conversation
    known = conversation.turns.filter(client_id=client_id).first()
    if known is not None:
        return known
    if turn.is_active:
        raise _busy()
    if turn.prompt.state == Message.State.WITHHELD:
        raise TurnRefused("withheld", _("This message was withheld, so it cannot be answered."))
    _capacity_check(user)
    return _turn_store(conversation=conversation, client_id=client_id, again=turn)


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


# --- checks ------------------------------------------------------------------------------------------------------


def _text_check(text: str) -> None:
    if not text.strip():
        raise TurnRefused("empty", _("Write a message first."))
    if "\x00" in text:
        raise TurnRefused("bad_text", _("The message contains a character (NUL) that cannot be stored. Remove it."))
    if len(text) > settings.MAX_PROMPT_CHARS:
        raise TurnRefused(
            "too_long",
            _("Your message has %(count)s characters; at most %(limit)s are possible. Shorten it.")
            % {"count": len(text), "limit": settings.MAX_PROMPT_CHARS},
        )


def _capacity_check(user: AbstractBaseUser) -> None:
    if turns_queued_count() >= settings.MAX_QUEUED_TURNS:
        raise TurnRefused(
            "queue_full", _("Many people are waiting for replies just now. Try again in a minute."), retry_after=30
        )
    limit = parse(settings.TURN_RATE)
    try:
        limiter = MovingWindowRateLimiter(_rate_storage())
        if limiter.hit(limit, "turns", str(user.pk)):
            return
        wait = max(1, ceil(limiter.get_window_stats(limit, "turns", str(user.pk)).reset_time - time()))
    except (RedisError, StorageError) as error:
        # Without Redis nothing is answered anyway; the prompt is kept and waits.
        logger.warning("the rate of user %s could not be checked: %s", user.pk, error)
        return
    raise TurnRefused(
        "rate_limited",
        _("You sent many messages in a short time. Try again in %(seconds)s seconds.") % {"seconds": wait},
        retry_after=wait,
    )


@cache
def _rate_storage() -> Storage:
    address = str(settings.REDIS_URL)
    storage = storage_from_string(
        "redis+" + address if address.startswith("unix") else address,
        wrap_exceptions=True,
        socket_timeout=REDIS_SECONDS,
        socket_connect_timeout=REDIS_SECONDS,
    )
    assert isinstance(storage, Storage)
    return storage


def _busy() -> TurnRefused:
    return TurnRefused("busy", _("The reply before is still being written. Wait for it, or stop it."), retry_after=5)


def _stale() -> TurnRefused:
    return TurnRefused("stale", _("The conversation went on after this reply, so it cannot be tried again."))


# --- writes ------------------------------------------------------------------------------------------------------


def _turn_store(*, conversation: Conversation, client_id: UUID, text: str = "", again: Turn | None = None) -> Turn:
    """A new turn for a new prompt (``text``) or for that of an ended turn (``again``).

    Raises ``TurnRefused``: busy while another is active, stale when the branch shown does not end with ``again``.
    """
    try:
        with transaction.atomic():
            locked = Conversation.objects.select_for_update().get(pk=conversation.pk)
            if again is None:
                prompt = Message.objects.create(
                    conversation=locked, parent_id=locked.head_id, role=Message.Role.USER, text=text
                )
            elif locked.head_id in (again.prompt_id, again.reply_id):
                prompt = again.prompt
            else:
                # Its prompt as the head would take all that came after it off the page.
                return _turn_of_race(locked, client_id, _stale())
            turn = Turn.objects.create(conversation=locked, client_id=client_id, prompt=prompt)
            Conversation.objects.filter(pk=locked.pk).update(head_id=prompt.pk, active_at=timezone.now())
            turn_enqueue_on_commit(turn.pk)
            announce_on_commit(locked.pk, TurnChanged(type="turn.changed", turn_id=str(turn.pk), seq=0))
    except IntegrityError:
        return _turn_of_race(conversation, client_id, _busy())
    return turn


def _turn_of_race(conversation: Conversation, client_id: UUID, refusal: TurnRefused) -> Turn:
    """The turn that won, if it was this very frame sent twice. Raises ``refusal`` if another turn stands in the way."""
    known = conversation.turns.filter(client_id=client_id).first()
    if known is None:
        raise refusal
    return known


def announce_on_commit(conversation_id: UUID, event: Event) -> None:
    transaction.on_commit(partial(event_send, conversation_group(conversation_id), event))
