"""A prompt whose author writes of harming themselves: from then on it stands with help lines, on every page."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import F

from conversations.events import conversation_group, event_send
from conversations.models import Message


def care_offer(message_id: UUID) -> None:
    """Show the help lines beside this prompt for good: in open pages at once, whatever becomes of the turn."""
    with transaction.atomic():
        rows = Message.objects.filter(pk=message_id, needs_care=False)
        if not rows.update(needs_care=True, version=F("version") + 1):
            return
        conversation_id = Message.objects.values_list("conversation_id", flat=True).get(pk=message_id)
        transaction.on_commit(lambda: event_send(conversation_group(conversation_id), {"type": "conversation.changed"}))
