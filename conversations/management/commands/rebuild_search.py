"""`manage.py rebuild_search`: make the search index anew from the messages."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from conversations.search_index import index_install, index_rebuild


class Command(BaseCommand):
    help = str(gettext_lazy("Make the search index anew from the messages, for example after a restored backup."))

    def handle(self, *args: Any, **options: Any) -> None:
        index_install(connection)
        count = index_rebuild(connection)
        self.stdout.write(_("%(count)s messages can be found.") % {"count": count})
