"""Files to keep and links to share: what is in them, who may read them, and that withheld text never is."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone

from conversations import sharing_views
from conversations.models import Conversation, Message, Share
from conversations.organising import conversations_change
from tests.conversations.conftest import Ask, Decide
from tests.conversations.test_selectors import chain, message_add

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture(autouse=True)
def untouched_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    monkeypatch.setattr(sharing_views, "SHARED_RATE", "1000/minute")


def share(signed_in: Client, conversation: Conversation, lifetime: int = 0) -> str:
    """The address of a new link."""
    response = signed_in.post(reverse("conversations:share", args=[conversation.pk]), {"lifetime": lifetime})
    assert response.status_code == 302
    conversation.refresh_from_db()
    return reverse("conversations:shared", args=[Share.objects.latest("pk").token])


def look(address: str) -> tuple[int, str]:
    response = Client().get(address)
    return response.status_code, response.content.decode()


# --- links -------------------------------------------------------------------------------------------------------


def test_anybody_with_the_link_reads_what_was_there_when_it_was_made(
    signed_in: Client, conversation: Conversation
) -> None:
    _, reply = chain(conversation, "What is <b>a mean</b>?", "It is **this**.")
    address = share(signed_in, conversation)
    message_add(conversation, "Written later", reply)
    response = Client().get(address)
    page = response.content.decode()
    assert "What is &lt;b&gt;a mean&lt;/b&gt;?" in page and "<strong>this</strong>" in page
    assert "Written later" not in page and "ada" not in page
    assert "noindex" in response["X-Robots-Tag"] and '<meta name="robots" content="noindex' in page
    assert response["Cache-Control"] == "no-store"


def test_what_is_withheld_later_leaves_the_link_the_files_and_the_print(
    signed_in: Client, conversation: Conversation, ask: Ask, ledger_policy: None, decide: Decide
) -> None:
    ask("Good day", "nougat DOUBTFUL")
    address = share(signed_in, conversation)
    assert "nougat" in look(address)[1]
    decide("reply", "upheld")
    files = [
        signed_in.get(reverse("conversations:export", args=[conversation.pk, form])).content.decode()
        for form in ("markdown", "json")
    ]
    printed = signed_in.get(reverse("conversations:print", args=[conversation.pk])).content.decode()
    for page in (look(address)[1], printed, *files):
        assert "nougat" not in page and "Good day" in page
    assert "Something was withheld here." in printed


def test_a_message_that_shows_no_text_has_none_whatever_its_row_holds(
    signed_in: Client, conversation: Conversation
) -> None:
    (first,) = chain(conversation, "seen")
    for state in Message.EMPTY:
        message_add(conversation, "must not be seen", first, state)
        address = share(signed_in, conversation)
        for page in (
            look(address)[1],
            signed_in.get(reverse("conversations:export", args=[conversation.pk, "json"])).content.decode(),
            signed_in.get(reverse("conversations:export", args=[conversation.pk, "markdown"])).content.decode(),
        ):
            assert "must not be seen" not in page and "seen" in page


def test_a_link_ends(signed_in: Client, conversation: Conversation, user: User) -> None:
    chain(conversation, "a", "b")
    address = share(signed_in, conversation, 1)
    assert look(address)[0] == 200
    Share.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert look(address)[0] == 404
    Share.objects.update(expires_at=None)
    conversations_change(user=user, ids=[conversation.pk], action="delete")
    assert look(address)[0] == 404
    Conversation.objects.update(deleted_at=None)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert look(address)[0] == 404
    User.objects.filter(pk=user.pk).update(is_active=True)
    assert look(address)[0] == 200


def test_only_its_owner_takes_a_link_back(signed_in: Client, conversation: Conversation, stranger: User) -> None:
    chain(conversation, "a", "b")
    address = share(signed_in, conversation)
    revoke = reverse("conversations:share_revoke", args=[Share.objects.get().pk])
    other = Client()
    other.force_login(stranger)
    assert other.post(revoke).status_code == 404
    assert other.get(reverse("conversations:share", args=[conversation.pk])).status_code == 404
    assert look(address)[0] == 200
    assert address in signed_in.get(reverse("conversations:shares")).content.decode()
    assert address not in other.get(reverse("conversations:shares")).content.decode()
    signed_in.post(revoke)
    assert look(address)[0] == 404


def test_an_empty_conversation_cannot_be_shared(signed_in: Client, conversation: Conversation) -> None:
    response = signed_in.post(reverse("conversations:share", args=[conversation.pk]), {"lifetime": 0})
    assert response.status_code == 422 and "nothing to share" in response.content.decode()


def test_looks_are_limited_those_at_nothing_included(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing_views, "SHARED_RATE", "2/hour")
    client = Client(REMOTE_ADDR="192.0.2.77")
    codes = [client.get(reverse("conversations:shared", args=["nothing"])).status_code for _ in range(3)]
    assert codes == [404, 404, 429]


# --- files -------------------------------------------------------------------------------------------------------


def test_markdown_has_the_branch_shown_as_it_was_written(signed_in: Client, conversation: Conversation) -> None:
    conversation.title = "Trains: 火车/票"
    conversation.save()
    root, _ = chain(conversation, "Which **train**?", "not this one")
    chain(conversation, "The `8:15`.", parent=root)
    response = signed_in.get(reverse("conversations:export", args=[conversation.pk, "markdown"]))
    text = response.content.decode()
    assert text.startswith("# Trains: 火车/票\n")
    assert "Which **train**?" in text and "The `8:15`." in text and "not this one" not in text
    assert "attachment" in response["Content-Disposition"] and ".md" in response["Content-Disposition"]


def test_json_has_all_branches(signed_in: Client, conversation: Conversation) -> None:
    root, old = chain(conversation, "root", "old")
    (new,) = chain(conversation, "new", parent=root)
    body = json.loads(signed_in.get(reverse("conversations:export", args=[conversation.pk, "json"])).content)
    rows = {row["id"]: row for row in body["messages"]}
    assert [rows[str(one.pk)]["is_shown"] for one in (root, old, new)] == [True, False, True]
    assert rows[str(new.pk)]["parent"] == str(root.pk) and rows[str(new.pk)]["text"] == "new"


@pytest.mark.parametrize("name", ["markdown", "json", "pdf"])
def test_files_are_for_the_owner(conversation: Conversation, stranger: User, name: str) -> None:
    client = Client()
    address = reverse("conversations:export", args=[conversation.pk, name])
    assert client.get(address).status_code == 302
    client.force_login(stranger)
    assert client.get(address).status_code == 404


def test_what_can_be_no_token_never_reaches_the_database() -> None:
    with pytest.raises(Resolver404):
        resolve("/s/abc\x00def/")
