"""The words of a text as a reader takes them: without case, with letters put together and spelled out."""

from __future__ import annotations

import re

from moderation.readings.mapped import Mapped
from moderation.readings.spacing import joined
from moderation.readings.spelling import spelled

_RUN_OF_SPACES = re.compile(r"\s{2,}")


def worded(text: Mapped, normalised: Mapped | None = None) -> Mapped:
    """Normalised, and with words as a dictionary has them. ``normalised`` is ``text`` normalised, where it is known."""
    plain = normalised or text.normalised()
    together = joined(plain)
    read = spelled(together)
    if read is not together:
        # What was spelled may have been a part of what was apart.
        read = spelled(joined(read))
    return read.replaced([(*match.span(), " ") for match in _RUN_OF_SPACES.finditer(read.text)])
