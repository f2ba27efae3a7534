"""The page of all conversations, and what can be done with many of them at once."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from conversations import organising, selectors
from conversations.forms import ChangeForm
from conversations.pages import conversation_of, person, sidebar
from conversations.services import ConversationFault

ALL_PAGE = 50


@login_required
@require_safe
def conversations_all(request: HttpRequest) -> HttpResponse:
    """``?show=archived`` those put away; ``?tag=`` those with a tag of one's own; ``?page=``."""
    tag, is_archive = request.GET.get("tag", "").replace("\x00", ""), request.GET.get("show") == "archived"
    rows = selectors.conversations_for_user(request.user).prefetch_related("tags")
    rows = rows.filter(archived_at__isnull=not is_archive)
    if tag:
        rows = rows.filter(tags__name=tag, tags__owner_id=person(request).pk)
    page = Paginator(rows, ALL_PAGE).get_page(request.GET.get("page"))
    kept = {name: value for name, value in (("tag", tag), ("show", "archived" if is_archive else "")) if value}
    context = {
        "page": page,
        "tags": selectors.tags_for_user(request.user),
        "tag": tag,
        "is_archive": is_archive,
        "kept_query": f"&{urlencode(kept)}" if kept else "",
        "deleted": selectors.conversations_deleted_for_user(request.user).count(),
    }
    return render(request, "conversations/all.html", {**sidebar(request), **context})


@login_required
@require_POST
def conversations_change(request: HttpRequest) -> HttpResponse:
    """``action`` for the conversations ``ids``; back to ``next``."""
    form = ChangeForm(request.POST)
    if not form.is_valid():
        raise BadRequest("action and ids must be those of the page's form")
    action = cast(organising.Action, form.cleaned_data["action"])
    ids = form.cleaned_data["ids"]
    count = organising.conversations_change(user=person(request), ids=ids, action=action)
    if not ids:
        messages.warning(request, _("Choose conversations first."))
    elif action in ("archive", "unarchive"):
        messages.success(request, _archived_sentence(action, count))
    return _back(request)


def _archived_sentence(action: str, count: int) -> str:
    if action == "archive":
        sentence = ngettext(
            "%(count)s conversation is in the archive now.", "%(count)s conversations are in the archive now.", count
        )
    else:
        sentence = ngettext(
            "%(count)s conversation is in the list again.", "%(count)s conversations are in the list again.", count
        )
    return sentence % {"count": count}


@login_required
@require_POST
def conversations_restore(request: HttpRequest) -> HttpResponse:
    """Undo the last deletion."""
    count = organising.conversations_restore(user=person(request))
    if count:
        sentence = ngettext("%(count)s conversation is back.", "%(count)s conversations are back.", count)
        messages.success(request, sentence % {"count": count})
    else:
        messages.warning(request, _("It was too late: they have been removed."))
    return _back(request)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def conversation_tags(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    conversation = conversation_of(request, conversation_id)
    names, refusal = ", ".join(conversation.tags.values_list("name", flat=True)), ""
    if request.method == "POST":
        names = str(request.POST.get("names", ""))
        try:
            organising.conversation_tag(conversation=conversation, names=names)
        except ConversationFault as fault:
            refusal = str(fault)
        else:
            return redirect("conversations:detail", conversation.pk)
    context = {
        "conversation": conversation,
        "names": names,
        "refusal": refusal,
        "known": selectors.tags_for_user(request.user),
    }
    return render(request, "conversations/tags.html", context, status=422 if refusal else 200)


def _back(request: HttpRequest) -> HttpResponse:
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = reverse("conversations:home")
    return HttpResponseRedirect(target)
