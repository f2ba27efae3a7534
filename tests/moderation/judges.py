"""Judges for tests of the gate, and verdicts made by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from moderation.verdicts import Action, ClassifierResult, Verdict


def verdict(
    action: Action = Action.ALLOW,
    *,
    judged: bool = True,
    scores: dict[str, float] | None = None,
    labels: Sequence[str] = (),
    withdraws: bool = False,
) -> Verdict:
    scores = scores or {}
    result = ClassifierResult("fake", "1", {} if not judged else scores, error="" if judged else "out of order")
    return Verdict(action, judged, tuple(labels), scores, (result,), (), 1, withdraws=withdraws)


class FakeJudge:
    """Blocks the texts for which ``is_unsafe`` says so, and remembers what it was asked, call by call."""

    def __init__(self, is_unsafe: Callable[[str], bool] = lambda text: False, *, withdraws: bool = False) -> None:
        self.is_unsafe = is_unsafe
        self.withdraws = withdraws
        self.calls: list[list[str]] = []

    def __call__(self, texts: Sequence[str]) -> list[Verdict]:
        self.calls.append(list(texts))
        return [
            verdict(Action.BLOCK, scores={"threat": 1.0}, labels=["threat"], withdraws=self.withdraws)
            if self.is_unsafe(text)
            else verdict()
            for text in texts
        ]

    @property
    def windows(self) -> list[str]:
        return [text for call in self.calls for text in call]
