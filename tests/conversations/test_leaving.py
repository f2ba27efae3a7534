"""Deleting one's account, second factor, sessions elsewhere."""

from __future__ import annotations

from uuid import uuid4

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from conversations import rates, services
from conversations.models import Conversation, Message, Turn
from moderation.models import Appeal, Decision, Review, ReviewExplanation
from tests.conversations.conftest import Ask

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "correct horse"


@pytest.fixture(autouse=True)
def untouched_rates() -> None:
    cache.clear()
    rates._storage().reset()


@pytest.fixture
def signed_in(user: User) -> Client:
    return sign_in(user)


def sign_in(user: User) -> Client:
    client = Client()
    response = client.post(reverse("account_login"), {"login": user.username, "password": PASSWORD})
    assert response.status_code == 302
    return client


def leave(signed_in: Client, password: str = PASSWORD) -> tuple[int, str]:
    response = signed_in.post(reverse("conversations:account_delete"), {"password": password})
    return response.status_code, response.content.decode()


def test_an_account_goes_with_all_its_words(signed_in: Client, user: User, ask: Ask, ledger_policy: None) -> None:
    ask("Good day", "nougat DOUBTFUL")
    ask("BADWORD of mine")
    assert Decision.objects.exclude(excerpt="").exists() and Review.objects.exclude(text="").exists()
    assert leave(signed_in)[0] == 302
    assert not User.objects.filter(pk=user.pk).exists()
    assert not Conversation.objects.exists() and not Message.objects.exists()
    assert Decision.objects.exists() and not Decision.objects.filter(redacted_at=None).exists()
    assert not Decision.objects.exclude(excerpt="", withheld="").exists()
    for review in Review.objects.all():
        assert (review.text, review.context, review.spans) == ("", [], [])
    assert signed_in.get(reverse("conversations:home")).status_code == 302


def test_appeals_explanations_and_likeness_hold_no_words_of_who_left(
    signed_in: Client, user: User, stranger: User, ask: Ask, ledger_policy: None
) -> None:
    ask("BADWORD of mine")
    review = Review.objects.exclude(likeness="").get()
    Appeal.objects.create(review=review, user_id=user.pk, text="I only quoted my sister Ada.")
    ReviewExplanation.objects.create(review=review, label="threat", result={"weights": [{"start": 0, "end": 7}]})
    leave(sign_in(stranger))
    review.refresh_from_db()
    assert review.likeness and ReviewExplanation.objects.exists() and Appeal.objects.exclude(text="").exists()
    assert leave(signed_in)[0] == 302
    review.refresh_from_db()
    assert (review.likeness, Appeal.objects.get().text) == ("", "")
    assert not ReviewExplanation.objects.exists()


def test_evidence_of_others_stays(
    signed_in: Client, stranger: User, ask: Ask, conversation: Conversation, ledger_policy: None
) -> None:
    ask("Good day", "nougat DOUBTFUL")
    leave(sign_in(stranger))
    assert not Decision.objects.exclude(redacted_at=None).exists()
    assert Review.objects.exclude(text="").exists()


def test_a_wrong_password_deletes_nothing_and_guessing_is_limited(signed_in: Client, user: User) -> None:
    for _ in range(5):
        status, page = leave(signed_in, "wrong")
        assert (status, "The password is wrong." in page) == (422, True)
    assert "Too many tries" in leave(signed_in)[1]
    assert User.objects.filter(pk=user.pk).exists()


def test_a_running_reply_is_stopped_first(signed_in: Client, user: User, conversation: Conversation) -> None:
    turn = services.turn_start(user=user, conversation=conversation, client_id=uuid4(), text="Hello")
    Turn.objects.filter(pk=turn.pk).update(status=Turn.Status.RUNNING)
    status, page = leave(signed_in)
    assert (status, "it is stopped now" in page) == (422, True)
    turn.refresh_from_db()
    assert turn.stop_requested_at is not None
    Turn.objects.filter(pk=turn.pk).update(status=Turn.Status.CANCELLED)
    assert leave(signed_in)[0] == 302


def test_an_administrator_does_not_leave_by_accident(signed_in: Client, user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_superuser=True)
    assert "by another one" in leave(signed_in)[1]


def test_signing_out_elsewhere_ends_the_other_sessions_only(signed_in: Client, user: User) -> None:
    other = sign_in(user)
    assert UserSession.objects.filter(user=user).count() == 2
    page = signed_in.get(reverse("usersessions_list")).content.decode()
    assert page.count("<li>") >= 2 and "Sign out everywhere else" in page
    assert signed_in.post(reverse("usersessions_list")).status_code == 302
    assert signed_in.get(reverse("conversations:home")).status_code == 200
    assert other.get(reverse("conversations:home")).status_code == 302


def test_a_second_factor_is_asked_for_and_a_recovery_code_opens(signed_in: Client, user: User) -> None:
    signed_in.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = signed_in.get(reverse("mfa_activate_totp"))
    assert "data:image/svg+xml" in page.content.decode()
    secret = page.context["form"].secret
    code = totp.format_hotp_value(totp.hotp_value(secret, next(totp.yield_hotp_counters_from_time())))
    assert signed_in.post(reverse("mfa_activate_totp"), {"code": code}).status_code == 302
    authenticator = Authenticator.objects.get(user=user, type=Authenticator.Type.RECOVERY_CODES)
    recovery = authenticator.wrap().get_unused_codes()[0]

    client = Client()
    response = client.post(reverse("account_login"), {"login": user.username, "password": PASSWORD})
    assert response["Location"].startswith(reverse("mfa_authenticate"))
    assert client.get(reverse("conversations:home")).status_code == 302
    assert client.post(reverse("mfa_authenticate"), {"code": "000000"}).status_code == 200
    assert client.post(reverse("mfa_authenticate"), {"code": recovery}).status_code == 302
    assert client.get(reverse("conversations:home")).status_code == 200
