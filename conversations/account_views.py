"""Leaving: the page that deletes one's account."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from conversations import erasure
from conversations.rates import rate_wait

ERASURE_RATE = "5/5minute"
"""Passwords that one person may try here."""


@sensitive_post_parameters("password")
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def account_delete(request: HttpRequest) -> HttpResponse:
    """Says what will be gone and what stays, asks for the password, deletes."""
    user = request.user
    assert isinstance(user, AbstractUser)
    refusal, status = "", 200
    if request.method == "POST":
        try:
            if wait := rate_wait(ERASURE_RATE, "erasure", str(user.pk)):
                raise erasure.ErasureRefused(_("Too many tries. Try again in %(seconds)s seconds.") % {"seconds": wait})
            erasure.account_erase(user=user, password=str(request.POST.get("password", "")))
        except erasure.ErasureRefused as refused:
            refusal, status = str(refused), 422
        else:
            logout(request)
            messages.success(request, _("Your account and all that belonged to it has been deleted."))
            return redirect("account_login")
    return render(request, "conversations/account_delete.html", {"refusal": refusal}, status=status)
