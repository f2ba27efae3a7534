"""Sentences from templates: every ``{slot}`` takes each of its words in turn."""

from __future__ import annotations

import itertools
import string
from collections.abc import Iterator, Mapping, Sequence


def filled(templates: Sequence[str], words: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """All sentences of all templates. Braces that belong to the text are doubled."""
    for template in templates:
        slots = sorted({name for _, name, _, _ in string.Formatter().parse(template) if name})
        for chosen in itertools.product(*(words[slot] for slot in slots)):
            yield template.format(**dict(zip(slots, chosen, strict=True)))
