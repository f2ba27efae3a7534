"""The engine's own thread: loads the model, runs a loop, and when the loop breaks fails its jobs and starts anew.

All of torch happens in this thread; see "Threads and faults" in docs/inference.md.
"""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable

import torch
from transformers.utils import logging as transformers_logging

from inference.base import EngineError, EngineStopped
from inference.serving.jobs import Job, Loop
from inference.serving.loading import cpu_threads, engine_error

log = logging.getLogger(__name__)

# A loop that breaks again within QUICK seconds is restarted more and more slowly, up to SLOWEST seconds apart.
QUICK_SECONDS = 5.0
SLOWEST_SECONDS = 5.0
FIRST_PAUSE_SECONDS = 0.1
JOIN_SECONDS = 30.0

BuildLoop = Callable[[], Loop]
# A bar on a worker's standard error is noise in its log. The function bears no types.
_quiet: Callable[[], None] = transformers_logging.disable_progress_bar


class EngineThread:
    """Runs the loops that a loader's builder builds. ``load`` is called once per thread and returns the builder."""

    def __init__(self, load: Callable[[], BuildLoop], *, threads: int | None) -> None:
        self._load = load
        self._threads = threads
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._loop: Loop | None = None
        self._failure: EngineError | None = None
        self._jobs: set[Job] = set()
        self._closed = False

    @property
    def alive(self) -> bool:
        """Whether a loop runs now."""
        return self._loop is not None

    @property
    def loop(self) -> Loop | None:
        """The loop that runs now."""
        return self._loop

    def start(self) -> None:
        """Start the thread unless it runs. After a failure this tries again. Raises ``EngineStopped`` when closed."""
        with self._changed:
            if self._closed:
                raise EngineStopped("the engine was closed")
            if self._thread is None or not self._thread.is_alive():
                self._failure = None
                self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
                self._thread.start()

    def wait(self, seconds: float | None) -> Loop | None:
        """Wait for a running loop, at most so long. Raises what kept it from coming up."""
        with self._changed:
            self._changed.wait_for(lambda: self._loop or self._failure or self._closed, seconds)
            if self._closed:
                raise EngineStopped("the engine was closed")
            if self._loop is None and self._failure is not None:
                raise type(self._failure)(str(self._failure)) from self._failure
            return self._loop

    def submit(self, job: Job) -> None:
        """Give the job to the loop; while there is none it waits for the next. Raises ``EngineStopped`` when closed."""
        with self._changed:
            if self._closed:
                raise EngineStopped("the engine was closed")
            self._jobs.add(job)
            if self._loop is not None:
                self._loop.submit(job)

    def release(self, job: Job) -> None:
        """Forget the job and give its capacity back."""
        with self._changed:
            self._jobs.discard(job)
            if self._loop is not None:
                self._loop.cancel(job)

    def close(self) -> None:
        """End the loop and the thread, and fail what is under way. Safe to call twice."""
        with self._changed:
            self._closed = True
            if self._loop is not None:
                self._loop.stop()
            self._fail_jobs(EngineStopped("the engine was closed while it answered"))
            self._changed.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(JOIN_SECONDS)

    def _run(self) -> None:
        try:
            # Here and not at the caller's: the number belongs to the thread that computes.
            torch.set_num_threads(cpu_threads(self._threads))
            _quiet()
            build = self._load()
        except Exception as error:
            failure = engine_error(error, "loading")
            log.error("the engine cannot start: %s", failure)
            with self._changed:
                self._failure = failure
                self._fail_jobs(failure)
                self._changed.notify_all()
            return
        pause = 0.0
        while not self._closed:
            began = time.monotonic()
            broken = self._run_loop(build)
            if broken is None or self._closed:
                break
            pause = (
                FIRST_PAUSE_SECONDS
                if time.monotonic() - began > QUICK_SECONDS
                else min(max(2 * pause, FIRST_PAUSE_SECONDS), SLOWEST_SECONDS)
            )
            log.error("the generation loop broke and starts anew in %.1f s", pause, exc_info=broken)
            # Its traceback holds the broken loop's cache, which must be free before the next one is made.
            broken = None
            with self._changed:
                self._changed.wait_for(lambda: self._closed, pause)
        del build
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _run_loop(self, build: BuildLoop) -> BaseException | None:
        """Build and run one loop to its end; fail the jobs that were in it."""
        try:
            loop = build()
        except Exception as error:
            with self._changed:
                # Who asks before the next try hears of it at once, instead of waiting for a loop that may never come.
                self._failure = engine_error(error, "starting the generation loop")
                self._fail_jobs(self._failure)
                self._changed.notify_all()
            return error
        with self._changed:
            self._failure = None
            if self._closed:
                return None
            for job in self._jobs:
                loop.submit(job)
            self._loop = loop
            self._changed.notify_all()
        broken = loop.run()
        with self._changed:
            self._loop = None
            reason = EngineStopped("the engine was closed") if broken is None else engine_error(broken, "answering")
            self._fail_jobs(reason)
            self._changed.notify_all()
        return broken

    def _fail_jobs(self, error: EngineError) -> None:
        for job in self._jobs:
            job.updates.put(error)
        self._jobs.clear()
