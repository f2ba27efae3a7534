"""The database itself keeps ledger and trail append-only, on whichever database these tests run."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, transaction
from django.test import Client

from moderation.models import Decision, Policy, Review, TrailEntry
from moderation.reviewing import review_resolve
from moderation.safeguards import safeguards_missing
from moderation.services import Subject, decision_record
from moderation.verdicts import Action, Judgement, Stage
from tests.moderation.conftest import decisions_of, item_url, press, review_make
from tests.moderation.judges import verdict

ATTACKS = [
    "UPDATE moderation_decision SET action = 'allow'",
    "UPDATE moderation_decision SET excerpt = 'something else'",
    "UPDATE moderation_decision SET excerpt = ''",
    "UPDATE moderation_decision SET excerpt = '', withheld = '', redacted_at = CURRENT_TIMESTAMP, action = 'allow'",
    "UPDATE moderation_decision SET reviewer_name = 'nobody'",
    "UPDATE moderation_decision SET reviewer_id = (SELECT min(id) FROM auth_user WHERE username = 'other')",
    "DELETE FROM moderation_decision",
    "UPDATE moderation_trailentry SET actor_name = 'nobody'",
    "DELETE FROM moderation_trailentry",
]


@pytest.fixture
def decided(reviewer: User) -> Review:
    User.objects.create_user("other")
    review = review_make()
    review_resolve(review_id=review.pk, reviewer=reviewer, outcome="upheld", reason="Clear.")
    found = verdict(Action.FLAG, scores={"threat": 0.7}, labels=["threat"])
    decision_record(
        subject=Subject(stage=Stage.REPLY, subject_id=uuid4()), judgement=Judgement(0, 5, "I see.", found, 0, 5)
    )
    return review


@pytest.mark.django_db
@pytest.mark.parametrize("attack", ATTACKS)
def test_rows_cannot_be_changed_past_django(decided: Review, attack: str) -> None:
    before = list(Decision.objects.values()), list(TrailEntry.objects.values())
    assert all(before)
    with pytest.raises(DatabaseError, match="never edited or deleted"), transaction.atomic():
        connection.cursor().execute(attack)
    assert (list(Decision.objects.values()), list(TrailEntry.objects.values())) == before


@pytest.mark.django_db
def test_a_ledger_cannot_be_emptied_at_once(decided: Review) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no TRUNCATE")
    with pytest.raises(DatabaseError, match="never edited"), transaction.atomic():
        connection.cursor().execute("TRUNCATE moderation_trailentry")


@pytest.mark.django_db
def test_redaction_and_the_end_of_an_account_stay_possible(decided: Review, reviewer: User) -> None:
    assert Decision.objects.all().redact() == 2
    reviewer.delete()
    (row,) = decisions_of(decided)
    assert (row.excerpt, row.reviewer, row.reviewer_name) == ("", None, "rita")
    assert row.redacted_at is not None


@pytest.mark.django_db
def test_all_triggers_are_there_and_a_missing_one_is_told(decided: Review) -> None:
    assert safeguards_missing(DEFAULT_DB_ALIAS) == []
    on = " ON moderation_trailentry" if connection.vendor == "postgresql" else ""
    name = "append_only_moderation_trailentry" + ("" if on else "_update")
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}{on}")
    assert safeguards_missing(DEFAULT_DB_ALIAS) == [name]


@pytest.mark.django_db(transaction=True)
def test_a_site_can_be_emptied_on_purpose_and_is_guarded_again(decided: Review) -> None:
    call_command("flush", interactive=False, verbosity=0)
    assert not Decision.objects.exists()
    assert Policy.objects.filter(is_active=True).count() == 1
    assert safeguards_missing(DEFAULT_DB_ALIAS) == []


# --- the trail -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_trail_tells_who_saw_claimed_and_decided(reviewer: User) -> None:
    client = Client()
    client.force_login(reviewer)
    review = review_make()
    client.get(item_url(review))
    client.post(item_url(review), press("uphold"))
    deeds = TrailEntry.objects.filter(object_id=str(review.pk)).order_by("pk").values_list("deed", "actor_name")
    assert list(deeds) == [("saw", "rita"), ("claimed", "rita"), ("decided", "rita")]
    assert review.text not in str(list(TrailEntry.objects.values()))


@pytest.fixture
def root(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


def export(client: Client, choose: Callable[[], list[str]]) -> str:
    url = "/admin/moderation/trailentry/"
    answer = client.post(url, {"action": "export_chosen", "_selected_action": choose()})
    return b"".join(answer.streaming_content).decode() if answer.streaming else answer.content.decode()  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_the_trail_is_exported_only_with_permission_and_says_so(root: Client, decided: Review) -> None:
    def everything() -> list[str]:
        return [str(pk) for pk in TrailEntry.objects.values_list("pk", flat=True)]

    text = export(root, everything)
    assert text.splitlines()[0] == "created_at,actor_id,actor_name,deed,object_type,object_id,detail"
    assert f"rita,decided,review,{decided.pk}" in text
    assert TrailEntry.objects.filter(deed="exported", actor_name="root").count() == 1
    onlooker = User.objects.create_user("vera", is_staff=True)
    onlooker.user_permissions.add(Permission.objects.get(codename="view_trailentry"))
    client = Client()
    client.force_login(onlooker)
    assert "decided" in client.get("/admin/moderation/trailentry/?deed__exact=decided").content.decode()
    assert "rita,decided" not in export(client, everything)


@pytest.mark.django_db
def test_the_trail_cannot_be_changed_by_an_administrator(root: Client, decided: Review) -> None:
    entry = TrailEntry.objects.all()[0]
    base = f"/admin/moderation/trailentry/{entry.pk}/"
    assert root.post(f"{base}delete/", {"post": "yes"}).status_code == 403
    assert root.post(f"{base}change/", {"actor_name": "x"}).status_code == 403
    assert root.get("/admin/moderation/trailentry/add/").status_code == 403
