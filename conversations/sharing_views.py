"""Taking a conversation along, and letting others read it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from conversations import exporting, selectors, sharing
from conversations.forms import ShareForm
from conversations.models import Conversation, Message, Share
from conversations.pages import conversation_of, person
from conversations.rates import rate_wait
from conversations.rendering import markdown_blocks
from conversations.services import ConversationFault
from conversations.strings import browser_strings

SHARED_RATE = "60/minute"
"""Looks at shared conversations from one address, those at links that are none included."""


@login_required
@require_safe
def conversation_export(request: HttpRequest, conversation_id: UUID, form: str) -> HttpResponse:
    """``form``: ``markdown`` or ``json``."""
    conversation = conversation_of(request, conversation_id)
    if form == "markdown":
        body, kind, ending = exporting.conversation_markdown(conversation), "text/markdown", "md"
    elif form == "json":
        body, kind, ending = exporting.conversation_json(conversation), "application/json", "json"
    else:
        raise Http404
    response = HttpResponse(body, content_type=f"{kind}; charset=utf-8")
    name = exporting.export_name(conversation, ending)
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


@login_required
@require_safe
def conversation_print(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    conversation = conversation_of(request, conversation_id)
    return render(
        request,
        "conversations/print.html",
        _reading(conversation, selectors.messages_on_branch(conversation, limit=None)),
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def conversation_share(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The conversation's links and files, and a form for one more link."""
    conversation = conversation_of(request, conversation_id)
    form = ShareForm(request.POST or None)
    refusal = ""
    if request.method == "POST" and form.is_valid():
        try:
            sharing.share_create(user=person(request), conversation=conversation, days=form.days())
        except ConversationFault as fault:
            refusal = str(fault)
        else:
            messages.success(request, _("The link is there. Copy it and send it to whom you like."))
            return redirect("conversations:share", conversation.pk)
    rows = selectors.shares_for_user(request.user).filter(conversation=conversation)
    context = {"conversation": conversation, "form": form, "refusal": refusal, "shares": _with_links(request, rows)}
    return render(request, "conversations/share.html", context, status=422 if refusal else 200)


@login_required
@require_safe
def shares(request: HttpRequest) -> HttpResponse:
    """All links of the person."""
    rows = _with_links(request, selectors.shares_for_user(request.user))
    return render(request, "conversations/shares.html", {"shares": rows})


@login_required
@require_POST
def share_revoke(request: HttpRequest, share_id: int) -> HttpResponse:
    if not sharing.share_revoke(user=person(request), share_id=share_id):
        raise Http404
    messages.success(request, _("The link opens nothing any more."))
    return redirect("conversations:shares")


@require_safe
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """For anybody who has the link; says nothing of who shares it."""
    wait = rate_wait(SHARED_RATE, "shared", str(request.META.get("REMOTE_ADDR", "")))
    if wait:
        response = render(request, "conversations/shared_wait.html", {"seconds": wait}, status=429)
        response["Retry-After"] = str(wait)
        return _unlisted(response)
    try:
        share = selectors.share_get(token)
    except Share.DoesNotExist:
        raise Http404 from None
    branch = selectors.messages_on_branch(share.conversation, limit=None, leaf_id=share.leaf_id)
    return _unlisted(render(request, "conversations/shared.html", _reading(share.conversation, branch)))


def _unlisted(response: HttpResponse) -> HttpResponse:
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response


def _with_links(request: HttpRequest, rows: Any) -> list[tuple[Share, str]]:
    return [(row, request.build_absolute_uri(reverse("conversations:shared", args=[row.token]))) for row in rows]


def _reading(conversation: Conversation, branch: list[Message]) -> dict[str, Any]:
    """What a page to read needs: text that is visible now, and where some is missing, no reason why."""
    rows = []
    for message in branch:
        text = exporting.visible_text(message)
        is_user = message.role == Message.Role.USER
        rows.append(
            {
                "is_user": is_user,
                "text": text,
                "blocks": [] if is_user else markdown_blocks(text),
                "is_missing": message.state != Message.State.SHOWN,
            }
        )
    return {"conversation": conversation, "rows": rows, "config": {"strings": browser_strings()}}
