"""One turn, from claim to end. Read `turn_run` and `_Run.run` top to bottom.

Nothing here holds a transaction while a model runs, and reply text leaves only as `Released` by the gate. Whoever
calls this does so in a thread of a worker process; who asked for the turn, and how, is not known here.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from functools import partial
from itertools import chain, pairwise
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models import F
from django.utils import timezone

from conversations.caring import care_offer
from conversations.database import with_patience
from conversations.endings import Ending, TurnLost, turn_finish
from conversations.events import SEQ_PER_ATTEMPT, TurnPublisher
from conversations.evidence import (
    context_lines,
    flag_raise,
    flag_raise_from_ledger,
    flag_raise_of_lost,
    is_suspect,
    subject_of,
    withdraw_and_flag,
)
from conversations.instructions import options_with, preferences_of, system_prompt_with
from conversations.masking import ConversationMasks
from conversations.models import Message, Preferences, Turn
from conversations.pulse import TurnSigns, pulse
from conversations.queueing import title_enqueue, turn_enqueue
from conversations.selectors import messages_on_branch
from conversations.titles import titles_are_from_model
from inference.base import ChatMessage, Chunk, EngineError, EngineStopped, PromptTooLong
from inference.prompts import FittedPrompt, fit_history
from inference.runtime import get_engine, options_from_settings
from moderation import runtime as moderation_runtime
from moderation.canary import Canary, Judge, process_canary
from moderation.care import needs_care
from moderation.gate import Gate
from moderation.selectors import reviewer_decision
from moderation.services import decision_record
from moderation.verdicts import Action, Blocked, Judgement, Released, Stage, Verdict, standing

logger = logging.getLogger(__name__)

CHECKPOINT_SECONDS: Final = 1.0
STALL_SECONDS: Final = 300.0
MIN_MESSAGE_TOKENS: Final = 3
"""A message has at least a mark before it, a token of text, and a mark after it."""

_shutting_down = threading.Event()


def shutdown_begin() -> None:
    """From now on running turns hand themselves back to the queue, so that the process can end within a second."""
    _shutting_down.set()


class _HandBack(Exception):
    """The process is ending; another one is to answer this turn."""


def turn_run(turn_id: UUID, *, worker: str) -> None:
    """Answer one queued turn. Does nothing if it is not (or no longer) queued: a task delivered twice is harmless."""
    if _shutting_down.is_set():
        return  # it stays queued, and the sweeper sends it again
    turn = with_patience(partial(_turn_claim, turn_id, worker))
    if turn is None:
        return
    signs = pulse.watch(turn.pk, turn.attempt)
    try:
        _Run(turn, signs).run()
    finally:
        pulse.unwatch(signs)


def _turn_claim(turn_id: UUID, worker: str) -> Turn | None:
    now = timezone.now()
    claimed = Turn.objects.filter(pk=turn_id, status=Turn.Status.QUEUED).update(
        status=Turn.Status.RUNNING,
        phase=Turn.Phase.THINKING,
        attempt=F("attempt") + 1,
        seq=(F("attempt") + 1) * SEQ_PER_ATTEMPT,
        worker=worker[:200],
        heartbeat_at=now,
        started_at=now,
        text="",
    )
    if not claimed:
        return None
    return Turn.objects.select_related("conversation", "prompt", "continues").filter(pk=turn_id).first()


class _Run:
    """One attempt at one turn, in one thread."""

    def __init__(self, turn: Turn, signs: TurnSigns) -> None:
        self.turn = turn
        self.signs = signs
        self.publisher = TurnPublisher(conversation_id=turn.conversation_id, turn_id=turn.pk, attempt=turn.attempt)
        self.released: list[str] = []
        self.reply_tokens = 0
        self.prompt_tokens = 0
        self.finish_reason = ""
        self.model = ""
        self.first_text_at: datetime | None = None
        self.checkpoint_at = time.monotonic()
        self.is_writing = False
        self.policy: moderation_runtime.ActivePolicy
        self.gate: Gate | None = None
        self.canary: Canary | None = None
        self.masks: ConversationMasks
        self.withheld = ""
        self.own: Preferences | None = None
        self.context: list[dict[str, str]] = []
        self.evidence: partial[None] | None = None

    def run(self) -> None:
        try:
            self._attempt()
        except TurnLost as lost:
            logger.info("%s", lost)
            self._evidence_keep()
        except (OperationalError, InterfaceError) as error:
            # Nothing can be written, so nothing can be ended: the heartbeat stops here, and the sweeper takes over.
            logger.error("turn %s left to the sweeper, the database is away: %s", self.turn.pk, type(error).__name__)
        except Exception as error:
            # The sweeper ends it, from the checkpoint.
            self._log(error)

    def _attempt(self) -> None:
        try:
            self.publisher.changed()
            # One for the whole attempt: its gate holds back what the ledger's version demands.
            owner_id = self.turn.conversation.owner_id
            self.policy = with_patience(lambda: moderation_runtime.policy_for(owner_id))
            ending = self._prompt_judge() or self._answer()
            self._finish(ending)
        except (TurnLost, OperationalError, InterfaceError):
            raise
        except _HandBack:
            self._hand_back()
        except EngineError as error:
            logger.warning("turn %s failed: %s", self.turn.pk, error)
            params = {"tokens": error.tokens, "limit": error.limit} if isinstance(error, PromptTooLong) else {}
            self._fail(error.code, str(error), params)
        except Exception as error:
            self._log(error)
            self._fail("internal_error", type(error).__name__)

    def _log(self, error: Exception) -> None:
        """Without the error's own words: those of a database or a parser may quote text that nobody judged."""
        where = "".join(traceback.format_tb(error.__traceback__))
        logger.error("turn %s failed: %s\n%s", self.turn.pk, type(error).__name__, where)

    # --- the prompt ----------------------------------------------------------------------------------------------

    def _prompt_judge(self) -> Ending | None:
        """An ending if the prompt may not go to the model."""
        prompt = self.turn.prompt
        if prompt.state == Message.State.WITHHELD:
            return Ending(status=Turn.Status.FAILED, error_code="prompt_withheld")
        begun = self.turn.continues
        if begun is not None and begun.state != Message.State.SHOWN:
            return Ending(status=Turn.Status.FAILED, error_code="reply_withheld")
        human = with_patience(lambda: reviewer_decision(prompt.pk))
        if human is not None and human.action == Action.ALLOW:
            return None  # a person decided on this very message; that outranks the classifiers
        text = prompt.text
        (verdict,) = moderation_runtime.judge_texts([text], Stage.PROMPT, self.policy)
        allowed_end = len(text) if verdict.is_allowed else 0
        judgement = Judgement(0, len(text), text, verdict, 0, allowed_end)
        subject = subject_of(self.turn, Stage.PROMPT)
        if needs_care(verdict):
            with_patience(partial(care_offer, prompt.pk))
        if verdict.is_allowed:
            with_patience(lambda: decision_record(subject=subject, judgement=judgement))
            with_patience(self._flag(Stage.PROMPT, text, len(text), [judgement]))
            return None
        blocked = Blocked(0, len(text), text, judgement)
        with_patience(lambda: decision_record(subject=subject, judgement=judgement, blocked=blocked))
        return self._blocked(Stage.PROMPT, verdict, text=text, shown_end=0, judgements=[judgement])

    # --- the reply -----------------------------------------------------------------------------------------------

    def _answer(self) -> Ending:
        engine = get_engine()
        self.model = engine.name
        self.canary = process_canary() if self.policy.document.canary and settings.SYSTEM_PROMPT else None
        self.own = with_patience(lambda: preferences_of(self.turn.conversation.owner_id))
        handling = self.policy.document.personal_data
        self.masks = with_patience(lambda: ConversationMasks(self.turn.conversation_id, handling))
        fitted = self._history_fit()
        self.prompt_tokens = fitted.prompt_tokens
        judge: Judge = partial(moderation_runtime.judge_texts, stage=Stage.REPLY, policy=self.policy)
        gate = self.gate = Gate(self.canary.guard(judge) if self.canary else judge, self.policy.document.gate)
        recorded = 0
        options = options_with(options_from_settings(engine.recommended, fitted.max_new_tokens), self.own)
        with closing(_with_stall_guard(engine.stream(fitted.messages, options, self._should_stop))) as stream:
            for chunk in chain(self._begun(), stream):
                self.reply_tokens += chunk.tokens
                self.finish_reason = chunk.finish_reason or self.finish_reason
                # PostgreSQL stores any character but this one.
                shown = self.masks.shown(chunk.text.replace("\x00", "\ufffd"))
                with_patience(self.masks.keep)
                outcomes = gate.feed(shown)
                recorded, blocked = self._let_out(gate, outcomes, recorded)
                if blocked is not None:
                    return self._reply_blocked(gate, blocked)
                self.publisher.flush(force=False)
                self._checkpoint()
        if _shutting_down.is_set() and self.finish_reason == "cancelled" and not self.signs.is_stop_requested:
            raise _HandBack
        if self.signs.is_lost:
            raise TurnLost(f"turn {self.turn.pk} was taken from attempt {self.turn.attempt}")
        if self.finish_reason == "cancelled":
            return self._ended(Turn.Status.CANCELLED)
        self._phase_set(Turn.Phase.CHECKING)
        rest = self.masks.shown_rest()
        with_patience(self.masks.keep)
        outcomes = [*gate.feed(rest), *gate.finish()]
        recorded, blocked = self._let_out(gate, outcomes, recorded)
        if blocked is not None:
            return self._reply_blocked(gate, blocked)
        return self._ended(Turn.Status.DONE)

    def _let_out(self, gate: Gate, outcomes: list[Released | Blocked], recorded: int) -> tuple[int, Blocked | None]:
        """Record each judgement, then publish what it released: the ledger knows first."""
        blocked = next((outcome for outcome in outcomes if isinstance(outcome, Blocked)), None)
        for judgement in gate.judgements[recorded:]:
            end = blocked if blocked is not None and blocked.judgement is judgement else None
            if self.canary is not None:
                judgement = self.canary.redact_judgement(judgement)
                end = self.canary.redact_block(end) if end is not None else None
            subject = subject_of(self.turn, Stage.REPLY)
            with_patience(partial(decision_record, subject=subject, judgement=judgement, blocked=end))
        for outcome in outcomes:
            if isinstance(outcome, Released):
                self.released.append(outcome.text)
                if self.is_writing:
                    self.publisher.text(outcome)
                    continue
                # The first text is in the database before it is shown, so that a reload at once does not lose it.
                self.is_writing = True
                self.first_text_at = timezone.now()
                self._write(phase=Turn.Phase.WRITING)
                self.publisher.text(outcome)
                self.publisher.changed()
        return len(gate.judgements), blocked

    def _should_stop(self) -> bool:
        return self.signs.is_stop_requested or self.signs.is_lost or _shutting_down.is_set()

    def _begun(self) -> list[Chunk]:
        """The cut reply that this one goes on from: judged anew, as the beginning of the longer one."""
        return [Chunk(self.turn.continues.text)] if self.turn.continues is not None else []

    def _history_fit(self) -> FittedPrompt:
        turn = self.turn
        engine = get_engine()
        # More of them cannot fit, however short they are; of a long conversation not all is read for nothing.
        limit = engine.context_tokens // MIN_MESSAGE_TOKENS + 1
        branch = with_patience(lambda: messages_on_branch(turn.conversation, limit=limit, leaf_id=turn.prompt_id))
        # Kept, for the conversation may be deleted before there is something to flag.
        self.context = context_lines(branch)
        system = self.canary.put_into(settings.SYSTEM_PROMPT) if self.canary else settings.SYSTEM_PROMPT
        system = system_prompt_with(system, self.own, self.policy, get_engine())
        asked, said = partial(self.masks.for_model, from_person=True), partial(self.masks.for_model, from_person=False)
        system = asked(system) if self.own else system  # it holds words of theirs
        messages = [ChatMessage("system", system)] if system else []
        for prompt, reply in _exchanges(branch):
            messages += [ChatMessage("user", asked(prompt.text)), ChatMessage("assistant", said(reply.text))]
        messages.append(ChatMessage("user", asked(turn.prompt.text)))
        messages += [ChatMessage("assistant", said(chunk.text)) for chunk in self._begun()]
        with_patience(self.masks.keep)
        return fit_history(
            messages,
            count_tokens=engine.count_tokens,
            context_tokens=engine.context_tokens,
            reply_tokens=settings.CHAT_MAX_NEW_TOKENS,
        )

    # --- what is written meanwhile -------------------------------------------------------------------------------

    def _phase_set(self, phase: Turn.Phase) -> None:
        self._write(phase=phase)
        self.publisher.changed()

    def _checkpoint(self) -> None:
        if self.is_writing and time.monotonic() - self.checkpoint_at >= CHECKPOINT_SECONDS:
            self.publisher.flush()
            self._write()

    def _write(self, **fields: object) -> None:
        """Checkpoint text and ``fields``. Raises ``TurnLost`` when the row is no longer ours."""
        self.checkpoint_at = time.monotonic()
        fields |= {"text": "".join(self.released), "seq": self.publisher.seq, "reply_tokens": self.reply_tokens}
        mine = Turn.objects.filter(pk=self.turn.pk, attempt=self.turn.attempt, status=Turn.Status.RUNNING)
        if not with_patience(lambda: mine.update(**fields)):
            raise TurnLost(f"turn {self.turn.pk} was taken from attempt {self.turn.attempt}")

    # --- the end -------------------------------------------------------------------------------------------------

    def _reply_blocked(self, gate: Gate, blocked: Blocked) -> Ending:
        self.withheld = self.canary.redact(blocked.withheld) if self.canary else blocked.withheld
        return self._blocked(
            Stage.REPLY,
            blocked.judgement.verdict,
            text="".join(self.released) + self.withheld,
            shown_end=blocked.start,
            judgements=gate.judgements,
            is_withdrawn=blocked.is_withdrawn,
        )

    def _blocked(
        self,
        stage: Stage,
        verdict: Verdict,
        *,
        text: str,
        shown_end: int,
        judgements: Sequence[Judgement],
        is_withdrawn: bool = False,
    ) -> Ending:
        released = "".join(self.released)
        self.evidence = self._flag(stage, text, shown_end, judgements)
        if is_withdrawn:
            self.publisher.discard()
            self.evidence = partial(withdraw_and_flag, self.turn, text=released, flag=self.evidence)
        return Ending(
            status=Turn.Status.BLOCKED,
            text="" if is_withdrawn else released,
            blocked_stage=stage,
            labels=verdict.labels,
            notice=verdict.notice,
            is_withdrawn=is_withdrawn,
            is_unjudged=not verdict.judged,
        )

    def _ended(self, status: Turn.Status, **fields: Any) -> Ending:
        text = "".join(self.released)
        judgements = self.gate.judgements if self.gate is not None else ()
        self.evidence = self._flag(Stage.REPLY, text, len(text), judgements)
        return Ending(status=status, text=text, **fields)

    def _flag(self, stage: Stage, text: str, shown_end: int, judgements: Sequence[Judgement]) -> partial[None]:
        return partial(flag_raise, self.turn, stage, text=text, shown_end=shown_end, judgements=judgements)

    def _finish(self, ending: Ending) -> None:
        self.publisher.flush()
        ending.fields.update(
            seq=self.publisher.seq + 1,
            model=self.model[:300],
            prompt_tokens=self.prompt_tokens,
            reply_tokens=self.reply_tokens,
            finish_reason=self.finish_reason,
            first_text_at=self.first_text_at,
        )
        with_patience(
            lambda: turn_finish(turn_id=self.turn.pk, attempt=self.turn.attempt, ending=ending, evidence=self.evidence)
        )
        self.publisher.changed()
        if ending.status == Turn.Status.DONE and self.turn.prompt.parent_id is None and titles_are_from_model():
            title_enqueue(self.turn.conversation_id)

    def _fail(self, code: str, detail: str, params: dict[str, int] | None = None) -> None:
        self._finish(self._ended(Turn.Status.FAILED, error_code=code, error_detail=detail, error_params=params or {}))

    def _evidence_keep(self) -> None:
        """This attempt ends nothing any more, but what it judged to be suspect is still a person's to look at."""
        evidence = self.evidence
        if self.gate is not None:
            released = "".join(self.released)
            evidence = partial(
                flag_raise_of_lost,
                self.turn,
                text=released + self.withheld,
                shown_end=len(released),
                judgements=self.gate.judgements,
                context=self.context,
            )
        try:
            if evidence is not None:
                with_patience(evidence)
        except Exception as error:
            self._log(error)

    def _hand_back(self) -> None:
        mine = Turn.objects.filter(pk=self.turn.pk, attempt=self.turn.attempt, status=Turn.Status.RUNNING)
        unstopped = mine.filter(stop_requested_at=None)
        judgements = self.gate.judgements if self.gate is not None else ()
        if any(map(is_suspect, standing(judgements))):
            self.turn.text = "".join(self.released)
            with_patience(partial(flag_raise_from_ledger, self.turn, is_over=False))
        if with_patience(lambda: unstopped.update(status=Turn.Status.QUEUED, text="", sent_at=timezone.now())):
            turn_enqueue(self.turn.pk)
            self.publisher.changed()
        elif with_patience(mine.exists):
            self._finish(self._ended(Turn.Status.CANCELLED))


def _exchanges(branch: list[Message]) -> Iterator[tuple[Message, Message]]:
    """Prompts with the reply that follows them on the branch; those without (withheld, failed) are left out.

    Chat templates of many models accept nothing but strictly alternating roles.
    """
    for prompt, reply in pairwise(branch):
        if prompt.role == Message.Role.USER and reply.role == Message.Role.ASSISTANT and prompt.text and reply.text:
            yield prompt, reply


def _with_stall_guard(stream: Iterator[Chunk]) -> Generator[Chunk, None, None]:
    """Signs of life without a token for minutes mean a stuck engine; waiting longer would be a spinner for ever."""
    token_at = time.monotonic()
    try:
        for chunk in stream:
            if chunk.tokens:
                token_at = time.monotonic()
            elif time.monotonic() - token_at > STALL_SECONDS:
                raise EngineStopped(f"the model gave no token for {STALL_SECONDS:.0f} seconds")
            yield chunk
    finally:
        close = getattr(stream, "close", None)
        if close is not None:
            close()
