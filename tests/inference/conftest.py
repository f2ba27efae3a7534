"""Models and engines for the tests of the engine. Nothing of torch is loaded until a test asks for one."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ModelFolder = Callable[..., Path]


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    """Gives the folder of a small model: ``model_folder("llama")``. Not to be changed by a test."""
    made: dict[tuple[str, bool], Path] = {}

    def give(kind: str, *, template: bool = True) -> Path:
        if (kind, template) not in made:
            models: Any = importlib.import_module("tests.inference.models")
            made[kind, template] = models.model_write(kind, tmp_path_factory.mktemp(f"tiny-{kind}"), template=template)
        return made[kind, template]

    return give


@pytest.fixture
def engine_start() -> Iterator[Callable[..., Any]]:
    """Makes warmed engines on the CPU that are closed after the test: ``engine_start(folder, kv_blocks=8)``."""
    engine_module: Any = importlib.import_module("inference.transformers_engine")
    engines = []

    def start(folder: Path, **options: Any) -> Any:
        engine = engine_module.TransformersEngine(
            str(folder), **{"device": "cpu", "dtype": "float32", "threads": 1, **options}
        )
        engines.append(engine)
        engine.warm_up()
        return engine

    yield start
    for engine in engines:
        engine.close()
