"""The way of one explanation: asked for on the flag's page, worked out as a worker does, kept, shown."""

from __future__ import annotations

from typing import Any

import pytest
from celery import current_app
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from pytest_django import DjangoCaptureOnCommitCallbacks

from moderation.explaining_jobs import explanation_run, scored_text
from moderation.explanations import STALLED_AFTER, ReviewExplanation
from moderation.models import Review
from moderation.services import Subject, decision_record, review_open
from moderation.verdicts import Action, Judgement, Stage
from moderation.why import explanation_request, why_of
from tests.moderation.conftest import review_make
from tests.moderation.judges import verdict

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_runtime")]

RUDE = "The bus was late again. You are a fucking idiot, said the driver."
State = ReviewExplanation.State


@pytest.fixture(autouse=True)
def quick_classifiers(settings: Any) -> None:
    settings.CLASSIFIERS = ["rules", "profanity"]


def why_url(review: Review) -> str:
    return reverse("admin:moderation_review_why", args=[review.pk])


def page(client: Client, review: Review) -> str:
    return client.get(reverse("admin:moderation_review_change", args=[review.pk]), {"reveal": 1}).content.decode()


def asked(review: Review) -> ReviewExplanation:
    return ReviewExplanation.objects.get(review=review, classifier="")


def test_a_reviewer_asks_and_sees_the_words(
    signed_in: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    review = review_make(text=RUDE, label="toxicity")
    channel: Any = current_app.connection_for_read().default_channel
    broker = channel.client
    waiting = broker.llen("inference")
    with django_capture_on_commit_callbacks(execute=True):
        told = signed_in.post(why_url(review), {"label": "toxicity"}, HTTP_HX_REQUEST="true").content.decode()
    assert broker.llen("inference") == waiting + 1
    assert 'hx-trigger="every 1s"' in told and "Waiting for a worker" in told

    explanation_run(asked(review).run_id)

    told = signed_in.get(why_url(review), HTTP_HX_REQUEST="true").content.decode()
    assert "hx-trigger" not in told
    assert 'why-up-5" title="+100%">fucking</mark>' in told
    assert '<th scope="row">fucking</th><td>up</td><td>100%</td>' in told
    assert "bus</mark>" not in told
    assert ">fucking</mark>" in page(signed_in, review)


def test_what_is_known_is_not_worked_out_twice() -> None:
    review = review_make(text=RUDE, label="toxicity")
    explanation_request(review=review, label="toxicity")
    explanation_request(review=review, label="toxicity")
    explanation_run(asked(review).run_id)
    done = ReviewExplanation.objects.get()
    assert (done.state, done.classifier) == (State.DONE, "profanity") and done.classifier_version
    ReviewExplanation.objects.update(result={**done.result, "score": 0.123})
    explanation_request(review=review, label="toxicity")
    explanation_run(asked(review).run_id)
    assert ReviewExplanation.objects.get().result["score"] == 0.123
    ReviewExplanation.objects.update(classifier_version="an older one")
    explanation_request(review=review, label="toxicity")
    explanation_run(asked(review).run_id)
    assert sorted(ReviewExplanation.objects.values_list("result__score", flat=True))[0] == 0.123
    assert ReviewExplanation.objects.count() == 2
    found = why_of(review).labels[0].found
    assert found is not None and found.version != "an older one"


def test_the_stretch_that_got_the_score_is_explained_and_shown() -> None:
    begin = "A calm and friendly beginning of some length. "
    subject = Subject(stage=Stage.REPLY, subject_id=review_make().subject_id)
    found = verdict(Action.BLOCK, scores={"toxicity": 0.97}, labels=["toxicity"])
    judgement = Judgement(len(begin), len(begin) + len(RUDE), RUDE, found, 0, 0)
    decision_record(subject=subject, judgement=judgement)
    review = review_open(
        subject=subject, text=begin + RUDE + " And so on.", shown_end=0, verdicts=[judgement], context=[]
    )
    assert scored_text(review, "toxicity") == (RUDE, len(begin))
    explanation_request(review=review, label="toxicity")
    explanation_run(asked(review).run_id)
    shaded = why_of(review).labels[0].found
    assert shaded is not None and "".join(shade.text for shade in shaded.shades) == RUDE


@pytest.mark.parametrize(
    ("text", "told", "told_zh"),
    [
        ("x " * 10_001, "The text is too long to be explained.", "文本太长，无法解释。"),
        ("Good morning.", "No classifier gives this label a score any more", "现在没有分类器给这个标签打分"),
    ],
)
def test_what_went_wrong_is_told_in_words(signed_in: Client, text: str, told: str, told_zh: str) -> None:
    review = review_make(text=text, label="self_harm")
    explanation_request(review=review, label="self_harm")
    explanation_run(asked(review).run_id)
    assert asked(review).state == State.FAILED
    assert told in page(signed_in, review)
    with translation.override("zh-hans"):
        assert told_zh in why_of(review).labels[0].fault


def test_a_worker_that_fell_silent_is_told_and_replaced() -> None:
    review = review_make(text=RUDE, label="toxicity")
    explanation_request(review=review, label="toxicity")
    lost = asked(review).run_id
    late = timezone.now() - 2 * STALLED_AFTER
    ReviewExplanation.objects.update(state=State.RUNNING, updated_at=late)
    assert why_of(review).labels[0].fault == "The worker stopped answering. Ask again."
    explanation_request(review=review, label="toxicity")
    assert asked(review).run_id != lost and why_of(review).is_under_way
    explanation_run(lost)
    assert asked(review).state == State.QUEUED


def test_only_those_who_may_see_the_flag_may_ask(signed_in: Client) -> None:
    review = review_make(text=RUDE, label="toxicity")
    stranger = Client()
    assert stranger.post(why_url(review), {"label": "toxicity"}).status_code == 302
    stranger.force_login(User.objects.create_user("paul", is_staff=True))
    assert stranger.post(why_url(review), {"label": "toxicity"}).status_code == 403
    assert stranger.get(why_url(review), HTTP_HX_REQUEST="true").status_code == 403
    assert signed_in.post(why_url(review), {"label": "threat"}).status_code == 400
    assert not ReviewExplanation.objects.exists()
    assert signed_in.get(why_url(review), HTTP_HX_REQUEST="true").status_code == 302, "it was never revealed"
    without_script = signed_in.post(why_url(review), {"label": "toxicity"})
    assert without_script.status_code == 302 and without_script["Location"].endswith("/change/?reveal=1#why")
