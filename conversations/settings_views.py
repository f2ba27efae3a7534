"""The pages of a person's settings."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from conversations import preferences
from conversations.forms import LooksForm, WishesForm
from conversations.pages import person
from conversations.services import ConversationFault


@login_required
@require_safe
def settings_page(request: HttpRequest) -> HttpResponse:
    return render(request, "conversations/settings.html")


@require_POST
def looks_set(request: HttpRequest) -> HttpResponse:
    """Any of theme, language, text size and send key: for this browser, and for the account of whoever has one."""
    form = LooksForm(request.POST)
    if not form.is_valid():
        raise BadRequest("; ".join(f"{name} is none of those offered" for name in form.errors))
    looks = {name: form.cleaned_data[name] for name in form.fields if name in request.POST}
    preferences.looks_set(request.user, looks)
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = reverse("conversations:home")
    response = HttpResponseRedirect(target)
    preferences.cookies_set(response, looks)
    return response


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def wishes(request: HttpRequest) -> HttpResponse:
    """Own instructions and sampling."""
    own = preferences.preferences_get(person(request))
    names = ("instructions", "temperature", "top_p", "max_new_tokens")
    form = WishesForm(request.POST or None, initial={name: getattr(own, name) for name in names})
    refusal = ""
    if request.method == "POST" and form.is_valid():
        try:
            preferences.model_wishes_set(user=person(request), **form.cleaned_data)
        except ConversationFault as fault:
            refusal = str(fault)
        else:
            messages.success(request, _("Saved. It counts from the next reply on."))
            return redirect("conversations:wishes")
    context = {
        "form": form,
        "refusal": refusal,
        "is_blocked": bool(own.instructions and own.instructions_policy and not own.is_instructions_allowed),
    }
    return render(request, "conversations/wishes.html", context, status=422 if refusal or form.errors else 200)
