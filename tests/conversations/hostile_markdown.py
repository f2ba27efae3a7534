"""Texts that once took seconds to render, or could: by name, for tests that count work."""

from __future__ import annotations

from typing import Final

CHARS: Final = 10_000


def _repeat(piece: str, *, head: str = "") -> str:
    return (head + piece * (CHARS // len(piece)))[:CHARS]


def _row(cell: str, columns: int = 200) -> str:
    return "|".join([cell] * columns) + "\n"


HOSTILE: Final = {
    "autohotkey": _repeat("\n ", head="```autohotkey\n"),
    "rst": _repeat("`a", head="```rst\n"),
    "java words": _repeat("a ", head="```java\n"),
    "python spaces": _repeat("\n ", head="```python\n"),
    "many fences": _repeat("```python\na = 1\n```\n"),
    "fences in a list": _repeat("- ```js\n  a\n"),
    "table rows": _repeat("x|y\n", head="a|b\n-|-\n"),
    "wide table": _repeat("x\n", head=_row("a") + _row("-")),
    "wide full table": _repeat(_row("x"), head=_row("a") + _row("-")),
    "many tables": _repeat("|a|b|c|d|\n|-|-|-|-|\n" + "x\n" * 20 + "\n"),
    "addresses": _repeat("http://a"),
    "addresses, wide mark": _repeat("http://a，"),
    "addresses, bracket": _repeat("http://a/("),
    "mail addresses": _repeat("mailto:a@"),
    "nested lists": _repeat("- "),
    "long list": _repeat("- a\n"),
    "nested quotes": _repeat("> "),
    "long quote": _repeat("> a\n"),
    "brackets": _repeat("["),
    "pictures": _repeat("!["),
    "links in links": _repeat("![[]()"),
    "stars": _repeat("*a_"),
    "tildes": _repeat("~~a"),
    "definitions": _repeat("[a]: http://b\n"),
    "blank lines": _repeat("\n"),
    "formulas": _repeat("$x$ "),
    "dollars": _repeat("$a "),
    "open formulas": _repeat("\\(a "),
    "formula in a formula": _repeat("$$" + "\\frac{1}{" * 90 + "x" + "}" * 90 + "$$\n\n"),
    "braces": _repeat("$" + "{" * 900 + "$ "),
    "matrix": _repeat("$$\\begin{matrix}" + "&" * 900 + "\\end{matrix}$$\n\n"),
}
