"""What happens elsewhere and matters here: reviewers' decisions, deletions, and accounts that sign out or change."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.db.models.signals import post_delete, post_save, pre_delete
from django.dispatch import receiver
from django.http import HttpRequest

from conversations.endings import title_forget
from conversations.events import conversation_group, event_send, session_group, user_group
from conversations.evidence import flag_raise_from_ledger, upheld
from conversations.models import Message, Turn
from conversations.services import turn_cancel
from moderation.models import Decision, Review
from moderation.selectors import policy_notice
from moderation.signals import decision_reviewed
from moderation.verdicts import Action, Stage


@receiver(decision_reviewed)
def message_follow_decision(sender: object, review: Review, decision: Decision, **_kwargs: Any) -> None:
    """Show or withhold the message for good; a message that was deleted meanwhile is no fault."""
    with transaction.atomic():
        # Turns before messages: a turn that ends takes its locks in this order.
        active = Turn.objects.select_for_update().filter(prompt_id=review.subject_id, status__in=Turn.ACTIVE)
        answers = list(active)
        message = Message.objects.select_for_update().filter(pk=review.subject_id).first()
        if message is None:
            return
        if decision.action == Action.ALLOW:
            message.text, message.state = review.text, Message.State.SHOWN
            message.withheld_labels, message.withheld_notice, message.is_withheld_unjudged = [], {}, False
        else:
            title_forget(message)
            message.text, message.state = upheld(review)
            message.withheld_labels = review.labels
            message.withheld_notice = policy_notice(
                version=review.policy_version, stage=Stage(review.stage), labels=review.labels
            )
            message.is_withheld_unjudged = not review.judged
        message.is_reviewed = True
        message.version += 1
        message.save()
        if message.state == Message.State.WITHHELD:
            for turn in answers:
                turn_cancel(turn=turn)
        conversation_id = message.conversation_id
        transaction.on_commit(lambda: event_send(conversation_group(conversation_id), {"type": "conversation.changed"}))


@receiver(pre_delete, sender=Turn)
def flag_keep_of_deleted_turn(sender: object, instance: Turn, **_kwargs: Any) -> None:
    """What a running turn had shown stays a person's to look at, whoever deletes it: its owner, or with the account.

    In the transaction that deletes. What its worker judges after this, the worker itself flags (`turns`).
    """
    running = Turn.objects.select_for_update().filter(pk=instance.pk, status=Turn.Status.RUNNING)
    if instance.is_active and (turn := running.first()) is not None:
        flag_raise_from_ledger(turn, is_over=False)


@receiver(user_logged_out)
def sockets_close_on_sign_out(sender: object, request: HttpRequest, **_kwargs: Any) -> None:
    key = request.session.session_key
    if key:
        event_send(session_group(key), {"type": "session.ended"})


@receiver(post_delete, sender=UserSession)
def sockets_close_with_their_session(sender: object, instance: UserSession, **_kwargs: Any) -> None:
    """Signed out from elsewhere: what that browser has open closes at once."""
    group = session_group(instance.session_key)
    transaction.on_commit(lambda: event_send(group, {"type": "session.ended"}))


@receiver([post_save, post_delete], sender=settings.AUTH_USER_MODEL)
def sockets_follow_account(
    sender: object,
    instance: AbstractBaseUser,
    created: bool = False,
    update_fields: Collection[str] | None = None,
    **_kwargs: Any,
) -> None:
    """A new password, a lock or a deletion ends sessions: open sockets look at once whether theirs still holds."""
    if created or set(update_fields or ()) == {"last_login"}:
        return
    group = user_group(instance.pk)
    transaction.on_commit(lambda: event_send(group, {"type": "account.changed"}))
