"""Which policy a person is judged by, from the groups that they are in."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from moderation import runtime
from moderation.group_policies import GroupPolicy, group_policy_assign, group_policy_remove, policy_version_for
from moderation.models import Policy, Rule, TrailEntry
from moderation.policy import PolicyFault
from moderation.presets import PRESETS
from moderation.services import policy_publish
from moderation.verdicts import Action, Stage
from tests.conversations.tampering import tamper

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_runtime")]


@pytest.fixture
def person() -> User:
    return User.objects.create_user("ada")


@pytest.fixture
def strict() -> Policy:
    return policy_publish(document=PRESETS["strict"].model_dump(mode="json"), name="Strict", is_active=False)


def group(name: str, policy: Policy, *members: User) -> Group:
    made = Group.objects.create(name=name)
    made.user_set.add(*members)
    group_policy_assign(group=made, policy=policy, actor=None)
    return made


def test_without_a_group_the_sites_policy_holds(person: User, strict: Policy) -> None:
    assert policy_version_for(person.pk) is None
    assert runtime.policy_for(person.pk).version == 1 == Policy.objects.get(is_active=True).version
    assert strict.version == 2


def test_of_several_groups_the_lowest_number_counts(person: User, strict: Policy) -> None:
    research = policy_publish(document=PRESETS["research"].model_dump(mode="json"), name="Research", is_active=False)
    group("Class 4b", strict, person)
    group("Staff", research, person)
    group("Others", Policy.objects.get(version=1))
    assert [row.priority for row in GroupPolicy.objects.all()] == [10, 20, 30]
    assert runtime.policy_for(person.pk).version == strict.version
    GroupPolicy.objects.filter(group__name="Staff").update(priority=5)
    assert runtime.policy_for(person.pk).version == research.version
    group_policy_remove(row=GroupPolicy.objects.get(group__name="Staff"), actor=None)
    assert runtime.policy_for(person.pk).version == strict.version


def test_a_group_is_judged_by_its_own_policy(person: User, strict: Policy, settings: Settings) -> None:
    settings.CLASSIFIERS = ["rules"]
    Rule.objects.create(pattern="purple elephant", label="insult", score=0.75)
    group("Class 4b", strict, person)
    texts = ["You purple elephant."]
    (theirs,) = runtime.judge_texts(texts, Stage.PROMPT, runtime.policy_for(person.pk))
    (others,) = runtime.judge_texts(texts, Stage.PROMPT)
    assert (theirs.action, theirs.policy_version) == (Action.BLOCK, strict.version)
    assert (others.action, others.policy_version) == (Action.FLAG, 1)


def test_a_version_is_read_once(
    person: User, strict: Policy, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    group("Class 4b", strict, person)
    runtime.policy_for(person.pk)
    with django_assert_num_queries(1):
        runtime.policy_for(person.pk)


def test_a_policy_that_cannot_be_read_is_not_replaced_by_a_milder_one(person: User, strict: Policy) -> None:
    group("Class 4b", strict, person)
    tamper(Policy.objects.filter(pk=strict.pk), document={"reply": {}})
    with pytest.raises(PolicyFault):
        runtime.policy_for(person.pk)


def test_a_deleted_group_leaves_its_members_to_the_site_and_its_policy_stays(person: User, strict: Policy) -> None:
    made = group("Class 4b", strict, person)
    made.delete()
    assert policy_version_for(person.pk) is None and Policy.objects.filter(pk=strict.pk).exists()


def test_the_admin_assigns_and_takes_away_and_the_trail_tells(person: User, strict: Policy) -> None:
    root = User.objects.create_superuser("root")
    browser = Client()
    browser.force_login(root)
    made = Group.objects.create(name="Class 4b")
    path = "/admin/moderation/grouppolicy/"
    fields = {"group": made.pk, "policy": strict.pk, "priority": 0}
    assert "greater than or equal to 1" in browser.post(f"{path}add/", fields).content.decode()
    assert browser.post(f"{path}add/", {**fields, "priority": 7}).status_code == 302
    row = GroupPolicy.objects.get()
    assert (row.group, row.policy, row.priority) == (made, strict, 7)
    assert "Class 4b" in browser.get(path).content.decode()
    browser.post(f"{path}{row.pk}/delete/", {"post": "yes"})
    assert not GroupPolicy.objects.exists()
    told = TrailEntry.objects.filter(deed="assigned").order_by("id").values_list("actor_name", "detail")
    assert list(told) == [
        ("root", {"group": "Class 4b", "version": strict.version, "priority": 7}),
        ("root", {"group": "Class 4b", "version": None, "priority": None}),
    ]
