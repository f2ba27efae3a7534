"""Markdown to safe HTML, and a message to the HTML that the page and the websocket both show.

Model text is hostile input: raw HTML is off in the parser, links go to http, https or mailto only, images become links
(nothing is fetched from third parties), and nh3 has the last word with a list of what may pass.
Knows nothing of requests and sockets.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping, Sequence
from functools import lru_cache
from typing import Any, Final

import nh3
from django.template.loader import render_to_string
from linkify_it import LinkifyIt
from linkify_it.main import Match
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES
from pygments.util import ClassNotFound

from conversations.models import Message, Turn
from conversations.wording import message_notice, turn_notice

CLASS_PREFIX: Final = "hl-"
MAX_HIGHLIGHT_CHARS: Final = 20_000
"""Longer code is shown without colours: some lexers need quadratic time."""
MAX_LANGUAGE_CHARS: Final = 30
HEADING_SHIFT: Final = 2
"""The page has the first heading and each message the second, so a message's own begin at the third."""

# Characters that turn the direction of the text after them and so can make a link or code read as something else
# (CVE-2021-42574). The plain marks U+200E, U+200F and U+061C stay.
_BIDI_CONTROLS: Final = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_WIDE_MARKS: Final = dict.fromkeys(map(ord, "，；：！？、。（）【】《》「」『』“”‘’"), " ")
_SAFE_LINK: Final = re.compile(r"\s*(?:https?://|mailto:)", re.IGNORECASE)

_ALIGNMENTS: Final = {
    "text-align:left": "align-left",
    "text-align:center": "align-center",
    "text-align:right": "align-right",
}
_formatter: Final = HtmlFormatter(nowrap=True, classprefix=CLASS_PREFIX)

_TAGS: Final = "a blockquote br code del div em h3 h4 h5 h6 hr li ol p pre s span strong table tbody td th thead tr ul"
_cleaner: Final = nh3.Cleaner(
    tags=set(_TAGS.split(" ")),
    attributes={"a": {"href", "title"}, "ol": {"start"}},
    tag_attribute_values={"div": {"dir": {"ltr"}}, "pre": {"tabindex": {"0"}}},
    allowed_classes={
        "a": {"image-link"},
        "div": {"code-block", "code-head", "table-wrap"},
        "span": {"code-lang"} | {CLASS_PREFIX + name for name in STANDARD_TYPES.values() if name},
        "td": set(_ALIGNMENTS.values()),
        "th": set(_ALIGNMENTS.values()),
    },
    set_tag_attribute_values={"a": {"target": "_blank"}},
    link_rel="noopener noreferrer nofollow",
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
)


@lru_cache(maxsize=512)
def _clean(html: str) -> str:
    # Cached because a streaming reply renders all its finished blocks again with every event.
    return _cleaner.clean(html)


@lru_cache(maxsize=256)
def _highlighted(code: str, language: str) -> str:
    if not language or len(code) > MAX_HIGHLIGHT_CHARS:
        return escapeHtml(code)
    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return escapeHtml(code)
    return highlight(code, lexer, _formatter)


def _code_html(code: str, language: str) -> str:
    return (
        f'<div class="code-block" dir="ltr"><div class="code-head">'
        f'<span class="code-lang">{escapeHtml(language)}</span></div>'
        f'<pre tabindex="0"><code>{_highlighted(code, language.lower())}</code></pre></div>\n'
    )


def _render_fence(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: MutableMapping[str, Any]
) -> str:
    words = tokens[index].info.split()
    return _code_html(tokens[index].content, words[0][:MAX_LANGUAGE_CHARS] if words else "")


def _render_table_open(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: MutableMapping[str, Any]
) -> str:
    return '<div class="table-wrap"><table>\n'


def _render_table_close(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: MutableMapping[str, Any]
) -> str:
    return "</table></div>\n"


def _images_to_links(children: list[Token]) -> list[Token]:
    result: list[Token] = []
    link_depth = 0
    for token in children:
        link_depth += token.nesting if token.type in {"link_open", "link_close"} else 0
        if token.type != "image":
            result.append(token)
            continue
        address = str(token.attrs.get("src", ""))
        label = Token("text", "", 0, content=token.content or address, level=token.level)
        if link_depth or not _SAFE_LINK.match(address):
            result.append(label)
            continue
        attrs: dict[str, str | int | float] = {"href": address, "class": "image-link"}
        result += [Token("link_open", "a", 1, attrs=attrs), label, Token("link_close", "a", -1)]
    return result


def _adapt(state: StateCore) -> None:
    """Headings fit under the page's own, alignment becomes a class, images become links."""
    for token in state.tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(6, int(token.tag[1:]) + HEADING_SHIFT)}"
        elif token.type in {"th_open", "td_open"}:
            name = _ALIGNMENTS.get(str(token.attrs.pop("style", "")))
            if name:
                token.attrs["class"] = name
        elif token.children:
            token.children = _images_to_links(token.children)


class _Linkify(LinkifyIt):  # type: ignore[misc]
    """Chinese text has no space after an address, so a full-width mark ends it as a space does."""

    def test(self, text: str) -> bool:
        return bool(super().test(text.translate(_WIDE_MARKS)))

    def match(self, text: str) -> list[Match] | None:
        return super().match(text.translate(_WIDE_MARKS))  # type: ignore[no-any-return]

    def match_at_start(self, text: str) -> Match | None:
        return super().match_at_start(text.translate(_WIDE_MARKS))


def _parser() -> MarkdownIt:
    # A line break stays one, as people and models mean it in a chat. Headings underlined with - or = are off: while a
    # list streams in, its first dash would make a heading of the line above for a moment.
    parser = MarkdownIt("commonmark", {"html": False, "linkify": True, "breaks": True})
    parser.enable(["table", "strikethrough", "linkify"]).disable(["lheading", "html_block", "html_inline"])
    parser.linkify = _Linkify()
    # Only addresses with a scheme: "README.md" and "e.g.it" are no links.
    parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
    parser.validateLink = lambda url: _SAFE_LINK.match(url) is not None  # type: ignore[method-assign]
    parser.core.ruler.push("adapt", _adapt)
    parser.add_render_rule("fence", _render_fence)
    parser.add_render_rule("code_block", _render_fence)
    parser.add_render_rule("table_open", _render_table_open)
    parser.add_render_rule("table_close", _render_table_close)
    return parser


_markdown: Final = _parser()


def markdown_blocks(text: str) -> list[str]:
    """Safe HTML of each top-level Markdown block, in order; empty for blank text.

    While text grows at its end, blocks before the last keep their HTML (unless a link definition arrives for one), and
    what is unfinished renders as far as it goes: an open code fence is code up to the end.
    """
    return [html for _line, html in markdown_parts(text)]


def markdown_parts(text: str) -> list[tuple[int, str]]:
    """The blocks of `markdown_blocks`, each with the number (from 0) of the line that it starts on."""
    # A lone surrogate cannot be encoded and would stop nh3.
    text = text.translate(_BIDI_CONTROLS).encode(errors="replace").decode()
    env: dict[str, Any] = {}
    tokens = _markdown.parse(text, env)
    parts: list[tuple[int, str]] = []
    start = depth = 0
    for index, token in enumerate(tokens):
        depth += token.nesting
        if depth == 0:
            html = _clean(_markdown.renderer.render(tokens[start : index + 1], _markdown.options, env)).strip()
            lines = tokens[start].map
            if html and lines is not None:
                parts.append((lines[0], html))
            start = index + 1
    return parts


def markdown_to_html(text: str) -> str:
    """The blocks of `markdown_blocks`, joined."""
    return "".join(markdown_blocks(text))


def message_html(message: Message, *, turn: Turn | None = None) -> str:
    """The message's HTML in the active language.

    ``turn`` is the turn that made this reply, if known: it tells whether the reply was stopped or cut by its length.
    """
    is_user = message.role == Message.Role.USER
    is_withheld = message.state == Message.State.WITHHELD
    is_own_turn = turn is not None and turn.reply_id == message.pk
    return render_to_string(
        "conversations/_message.html",
        {
            "message": message,
            "is_user": is_user,
            "is_withheld": is_withheld,
            "blocks": [] if is_user or is_withheld else markdown_blocks(message.text),
            "notice": message_notice(message),
            "ending": turn_notice(turn) if turn is not None and is_own_turn else None,
        },
    ).strip()
