"""Triggers that keep the ledger and the trail append-only in the database itself, whoever writes past Django.

Put in after each `migrate` (on SQLite a migration that makes a table anew drops them). Allowed are exactly: to take
the texts out of a decision (`LedgerRows.redact`), and a reviewer's account that goes while the name stays. Who owns the
database can take triggers away; that is a deed of its own, and `safeguards_missing` tells it.
"""

from __future__ import annotations

from typing import Final

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from moderation.models import Decision, TrailEntry

PREFIX: Final = "append_only"
REDACTED: Final = ("excerpt", "withheld", "redacted_at")
FORGOTTEN: Final = "reviewer_id"
_DECISION: Final = Decision._meta.db_table
_TRAIL: Final = TrailEntry._meta.db_table
_MESSAGE: Final = "rows of the ledger and of the trail are never edited or deleted"

_FUNCTION: Final = f"""
CREATE OR REPLACE FUNCTION {PREFIX}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changeable text[] := ARRAY['excerpt', 'withheld', 'redacted_at', 'reviewer_id'];
BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = '{_DECISION}' THEN
        IF to_jsonb(NEW) - changeable = to_jsonb(OLD) - changeable
            AND (NEW.reviewer_id IS NOT DISTINCT FROM OLD.reviewer_id OR NEW.reviewer_id IS NULL)
            AND ((NEW.excerpt = OLD.excerpt AND NEW.withheld = OLD.withheld
                    AND NEW.redacted_at IS NOT DISTINCT FROM OLD.redacted_at)
                OR (NEW.excerpt = '' AND NEW.withheld = '' AND NEW.redacted_at IS NOT NULL))
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = 'integrity_constraint_violation';
END $$
"""


def safeguards_install(using: str) -> None:
    """Put all triggers in, also where they are already."""
    safeguards_remove(using)
    connection = connections[using]
    with connection.cursor() as cursor:
        for statement in _statements(connection):
            cursor.execute(statement)


def safeguards_remove(using: str) -> None:
    """Take them out: for `flush`, which empties the site on purpose, and for tests that tamper."""
    connection = connections[using]
    with connection.cursor() as cursor:
        for name, table in _installed(connection):
            on = f" ON {table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")


def safeguards_missing(using: str) -> list[str]:
    """The names of triggers that should be there and are not."""
    wanted = {statement.split()[2] for statement in _statements(connections[using]) if "CREATE TRIGGER" in statement}
    return sorted(wanted - {name for name, _table in _installed(connections[using])})


def _statements(connection: BaseDatabaseWrapper) -> list[str]:
    if connection.vendor == "postgresql":
        return [
            _FUNCTION,
            *(
                statement
                for table in (_DECISION, _TRAIL)
                for statement in (
                    f"CREATE TRIGGER {PREFIX}_{table} BEFORE UPDATE OR DELETE ON {table}"
                    f" FOR EACH ROW EXECUTE FUNCTION {PREFIX}_refuse()",
                    f"CREATE TRIGGER {PREFIX}_{table}_empty BEFORE TRUNCATE ON {table}"
                    f" FOR EACH STATEMENT EXECUTE FUNCTION {PREFIX}_refuse()",
                )
            ),
        ]
    if connection.vendor != "sqlite":
        return []
    refuse = f"BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
    kept = [field.column for field in Decision._meta.concrete_fields if field.column not in (*REDACTED, FORGOTTEN)]
    redaction = "new.excerpt = '' AND new.withheld = '' AND new.redacted_at IS NOT NULL"
    return [
        f"CREATE TRIGGER {PREFIX}_{_TRAIL}_update BEFORE UPDATE ON {_TRAIL} {refuse}",
        f"CREATE TRIGGER {PREFIX}_{_TRAIL}_delete BEFORE DELETE ON {_TRAIL} {refuse}",
        f"CREATE TRIGGER {PREFIX}_{_DECISION}_delete BEFORE DELETE ON {_DECISION} {refuse}",
        f"CREATE TRIGGER {PREFIX}_{_DECISION}_update BEFORE UPDATE OF {', '.join(map(str, kept))}"
        f" ON {_DECISION} {refuse}",
        f"CREATE TRIGGER {PREFIX}_{_DECISION}_redact BEFORE UPDATE OF {', '.join(REDACTED)} ON {_DECISION}"
        f" WHEN NOT ({redaction}) {refuse}",
        f"CREATE TRIGGER {PREFIX}_{_DECISION}_forget BEFORE UPDATE OF {FORGOTTEN} ON {_DECISION}"
        f" WHEN new.{FORGOTTEN} IS NOT NULL {refuse}",
    ]


def _installed(connection: BaseDatabaseWrapper) -> list[tuple[str, str]]:
    """(trigger, table) of those that are there."""
    query = (
        "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal AND tgname LIKE %s"
        if connection.vendor == "postgresql"
        else "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, [f"{PREFIX}%"])
        return [(str(name), str(table)) for name, table in cursor.fetchall()]
