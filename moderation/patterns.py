"""Phrases and regular expressions of rules: made into one kind of pattern, refused where they could hang a worker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import regex

from moderation.normalise import normalise

MATCH_SECONDS = 0.2
"""How long one pattern may take for one text before it counts as failed."""

_TRIAL_SECONDS = 0.5
_TRIAL_CHARS = 3_000
_SPACELESS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}"
# A word's edge for scripts that put spaces: an ideograph beside an English word is an edge.
_BEFORE = rf"(?<![\w--[{_SPACELESS}]])"
_AFTER = rf"(?![\w--[{_SPACELESS}]])"
_STARTS_SPACED = regex.compile(rf"[\w--[{_SPACELESS}]]", regex.V1)


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule. ``is_regex`` tells the two kinds apart; ``score`` is from 0 to 1."""

    id: int
    is_regex: bool
    pattern: str
    label: str
    score: float


class PatternFault(ValueError):
    """A phrase or regular expression cannot be used. The message says why.

    ``code`` is empty, invalid, matches_empty or slow, and ``values`` fills its sentence: so it can be said in another
    language where it is shown.
    """

    def __init__(self, code: str, message: str, **values: object) -> None:
        self.code = code
        self.values = values
        super().__init__(message)


def phrase_compile(phrase: str) -> regex.Pattern[str]:
    """A phrase as a pattern for normalised text: whole words where a script puts spaces, anywhere where it doesn't."""
    plain = normalise(phrase).text.strip()
    if not plain:
        raise PatternFault("empty", "the phrase is empty once invisible characters and spaces are taken away")
    before = _BEFORE if _STARTS_SPACED.match(plain[0]) else ""
    after = _AFTER if _STARTS_SPACED.match(plain[-1]) else ""
    return regex.compile(f"{before}{regex.escape(plain, special_only=True)}{after}", regex.V1)


def regex_compile(pattern: str) -> regex.Pattern[str]:
    """A regular expression for normalised text; case does not matter. Raises ``PatternFault`` where it is not valid."""
    try:
        compiled: regex.Pattern[str] = regex.compile(pattern, regex.V1 | regex.IGNORECASE)
    except (regex.error, RecursionError, OverflowError) as error:
        raise PatternFault("invalid", f"not a valid regular expression: {error}", error=error) from None
    return compiled


def regex_check(pattern: str) -> None:
    """Refuse what is not valid, what matches nothing at all, and what takes too long on texts made to be hard for it.

    Takes up to a second or two for a bad pattern. Raises ``PatternFault``.
    """
    compiled = regex_compile(pattern)
    for text in ("", " ", "a"):
        if (match := compiled.search(text)) and not match.group():
            raise PatternFault("matches_empty", "it matches an empty text, so it would be found everywhere")
    for text in _hard_texts(pattern):
        try:
            for _ in compiled.finditer(text, timeout=_TRIAL_SECONDS):
                pass
        except TimeoutError:
            raise PatternFault(
                "slow",
                f"it took over {_TRIAL_SECONDS} s on {len(text)} characters like {text[:12]!r}; avoid repeats inside "
                "repeats such as (a+)+ and several .* in a row",
                seconds=_TRIAL_SECONDS,
                count=len(text),
                text=repr(text[:12]),
            ) from None


def _hard_texts(pattern: str) -> Iterator[str]:
    """Long repeats of what the pattern may look for, with an end that breaks the match: where backtracking explodes."""
    # A search may skip a text that lacks what it needs, so the end holds all that the pattern names.
    end = "\0" + pattern.casefold()
    letters = sorted(set(regex.findall(r"[^\W_]", pattern.casefold())))[:24]
    words = regex.findall(r"[^\W_]{2,}", pattern.casefold())[:12]
    for unit in ["a", "0", " ", "a ", "ab", "a1", "一", "-", "a.", *letters, *words, *(f"{word} " for word in words)]:
        yield unit * (_TRIAL_CHARS // len(unit)) + end
