"""The recipes of pre-training and fine-tuning: all that is needed to repeat one, kept as JSON in the run's folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from training.errors import RunFault
from training.loop import Plan


@dataclass(frozen=True, slots=True)
class Lora:
    """Low-rank adapters (Hu et al. 2021) instead of all weights. ``rank`` 0 trains all weights."""

    rank: int = 0
    alpha: int = 32
    dropout: float = 0.0


@dataclass(frozen=True, slots=True)
class Shape:
    """A new model of a family that the engine serves in batches."""

    family: str = "llama"
    hidden: int = 256
    layers: int = 4
    heads: int = 8
    intermediate: int = 704
    window: int = 1024


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is learned (``data``, perhaps ``held_out``), by which model, how, and where the result goes.

    ``base`` is a model's folder; for a pre-training from nothing ``tokenizer`` is a tokenizer's folder and ``shape``
    the new model's. ``longest`` is tokens of an example; 0 leaves the choice.
    """

    kind: str
    data: str
    output: str
    held_out: str = ""
    base: str = ""
    tokenizer: str = ""
    longest: int = 0
    shape: Shape = field(default_factory=Shape)
    lora: Lora = field(default_factory=Lora)
    plan: Plan = field(default_factory=Plan)

    def as_json(self) -> dict[str, Any]:
        """For ``Run``."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any], kind: str) -> Recipe:
        """Read back. Raises ``RunFault`` when it is another command's or another version's."""
        if stored.get("kind") != kind:
            raise RunFault(f"that run is no {kind} but {stored.get('kind')}; resume it with the command that began it")
        parts = {"shape": Shape, "lora": Lora, "plan": Plan}
        try:
            known = {one.name for one in fields(cls)}
            values = {name: parts[name](**value) if name in parts else value for name, value in stored.items()}
            if values.keys() != known:
                raise TypeError(f"{', '.join(sorted(values.keys() ^ known))} differ")
            return cls(**values)
        except TypeError as error:
            raise RunFault(f"that run was begun by another version ({error}); begin a new run") from error

    @property
    def output_folder(self) -> Path:
        """Where the finished model goes."""
        return Path(self.output)
