"""Finding: what is found, by whom, what is marked, and that withheld text is gone from the index at once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from conversations.models import Conversation, Message, SearchEntry
from conversations.search import PAGE, Search, messages_search_for_user, snippet, titles_search_for_user
from conversations.search_index import index_install, triggers_drop_before_migrations
from conversations.selectors import BRANCH_LIMIT
from tests.conversations.conftest import Ask, Decide
from tests.conversations.test_selectors import chain

pytestmark = pytest.mark.django_db(transaction=True)


def say(conversation: Conversation, text: str, **fields: object) -> Message:
    return Message.objects.create(conversation=conversation, role=Message.Role.USER, text=text, **fields)


def found(user: User, text: str, **filters: date) -> list[str]:
    return [hit.message.text for hit in messages_search_for_user(user, Search(text=text, **filters)).hits]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wanted", "is_there"),
    [
        ("lisbon", True),
        ("LISB", True),
        ("tram lisbon", True),
        ("lisbon porto", False),
        ('"tram in Lisbon"', True),
        ('"Lisbon tram"', False),
        ("28", True),
        ("里斯本", True),
        ("里斯", True),
        ("本里", False),
        ("电车 lisbon", True),
        ("100%", True),
        ("% %", False),
        ("café", True),
        ("snake_case", True),
        ("' OR 1=1 --", False),
        ('"', False),
        ("!!!", False),
        ("", False),
    ],
)
def test_what_is_found(user: User, conversation: Conversation, wanted: str, is_there: bool) -> None:
    text = "The tram in Lisbon: line 28, café, snake_case, 100% 里斯本的电车 and 本"
    say(conversation, text)
    assert found(user, wanted) == ([text] if is_there else [])


def test_nobody_finds_what_is_not_theirs(user: User, stranger: User, conversation: Conversation) -> None:
    say(conversation, "A secret of Ada's")
    assert found(user, "secret") == ["A secret of Ada's"]
    assert found(stranger, "secret") == []
    conversation.title = "Plans"
    conversation.save()
    assert titles_search_for_user(user, Search(text="plan")) == [conversation]
    assert titles_search_for_user(stranger, Search(text="plan")) == []


def test_the_index_follows_however_a_text_changes(user: User, conversation: Conversation) -> None:
    message = say(conversation, "apples")
    Message.objects.filter(pk=message.pk).update(text="pears")
    assert (found(user, "apples"), found(user, "pears")) == ([], ["pears"])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE conversations_message SET text = 'plums'")
    assert (found(user, "pears"), found(user, "plums")) == ([], ["plums"])
    Message.objects.filter(pk=message.pk).update(text="", state=Message.State.WITHHELD)
    assert (found(user, "plums"), SearchEntry.objects.count()) == ([], 0)
    say(conversation, "cherries")
    conversation.delete()
    assert SearchEntry.objects.count() == 0


def test_what_was_blocked_was_never_in_the_index_and_what_a_review_withholds_leaves_it(
    user: User, ask: Ask, ledger_policy: None, decide: Decide
) -> None:
    ask("Tell me of marzipan BADWORD")
    assert SearchEntry.objects.count() == 0
    ask("Good day", "nougat DOUBTFUL")
    assert len(found(user, "nougat")) == 1
    decide("reply", "upheld")
    assert found(user, "nougat") == []
    assert index_texts("nougat") == 0


def index_texts(word: str) -> int:
    """Rows of the index itself, whoever owns them."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT count(*) FROM conversations_searchentry WHERE vector @@ %s::tsquery", [word])
        else:
            cursor.execute("SELECT count(*) FROM conversations_searchtext WHERE text MATCH %s", [word])
        return int(cursor.fetchone()[0])


def test_days_are_whole_and_both_included(user: User, conversation: Conversation) -> None:
    for hour in (0, 23):
        message = say(conversation, f"tea at {hour}")
        Message.objects.filter(pk=message.pk).update(created_at=datetime(2030, 5, 4, hour, 30, tzinfo=UTC))
    call_command("rebuild_search")
    day = date(2030, 5, 4)
    assert len(found(user, "tea", since=day, until=day)) == 2
    assert found(user, "tea", since=day + timedelta(days=1)) == []
    assert found(user, "tea", until=day - timedelta(days=1)) == []


def test_pages_and_what_they_cost(
    user: User, conversation: Conversation, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(PAGE + 3):
        say(conversation, f"tea {number}")
    with django_assert_max_num_queries(2):
        first = messages_search_for_user(user, Search(text="tea"))
        assert [hit.message.conversation.owner_id for hit in first.hits] == [user.pk] * PAGE
    second = messages_search_for_user(user, Search(text="tea", before=first.next))
    assert [hit.message.text for hit in second.hits] == ["tea 2", "tea 1", "tea 0"]
    assert second.next is None


def test_a_snippet_marks_what_was_found_and_is_short() -> None:
    text = f"{'before ' * 40}The <b>Tram</b>\n\nto the tram stop {'after ' * 60}"
    pieces = snippet(text, Search(text="tram").terms)
    assert [piece.text for piece in pieces if piece.is_found] == ["Tram", "tram"]
    whole = "".join(piece.text for piece in pieces)
    assert whole.startswith("…") and whole.endswith("…") and len(whole) < 200
    assert "The <b>" in whole


def test_an_index_that_lost_its_triggers_is_made_anew(user: User, conversation: Conversation) -> None:
    if connection.vendor == "sqlite":
        triggers_drop_before_migrations(None, "default", [object()])  # type: ignore[arg-type]
    else:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER conversations_search_follow ON conversations_message")
    say(conversation, "written meanwhile")
    assert found(user, "meanwhile") == []
    index_install(connection)
    assert found(user, "meanwhile") == ["written meanwhile"]
    say(conversation, "written afterwards")
    assert found(user, "afterwards") == ["written afterwards"]


# --- the pages ---------------------------------------------------------------------------------------------------


@pytest.fixture
def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_page_escapes_marks_and_leads_to_the_message(signed_in: Client, conversation: Conversation) -> None:
    message = say(conversation, "a <script>alert(1)</script> & lisbon")
    page = signed_in.get(reverse("conversations:search"), {"q": "lisbon"}).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; <mark>lisbon</mark>" in page
    assert f"{reverse('conversations:detail', args=[conversation.pk])}?at={message.pk}#message-{message.pk}" in page
    partial = signed_in.get(reverse("conversations:search"), {"q": "porto"}, headers={"hx-request": "true"})
    assert "Nothing was found" in partial.content.decode()


def test_a_day_that_is_none_is_said(signed_in: Client) -> None:
    response = signed_in.get(reverse("conversations:search"), {"q": "tea", "since": "yesterday"})
    assert response.status_code == 400
    assert "Enter a valid date." in response.content.decode()


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_page_that_begins_at_the_end_of_time_is_refused(signed_in: Client, at: str) -> None:
    response = signed_in.get(reverse("conversations:search"), {"q": "hello", "at": at, "number": "1"})
    assert response.status_code == 400


def test_the_next_page_goes_on_where_the_first_ended(signed_in: Client, conversation: Conversation) -> None:
    for number in range(PAGE + 1):
        say(conversation, f"tea {number}")
    page = signed_in.get(reverse("conversations:search"), {"q": "tea"})
    assert "tea</mark> 0<" not in page.content.decode()
    assert "tea</mark> 0<" in signed_in.get(page.context["next_url"]).content.decode()


def test_a_result_opens_the_branch_that_it_is_on(signed_in: Client, conversation: Conversation) -> None:
    root, old = chain(conversation, "root", "old reply")
    (old_end,) = chain(conversation, "old end", parent=old)
    _, new_end = chain(conversation, "new reply", "new end", parent=root)
    url = reverse("conversations:detail", args=[conversation.pk])
    page = signed_in.get(url, {"at": str(old.pk)}).content.decode()
    assert f'data-found="{old.pk}"' in page and "old end" in page and "new end" not in page
    conversation.refresh_from_db()
    assert conversation.head_id == old_end.pk
    page = signed_in.get(url, {"at": str(new_end.pk)}).content.decode()
    assert "new end" in page and "old end" not in page


def test_a_result_that_is_far_back_is_on_the_page(signed_in: Client, conversation: Conversation) -> None:
    messages = chain(conversation, *(f"message {number}" for number in range(BRANCH_LIMIT + 20)))
    page = signed_in.get(reverse("conversations:detail", args=[conversation.pk]), {"at": str(messages[9].pk)})
    assert f"message-{messages[9].pk}" in page.content.decode()
    assert f"message-{messages[0].pk}" not in page.content.decode()


def test_somebody_elses_message_opens_nothing(signed_in: Client, conversation: Conversation, stranger: User) -> None:
    other = say(Conversation.objects.create(owner=stranger), "a word of Eve")
    response = signed_in.get(reverse("conversations:detail", args=[conversation.pk]), {"at": str(other.pk)})
    assert response.status_code == 200 and "word of Eve" not in response.content.decode()
    assert Client().get(reverse("conversations:search")).status_code == 302
