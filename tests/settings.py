"""Settings of a test run: the site's own, on servers and a folder that live as long as this process.

The servers are started here, because Django reads their addresses as soon as it is imported. `TEST_DATABASE=postgres`
runs the tests on a real PostgreSQL instead of SQLite.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from chatsite.env import Environment
from tests.servers import redis_start

# What a developer set for their own stack has no say in the tests.
for _key in Environment.model_fields:
    os.environ.pop(_key.upper(), None)

_folder = Path(tempfile.mkdtemp(prefix="chatsite-test-"))
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ["ENV_FILE"] = ""
os.environ["DATA_DIR"] = str(_folder)
(_folder / "static").mkdir()

if os.environ.get("TEST_DATABASE", "sqlite") == "postgres":
    from tests.postgres import Postgres

    os.environ["DATABASE_URL"] = Postgres(_folder / "postgres").url

from chatsite.settings import *  # noqa: E402, F403
from chatsite.settings import DATABASES, ENV  # noqa: E402

redis_start(ENV.redis_socket, _folder / "redis")

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file as in life: the one in memory, which Django would take, has no WAL and no second connection.
    DATABASES["default"].update({"TEST": {"NAME": str(_folder / "test.sqlite3")}})
# Threads come and go within a test. What they leave open keeps the database from being removed.
DATABASES["default"].update({"CONN_MAX_AGE": 0})
