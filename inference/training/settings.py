"""What one training of the demonstration model is: sizes, lengths and rates, kept beside its checkpoints."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from training.errors import TrainingError

# What the model that ships was trained with.
DEFAULT_STEPS = 2600
# What ships with the code stays small.
MOST_BYTES = 30_000_000


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """The whole recipe; the same settings and the same extra dialogues give the same model on the same machine.

    ``batch_tokens`` is about the tokens per step, padding included; ``longest`` is the tokens of the longest dialogue
    learned. ``learning_rate`` is that of embeddings and norms, ``matrix_rate`` that of the layers' matrices.
    """

    steps: int
    seed: int = 20
    vocabulary: int = 5120
    hidden: int = 192
    layers: int = 6
    heads: int = 6
    intermediate: int = 512
    context_tokens: int = 2048
    longest: int = 640
    batch_tokens: int = 4096
    learning_rate: float = 3e-3
    matrix_rate: float = 0.02
    warmup_share: float = 0.01
    weight_decay: float = 0.02
    save_every: int = 200
    tokenizer_dialogues: int = 20_000
    extra_dialogues: str = ""

    def save(self, path: Path) -> None:
        """Write as JSON."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> TrainingSettings:
        """Read back. Raises ``TrainingError`` when the file is missing or is not of this version."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, TypeError, ValueError) as error:
            raise TrainingError(
                f"there is no training to resume: {path} cannot be read ({error}); start without --resume"
            ) from error


# Small enough for a test: learns little, but takes every step of the way.
def tiny_settings(steps: int, seed: int = 20) -> TrainingSettings:
    """A recipe for tests: seconds, not minutes."""
    return TrainingSettings(
        steps=steps,
        seed=seed,
        vocabulary=700,
        hidden=48,
        layers=2,
        heads=2,
        intermediate=96,
        context_tokens=256,
        longest=160,
        batch_tokens=1024,
        save_every=max(1, steps // 2),
        tokenizer_dialogues=300,
    )
