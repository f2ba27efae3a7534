"""What a migrated site has, what its settings are checked for, and what the web processes never load."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.utils import translation
from pytest_django import Settings

from moderation.checks import classifiers_check, toxicity_model_check
from moderation.default_rules import RULES
from moderation.defaults import defaults_ensure
from moderation.models import Policy, Rule
from moderation.notices import LABEL_NAMES, REPORTED, label_name, withheld_notice
from moderation.policy import policy_parse
from moderation.presets import DEFAULT_POLICY
from moderation.verdicts import LABELS, Stage


@pytest.mark.django_db
def test_a_new_site_has_a_policy_rules_and_a_group_of_reviewers() -> None:
    policy = Policy.objects.get()
    assert (policy.version, policy.is_active) == (1, True)
    assert policy_parse(policy.document) == DEFAULT_POLICY
    assert Rule.objects.filter(is_active=True).count() == len(RULES)
    group = Group.objects.get(name="Reviewers")
    assert sorted(group.permissions.values_list("content_type__app_label", "codename")) == [
        ("moderation", "resolve_review"),
        ("moderation", "view_decision"),
        ("moderation", "view_review"),
    ]


@pytest.mark.django_db
def test_what_a_site_changed_stays_changed() -> None:
    group = Group.objects.get(name="Reviewers")
    group.permissions.clear()
    defaults_ensure(apps.get_app_config("moderation"), "default")
    assert not group.permissions.exists()
    assert Policy.objects.count() == 1


@pytest.mark.django_db
def test_a_bad_rule_is_refused_with_the_reason() -> None:
    Rule(kind="phrase", pattern="go away", label="insult", score=0.5).full_clean()
    with pytest.raises(ValidationError, match="repeats inside repeats"):
        Rule(kind="regex", pattern="(a+)+$", label="insult").full_clean()
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        Rule(kind="phrase", pattern="x", label="insult", score=2).full_clean()
    with pytest.raises(ValidationError, match="not a valid choice"):
        Rule(kind="phrase", pattern="x", label="nonsense").full_clean()


def check_ids() -> list[str | None]:
    return [message.id for message in [*classifiers_check(), *toxicity_model_check()]]


def test_faults_in_the_settings_are_named(settings: Settings, tmp_path: Path) -> None:
    settings.TOXICITY_MODEL = settings.TOXICITY_MODEL_CONFIG = None
    settings.CLASSIFIERS = ["rules", "profanity"]
    assert check_ids() == []
    settings.CLASSIFIERS = []
    assert check_ids() == ["moderation.E001"]
    settings.CLASSIFIERS = ["rules", "magic", "profanity"]
    assert check_ids() == ["moderation.E002"]
    settings.CLASSIFIERS = ["rules"]
    assert check_ids() == ["moderation.W001"]
    settings.CLASSIFIERS = ["detoxify"]
    assert check_ids() == ["moderation.E004"]
    settings.TOXICITY_MODEL = "unbiased"
    assert check_ids() == []
    settings.TOXICITY_MODEL = str(tmp_path / "gone.ckpt")
    assert check_ids() == ["moderation.E005"]
    (tmp_path / "model.ckpt").touch()
    settings.TOXICITY_MODEL = str(tmp_path / "model.ckpt")
    assert check_ids() == ["moderation.E006"]
    (tmp_path / "config.json").touch()
    assert check_ids() == []
    settings.CLASSIFIERS = ["rules", "profanity"]
    assert check_ids() == ["moderation.W002"]


@pytest.mark.parametrize(
    ("labels", "judged", "stage", "text"),
    [
        (["insult"], True, Stage.REPLY, "This reply was withheld because it may contain insults."),
        (
            ["threat", "insult", "obscene"],
            True,
            Stage.REPLY,
            "This reply was withheld because it may contain threats and insults.",
        ),
        (["threat"], False, Stage.PROMPT, "This message was not answered because it may contain threats."),
        ([], False, Stage.REPLY, "This reply was withheld because it could not be checked. Please try again later."),
        ([], True, Stage.TITLE, "This title was withheld because it goes against the rules of this site."),
    ],
)
def test_a_person_is_told_which_kind_of_content_was_withheld(
    labels: list[str], judged: bool, stage: Stage, text: str
) -> None:
    with translation.override("en"):
        assert withheld_notice(labels, judged, stage) == text


def test_every_label_has_a_name() -> None:
    assert set(LABEL_NAMES) == {*LABELS, REPORTED}
    with translation.override("en"):
        assert label_name("self_harm") == "self-harm"
        assert label_name("later") == "later"


WEB = """
import json, sys
import django
django.setup()
import django.urls
django.urls.get_resolver().url_patterns
import moderation.admin, moderation.services, moderation.selectors, moderation.notices, moderation.gate
heavy = ["torch", "transformers", "detoxify", "sklearn", "numpy", "profanity_check", "moderation.runtime"]
print(json.dumps([name for name in heavy if name in sys.modules]))
"""


def test_the_web_side_loads_no_classifier(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", WEB],
        cwd=Path(__file__).resolve().parents[2],
        env={"DJANGO_SETTINGS_MODULE": "chatsite.settings", "DATA_DIR": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == []
