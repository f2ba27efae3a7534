"""Pages for people. Reads through selectors, writes through services; everything that streams is in `consumers`."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from conversations import organising, selectors, services
from conversations.forms import PromptForm, TitleForm
from conversations.masking import unmask_for_owner
from conversations.models import Conversation, Message, Rating
from conversations.pages import conversation_of, person, sidebar
from conversations.strings import browser_strings
from conversations.surroundings import Surroundings, surroundings_of

EARLIER_PAGE = 30
FOUND_CONTEXT = 6


def _suggestions() -> list[str]:
    """Things to ask that even the small demonstration model can do; its tests ask them."""
    return [
        _("Who are you?"),
        _("What is the capital of France?"),
        _("How do you say cat in Chinese?"),
        _("Tell me a story about a fox"),
        "你是谁？",
    ]


def _is_shipped_model() -> bool:
    return bool(settings.CHAT_MODEL == settings.SHIPPED_CHAT_MODEL)


def _refusal_status(refused: services.TurnRefused) -> int:
    return 429 if refused.retry_after else 422


def _home(request: HttpRequest, form: PromptForm, *, refusal: str = "", status: int = 200) -> HttpResponse:
    return render(
        request,
        "conversations/home.html",
        {
            **sidebar(request),
            "deleted": selectors.conversations_deleted_for_user(request.user).count(),
            "form": form,
            "refusal": refusal,
            "suggestions": _suggestions(),
            "is_shipped_model": _is_shipped_model(),
            "max_chars": settings.MAX_PROMPT_CHARS,
            "config": {"maxChars": settings.MAX_PROMPT_CHARS, "strings": browser_strings()},
        },
        status=status,
    )


@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """An empty conversation, not stored until its first prompt is sent."""
    return _home(request, PromptForm())


@login_required
@require_POST
def conversation_start(request: HttpRequest) -> HttpResponse:
    """The first prompt, as a plain form. Refused: the page again, with the text kept and what to do."""
    form = PromptForm(request.POST)
    if not form.is_valid():
        # A bad client_id can only come from a broken or foreign client; the person's text is still worth keeping.
        text = str(request.POST.get("text", ""))
        fresh = PromptForm(initial={"client_id": uuid4(), "text": text})
        return _home(request, fresh, refusal=_("The form was damaged. Send it again."), status=400)
    try:
        conversation = services.conversation_start(
            user=person(request), client_id=form.cleaned_data["client_id"], text=form.prompt()
        )
    except services.TurnRefused as refused:
        response = _home(request, form, refusal=str(refused), status=_refusal_status(refused))
        if refused.retry_after:
            response["Retry-After"] = str(refused.retry_after)
        return response
    return redirect("conversations:detail", conversation.pk)


def _with_surroundings(messages: list[Message]) -> list[tuple[Message, Surroundings]]:
    around = surroundings_of(messages)
    return [(message, around[message.pk]) for message in messages]


def _has_earlier(messages: list[Message]) -> bool:
    """Whether there are messages before these."""
    return bool(messages) and messages[0].parent_id is not None


def _found(request: HttpRequest, conversation: Conversation) -> Message | None:
    """The message that ``?at=`` names, once its branch is shown: where a search result leads to."""
    try:
        ids = [UUID(request.GET["at"])]
    except (KeyError, ValueError):
        return None
    for message in selectors.messages_for_user(request.user, conversation.pk, ids):
        if services.branch_show(conversation=conversation, message=message):
            return message
    return None


def _limit_with(conversation: Conversation, message: Message | None) -> int:
    """So many of the newest messages that the page has this one, and some before it."""
    if message is None:
        return selectors.BRANCH_LIMIT
    ids = selectors.branch_ids(conversation)
    return max(selectors.BRANCH_LIMIT, len(ids) - ids.index(message.pk) + FOUND_CONTEXT)


def _detail(
    request: HttpRequest, conversation: Conversation, form: PromptForm, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    found = _found(request, conversation)
    messages = selectors.messages_on_branch(conversation, limit=_limit_with(conversation, found))
    unmask_for_owner(request.user, messages)
    return render(
        request,
        "conversations/detail.html",
        {
            **sidebar(request),
            "conversation": conversation,
            "form": form,
            "refusal": refusal,
            "rows": _with_surroundings(messages),
            "has_earlier": _has_earlier(messages),
            "found": found,
            "rating_reasons": Rating.Reason.choices,
            "comment_max": Rating.COMMENT_CHARS,
            "config": {
                "conversationId": str(conversation.pk),
                "socketPath": f"/ws/conversations/{conversation.pk}/",
                "loginUrl": f"{reverse('account_login')}?{urlencode({'next': request.path})}",
                "homeUrl": reverse("conversations:home"),
                "maxChars": settings.MAX_PROMPT_CHARS,
                "strings": browser_strings(),
            },
        },
        status=status,
    )


@login_required
@require_safe
def conversation_detail(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """A conversation as the database has it now; the browser's code then follows it over the websocket."""
    return _detail(request, conversation_of(request, conversation_id), PromptForm())


@login_required
@require_POST
def prompt_send(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The next prompt as a plain form, for a browser without JavaScript."""
    conversation = conversation_of(request, conversation_id)
    form = PromptForm(request.POST)
    if not form.is_valid():
        raise BadRequest("the form is damaged")
    try:
        services.turn_start(
            user=person(request),
            conversation=conversation,
            client_id=form.cleaned_data["client_id"],
            text=form.prompt(),
        )
    except services.TurnRefused as refused:
        return _detail(request, conversation, form, refusal=str(refused), status=_refusal_status(refused))
    return redirect("conversations:detail", conversation.pk)


@login_required
@require_GET
def conversation_earlier(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The messages before ``?before=<message id>``, for "load earlier"."""
    conversation = conversation_of(request, conversation_id)
    try:
        before = UUID(request.GET.get("before", ""))
    except ValueError:
        raise BadRequest("before must be the id of a message") from None
    messages = selectors.messages_on_branch(conversation, limit=EARLIER_PAGE, before=before)
    unmask_for_owner(request.user, messages)
    return render(
        request,
        "conversations/_earlier.html",
        {"rows": _with_surroundings(messages), "has_earlier": _has_earlier(messages)},
    )


@login_required
@require_GET
def conversation_list(request: HttpRequest) -> HttpResponse:
    """The next page of the sidebar's list, after the conversation that ``at`` and ``id`` name."""
    try:
        at = datetime.fromisoformat(request.GET.get("at", ""))
        if at.tzinfo is None:
            raise ValueError
        after = at.astimezone(UTC), UUID(request.GET.get("id", ""))
    except (ValueError, OverflowError):
        raise BadRequest("at and id must be those of the last conversation shown") from None
    return render(request, "conversations/_conversation_list.html", sidebar(request, after))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def conversation_rename(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The title's form: in place for htmx, a page of its own without it."""
    conversation = conversation_of(request, conversation_id)
    is_partial = bool(getattr(request, "htmx", False))
    refusal = ""
    title = conversation.title
    if request.method == "POST":
        form = TitleForm(request.POST)
        title = str(form.data.get("title", ""))  # as it was typed, to be shown again when it is refused
        try:
            if not form.is_valid():
                raise services.ConversationFault(" ".join(map(str, form.errors["title"])))
            services.conversation_rename(conversation=conversation, title=form.cleaned_data["title"])
        except services.ConversationFault as fault:
            refusal = str(fault)
        else:
            if is_partial:
                return render(request, "conversations/_title.html", {"conversation": conversation, "has_focus": True})
            return redirect("conversations:detail", conversation.pk)
    elif is_partial and "cancel" in request.GET:
        return render(request, "conversations/_title.html", {"conversation": conversation, "has_focus": True})
    template = "conversations/_title_form.html" if is_partial else "conversations/rename.html"
    context = {"conversation": conversation, "title": title, "refusal": refusal, "title_max": services.TITLE_MAX_CHARS}
    # htmx ignores the body of an error by default, so a refused title comes with 200 there.
    return render(request, template, context, status=422 if refusal and not is_partial else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def conversation_delete(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Asks, then deletes. The page's own dialog posts here directly."""
    conversation = conversation_of(request, conversation_id)
    if request.method == "POST":
        organising.conversations_change(user=person(request), ids=[conversation.pk], action="delete")
        return redirect("conversations:home")
    return render(request, "conversations/delete.html", {"conversation": conversation})
