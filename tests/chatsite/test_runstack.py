"""`manage.py runstack` as a person starts it: one block when ready, clear refusals, an end without loss or orphans."""

from __future__ import annotations

import re
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from chatsite.client import SiteClient
from tests.background import Background
from tests.servers import wait_until
from tests.stack import PASSWORD, READY_SECONDS, Stack

pytestmark = pytest.mark.stack
COMMAND = [sys.executable, "manage.py", "runstack"]


class Site(Stack):
    """A stack's folder, port and database, for a `runstack` that is started on them. Starts no part itself."""

    def __init__(self, folder: Path, **settings: str) -> None:
        super().__init__(folder, settings)
        del self.environment["ADMIN_PASSWORD"]
        self._count = 0

    @contextmanager
    def runstack(self, **more: str) -> Iterator[Background]:
        self._count += 1
        run = Background(COMMAND, {**self.environment, **more}, self.folder / f"output-{self._count}")
        try:
            yield run
        finally:
            if run.process.poll() is None:
                run.end(signal.SIGTERM)
            run.close()

    def refused(self, **more: str) -> str:
        """What `runstack` says when it does not start."""
        with self.runstack(**more) as run:
            assert run.process.wait(60) == 1, run.output
            assert "Traceback" not in run.output
            return run.output


@pytest.fixture(scope="module")
def folder() -> Iterator[Callable[[], Path]]:
    """Makes folders with short paths."""
    with tempfile.TemporaryDirectory(prefix="chatsite-run-", ignore_cleanup_errors=True) as parent:
        yield lambda: Path(tempfile.mkdtemp(dir=parent))


@pytest.fixture
def site(folder: Callable[[], Path]) -> Iterator[Site]:
    with closing(Site(folder())) as site:
        yield site


@pytest.fixture(scope="module")
def running(folder: Callable[[], Path]) -> Iterator[tuple[Site, Background]]:
    """One for all tests that leave it as it is."""
    with closing(Site(folder())) as site, site.runstack() as run:
        run.wait_for("To end:", seconds=READY_SECONDS)
        yield site, run


def test_the_ready_block_tells_how_to_get_in(running: tuple[Site, Background]) -> None:
    site, run = running
    assert f"http://127.0.0.1:{site.port}/\n" in run.output
    assert f"http://127.0.0.1:{site.port}/accounts/signup/" in run.output
    assert str(site.site.data_dir) in run.output
    password = re.search(r"password: +(\S+) +\(shown only now", run.output)
    assert password is not None
    with SiteClient(site.url) as client:
        client.sign_in("admin", password[1])
        assert client.http.get("/admin/").status_code == 200


def test_each_part_is_a_process_of_its_own(running: tuple[Site, Background]) -> None:
    _site, run = running
    for word in ("redis-server", "chatsite.serve", "-Q inference", "-Q housekeeping", " beat "):
        assert run.child(word).is_running()


def test_smoketest_runs_a_turn_and_tells_its_outcome(running: tuple[Site, Background]) -> None:
    site, _run = running
    said = site.manage("smoketest", "--prompt", "say:All is well today.")
    assert "All is well today." in said
    assert "done after" in said
    assert "prompt: allow, reply: allow" in said
    said = site.manage("smoketest", "--prompt", "fail:engine_error", status=1)
    assert "the turn ended failed, expected was done" in said
    assert site.sql("SELECT count(*) FROM auth_user WHERE username LIKE 'smoketest%'") == [(0,)]


def test_smoketest_takes_an_account_and_says_when_it_is_refused(running: tuple[Site, Background]) -> None:
    site, _run = running
    with site.create_user("walter"):
        pass
    said = site.manage("smoketest", "--username", "walter", "--password", PASSWORD, "--prompt", "say:Good day.")
    assert "Good day." in said
    said = site.manage("smoketest", "--username", "walter", "--password", "wrong", status=1)
    assert "did not let walter in" in said
    said = site.manage("smoketest", "--url", "http://127.0.0.1:1", status=1)
    assert "cannot be used" in said
    assert "Traceback" not in said


def test_a_part_that_is_killed_comes_back(running: tuple[Site, Background]) -> None:
    site, run = running
    run.child("-Q inference").kill()
    run.wait_for("inference ended by SIGKILL; starting it again")
    run.wait_for("inference@", count=run.output.count("inference@") + 1, seconds=READY_SECONDS)
    site.ready_wait()
    assert "Here again." in site.manage("smoketest", "--prompt", "say:Here again.")


def test_a_second_stack_on_the_same_data_is_refused(running: tuple[Site, Background]) -> None:
    site, run = running
    said = site.refused(PORT="1")
    assert f"a stack already runs on {site.site.data_dir} (process {run.process.pid})" in said


def test_a_taken_port_is_named(site: Site) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert f"cannot listen on 127.0.0.1 port {port}" in site.refused(PORT=str(port))


def test_bad_settings_are_named(site: Site) -> None:
    assert "PORT: " in site.refused(PORT="many")
    assert "the Redis server that REDIS_URL names does not answer" in site.refused(REDIS_URL="redis://127.0.0.1:1")
    assert "the database that DATABASE_URL names" in site.refused(DATABASE_URL="postgres://127.0.0.1:1/x")


def test_a_model_that_is_not_there_ends_the_stack_with_a_line(site: Site) -> None:
    real = "inference.transformers_engine.engine_from_settings"
    said = site.refused(CHAT_ENGINE=real, CHAT_MODEL=str(site.folder / "nothing"))
    assert "CHAT_MODEL cannot be served" in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_end_leaves_no_orphan_and_loses_no_turn(site: Site, number: signal.Signals) -> None:
    with site.runstack() as run:
        run.wait_for("To end:", seconds=READY_SECONDS)
        with site.create_user() as client:
            conversation_id = client.conversation_start("slow:6:One. Two. Three. Four. Five. Six.").hex
        status = "SELECT status FROM conversations_turn WHERE conversation_id = ?"
        wait_until(lambda: site.sql(status, [conversation_id]) == [("running",)], "a running turn")
        run.process.send_signal(number)
        assert run.end(number) == 0, run.output
        assert run.orphans() == []
        assert "has not ended within" not in run.output
        assert site.sql(status, [conversation_id]) == [("queued",)]
    with site.runstack() as run:
        run.wait_for("To end:", seconds=READY_SECONDS)
        assert "shown only now" not in run.output
        wait_until(lambda: site.sql(status, [conversation_id]) == [("done",)], "the end of the turn", 40)


@pytest.mark.skipif(sys.platform != "linux", reason="the tie to the parent is Linux's")
def test_a_killed_runstack_leaves_no_orphan_and_can_be_started_again(site: Site) -> None:
    with site.runstack() as run:
        run.wait_for("To end:", seconds=READY_SECONDS)
        run.end(signal.SIGKILL)
        wait_until(lambda: run.orphans() == [], "the end of all parts")
    with site.runstack() as run:
        run.wait_for("To end:", seconds=READY_SECONDS)
