"""The colours of code, made from two Pygments styles. The result is committed as static/conversations/code.css."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pygments.styles import get_style_by_name
from pygments.token import STANDARD_TYPES, Token

from conversations.highlighting import CLASS_PREFIX

LIGHT_STYLE: Final = "default"
DARK_STYLE: Final = "lightbulb"
"""Both have a contrast of at least 4.5 on the background of code (tests hold it)."""

CODE_CSS: Final = Path(__file__).parent / "static" / "conversations" / "code.css"


def code_css() -> str:
    """One rule for each class that has a look of its own in either theme."""
    light, dark = get_style_by_name(LIGHT_STYLE), get_style_by_name(DARK_STYLE)
    lines = ["/* Made by `manage.py write_code_css`; change conversations/codestyle.py instead. */", ""]
    for token, name in STANDARD_TYPES.items():
        if not name or token is Token.Text.Whitespace:
            continue
        by_day, by_night = light.style_for_token(token), dark.style_for_token(token)
        rules = []
        if by_day["color"] or by_night["color"]:
            day = f"#{by_day['color']}" if by_day["color"] else "var(--ink)"
            night = f"#{by_night['color']}" if by_night["color"] else "var(--ink)"
            rules.append(f"color: light-dark({day}, {night});")
        if by_day["bold"]:
            rules.append("font-weight: 600;")
        if by_day["italic"]:
            rules.append("font-style: italic;")
        if rules:
            lines.append(f".{CLASS_PREFIX}{name} {{ {' '.join(rules)} }}")
    return "\n".join(lines) + "\n"
