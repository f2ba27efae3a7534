from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from moderation.marking import pieces_of
from moderation.models import Decision, Policy, Rule
from moderation.presets import DEFAULT_POLICY
from moderation.services import Subject, decision_record
from moderation.verdicts import Action, Judgement, Stage
from tests.moderation.conftest import QUEUE, decisions_of, item_url, press, review_make
from tests.moderation.judges import verdict

pytestmark = pytest.mark.django_db


@pytest.fixture
def root() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, response
    return response.content.decode()


class InlineFinder(HTMLParser):
    """Everything that a policy without inline scripts and styles would stop."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        self.found += [f"<{tag} {name}>" for name in names if name == "style" or name.startswith("on")]
        is_data = ("type", "application/json") in attrs
        self._in_script = tag == "style" or (tag == "script" and "src" not in names and not is_data)

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script and data.strip():
            self.found.append(data)


def test_others_do_not_see_the_queue() -> None:
    review = review_make()
    client = Client()
    assert client.get(QUEUE).status_code == 302
    client.force_login(User.objects.create_user("paul", is_staff=True))
    assert client.get(QUEUE).status_code == 403
    assert client.get(item_url(review)).status_code == 403
    assert client.post(item_url(review), press("uphold")).status_code == 403
    client.force_login(User.objects.create_user("anna"))
    assert client.get(item_url(review)).status_code == 302
    assert not Decision.objects.exists()


# --- one flag --------------------------------------------------------------------------------------------------------


def test_a_flag_is_shown_with_all_that_a_reviewer_needs(signed_in: Client) -> None:
    review = review_make(text="Good day. <b>You</b> will regret this.", shown_end=10)
    decision_record(
        subject=Subject(stage=Stage.REPLY, subject_id=review.subject_id),
        judgement=Judgement(0, 20, "x", verdict(Action.BLOCK, scores={"threat": 0.93}, labels=["threat"]), 0, 0),
    )
    html = page(signed_in, item_url(review))
    assert "What do you think of &lt;b&gt;my boss&lt;/b&gt;?" in html
    shown, withheld = re.findall(r"review-text review-(?:shown|withheld)[^>]*>(.*?)</p>", html, re.DOTALL)
    assert shown == '<mark title="threat">Good day. </mark>'
    assert withheld == '<mark title="threat">&lt;b&gt;You&lt;/b&gt; will regret this.</mark>'
    assert '<meter max="1" low="0.60" high="0.85" optimum="0" value="0.93">0.93</meter>' in html
    assert re.search(r"<td>0\.60</td>\s*<td>0\.85</td>", html), "the thresholds of the policy that judged"
    assert "fake</strong> <code>1</code>: threat 0.93" in html
    assert 'name="decision" value="uphold:' in html


def test_a_flag_costs_the_same_however_long_its_history(
    signed_in: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    review = review_make()
    page(signed_in, item_url(review))
    with django_assert_num_queries(24):
        page(signed_in, item_url(review))
    for start in range(30):
        decision_record(
            subject=Subject(stage=Stage.REPLY, subject_id=review.subject_id),
            judgement=Judgement(start, start + 1, "x", verdict(), start, start + 1),
        )
    with django_assert_num_queries(24):
        page(signed_in, item_url(review))


@pytest.mark.parametrize(
    ("outcome", "action", "told"), [("uphold", "block", "upheld"), ("overturn", "allow", "overturned")]
)
def test_a_reviewer_decides_with_a_reason(
    signed_in: Client, reviewer: User, outcome: str, action: str, told: str
) -> None:
    review = review_make()
    response = signed_in.post(item_url(review), press(outcome, note="It is clear."), follow=True)
    assert response.redirect_chain == [(QUEUE, 302)]
    assert f"1 flag {told}." in response.content.decode()
    (decision,) = decisions_of(review)
    assert (decision.action, decision.reviewer) == (action, reviewer)
    html = page(signed_in, item_url(review))
    assert "by rita" in html
    assert "It is clear." in html


def test_a_decision_that_already_stands_is_told(signed_in: Client) -> None:
    review = review_make()
    signed_in.post(item_url(review), press("uphold"))
    response = signed_in.post(item_url(review), press("uphold", version=1))
    assert "already decided so" in response.content.decode()
    assert len(decisions_of(review)) == 1


def test_a_person_who_may_only_look_cannot_decide() -> None:
    review = review_make()
    user = User.objects.create_user("vera", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_review"))
    client = Client()
    client.force_login(user)
    assert 'name="decision"' not in page(client, item_url(review))
    assert client.post(item_url(review), press("uphold")).status_code == 403
    chosen = {"action": "decide_selected", "_selected_action": [str(review.pk)]}
    assert client.post(QUEUE, {**chosen, **press("uphold")}).status_code == 403
    assert not Decision.objects.exists()


def test_deciding_needs_the_token_of_the_page(reviewer: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(reviewer)
    review = review_make()
    assert client.post(item_url(review), press("uphold")).status_code == 403
    assert not Decision.objects.exists()


def test_a_flag_that_is_not_there_is_not_found(signed_in: Client) -> None:
    assert signed_in.get(reverse("admin:moderation_review_change", args=[uuid4()])).status_code == 404
    assert signed_in.get(f"{QUEUE}nonsense/change/").status_code == 404


# --- ledger, policies, rules -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["decision", "review"])
def test_the_ledger_cannot_be_changed_even_by_an_administrator(root: Client, model: str) -> None:
    review = review_make()
    decision = decision_record(
        subject=Subject(stage=Stage.REPLY, subject_id=uuid4()), judgement=Judgement(0, 1, "x", verdict(), 0, 1)
    )
    pk = review.pk if model == "review" else decision.pk
    base = f"/admin/moderation/{model}/"
    html = page(root, f"{base}{pk}/change/")
    assert 'name="_save"' not in html
    assert "deletelink" not in html
    assert root.get(f"{base}add/").status_code == 403
    assert root.post(f"{base}{pk}/delete/", {"post": "yes"}).status_code == 403
    if model == "decision":
        assert root.post(f"{base}{pk}/change/", {"action": "block"}).status_code == 403
    assert "delete_selected" not in page(root, base)


def test_the_ledger_costs_the_same_however_long_it_is(
    root: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    page(root, "/admin/moderation/decision/")
    for _ in range(20):
        decision_record(
            subject=Subject(stage=Stage.REPLY, subject_id=uuid4()), judgement=Judgement(0, 1, "x", verdict(), 0, 1)
        )
    with django_assert_num_queries(4):
        page(root, "/admin/moderation/decision/")


def test_a_policy_is_published_as_a_new_version(root: Client) -> None:
    add = "/admin/moderation/policy/add/"
    assert "hold_back_chars" in page(root, add), "it begins with the active one"
    document = DEFAULT_POLICY.model_dump(mode="json")
    document["reply"]["labels"]["threat"] = {"flag": 0.9, "block": 0.2}
    refused = root.post(add, {"name": "Mine", "document": json.dumps(document)}).content.decode()
    assert "reply.labels.threat: flag (0.9) must not be above block (0.2)" in refused
    assert "Enter a valid JSON" in root.post(add, {"name": "Mine", "document": "{"}).content.decode()
    assert Policy.objects.count() == 1
    document["reply"]["labels"]["threat"] = {"flag": 0.2, "block": 0.9}
    response = root.post(add, {"name": "Mine", "document": json.dumps(document)}, follow=True)
    assert response.status_code == 200
    policy = Policy.objects.get(is_active=True)
    assert (policy.version, policy.name, str(policy.created_by)) == (2, "Mine", "root")
    threat = policy.document["reply"]["labels"]["threat"]
    assert (threat["flag"], threat["block"]) == (0.2, 0.9)
    html = page(root, f"/admin/moderation/policy/{policy.pk}/change/")
    assert 'name="_save"' not in html
    assert "hold_back_chars" in html


def test_a_reviewer_changes_no_policy_and_no_rule(signed_in: Client) -> None:
    for path in ("policy/", "policy/add/", "rule/", "rule/add/"):
        assert signed_in.get(f"/admin/moderation/{path}").status_code == 403


def test_a_rule_is_checked_when_it_is_saved(root: Client) -> None:
    add = "/admin/moderation/rule/add/"
    fields = {"kind": "regex", "pattern": "(a+)+$", "label": "insult", "score": "0.9", "is_active": "on", "note": ""}
    assert "repeats inside repeats" in root.post(add, fields).content.decode()
    assert root.post(add, {**fields, "pattern": "purple +elephant"}).status_code == 302
    assert Rule.objects.filter(pattern="purple +elephant").count() == 1


@pytest.mark.parametrize(
    ("fields", "is_idle"),
    [
        ({"label": "personal_data", "score": "1"}, True),
        ({"label": "insult", "score": "0.2"}, True),
        ({"label": "insult", "score": "0.7"}, False),
        ({"label": "personal_data", "score": "1", "is_active": ""}, False),
    ],
)
def test_a_rule_that_the_policy_ignores_is_saved_with_a_warning(
    root: Client, fields: dict[str, str], is_idle: bool
) -> None:
    given = {"kind": "phrase", "pattern": "purple elephant", "is_active": "on", "note": "", **fields}
    html = root.post("/admin/moderation/rule/add/", given, follow=True).content.decode()
    assert Rule.objects.filter(pattern="purple elephant").count() == 1
    assert ("but does nothing" in html) == is_idle


def test_a_refused_rule_and_policy_are_told_in_the_language_of_the_page(root: Client) -> None:
    rule = {"kind": "regex", "pattern": "(", "label": "insult", "score": "1"}
    asked = {"accept-language": "zh-hans"}
    assert "不是有效的正则表达式" in root.post("/admin/moderation/rule/add/", rule, headers=asked).content.decode()
    document = DEFAULT_POLICY.model_dump(mode="json")
    document["reply"]["labels"]["threat"] = {"flag": 0.9, "block": 0.2}
    document["gate"]["nonsense"] = 1
    policy = {"name": "Mine", "document": json.dumps(document)}
    html = root.post("/admin/moderation/policy/add/", policy, headers=asked).content.decode()
    assert "reply.labels.threat: flag（0.9）不能高于 block（0.2）" in html
    assert "gate.nonsense: 这里没有这个键" in html


def test_no_page_has_inline_script_or_style(root: Client) -> None:
    review = review_make()
    policy = Policy.objects.get()
    paths = [
        "policy/effective/",
        "policy/effective/?policy=strict&beside=v1",
        "review/",
        f"review/{review.pk}/change/",
        "decision/",
        "policy/",
        "policy/add/",
        "rule/",
        "rule/add/",
    ]
    for path in [*paths, f"policy/{policy.pk}/change/"]:
        finder = InlineFinder()
        response = root.get(f"/admin/moderation/{path}")
        finder.feed(response.content.decode())
        assert finder.found == [], path
        assert "unsafe-inline" not in response["Content-Security-Policy"]
    finder = InlineFinder()
    finder.feed(root.post(QUEUE, {"action": "uphold_selected", "_selected_action": [str(review.pk)]}).content.decode())
    assert finder.found == []


# --- marking ---------------------------------------------------------------------------------------------------------


def test_pieces_are_cut_at_marks_and_at_what_was_shown() -> None:
    spans = [
        {"start": 2, "end": 6, "label": "a"},
        {"start": 4, "end": 99, "label": "b"},
        {"start": 3, "end": 3, "label": "c"},
    ]
    pieces = pieces_of("0123456789", spans, 5)
    assert [(piece.text, piece.labels, piece.is_shown) for piece in pieces] == [
        ("01", (), True),
        ("23", ("a",), True),
        ("4", ("a", "b"), True),
        ("5", ("a", "b"), False),
        ("6789", ("b",), False),
    ]
    assert pieces_of("", [], 0) == []
