"""An engine and a judge for tests of the turn alone, in the test's own process."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from inference.base import ChatMessage, Chunk, Options
from moderation.runtime import ActivePolicy
from moderation.verdicts import Action, ClassifierResult, Stage, Verdict

_SEEMS_BAD = re.compile(r"SEEMSBAD(?! after all\.)")

Step = Chunk | Exception | Callable[[], object]


class ListEngine:
    """Yields what was enqueued, one list a reply; a callable is called until it is not ``False``, an error raised."""

    context_tokens = 1000
    name = "list-engine"
    recommended = Options(temperature=0.4)

    def __init__(self) -> None:
        self.replies: deque[list[Step]] = deque()
        self.asked: list[list[ChatMessage]] = []
        self.options: list[Options] = []
        self.closed_early = 0

    def enqueue(self, *steps: str | Step) -> None:
        self.replies.append([Chunk(step, tokens=1) if isinstance(step, str) else step for step in steps])

    def stream(
        self, messages: Sequence[ChatMessage], options: Options, should_stop: Callable[[], bool]
    ) -> Iterator[Chunk]:
        self.asked.append(list(messages))
        self.options.append(options)
        steps = self.replies.popleft()
        try:
            for step in steps:
                if should_stop():
                    yield Chunk("", finish_reason="cancelled")
                    return
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, Chunk):
                    yield step
                    if step.finish_reason is not None:
                        return
                else:
                    while step() is False:
                        yield Chunk("")  # a sign of life, as an engine gives while it works
            yield Chunk("", finish_reason="stop")
        except GeneratorExit:
            self.closed_early += 1
            raise

    def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        return sum(len(message.content.split()) + 4 for message in messages)

    def warm_up(self) -> None: ...

    def is_ready(self) -> bool:
        return True

    def close(self) -> None: ...


class PhraseJudge:
    """Blocks texts with ``BADWORD``, flags those with ``DOUBTFUL``, cannot judge those with ``UNJUDGEABLE``.

    ``GRAVEWORD`` blocks, and takes back what was shown, as the standard policy has it for its label. ``SEEMSBAD`` looks
    unsafe as long as ``after all.`` does not follow it. ``notice`` is what the policy says itself of what is blocked.
    """

    def __init__(self) -> None:
        self.judged: list[tuple[Stage, str]] = []
        self.policies: list[ActivePolicy | None] = []
        self.notice: dict[str, str] = {}

    def __call__(self, texts: Sequence[str], stage: Stage, policy: ActivePolicy | None = None) -> list[Verdict]:
        self.policies += [policy] * len(texts)
        self.judged += [(stage, text) for text in texts]
        return [self._verdict(text) for text in texts]

    def _verdict(self, text: str) -> Verdict:
        action, judged, withdraws = Action.ALLOW, True, False
        labels: tuple[str, ...] = ()
        if "UNJUDGEABLE" in text:
            action, judged = Action.BLOCK, False
        elif "GRAVEWORD" in text:
            action, labels, withdraws = Action.BLOCK, ("severe_toxicity",), True
        elif "BADWORD" in text or _SEEMS_BAD.search(text):
            action, labels = Action.BLOCK, ("insult",)
        elif "DOUBTFUL" in text:
            action, labels = Action.FLAG, ("insult",)
        score = {Action.ALLOW: 0.01, Action.FLAG: 0.7, Action.BLOCK: 0.99}[action]
        scores = {labels[0] if labels else "insult": score} if judged else {}
        results = (ClassifierResult("phrases", "1", scores, error="" if judged else "off"),)
        notice = self.notice if action is Action.BLOCK else {}
        return Verdict(action, judged, labels, scores, results, (), 1, withdraws=withdraws, notice=notice)
