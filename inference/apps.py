"""Names the app and registers its checks."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import register

from inference.checks import check_chat_model


class InferenceConfig(AppConfig):
    """The app that answers dialogues."""

    name = "inference"

    def ready(self) -> None:
        """Register the checks of the model's files."""
        register(check_chat_model)
