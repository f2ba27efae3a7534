"""The one engine of this process, built from the settings when it is first asked for.

Importing this module loads no torch: the factory's dotted path (``CHAT_ENGINE``) is imported by the first
``get_engine``, so only a process that answers turns pays for it.
"""

from __future__ import annotations

import atexit
import threading
from dataclasses import replace
from typing import Any, cast

from django.conf import settings
from django.utils.module_loading import import_string

from inference.base import Engine, Options

_lock = threading.Lock()
_engine: Engine | None = None


def get_engine() -> Engine:
    """Return this process's engine, built once by the factory that ``settings.CHAT_ENGINE`` names.

    The factory is called with the settings object and returns an ``Engine``. The engine may still have to load its
    model; ``warm_up`` does that. Raises ``EngineError`` when the model's files are not usable.
    """
    global _engine
    with _lock:
        if _engine is None:
            factory = import_string(settings.CHAT_ENGINE)
            _engine = cast(Engine, factory(settings))
        return _engine


def is_engine_ready() -> bool:
    """Whether this process has an engine that is warmed and alive. Never builds one."""
    engine = _engine
    return engine is not None and engine.is_ready()


def options_from_settings(recommended: Options, max_new_tokens: int) -> Options:
    """As the model's makers recommend, except for what the operator set."""
    wanted = {
        "temperature": settings.CHAT_TEMPERATURE,
        "top_p": settings.CHAT_TOP_P,
        "top_k": settings.CHAT_TOP_K,
        "repetition_penalty": settings.CHAT_REPETITION_PENALTY,
    }
    chosen: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
    return replace(recommended, max_new_tokens=max_new_tokens, **chosen)


def close_engine() -> None:
    """Close this process's engine, if there is one. The next ``get_engine`` builds another."""
    global _engine
    with _lock:
        engine, _engine = _engine, None
    if engine is not None:
        engine.close()


# The interpreter must not tear down torch under a loop that still computes.
atexit.register(close_engine)
