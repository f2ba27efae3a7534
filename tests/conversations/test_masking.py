"""Personal data of a conversation: what the model gets, what is shown and kept, and what its owner sees again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from conversations import titles
from conversations.audit import Scope, ledger_audit
from conversations.models import Conversation, Masks, Message
from conversations.snapshots import message_payloads, state_read
from moderation import runtime as moderation_runtime
from moderation.models import Policy
from moderation.personal_data.handling import PersonalDataHandling
from moderation.personal_data.masks import ALL_KINDS
from moderation.presets import DEFAULT_POLICY, PRESETS
from moderation.soundness import PolicyBook
from tests.conversations.conftest import Ask
from tests.fakes.inprocess import ListEngine

pytestmark = pytest.mark.django_db(transaction=True)

MASK = PersonalDataHandling(mask_for_model=ALL_KINDS, mask_in_shown=ALL_KINDS)
Masked = Callable[[PersonalDataHandling], None]


@pytest.fixture
def masked(monkeypatch: pytest.MonkeyPatch, ledger_policy: None) -> Masked:
    """A policy that masks so, for the worker and for the pages; version 1 stays what the ledger is proved by."""

    def use(handling: PersonalDataHandling) -> None:
        document = DEFAULT_POLICY.model_copy(update={"personal_data": handling})
        policy = moderation_runtime.ActivePolicy(1, document)
        monkeypatch.setattr(moderation_runtime, "policy_for", lambda _user_id: policy)
        Policy.objects.filter(is_active=True).update(is_active=False)
        dumped = document.model_dump(mode="json")
        Policy.objects.create(version=Policy.objects.count() + 1, name="Masks", document=dumped, is_active=True)

    return use


def seen_by(user: User, conversation: Conversation, client: Client) -> tuple[str, str]:
    """What the open page is sent, and what a reload gives."""
    state = state_read(user, conversation.pk)
    ids = [message.pk for message in state.messages]
    sent = "".join(payload["html"] for payload in message_payloads(user, state, ids))
    client.force_login(user)
    return sent, client.get(reverse("conversations:detail", args=[conversation.pk])).content.decode()


def test_the_model_gets_masks_that_stay_the_same_in_the_conversation(
    ask: Ask, engine: ListEngine, masked: Masked
) -> None:
    masked(MASK)
    ask("Write to ada@example.org, please.", "I wrote to [EMAIL_1].")
    ask("And to bob@example.org. Did ADA@example.org answer?", "Yes.")
    assert [message.content for message in engine.asked[1]][1:] == [
        "Write to [EMAIL_1], please.",
        "I wrote to [EMAIL_1].",
        "And to [EMAIL_2]. Did [EMAIL_1] answer?",
    ]


def test_a_reply_is_judged_kept_and_shown_masked(
    ask: Ask, masked: Masked, user: User, conversation: Conversation, client: Client
) -> None:
    masked(MASK)
    turn = ask("Whom can I ask?", "Ask eve@exam", "ple.org. ", "She knows, and answers in a day or two.")
    reply = Message.objects.get(pk=turn.reply_id)
    assert reply.text == "Ask [EMAIL_1]. She knows, and answers in a day or two."
    assert [look.breaches for look in ledger_audit(Scope(), PolicyBook()) if look.breaches] == []
    assert all("eve@" not in shown for shown in seen_by(user, conversation, client))


def test_the_owner_sees_their_own_again_only_where_the_policy_allows_it(
    ask: Ask, masked: Masked, user: User, stranger: User, conversation: Conversation, client: Client
) -> None:
    masked(MASK.model_copy(update={"owner_may_unmask": True}))
    turn = ask("Write to ada@example.org.", "I wrote to [EMAIL_1], and to eve@example.org.")
    assert Message.objects.get(pk=turn.reply_id).text == "I wrote to [EMAIL_1], and to [EMAIL_2]."
    for shown in seen_by(user, conversation, client):
        # What the model wrote of its own stays masked.
        assert "I wrote to ada@example.org, and to [EMAIL_2]." in shown.replace("&#64;", "@")
    masked(MASK)
    for shown in seen_by(user, conversation, client):
        assert "I wrote to [EMAIL_1], and to [EMAIL_2]." in shown


def test_what_masks_stand_for_is_encrypted_and_goes_with_the_conversation(
    ask: Ask, masked: Masked, conversation: Conversation, settings: Settings, engine: ListEngine
) -> None:
    masked(MASK.model_copy(update={"owner_may_unmask": True}))
    ask("Write to ada@example.org.", "Done.")
    kept = Masks.objects.get()
    assert b"ada" not in bytes(kept.book) + bytes(kept.salt)
    settings.SECRET_KEY = "another key, with which the book cannot be read any more"
    ask("And to bob@example.org.", "Done.")
    assert engine.asked[1][-1].content == "And to [EMAIL_2]."
    conversation.delete()
    assert not Masks.objects.exists()


def test_nothing_is_masked_where_the_policy_says_nothing(ask: Ask, engine: ListEngine) -> None:
    ask("Write to ada@example.org.", "I wrote to ada@example.org.")
    assert engine.asked[0][-1].content == "Write to ada@example.org."
    assert not Masks.objects.exists()
    assert PRESETS["strict"].personal_data.mask_for_model == ALL_KINDS


def test_a_title_is_asked_for_and_shown_with_masks(
    ask: Ask, engine: ListEngine, masked: Masked, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(titles, "get_engine", lambda: engine)
    masked(MASK)
    ask("Write to ada@example.org, please.", "Done.")
    engine.enqueue("Mail to eve@example.org")
    assert titles.title_make(conversation.pk) == "Mail to [EMAIL_2]"
    assert "[EMAIL_1]" in engine.asked[-1][-1].content and "ada@" not in engine.asked[-1][-1].content
