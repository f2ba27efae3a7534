"""Masks in the place of personal data, the same for the same datum as long as the book is the same; and back again.

Pure functions: a book goes in, a longer one comes out. Where it is kept is not known here.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import regex

from moderation.personal_data.finder import personal_data_find
from moderation.personal_data.kinds import POSSIBLE, Found, Kind

_QUOTED = "TEXT"
"""The word for a text that only looks like a mask: a person wrote ``[EMAIL_1]``."""
MASK_WORDS = (*(kind.value for kind in Kind), _QUOTED)
_MASK = regex.compile(rf"\[({'|'.join(MASK_WORDS)})_([1-9]\d{{0,5}})\]")


@dataclass(frozen=True, slots=True)
class Mask:
    """One datum of a conversation. ``digest`` knows it again; ``value``, as it was first written, may be left out."""

    kind: str
    number: int
    digest: str
    value: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"[{self.kind}_{self.number}]"


@dataclass(frozen=True, slots=True)
class MaskBook:
    """The masks of one conversation, in the order in which they were given out.

    ``secret`` keys the digests: a telephone number could be guessed from a plain hash. It should differ between
    conversations and be kept elsewhere than the book. With ``keeps_values`` false nothing can ever be unmasked.
    """

    secret: bytes = field(repr=False)
    keeps_values: bool
    masks: tuple[Mask, ...] = ()

    def rows(self) -> list[dict[str, str | int]]:
        """As JSON; without the secret."""
        rows: list[dict[str, str | int]] = []
        for mask in self.masks:
            rows.append({"kind": mask.kind, "number": mask.number, "digest": mask.digest})
            if mask.value is not None:
                rows[-1]["value"] = mask.value
        return rows

    @classmethod
    def from_rows(cls, rows: Sequence[Mapping[str, str | int]], *, secret: bytes, keeps_values: bool) -> MaskBook:
        """What `rows` gave; values are dropped where they are not to be kept any more."""
        masks = tuple(
            Mask(
                kind=str(row["kind"]),
                number=int(row["number"]),
                digest=str(row["digest"]),
                value=str(row["value"]) if keeps_values and "value" in row else None,
            )
            for row in rows
        )
        return cls(secret=secret, keeps_values=keeps_values, masks=masks)

    def mask_for(self, kind: str, key: str, value: str) -> tuple[Mask, MaskBook]:
        """The mask of a datum, a new one if it has none yet, and the book with it."""
        digest = hmac.new(self.secret, f"{kind}:{key}".encode(), hashlib.sha256).hexdigest()
        known = next((mask for mask in self.masks if mask.digest == digest), None)
        if known is not None:
            return known, self
        number = 1 + max((mask.number for mask in self.masks if mask.kind == kind), default=0)
        mask = Mask(kind, number, digest, value if self.keeps_values else None)
        return mask, replace(self, masks=(*self.masks, mask))


ALL_KINDS: frozenset[Kind] = frozenset(Kind)


def mask(
    text: str,
    book: MaskBook,
    *,
    kinds: Collection[Kind] = ALL_KINDS,
    from_score: float = POSSIBLE,
    quotes_masks: bool = True,
) -> tuple[str, MaskBook]:
    """Put masks in the place of what is found, and give the book that knows them.

    ``quotes_masks``: what already looks like a mask gets one itself, so that a person who writes ``[EMAIL_1]`` is not
    given an address for it later. Leave it out for what a model wrote, which uses the masks that it was given.
    ``unmask`` of the result is ``text`` again, except that each datum comes back as it was first written.
    """
    found = [one for one in personal_data_find(text) if one.kind in kinds and one.score >= from_score]
    return replace_found(text, found, book, quotes_masks=quotes_masks)


def replace_found(
    text: str, found: Sequence[Found], book: MaskBook, *, quotes_masks: bool = True
) -> tuple[str, MaskBook]:
    """The same for what was found before: ranges in order, none over another."""
    out: list[str] = []
    done = 0
    for start, end, kind, key in _places(text, found, quotes_masks=quotes_masks):
        word, book = book.mask_for(kind, key, text[start:end])
        out += [text[done:start], str(word)]
        done = end
    return "".join([*out, text[done:]]), book


def _places(text: str, found: Sequence[Found], *, quotes_masks: bool) -> Iterator[tuple[int, int, str, str]]:
    places = [(one.start, one.end, one.kind.value, one.key) for one in found]
    if quotes_masks:
        for match in _MASK.finditer(text):
            if all(match.end() <= one.start or match.start() >= one.end for one in found):
                places.append((*match.span(), _QUOTED, match.group()))
    yield from sorted(places)


def looks_masked(text: str) -> bool:
    """Whether there is anything in it that `unmask` could put back."""
    return _MASK.search(text) is not None


def unmask(text: str, book: MaskBook) -> str:
    """Each mask of the book as what it stands for, where the book keeps that. Only for the conversation's owner.

    What is put in is not looked through again. Masks that the book does not know stay.
    """
    values = {str(mask): mask.value for mask in book.masks if mask.value is not None}
    return _MASK.sub(lambda match: values.get(match.group(), match.group()), text)
