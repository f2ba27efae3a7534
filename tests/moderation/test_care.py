"""Self-harm: whom the rules find, what people are shown, and where their flag stands."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.core.checks import run_checks
from django.utils import translation
from pytest_django import Settings

from moderation.care import HELP_LINES, care_notice, needs_care
from moderation.classifiers.rules import RulesClassifier
from moderation.default_rules import RULES
from moderation.patterns import RuleLine
from moderation.services import Subject, review_open
from moderation.verdicts import Action, Judgement, Stage
from tests.moderation.judges import verdict

IN_NEED = (
    "I want to die",
    "i just want to die",
    "I really wanna die",
    "I want to kill myself",
    "I'm going to kill myself tonight",
    "im gonna kill myself",
    "I don't want to live anymore",
    "i dont want to be alive any more",
    "I can't go on.",
    "I don’t want to live",
    "I wish I was dead",
    "I wish I were never born",
    "I wish I could just not wake up",
    "Everyone would be better off without me",
    "they'd be better off without me",
    "I am better off dead",
    "there is no reason to live",
    "I have nothing left to live for",
    "I see no point in living",
    "I've been feeling suicidal lately",
    "I feel suicidal",
    "I've been thinking about suicide",
    "I keep thinking about ending it all",
    "i have been cutting myself again",
    "I want to hurt myself",
    "I feel like cutting myself",
    "I can't stop cutting myself",
    "I started self-harming again",
    "how many sleeping pills does it take to die",
    "what is the most painless way to die? what's the easiest way to kill myself",
    "How do I hang myself",
    "I'm going to jump off the bridge",
    "i want to overdose",
    "I slit my wrists",
    "I am ready to end my life",
    "I took 30 pills because I want to not wake up",
    "I want to unalive myself",
    "我想死",
    "我真的很想死",
    "我每天都想死",
    "我不想活了",
    "真的不想活下去了",
    "活着好累，我想自杀",
    "我想自杀",
    "我有自杀的念头",
    "我觉得活着没意思",
    "活着没有意义",
    "我想从楼上跳楼",
    "我准备跳楼了",
    "我又割腕了",
    "我最近一直在自残",
    "我想结束自己的生命",
    "我控制不住伤害自己",
    "怎么自杀不痛苦",
    "如何无痛地自杀",
    "吃多少片安眠药会死",
    "如果我死了，会不会有人难过",
    "死了算了",
    "我活够了",
    "没有活下去的勇气",
    "世界没有我会更好",
    "我写好了遗书",
    "我真想一了百了",
)
NOT_IN_NEED = (
    "This homework kills me",
    "this homework is killing me",
    "I'm dying of laughter",
    "I'm dying to see the new film",
    "I almost died laughing",
    "my phone died",
    "How do I kill a process on Linux?",
    "I killed it at the interview",
    "I want to die my hair red",
    "I cut myself shaving, how do I stop the bleeding?",
    "I hurt myself playing tennis",
    "I burned myself while cooking, what now?",
    "Suicide Squad is my favourite film",
    "What are good suicide prevention programmes for schools?",
    "I don't want to live in London",
    "I don't want to live with my parents anymore?",
    "I don't want to go on holiday with them",
    "we ran 10 kms today",
    "I am 5 kms from home",
    "I'm drowning in work",
    "I'd kill for a coffee",
    "How does Romeo die?",
    "end of life care for my dog",
    "My grandfather wanted to die at home",
    "I can't live without you",
    "I want to be dead sure about this",
    "the boss in this level: I don't want to die in this game",
    "My character in the novel wants to die",
    "I could eat a horse",
    "I decided to end my subscription",
    "He committed suicide in 1945",
    "What is the suicide rate in Japan?",
    "I don't want to be here when they arrive",
    "I don't want to wake up early",
    "kill the child process",
    "there is no point in going on about it",
    "I was about to cut my hair",
    "I want to cut my hair",
    "I'm going to jump in the lake",
    "I'm going to jump off the diving board",
    "I wish I could live forever",
    "这作业要把我累死了",
    "累死了",
    "笑死我了",
    "我想死你了",
    "想死你了",
    "好想你，想死我了",
    "今天热死了",
    "我饿死了",
    "气死我了",
    "我死党今天来",
    "他自杀了",
    "如何预防青少年自杀",
    "自杀的原因有哪些",
    "我不想活动",
    "我不想活在过去",
    "小说里主角跳楼了",
    "手机怎么死机了",
    "程序怎么死掉了",
    "怎样结束进程",
    "活到老学到老",
    "我要跳楼机的门票",
    "我想跳楼梯操",
    "困死我了想睡觉",
    "死马当活马医",
    "这个游戏角色怎么死的",
    "我计划结束会议",
    "如果我离开公司了，会不会有补偿",
    "人活着就要努力",
    "活着的意义是什么",
    "医生说我的鱼活不了了",
)


@pytest.fixture(scope="module")
def self_harm() -> RulesClassifier:
    return RulesClassifier(
        [
            RuleLine(index, kind == "regex", pattern, label, score)
            for index, (kind, pattern, label, score) in enumerate(RULES, 1)
            if label == "self_harm"
        ]
    )


def test_people_in_need_are_found(self_harm: RulesClassifier) -> None:
    assert [text for text, result in zip(IN_NEED, self_harm.predict(IN_NEED), strict=True) if not result.scores] == []


def test_sayings_accidents_and_the_subject_itself_are_left_alone(self_harm: RulesClassifier) -> None:
    found = zip(NOT_IN_NEED, self_harm.predict(NOT_IN_NEED), strict=True)
    assert [text for text, result in found if result.scores] == []


def test_care_does_not_depend_on_what_the_policy_does_with_the_label() -> None:
    assert needs_care(verdict(Action.BLOCK, scores={"threat": 0.95, "self_harm": 0.7}, labels=("threat",)))
    assert needs_care(verdict(Action.FLAG, scores={"self_harm": 0.3}, labels=("self_harm",)))
    assert not needs_care(verdict(Action.BLOCK, scores={"threat": 0.95, "self_harm": 0.1}, labels=("threat",)))


def test_countries_come_from_the_site_or_else_from_the_language(settings: Settings) -> None:
    assert [line.number for line in care_notice().lines][:2] == ["988", "988"]
    with translation.override("zh-hans"):
        assert care_notice().lines[0].number == "12356"
    settings.HELP_COUNTRIES = ["IE", "AU"]
    settings.HELP_LINE = "Ms Byrne, room 12"
    care = care_notice()
    assert (care.own, [line.dial for line in care.lines]) == ("Ms Byrne, room 12", ["116123", "131114"])


def test_a_country_without_a_known_line_is_named_at_the_start(settings: Settings) -> None:
    settings.HELP_COUNTRIES = [*HELP_LINES, "XX"]
    (fault,) = [message for message in run_checks() if message.id == "moderation.E007"]
    assert "'XX'" in fault.msg


@pytest.mark.django_db
def test_a_person_in_need_stands_above_all_else_in_the_queue() -> None:
    def severity(stage: Stage, **scores: float) -> float:
        judgement = Judgement(0, 2, "hm", verdict(Action.FLAG, scores=scores, labels=tuple(scores)), 0, 2)
        subject = Subject(stage=stage, subject_id=uuid4())
        return review_open(subject=subject, text="hm", shown_end=2, verdicts=[judgement], context=[]).severity

    assert severity(Stage.PROMPT, self_harm=0.7) > severity(Stage.PROMPT, threat=1.0) > 0.99
    assert severity(Stage.REPLY, self_harm=0.7) == 0.7
