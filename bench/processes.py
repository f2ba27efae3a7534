"""Starting processes tied to cores and to this one's life, and what they use of memory and CPU time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

LOOK_SECONDS = 0.05
TORCH_LIBRARY = "libtorch"


class BenchFault(Exception):
    """Something cannot be measured. The message says what happened and, where known, what to do."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Of one process, in bytes: resident now, and the most that it ever was (0 where the system does not say)."""

    resident: int
    peak: int
    has_torch: bool


@contextmanager
def tied_to(cores: Sequence[int] | None) -> Iterator[None]:
    """What this thread starts meanwhile runs on these cores only; None: wherever this process may run."""
    if cores is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def wait_for(condition: Callable[[], object], what: str, seconds: float) -> None:
    """Raises ``BenchFault`` naming ``what`` did not come in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise BenchFault(f"{what} did not come within {seconds:g} s")
        time.sleep(LOOK_SECONDS)


def memory_of(pid: int) -> Memory:
    """Raises ``psutil.Error`` when the process is gone."""
    resident = psutil.Process(pid).memory_info().rss
    return Memory(resident, _peak(pid), _has_torch(pid))


def cpu_seconds(pid: int) -> float:
    """User and system time so far, over all threads. Raises ``psutil.Error`` when the process is gone."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


@dataclass(slots=True)
class CpuUse:
    """CPU seconds of each process while it was counted, and how many cores all other processes kept busy."""

    seconds: dict[str, float] = field(default_factory=dict)
    other_cores: float = 0.0


@contextmanager
def cpu_counted(pids: Mapping[str, int]) -> Iterator[CpuUse]:
    """Count what these processes and this one use meanwhile; the value is filled at the end."""
    use = CpuUse()
    counted = {**pids, "": os.getpid()}
    started, busy = time.monotonic(), busy_seconds()
    before = {name: cpu_seconds(pid) for name, pid in counted.items()}
    yield use
    used = {name: cpu_seconds(pid) - before[name] for name, pid in counted.items()}
    others = busy_seconds() - busy - sum(used.values())
    use.seconds = {name: used[name] for name in pids}
    use.other_cores = max(0.0, others / (time.monotonic() - started))


def busy_seconds() -> float:
    """CPU seconds of all processes of the machine so far."""
    times = psutil.cpu_times()
    return float(times.user + times.system + getattr(times, "nice", 0.0))


def _peak(pid: int) -> int:
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
    return int(lines.get("VmHWM", "0 kB").split()[0]) * 1024


def _has_torch(pid: int) -> bool:
    """Whether torch's library is loaded, as the system sees it."""
    return any(TORCH_LIBRARY in entry.path for entry in psutil.Process(pid).memory_maps())
