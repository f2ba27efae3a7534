"""What the moderation tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import torch
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import translation
from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

from moderation import runtime
from moderation.desk import ReviewReason
from moderation.models import Decision, Review
from moderation.services import Subject, review_open
from moderation.verdicts import Action, Judgement, Stage
from tests.moderation.judges import verdict

QUEUE = "/admin/moderation/review/"
CLASSES = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]
WORDS = "hello world you are a nice bad person i will write code and poems for my friend . ! ? , 你 好 我 是".split()  # noqa: SIM905


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Whatever language another test left switched on in this thread."""
    with translation.override("en"):
        yield


@pytest.fixture
def fresh_runtime() -> Iterator[None]:
    """The judge of a new process, before and after."""
    runtime.forget()
    yield
    runtime.forget()


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint in Detoxify's format with its config folder: a small BERT of random weights, 64 positions."""
    folder = tmp_path_factory.mktemp("checkpoint")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    tokenizer = BertTokenizer(str(folder / "vocab.txt"), do_lower_case=True, model_max_length=64)
    tokenizer.save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        num_labels=len(CLASSES),  # type: ignore[call-arg]  # every configuration takes it
    )
    config.save_pretrained(folder)
    torch.manual_seed(7)
    model = BertForSequenceClassification(config)
    with torch.no_grad():
        # Random weights of the usual size give every text the same score; these tell texts apart.
        for weight in model.parameters():
            weight.mul_(6)
    arguments = {
        "model_type": "bert-base-uncased",
        "model_name": "BertForSequenceClassification",
        "tokenizer_name": "BertTokenizer",
        "num_classes": len(CLASSES),
    }
    torch.save(
        {
            "config": {"arch": {"args": arguments}, "dataset": {"args": {"classes": CLASSES}}},
            "state_dict": model.state_dict(),
        },
        folder / "tiny.ckpt",
    )
    return folder


@pytest.fixture
def reviewer(db: None) -> User:
    """A person of the group of reviewers, as an administrator would make one."""
    user = User.objects.create_user("rita", password="pw", is_staff=True)
    user.groups.add(Group.objects.get(name="Reviewers"))
    return user


@pytest.fixture
def signed_in(reviewer: User) -> Client:
    """A browser in which ``reviewer`` is signed in."""
    client = Client()
    client.force_login(reviewer)
    return client


def review_make(
    *,
    text: str = "Good day. You will regret this, I promise you.",
    shown_end: int = 9,
    score: float = 0.93,
    label: str = "threat",
    action: Action = Action.BLOCK,
    judged: bool = True,
    stage: Stage = Stage.REPLY,
) -> Review:
    """A flag as the end of a turn would raise it."""
    found = verdict(action, judged=judged, scores={label: score} if judged else None, labels=[label] if judged else [])
    return review_open(
        subject=Subject(stage=stage, subject_id=uuid4(), conversation_id=uuid4(), turn_id=uuid4(), user_id=7),
        text=text,
        shown_end=shown_end,
        verdicts=[Judgement(0, len(text), text, found, 0, 0)],
        context=[{"role": "user", "text": "What do you think of <b>my boss</b>?"}],
    )


def decisions_of(review: Review) -> list[Decision]:
    return list(Decision.objects.filter(subject_id=review.subject_id).order_by("created_at"))


def item_url(review: Review) -> str:
    return reverse("admin:moderation_review_change", args=[review.pk])


def press(outcome: str, *, version: int = 0, **fields: str) -> dict[str, str]:
    """What the first button of an outcome sends."""
    reason = ReviewReason.objects.filter(outcome=outcome, is_active=True, needs_note=False)[0]
    return {"decision": f"{outcome}:{reason.pk}", "seen_version": str(version), **fields}
