"""Which process pays for a model: asked of fresh processes, because here everything is imported already."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chatsite.env import BASE_DIR

MODEL_LIBRARIES = ("torch", "transformers", "detoxify", "sklearn", "profanity_check")
REPORT = f"""
import sys
print(sorted(name for name in {MODEL_LIBRARIES} if name in sys.modules))
"""
WEB = """
import chatsite.serve, chatsite.asgi, chatsite.urls
from django.urls import get_resolver
get_resolver().url_patterns
"""
WORKER = """
import chatsite
chatsite.celery_app.loader.init_worker()
assert "chatsite.worker" in sys.modules
assert "conversations.tasks.turn_run_task" in chatsite.celery_app.tasks
"""


def imported(code: str, folder: Path) -> str:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "chatsite.settings", "DATA_DIR": str(folder)}
    (folder / "static").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\n{REPORT}"],
        cwd=BASE_DIR,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.strip().splitlines()[-1]


def test_the_web_process_imports_no_model_library(tmp_path: Path) -> None:
    assert imported(WEB, tmp_path) == "[]"


def test_a_worker_imports_none_before_it_knows_its_queue(tmp_path: Path) -> None:
    """So the housekeeping worker and the clock stay small."""
    assert imported(WORKER, tmp_path) == "[]"


@pytest.mark.parametrize("code", ["import torch", "import inference.transformers_engine"])
def test_the_question_is_answered_truly(tmp_path: Path, code: str) -> None:
    assert "torch" in imported(code, tmp_path)
