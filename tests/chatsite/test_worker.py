"""The inference worker as a process: what it does before its first turn and after its last."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from chatsite.parts import worker_part
from tests.servers import wait_until
from tests.stack import Stack


def test_readiness_follows_the_worker(stack: Stack) -> None:
    assert stack.readiness()[0] == 200
    stack.terminate("inference")
    status, parts = stack.readiness()
    assert (status, parts["redis"], parts["database"]) == (503, "ok", "ok")
    assert "no worker" in parts["inference"]
    stack.start_part("inference")
    stack.ready_wait()


def test_a_killed_worker_is_missed_within_seconds(stack: Stack) -> None:
    stack.kill_worker()
    wait_until(lambda: stack.readiness()[0] == 503, "a site that misses its worker", 15)


def test_readiness_misses_redis_and_finds_it_again(stack: Stack) -> None:
    stack.terminate("redis")
    assert stack.readiness()[1]["redis"] == "does not answer"
    stack.start_part("redis")
    stack.ready_wait()


def test_only_the_inference_worker_is_large(stack: Stack) -> None:
    for name in ("web", "housekeeping", "beat"):
        assert "profanity" not in _mapped(stack.pid(name)), name
        assert "sklearn" not in _mapped(stack.pid(name)), name
    assert "sklearn" in _mapped(stack.pid("inference"))


def _mapped(pid: int) -> str:
    return Path(f"/proc/{pid}/maps").read_text()


def test_a_model_that_cannot_be_served_ends_the_worker_with_one_line(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    real = {"CHAT_MODEL": str(tmp_path), "CHAT_ENGINE": "inference.transformers_engine.engine_from_settings"}
    part = replace(worker_part("broken", "inference", 1, stack.site), environment=real)
    stack.start_extra("broken", part)
    wait_until(lambda: not stack.is_running("broken"), "the end of the worker", 60)
    said = stack.logs("broken")
    assert "The model cannot be served" in said
    assert str(tmp_path) in said
    assert "Traceback" not in said
    assert stack.terminate("broken") == os.EX_CONFIG
