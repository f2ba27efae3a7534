"""A person who writes of harming themselves is shown help lines, answered or not, in every page."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from conversations.models import Conversation, Message
from conversations.snapshots import message_payloads, state_read
from moderation import runtime as moderation_runtime
from moderation.models import Review
from moderation.verdicts import Action, Stage, Verdict
from tests.conversations.conftest import Ask
from tests.fakes.inprocess import PhraseJudge
from tests.moderation.judges import verdict

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def caring_judge(judge: PhraseJudge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Knows two prompts: one that is flagged, one that is blocked for another label."""
    known = {
        "I want to die.": verdict(Action.FLAG, scores={"self_harm": 0.7}, labels=("self_harm",)),
        "I want to kill myself.": verdict(
            Action.BLOCK, scores={"threat": 0.95, "self_harm": 0.7}, labels=("threat", "self_harm")
        ),
    }

    def judge_texts(texts: Sequence[str], stage: Stage, policy: object = None) -> list[Verdict]:
        return [known.get(text) or judge([text], stage)[0] for text in texts]

    monkeypatch.setattr(moderation_runtime, "judge_texts", judge_texts)


@pytest.mark.parametrize(("text", "status"), [("I want to die.", "done"), ("I want to kill myself.", "blocked")])
def test_help_lines_stand_beside_the_prompt_answered_or_not(
    ask: Ask, caring_judge: None, user: User, conversation: Conversation, client: Client, text: str, status: str
) -> None:
    turn = ask(text, "I am sorry that it is so hard.")
    assert turn.status == status
    prompt = Message.objects.get(pk=turn.prompt_id)
    assert prompt.needs_care
    # An open page takes what has a new version; a reload and another tab read the same row.
    assert prompt.version > 1
    state = state_read(user, conversation.pk)
    html = "".join(payload["html"] for payload in message_payloads(user, state, [prompt.pk]))
    client.force_login(user)
    page = client.get(reverse("conversations:detail", args=[conversation.pk])).content.decode()
    for shown in (html, page):
        assert 'href="tel:988"' in shown
        assert "findahelpline.com" in shown
        assert "may contain" not in shown
    assert Review.objects.get().severity == 1.0


def test_nobody_else_is_shown_them(ask: Ask, caring_judge: None, conversation: Conversation) -> None:
    ask("You BADWORD!")
    assert not Message.objects.filter(needs_care=True).exists()
