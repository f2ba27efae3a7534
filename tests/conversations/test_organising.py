"""Pins, archive, tags, deleting many and bringing them back."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conversations import organising, services
from conversations.models import Conversation, Message, Tag, Turn
from conversations.search import Search, messages_search_for_user
from conversations.selectors import conversations_for_user
from conversations.services import ConversationFault
from conversations.sweeper import UNDO_FOR, conversations_purge

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def change(signed_in: Client, action: str, *conversations: Conversation) -> int:
    ids = [str(one.pk) for one in conversations]
    address = reverse("conversations:change")
    return signed_in.post(address, {"action": action, "ids": ids, "next": reverse("conversations:all")}).status_code


def page(signed_in: Client, name: str = "home", **query: str) -> str:
    return signed_in.get(reverse(f"conversations:{name}"), query).content.decode()


def test_pinned_ones_are_above_and_archived_ones_elsewhere(signed_in: Client, user: User) -> None:
    old, new = (Conversation.objects.create(owner=user, title=title) for title in ("Old one", "New one"))
    assert page(signed_in).index("New one") < page(signed_in).index("Old one")
    assert change(signed_in, "pin", old) == 302
    assert page(signed_in).index("Old one") < page(signed_in).index("New one")
    change(signed_in, "archive", new)
    assert "New one" not in page(signed_in)
    assert "New one" in page(signed_in, "all", show="archived")
    change(signed_in, "unarchive", new)
    change(signed_in, "unpin", old)
    assert page(signed_in).index("New one") < page(signed_in).index("Old one")


def test_many_are_deleted_at_once_and_come_back(signed_in: Client, user: User, stranger: User) -> None:
    mine = [Conversation.objects.create(owner=user, title=f"Mine {number}") for number in range(3)]
    other = Conversation.objects.create(owner=stranger, title="Eve's")
    Message.objects.create(conversation=mine[0], role=Message.Role.USER, text="lisbon")
    change(signed_in, "delete", *mine[:2], other)
    assert list(conversations_for_user(user)) == [mine[2]]
    assert list(conversations_for_user(stranger)) == [other]
    assert signed_in.get(reverse("conversations:detail", args=[mine[0].pk])).status_code == 404
    assert not messages_search_for_user(user, Search(text="lisbon")).hits
    assert "2 conversations were deleted." in page(signed_in)
    signed_in.post(reverse("conversations:restore"))
    assert conversations_for_user(user).count() == 3
    assert "were deleted" not in page(signed_in)
    assert len(messages_search_for_user(user, Search(text="lisbon")).hits) == 1


def test_undo_brings_back_the_last_deletion_only_and_nobody_elses(user: User, stranger: User) -> None:
    first, second = (Conversation.objects.create(owner=user) for _ in range(2))
    organising.conversations_change(user=user, ids=[first.pk], action="delete")
    organising.conversations_change(user=user, ids=[second.pk], action="delete")
    assert organising.conversations_restore(user=stranger) == 0
    assert organising.conversations_restore(user=user) == 1
    assert list(conversations_for_user(user)) == [second]


def test_deleting_stops_what_is_being_written(user: User, conversation: Conversation) -> None:
    turn = services.turn_start(user=user, conversation=conversation, client_id=uuid4(), text="Hello")
    organising.conversations_change(user=user, ids=[conversation.pk], action="delete")
    turn.refresh_from_db()
    assert turn.status == Turn.Status.CANCELLED


def test_what_was_deleted_is_removed_when_it_can_no_longer_be_brought_back(user: User) -> None:
    old, fresh, kept = (Conversation.objects.create(owner=user) for _ in range(3))
    Conversation.objects.filter(pk=old.pk).update(deleted_at=timezone.now() - UNDO_FOR - timedelta(seconds=1))
    Conversation.objects.filter(pk=fresh.pk).update(deleted_at=timezone.now())
    assert conversations_purge() == 1
    assert set(Conversation.objects.all()) == {fresh, kept}


def test_tags_belong_to_one_person_and_vanish_with_their_last_use(user: User, stranger: User) -> None:
    mine, other = Conversation.objects.create(owner=user), Conversation.objects.create(owner=stranger)
    organising.conversation_tag(conversation=mine, names=" travel，work, travel、 里斯本 ,")
    organising.conversation_tag(conversation=other, names="travel")
    assert [tag.name for tag in mine.tags.all()] == ["travel", "work", "里斯本"]
    assert Tag.objects.filter(name="travel").count() == 2
    organising.conversation_tag(conversation=mine, names="")
    assert list(Tag.objects.values_list("owner_id", "name")) == [(stranger.pk, "travel")]


@pytest.mark.parametrize("names", ["x" * 41, ",".join(map(str, range(11)))])
def test_tags_that_cannot_be_are_refused(signed_in: Client, conversation: Conversation, names: str) -> None:
    with pytest.raises(ConversationFault):
        organising.conversation_tag(conversation=conversation, names=names)
    response = signed_in.post(reverse("conversations:tags", args=[conversation.pk]), {"names": names})
    assert response.status_code == 422 and names in response.content.decode()
    assert not Tag.objects.exists()


def test_the_list_can_be_narrowed_to_a_tag(signed_in: Client, user: User) -> None:
    tagged, _plain = (Conversation.objects.create(owner=user, title=title) for title in ("With it", "Without it"))
    signed_in.post(reverse("conversations:tags", args=[tagged.pk]), {"names": "trip & more"})
    response = signed_in.get(reverse("conversations:all"), {"tag": "trip & more"})
    assert [one.title for one in response.context["page"]] == ["With it"]


@pytest.mark.parametrize("data", [{"action": "burn"}, {"action": "pin", "ids": ["1"]}])
def test_a_damaged_form_changes_nothing(signed_in: Client, data: dict[str, str]) -> None:
    assert signed_in.post(reverse("conversations:change"), data).status_code == 400


def test_the_page_of_all_costs_the_same_for_many(signed_in: Client, user: User) -> None:
    counts = []
    for number in range(2):
        for _ in range(1 + 20 * number):
            organising.conversation_tag(conversation=Conversation.objects.create(owner=user), names="a,b")
        with CaptureQueriesContext(connection) as queries:
            page(signed_in, "all")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 10


def test_a_tag_is_asked_for_without_the_character_that_postgresql_refuses(signed_in: Client) -> None:
    assert signed_in.get(reverse("conversations:all"), {"tag": "w\x00ork"}).context["tag"] == "work"
