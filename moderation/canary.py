"""A canary: a random word in the system prompt. A reply that repeats it repeats the system prompt, and is blocked.

It is random for each process and kept nowhere: what is stored of a reply that held it has dots in its place. Plain
Python; knows no database and no policy.
"""

from __future__ import annotations

import base64
import codecs
import secrets
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, cached_property
from typing import Final

from moderation.deciding import merge_spans
from moderation.readings.reading import VERSION, readings_of
from moderation.verdicts import Action, Blocked, ClassifierResult, Judgement, Span, Verdict

NAME: Final = "canary"
LABEL: Final = "prompt_attack"
# Without vowels no part of it is a word of any language; 16 of 18 letters are 66 bits.
_LETTERS: Final = "bcdfghjkmnpqrtvwxz"
_WORD_CHARS: Final = 16
_FRAGMENT: Final = 8
"""So many letters of it in a row are enough: 33 bits, no accident. Spaced out they still fit into the hold-back."""
_CODED_FRAGMENT: Final = 12
_DOT: Final = "•"

Judge = Callable[[Sequence[str]], list[Verdict]]


class Canary:
    """One secret word: what goes into the prompt, and where a text repeats it, plainly or in a common code."""

    def __init__(self) -> None:
        self.word = "".join(secrets.choice(_LETTERS) for _ in range(_WORD_CHARS))

    def __repr__(self) -> str:
        return "Canary()"  # no log line shall tell it

    def put_into(self, system_prompt: str) -> str:
        """The system prompt with the canary before all else, so that who repeats it begins with it."""
        return f"[{self.word}] {system_prompt}"

    @cached_property
    def _needles(self) -> dict[int, frozenset[str]]:
        """Fragments to look for, by their length: letters and digits alone, small."""
        plain = self.word
        whole = {_FRAGMENT: [plain, plain[::-1], codecs.encode(plain, "rot13")], _CODED_FRAGMENT: list(_coded(plain))}
        return {
            length: frozenset(text[i : i + length] for text in texts for i in range(len(text) - length + 1))
            for length, texts in whole.items()
        }

    def find(self, text: str) -> list[tuple[int, int]]:
        """The ranges (characters of ``text``) in which it is repeated; none as a rule."""
        found = list(self._find(text))
        for reading in readings_of(text):
            found += [reading.original_range(start, end) for start, end in self._find(reading.text)]
        return found

    def _find(self, text: str) -> Iterator[tuple[int, int]]:
        letters, places = _squashed(text)
        for length, needles in self._needles.items():
            for start in range(len(letters) - length + 1):
                if letters[start : start + length] in needles:
                    yield places[start], places[start + length - 1] + 1

    def redact(self, text: str) -> str:
        """As long as ``text``, with dots where it is repeated: for the ledger."""
        signs = list(text)
        for start, end in self.find(text):
            signs[start:end] = _DOT * (end - start)
        return "".join(signs)

    def redact_judgement(self, judgement: Judgement) -> Judgement:
        """The same for a judgement on its way to the ledger; its hash is then that of the redacted text."""
        if all(result.classifier != NAME for result in judgement.verdict.results):
            return judgement
        return replace(judgement, text=self.redact(judgement.text))

    def redact_block(self, blocked: Blocked) -> Blocked:
        judgement = self.redact_judgement(blocked.judgement)
        return replace(blocked, withheld=self.redact(blocked.withheld), judgement=judgement)

    def guard(self, judge: Judge) -> Judge:
        """A judge that blocks what repeats the canary, whatever the policy says, and leaves all else to ``judge``."""

        def guarded(texts: Sequence[str]) -> list[Verdict]:
            return [self._strict(text, verdict) for text, verdict in zip(texts, judge(texts), strict=True)]

        return guarded

    def _strict(self, text: str, verdict: Verdict) -> Verdict:
        spans = tuple(Span(start, end, LABEL, NAME) for start, end in self.find(text))
        if not spans:
            return verdict
        return replace(
            verdict,
            action=Action.BLOCK,
            labels=(LABEL, *(label for label in verdict.labels if label != LABEL)),
            scores={**verdict.scores, LABEL: 1.0},
            results=(*verdict.results, ClassifierResult(NAME, str(VERSION), {LABEL: 1.0}, spans)),
            spans=merge_spans([*verdict.spans, *spans]),
            # What was shown before may be the beginning of the same.
            withdraws=True,
        )


@cache
def process_canary() -> Canary:
    """This process's. One for all its turns, so that the engine can still share the work on a common beginning."""
    return Canary()


def _coded(word: str) -> Iterator[str]:
    """How it looks in base64 (wherever in the coded text it stands) and in hexadecimal; small letters."""
    for said in (word, word.upper()):
        yield said.encode().hex()
        for before in range(3):
            code = base64.b64encode(b"\0" * before + said.encode()).decode()
            # The first and last signs hold bits of the neighbours.
            yield code[4 if before else 0 :].rstrip("=")[:-1].lower()


def _squashed(text: str) -> tuple[str, list[int]]:
    """Letters and digits alone, small, of their plain form; and the place in ``text`` that each came from."""
    letters: list[str] = []
    places: list[int] = []
    for place, sign in enumerate(text):
        for letter in unicodedata.normalize("NFKC", sign).casefold():
            if letter.isalnum():
                letters.append(letter)
                places.append(place)
    return "".join(letters), places
