"""The whole stack on one machine: prepares data, starts all parts, says when people can come in."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from typing import Any

import httpx
import redis
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection, connections

from chatsite.administrator import Administrator, AdministratorFault, administrator_ensure
from chatsite.env import Environment
from chatsite.lock import LockTaken, lock_take
from chatsite.parts import PartFault, folders_make, stack_parts
from chatsite.presence import presence_client
from chatsite.settings import ENV
from chatsite.supervise import Supervisor

LOOK_SECONDS = 0.2
REMIND_SECONDS = 20.0


class Command(BaseCommand):
    help = "Run web, workers, clock and (unless REDIS_URL is set) Redis, each as its own process, until Ctrl-C."

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        # What the parts write, conversations among it, is nobody else's to read; they inherit this.
        os.umask(0o077)
        try:
            folders_make(ENV)
            lock = lock_take(ENV.data_dir)
            parts = stack_parts(ENV)
        except (OSError, LockTaken, PartFault) as error:
            raise CommandError(str(error)) from None
        with lock:
            port_check(ENV)
            redis_check(ENV)
            self.stdout.write("Preparing the database ...")
            database_prepare()
            environment = {**os.environ, "PYTHONUNBUFFERED": "1", "DJANGO_SETTINGS_MODULE": "chatsite.settings"}
            supervisor = Supervisor(parts, environment, kept_files=[lock.fileno()])
            threading.Thread(target=greet, args=(supervisor, ENV, started), name="greet", daemon=True).start()
            status = supervisor.run()
        self.stdout.write("All parts have ended.")
        sys.exit(status)


def port_check(environment: Environment) -> None:
    """Raises ``CommandError`` when nobody could listen there."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            environment.host, environment.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:
        raise CommandError(
            f"cannot listen on {environment.host} port {environment.port}: {error.strerror or error}; end the program "
            f"that uses it, or choose another: PORT={environment.port + 1} make run"
        ) from None


def redis_check(environment: Environment) -> None:
    """Raises ``CommandError`` when the server that REDIS_URL names is not there."""
    if environment.is_redis_embedded:
        return
    try:
        with presence_client() as client:
            client.ping()
    except redis.RedisError as error:
        raise CommandError(f"the Redis server that REDIS_URL names does not answer: {error}") from None


def database_prepare() -> None:
    """Bring the tables up to date. Raises ``CommandError`` when the database is not there."""
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        where = "DATABASE_URL names" if ENV.database_url else f"should be in {ENV.data_dir}"
        raise CommandError(f"the database that {where} cannot be opened: {error}") from None
    call_command("migrate", interactive=False, verbosity=0)
    connections.close_all()  # the parts open their own


def greet(supervisor: Supervisor, environment: Environment, started: float) -> None:
    """Wait until the site can answer a turn, then say how to get in."""
    address = f"http://{environment.local_host}:{environment.port}/readyz"
    said, remind_at = "", 0.0
    # One client for all looks, and no certificates for a call to this machine: reading them costs more than the call.
    with httpx.Client(timeout=5.0, trust_env=False, verify=False) as client:  # noqa: S501
        while not supervisor.is_ending:
            missing = what_is_missing(client, address)
            if not missing:
                break
            now = time.monotonic()
            if missing != said or now > remind_at:
                said, remind_at = missing, now + REMIND_SECONDS
                supervisor.say(f"not ready yet: {missing}")
            time.sleep(LOOK_SECONDS)
        else:
            return
    try:
        # Only now, when the block below is sure to be printed: a generated password is told once.
        administrator = administrator_ensure(environment)
    except (AdministratorFault, DatabaseError) as error:
        supervisor.say(f"the administrator could not be made: {error}")
        return
    finally:
        connections.close_all()
    supervisor.show(ready_block(environment, administrator, time.monotonic() - started))


def what_is_missing(client: httpx.Client, address: str) -> str:
    """What `/readyz` says is not there, in one line; empty when nothing is missing."""
    try:
        answer = client.get(address)
        if answer.status_code == httpx.codes.OK:
            return ""
        parts: dict[str, str] = answer.json()
    except httpx.TransportError:
        return "web does not answer yet"
    except ValueError:
        return f"web answers {answer.status_code} to /readyz"
    return ", ".join(f"{name} ({state})" for name, state in parts.items() if name != "status" and state != "ok")


def ready_block(environment: Environment, administrator: Administrator, seconds: float) -> str:
    """What a person needs to know, once, in one place."""
    site = str(environment.site_url).rstrip("/")
    if administrator.password is not None:
        password = f"{administrator.password}   (shown only now; change it at {site}/accounts/password/change/)"
    elif administrator.is_new:
        password = "the one in ADMIN_PASSWORD"  # noqa: S105
    else:
        password = f"as set before (to set a new one: manage.py changepassword {administrator.username})"
    sign_up = f"{site}/accounts/signup/" if environment.sign_up_open else "closed (SIGN_UP_OPEN)"
    database = "DATABASE_URL" if environment.database_url else f"{environment.data_dir / 'db.sqlite3'}"
    store = "REDIS_URL" if environment.redis_url else f"{environment.data_dir / 'redis'}"
    rows = [
        ("Chat", f"{site}/"),
        ("Sign up", sign_up),
        ("Administration", f"{site}/admin/"),
        ("  name", administrator.username),
        ("  password", password),
        ("Data", f"{environment.data_dir} (database: {database}; queue: {store})"),
        ("Model", environment.chat_model),
        ("To end", "Ctrl-C"),
    ]
    rule = "-" * 78
    lines = [f"{name + ':':<16} {value}" for name, value in rows]
    return "\n".join(["", rule, f"Ready after {seconds:.1f} s", "", *lines, rule, ""])
