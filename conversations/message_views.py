"""What a page asks for about one message: its source, and what the person thinks of it."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from conversations import ratings, selectors
from conversations.forms import RatingForm
from conversations.models import Message


def _message(request: HttpRequest, conversation_id: UUID, message_id: UUID) -> Message:
    try:
        return selectors.message_get_for_user(request.user, conversation_id, message_id)
    except Message.DoesNotExist:
        raise Http404(_("There is no such message.")) from None


@login_required
@require_GET
def message_text(request: HttpRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """A message as it was written, Markdown signs and all, for the clipboard."""
    message = _message(request, conversation_id, message_id)
    if message.state in Message.EMPTY:
        raise Http404(_("There is no such message."))
    return HttpResponse(message.text, content_type="text/plain; charset=utf-8")


@login_required
@require_POST
def message_rate(request: HttpRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """Thumbs up or down with an optional reason; an empty ``value`` takes it back."""
    message = _message(request, conversation_id, message_id)
    form = RatingForm(request.POST)
    if not form.is_valid():
        raise BadRequest("value must be good, bad or empty; reason one of those known; comment not too long")
    value = form.cleaned_data["value"]
    try:
        ratings.message_rate(
            message=message,
            is_good=value == "good" if value else None,
            reason=form.cleaned_data["reason"],
            comment=form.cleaned_data["comment"],
        )
    except ratings.RatingFault as fault:
        raise BadRequest(str(fault)) from None
    return HttpResponse(status=204)
