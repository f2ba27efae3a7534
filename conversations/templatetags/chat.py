"""Tags of the conversation pages."""

from __future__ import annotations

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe

from conversations.forms import THEMES
from conversations.models import Message, Turn
from conversations.rendering import message_html
from conversations.surroundings import Surroundings

register = template.Library()


@register.simple_tag
def message(message: Message, turn: Turn | None = None, around: Surroundings | None = None) -> SafeString:
    """A message as the websocket would send it; without ``around`` as somebody sees it who cannot act on it."""
    return mark_safe(message_html(message, turn=turn, around=around))  # noqa: S308  # a template made it, and escaped what is in it


@register.simple_tag(takes_context=True)
def theme(context: template.Context) -> str:
    """The theme of the visitor's cookie; ``system`` without one, and for error pages that have no request."""
    request = context.get("request")
    value = request.COOKIES.get("theme", "") if isinstance(request, HttpRequest) else ""
    return value if value in THEMES else "system"


@register.simple_tag
def site_name() -> str:
    return str(settings.SITE_NAME)


@register.simple_tag
def sign_up_open() -> bool:
    return bool(settings.SIGN_UP_OPEN)
