"""What one socket has told its browser about a turn's text: keeps the order, notices gaps. No I/O."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from conversations.events import SEQ_PER_ATTEMPT, TextEvent

MAX_PENDING: Final = 2_000


@dataclass(slots=True)
class TextWatch:
    """The text of one turn as far as it is known here.

    An event that does not follow what is known waits until a checkpoint from the database closes the gap.
    """

    turn_id: str = ""
    seq: int = 0
    text: str = ""
    pending: deque[TextEvent] = field(default_factory=lambda: deque(maxlen=MAX_PENDING))

    @property
    def has_gap(self) -> bool:
        return bool(self.pending)

    def adopt(self, *, turn_id: str, seq: int, text: str) -> bool:
        """Take the database's state. Returns whether it is news; an older checkpoint of the same turn is not."""
        if turn_id == self.turn_id and seq < self.seq:
            return False
        if turn_id != self.turn_id:
            self.pending.clear()
        self.turn_id, self.seq, self.text = turn_id, seq, text
        self._drain()
        return True

    def apply(self, event: TextEvent) -> str | None:
        """The text that this event adds (with what waited for it), or ``None`` when there is a gap or nothing new."""
        if event["turn_id"] != self.turn_id or event["seq"] <= self.seq:
            return None
        self.pending.append(event)
        before = len(self.text)
        self._drain()
        return self.text[before:] if len(self.text) > before else None

    def _drain(self) -> None:
        while self.pending:
            event = self.pending[0]
            if event["seq"] > self.seq:
                is_same_attempt = event["seq"] // SEQ_PER_ATTEMPT == self.seq // SEQ_PER_ATTEMPT
                if not is_same_attempt or event["offset"] > len(self.text):
                    return
                # A checkpoint may hold text whose events are still on their way: take only what is new.
                self.text += event["text"][len(self.text) - event["offset"] :]
                self.seq = event["seq"]
            self.pending.popleft()
