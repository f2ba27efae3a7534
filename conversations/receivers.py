"""What a reviewer's decision does to a message, and what a sign-out does to open sockets."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest

from conversations.endings import title_from
from conversations.events import conversation_group, event_send, session_group
from conversations.models import Conversation, Message
from moderation.models import Decision, Review
from moderation.signals import decision_reviewed
from moderation.verdicts import Action


@receiver(decision_reviewed)
def message_follow_decision(sender: object, review: Review, decision: Decision, **_kwargs: Any) -> None:
    """Show or withhold the message for good; a message that was deleted meanwhile is no fault."""
    with transaction.atomic():
        message = Message.objects.select_for_update().filter(pk=review.subject_id).first()
        if message is None:
            return
        if decision.action == Action.ALLOW:
            message.text, message.state = review.text, Message.State.SHOWN
            message.withheld_labels, message.is_withheld_unjudged = [], False
        else:
            _title_forget(message)
            # A blocked text goes back to the part that had been shown; one that was only flagged goes altogether.
            message.text = review.text[: review.shown_end] if review.action == Action.BLOCK else ""
            message.state = Message.State.CUT if message.text else Message.State.WITHHELD
            message.withheld_labels = review.labels
            message.is_withheld_unjudged = not review.judged
        message.is_reviewed = True
        message.version += 1
        message.save()
        conversation_id = message.conversation_id
        transaction.on_commit(lambda: event_send(conversation_group(conversation_id), {"type": "conversation.changed"}))


def _title_forget(message: Message) -> None:
    """A title made from a prompt that is withheld now must not go on showing it."""
    Conversation.objects.filter(
        pk=message.conversation_id, is_title_custom=False, title=title_from(message.text)
    ).update(title="")


@receiver(user_logged_out)
def sockets_close_on_sign_out(sender: object, request: HttpRequest, **_kwargs: Any) -> None:
    key = request.session.session_key
    if key:
        event_send(session_group(key), {"type": "session.ended"})
