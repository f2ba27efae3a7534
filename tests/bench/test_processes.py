from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from bench.processes import BenchFault, cpu_counted, cpu_seconds, memory_of, tied_to, wait_for


def test_what_is_started_meanwhile_runs_on_these_cores_only() -> None:
    before = os.sched_getaffinity(0)
    core = min(before)

    with tied_to([core]):
        said = subprocess.check_output([sys.executable, "-c", "import os; print(os.sched_getaffinity(0))"], text=True)

    assert said.strip() == str({core})
    assert os.sched_getaffinity(0) == before


def test_no_cores_mean_no_tie() -> None:
    with tied_to(None):
        assert os.sched_getaffinity(0)


def test_cpu_time_is_counted_while_it_is_used() -> None:
    program = "import time; end = time.process_time() + 0.5\nwhile time.process_time() < end: pass"
    with subprocess.Popen([sys.executable, "-c", "input(); " + program], stdin=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        with cpu_counted({"it": process.pid}) as use, subprocess.Popen([sys.executable, "-c", program]) as other:
            process.stdin.write("\n")
            process.stdin.flush()
            other.wait()
            wait_for(lambda: cpu_seconds(process.pid) > 0.3 or process.poll() is not None, "its work", 60)
            os.kill(process.pid, signal.SIGSTOP)
        os.kill(process.pid, signal.SIGCONT)

    assert set(use.seconds) == {"it"}
    assert use.seconds["it"] > 0.2
    assert use.other_cores > 0


def test_memory_tells_whether_torch_is_loaded() -> None:
    program = "print('loaded', flush=True); input()"
    commands = {False: program, True: "import torch; " + program}
    for has_torch, command in commands.items():
        with subprocess.Popen(
            [sys.executable, "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            memory = memory_of(process.pid)
            process.communicate("\n")
        assert memory.has_torch is has_torch
        assert 0 < memory.resident <= memory.peak


def test_waiting_ends_with_a_word_about_what_did_not_come() -> None:
    with pytest.raises(BenchFault, match="a miracle did not come"):
        wait_for(lambda: False, "a miracle", 0.1)
