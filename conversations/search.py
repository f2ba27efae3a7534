"""Finding one's own messages. What is asked is always asked for a person; see `search_index` for what can be found.

PostgreSQL finds words by how they begin, and Chinese and Japanese by any run of characters; SQLite any run of
characters. In quotes: exactly this. Several words: messages that have them all, the newest first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from conversations.models import Conversation, Message, SearchEntry

MAX_CHARS: Final = 200
MAX_TERMS: Final = 8
PAGE: Final = 20
TITLES: Final = 5
SNIPPET_BEFORE: Final = 50
SNIPPET_CHARS: Final = 180
TRIGRAM: Final = 3
"""Characters of the shortest text that SQLite's index can find."""
_TEXT: Final = "conversations_message.text"
# Characters of scripts that put no spaces between words; the same as in sql/search_postgresql.sql.
_UNSPACED: Final = re.compile(
    r"[\u2E80-\u2FDF\u3005-\u3007\u3040-\u31FF\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF𠀀-\U0003FFFF]"
)
_TERM: Final = re.compile(r'"([^"]+)"?|(\S+)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is looked for. Days are whole days in the active time zone, both included.

    ``before`` is the newest message's place (moment, number) after which the page begins.
    """

    text: str
    since: date | None = None
    until: date | None = None
    before: tuple[datetime, int] | None = None

    @property
    def terms(self) -> list[Term]:
        found = _TERM.findall(self.text[:MAX_CHARS].replace("\x00", ""))
        terms = [Term(quoted or plain.replace('"', ""), bool(quoted)) for quoted, plain in found]
        return [term for term in terms if any(character.isalnum() for character in term.text)][:MAX_TERMS]


@dataclass(frozen=True, slots=True)
class Term:
    text: str
    is_quoted: bool = False

    @property
    def is_exact(self) -> bool:
        """Whether the words alone do not say that the text has it."""
        return self.is_quoted or len(_UNSPACED.findall(self.text)) > 1


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a snippet; ``is_found`` is what to mark. Plain text: whoever shows it has to escape it."""

    text: str
    is_found: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    message: Message
    snippet: Sequence[Piece]


@dataclass(frozen=True, slots=True)
class Hits:
    """One page. ``next`` is the ``before`` of the next, if there is one."""

    hits: Sequence[Hit]
    next: tuple[datetime, int] | None = None


def messages_search_for_user(user: AbstractBaseUser | AnonymousUser, search: Search) -> Hits:
    """The person's own messages that have all terms, the newest first. One query; two on PostgreSQL."""
    terms = search.terms
    if not user.is_authenticated or not terms:
        return Hits([])
    where, params = (_matches_postgresql if connection.vendor == "postgresql" else _matches_sqlite)(terms)
    # The owner once more, from the conversation itself, and the state: an entry is a hint (I5).
    entries = (
        SearchEntry.objects.filter(owner_id=user.pk, message__conversation__owner_id=user.pk)
        .filter(message__conversation__deleted_at__isnull=True)
        .exclude(message__state__in=Message.EMPTY)
        .select_related("message__conversation")
        .extra(where=where, params=params)  # noqa: S610  # conditions of this module, with what was typed as parameters
        .order_by("-created_at", "-id")
    )
    if search.since is not None:
        entries = entries.filter(created_at__gte=_midnight(search.since))
    if search.until is not None:
        entries = entries.filter(created_at__lt=_midnight(search.until + timedelta(days=1)))
    if search.before is not None:
        moment, number = search.before
        entries = entries.filter(Q(created_at__lt=moment) | Q(created_at=moment, pk__lt=number))
    rows = list(entries[: PAGE + 1])
    hits = [Hit(entry.message, snippet(entry.message.text, terms)) for entry in rows[:PAGE]]
    return Hits(hits, (rows[PAGE - 1].created_at, rows[PAGE - 1].pk) if len(rows) > PAGE else None)


def titles_search_for_user(user: AbstractBaseUser | AnonymousUser, search: Search) -> list[Conversation]:
    """The person's conversations whose titles have all terms, the newest used first."""
    terms = search.terms
    if not user.is_authenticated or not terms:
        return []
    rows = Conversation.objects.filter(owner_id=user.pk, deleted_at__isnull=True)
    for term in terms:
        rows = rows.filter(title__icontains=term.text)
    return list(rows.order_by("-active_at", "-id")[:TITLES])


def snippet(text: str, terms: Sequence[Term]) -> list[Piece]:
    """The text around the first place where a term is, on one line, in pieces."""
    line = " ".join(text.split())
    wanted = re.compile("|".join(re.escape(form) for form in _forms(terms)), re.IGNORECASE)
    first = wanted.search(line)
    start = max(0, first.start() - SNIPPET_BEFORE) if first else 0
    if start:  # at the beginning of a word, where there is one
        start = line.find(" ", start, first.start() if first else start) + 1 or start
    part = line[start : start + SNIPPET_CHARS]
    pieces = [Piece("…")] if start else []
    end = 0
    for found in wanted.finditer(part):
        pieces += [Piece(part[end : found.start()]), Piece(found.group(), is_found=True)]
        end = found.end()
    pieces.append(Piece(part[end:] + ("…" if start + SNIPPET_CHARS < len(line) else "")))
    return [piece for piece in pieces if piece.text]


def _forms(terms: Sequence[Term]) -> list[str]:
    """As they were typed, and, for those that are not there so, their words; the longest first."""
    forms = {" ".join(term.text.split()) for term in terms}
    forms |= {word for term in terms if not term.is_exact for word in re.findall(r"\w+", term.text)}
    return sorted(forms, key=len, reverse=True)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _matches_postgresql(terms: Sequence[Term]) -> tuple[list[str], list[str]]:
    with connection.cursor() as cursor:
        # Words are made where the index makes them. They consist of letters, digits and underscores, nothing else.
        cursor.execute("SELECT conversations_search_words(%s)", [" ".join(term.text for term in terms)])
        words: list[str] = cursor.fetchone()[0]
    # The beginning of a word is enough, except for one character of a script that has no spaces: that is all of it.
    query = " & ".join(f"'{word}'" if _UNSPACED.fullmatch(word) else f"'{word}':*" for word in words)
    exact = [term.text for term in terms if term.is_exact]
    where = ["conversations_searchentry.vector @@ %s::tsquery"] + [f"{_TEXT} ILIKE %s"] * len(exact)
    return where, [query, *map(_like, exact)]


def _matches_sqlite(terms: Sequence[Term]) -> tuple[list[str], list[str]]:
    indexed = [term.text for term in terms if len(term.text) >= TRIGRAM]
    where, params = [], []
    if indexed:
        where.append(
            "conversations_searchentry.id IN"
            " (SELECT rowid FROM conversations_searchtext WHERE conversations_searchtext MATCH %s)"
        )
        params.append(" ".join('"' + text.replace('"', '""') + '"' for text in indexed))
    # Too short for the index, so the person's own texts are read.
    short = [term.text for term in terms if len(term.text) < TRIGRAM]
    return where + [f"{_TEXT} LIKE %s ESCAPE '\\'"] * len(short), params + list(map(_like, short))


def _like(text: str) -> str:
    return "%" + re.sub(r"([\\%_])", r"\\\1", text) + "%"
