"""English words by how common they are, to tell whether an undone disguise says something.

The list is the one that ships with ``symspellpy`` (82,765 words with counts from Google Books, spelled as in SCOWL).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from itertools import product
from typing import Final

HIDDEN_WORDS: Final = frozenset(
    """
    anal anus arse arsehole ass asses asshole assholes bastard bastards bitch bitches bitching blowjob bomb bombs boobs
    bullshit cock cocks cocksucker cunt cunts damn dick dickhead dicks die dies died dildo drugs dumb dumbass dyke fag
    faggot faggots fags fuck fucked fucker fuckers fuckface fuckhead fuckin fucking fucks goddamn gook hate heroin
    hitler idiot idiotic idiots jackass jerkoff jew jews jizz kike kill killed killer killing kills kys loser lynch
    masturbate meth moron morons motherfucker motherfuckers motherfucking murder muslims myself nazi nazis nigga niggas
    nigger niggers nude nudes orgasm paki penis pervert piss pissed porn porno pornography prick pricks pussies pussy
    queer rape raped rapist raping retard retarded retards scum sex sexy shit shithead shits shitty shoot slave slut
    sluts spic stab stfu stupid suck sucker sucks suicidal suicide terrorist tits tranny twat ugly vagina vermin wank
    wanker weapon whore whores yourself
    """.split()  # noqa: SIM905
)
"""Words that people mask letters of. They win where a disguise could stand for several words."""

READ_AS: Final = {
    "0": "o", "1": "il", "2": "z", "3": "e", "4": "a", "5": "s", "6": "gb", "7": "t", "8": "b", "9": "g",
    "@": "a", "$": "s", "!": "il", "|": "il", "€": "e", "£": "le", "¢": "c", "¥": "y", "§": "s", "¡": "i", "+": "t",
}  # fmt: skip
"""Which letters a number or sign is read as."""

# Common in chats, not in books. The counts put them beside words that are about as common.
_CHAT_WORDS: Final = {
    **dict.fromkeys(("u", "ur", "urself", "im", "ill", "youre", "gonna", "wanna", "gotta", "ya"), 50_000_000),
    **dict.fromkeys(("kys", "stfu", "gtfo", "lol", "omg", "wtf", "asshole", "assholes", "dumbass"), 5_000_000),
    **dict.fromkeys(("ricin", "sarin", "molotov", "fuckface", "fuckhead", "shithead"), 500_000),
}
# Books know hundreds of letter pairs as words ("nd", "th"); these are the real ones.
_SHORT_WORDS: Final = frozenset(
    "a i u ad ah am an as at be by do go ha he hi if in is it me my no of oh ok on or so to up ur us we ya im".split()  # noqa: SIM905
)
_RARE_THREE: Final = 3_000_000
_TOTAL: Final = 1e12
_UNKNOWN_LETTER: Final = -9.0
_MAX_WORD: Final = 16


@cache
def _logs() -> dict[str, float]:
    """The logarithm of each word's share of all words."""
    listed = files("symspellpy").joinpath("frequency_dictionary_en_82_765.txt").read_text(encoding="utf-8-sig")
    counts: dict[str, int] = {}
    for line in listed.splitlines():
        word, _, count = line.partition(" ")
        is_word = word in _SHORT_WORDS if len(word) < 3 else len(word) > 3 or int(count) >= _RARE_THREE
        if is_word and word.isalpha():
            counts[word] = int(count)
    # A hidden word is never too rare to be found.
    counts |= {word: max(counts.get(word, 0), 1_000_000) for word in HIDDEN_WORDS} | _CHAT_WORDS
    return {word: math.log(count / _TOTAL) for word, count in counts.items()}


@cache
def _hidden_by_shape() -> dict[tuple[int, str], tuple[str, ...]]:
    shapes: dict[tuple[int, str], list[str]] = defaultdict(list)
    for word in sorted(HIDDEN_WORDS, key=lambda word: -_logs()[word]):
        shapes[len(word), word[0]].append(word)
    return {shape: tuple(words) for shape, words in shapes.items()}


def is_word(text: str) -> bool:
    """Whether this lower-case text is an English word."""
    return text in _logs()


def best_word(candidates: set[str]) -> str | None:
    """The likeliest of them: a hidden word before others, then the most common. None if none is a word."""
    known = [word for word in candidates if word in _logs()]
    return max(known, key=lambda word: (word in HIDDEN_WORDS, _logs()[word], word), default=None)


def unmasked(masked: str, mask: str) -> str | None:
    """The hidden word that ``masked`` is if each ``mask`` is some letter; its first letter is plain."""
    for word in _hidden_by_shape().get((len(masked), masked[0]), ()):
        if all(given in (mask, letter) for given, letter in zip(masked, word, strict=True)):
            return word
    return None


def segmented(letters: str) -> list[str] | None:
    """The likeliest words that ``letters`` (lower case) is made of; None if some of it is no word. Linear time."""
    logs = _logs()
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(letters) + 1):
        choices = [
            (best[start][0] + score, start)
            for start in range(max(0, end - _MAX_WORD), end)
            if (score := logs.get(letters[start:end])) is not None
        ]
        # A letter that belongs to no word costs more than any word, so that it is left over only where it must be.
        choices.append((best[end - 1][0] + 4 * _UNKNOWN_LETTER, end - 1))
        best.append(max(choices))
    words: list[str] = []
    end = len(letters)
    while end:
        start = best[end][1]
        words.append(letters[start:end])
        end = start
    words.reverse()
    return words if all(word in logs for word in words) else None


def spellings(options: Sequence[Sequence[str]], most: int) -> set[str]:
    """All texts that take one part of each option; once they would be over ``most``, only the first of the rest."""
    count = 1
    kept = []
    for parts in options:
        is_within = count * len(parts) <= most
        count *= len(parts) if is_within else 1
        kept.append(parts if is_within else parts[:1])
    return {"".join(parts) for parts in product(*kept)}
