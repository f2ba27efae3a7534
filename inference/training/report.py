"""What an evaluation found, as numbers (JSON) and as a page (Markdown)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from inference.base import Options
from inference.training.evaluation import Answer, Score, repetition, score_table

# Shown of each skill and language.
SAMPLES = 2


@dataclass(frozen=True, slots=True)
class Pass:
    """The whole list asked once, with one way of sampling."""

    name: str
    options: Options
    answers: Sequence[Answer]
    seconds: float

    @property
    def scores(self) -> dict[str, dict[str, Score]]:
        """See ``score_table``."""
        return score_table(self.answers)

    @property
    def repetition(self) -> float:
        """The mean share of repeated runs of four words or characters in a reply."""
        return fmean(repetition(answer.reply) for answer in self.answers) if self.answers else 0.0

    @property
    def characters(self) -> float:
        """The mean length of a reply."""
        return fmean(len(answer.reply) for answer in self.answers) if self.answers else 0.0

    @property
    def tokens(self) -> float:
        """The mean length of a reply in the model's tokens."""
        return fmean(answer.tokens for answer in self.answers) if self.answers else 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """One model's evaluation. The first pass is the one that counts."""

    model: str
    passes: Sequence[Pass]
    perplexity: float
    bits_per_character: float

    def table(self) -> str:
        """Right replies by skill: both languages of the first pass, and the whole of each pass."""
        first, *others = self.passes
        heads = ["skill", "asked", "English", "Chinese", *(f"**{one.name}**" for one in self.passes)]
        lines = [f"| {' | '.join(heads)} |", "|" + " --- |" * len(heads)]
        for skill, row in first.scores.items():
            cells = [skill, str(row["all"].asked), _percent(row["en"]), _percent(row["zh"]), _percent(row["all"])]
            cells += [_percent(one.scores[skill]["all"]) for one in others]
            lines.append(f"| {' | '.join(cells)} |")
        return "\n".join(lines)

    def figures(self) -> str:
        """The other numbers, as a Markdown list."""
        lines = [
            f"- perplexity {self.perplexity:.2f} per token, {self.bits_per_character:.3f} bits per character, over "
            "dialogues drawn anew"
        ]
        for one in self.passes:
            lines.append(
                f"- {one.name}: replies of {one.characters:.0f} characters ({one.tokens:.0f} tokens) on average, "
                f"{100 * one.repetition:.1f}% of their runs of four words repeated; {len(one.answers)} conversations "
                f"in {one.seconds:.0f} s"
            )
        return "\n".join(lines)

    def samples(self) -> str:
        """Some conversations of each skill, word for word, as Markdown; with what was wrong marked as such."""
        shown: dict[tuple[str, str], int] = {}
        parts = []
        for answer in self.passes[0].answers:
            key = (answer.question.skill, answer.question.language)
            shown[key] = shown.get(key, 0) + 1
            if shown[key] > SAMPLES:
                continue
            mark = "" if answer.is_right else " (counted as wrong)"
            lines = [f"**{key[0]}, {key[1]}**{mark}", ""]
            if answer.question.system is not None:
                lines += [f"> *system:* {answer.question.system}", ">"]
            for prompt, reply in answer.transcript:
                said = reply.replace("\n", "\n> ")
                lines += [f"> *person:* {prompt}", ">", f"> *model:* {said}", ">"]
            parts.append("\n".join(lines[:-1]))
        return "\n\n".join(parts)

    def markdown(self) -> str:
        """The whole page."""
        first = self.passes[0]
        return (
            f"# {self.model}\n\nThe held-out list of {len(first.answers)} conversations, asked through the engine that "
            f"serves; {first.name} decides.\n\n{self.table()}\n\n{self.figures()}\n\n## Samples ({first.name})\n\n"
            f"{self.samples()}\n"
        )

    def numbers(self) -> dict[str, Any]:
        """Everything, every reply included, for programs."""
        return {
            "model": self.model,
            "perplexity": self.perplexity,
            "bits_per_character": self.bits_per_character,
            "passes": [
                {
                    "name": one.name,
                    "temperature": one.options.temperature,
                    "top_p": one.options.top_p,
                    "top_k": one.options.top_k,
                    "repetition_penalty": one.options.repetition_penalty,
                    "seconds": round(one.seconds, 1),
                    "repetition": one.repetition,
                    "characters": one.characters,
                    "tokens": one.tokens,
                    "scores": {
                        skill: {language: [score.right, score.asked] for language, score in row.items()}
                        for skill, row in one.scores.items()
                    },
                    "answers": [
                        {
                            "skill": answer.question.skill,
                            "language": answer.question.language,
                            "system": answer.question.system,
                            "transcript": [list(turn) for turn in answer.transcript],
                            "expect": list(answer.question.expect),
                            "reject": list(answer.question.reject),
                            "right": answer.is_right,
                        }
                        for answer in one.answers
                    ],
                }
                for one in self.passes
            ],
        }


def _percent(score: Score) -> str:
    return f"{100 * score.share:.0f}%" if score.asked else "-"
