"""One thread that runs the classifiers of a process. Whoever wants something judged waits for it, with a deadline.

The thread takes all that waits at once, so that windows of turns going on at the same time go through the classifiers
together; while several turns are going on it also waits a moment for those that are about to ask. Knows nothing of
Django and nothing of policies.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Generic, Protocol, TypeVar

from moderation.verdicts import ClassifierResult

logger = logging.getLogger(__name__)

Results = list[tuple[ClassifierResult, ...]]
"""For each text the results of all classifiers."""

MAX_BATCH_TEXTS = 64
GATHER_SECONDS = 0.003
"""How long the thread waits at most for others to join a batch. The engine writes the next tokens of all replies in one
step, so that their windows come within about this time of each other."""
AROUND_SECONDS = 1.0
"""Who asked within this time is taken to ask again. Nobody waits for a caller that is not around."""


class JudgeFault(Exception):
    """The texts were not judged. The message says why."""


AskedT = TypeVar("AskedT")
"""What is asked for one text: the text with what the classifiers need to know of it."""
_ContraT = TypeVar("_ContraT", contravariant=True)
DoneT = TypeVar("DoneT")


class Predictor(Protocol[_ContraT]):
    def predict(self, texts: Sequence[_ContraT], /) -> Results: ...


class JudgeThread(Generic[AskedT]):
    """Builds its classifiers in its own thread on the first call; begins anew after a failure."""

    def __init__(self, build: Callable[[], Predictor[AskedT]]) -> None:
        """``build`` is called in the thread; what it raises reaches all who wait."""
        self._build = build
        self._lock = threading.Lock()
        self._jobs: _Jobs[AskedT] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._asked_at: dict[int, float] = {}

    @property
    def is_alive(self) -> bool:
        thread = self._thread
        return thread is not None and thread.is_alive()

    def judge(self, texts: Sequence[AskedT], timeout: float) -> Results:
        """Wait up to ``timeout`` seconds for the results of ``texts``. Raises ``JudgeFault``."""
        results: Results = self._wait(_Job(texts), timeout)
        return results

    def run(self, work: Callable[[Any], DoneT], timeout: float) -> DoneT:
        """Let the thread do other work with its predictor, after the texts that wait; returns what ``work`` gives.

        For pieces so short that judging hardly waits. What ``work`` raises reaches this caller alone, and the thread
        goes on. Raises ``JudgeFault`` as `judge` does.
        """
        done: DoneT = self._wait(_Work(work), timeout)
        return done

    def _wait(self, job: _Job[AskedT], timeout: float) -> Any:
        with self._lock:
            if not self.is_alive:
                # A new queue: what a dead thread left behind was failed by it.
                self._jobs = queue.SimpleQueue()
                self._thread = threading.Thread(target=self._run, args=(self._jobs,), name="judge", daemon=True)
                self._thread.start()
            self._jobs.put(job)
            self._asked_at[threading.get_ident()] = time.monotonic()
        try:
            return job.future.result(timeout)
        except TimeoutError:
            job.future.cancel()
            raise JudgeFault(f"no answer from the classifiers within {timeout:g} s") from None

    def stop(self) -> None:
        """Let the thread end once it has answered what waits. Returns at once."""
        self._jobs.put(None)

    def _callers(self) -> int:
        """How many threads asked lately. Each waits for its answer, so no more jobs than that come at a time."""
        with self._lock:
            oldest = time.monotonic() - AROUND_SECONDS
            self._asked_at = {thread: at for thread, at in self._asked_at.items() if at > oldest}
            return len(self._asked_at)

    def _run(self, jobs: _Jobs[AskedT]) -> None:
        batch: list[_Job[AskedT]] | None = []
        try:
            predictor = self._build()
            while (batch := _next_batch(jobs, self._callers)) is not None:
                _answer(batch, predictor)
        except BaseException as error:
            # Also SystemExit and the like: a caller must never wait for a thread that is gone.
            logger.exception("the judge's thread ended; the next text starts a new one")
            with self._lock:
                self._thread = None
            fault = JudgeFault(f"the classifiers stopped: {type(error).__name__}: {error}")
            fault.__cause__ = error
            for job in [*(batch or []), *_waiting(jobs)]:
                job.fail(fault)


class _Job(Generic[AskedT]):
    def __init__(self, texts: Sequence[AskedT]) -> None:
        self.texts = texts
        self.future: Future[Any] = Future()

    def fail(self, error: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class _Work(_Job[AskedT]):
    """Has no text to be judged, but something else to be done in the thread."""

    def __init__(self, work: Callable[[Any], Any]) -> None:
        super().__init__(())
        self._work = work

    def do(self, predictor: object) -> None:
        try:
            self.future.set_result(self._work(predictor))
        except Exception as error:  # the caller's own fault, and no reason to end the thread
            self.fail(error)


_Jobs = queue.SimpleQueue[_Job[AskedT] | None]


def _waiting(jobs: _Jobs[AskedT]) -> list[_Job[AskedT]]:
    found = []
    while True:
        try:
            if (job := jobs.get_nowait()) is not None:
                found.append(job)
        except queue.Empty:
            return found


def _next_batch(jobs: _Jobs[AskedT], callers: Callable[[], int]) -> list[_Job[AskedT]] | None:
    """Wait for a job, then take what else waits, up to ``MAX_BATCH_TEXTS`` texts (one job is never split).

    Waits for more only as long as fewer jobs are here than there are ``callers``: a lone turn is answered at once.
    None when the thread is to end.
    """
    if (job := jobs.get()) is None:
        return None
    batch = [job]
    count = len(job.texts)
    until = time.monotonic() + GATHER_SECONDS
    while count < MAX_BATCH_TEXTS:
        try:
            job = jobs.get_nowait()
        except queue.Empty:
            left = until - time.monotonic()
            if left <= 0 or len(batch) >= callers():
                break
            try:
                job = jobs.get(timeout=left)
            except queue.Empty:
                break
        if job is None:
            jobs.put(None)
            break
        batch.append(job)
        count += len(job.texts)
    return [job for job in batch if job.future.set_running_or_notify_cancel()]


def _answer(batch: Sequence[_Job[AskedT]], predictor: Predictor[AskedT]) -> None:
    texts = [text for job in batch for text in job.texts]
    results = predictor.predict(texts) if texts else []
    if len(results) != len(texts):
        raise JudgeFault(f"{len(results)} results for {len(texts)} texts")
    first = 0
    for job in batch:
        if isinstance(job, _Work):
            continue
        last = first + len(job.texts)
        job.future.set_result(results[first:last])
        first = last
    # Last, so that no text waits for it.
    for job in batch:
        if isinstance(job, _Work):
            job.do(predictor)
