"""Words written with numbers, signs, stretched or masked letters, and emoji that stand for words or letters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import regex

from moderation.readings.mapped import Edit, Mapped
from moderation.readings.vocabulary import HIDDEN_WORDS, READ_AS, best_word, is_word, spellings, unmasked

_SIGNS: Final = regex.escape("".join(READ_AS))
_TOKEN = regex.compile(rf"(?<![\w#&%\\]|0x)(?:[a-z{_SIGNS}])++")
_MIXED = regex.compile(rf"[a-z][{_SIGNS}]|[{_SIGNS}][a-z]")
_RUN = regex.compile(r"(\w)\1+")
_ALL_DOUBLED = regex.compile(r"(?:(\w)\1)++")
_AFTER_APOSTROPHE: Final = ("m", "s", "t", "d", "ll", "re", "ve")
_SAME = regex.compile(r"(\w)\1*+")
_LONG_RUN = regex.compile(r"([a-z])\1\1")
_NUMBERED = regex.compile(r"[0-9]+[a-z]{1,3}|[a-z]{1,3}[0-9]+|[0-9a-f]*[0-9][0-9a-f]*")
_MASKED = regex.compile(r"(?i)(?<![\w*])[a-z]{1,12}+(?:([*#@!%$&?•✱✻×])\1?+[a-z]{0,12}+){1,2}(?![\w*])")
_ANY_TOKEN = re.compile(rf"[a-z{_SIGNS}]+")
_MAY_BE_MASKED = re.compile(r"[a-zA-Z](?:[*#@!%$&?•✱✻×]{1,3}[a-zA-Z]|[*#@%$&•✱✻×]{2})")
_MASK = regex.compile(r"[^a-z]")
_MASKS = regex.compile(r"\*+")
_MOST_SPELLINGS: Final = 48
_MOST_LENGTHS: Final = 16
_LONGEST: Final = 40
# A token as long as this that makes a word once its many numbers are letters does so hardly by accident.
_SURE_LENGTH: Final = 5

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
        word = _MASK.sub("*", match.group().lower())
        for masked in dict.fromkeys((word, _MASKS.sub(_one_mask, word))):
            if masked.count("*") * 2 <= len(masked) and (plain := unmasked(masked, "*")):
                yield (*match.span(), plain)
                break


def _one_mask(run: regex.Match[str]) -> str:
    # An even number of stars is how bold begins and ends at once.
    return "*" if len(run[0]) % 2 else run[0]


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


def _words(text: str) -> list[Edit]:
    found = list(_TOKEN.finditer(text))
    edits = [edit for match in found if (edit := _word(text, match, is_sure=False))]
    if any(not text[start:end].isalpha() for start, end, _ in edits):
        # Who writes numbers for letters in one word does so in others, where alone they could be numbers.
        edits = [edit for match in found if (edit := _word(text, match, is_sure=True))]
    return edits


def _word(text: str, match: regex.Match[str], *, is_sure: bool) -> Edit | None:
    token = match.group().rstrip("!+")
    is_mixed = _MIXED.search(token) is not None
    if len(token) < (1 if is_sure else 3) or len(token) > _LONGEST:
        return None
    plain = None
    if text[match.start() - 1 : match.start()] == "'":
        plain = next((end for end in _AFTER_APOSTROPHE if token.strip(end[-1]) == end.rstrip(end[-1])), None)
    elif is_mixed or _RUN.search(token) or (is_sure and not token.isalpha()):
        plain = _plain(token, is_mixed=is_mixed, is_sure=is_sure)
    return (match.start(), match.start() + len(token), plain) if plain and plain != token else None


def _plain(token: str, *, is_mixed: bool, is_sure: bool) -> str | None:
    """The word that a token stands for, or None where it is best left alone: a word, a name, a number with a unit."""
    if not is_mixed and is_word(token):
        return None
    options = [READ_AS.get(character, character) for character in token]
    candidates: set[str] = set()
    for spelling in spellings(options, _MOST_SPELLINGS):
        candidates |= _unstretched(spelling)
    digits = sum(character.isdigit() for character in token)
    letters = len(token) - digits
    if is_sure:
        return best_word(candidates)
    if _NUMBERED.fullmatch(token) or letters < 2 or (digits > letters and len(token) < _SURE_LENGTH):
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
    if _ALL_DOUBLED.fullmatch(word):
        found.add(_RUN.sub(lambda run: run[1] * (len(run[0]) // 2), word))
    return found
