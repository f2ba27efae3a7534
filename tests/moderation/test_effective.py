"""A policy in plain words says what the document says, and the admin's page shows it."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import translation
from pytest_django import DjangoAssertNumQueries

from moderation.effective import beside, parts_of
from moderation.group_policies import GroupPolicy, group_policy_assign
from moderation.models import Policy
from moderation.notices import label_name
from moderation.policy import PolicyDocument, policy_parse
from moderation.presets import PRESETS
from moderation.services import policy_publish
from moderation.verdicts import LABELS, Stage

POLICIES = "/admin/moderation/policy/"
EFFECTIVE = f"{POLICIES}effective/"


@pytest.fixture
def root(db: None) -> Client:
    browser = Client()
    browser.force_login(User.objects.create_superuser("root"))
    return browser


def html_of(browser: Client, path: str, **headers: str) -> str:
    response = browser.get(path, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def preset(name: str) -> dict[str, object]:
    return PRESETS[name].model_dump(mode="json")


class TestWords:
    @pytest.mark.parametrize("name", PRESETS)
    def test_each_number_and_deed_of_a_preset_is_told_once(self, name: str) -> None:
        document = PRESETS[name]
        for stage, part in zip(Stage, parts_of(document), strict=False):
            lines = {line.name: " ".join(line.sentences) for line in part.lines}
            for label in LABELS:
                level, text = document.at(stage).labels.get(label), lines[label_name(label)]
                if level is None:
                    assert text == "Nothing happens."
                    continue
                for score in {level.flag, level.block} - {None}:
                    assert text.count(f"{score:.2f}") == 1
                assert ("taken back" in text) == (level.late == "withdraw")
            closed = document.at(stage).on_error == "closed"
            judged = "Is withheld" if closed else "Goes on"
            wanted = judged if stage in (Stage.PROMPT, Stage.REPLY) else "Is not used."
            assert lines["what could not be judged"].startswith(wanted)

    def test_notices_and_gate_and_cascade(self) -> None:
        raw = preset("standard")
        raw["reply"]["labels"]["threat"]["notice"] = {"en": "Ask a teacher."}  # type: ignore[index]
        raw["combine"] = {"how": "cascade", "last": ["detoxify"], "low": 0.2, "high": 0.8}
        document = policy_parse(raw)
        told = " ".join(text for part in parts_of(document) for line in part.lines for text in line.sentences)
        assert "People who read en are told: “Ask a teacher.”" in told
        assert "once 24 characters and 4 words beyond it were judged" in told
        assert "detoxify is asked only where the others' highest score is from 0.20 to 0.80" in told

    def test_languages_personal_data_and_canary(self) -> None:
        raw = preset("standard")
        raw["prompt"]["unknown_language"], raw["reply"]["unknown_language"] = "flag", "refuse"  # type: ignore[index]
        masked = {"mask_for_model": ["CARD", "EMAIL"], "from_score": 0.8, "owner_may_unmask": True}
        raw |= {"personal_data": masked, "canary": False}
        stages = parts_of(policy_parse(raw))[: len(Stage)]
        languages = [line.sentences for part in stages for line in part.lines if "no classifier knows" in line.name]
        same = "Is judged all the same; the ledger says that this is less sure."
        flagged = "Is judged all the same, and a reviewer looks at it."
        # Attached text is like a prompt, but what is only flagged there goes to nobody.
        assert languages == [[flagged], ["Is withheld; a reviewer looks at it."], [same], [same]]
        told = {line.name: line.sentences for part in parts_of(policy_parse(raw)) for line in part.lines}
        found = "Only what is found with a score from 0.80 on."
        assert told["for the model"] == ["Masked: e-mail addresses, payment cards.", found]
        assert told["in replies"] == ["Nothing is masked."]
        assert told["behind the mask"] == ["Whoever wrote it reads it instead of the mask in their own conversation."]
        assert told["secret word"] == ["None in the system prompt."]
        both = beside([PRESETS["standard"], policy_parse(raw)])
        changed = [row.name for part in both for row in part.rows if row.is_different]
        assert changed == [
            *["language that no classifier knows"] * 2,
            "for the model",
            "behind the mask",
            "secret word",
        ]

    def test_side_by_side_marks_what_differs_and_nothing_else(self) -> None:
        same = beside([PRESETS["strict"], PRESETS["strict"]])
        assert not any(row.is_different for part in same for row in part.rows)
        prompt, *_others = beside([PRESETS["standard"], with_threat(PRESETS["standard"], 0.33)])
        assert [row.name for row in prompt.rows if row.is_different] == ["threat"]

    def test_in_chinese(self) -> None:
        with translation.override("zh-hans"):
            told = [text for part in parts_of(PRESETS["strict"]) for line in part.lines for text in line.sentences]
        assert told and not [text for text in told if text.isascii()]


def with_threat(document: PolicyDocument, flag: float) -> PolicyDocument:
    raw = document.model_dump(mode="json")
    raw["prompt"]["labels"]["threat"]["flag"] = flag
    return policy_parse(raw)


class TestPage:
    def test_the_sites_policy_is_told_first(self, root: Client) -> None:
        html = html_of(root, EFFECTIVE)
        assert "Default (version 1)" in html and "No group has a policy of its own." in html
        assert "From 0.85: the reply ends, and what was shown of it stays; a reviewer looks at it." in html

    def test_two_beside_each_other(self, root: Client) -> None:
        html = html_of(root, f"{EFFECTIVE}?policy=strict&beside=v1")
        assert "Strict, for children (a preset)" in html and "Default (version 1)" in html
        assert "differs" in html

    def test_of_a_person(self, root: Client) -> None:
        ada = User.objects.create_user("ada")
        assert "has the site&#x27;s policy" in html_of(root, f"{EFFECTIVE}?person=ada")
        strict = policy_publish(document=preset("strict"), name="Strict", is_active=False)
        children = Group.objects.create(name="Class 4b")
        ada.groups.add(children)
        group_policy_assign(group=children, policy=strict, actor=None)
        html = html_of(root, f"{EFFECTIVE}?person=ada")
        assert "ada has this policy as a member of the group “Class 4b”." in html
        assert "Strict (version 2)" in html
        assert "There is nobody of the name “bob”." in html_of(root, f"{EFFECTIVE}?person=bob")

    def test_an_unknown_policy_is_refused_in_words(self, root: Client) -> None:
        assert "Select a valid choice" in html_of(root, f"{EFFECTIVE}?policy=v99")

    def test_it_is_not_for_everybody(self, reviewer: User) -> None:
        browser = Client()
        browser.force_login(reviewer)
        assert browser.get(EFFECTIVE).status_code == 403

    def test_it_takes_few_queries(self, root: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
        for number in range(5):
            made = policy_publish(document=preset("strict"), name=f"Strict {number}", is_active=False)
            group_policy_assign(group=Group.objects.create(name=f"Class {number}"), policy=made, actor=None)
        with django_assert_max_num_queries(9):
            html_of(root, f"{EFFECTIVE}?policy=v2&beside=v3")
        with django_assert_max_num_queries(9):
            assert "Class 4" in html_of(root, POLICIES)


class TestBegin:
    def test_from_a_preset_or_a_version(self, root: Client) -> None:
        html = html_of(root, POLICIES)
        assert all(f"add/?from={name}" in html for name in PRESETS)
        assert "&quot;hold_back_chars&quot;: 48" in html_of(root, f"{POLICIES}add/?from=strict")
        policy_publish(document=preset("strict"), name="Ours", is_active=False)
        html = html_of(root, f"{POLICIES}add/?from=v2")
        assert "Ours" in html and "&quot;hold_back_chars&quot;: 48" in html
        assert "&quot;hold_back_chars&quot;: 24" in html_of(root, f"{POLICIES}add/?from=nonsense")

    def test_for_groups_alone(self, root: Client) -> None:
        children = Group.objects.create(name="Class 4b")
        given = {
            "name": "Strict",
            "document": json.dumps(preset("strict")),
            "only_groups": "on",
            "groups": [children.pk],
        }
        assert root.post(f"{POLICIES}add/", given).status_code == 302
        row = GroupPolicy.objects.get()
        assert (row.group, row.policy.version, row.policy.is_active) == (children, 2, False)
        assert Policy.objects.get(is_active=True).version == 1
        assert root.post(f"{POLICIES}add/", {**given, "name": "Stricter"}).status_code == 302
        row.refresh_from_db()
        assert (row.policy.version, row.priority) == (3, 10)
