"""The page for finding one's own messages; for htmx only its results."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from conversations.forms import SearchForm
from conversations.pages import sidebar
from conversations.search import Hits, messages_search_for_user, titles_search_for_user


@login_required
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """``?q=`` what, ``since`` and ``until`` days; ``at`` and ``number`` where a later page begins."""
    form = SearchForm(request.GET or None)
    is_valid = form.is_valid()
    hits, titles = Hits([]), []
    if is_valid:
        wanted = form.search()
        hits = messages_search_for_user(request.user, wanted)
        titles = [] if wanted.before else titles_search_for_user(request.user, wanted)
    context = {
        "form": form,
        "hits": hits.hits,
        "titles": titles,
        "next_url": _next_url(form, hits) if hits.next else "",
        "is_first_page": not is_valid or form.search().before is None,
        "is_asked": is_valid and bool(form.search().terms),
    }
    if getattr(request, "htmx", False):
        return render(request, "conversations/_search_results.html", context)
    return render(
        request,
        "conversations/search.html",
        {**sidebar(request), **context},
        status=200 if is_valid or not form.is_bound else 400,
    )


def _next_url(form: SearchForm, hits: Hits) -> str:
    assert hits.next is not None
    moment, number = hits.next
    kept = {name: form.data.get(name, "") for name in ("q", "since", "until")}
    return f"{reverse('conversations:search')}?{urlencode({**kept, 'at': moment.isoformat(), 'number': number})}"
