"""Markdown, HTML and code comments: what a page shows of a text, and what it hides.

No parser: a text may be cut anywhere, and tags need not fit each other. Each pattern stops where it could begin again,
so that the time is linear.
"""

from __future__ import annotations

import html
from typing import Final

import regex

from moderation.readings.mapped import Edit, Mapped

# Elements inside a line of text: a word may go on behind them.
_INLINE: Final = (
    "a|abbr|b|bdi|bdo|big|cite|code|del|dfn|em|font|i|ins|kbd|mark|q|s|samp|small|span|strike|strong|sub|sup|tt|u|var"
    "|wbr"
)
_LINK = regex.compile(
    r"!?\[(?P<shown>[^\[\]]*)\](?:\((?P<target>[^()\[\]]*(?:\([^()\[\]]*\)[^()\[\]]*)?)\)|\[(?P<reference>[^\[\]]*)\])"
)
_HTML = regex.compile(
    r"""
    (?P<comment><!--(?:(?!<!--)[\s\S])*?-->|/\*(?:(?!/\*)[\s\S])*?\*/)
    |(?P<hidden><(?P<name>[a-z]+)\b[^<>]*?(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|
        opacity\s*:\s*0|\shidden\b)[^<>]*>(?P<inside>[^<]*)</(?P=name)\s*>)
    |(?P<raw><(?:script|style|template)\b[^<>]*>(?P<code>[^<]*)</(?:script|style|template)\s*>)
    |(?P<tag></?(?P<element>[a-z][a-z0-9-]*)(?P<attributes>(?:\s[^<>]*)?)/?>)
    |(?P<entity>&(?:\#[0-9]{1,7}|\#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});)
    |(?P<escape>\\(?=[!-/:-@\[-`{-~]))
    """,
    regex.VERBOSE | regex.IGNORECASE,
)
_INLINE_ELEMENT = regex.compile(rf"(?:{_INLINE})\Z", regex.IGNORECASE)
_TITLE = regex.compile(r"""\s(?|"([^"]+)"|'([^']+)'|\(([^()]+)\))\s*\Z""")
_VALUE = regex.compile(r"""=\s*(?:"(?P<a>[^"]*)"|'(?P<b>[^']*)')""")
_LINE_MARKS = regex.compile(r"(?m)^[ \t]*+(?:(?:>|\#{1,6}|//++|--|[-*+•;%]|[0-9]{1,3}[.)])(?:[ \t]++|(?=>)))++")
_EMPHASIS = regex.compile(
    r"(?<=\w)\*\*++|(?<!\*)\*\*++(?=\w)|(?<=[^\W\d])(?:[*`]++|~~++)|(?<![*`~])(?:[*`]++|~~++)(?=[^\W\d])"
    r"|(?<!\w)_++(?=[^\W_])|(?<=[^\W_])_++(?![^\W_])"
)
_LINE_COMMENT = regex.compile(r"(?m)(?:^|(?<=\s))(?:\#++|//++|--(?!>)|;++)[ \t]*+(?P<comment>[^\n]*)")


def shown(text: Mapped) -> Mapped:
    """What a page shows: without tags, comments, hidden parts, link targets and the marks of Markdown."""
    source = text.text
    if "[" in source:
        edits: list[Edit] = []
        for match in _LINK.finditer(source):
            start, end = match.span("shown")
            edits.append((match.start(), start, ""))
            edits.append((end, match.end(), ""))
        text = text.replaced(edits)
    if any(mark in text.text for mark in "<&\\") or "/*" in text.text:
        text = text.replaced([(*match.span(), _shown(match)) for match in _HTML.finditer(text.text)])
    text = text.replaced([(*match.span(), "") for match in _LINE_MARKS.finditer(text.text)])
    return text.replaced([(*match.span(), "") for match in _EMPHASIS.finditer(text.text)])


def _shown(match: regex.Match[str]) -> str:
    if match["entity"]:
        return html.unescape(match.group())
    # A line's or a block's end is a gap between words, a tag of a phrase is none.
    return " " if match["tag"] and not _INLINE_ELEMENT.match(match["element"]) else ""


def hidden(text: Mapped) -> Mapped | None:
    """What a page does not show, or only on demand: comments, attributes such as titles, link targets, hidden parts.

    Comments of code are among it, a line each, so that a text told in comments is read in one. None if there is none.
    """
    spans: list[tuple[int, int]] = []
    source = text.text
    for match in _LINK.finditer(source) if "[" in source else ():
        title = _TITLE.search(match["target"] or "")
        start, end = match.span("target" if match["target"] is not None else "reference")
        spans.append((start + title.start(1), start + title.end(1)) if title else (start, end))
    for match in _HTML.finditer(source) if "<" in source or "/*" in source else ():
        if match["comment"]:
            is_html = match.group().startswith("<")
            spans.append((match.start() + (4 if is_html else 2), match.end() - (3 if is_html else 2)))
        elif match["hidden"] or match["raw"]:
            spans.append(match.span("inside" if match["hidden"] else "code"))
        elif match["attributes"]:
            offset = match.start("attributes")
            for value in _VALUE.finditer(match["attributes"]):
                start, end = value.span("a" if value["a"] is not None else "b")
                spans.append((offset + start, offset + end))
    spans += [match.span("comment") for match in _LINE_COMMENT.finditer(source)]
    return _only(text, sorted(spans))


def _only(text: Mapped, spans: list[tuple[int, int]]) -> Mapped | None:
    """What lies in the spans, with a space for all that lies between."""
    edits: list[Edit] = []
    done = 0
    is_any = False
    for start, end in spans:
        if end <= max(start, done):
            continue
        is_any = True
        if start > done:
            edits.append((done, start, " "))
        done = end
    if done < len(text.text):
        edits.append((done, len(text.text), " "))
    return text.replaced(edits) if is_any else None
