"""Thumbs up and down, and a message's source: for its owner, and seen by staff."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from conversations.models import Message, Rating, Turn
from conversations.rendering import message_html
from conversations.surroundings import surroundings_of
from moderation.models import Review
from tests.conversations.conftest import Ask

pytestmark = pytest.mark.django_db(transaction=True)


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def rate(client: Client, turn: Turn, message_id: object = None, **fields: str) -> int:
    where = [turn.conversation_id, message_id or turn.reply_id]
    return client.post(reverse("conversations:message_rate", args=where), fields).status_code


def html_of(turn: Turn) -> str:
    reply = Message.objects.get(pk=turn.reply_id)
    return message_html(reply, around=surroundings_of([reply])[reply.pk])


def test_a_rating_is_kept_changed_and_taken_back(ask: Ask, user: User) -> None:
    turn, client = ask("One", "First."), client_of(user)
    assert 'aria-pressed="true"' not in html_of(turn)
    assert rate(client, turn, value="bad", reason="wrong", comment="Two, not one.") == 204
    assert (Rating.objects.get().reason, Rating.objects.get().comment) == ("wrong", "Two, not one.")
    assert "Bad reply: It is not correct" in html_of(turn)
    assert rate(client, turn, value="good", reason="wrong", comment="?") == 204
    assert (Rating.objects.get().is_good, Rating.objects.get().reason) == (True, "")
    # Other tabs learn of it by the version.
    assert Message.objects.get(pk=turn.reply_id).version == 3
    assert rate(client, turn, value="") == 204
    assert not Rating.objects.exists()


def test_only_replies_of_ones_own_can_be_rated(ask: Ask, user: User, stranger: User) -> None:
    turn = ask("One", "First.")
    assert rate(client_of(stranger), turn, value="good") == 404
    assert rate(client_of(user), turn, turn.prompt_id, value="good") == 400
    assert rate(client_of(user), turn, value="superb") == 400
    assert rate(client_of(user), turn, value="bad", reason="bored") == 400
    assert rate(client_of(user), turn, value="bad", comment="x" * 1001) == 400
    assert not Rating.objects.exists()


@pytest.mark.usefixtures("ledger_policy")
def test_a_reply_called_harmful_is_flagged_once(ask: Ask, user: User) -> None:
    turn, client = ask("One", "First."), client_of(user)
    for _ in range(2):
        assert rate(client, turn, value="bad", reason="harmful") == 204
    review = Review.objects.get()
    assert (review.subject_id, review.turn_id, review.text, review.labels) == (
        turn.reply_id,
        turn.pk,
        "First.",
        ["reported"],
    )
    assert (review.shown_end, review.action, review.stage) == (6, "flag", "reply")


def test_staff_sees_ratings(ask: Ask, user: User, admin_client: Client) -> None:
    rate(client_of(user), ask("One", "First."), value="bad", comment="Two, not one.")
    page = admin_client.get(reverse("admin:conversations_rating_changelist"))
    assert "Two, not one." in page.content.decode()
    page = admin_client.get(reverse("admin:conversations_rating_change", args=[Rating.objects.get().pk]))
    assert "First." in page.content.decode()


def test_the_source_of_a_message_is_its_owners(ask: Ask, user: User, stranger: User) -> None:
    turn = ask("One", "**First** <b>\n")
    address = reverse("conversations:message_text", args=[turn.conversation_id, turn.reply_id])
    response = client_of(user).get(address)
    assert (response.content.decode(), response["Content-Type"]) == ("**First** <b>\n", "text/plain; charset=utf-8")
    assert client_of(stranger).get(address).status_code == 404
    Message.objects.filter(pk=turn.reply_id).update(text="", state=Message.State.WITHHELD)
    assert client_of(user).get(address).status_code == 404
