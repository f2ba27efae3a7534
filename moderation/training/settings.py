"""What one training of the judge is: kept beside its checkpoints and in the model card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from training.errors import RunFault


@dataclass(frozen=True, slots=True)
class JudgeSettings:
    """The recipe. The same settings, data and encoder give the same model on the same kind of machine.

    ``batch_tokens`` is tokens per step, padding included; ``longest`` the tokens of one text, the rest is cut off.
    ``frozen_layers`` of the encoder, counted from below, and its own embeddings learn nothing; the embeddings of the
    added tokens do.
    ``head_factor`` and ``added_factor``: how much faster the head and the added tokens' embeddings learn.
    ``kept`` is the part of the judge started from that is left: the weights that ship are the mean of the two, so
    weighted. What was learned before is forgotten less (Wortsman et al. 2022, robust fine-tuning by weights' means).
    ``without`` names sources left out of training, ``share`` is the part of the rows used.
    """

    data: str
    encoder: str = ""
    start_from: str = ""
    kept: float = 0.0
    epochs: float = 1.0
    seed: int = 7
    share: float = 1.0
    without: tuple[str, ...] = ()
    learning_rate: float = 1e-4
    head_factor: float = 5.0
    added_factor: float = 4.0
    warmup_share: float = 0.06
    weight_decay: float = 0.01
    batch_tokens: int = 1536
    longest: int = 96
    frozen_layers: int = 3
    save_every: int = 150

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> JudgeSettings:
        """From what a run's folder keeps. Raises ``RunFault`` when it is of another version."""
        try:
            return cls(**{**found, "without": tuple(found.get("without", ()))})
        except TypeError as error:
            raise RunFault(f"the run was begun by another version ({error}); begin a new one") from error
