"""Tags of the conversation pages."""

from __future__ import annotations

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe

from conversations.models import Message, Preferences, Turn
from conversations.preferences import COOKIES
from conversations.rendering import message_html
from conversations.surroundings import Surroundings

register = template.Library()


@register.simple_tag
def message(message: Message, turn: Turn | None = None, around: Surroundings | None = None) -> SafeString:
    """A message as the websocket would send it; without ``around`` as somebody sees it who cannot act on it."""
    return mark_safe(message_html(message, turn=turn, around=around))  # noqa: S308  # a template made it, and escaped what is in it


LOOKS = {"theme": Preferences.Theme, "text_size": Preferences.TextSize, "send_key": Preferences.SendKey}


@register.simple_tag(takes_context=True)
def look(context: template.Context, name: str) -> str:
    """What the visitor's cookie says of ``theme``, ``text_size`` or ``send_key``.

    The first choice without one, and for error pages that have no request.
    """
    request = context.get("request")
    value = request.COOKIES.get(COOKIES[name], "") if isinstance(request, HttpRequest) else ""
    return value if value in LOOKS[name].values else str(LOOKS[name].values[0])


@register.simple_tag(takes_context=True)
def has_own_language(context: template.Context) -> bool:
    """Whether the visitor chose a language, rather than leaving it to the browser."""
    request = context.get("request")
    return isinstance(request, HttpRequest) and bool(request.COOKIES.get(COOKIES["language"]))


@register.simple_tag
def site_name() -> str:
    return str(settings.SITE_NAME)


@register.simple_tag
def sign_up_open() -> bool:
    return bool(settings.SIGN_UP_OPEN)
