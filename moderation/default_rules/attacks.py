"""Attacks on the assistant's instructions."""

from __future__ import annotations

from typing import Final

from moderation.default_rules.scores import DOUBTFUL, PLAIN, Line

PROMPT_ATTACKS: Final[tuple[Line, ...]] = (
    (
        "regex",
        r"\b(ignore|disregard|forget) (all |any )?(of )?(the |your |my )?(previous|prior|above|earlier|preceding)"
        r"( system)? (instructions?|prompts?|rules|messages|directions)\b",
        "prompt_attack",
        PLAIN,
    ),
    (
        "regex",
        r"\b(print|show|reveal|repeat|output|display) (me )?(your|the) "
        r"(full |entire |hidden |initial )?system (prompt|message|instructions)\b",
        "prompt_attack",
        DOUBTFUL,
    ),
    (
        "regex",
        r"(忽略|无视|忘记|忘掉)(掉)?(你)?(之前|以上|上面|前面|先前)(的)?(所有|全部|一切)?(的)?(指令|指示|提示|规则|设定|要求)",
        "prompt_attack",
        PLAIN,
    ),
    (
        "regex",
        r"(输出|显示|告诉我|打印|重复)(一下)?(你的)(完整)?系统(提示词|提示|指令|设定)",
        "prompt_attack",
        DOUBTFUL,
    ),
)
