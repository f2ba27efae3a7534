"""How a turn begins: what may refuse it, and the one transaction that stores it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations.events import Event, TurnChanged, conversation_group, event_send
from conversations.models import Conversation, Message, Turn
from conversations.queueing import turn_enqueue_on_commit
from conversations.rates import rate_wait
from conversations.selectors import turns_queued_count


class TurnRefused(Exception):
    """A turn was not started and nothing was stored. The message is for the person, already translated.

    ``retry_after`` is in seconds, where waiting helps.
    """

    def __init__(self, code: str, message: str, retry_after: int | None = None) -> None:
        self.code = code
        self.retry_after = retry_after
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a new turn answers; ``continues`` is the cut reply that it goes on from."""

    prompt: Message
    continues: Message | None = None


def turn_store(*, conversation: Conversation, client_id: UUID, begin: Callable[[Conversation], Beginning]) -> Turn:
    """Store and queue a turn. ``begin`` is given the locked conversation, in the transaction; it may write or refuse.

    The same ``client_id`` again returns the turn that it made. Raises ``TurnRefused``: busy while another turn is
    active, or what ``begin`` raises.
    """
    try:
        with transaction.atomic():
            locked = Conversation.objects.select_for_update().get(pk=conversation.pk)
            start = begin(locked)
            turn = Turn.objects.create(
                conversation=locked, client_id=client_id, prompt=start.prompt, continues=start.continues
            )
            # A reply that is being continued stays on the page until the longer one takes its place.
            head = start.continues or start.prompt
            Conversation.objects.filter(pk=locked.pk).update(head_id=head.pk, active_at=timezone.now())
            turn_enqueue_on_commit(turn.pk)
            announce_on_commit(locked.pk, TurnChanged(type="turn.changed", turn_id=str(turn.pk), seq=0))
    except TurnRefused as refusal:
        return _turn_of_race(conversation, client_id, refusal)
    except IntegrityError:
        return _turn_of_race(conversation, client_id, busy())
    return turn


def _turn_of_race(conversation: Conversation, client_id: UUID, refusal: TurnRefused) -> Turn:
    """The turn that won, if it was this very frame sent twice. Raises ``refusal`` if another turn stands in the way."""
    known = conversation.turns.filter(client_id=client_id).first()
    if known is None:
        raise refusal
    return known


def announce_on_commit(conversation_id: UUID, event: Event) -> None:
    transaction.on_commit(partial(event_send, conversation_group(conversation_id), event))


# --- what may refuse it --------------------------------------------------------------------------------------------


def text_check(text: str) -> None:
    """Raises ``TurnRefused``: empty, bad_text, too_long."""
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


def capacity_check(user: AbstractBaseUser) -> None:
    """Raises ``TurnRefused``: queue_full, rate_limited. Counts as one of the person's turns when it does not."""
    if turns_queued_count() >= settings.MAX_QUEUED_TURNS:
        raise TurnRefused(
            "queue_full", _("Many people are waiting for replies just now. Try again in a minute."), retry_after=30
        )
    # Without Redis nothing is answered anyway; the prompt is kept and waits.
    wait = rate_wait(settings.TURN_RATE, "turns", str(user.pk))
    if not wait:
        return
    raise TurnRefused(
        "rate_limited",
        _("You sent many messages in a short time. Try again in %(seconds)s seconds.") % {"seconds": wait},
        retry_after=wait,
    )


def busy() -> TurnRefused:
    return TurnRefused("busy", _("The reply before is still being written. Wait for it, or stop it."), retry_after=5)


def stale() -> TurnRefused:
    return TurnRefused("stale", _("The conversation went on after this reply, so it cannot be tried again."))


def withheld() -> TurnRefused:
    return TurnRefused("withheld", _("This message was withheld, so it cannot be answered."))
