"""Which language a text is written in, offline (`py3langid`: one wheel with its model, and numpy, which is here).

Says nothing rather than something doubtful: code, lists, short and mixed texts have no language here, so that no rule
about languages strikes them. Plain Python.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import regex

MAX_CHARS: Final = 2_000
"""So much of a text's prose is looked at."""
MIN_LETTERS: Final = 24
"""Of a script that many languages share; fewer tell nothing."""
MIN_WORDS: Final = 5
MIN_OWN_LETTERS: Final = 6
"""Of a script that is one language's (kana, hangul) or a few's."""
LIKELY: Final = 0.5
"""The model's probability from which its word is taken, where it also is sure that it is none of `_COMMON`: close
relatives (Spanish and Galician, Indonesian and Malay) share the rest."""
DOUBT: Final = 0.02

_NO_PROSE: Final = regex.compile(
    r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|`[^`\n]*`|<[^<>\n]{1,200}>|\b[a-z]+://\S+|\S+@\S+"
    r"|[\"“”«»「『][^\"“”«»」』\n]{0,200}[\"“”«»」』]"  # what is quoted is not the writer's own language
    r"|^[^\n]*[;{}]\s*$"  # a line of code
    r"|\S*[\d_=/\\{}\[\]()<>|@#$%^*+~;]\S*",
    regex.S | regex.I | regex.M,
)
_HAN: Final = regex.compile(r"\p{Han}")
_KANA: Final = regex.compile(r"[\p{Hiragana}\p{Katakana}]")
_HANGUL: Final = regex.compile(r"\p{Hangul}")
_SPACED: Final = regex.compile(r"\p{L}{2,}")
_LATIN: Final = regex.compile(r"\p{Latin}")
_LETTER: Final = regex.compile(r"\p{L}")
# Everyday words: a text with several of them has English in it, whatever the model makes of the rest.
_ENGLISH: Final = regex.compile(
    r"\b(?:the|and|is|are|what|how|you|my|this|that|with|for|does|please|can|do|it|of|in|to|me|i)\b", regex.I
)
# Those that no neighbour has: two of them make a text of another language a mixed one, such as a request to translate.
_CLEARLY_ENGLISH: Final = regex.compile(
    r"\b(?:the|and|please|what|how|you|this|that|with|translate|explain|does|mean|english|write)\b", regex.I
)
MIXED_WORDS: Final = 2
_COMMON: Final = frozenset({"en", "zh", "zxx", "und"})
_SAME: Final = {"wuu": "zh", "yue": "zh", "nb": "no", "nn": "no"}


def language_of(text: str) -> str:
    """As ISO 639-1 (a longer code for a language that has none there); empty where it cannot be said."""
    # Windows of a long text are judged one by one; the beginning of one tells its language.
    prose = _NO_PROSE.sub(" ", text[: 2 * MAX_CHARS])[:MAX_CHARS]
    kana, hangul, han = (len(script.findall(prose)) for script in (_KANA, _HANGUL, _HAN))
    letters = len(_LETTER.findall(prose))
    is_mixed = len({word.lower() for word in _CLEARLY_ENGLISH.findall(prose)}) >= MIXED_WORDS
    if han or kana or hangul:
        language = _east_asian(kana, hangul, han, letters)
        return "" if is_mixed and language != "zh" else language
    words = _SPACED.findall(prose)
    latin = len(_LATIN.findall(prose))
    if letters < MIN_OWN_LETTERS or (latin * 2 > letters and (letters < MIN_LETTERS or len(words) < MIN_WORDS)):
        return ""
    if latin * 2 > letters and len(_ENGLISH.findall(prose)) * 5 >= len(words):
        return "en"
    if is_mixed:
        return ""
    ranked = [(str(code), float(probability)) for code, probability in _model().rank(prose)]
    language, probability = ranked[0]
    if probability < LIKELY or sum(share for code, share in ranked if code in _COMMON) > DOUBT:
        return ""
    return _SAME.get(language, language)


def _east_asian(kana: int, hangul: int, han: int, letters: int) -> str:
    """By script alone. A Chinese text with many words in Latin letters is Chinese; half Japanese is neither."""
    own = kana + hangul + han
    if own < MIN_OWN_LETTERS:
        return ""
    if kana * 5 >= own and own * 2 > letters:
        return "ja"
    if hangul * 2 >= own and own * 2 > letters:
        return "ko"
    return "zh" if han * 10 >= own * 9 and own * 4 > letters else ""


@cache
def _model() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - a model that only workers load

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
