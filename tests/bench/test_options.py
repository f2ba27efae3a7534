from __future__ import annotations

import os

import pytest

from bench.options import options_parse
from bench.prompts import PROMPTS, prompts_for
from bench.site import site_environment


def test_without_arguments_all_is_measured() -> None:
    options = options_parse([])

    assert options.shapes == ("135m", "shipped")
    assert options.concurrency == (1, 4, 16)
    assert options.rounds > options_parse(["--quick"]).rounds
    assert options.cores is None


def test_what_is_asked_for_outranks_quick() -> None:
    options = options_parse(["--quick", "--rounds", "7", "--concurrency", "2,8", "--shapes", "shipped"])

    assert (options.rounds, options.concurrency, options.shapes) == (7, (2, 8), ("shipped",))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--shapes", "7b"], "unknown shape 7b"),
        (["--concurrency", "4,none"], "'none' is no number"),
        (["--rounds", "0"], "'0' is no number from 1 on"),
        (["--cores", "0-1"], "'0-1' is no list of cores"),
        (["--cores", "100000"], "no core 100000 here"),
    ],
)
def test_a_bad_argument_is_named(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        options_parse(arguments)

    assert message in capsys.readouterr().err


def test_cores_are_those_of_this_machine() -> None:
    core = min(os.sched_getaffinity(0))

    assert options_parse(["--cores", f"{core},{core}"]).cores == (core,)


def test_there_are_prompts_for_any_number_of_sockets() -> None:
    assert len(set(prompts_for(16))) == 16
    assert prompts_for(len(PROMPTS) + 1)[-1] == PROMPTS[0]


def test_the_operators_own_settings_stay_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://the-real-one/chat")
    monkeypatch.setenv("TERM", "kept")

    variables, site = site_environment({"PORT": "4321", "SECRET_KEY": "x"})

    assert "DATABASE_URL" not in variables
    assert variables["TERM"] == "kept"
    assert variables["ENV_FILE"] == ""
    assert site.database_url is None
    assert site.port == 4321
