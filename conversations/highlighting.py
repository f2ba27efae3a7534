"""Code to HTML, with colours within bounds: model text is hostile, and many lexers take quadratic time for some of it.

What is over a bound is shown without colours. The bounds count characters and never the clock, so that the same code
always looks the same.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from markdown_it.common.utils import escapeHtml
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_all_lexers, get_lexer_by_name

CLASS_PREFIX: Final = "hl-"
MAX_HIGHLIGHT_CHARS: Final = 4_000
"""Longer code is shown without colours: no lexer is linear for everything."""
MAX_HIGHLIGHT_LINE_CHARS: Final = 200
MAX_HIGHLIGHT_SPACES: Final = 100
"""White space in a row, line ends among it. Long lines and long gaps are what makes the usual lexers slow."""
MAX_LANGUAGE_CHARS: Final = 30

_SLOW: Final = re.compile(rf"[^\n]{{{MAX_HIGHLIGHT_LINE_CHARS + 1}}}|\s{{{MAX_HIGHLIGHT_SPACES + 1}}}")

CHARS_BY_LEXER: Final = dict.fromkeys(
    (
        "Bash",
        "Batchfile",
        "C",
        "C++",
        "CMake",
        "CSS",
        "Clojure",
        "Dart",
        "Diff",
        "Docker",
        "Elixir",
        "GraphQL",
        "Go",
        "HTML",
        "Haskell",
        "INI",
        "JSON",
        "JSX",
        "JavaScript",
        "Julia",
        "Kotlin",
        "Lua",
        "Markdown",
        "Matlab",
        "Nginx configuration file",
        "PHP",
        "Perl",
        "PostgreSQL SQL dialect",
        "PowerShell",
        "Protocol Buffer",
        "Python",
        "Ruby",
        "Rust",
        "S",
        "SCSS",
        "SQL",
        "Scala",
        "Swift",
        "TOML",
        "TSX",
        "TeX",
        "TypeScript",
        "VB.net",
        "XML",
        "YAML",
    ),
    MAX_HIGHLIGHT_CHARS,
) | {"Java": 1_200, "C#": 700}
"""The lexers that are used, by the names that Pygments gives them, and how many characters each is given at most.

Each was tried with hundreds of repeated pieces of code within the bounds above. autohotkey, reStructuredText, Terraform
and many others are not here, for they needed seconds; nor are those of console sessions, which leave text out.
"""

LANGUAGES: Final = {
    alias.lower(): CHARS_BY_LEXER[name]
    for name, aliases, _, _ in get_all_lexers(plugins=False)
    if name in CHARS_BY_LEXER
    for alias in aliases
}
"""What may stand behind the three backticks to get colours, in small letters, and for how many characters."""

_formatter: Final = HtmlFormatter(nowrap=True, classprefix=CLASS_PREFIX)


@lru_cache(maxsize=128)
def coloured(code: str, language: str) -> str:
    """HTML of code with colours, whatever its length. Raises ``ClassNotFound`` for a language that is none."""
    # Markdown would hand the code in its fences to any lexer at all.
    lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False, handlecodeblocks=False)
    return highlight(code, lexer, _formatter)


def code_html(code: str, language: str, *, is_plain: bool = False) -> str:
    """A code block with a head that names the language; without colours if ``is_plain`` or over a bound."""
    name = language.lower()
    has_colours = not is_plain and len(code) <= LANGUAGES.get(name, -1) and _SLOW.search(code) is None
    return (
        f'<div class="code-block" dir="ltr"><div class="code-head">'
        f'<span class="code-lang">{escapeHtml(language[:MAX_LANGUAGE_CHARS])}</span></div>'
        f'<pre tabindex="0"><code>{coloured(code, name) if has_colours else escapeHtml(code)}</code></pre></div>\n'
    )
