"""What docker compose runs, as far as it can be run without Docker."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

from chatsite.env import BASE_DIR


def test_the_migration_needs_no_model(tmp_path: Path) -> None:
    """A model's folder may be mounted into the worker only."""
    compose = yaml.safe_load((BASE_DIR / "docker-compose.yml").read_text())
    (tmp_path / "static").mkdir()
    site = {"ENV_FILE": "", "DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "chatsite.settings"}
    missing = {"CHAT_MODEL": "/models/not-here", "TOXICITY_MODEL": "/models/neither.ckpt"}
    folder_of_python = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        compose["services"]["migrate"]["command"],
        cwd=BASE_DIR,
        env={**os.environ, **site, **missing, "DATABASE_URL": "", "PATH": folder_of_python},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
    assert "administrator admin, password" in done.stdout
