"""The judge's tokens: the English encoder's own, and Han characters and emoji, which it lacks, with a first guess at
what they mean."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from training.errors import DataFault

WINDOW_TOKENS: Final = 128
"""A longer text is judged in several windows (`moderation.classifiers.detoxify`)."""
# Emoji and symbols stand alone, however they are strung together.
SYMBOLS: Final = "[\U0001f000-\U0001faff☀-➿⬀-⯿]"
_INVISIBLE: Final = "[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]"
# Letters of other alphabets that look like Latin ones.
_LOOK_ALIKES: Final = dict(zip("аеорсухіѕјԁһӏոαοι", "aeopcyxisjdhlnaoi", strict=True))
_SCRIPTS: Final = re.compile(
    r"ARABIC|HEBREW|DEVANAGARI|BENGALI|GURMUKHI|TAMIL|TELUGU|KANNADA|MALAYALAM|SINHALA|THAI|TIBETAN|MYANMAR|GEORGIAN|"
    r"ARMENIAN|HANGUL|HIRAGANA|KATAKANA|CJK|KHMER|LAO|GUJARATI"
)
_HAN = re.compile("[㐀-鿿]")
_SYMBOL = re.compile(SYMBOLS)
_NEAR, _MIN_COUNT = 3, 2


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """``kept`` are rows of the encoder's embeddings, in the order of the new ids; ``added`` stand after them."""

    tokenizer: PreTrainedTokenizerFast
    kept: tuple[int, ...]
    added: tuple[str, ...]


def vocabulary_build(encoder: Path, texts: Iterable[str]) -> Vocabulary:
    """The encoder's tokens without unused ones and scripts that nobody trained, and what ``texts`` need besides."""
    try:
        document = json.loads((encoder / "tokenizer.json").read_text(encoding="utf-8"))
        old: dict[str, int] = document["model"]["vocab"]
    except (OSError, ValueError, KeyError) as error:
        raise DataFault(f"{encoder} has no tokenizer of the encoder: {error}") from error
    kept = [token for token in sorted(old, key=old.__getitem__) if _is_kept(token)]
    counts = Counter(character for text in texts for character in text)
    common = {bytes((high, low)).decode("gb2312") for high in range(0xB0, 0xD7) for low in range(0xA1, 0xFA)}
    han = common | {character for character, count in counts.items() if count >= _MIN_COUNT and _HAN.match(character)}
    symbols = {character for character, count in counts.items() if count >= _MIN_COUNT and _SYMBOL.match(character)}
    added = sorted((han | symbols) - set(kept))
    ids = {token: number for number, token in enumerate([*kept, *added])}
    return Vocabulary(_tokenizer(ids), tuple(old[token] for token in kept), tuple(added))


def _is_kept(token: str) -> bool:
    if token.startswith("[unused"):
        return False
    return not any(_SCRIPTS.search(unicodedata.name(character, "")) for character in token.removeprefix("##"))


def _tokenizer(ids: dict[str, int]) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=100))  # noqa: S106
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(_INVISIBLE), ""),
            normalizers.NFKC(),
            *(normalizers.Replace(strange, usual) for strange, usual in _LOOK_ALIKES.items()),
            normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=True, lowercase=True),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(SYMBOLS), "isolated"), pre_tokenizers.BertPreTokenizer()]
    )
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", ids["[SEP]"]), ("[CLS]", ids["[CLS]"]))
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        model_max_length=WINDOW_TOKENS,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        unk_token="[UNK]",  # noqa: S106
        sep_token="[SEP]",  # noqa: S106
        pad_token="[PAD]",  # noqa: S106
        cls_token="[CLS]",  # noqa: S106
        mask_token="[MASK]",  # noqa: S106
    )


def added_embeddings(vocabulary: Vocabulary, kept: Tensor, texts: Sequence[str]) -> Tensor:
    """First embeddings of the added tokens, as large and as wide as those that were ``kept``.

    A symbol gets the mean of the words of its Unicode name. A Han character gets a place from the company that it keeps
    in ``texts`` (positive pointwise mutual information, reduced to the embedding's width).
    """
    size = kept.shape[1]
    names = {token: unicodedata.name(token, "").casefold() for token in vocabulary.added if _SYMBOL.match(token)}
    han = [token for token in vocabulary.added if token not in names]
    found = torch.zeros(len(vocabulary.added), size)
    place = {token: number for number, token in enumerate(vocabulary.added)}
    for token, name in names.items():
        ids = [i for i in vocabulary.tokenizer(name, add_special_tokens=False)["input_ids"] if i < len(kept)]
        found[place[token]] = kept[ids].mean(0) if ids else kept.mean(0)
    vectors = _company(han, texts, size)
    mean, spread = kept.mean(0), kept.std(0)
    usual = vectors.std(0).clamp(min=1e-6)
    for number, token in enumerate(han):
        found[place[token]] = mean + (vectors[number] / usual) * spread
    return found


def _company(characters: Sequence[str], texts: Sequence[str], size: int) -> Tensor:
    number = {character: index for index, character in enumerate(characters)}
    count = len(characters)
    together = torch.zeros(count * count)
    pairs: list[int] = []
    for text in texts:
        ids = [number[character] for character in text if character in number]
        for step in range(1, _NEAR + 1):
            pairs += [a * count + b for a, b in zip(ids, ids[step:], strict=False)]
        if len(pairs) > 1_000_000:
            together += torch.bincount(torch.tensor(pairs), minlength=count * count)
            pairs = []
    if pairs:
        together += torch.bincount(torch.tensor(pairs), minlength=count * count)
    matrix = together.view(count, count)
    matrix = matrix + matrix.T
    total = matrix.sum().clamp(min=1)
    alone = matrix.sum(1).clamp(min=1)
    shared = torch.log((matrix * total).clamp(min=1e-9) / (alone[:, None] * alone[None, :])).clamp(min=0)
    width = min(size, count)
    left, values, _ = torch.svd_lowrank(shared, q=width, niter=2)
    vectors = torch.zeros(count, size)
    vectors[:, :width] = left * values.sqrt()
    return vectors
