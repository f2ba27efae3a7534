from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from moderation import judge as judge_module
from moderation.judge import JudgeFault, JudgeThread, Predictor, Results
from moderation.verdicts import ClassifierResult

PATIENCE = 10.0


class Slow:
    """Answers when it is told to; remembers each batch and its thread."""

    def __init__(self) -> None:
        self.go = threading.Semaphore(0)
        self.asked = threading.Semaphore(0)
        self.batches: list[list[str]] = []
        self.threads: set[int] = set()

    def predict(self, texts: Sequence[str]) -> Results:
        self.batches.append(list(texts))
        self.threads.add(threading.get_ident())
        self.asked.release()
        assert self.go.acquire(timeout=PATIENCE)
        return [(ClassifierResult("slow", "1", {"toxicity": len(text) / 100}),) for text in texts]


class Breaking:
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def predict(self, texts: Sequence[str]) -> Results:
        raise self.error


def lengths(results: Results) -> list[int]:
    return [round(result.scores["toxicity"] * 100) for (result,) in results]


def test_callers_at_the_same_time_share_one_batch_and_each_gets_its_own() -> None:
    slow = Slow()
    judge = JudgeThread(lambda: slow)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(judge.judge, ["a"], PATIENCE)
        assert slow.asked.acquire(timeout=PATIENCE)
        others = [pool.submit(judge.judge, ["b" * size, "c"], PATIENCE) for size in range(1, 9)]
        while judge._jobs.qsize() < 8:
            threading.Event().wait(0.005)
        slow.go.release(2)
        assert lengths(first.result(PATIENCE)) == [1]
        assert [lengths(other.result(PATIENCE)) for other in others] == [[size, 1] for size in range(1, 9)]
    assert [len(batch) for batch in slow.batches] == [1, 16]
    assert threading.get_ident() not in slow.threads
    assert len(slow.threads) == 1
    judge.stop()


def test_waiting_ends_at_the_deadline_and_what_nobody_waits_for_is_not_judged() -> None:
    slow = Slow()
    judge = JudgeThread(lambda: slow)
    with ThreadPoolExecutor(1) as pool:
        busy = pool.submit(judge.judge, ["busy"], PATIENCE)
        assert slow.asked.acquire(timeout=PATIENCE)
        with pytest.raises(JudgeFault, match=r"no answer from the classifiers within 0\.01 s"):
            judge.judge(["late"], 0.01)
        slow.go.release(2)
        busy.result(PATIENCE)
        judge.judge(["next"], PATIENCE)
    assert slow.batches == [["busy"], ["next"]]
    judge.stop()


@pytest.mark.parametrize("error", [RuntimeError("boom"), SystemExit(1), MemoryError()])
def test_a_thread_that_dies_fails_its_callers_and_the_next_one_gets_a_new_thread(error: BaseException) -> None:
    good = Slow()
    good.go.release(10)
    predictors: list[Predictor[str]] = [Breaking(error), good]
    judge = JudgeThread(lambda: predictors.pop(0))
    with pytest.raises(JudgeFault, match=type(error).__name__):
        judge.judge(["a"], PATIENCE)
    assert lengths(judge.judge(["ab"], PATIENCE)) == [2]
    judge.stop()


def test_what_keeps_the_classifiers_from_being_built_reaches_the_caller() -> None:
    def build() -> Slow:
        raise FileNotFoundError("no checkpoint there")

    with pytest.raises(JudgeFault, match="no checkpoint there"):
        JudgeThread(build).judge(["a"], PATIENCE)


def test_an_answer_of_the_wrong_length_is_a_fault() -> None:
    short = Slow()
    short.predict = lambda texts: []  # type: ignore[method-assign]
    with pytest.raises(JudgeFault, match="0 results for 1 texts"):
        JudgeThread(lambda: short).judge(["a"], PATIENCE)


def test_other_work_runs_in_the_thread_after_the_texts_and_its_faults_are_its_own() -> None:
    slow = Slow()
    judge = JudgeThread(lambda: slow)
    with ThreadPoolExecutor(3) as pool:
        busy = pool.submit(judge.judge, ["busy"], PATIENCE)
        assert slow.asked.acquire(timeout=PATIENCE)
        work = pool.submit(judge.run, lambda predictor: (len(predictor.batches), threading.get_ident()), PATIENCE)
        while judge._jobs.qsize() < 1:
            threading.Event().wait(0.005)
        text = pool.submit(judge.judge, ["text"], PATIENCE)
        while judge._jobs.qsize() < 2:
            threading.Event().wait(0.005)
        slow.go.release(2)
        assert lengths(busy.result(PATIENCE)) + lengths(text.result(PATIENCE)) == [4, 4]
        assert work.result(PATIENCE) == (2, *slow.threads)
    with pytest.raises(ZeroDivisionError):
        judge.run(lambda predictor: 1 // 0, PATIENCE)
    slow.go.release()
    assert lengths(judge.judge(["ab"], PATIENCE)) == [2]
    assert len(slow.threads) == 1
    judge.stop()


def test_stop_lets_the_thread_end() -> None:
    slow = Slow()
    slow.go.release()
    judge = JudgeThread(lambda: slow)
    judge.judge(["a"], PATIENCE)
    thread = judge._thread
    assert thread is not None
    judge.stop()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_a_lone_caller_never_waits_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge_module, "GATHER_SECONDS", 3 * PATIENCE)
    slow = Slow()
    slow.go.release(3)
    judge = JudgeThread(lambda: slow)
    for text in ("a", "b", "c"):
        judge.judge([text], PATIENCE)
    assert slow.batches == [["a"], ["b"], ["c"]]
    judge.stop()


def test_who_asked_lately_is_waited_for_and_then_judged_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge_module, "GATHER_SECONDS", PATIENCE)
    monkeypatch.setattr(judge_module, "AROUND_SECONDS", 10 * PATIENCE)
    slow = Slow()
    judge = JudgeThread(lambda: slow)
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        slow.go.release()
        one.submit(judge.judge, ["a"], PATIENCE).result(PATIENCE)
        slow.go.release()
        # It waits for the first caller, who asks as well in a moment.
        second = other.submit(judge.judge, ["b"], PATIENCE)
        while not judge._asked_at or len(judge._asked_at) < 2:
            threading.Event().wait(0.005)
        first = one.submit(judge.judge, ["c"], PATIENCE)
        assert [len(first.result(PATIENCE)), len(second.result(PATIENCE))] == [1, 1]
    assert slow.batches == [["a"], ["b", "c"]]
    judge.stop()
