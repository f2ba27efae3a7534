"""Reads the environment into one typed object; a missing or bad key is named, never guessed.

Each field below is one environment variable of the same name in capitals. `.env` in the project's folder (or the file
that ENV_FILE names; empty means none) is read first, the real environment wins. Knows nothing of Django.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from chatsite.env_values import (
    EMPTY_IS_NONE,
    DatabaseUrl,
    Device,
    HostNames,
    Names,
    NumberType,
    OptionalCount,
    OptionalDevice,
    OptionalText,
    Proxies,
    Rate,
    RedisUrl,
    TimeZone,
    site_address,
)

BASE_DIR = Path(__file__).resolve().parent.parent
ENV_FILE = os.environ.get("ENV_FILE", str(BASE_DIR / ".env")) or None
SHIPPED_CHAT_MODEL = str(BASE_DIR / "inference" / "demo_model" / "model")
DEFAULT_SECRETS = frozenset({"", "change-me", "changeme", "secret", "insecure"})
MIN_SECRET_CHARS = 32
# A socket's path may have 107 bytes on Linux; a temporary file's suffix must still fit.
MAX_SOCKET_PATH_BYTES = 100
# A prompt comes in one frame of 256 KiB (conversations/frames.py), and a character takes up to four bytes in it.
MAX_PROMPT_CHARS_LIMIT = 60_000


class EnvironmentFault(Exception):
    """One or more variables are missing or bad. The message lists each with what to do."""


class Environment(BaseSettings):
    """What an operator can set. Sizes are in characters, times in seconds, unless a name says otherwise."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILE, env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    environment: Literal["local", "production"] = "local"
    debug: bool = False
    secret_key: str = ""
    data_dir: Path = BASE_DIR / "var"
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    site_name: Annotated[str, Field(max_length=40)] = "Chatsite"
    site_url: OptionalText = None
    allowed_hosts: HostNames = []
    behind_https_proxy: bool = False
    forwarded_allow_ips: Proxies = "127.0.0.1,::1"
    database_url: DatabaseUrl = None
    redis_url: RedisUrl = None
    time_zone: TimeZone = "UTC"
    language_code: Literal["en", "zh-hans"] = "en"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    admin_username: str = "admin"
    admin_email: str = "admin@localhost"
    admin_password: OptionalText = None
    sign_up_open: bool = True

    email_host: OptionalText = None
    email_port: Annotated[int, Field(ge=1, le=65535)] = 587
    email_host_user: str = ""
    email_host_password: str = ""
    email_use_tls: bool = True
    default_from_email: str = "chat@localhost"

    chat_model: str = SHIPPED_CHAT_MODEL
    chat_engine: str = "inference.transformers_engine.engine_from_settings"
    system_prompt: str = "You are a helpful assistant."
    chat_max_new_tokens: Annotated[int, Field(ge=1)] = 512
    chat_temperature: Annotated[float | None, Field(ge=0, le=5), EMPTY_IS_NONE] = None
    chat_top_p: Annotated[float | None, Field(gt=0, le=1), EMPTY_IS_NONE] = None
    titles: Literal["auto", "model", "words"] = "auto"
    sampling_by_people: bool = True
    sampling_max_temperature: Annotated[float, Field(ge=0, le=5)] = 1.5
    chat_top_k: Annotated[int | None, Field(ge=0), EMPTY_IS_NONE] = None
    chat_repetition_penalty: Annotated[float | None, Field(ge=0.1, le=10), EMPTY_IS_NONE] = None

    inference_device: OptionalDevice = None
    inference_dtype: NumberType = None
    inference_threads: OptionalCount = None
    inference_max_batch_tokens: OptionalCount = None
    inference_kv_blocks: OptionalCount = None
    inference_concurrency: Annotated[int, Field(ge=1, le=1024)] = 16

    toxicity_model: OptionalText = None
    toxicity_model_config: OptionalText = None
    toxicity_device: Device = "cpu"
    toxicity_languages: Names = []
    toxicity_dtype: NumberType = None
    guard_model: OptionalText = None
    guard_table: OptionalText = None
    guard_device: Device = "cpu"
    classifiers: Names = []

    help_countries: Names = []
    help_line: Annotated[str, Field(max_length=200)] = ""

    max_prompt_chars: Annotated[int, Field(ge=1, le=MAX_PROMPT_CHARS_LIMIT)] = 16_000
    max_queued_turns: Annotated[int, Field(ge=1)] = 100
    turn_rate: Rate = "20/minute"

    @model_validator(mode="after")
    def _complete(self) -> Environment:
        self.data_dir = self.data_dir.expanduser().resolve()
        if not self.site_url:
            self.site_url = f"http://{self.local_host}:{self.port}"
        address = site_address(self.site_url)
        if address is None:
            raise ValueError(f"SITE_URL is {self.site_url!r}; it must look like https://chat.example.org")
        if self.environment == "production":
            if self.secret_key in DEFAULT_SECRETS or len(self.secret_key) < MIN_SECRET_CHARS:
                raise ValueError(
                    f"SECRET_KEY is missing, a default or under {MIN_SECRET_CHARS} characters; set it to the output of "
                    'python -c "import secrets; print(secrets.token_urlsafe(50))"'
                )
            if self.debug:
                raise ValueError("DEBUG is on in production; unset it")
            if address.scheme == "http" and address.hostname not in {"localhost", "127.0.0.1", "::1"}:
                raise ValueError(
                    f"SITE_URL is {self.site_url!r}; in production an address other than this machine's own must "
                    "begin with https://, because cookies would travel unencrypted"
                )
        elif not self.secret_key:
            try:
                self.secret_key = _local_secret(self.data_dir)
            except OSError as error:
                raise ValueError(
                    f"DATA_DIR is {str(self.data_dir)!r}, which cannot be written to ({error.strerror}); name a folder "
                    "of your own"
                ) from None
        return self

    @property
    def local_host(self) -> str:
        """How this machine itself reaches the web process, as written in an address."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return f"[{host}]" if ":" in host else host

    @property
    def is_https(self) -> bool:
        """Whether people reach the site through https (secure cookies and HSTS follow from it)."""
        return str(self.site_url).startswith("https://")

    @property
    def all_hosts(self) -> list[str]:
        """Host names the site answers to: SITE_URL's, ALLOWED_HOSTS, and this machine's own (health checks)."""
        names = [urlsplit(str(self.site_url)).hostname or "", *self.allowed_hosts, "localhost", "127.0.0.1", "[::1]"]
        return list(dict.fromkeys(names))

    @property
    def shipped_chat_model(self) -> str:
        """What CHAT_MODEL is when nobody chose a model."""
        return SHIPPED_CHAT_MODEL

    @property
    def is_redis_embedded(self) -> bool:
        return self.redis_url is None

    @property
    def redis_socket(self) -> Path:
        """Where the embedded Redis listens: the same for everybody who has the same DATA_DIR."""
        path = self.data_dir / "redis" / "redis.sock"
        if len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES:
            return path
        digest = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"chatsite-{os.getuid()}-{digest}" / "redis.sock"

    @property
    def redis_address(self) -> str:
        """URL for redis-py."""
        return self.redis_url or f"unix://{self.redis_socket}"

    @property
    def broker_address(self) -> str:
        """The same server as Celery's transport spells it."""
        address = self.redis_address
        return "redis+socket://" + address.removeprefix("unix://") if address.startswith("unix://") else address

    @property
    def database_address(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'db.sqlite3'}"


def _local_secret(data_dir: Path) -> str:
    """A key made once and kept beside the data, so that sessions survive a restart of a local stack."""
    path = data_dir / "secret_key"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        # Closed to the other accounts of this machine: conversations lie here too.
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass  # another part of the stack made it between our two looks
    return path.read_text().strip()


def read_environment() -> Environment:
    """Read and check all variables. Raises ``EnvironmentFault`` with one line for each bad one."""
    if os.environ.get("ENV_FILE") and not Path(os.environ["ENV_FILE"]).is_file():
        raise EnvironmentFault(f"The environment is not usable:\n  ENV_FILE: there is no file {os.environ['ENV_FILE']}")
    try:
        return Environment()
    except ValidationError as error:
        lines = []
        for fault in error.errors(include_input=False, include_url=False):
            key = ".".join(str(part) for part in fault["loc"]).upper()
            message = fault["msg"].removeprefix("Value error, ")
            lines.append(f"  {key}: {message}" if key else f"  {message}")
        raise EnvironmentFault("The environment is not usable:\n" + "\n".join(lines)) from None
