"""Puts the judge's lessons together: so many rows of each source, harm hidden in long texts, disguises."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from moderation.training import chat, sources
from moderation.training.disguise import disguise
from moderation.training.lexicon import Lexicon, lexicon_read
from moderation.training.people import framed, swapped
from moderation.training.rows import CLEAN, HARMFUL_FROM, Row, plain
from moderation.training.written import line_sets, written_rows
from training.errors import DataFault

# At most so many training rows of a source: (harmful, harmless). Balanced, because a source that is nearly all harmful
# teaches that its style is the harm.
MOST: Final[Mapping[str, tuple[int, int]]] = {
    "davidson": (5000, 3800),
    "context-toxicity": (300, 5000),
    "edos": (2900, 4000),
    "bias-templates": (1500, 2500),
    "bias-templates (zh)": (1500, 2500),
    "toxic-spans": (5000, 800),
    "cold": (7500, 7000),
    "chat (en)": (0, 4000),
    "chat (zh)": (0, 15000),
}
MOST_TEST: Final = 600
"""At most so many held-out rows of a source, harmful and harmless each, are evaluated."""
HIDDEN_SHARE, DISGUISED_SHARE, JOINED_SHARE, HARMLESS_DISGUISED_SHARE = 0.1, 0.12, 0.06, 0.03
FRAMED_SHARE, HARMLESS_FRAMED_SHARE, SWAPPED_SHARE = 0.05, 0.15, 0.2
_MARKS: Final = {"en": (" ", "\n", ". "), "zh": ("", "\n", "，")}
_MOST_FRAMED: Final = 200
_HELD_OUT_SEED: Final = 7
MAX_CHARS: Final = 320
"""About what a window of the gate has."""


@dataclass(frozen=True, slots=True)
class Lessons:
    """What is trained on and what is held out. ``missing`` names the folders that were not there."""

    train: list[Row]
    test: list[Row]
    missing: tuple[str, ...]

    def counts(self) -> dict[str, dict[str, int]]:
        """Rows by source: train, of these harmful, test."""
        train = Counter(row.source for row in self.train)
        harmful = Counter(row.source for row in self.train if is_harmful(row))
        test = Counter(row.source for row in self.test)
        return {
            source: {"train": train[source], "harmful": harmful[source], "test": test[source]}
            for source in sorted({*train, *test})
        }


def is_harmful(row: Row) -> bool:
    return (row.toxicity or 0.0) >= HARMFUL_FROM


def lessons_prepare(data: Path, *, seed: int, without: Sequence[str] = (), share: float = 1.0) -> Lessons:
    """Read all sources under ``data``; leave the sources ``without`` out of training (they stay in the test part).

    ``share`` thins the public rows of the training part out; the written ones stay. Raises ``DataFault`` when there is
    nothing to learn from.
    """
    moderation = data / "moderation"
    if not moderation.is_dir():
        raise DataFault(f"{data} has no folder 'moderation'; name the folder that holds moderation, dialogue, prompts")
    lexicon = lexicon_read(moderation)
    missing = [name for name in sources.READERS if not (moderation / name).is_dir()]
    missing += [name for name in chat.READERS if not (data / name).is_dir()]
    rows: list[Row] = []
    for name, read in sources.READERS.items():
        if name not in missing:
            rows += read(moderation / name, lexicon)
    rows += (row for row in chat.chat_rows(data) if not lexicon.is_rude(row.text))
    rows += written_rows(seed)
    rng = random.Random(seed)  # noqa: S311 - which rows, not secrets
    train, test = _parts(rows)
    train = _thinned((row for row in train if row.source not in without), MOST, rng)
    if share < 1:
        written = [row for row in train if row.source.startswith("written")]
        public = [row for row in train if not row.source.startswith("written")]
        train = rng.sample(public, round(len(public) * share)) + written
    if len({is_harmful(row) for row in train}) < 2:
        raise DataFault(f"{data} gives {len(train)} rows, all of one kind; harmful and harmless ones are needed")
    train += [*_varied(train, lexicon, rng), *_with_people(train, rng)]
    rng.shuffle(train)
    # The same rows whatever is trained on, so that two judges can be compared.
    held_out = _thinned(test, defaultdict(lambda: (MOST_TEST, MOST_TEST)), random.Random(_HELD_OUT_SEED))  # noqa: S311
    return Lessons(train, held_out, tuple(missing))


def _parts(rows: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    """Train and test without one text in both, and each text once per part (written lines may repeat)."""
    test: dict[str, Row] = {}
    train: list[Row] = []
    for row in rows:
        if not (text := " ".join(row.text.split())):
            continue
        row = replace(row, text=text[:MAX_CHARS])
        if row.part == "test":
            test.setdefault(plain(text), row)
        else:
            train.append(row)
    held = {*test, *(plain(line) for tests in line_sets() for line in tests.lines)}
    seen: set[str] = set()
    kept = []
    for row in train:
        key = plain(row.text)
        if key in held or (key in seen and not row.source.startswith("written")):
            continue
        seen.add(key)
        kept.append(row)
    return kept, list(test.values())


def _thinned(rows: Iterable[Row], most: Mapping[str, tuple[int, int]], rng: random.Random) -> list[Row]:
    by_kind: dict[tuple[str, bool], list[Row]] = defaultdict(list)
    for row in rows:
        by_kind[row.source, is_harmful(row)].append(row)
    kept: list[Row] = []
    for (source, harmful), group in sorted(by_kind.items(), key=lambda item: item[0]):
        limits = most[source] if source in most or isinstance(most, defaultdict) else (len(group), len(group))
        kept += rng.sample(group, min(len(group), limits[0 if harmful else 1]))
    return kept


def _varied(rows: Sequence[Row], lexicon: Lexicon, rng: random.Random) -> list[Row]:
    """Harm beside harmless text, disguised harm, and the same two with harmless text so that neither is the sign."""
    clean = [row for row in rows if row.targets == CLEAN]
    harmless = {language: [row for row in clean if row.language == language] for language in ("en", "zh")}
    made: list[Row] = []
    for row in rows:
        chance = rng.random()
        others = harmless[row.language]
        if is_harmful(row) and len(row.text) < 200:
            if chance < HIDDEN_SHARE and others:
                made.append(_joined(row, rng.choice(others), rng))
            elif chance < HIDDEN_SHARE + DISGUISED_SHARE:
                made.append(replace(row, text=disguise(row.text, lexicon.rude_words(row.text), rng)))
        elif row.targets == CLEAN:
            if chance < JOINED_SHARE and len(row.text) < 200:
                made.append(_joined(row, rng.choice(others), rng))
            elif chance < JOINED_SHARE + HARMLESS_DISGUISED_SHARE:
                made.append(replace(row, text=disguise(row.text, (), rng)))
    return made


def _with_people(rows: Sequence[Row], rng: random.Random) -> list[Row]:
    """Texts in the mouths of all groups, and public texts about one group told of another."""
    made: list[Row] = []
    for row in rows:
        if len(row.text) > _MOST_FRAMED:
            continue
        if (is_harmful(row) or row.targets == CLEAN) and rng.random() < (
            FRAMED_SHARE if is_harmful(row) else HARMLESS_FRAMED_SHARE
        ):
            made.append(replace(row, text=framed(row.text, row.language, rng)))
        if not row.source.startswith("written") and rng.random() < SWAPPED_SHARE:
            other = swapped(row.text, row.language, rng)
            if other is not None:
                made.append(replace(row, text=other))
    return made


def _joined(row: Row, other: Row, rng: random.Random) -> Row:
    pair = [row.text, other.text]
    rng.shuffle(pair)
    return replace(row, text=rng.choice(_MARKS[row.language]).join(pair)[:MAX_CHARS])
