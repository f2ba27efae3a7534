"""Letters that look like others: homoglyphs of other scripts, letters in circles and squares, marks piled on letters.

Which characters look like which comes from ``confusable_homoglyphs``, whose table is Unicode's own (UTS 39).
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterator
from typing import Final

import regex
from confusable_homoglyphs.confusables import confusables_data

from moderation.readings.mapped import Edit, Mapped
from moderation.readings.vocabulary import HIDDEN_WORDS, best_word, is_word, spellings

# Scripts whose letters are never read as Latin ones, whatever the table says of their shapes.
_FAR_SCRIPTS = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Bopomofo}\p{Arabic}\p{Hebrew}\p{Devanagari}\p{Bengali}\p{Thai}"
    r"\p{Tamil}\p{Telugu}\p{Malayalam}\p{Kannada}\p{Gujarati}\p{Gurmukhi}\p{Khmer}\p{Lao}\p{Myanmar}\p{Sinhala}]"
)
# Read as Latin inside a Latin word, though Unicode finds their shapes too different.
_NEAR: Final = dict(
    zip(
        "вкмнтгпизёяэйчьτκηωεβχσδλθπИЯʍʏ∪∩",
        "bkmhtrnneerenybtknwebxodaonNRmyun",
        strict=True,
    )
)
# A plain stroke is an i or an l; `moderation.readings.spelling` finds out which.
_STROKES: Final = dict.fromkeys("ӏӀǀ∣Ɩꓲ׀ⵏ𐊊", "|") | {"І": "i", "Ι": "i", "Ⅰ": "i"}
# Small capitals, which NFKC leaves as they are.
_SMALL_CAPITALS: Final = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnopqrstuvwyz", strict=True))
_TURNED: Final = dict(zip("ɐɔǝɟƃɥᴉɾʞʃɯɹʇʌʍʎ", "acefghijklmrtvwy", strict=True))


def _look_alikes() -> dict[str, str]:
    """Characters beyond ASCII and the Latin letter each looks like. Letters of Latin alphabets stay what they are."""
    table = {}
    for character, alike in confusables_data.items():
        letters = [other["c"] for other in alike if other["c"] in string.ascii_letters and other["c"]]
        # Below are the letters of living Latin alphabets, whose accents are looked at in words.
        if letters and len(character) == 1 and character > "\u017f" and not _FAR_SCRIPTS.match(character):
            table[character] = letters[0]
    return table | _NEAR | _STROKES | _SMALL_CAPITALS | _TURNED


_LOOK_ALIKE: Final = _look_alikes()

# Negative circled, negative squared and regional letters: three rows of 26 that NFKC leaves as they are.
_FRAMED: Final = {
    chr(first + index): letter
    for first in (0x1F150, 0x1F170, 0x1F1E6)
    for index, letter in enumerate(string.ascii_lowercase)
}
_WORD = regex.compile(r"[\w\p{Cf}∪∩∣]+")
# A capital I among small letters passes for an l.
_STROKED = re.compile(r"[a-z]I")
_STROKED_WORD = regex.compile(r"(?<![a-zA-Z])[a-zA-Z]*[a-z]I[a-zA-Z]*")
_LONGEST: Final = 40
_LATIN = regex.compile(r"[a-zA-Z]")
_PILED = regex.compile(r"[\p{Latin}\d]\p{M}+")
_ACCENTED = regex.compile(r"(?<![a-zA-Z])[a-zA-Z]*+[\p{Latin}--[a-zA-Z]]\p{Latin}*+", regex.V1)
_BARE: Final = dict(zip("łŁøØđĐħŧıß", "lLoOdDhtis", strict=True))
_INVISIBLE = regex.compile(r"[\p{Default_Ignorable_Code_Point}\p{Cf}]")
_MUCH_ACCENTED: Final = 0.25
"""The share of accented letters that no language but Vietnamese reaches."""


def read_letters(text: Mapped) -> Mapped:
    """Look-alike letters as the Latin ones that they are read as, without what cannot be seen. Keeps the case."""
    if _STROKED.search(text.text):
        text = text.replaced(list(_stroked(text.text)))
    if text.text.isascii():
        return text
    if unfolded := _unfolded(text.text):
        text = text.replaced(
            [(index, index + 1, unfolded[letter]) for index, letter in enumerate(text.text) if letter in unfolded]
        )
    if not _LOOK_ALIKE.keys().isdisjoint(text.text):
        text = text.replaced(list(_foreign(text.text)))
    text = text.replaced([(*match.span(), _bare(match.group()[0])) for match in _PILED.finditer(text.text)])
    return text.replaced(_without_accents(text.text))


def _unfolded(text: str) -> dict[str, str]:
    """The characters of the text that NFKC takes to letters or numbers, or that cannot be seen, and what they are."""
    found = {}
    for character in set(text):
        plain = _FRAMED.get(character) or unicodedata.normalize("NFKC", character)
        if plain != character and plain[0].isalnum():
            found[character] = plain
        elif not character.isascii() and _INVISIBLE.match(character):
            found[character] = ""
    return found


def _stroked(text: str) -> Iterator[Edit]:
    for match in _STROKED_WORD.finditer(text):
        word = match.group()
        if len(word) > _LONGEST:
            continue
        options = ["IL" if letter == "I" else letter for letter in word]
        likely = best_word({spelled.lower() for spelled in spellings(options, 16)})
        if likely and likely != word.lower():
            yield (*match.span(), likely)


def _foreign(text: str) -> Iterator[Edit]:
    """In words that mix scripts all look-alikes; whole words of look-alikes only where no word is truly foreign."""
    mixed: list[Edit] = []
    whole: list[Edit] = []
    is_foreign_text = False
    for match in _WORD.finditer(text):
        word = match.group()
        if _FAR_SCRIPTS.search(word):
            mixed += _inside_far(match.start(), word)
            continue
        edits = [
            (match.start() + index, match.start() + index + 1, _LOOK_ALIKE[character])
            for index, character in enumerate(word)
            if character in _LOOK_ALIKE
        ]
        if not edits:
            is_foreign_text = is_foreign_text or not _LATIN.search(word)
        elif _LATIN.search(word):
            mixed += edits
        elif all(character in _LOOK_ALIKE or not character.isalpha() for character in word):
            whole += edits
        else:
            is_foreign_text = True
    yield from mixed if is_foreign_text else sorted(mixed + whole)


def _inside_far(offset: int, word: str) -> Iterator[Edit]:
    """Look-alikes in the Latin parts of a run that also has, say, ideographs: Chinese puts no spaces around words."""
    for match in regex.finditer(rf"(?:(?!{_FAR_SCRIPTS.pattern}).)+", word):
        if _LATIN.search(match.group()):
            for index, character in enumerate(match.group(), offset + match.start()):
                if character in _LOOK_ALIKE:
                    yield index, index + 1, _LOOK_ALIKE[character]


def _without_accents(text: str) -> list[Edit]:
    """Accents taken off all words, if one of them then is a word that people hide, or all are English, or most letters
    have one."""
    words = [(match.span(), _bare(match.group())) for match in _ACCENTED.finditer(text)]
    if not words:
        return []
    accented = sum(not letter.isascii() for match in _ACCENTED.finditer(text) for letter in match.group())
    is_disguise = (
        any(bare.lower() in HIDDEN_WORDS for _, bare in words)
        or (len(words) > 2 and all(is_word(bare.lower()) for _, bare in words))
        or accented > _MUCH_ACCENTED * sum(map(str.isalpha, text))
    )
    return [(*span, bare) for span, bare in words] if is_disguise else []


def _bare(word: str) -> str:
    return "".join(_BARE.get(letter) or unicodedata.normalize("NFD", letter)[0] for letter in word)
