"""Checks of the settings that name the model. They look at files only, so the web process can run them too."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Warning

from inference.model_files import hub_snapshot, is_local, local_folder, model_faults

REAL_ENGINE = "inference.transformers_engine.engine_from_settings"
SHIPPED_MODEL = Path(__file__).resolve().parent / "demo_model" / "model"


def check_chat_model(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Say at start, and not in the first turn, that the model cannot be served."""
    model = settings.CHAT_MODEL
    if settings.CHAT_ENGINE != REAL_ENGINE:
        return []
    if is_local(model) and local_folder(model) == SHIPPED_MODEL and not SHIPPED_MODEL.exists():
        # No error: the command that makes it must be able to start.
        return [
            Warning(
                "CHAT_MODEL names the model that ships with the project, which was not made yet.",
                hint="Run manage.py train_demo_model, or set CHAT_MODEL to a folder or a hub id.",
                id="inference.W001",
            )
        ]
    faults = model_faults(model)
    if faults:
        return [
            Error(
                f"CHAT_MODEL cannot be served: {fault}.",
                hint="CHAT_MODEL names a folder with a causal language model or a hub id; see docs/inference.md.",
                id="inference.E001",
            )
            for fault in faults
        ]
    if not is_local(model) and hub_snapshot(model) is None:
        return [
            Info(
                f"CHAT_MODEL is {model!r}, which is not on this machine yet: the worker fetches it at its start.",
                id="inference.I001",
            )
        ]
    return []
