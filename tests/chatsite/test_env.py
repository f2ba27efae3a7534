"""The environment: every key is told in .env.example, and what is bad is named."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from chatsite.env import BASE_DIR, MAX_PROMPT_CHARS_LIMIT, Environment, EnvironmentFault, read_environment
from conversations.frames import MAX_FRAME_BYTES

COMPOSE_KEYS = {"POSTGRES_PASSWORD", "TORCH_BUILD", "TORCH_INDEX_URL"}


def test_env_example_tells_every_key_and_no_other() -> None:
    told = set(re.findall(r"^#?([A-Z_]+)=", (BASE_DIR / ".env.example").read_text(), re.MULTILINE))
    assert told == {name.upper() for name in Environment.model_fields} | COMPOSE_KEYS


def test_env_example_tells_the_defaults() -> None:
    """A default that can be written as one word is the one in the code."""
    told = dict(re.findall(r"^#?([A-Z_]+)=(.+)$", (BASE_DIR / ".env.example").read_text(), re.MULTILINE))
    for name, field in Environment.model_fields.items():
        written = told.get(name.upper(), "")
        if written and name not in {"database_url", "redis_url"}:
            default = field.get_default(call_default_factory=True)
            assert written == (str(default).lower() if isinstance(default, bool) else str(default)), name


def faults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **variables: str) -> str:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    for key, value in variables.items():
        monkeypatch.setenv(key, value)
    with pytest.raises(EnvironmentFault) as caught:
        read_environment()
    return str(caught.value)


def test_each_bad_key_is_named_and_its_value_is_not_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = faults(monkeypatch, tmp_path, PORT="many", CHAT_TOP_P="7")
    assert "PORT: " in said
    assert "CHAT_TOP_P: " in said


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("TURN_RATE", "banana", "20/minute"),
        ("TIME_ZONE", "Mars", "Europe/Berlin"),
        ("TIME_ZONE", "../UTC", "Europe/Berlin"),
        ("DATABASE_URL", "foo://x", "postgres://"),
        ("DATABASE_URL", "mysql://a:b@host/x", "postgres://"),
        ("DATABASE_URL", "postgres://name:pass#word@host/x", "percent-encoded"),
        ("REDIS_URL", "localhost:6379", "redis://"),
        ("REDIS_URL", "redis://host:many", "redis://"),
        ("MAX_PROMPT_CHARS", "60001", "60000"),
        ("SITE_URL", "http://[", "SITE_URL"),
        ("SITE_URL", "http://exa mple.com/", "https://chat.example.org"),
        ("SITE_URL", "https://a:b", "https://chat.example.org"),
        ("SITE_URL", "https://a:0", "https://chat.example.org"),
        ("TURN_RATE", "0/minute", "above zero"),
        ("INFERENCE_DEVICE", "gpu", "cuda"),
        ("INFERENCE_DTYPE", "int8", "bfloat16"),
        ("TOXICITY_DEVICE", "xyz", "cuda"),
        ("ALLOWED_HOSTS", "a.example,http://x", "'http://x' is no host name"),
        ("ALLOWED_HOSTS", "***", "is no host name"),
        ("ALLOWED_HOSTS", "a b", "is no host name"),
        ("FORWARDED_ALLOW_IPS", "127.0.0.1,nonsense", "'nonsense' is no address"),
    ],
)
def test_what_another_library_reads_is_checked_before_it_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, key: str, value: str, told: str
) -> None:
    said = faults(monkeypatch, tmp_path, **{key: value})
    assert key in said
    assert told in said
    assert "pass#word" not in said


def test_hosts_and_proxies_of_every_kind_are_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    for key, value in {
        "ALLOWED_HOSTS": "chat.example.org, .example.net,10.0.0.7,[::1],*,intranet",
        "FORWARDED_ALLOW_IPS": "10.0.0.0/8, ::1,*",
        "SITE_URL": "https://[2001:db8::1]:8443/",
    }.items():
        monkeypatch.setenv(key, value)
    assert len(read_environment().allowed_hosts) == 6


def test_a_data_folder_that_cannot_be_made_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    said = faults(monkeypatch, tmp_path, DATA_DIR=str(tmp_path / "file"))
    assert "DATA_DIR is" in said
    assert "cannot be written to" in said


def test_a_named_env_file_must_be_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert "ENV_FILE: there is no file" in faults(monkeypatch, tmp_path, ENV_FILE=str(tmp_path / "nothing"))


def test_a_new_data_folder_is_closed_to_others(tmp_path: Path) -> None:
    Environment(data_dir=tmp_path / "new")
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0


def test_the_longest_prompt_fits_a_frame() -> None:
    assert 4 * MAX_PROMPT_CHARS_LIMIT + 1_000 < MAX_FRAME_BYTES


@pytest.mark.parametrize("secret", ["", "change-me", "short"])
def test_production_refuses_a_missing_or_weak_secret(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, secret: str
) -> None:
    said = faults(monkeypatch, tmp_path, ENVIRONMENT="production", SECRET_KEY=secret, SITE_URL="https://a.example")
    assert "SECRET_KEY" in said
    assert not (tmp_path / "secret_key").exists()


def test_production_refuses_plain_http(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = {"ENVIRONMENT": "production", "SECRET_KEY": "k" * 40, "SITE_URL": "http://chat.example.org"}
    assert "https://" in faults(monkeypatch, tmp_path, **given)


def test_a_local_secret_is_made_once_and_closed_to_others(tmp_path: Path) -> None:
    first = Environment(data_dir=tmp_path)
    assert Environment(data_dir=tmp_path).secret_key == first.secret_key
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("fields", "address"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"host": "0.0.0.0", "port": 81}, "http://127.0.0.1:81"),  # noqa: S104
        ({"host": "::1"}, "http://[::1]:8000"),
        ({"site_url": "https://chat.example.org"}, "https://chat.example.org"),
    ],
)
def test_the_sites_address(tmp_path: Path, fields: dict[str, Any], address: str) -> None:
    assert Environment(data_dir=tmp_path, **fields).site_url == address


def test_a_long_data_folder_gets_a_socket_elsewhere(tmp_path: Path) -> None:
    environment = Environment(data_dir=tmp_path / ("long" * 40))
    assert len(str(environment.redis_socket)) < 100
    assert environment.redis_socket == Environment(data_dir=tmp_path / ("long" * 40)).redis_socket
