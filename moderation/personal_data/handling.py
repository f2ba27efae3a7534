"""What a site wants done with personal data, beyond a label: masks in what goes to the model or in what is shown.

Flags and blocks need nothing from here: they follow the label personal_data's thresholds at each stage.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_serializer

from moderation.personal_data.kinds import POSSIBLE, Kind
from moderation.personal_data.masks import MaskBook, mask
from moderation.personal_data.streaming import MaskingStream


class PersonalDataHandling(BaseModel):
    """Part of a policy; what is left out does nothing. ``from_score``: how sure a finding must be to be masked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mask_for_model: frozenset[Kind] = frozenset()
    """Kinds masked in prompts, in the history and in attached texts on their way to the model."""
    mask_in_shown: frozenset[Kind] = frozenset()
    """Kinds masked in replies, before they are judged and shown."""
    from_score: float = Field(POSSIBLE, ge=0, le=1)
    owner_may_unmask: bool = False
    """Whether books keep what masks stand for, so that the conversation's owner can be shown it."""

    @field_serializer("mask_for_model", "mask_in_shown")
    def _in_order(self, kinds: frozenset[Kind]) -> list[str]:
        return sorted(kinds)

    def book(self, secret: bytes) -> MaskBook:
        """A new conversation's; ``secret`` is the conversation's own (see `MaskBook`)."""
        return MaskBook(secret=secret, keeps_values=self.owner_may_unmask)

    def for_model(self, text: str, book: MaskBook, *, from_person: bool) -> tuple[str, MaskBook]:
        """A text on its way to the model. ``from_person``: what looks like a mask is then only text."""
        if not self.mask_for_model:
            return text, book
        quotes_masks = from_person and self.owner_may_unmask
        return mask(text, book, kinds=self.mask_for_model, from_score=self.from_score, quotes_masks=quotes_masks)

    def shown_stream(self, book: MaskBook) -> MaskingStream:
        """For a reply on its way to the gate."""
        return MaskingStream(book, kinds=self.mask_in_shown, from_score=self.from_score)
