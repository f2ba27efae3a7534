"""What a page asks for about one message: its source, and what the person thinks of it."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from conversations import ratings, selectors
from conversations.forms import RatingForm
from conversations.models import Message
from conversations.wording import message_notice
from moderation.appeals import MAX_CHARS, AppealFault, appeal_make, review_of_person, told_last
from moderation.notices import label_name


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


@login_required
@require_http_methods(["GET", "POST"])
def message_why(request: HttpRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """What was withheld, by which kinds and policy version; an appeal against it, and what came of it."""
    message = _message(request, conversation_id, message_id)
    review = review_of_person(subject_id=message.pk, user=request.user)
    if review is None:
        raise Http404(_("There is no such message."))
    text, fault = request.POST.get("text", ""), ""
    can_appeal = message.state != Message.State.SHOWN
    if request.method == "POST" and isinstance(request.user, AbstractBaseUser):
        try:
            if not can_appeal:  # flagged only, and shown: no place in the queue before others for it
                raise AppealFault(_("There is nothing here that you could appeal against."))
            appeal_make(subject_id=message.pk, user=request.user, text=text)
        except AppealFault as refused:
            fault = str(refused)
        else:
            return redirect("conversations:message_why", conversation_id, message_id)
    context = {
        "message": message,
        "notice": message_notice(message),
        "kinds": [label_name(label) for label in review.labels],
        "review": review,
        "appeal": getattr(review, "appeal", None),
        "can_appeal": can_appeal,
        "told": told_last(review),
        "text": text,
        "fault": fault,
        "max_chars": MAX_CHARS,
    }
    return render(request, "conversations/why.html", context, status=400 if fault else 200)
