"""The pages: who may see what, what a form does, what is kept when something is refused."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.conf import settings as site_settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from conversations import services
from conversations.models import Conversation, Message, Turn
from conversations.pages import SIDEBAR_PAGE
from conversations.views import EARLIER_PAGE

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

HTMX = {"hx-request": "true"}
PAGES = ("detail", "earlier", "rename", "delete")


@pytest.fixture
def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def other_browser(stranger: User) -> Client:
    client = Client()
    client.force_login(stranger)
    return client


def text_of(response: Response) -> str:
    return response.content.decode()


def start(signed_in: Client, text: str = "Hello", **fields: str) -> Response:
    return signed_in.post(reverse("conversations:start"), {"client_id": str(uuid4()), "text": text, **fields})


def exchanges(conversation: Conversation, count: int) -> list[Message]:
    """So many prompts with their replies, and the head at the last."""
    messages: list[Message] = []
    for number in range(count):
        for role in (Message.Role.USER, Message.Role.ASSISTANT):
            parent = messages[-1] if messages else None
            messages.append(
                Message.objects.create(conversation=conversation, parent=parent, role=role, text=f"{role} {number}.")
            )
    conversation.head = messages[-1]
    conversation.save()
    return messages


# --- who may see what --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*PAGES, "send"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_finds_nothing(other_browser: Client, conversation: Conversation, name: str, method: str) -> None:
    exchanges(conversation, 1)
    response = getattr(other_browser, method)(reverse(f"conversations:{name}", args=[conversation.pk]), {"title": "x"})
    assert response.status_code in {404, 405}
    conversation.refresh_from_db()
    assert conversation.title == ""


@pytest.mark.parametrize("name", ["home", "list", "settings"])
def test_pages_ask_who_is_there(db: None, name: str) -> None:
    response = Client().get(reverse(f"conversations:{name}"))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("name", PAGES)
def test_a_conversation_asks_who_is_there(conversation: Conversation, name: str) -> None:
    response = Client().get(reverse(f"conversations:{name}", args=[conversation.pk]))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))


def test_the_list_holds_only_own_conversations(signed_in: Client, conversation: Conversation, stranger: User) -> None:
    other = Conversation.objects.create(owner=stranger, title="Somebody else's")
    page = text_of(signed_in.get(reverse("conversations:home")))
    assert str(conversation.pk) in page
    assert str(other.pk) not in page


def test_forms_need_their_token(user: User, conversation: Conversation) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    response = client.post(reverse("conversations:delete", args=[conversation.pk]))
    assert response.status_code == 403
    assert "This form is out of date" in text_of(response)
    assert Conversation.objects.filter(pk=conversation.pk).exists()


# --- a new conversation -----------------------------------------------------------------------------------------


def test_the_first_prompt_makes_a_conversation(signed_in: Client, user: User, queued: list[str]) -> None:
    response = start(signed_in, "Hello\r\nthere")
    conversation = Conversation.objects.get(owner=user)
    assert response.status_code == 302
    assert response["Location"] == reverse("conversations:detail", args=[conversation.pk])
    turn = conversation.turns.get()
    assert turn.prompt.text == "Hello\nthere"
    assert queued == [str(turn.pk)]


def test_the_same_form_twice_makes_one_conversation(signed_in: Client, user: User) -> None:
    client_id = str(uuid4())
    first = start(signed_in, client_id=client_id)
    second = start(signed_in, client_id=client_id)
    assert first["Location"] == second["Location"]
    assert Turn.objects.count() == 1


def test_a_suggestion_is_a_prompt(signed_in: Client) -> None:
    start(signed_in, "", suggestion="Who are you?")
    assert Turn.objects.get().prompt.text == "Who are you?"


def test_a_refused_prompt_keeps_its_text(signed_in: Client, settings: Settings) -> None:
    settings.MAX_PROMPT_CHARS = 10
    response = start(signed_in, "This is <too> long")
    assert response.status_code == 422
    page = text_of(response)
    assert "at most 10 are possible" in page
    assert "This is &lt;too&gt; long</textarea>" in page
    assert not Conversation.objects.exists()


def test_a_full_queue_says_when_to_come_back(signed_in: Client, settings: Settings) -> None:
    settings.MAX_QUEUED_TURNS = 0
    response = start(signed_in, "Keep me")
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    assert "Keep me</textarea>" in text_of(response)


def test_a_damaged_form_keeps_the_text_and_gets_a_new_id(signed_in: Client) -> None:
    response = start(signed_in, "Keep me", client_id="nonsense")
    page = text_of(response)
    assert response.status_code == 400
    assert "Keep me</textarea>" in page
    assert "nonsense" not in page


@pytest.mark.parametrize("is_shipped", [True, False])
def test_only_the_shipped_model_is_excused(signed_in: Client, settings: Settings, is_shipped: bool) -> None:
    if not is_shipped:
        settings.CHAT_MODEL = "somebody/a-real-model"
    page = text_of(signed_in.get(reverse("conversations:home")))
    assert ("small demonstration model" in page) == is_shipped


# --- a conversation ----------------------------------------------------------------------------------------------


def test_a_conversation_shows_its_messages_in_order(signed_in: Client, conversation: Conversation) -> None:
    messages = exchanges(conversation, 3)
    page = text_of(signed_in.get(reverse("conversations:detail", args=[conversation.pk])))
    assert re.findall(r'data-message-id="([^"]+)"', page) == [str(message.pk) for message in messages]
    assert page.count('class="earlier"') == 1  # the template from which the page makes the button


def test_earlier_messages_come_page_by_page(signed_in: Client, conversation: Conversation) -> None:
    messages = exchanges(conversation, 60)
    page = text_of(signed_in.get(reverse("conversations:detail", args=[conversation.pk])))
    shown = re.findall(r'data-message-id="([^"]+)"', page)
    assert page.count('class="earlier"') == 2
    page = page.partition("<template")[0]
    while 'class="earlier"' in page:
        page = text_of(signed_in.get(reverse("conversations:earlier", args=[conversation.pk]), {"before": shown[0]}))
        piece = re.findall(r'data-message-id="([^"]+)"', page)
        assert 0 < len(piece) <= EARLIER_PAGE
        shown = piece + shown
    assert shown == [str(message.pk) for message in messages]


@pytest.mark.parametrize("before", ["", "nonsense"])
def test_a_bad_place_to_read_from_is_a_bad_request(signed_in: Client, conversation: Conversation, before: str) -> None:
    response = signed_in.get(reverse("conversations:earlier", args=[conversation.pk]), {"before": before})
    assert response.status_code == 400


def test_a_prompt_can_be_sent_without_a_socket(signed_in: Client, conversation: Conversation) -> None:
    address = reverse("conversations:send", args=[conversation.pk])
    response = signed_in.post(address, {"client_id": str(uuid4()), "text": "Hello"})
    assert response.status_code == 302
    assert conversation.turns.get().prompt.text == "Hello"
    response = signed_in.post(address, {"client_id": str(uuid4()), "text": "And now?"})
    assert response.status_code == 429
    assert "And now?</textarea>" in text_of(response)


@pytest.mark.parametrize("count", [1, 20])
def test_the_number_of_queries_does_not_grow(signed_in: Client, user: User, count: int) -> None:
    conversation = Conversation.objects.create(owner=user)
    messages = exchanges(conversation, count)
    for prompt, reply in zip(messages[::2], messages[1::2], strict=True):
        Turn.objects.create(
            conversation=conversation, client_id=uuid4(), prompt=prompt, reply_id=reply.pk, status=Turn.Status.DONE
        )
    for number in range(count):
        Conversation.objects.create(owner=user, title=str(number))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        signed_in.get(reverse("conversations:detail", args=[conversation.pk]))
    # session, person, conversation, its tree, its messages, their turns, ratings and versions, the list, what is pinned
    assert len(queries) == 10, [query["sql"] for query in queries]
    with CaptureQueriesContext(connection) as queries:
        signed_in.get(reverse("conversations:home"))
    # session, person, the list, what is pinned, what was deleted
    assert len(queries) == 5, [query["sql"] for query in queries]


# --- the list ---------------------------------------------------------------------------------------------------


def test_the_list_is_paged_newest_first(signed_in: Client, user: User) -> None:
    now = timezone.now()
    for number in range(2 * SIDEBAR_PAGE + 5):
        row = Conversation.objects.create(owner=user, title=f"title {number}")
        # Each pair shares its moment, also the pair that the end of a page parts: there the id must decide.
        Conversation.objects.filter(pk=row.pk).update(active_at=now - timedelta(minutes=(number + 1) // 2))
    expected = [str(row.pk) for row in Conversation.objects.order_by("-active_at", "-id")]
    page = text_of(signed_in.get(reverse("conversations:home")))
    shown = re.findall(r'data-conversation="([^"]+)"', page)
    assert len(shown) == SIDEBAR_PAGE
    while (more := re.search(r'hx-get="([^"]+)"', page)) is not None:
        page = text_of(signed_in.get(more[1].replace("&amp;", "&"), headers=HTMX))
        shown += re.findall(r'data-conversation="([^"]+)"', page)
    assert shown == expected


@pytest.mark.parametrize(
    "query", [{}, {"at": "yesterday", "id": str(uuid4())}, {"at": "2026-01-01T00:00:00", "id": str(uuid4())}]
)
def test_a_bad_page_of_the_list_is_a_bad_request(signed_in: Client, query: dict[str, str]) -> None:
    assert signed_in.get(reverse("conversations:list"), query).status_code == 400


# --- rename and delete -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_rename(signed_in: Client, conversation: Conversation, headers: dict[str, str]) -> None:
    address = reverse("conversations:rename", args=[conversation.pk])
    form = text_of(signed_in.get(address, headers=headers))
    assert 'name="title"' in form
    assert ("<html" in form) == (not headers)
    response = signed_in.post(address, {"title": "  Trains  of  thought "}, headers=headers)
    conversation.refresh_from_db()
    assert conversation.title == "Trains of thought"
    assert conversation.is_title_custom
    if headers:
        assert "Trains of thought" in text_of(response)
    else:
        assert response["Location"] == reverse("conversations:detail", args=[conversation.pk])


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_refused_name_stays_in_the_form(
    signed_in: Client, conversation: Conversation, headers: dict[str, str]
) -> None:
    title = "x" * (services.TITLE_MAX_CHARS + 1)
    response = signed_in.post(
        reverse("conversations:rename", args=[conversation.pk]), {"title": title}, headers=headers
    )
    page = text_of(response)
    assert response.status_code == (200 if headers else 422)
    assert title in page
    assert 'aria-invalid="true"' in page
    conversation.refresh_from_db()
    assert conversation.title == ""


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_name_that_no_database_stores_is_refused(
    signed_in: Client, conversation: Conversation, headers: dict[str, str]
) -> None:
    address = reverse("conversations:rename", args=[conversation.pk])
    response = signed_in.post(address, {"title": "Trains\0"}, headers=headers)
    assert response.status_code == (200 if headers else 422)
    assert "cannot be stored" in text_of(response)
    conversation.refresh_from_db()
    assert conversation.title == ""


def test_the_site_has_the_name_that_it_was_given(signed_in: Client, settings: Settings) -> None:
    settings.SITE_NAME = "Harbour & Sons"
    page = text_of(signed_in.get(reverse("conversations:home")))
    assert "<span>Harbour &amp; Sons</span>" in page
    assert "Chatsite" not in page


def test_cancelling_a_rename_brings_the_title_back(signed_in: Client, conversation: Conversation) -> None:
    page = text_of(signed_in.get(reverse("conversations:rename", args=[conversation.pk]) + "?cancel", headers=HTMX))
    assert "<h1" in page
    assert "<form" not in page


def test_delete_asks_first(signed_in: Client, conversation: Conversation) -> None:
    address = reverse("conversations:delete", args=[conversation.pk])
    assert "Delete this conversation?" in text_of(signed_in.get(address))
    assert Conversation.objects.filter(pk=conversation.pk).exists()
    response = signed_in.post(address)
    assert response["Location"] == reverse("conversations:home")
    assert signed_in.get(address).status_code == 404


# --- theme, language, accounts -----------------------------------------------------------------------------------


def test_the_first_paint_has_the_theme(db: None) -> None:
    client = Client()
    login = reverse("account_login")
    assert 'data-theme="system"' in text_of(client.get(login))
    response = client.post(reverse("conversations:looks"), {"theme": "dark", "next": login})
    assert response["Location"] == login
    assert 'data-theme="dark"' in text_of(client.get(login))
    client.cookies["theme"] = '"><script>'
    assert 'data-theme="system"' in text_of(client.get(login))


def test_a_theme_must_be_one(db: None) -> None:
    assert Client().post(reverse("conversations:looks"), {"theme": "pink"}).status_code == 400


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_a_theme_leads_nowhere_else(db: None, target: str) -> None:
    response = Client().post(reverse("conversations:looks"), {"theme": "dark", "next": target})
    assert response["Location"] == reverse("conversations:home")


@pytest.mark.parametrize(("accepted", "language"), [("zh-CN,zh;q=0.9", "zh-hans"), ("en", "en"), ("xx", "en")])
def test_the_browser_chooses_the_language(db: None, accepted: str, language: str) -> None:
    page = text_of(Client(headers={"accept-language": accepted}).get(reverse("account_login")))
    assert f'<html lang="{language}"' in page


def test_the_picker_overrules_the_browser(db: None) -> None:
    client = Client(headers={"accept-language": "en"})
    client.post(reverse("conversations:looks"), {"language": "zh-hans", "next": reverse("account_login")})
    assert "欢迎回来" in text_of(client.get(reverse("account_login")))


@pytest.mark.parametrize("is_open", [True, False])
def test_signing_up_can_be_closed(db: None, settings: Settings, is_open: bool) -> None:
    settings.SIGN_UP_OPEN = is_open
    fields = {"username": "zoe", "email": "zoe@example.org", "password1": "walnut-tree-9", "password2": "walnut-tree-9"}
    Client().post(reverse("account_signup"), fields)
    assert User.objects.filter(username="zoe").exists() == is_open
    assert ("Create an account" in text_of(Client().get(reverse("account_login")))) == is_open


# --- every page -------------------------------------------------------------------------------------------------

INLINE = re.compile(
    r"<script(?![^>]*(?:\ssrc=|type=\"application/json\"))|<style|\sstyle=|\son[a-z]+=|javascript:", re.I
)
ACCOUNT_PAGES = ("account_login", "account_signup", "account_reset_password", "account_reset_password_done")
OWN_PAGES = (
    "mfa_index",
    "usersessions_list",
    "conversations:account_delete",
    "conversations:shares",
    "account_change_password",
    "account_email",
    "account_logout",
    "account_reauthenticate",
)


def check_page(response: Response, status: int = 200) -> None:
    page = text_of(response)
    assert response.status_code == status
    assert INLINE.findall(page) == []
    for address in re.findall(r'\s(?:src|href|action)="([^"]*)"', page):
        assert address.startswith(("/", "#")) and not address.startswith("//"), address
    assert page.count("<h1") == 1
    assert 'class="skip-link"' in page and 'id="main"' in page
    policy = response["Content-Security-Policy"]
    assert "script-src 'self'" in policy and "style-src 'self'" in policy and "default-src 'none'" in policy
    assert "unsafe" not in policy
    # No template of allauth's own got through: its menu says so.
    assert "Menu:" not in page


@pytest.mark.parametrize("name", ACCOUNT_PAGES)
def test_pages_before_signing_in(db: None, name: str) -> None:
    check_page(Client().get(reverse(name)))


@pytest.mark.parametrize("name", OWN_PAGES)
def test_account_pages(signed_in: Client, name: str) -> None:
    check_page(signed_in.get(reverse(name)))


@pytest.mark.parametrize("name", ["home", "settings", "wishes"])
def test_own_pages(signed_in: Client, name: str) -> None:
    check_page(signed_in.get(reverse(f"conversations:{name}")))


@pytest.mark.parametrize("name", ["detail", "rename", "delete"])
def test_conversation_pages(signed_in: Client, conversation: Conversation, name: str) -> None:
    exchanges(conversation, 2)
    check_page(signed_in.get(reverse(f"conversations:{name}", args=[conversation.pk])))


def test_error_pages(signed_in: Client) -> None:
    check_page(signed_in.get("/nowhere/"), 404)
    check_page(signed_in.get(reverse("conversations:list")), 400)


def test_the_page_for_our_own_faults(signed_in: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("as the test wants")

    monkeypatch.setattr("conversations.selectors.conversations_for_user", fail)
    signed_in.raise_request_exception = False
    check_page(signed_in.get(reverse("conversations:home")), 500)


def test_hostile_text_stays_text(signed_in: Client, conversation: Conversation, user: User) -> None:
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    exchanges(conversation, 1)
    Message.objects.update(text=hostile)
    Conversation.objects.update(title=hostile)
    page = text_of(signed_in.get(reverse("conversations:detail", args=[conversation.pk])))
    assert "<script>alert" not in page
    assert "<img" not in page


def test_the_words_for_the_browser_are_data(signed_in: Client, conversation: Conversation) -> None:
    page = text_of(signed_in.get(reverse("conversations:detail", args=[conversation.pk])))
    assert '<script id="chat-config" type="application/json">' in page
    assert str(site_settings.MAX_PROMPT_CHARS) in page


def test_closed_sign_up_says_so(db: None, settings: Settings) -> None:
    settings.SIGN_UP_OPEN = False
    check_page(Client().get(reverse("account_signup")))


def test_a_forgotten_password_is_set_anew(signed_in: Client, user: User, mailoutbox: list[EmailMessage]) -> None:
    signed_in.logout()
    response = signed_in.post(reverse("account_reset_password"), {"email": user.email}, follow=True)
    check_page(response)
    link = re.search(r"http://[^/]+(/accounts/password/reset/key/\S+)", str(mailoutbox[0].body))
    assert link is not None
    response = signed_in.get(link[1], follow=True)
    check_page(response)
    secret = "new-walnut-tree-9"
    response = signed_in.post(response.wsgi_request.path, {"password1": secret, "password2": secret}, follow=True)
    check_page(response)
    assert Client().login(username=user.username, password=secret)
