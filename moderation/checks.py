"""Faults in the settings of moderation, named when the site starts. Loads no classifier and no torch."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from moderation.care import HELP_LINES
from moderation.classifiers.guard_table import TABLE_NAMES, TableFault, table_read
from moderation.shipped import SHIPPED_MODEL

CLASSIFIER_NAMES: Final = ("rules", "profanity", "detoxify", "blend", "personal_data", "guard")
# Repeated from the package, because asking the package would load torch. A test compares the two.
DETOXIFY_NAMES: Final = ("original", "unbiased", "multilingual", "original-small", "unbiased-small")


def classifiers_check(**_: Any) -> list[CheckMessage]:
    names = settings.CLASSIFIERS
    if not names:
        return [
            Error(
                "CLASSIFIERS is empty, so every text would be withheld as not judged.",
                hint=f"Name at least one of {', '.join(CLASSIFIER_NAMES)}.",
                id="moderation.E001",
            )
        ]
    found: list[CheckMessage] = [
        Error(
            f"CLASSIFIERS names {name!r}, which is not known.",
            hint=f"Known are {', '.join(CLASSIFIER_NAMES)}.",
            id="moderation.E002",
        )
        for name in names
        if name not in CLASSIFIER_NAMES
    ]
    if names == ["rules"]:
        found.append(
            Warning(
                "CLASSIFIERS names the rules alone; they find what is written in them and nothing else.",
                hint="Add blend, profanity or detoxify.",
                id="moderation.W001",
            )
        )
    if {"profanity", "blend"} & set(names) and find_spec("profanity_check") is None:
        found.append(
            Error(
                "CLASSIFIERS names 'profanity' or 'blend', but alt-profanity-check is not installed.",
                hint="Run make install.",
                id="moderation.E003",
            )
        )
    return found


def help_countries_check(**_: Any) -> list[CheckMessage]:
    known = ", ".join(HELP_LINES)
    return [
        Error(
            f"HELP_COUNTRIES names {code!r}, for which no help line is known.",
            hint=f"Known are {known}. For another country say in HELP_LINE whom people can reach.",
            id="moderation.E007",
        )
        for code in settings.HELP_COUNTRIES
        if code not in HELP_LINES
    ]


def toxicity_model_check(**_: Any) -> list[CheckMessage]:
    model, config = settings.TOXICITY_MODEL, settings.TOXICITY_MODEL_CONFIG
    if not {"detoxify", "blend"} & set(settings.CLASSIFIERS):
        if model and model != str(SHIPPED_MODEL):
            return [
                Warning(
                    f"TOXICITY_MODEL is {model!r}, but CLASSIFIERS has no detoxify and no blend, so it is not used.",
                    hint="Add blend or detoxify to CLASSIFIERS or unset TOXICITY_MODEL.",
                    id="moderation.W002",
                )
            ]
        return []
    names = ", ".join(DETOXIFY_NAMES)
    if not model:
        return [
            Error(
                "CLASSIFIERS names detoxify or blend, but TOXICITY_MODEL is not set.",
                hint=f"Set it to one of {names}, or to a checkpoint's path.",
                id="moderation.E004",
            )
        ]
    if model in DETOXIFY_NAMES:
        return []
    path = Path(model).expanduser()
    if not path.exists():
        return [
            Error(
                f"TOXICITY_MODEL is {model!r}, which is neither a model of Detoxify nor a path that exists.",
                hint=f"Set it to one of {names}, or to a checkpoint's path.",
                id="moderation.E005",
            )
        ]
    folder = Path(config).expanduser() if config else path if path.is_dir() else path.parent
    if not (folder / "config.json").is_file():
        return [
            Error(
                f"{folder} has no config.json, so the checkpoint {model!r} cannot be loaded.",
                hint="Set TOXICITY_MODEL_CONFIG to the folder with the model's config.json and tokenizer.",
                id="moderation.E006",
            )
        ]
    return []


def guard_check(**_: Any) -> list[CheckMessage]:
    model, table = settings.GUARD_MODEL, settings.GUARD_TABLE
    if "guard" not in settings.CLASSIFIERS:
        if not model:
            return []
        return [
            Warning(
                f"GUARD_MODEL is {model!r}, but CLASSIFIERS has no guard, so it is not used.",
                hint="Add guard to CLASSIFIERS or unset GUARD_MODEL.",
                id="moderation.W003",
            )
        ]
    found: list[CheckMessage] = []
    if not model:
        hint = "Set it to a folder or a hub's id of a causal language model or a sequence classifier."
        found.append(Error("CLASSIFIERS names guard, but GUARD_MODEL is not set.", hint=hint, id="moderation.E008"))
    elif model.startswith((".", "/", "~")) and not (Path(model).expanduser() / "config.json").is_file():
        found.append(
            Error(
                f"GUARD_MODEL is {model!r}, which is no folder with a config.json.",
                hint="Name the folder that holds the model's config.json, weights and tokenizer.",
                id="moderation.E009",
            )
        )
    hint = f"Set it to one of {', '.join(TABLE_NAMES)}, or to a YAML or JSON file: docs/moderation.md, Guard models."
    if not table:
        found.append(Error("CLASSIFIERS names guard, but GUARD_TABLE is not set.", hint=hint, id="moderation.E010"))
        return found
    try:
        table_read(table)
    except TableFault as fault:
        found.append(Error(f"GUARD_TABLE: {fault}.", hint=hint, id="moderation.E011"))
    return found
