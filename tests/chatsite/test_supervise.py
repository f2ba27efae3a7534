"""The supervisor, run as a process of its own with small parts: restarts, giving up, ending in order, no orphans."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.background import Background
from tests.servers import wait_until

RUN = """
import json, os, sys
from chatsite.parts import Part
from chatsite.supervise import Supervisor
parts = [Part(name, (sys.executable, "-c", code)) for name, code in json.loads(sys.argv[1]).items()]
sys.exit(Supervisor(parts, os.environ, backoff=[0.05], grace=1.0).run())
"""
STAY = "import signal; print('here', flush=True); signal.pause()"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {STAY}"
SAYS_BYE = """
import signal, sys, time
def end(*_):
    time.sleep(PAUSE)
    print("bye", flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("here", flush=True)
while True:
    signal.pause()
"""

Start = Callable[..., Background]


def says_bye(pause: float) -> str:
    """A part that ends ``pause`` seconds after it was asked to."""
    return SAYS_BYE.replace("PAUSE", str(pause))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a supervisor of parts given as ``name=python code``."""
    started: list[Background] = []

    def begin(**parts: str) -> Background:
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        started.append(Background([sys.executable, "-c", RUN, json.dumps(parts)], environment, tmp_path / "output"))
        return started[-1]

    yield begin
    for one in started:
        one.close()


def test_output_has_the_parts_name_before_each_line(start: Start) -> None:
    stack = start(first=STAY, second=STAY)
    stack.wait_for("here", 2)
    assert stack.end(signal.SIGTERM) == 0
    assert "first  | here" in stack.output
    assert "second | here" in stack.output


def test_a_part_that_dies_is_started_again(start: Start) -> None:
    stack = start(web=STAY)
    stack.wait_for("here")
    stack.child("pause").kill()
    stack.wait_for("here", 2)
    assert "web ended by SIGKILL; starting it again in 0.05 s" in stack.output
    assert stack.end(signal.SIGINT) == 0


def test_a_part_that_keeps_dying_ends_the_stack(start: Start) -> None:
    stack = start(web="import sys; sys.exit(3)", beat=STAY)
    assert stack.process.wait(20) == 1
    assert stack.output.count("web ended with status 3; starting it again") == 4
    assert "web ended with status 3, for the 5th time within 60 s; the stack ends" in stack.output


def test_a_part_that_says_its_settings_are_wrong_ends_the_stack_at_once(start: Start) -> None:
    stack = start(inference="import os, sys; print('no such model'); sys.exit(os.EX_CONFIG)", web=STAY)
    assert stack.process.wait(20) == 1
    assert stack.output.count("no such model") == 1
    assert "its settings cannot work" in stack.output
    assert "starting it again" not in stack.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_two_signals_end_all_and_leave_no_orphan(start: Start, number: signal.Signals) -> None:
    stack = start(web=says_bye(0), beat=says_bye(0))
    stack.wait_for("here", 2)
    stack.process.send_signal(number)
    assert stack.end(number) == 0
    assert stack.output.count("bye") == 2
    assert stack.orphans() == []


def test_redis_ends_after_all_others(start: Start) -> None:
    stack = start(redis=says_bye(0), inference=says_bye(0.3))
    stack.wait_for("here", 2)
    assert stack.end(signal.SIGTERM) == 0
    lines = [line for line in stack.output.splitlines() if line.endswith("bye")]
    assert ["inference" in lines[0], "redis" in lines[1]] == [True, True], stack.output


def test_a_part_that_does_not_end_is_killed(start: Start) -> None:
    stack = start(web=STUBBORN)
    stack.wait_for("here")
    assert stack.end(signal.SIGTERM) == 0
    assert "web has not ended within 1 s; killing it" in stack.output
    assert stack.orphans() == []


@pytest.mark.skipif(sys.platform != "linux", reason="the tie to the parent is Linux's")
def test_parts_do_not_outlive_a_killed_supervisor(start: Start) -> None:
    stack = start(web=STAY, inference=STUBBORN)
    stack.wait_for("here", 2)
    stack.end(signal.SIGKILL)
    wait_until(lambda: stack.orphans() == [], "the end of all parts")
