"""A conversation as a file to keep: Markdown for people, JSON for programs. Only what its owner may read is in it."""

from __future__ import annotations

import json
from typing import Any, Final

from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from conversations.models import Conversation, Message
from conversations.selectors import branch_ids, messages_on_branch
from conversations.wording import message_notice

FORMAT: Final = 1
NAME_CHARS: Final = 60


def visible_text(message: Message) -> str:
    """Nothing of a message that shows no text, whatever its row holds."""
    return "" if message.state in Message.EMPTY else message.text


def export_name(conversation: Conversation, ending: str) -> str:
    """Of the file; letters of any script, no signs that file systems dislike."""
    name = slugify(str(conversation), allow_unicode=True)[:NAME_CHARS].strip("-_")
    return f"{name or 'conversation'}.{ending}"


def conversation_markdown(conversation: Conversation) -> str:
    """The branch that is shown. What is said in it stays as it was written: Markdown, mostly."""
    lines = [f"# {_line(str(conversation))}", "", _moment(conversation.created_at), ""]
    for message in messages_on_branch(conversation, limit=None):
        name = _("You") if message.role == Message.Role.USER else _("Assistant")
        lines += [f"## {name} · {_moment(message.created_at)}", ""]
        if text := visible_text(message):
            lines += [text.strip("\n"), ""]
        if notice := message_notice(message):
            lines += [f"> {_line(notice)}", ""]
    return "\n".join(lines)


def conversation_json(conversation: Conversation) -> str:
    """All messages with their parents, and which of them are on the branch shown. Times in UTC, ISO 8601."""
    shown = set(branch_ids(conversation))
    messages = conversation.messages.order_by("created_at", "pk")
    document: dict[str, Any] = {
        "format": FORMAT,
        "id": str(conversation.pk),
        "title": conversation.title,
        "created_at": conversation.created_at.isoformat(),
        "tags": list(conversation.tags.values_list("name", flat=True)),
        "messages": [
            {
                "id": str(message.pk),
                "parent": str(message.parent_id) if message.parent_id else None,
                "role": message.role,
                "text": visible_text(message),
                "state": message.state,
                "is_shown": message.pk in shown,
                "created_at": message.created_at.isoformat(),
            }
            for message in messages
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _line(text: str) -> str:
    return " ".join(text.split())


def _moment(moment: Any) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M %Z")
