"""The index of what can be found, kept by the database's own triggers.

Triggers rather than the code that writes messages: whoever changes ``Message.text``, in whichever way (a reviewer's
decision, a withdrawal, an ``update()``, an operator's SQL), the index has changed in the same transaction, and text
that was withheld cannot be found a moment longer. They are made after each `migrate` and not by a migration: SQLite
drops a table's triggers whenever a migration makes the table anew, and refuses to rename tables that triggers name.

PostgreSQL: a ``tsvector`` of words under a GIN index; no extension is needed. SQLite: FTS5 with runs of three
characters.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from django.apps import AppConfig
from django.db import OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from conversations.models import SearchEntry

SQL: Final = Path(__file__).parent / "sql"
SQLITE_TRIGGERS: Final = (
    "conversations_search_forget",
    "conversations_search_insert",
    "conversations_search_update",
    "conversations_search_delete",
)
_REBUILD: Final = {
    "postgresql": """
        INSERT INTO conversations_searchentry (message_id, owner_id, created_at, vector)
        SELECT m.id, c.owner_id, m.created_at, array_to_tsvector(conversations_search_words(m.text))
        FROM conversations_message m JOIN conversations_conversation c ON c.id = m.conversation_id
        WHERE m.text <> '' AND m.state NOT IN ('withheld', 'withdrawn')
    """,
    "sqlite": """
        INSERT INTO conversations_searchentry (message_id, owner_id, created_at)
        SELECT m.id, c.owner_id, m.created_at
        FROM conversations_message m JOIN conversations_conversation c ON c.id = m.conversation_id
        WHERE m.text <> '' AND m.state NOT IN ('withheld', 'withdrawn');
        INSERT INTO conversations_searchtext (rowid, text)
        SELECT e.id, m.text FROM conversations_searchentry e JOIN conversations_message m ON m.id = e.message_id
    """,
}


def triggers_drop_before_migrations(sender: AppConfig, using: str, plan: list[Any], **_kwargs: Any) -> None:
    """On SQLite only, and only where something is to be migrated. `index_install` brings them back, and the rows."""
    connection = connections[using]
    if plan and connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for name in SQLITE_TRIGGERS:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")


def index_install_after_migrations(sender: AppConfig, using: str, plan: Sequence[object] = (), **_kwargs: Any) -> None:
    index_install(connections[using], is_new=bool(plan))


def index_install(connection: BaseDatabaseWrapper, *, is_new: bool = False) -> None:
    """Make what is missing; all of it where the site ``is_new``, for what triggers do may have changed with it.

    Where triggers were missing the rows are made anew, too: messages may have changed meanwhile.
    """
    if not _has_table(connection):
        return
    is_complete = _has_triggers(connection)
    if is_complete and not is_new:
        return
    script = (SQL / f"search_{connection.vendor}.sql").read_text()
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        try:
            for statement in _statements(connection, script):
                cursor.execute(statement)
        except OperationalError as error:
            if (connection.vendor == "sqlite" and "fts5" in str(error)) or "trigram" in str(error):
                raise OperationalError(
                    f"SQLite {sqlite3.sqlite_version} cannot search: it needs FTS5 with its trigram tokenizer, which"
                    " 3.34 and later have. Use a newer SQLite, or PostgreSQL."
                ) from error
            raise
    if not is_complete:
        index_rebuild(connection)


def index_rebuild(connection: BaseDatabaseWrapper) -> int:
    """Make all rows anew from the messages, in one transaction; says how many there are."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute("DELETE FROM conversations_searchentry")
        for statement in _REBUILD[connection.vendor].split(";"):
            cursor.execute(statement)
        if connection.vendor == "postgresql":
            cursor.execute("ANALYZE conversations_searchentry")
    return SearchEntry.objects.using(connection.alias).count()


def _has_table(connection: BaseDatabaseWrapper) -> bool:
    return SearchEntry._meta.db_table in connection.introspection.table_names()


def _has_triggers(connection: BaseDatabaseWrapper) -> bool:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgname = 'conversations_search_follow'")
            return bool(cursor.fetchone()[0] == 1)
        marks = ", ".join(["%s"] * len(SQLITE_TRIGGERS))
        cursor.execute(f"SELECT count(*) FROM sqlite_master WHERE name IN ({marks})", SQLITE_TRIGGERS)  # noqa: S608
        return bool(cursor.fetchone()[0] == len(SQLITE_TRIGGERS))


def _statements(connection: BaseDatabaseWrapper, script: str) -> list[str]:
    """One for each call: psycopg takes all at once, sqlite3 one at a time (a trigger's body has semicolons, too)."""
    if connection.vendor == "postgresql":
        return [script]
    statements, current = [], ""
    for line in script.splitlines():
        current += f"{line}\n"
        if sqlite3.complete_statement(current):
            statements.append(current)
            current = ""
    return statements
