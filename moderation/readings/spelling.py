"""Words written with numbers, signs, stretched or masked letters, and emoji that stand for words or letters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import regex

from moderation.readings.mapped import Edit, Mapped
from moderation.readings.vocabulary import HIDDEN_WORDS, best_word, is_word, spellings, unmasked

_READ_AS: Final = {
    "0": "o", "1": "il", "2": "z", "3": "e", "4": "a", "5": "s", "6": "gb", "7": "t", "8": "b", "9": "g",
    "@": "a", "$": "s", "!": "il", "|": "il", "€": "e", "£": "le", "¢": "c", "¥": "y", "§": "s", "¡": "i", "+": "t",
}  # fmt: skip
_SIGNS: Final = regex.escape("".join(_READ_AS))
_TOKEN = regex.compile(rf"(?<![\w#&%\\]|0x)(?:[a-z{_SIGNS}])++")
_MIXED = regex.compile(rf"[a-z][{_SIGNS}]|[{_SIGNS}][a-z]")
_RUN = regex.compile(r"(\w)\1+")
_SAME = regex.compile(r"(\w)\1*+")
_LONG_RUN = regex.compile(r"([a-z])\1\1")
_NUMBERED = regex.compile(r"[0-9]+[a-z]{1,3}|[a-z]{1,3}[0-9]+|[0-9a-f]*[0-9][0-9a-f]*")
_MASKED = regex.compile(r"(?i)(?<![\w*])[a-z]{1,12}+(?:([*#@!%$&?•✱✻×])\1?+[a-z]{0,12}+){1,2}(?![\w*])")
_ANY_TOKEN = re.compile(rf"[a-z{_SIGNS}]+")
_MAY_BE_MASKED = re.compile(r"[a-zA-Z](?:[*#@!%$&?•✱✻×]{1,3}[a-zA-Z]|[*#@%$&•✱✻×]{2})")
_MASK = regex.compile(r"[^a-z]")
_MOST_SPELLINGS: Final = 48
_MOST_LENGTHS: Final = 16
_LONGEST: Final = 40

_WORD_OF: Final = {
    "🖕": "fuck you", "💩": "shit", "💣": "bomb", "🧨": "explosives", "💊": "drugs", "💉": "heroin", "🐷": "pig",
    "🐖": "pig", "🐒": "monkey", "🐵": "monkey", "🐍": "snake", "🐀": "rat", "🐕": "dog", "🐶": "dog", "🤡": "clown",
    "☠": "die", "🗑": "trash", "🚮": "trash", "🪳": "cockroach", "🐓": "cock", "🐔": "chicken", "🍆": "dick",
    "🐑": "sheep", "👁": "i", "👀": "see", "❤": "love", "🐝": "be", "🫏": "ass", "🫵": "you", "👉": "you",
    "👶": "baby", "🧒": "child", "👧": "girl", "👦": "boy", "🏠": "house", "🧠": "brain", "💀": "dead",
}  # fmt: skip
# A thing, and what one does with it where somebody to do it to comes next.
_DEED_OF: Final = {
    "🔪": ("knife", "stab"), "🗡": ("knife", "stab"), "🔫": ("gun", "shoot"), "🔥": ("fire", "burn"),
    "💣": ("bomb", "bomb"), "☠": ("death", "kill"), "💀": ("dead", "kill"), "⚰": ("coffin", "bury"),
    "🪓": ("axe", "murder"), "🏹": ("bow", "shoot"), "👊": ("fist", "punch"), "🔨": ("hammer", "smash"),
}  # fmt: skip
_SOMEBODY = regex.compile(r"\s*(?:you|u|ya|your|yourself|urself|him|her|them|me|myself|us|all|everyone|🫵|👉)(?!\w)")
_WORD_EMOJI = regex.compile(f"[{''.join((_WORD_OF | _DEED_OF).keys())}]")
_LETTER_EMOJI: Final = {
    "⭕": "o", "🔴": "o", "🔵": "o", "🍩": "o", "🌕": "o", "❌": "x", "✖": "x", "❎": "x", "💲": "s", "💰": "s",
    "❗": "i", "❕": "i", "📍": "i", "🕯": "i", "➕": "t", "✝": "t", "🌙": "c", "☪": "c", "🅰": "a", "▲": "a",
    "🔺": "a", "🎃": "o", "⚽": "o", "🏀": "o", "🌍": "o", "🌎": "o", "🌏": "o", "😮": "o", "🥚": "o",
}  # fmt: skip
_LETTER_EMOJI_IN_WORD = regex.compile(rf"(?<=[a-z])[{''.join(_LETTER_EMOJI)}]|[{''.join(_LETTER_EMOJI)}](?=[a-z])")
_EMOJI: Final = r"[\p{Extended_Pictographic}--\d#*©®™]"
_OTHER_EMOJI = regex.compile(rf"{_EMOJI}++", regex.V1)
_EMOJI_IN_WORD = regex.compile(rf"(?<!\w)[a-z]{{1,12}}+(?:{_EMOJI}[a-z]{{1,12}}+){{1,2}}(?!\w)", regex.V1)


def unmask(text: Mapped) -> Mapped:
    """Words that people mask ("f*ck", "sh**") with all their letters. Before Markdown takes the stars away."""
    return text.replaced(list(_masked(text.text))) if _MAY_BE_MASKED.search(text.text) else text


def _masked(text: str) -> Iterator[Edit]:
    for match in _MASKED.finditer(text):
        word = match.group().lower()
        masks = len(_MASK.findall(word))
        if masks * 2 <= len(word) and (plain := unmasked(_MASK.sub("*", word), "*")):
            yield (*match.span(), plain)


def spelled(text: Mapped) -> Mapped:
    """Normalised text with emoji read aloud and words spelled as a dictionary has them."""
    if not text.text.isascii():
        text = text.replaced(list(_emoji_letters(text.text)))
        text = text.replaced(list(_emoji_words(text.text)))
        text = text.replaced([(*match.span(), " ") for match in _OTHER_EMOJI.finditer(text.text)])
    return text.replaced(list(_words(text.text))) if _has_odd_words(text.text) else text


def _emoji_letters(text: str) -> Iterator[Edit]:
    edits = [(*match.span(), _LETTER_EMOJI[match.group()]) for match in _LETTER_EMOJI_IN_WORD.finditer(text)]
    for match in _EMOJI_IN_WORD.finditer(text):
        word = _MASK.sub("*", match.group())
        if plain := unmasked(word, "*") or best_word({word.replace("*", "")} & HIDDEN_WORDS):
            edits = [edit for edit in edits if edit[1] <= match.start() or edit[0] >= match.end()]
            edits.append((*match.span(), plain))
    yield from sorted(edits)


def _emoji_words(text: str) -> Iterator[Edit]:
    for match in _WORD_EMOJI.finditer(text):
        start, end = match.span()
        emoji = match.group()
        thing, deed = _DEED_OF.get(emoji, ("", ""))
        word = deed if deed and _SOMEBODY.match(text, end) else _WORD_OF.get(emoji, thing)
        before = " " if start and text[start - 1].isalnum() else ""
        after = " " if end < len(text) and (text[end].isalnum() or text[end] in _WORD_OF) else ""
        yield start, end, f"{before}{word}{after}"


def _has_odd_words(text: str) -> bool:
    """Quick: whether some token is neither a word nor an ordinary number or mark."""
    return any(len(token) > 2 and not is_word(token) for token in set(_ANY_TOKEN.findall(text)))


def _words(text: str) -> Iterator[Edit]:
    for match in _TOKEN.finditer(text):
        token = match.group().rstrip("!+")
        is_mixed = _MIXED.search(token) is not None
        if len(token) < 3 or len(token) > _LONGEST or not (is_mixed or _RUN.search(token)):
            continue
        plain = _plain(token, is_mixed=is_mixed)
        if plain and plain != token:
            yield match.start(), match.start() + len(token), plain


def _plain(token: str, *, is_mixed: bool) -> str | None:
    """The word that a token stands for, or None where it is best left alone: a word, a name, a number with a unit."""
    if not is_mixed and is_word(token):
        return None
    options = [_READ_AS.get(character, character) for character in token]
    candidates: set[str] = set()
    for spelling in spellings(options, _MOST_SPELLINGS):
        candidates |= _unstretched(spelling)
    letters = sum(character.isalpha() for character in token)
    digits = sum(character.isdigit() for character in token)
    is_doubtful = letters < 2 or digits > letters or _NUMBERED.fullmatch(token) is not None
    if is_doubtful:
        candidates &= HIDDEN_WORDS if letters >= digits and letters > 0 and len(token) > 3 else set()
    return best_word(candidates)


def _unstretched(word: str) -> set[str]:
    """The word, and what is left where repeated letters are one or two. Doubled letters only where all are doubled."""
    found = {word}
    if _LONG_RUN.search(word):
        runs = [(run[0][:1], run[0][:2]) if len(run[0]) > 2 else (run[0],) for run in _SAME.finditer(word)]
        found |= spellings(runs, _MOST_LENGTHS)
    if _RUN.search(word):
        found |= {_RUN.sub(lambda run: run[1], word)} & HIDDEN_WORDS
        found |= {_RUN.sub(lambda run: run[1] * (len(run[0]) // 2 or 1), word)} & HIDDEN_WORDS
    return found
