"""What came after a message, for the reviewer's page. Whoever keeps the messages says here how to ask for it.

Moderation knows nothing of conversations; without a provider nothing is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Line:
    """A message as its reader sees it now. ``is_withheld``: what is not in ``text`` was withheld, all or the rest."""

    role: str
    text: str
    is_withheld: bool


Provider = Callable[[UUID], Sequence[Line]]
"""Takes a message's id; gives what came after it, oldest first, and nothing for an id that it does not know."""

_provider: Provider | None = None


def provider_set(provider: Provider | None) -> None:
    """Ask this one from now on. Called when the site starts."""
    global _provider
    _provider = provider


def lines_after(message_id: UUID) -> Sequence[Line]:
    return _provider(message_id) if _provider is not None else ()
