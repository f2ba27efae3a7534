"""The same stack without moderation, to see what moderation costs. Only the benchmark's own site may run so.

`CHAT_ENGINE=bench.unmoderated.engine_from_settings` in a worker: the prompt is allowed unseen, and each piece of the
reply goes out at once, without gate, classifiers and ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final

from django.utils.module_loading import import_string

from moderation.verdicts import Action, Judgement, Released, Stage, Verdict

ENGINE: Final = "bench.unmoderated.engine_from_settings"


class OpenGate:
    """Lets out all that it is fed."""

    judgements: tuple[Judgement, ...] = ()

    def __init__(self, judge: object, limits: object) -> None:
        self.text = ""

    def feed(self, text: str) -> list[Released]:
        if not text:
            return []
        start, self.text = len(self.text), self.text + text
        seen = Judgement(start, len(self.text), text, _allowed(0), start, len(self.text))
        return [Released(text, start, len(self.text), seen)]

    def finish(self) -> list[Released]:
        return []


def engine_from_settings(settings: Any) -> Any:
    """The usual engine, in a process whose turns are from now on not moderated."""
    # By name: models cannot be imported before the apps are ready.
    turns = import_module("conversations.turns")
    vars(turns)["Gate"] = OpenGate
    vars(import_module("moderation.runtime"))["judge_texts"] = _allow_all
    return import_string("inference.transformers_engine.engine_from_settings")(settings)


def _allow_all(texts: Sequence[str], stage: Stage, policy: Any) -> list[Verdict]:
    return [_allowed(policy.version) for _ in texts]


def _allowed(version: int) -> Verdict:
    return Verdict(Action.ALLOW, True, (), {}, (), (), version)
