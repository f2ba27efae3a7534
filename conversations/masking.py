"""Personal data of a conversation: masked on its way to the model and in replies, kept for its owner where allowed.

What masks stand for is kept with the conversation, encrypted with a key that is made of the site's secret and a salt
of the conversation's own, and goes with it. A new `SECRET_KEY` makes old books unreadable: then masks stay masks, and
the conversation begins a new book.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import secrets
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import transaction

from conversations.models import Masks, Message
from moderation.group_policies import policy_version_for
from moderation.personal_data.handling import PersonalDataHandling
from moderation.personal_data.masks import MaskBook, looks_masked, unmask
from moderation.personal_data.streaming import MaskingStream
from moderation.policy import policy_parse
from moderation.selectors import policy_active, policy_of_version

logger = logging.getLogger(__name__)

SALT_BYTES = 16


class ConversationMasks:
    """The masks of one conversation while one turn goes on. Nothing is done where the policy masks nothing."""

    def __init__(self, conversation_id: UUID, handling: PersonalDataHandling) -> None:
        self._conversation_id = conversation_id
        self._handling = handling
        self._stream: MaskingStream | None = None
        row = _row(conversation_id) if handling.mask_for_model or handling.mask_in_shown else None
        self._salt = bytes(row.salt) if row else secrets.token_bytes(SALT_BYTES)
        key = _key(self._salt, b"digests")
        self.book = _book(row, key, keeps_values=handling.owner_may_unmask) or handling.book(key)
        self._kept = len(self.book.masks) if row else 0

    def for_model(self, text: str, *, from_person: bool) -> str:
        """A message on its way to the model."""
        if not self._handling.mask_for_model:
            return text
        masked, self.book = self._handling.for_model(text, self.book, from_person=from_person)
        return masked

    def shown(self, piece: str) -> str:
        """The next piece of a reply on its way to the gate: what may go on of it, masked.

        What a model wrote of its own is masked for good: only what the owner wrote comes back to them.
        """
        if not self._handling.mask_in_shown:
            return piece
        self._stream = self._stream or self._handling.shown_stream(replace(self.book, keeps_values=False))
        return self._taken(self._stream.feed(piece), self._stream)

    def shown_rest(self) -> str:
        """The reply is complete: what was held back of it."""
        return self._taken(self._stream.finish(), self._stream) if self._stream is not None else ""

    def _taken(self, text: str, stream: MaskingStream) -> str:
        self.book = replace(stream.book, keeps_values=self.book.keeps_values)
        return text

    def keep(self) -> None:
        """Write down what is new. Called before a text with a new mask goes anywhere."""
        if len(self.book.masks) == self._kept:
            return
        rows = json.dumps(self.book.rows()).encode()
        values = {"salt": self._salt, "book": _fernet(self._salt).encrypt(rows)}
        with transaction.atomic():
            Masks.objects.update_or_create(conversation_id=self._conversation_id, defaults=values)
        self._kept = len(self.book.masks)


def unmask_for_owner(user: AbstractBaseUser | AnonymousUser, messages: Sequence[Message]) -> None:
    """Put the owner's own data back into replies that are about to be shown to them; the rows stay as they are.

    All ``messages`` are of one conversation. Only where the policy that holds for the person allows it.
    """
    masked = [message for message in messages if message.role == Message.Role.ASSISTANT and looks_masked(message.text)]
    if not masked or not user.pk:
        return
    row = Masks.objects.filter(conversation_id=masked[0].conversation_id, conversation__owner_id=user.pk).first()
    if row is None or not _handling_for(user.pk).owner_may_unmask:
        return
    book = _book(row, _key(bytes(row.salt), b"digests"), keeps_values=True)
    for message in masked if book is not None else ():
        message.text = unmask(message.text, book)  # type: ignore[arg-type]


def _handling_for(user_id: int) -> PersonalDataHandling:
    version = policy_version_for(user_id)
    row = policy_active() if version is None else policy_of_version(version)
    return policy_parse(row.document).personal_data if row is not None else PersonalDataHandling()


def _row(conversation_id: UUID) -> Masks | None:
    return Masks.objects.filter(conversation_id=conversation_id).first()


def _book(row: Masks | None, key: bytes, *, keeps_values: bool) -> MaskBook | None:
    if row is None:
        return None
    try:
        rows = json.loads(_fernet(bytes(row.salt)).decrypt(bytes(row.book)))
    except InvalidToken:
        logger.warning("the masks of conversation %s cannot be read with this SECRET_KEY", row.conversation_id)
        return None
    return MaskBook.from_rows(rows, secret=key, keeps_values=keeps_values)


def _key(salt: bytes, purpose: bytes) -> bytes:
    return hmac.new(settings.SECRET_KEY.encode(), b"conversations.masking:" + purpose + salt, hashlib.sha256).digest()


def _fernet(salt: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_key(salt, b"book")))
