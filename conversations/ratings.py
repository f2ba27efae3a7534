"""What the owner of a conversation thinks of a reply: stored, shown after a reload, and seen by staff in the admin."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F

from conversations.events import ConversationChanged
from conversations.evidence import flag_raise_of_report
from conversations.models import Message, Rating, Turn
from conversations.starting import announce_on_commit


class RatingFault(ValueError):
    """A message that cannot be rated."""


def message_rate(*, message: Message, is_good: bool | None, reason: str = "", comment: str = "") -> None:
    """Keep a rating, or (``is_good`` ``None``) take it back. Raises ``RatingFault`` for what is no reply.

    A reason is one of `Rating.Reason` or empty; what is good has none. What is called harmful is flagged for a person.
    """
    if message.role != Message.Role.ASSISTANT:
        raise RatingFault("only replies can be rated")
    with transaction.atomic():
        if is_good is None:
            Rating.objects.filter(message=message).delete()
        else:
            values = {"is_good": is_good, "reason": "" if is_good else reason, "comment": "" if is_good else comment}
            Rating.objects.update_or_create(message=message, defaults=values)
            if reason == Rating.Reason.HARMFUL and not is_good:
                turn = Turn.objects.select_related("conversation").filter(reply_id=message.pk).first()
                if turn is not None and message.text:
                    flag_raise_of_report(turn, message)
        # Other tabs show it too.
        Message.objects.filter(pk=message.pk).update(version=F("version") + 1)
        announce_on_commit(message.conversation_id, ConversationChanged(type="conversation.changed"))
