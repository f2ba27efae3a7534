from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from conversations.codestyle import CODE_CSS, code_css


class Command(BaseCommand):
    help = "Write the colours of code to static/conversations/code.css. Needed after a change of Pygments' version."

    def handle(self, *args: Any, **options: Any) -> None:
        CODE_CSS.write_text(code_css())
        self.stdout.write(f"wrote {CODE_CSS}")
