"""An appeal from the chat: once, with words, to somebody else than before, and with its outcome in the chat."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from conversations.models import Conversation, Message
from conversations.rendering import message_html
from conversations.surroundings import surroundings_of
from moderation.models import Appeal, Review, TrailEntry
from moderation.queue import QueueFilters, queue_neighbour, queue_reviews
from moderation.reviewing import ReviewFault, review_resolve, review_undo
from moderation.services import Subject, review_open
from moderation.verdicts import Action, Judgement, Stage
from tests.moderation.judges import verdict
from tests.moderation.test_claims import reviewer_make

pytestmark = pytest.mark.django_db

TEXT = "You will regret this, said the wolf."


@pytest.fixture
def anna(db: None) -> User:
    return User.objects.create_user("anna", password="pw")


@pytest.fixture
def message(anna: User) -> Message:
    """A reply of which all was withheld."""
    return Message.objects.create(
        conversation=Conversation.objects.create(owner=anna),
        role=Message.Role.ASSISTANT,
        text="",
        state=Message.State.WITHHELD,
        withheld_labels=["threat"],
    )


@pytest.fixture
def review(message: Message, anna: User) -> Review:
    found = verdict(Action.BLOCK, scores={"threat": 0.93}, labels=["threat"])
    return review_open(
        subject=Subject(
            stage=Stage.REPLY, subject_id=message.pk, conversation_id=message.conversation_id, user_id=anna.pk
        ),
        text=TEXT,
        shown_end=0,
        verdicts=[Judgement(0, len(TEXT), TEXT, found, 0, 0)],
        context=[],
    )


@pytest.fixture
def client(anna: User) -> Client:
    client = Client()
    client.force_login(anna)
    return client


def why(message: Message) -> str:
    return reverse("conversations:message_why", args=[message.conversation_id, message.pk])


def text_of(client: Client, message: Message) -> str:
    return client.get(why(message)).content.decode()


def test_a_person_is_told_what_was_found_by_which_policy_and_never_the_text(
    client: Client, message: Message, review: Review
) -> None:
    page = text_of(client, message)
    assert "threat" in page
    assert "<dd>1</dd>" in page, "the policy's version"
    assert "wolf" not in page
    other = Client()
    other.force_login(User.objects.create_user("otto"))
    assert other.get(why(message)).status_code == 404
    assert other.post(why(message), {"text": "Please."}).status_code == 404
    assert Client().get(why(message)).status_code == 302
    assert not Appeal.objects.exists()


def test_only_a_message_with_a_flag_leads_to_the_page(message: Message, request: pytest.FixtureRequest) -> None:
    def shown() -> str:
        return message_html(message, around=surroundings_of([message])[message.pk])

    assert "withheld" in shown() and why(message) not in shown()
    request.getfixturevalue("review")
    assert why(message) in shown()


def test_an_appeal_is_made_once_with_words_and_puts_the_flag_before_its_like(
    client: Client, message: Message, review: Review
) -> None:
    for bad in ("  ", "x" * 1_001):
        assert client.post(why(message), {"text": bad}).status_code == 400
    assert client.post(why(message), {"text": "It is a tale."}).status_code == 302
    before = review.priority
    review.refresh_from_db()
    assert (review.state, review.version) == ("appealed", 1)
    assert review.priority == pytest.approx(before + 2)
    assert TrailEntry.objects.filter(deed="appealed", actor_name="anna").count() == 1
    again = client.post(why(message), {"text": "Again."})
    assert again.status_code == 400
    assert Appeal.objects.get().text == "It is a tale."
    assert "Somebody who has not decided on it before" in text_of(client, message)


def test_an_appeal_goes_to_another_reviewer_and_what_they_say_is_shown(
    client: Client, message: Message, review: Review
) -> None:
    rita, ravi = reviewer_make("rita"), reviewer_make("ravi")
    review_resolve(review_id=review.pk, reviewer=rita, outcome="upheld", reason="A threat.")
    message.refresh_from_db()
    assert "stays withheld" in message_html(message)
    client.post(why(message), {"text": "It is a tale."})
    with pytest.raises(ReviewFault, match="somebody else decides"):
        review_resolve(review_id=review.pk, reviewer=rita, outcome="dismissed", reason="Fine.")
    top = Review(priority=1e9)
    assert queue_neighbour(queue_reviews(rita, QueueFilters()), top, rita) is None
    assert queue_neighbour(queue_reviews(ravi, QueueFilters()), top, ravi) == review.pk
    row = review_resolve(
        review_id=review.pk, reviewer=ravi, outcome="dismissed", reason="A tale.", reply="Sorry for that."
    )
    page = text_of(client, message)
    assert "a second reviewer released the message" in page
    assert "Sorry for that." in page
    message.refresh_from_db()
    assert (message.text, message.state) == (TEXT, "shown")
    assert row.batch is not None
    review_undo(batch=row.batch, reviewer=ravi)
    assert "Somebody who has not decided on it before" in text_of(client, message), "taken back, it waits again"
    message.refresh_from_db()
    assert message.text == ""


def test_nothing_is_appealed_that_was_not_withheld(client: Client, message: Message, review: Review) -> None:
    review_resolve(review_id=review.pk, reviewer=reviewer_make("rita"), outcome="dismissed", reason="Fine.")
    assert client.post(why(message), {"text": "It is a tale."}).status_code == 400


def test_what_was_only_flagged_and_is_shown_is_not_appealed(client: Client, message: Message, review: Review) -> None:
    Message.objects.filter(pk=message.pk).update(state=Message.State.SHOWN, text=TEXT)
    assert client.post(why(message), {"text": "First, please."}).status_code == 400
    assert not Appeal.objects.exists()


def test_an_appeal_keeps_no_character_that_postgresql_refuses(client: Client, message: Message, review: Review) -> None:
    assert client.post(why(message), {"text": "\x00"}).status_code == 400
    assert client.post(why(message), {"text": "A\x00 tale."}).status_code == 302
    assert Appeal.objects.get().text == "A tale."
