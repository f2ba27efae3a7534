"""Markdown to safe HTML, and a message to the HTML that the page and the websocket both show.

Model text is hostile input: raw HTML is off in the parser, links go to http, https or mailto only, images become links
(nothing is fetched from third parties), and nh3 has the last word with a list of what may pass.
Knows nothing of requests and sockets.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import nh3
from django.template.loader import render_to_string
from linkify_it import LinkifyIt
from linkify_it.main import Match
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock, table
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from pygments.token import STANDARD_TYPES

from conversations import mathematics
from conversations.highlighting import CLASS_PREFIX, code_html
from conversations.models import Message, Turn
from conversations.surroundings import Surroundings
from conversations.wording import message_notice, turn_notice
from moderation.care import care_notice

MAX_INLINE_CHARS: Final = 4_000
"""A longer paragraph is shown without marks and links: its brackets and addresses would take quadratic time."""
MAX_TABLE_CELLS: Final = 4_000
"""Cells of all tables of one text. A row of two characters can stand for hundreds of empty cells."""
HEADING_SHIFT: Final = 2
"""The page has the first heading and each message the second, so a message's own begin at the third."""
LINE_END: Final = re.compile(r"\r\n|\r|\n")

# Characters that turn the direction of the text after them and so can make a link or code read as something else
# (CVE-2021-42574). The plain marks U+200E, U+200F and U+061C stay.
_BIDI_CONTROLS: Final = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_WIDE_MARKS: Final = dict.fromkeys(map(ord, "，；：！？、。（）【】《》「」『』“”‘’"), " ")
_SAFE_LINK: Final = re.compile(r"\s*(?:https?://|mailto:)", re.IGNORECASE)

# Keys of the parser's environment: whether the block may still grow, and how many more cells there may be.
_IS_OPEN: Final = "is_open"
_CELLS_LEFT: Final = "cells_left"

_ALIGNMENTS: Final = {
    "text-align:left": "align-left",
    "text-align:center": "align-center",
    "text-align:right": "align-right",
}
_TAGS: Final = "a blockquote br code del div em h3 h4 h5 h6 hr li ol p pre s span strong table tbody td th thead tr ul"
_cleaner: Final = nh3.Cleaner(
    tags={*_TAGS.split(" "), *mathematics.TAGS},
    attributes={"a": {"href", "title"}, "ol": {"start"}},
    tag_attribute_values={"div": {"dir": {"ltr"}}, "pre": {"tabindex": {"0"}}, **mathematics.ATTRIBUTE_VALUES},
    allowed_classes={
        "a": {"image-link"},
        "div": {"code-block", "code-head", "math-block", "table-wrap"},
        "span": {"code-lang", "math-block"} | {CLASS_PREFIX + name for name in STANDARD_TYPES.values() if name},
        "td": set(_ALIGNMENTS.values()),
        "th": set(_ALIGNMENTS.values()),
    },
    set_tag_attribute_values={"a": {"target": "_blank"}},
    link_rel="noopener noreferrer nofollow",
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
)


def _render_fence(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: MutableMapping[str, Any]
) -> str:
    words = tokens[index].info.split()
    return code_html(tokens[index].content, words[0] if words else "", is_plain=env[_IS_OPEN])


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


def _table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """The library's rule, until the cells are used up: the rows after that are lines of a paragraph."""
    if start + 2 > end:
        return False
    # Pipes at both ends make one column fewer: the count may be too high, never too low.
    columns = state.src.count("|", state.bMarks[start + 1], state.eMarks[start + 1]) + 1
    left: int = state.env.get(_CELLS_LEFT, MAX_TABLE_CELLS)
    rows = left // columns
    # The second line, of dashes, is no row.
    if rows < 1 or not table(state, start, min(end, start + 1 + rows), silent):
        return False
    if not silent:
        state.env[_CELLS_LEFT] = left - columns * (state.line - start - 1)
    return True


def _inline(state: StateCore) -> None:
    """The library's rule, but a text that is too long stays as it is, line by line."""
    for token in state.tokens:
        if token.type != "inline":
            continue
        token.children = []
        if len(token.content) <= MAX_INLINE_CHARS:
            state.md.inline.parse(token.content, state.md, state.env, token.children)
            continue
        for line in token.content.split("\n"):
            token.children += [Token("text", "", 0, content=line), Token("hardbreak", "br", 0)]
        token.children.pop()


class _Linkify(LinkifyIt):  # type: ignore[misc]
    """Chinese text has no space after an address, so a full-width mark ends it as a space does."""

    def pretest(self, text: str) -> bool:
        return len(text) <= MAX_INLINE_CHARS and bool(super().pretest(text))

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
    parser.block.ruler.at("table", _table, {"alt": ["paragraph", "reference"]})
    parser.core.ruler.at("inline", _inline)
    parser.linkify = _Linkify()
    # Only addresses with a scheme: "README.md" and "e.g.it" are no links.
    parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
    parser.validateLink = lambda url: _SAFE_LINK.match(url) is not None  # type: ignore[method-assign]
    mathematics.math_add(parser)
    parser.core.ruler.push("adapt", _adapt)
    parser.add_render_rule("fence", _render_fence)
    parser.add_render_rule("code_block", _render_fence)
    parser.add_render_rule("table_open", _render_table_open)
    parser.add_render_rule("table_close", _render_table_close)
    return parser


_markdown: Final = _parser()


@dataclass(frozen=True, slots=True)
class Block:
    """Safe HTML of a top-level Markdown block, and the number (from 0) of the line that it starts on.

    A block is closed when text that comes after it cannot change it any more, save by a link defined further down.
    """

    line: int
    html: str
    is_closed: bool


def markdown_blocks(text: str) -> list[str]:
    """Safe HTML of each top-level Markdown block, in order; empty for blank text.

    While text grows at its end, blocks before the last keep their HTML (unless a link definition arrives for one), and
    what is unfinished renders as far as it goes: an open code fence is code up to the end. What is too much to render
    quickly is shown plain: see the limits at the top and `highlighting`.
    """
    return [block.html for block in markdown_parts(text)]


def markdown_parts(text: str, *, is_growing: bool = False) -> list[Block]:
    """The blocks of `markdown_blocks`. If the text is still growing, those that may change have no colours yet."""
    # A lone surrogate cannot be encoded and would stop nh3.
    text = text.translate(_BIDI_CONTROLS).encode(errors="replace").decode()
    env: dict[str, Any] = {}
    tokens = _markdown.parse(text, env)
    groups: list[tuple[int, list[Token]]] = []
    start = depth = 0
    for index, token in enumerate(tokens):
        depth += token.nesting
        if depth == 0:
            lines = tokens[start].map
            if lines is not None:
                groups.append((lines[0], tokens[start : index + 1]))
            start = index + 1
    closed = _closed_count(groups, text) if is_growing else len(groups)
    blocks = []
    for number, (line, group) in enumerate(groups):
        env[_IS_OPEN] = number >= closed
        html = _cleaner.clean(_markdown.renderer.render(group, _markdown.options, env)).strip()
        blocks.append(Block(line, html, number < closed))
    return blocks


def _closed_count(groups: list[tuple[int, list[Token]]], text: str) -> int:
    """How many blocks are closed: those before the last one that has a whole line.

    The last line may still change its mind: "*" begins a list, "*word" goes on with the paragraph above. So may all
    that follows a "$$" without an end: the end makes one formula of it, unless an empty line comes first.
    """
    whole_lines = LINE_END.split(text)[:-1]
    closed = max((number for number, (line, _tokens) in enumerate(groups) if line < len(whole_lines)), default=0)
    last_blank = max((number for number, line in enumerate(whole_lines) if not line.strip()), default=-1)
    for number, (_line, tokens) in enumerate(groups[:closed]):
        if tokens[0].type == "paragraph_open" and tokens[0].map is not None:
            first, end = tokens[0].map
            if any(line.lstrip().startswith("$$") for line in whole_lines[max(first, last_blank + 1) : end]):
                return number
    return closed


def markdown_to_html(text: str) -> str:
    """The blocks of `markdown_blocks`, joined."""
    return "".join(markdown_blocks(text))


def message_html(message: Message, *, turn: Turn | None = None, around: Surroundings | None = None) -> str:
    """The message's HTML in the active language.

    ``turn`` is the turn that made this reply, if known: it tells whether the reply was stopped or cut by its length.
    With ``around`` (which knows the turn) come the buttons of the chat page: versions, copying, rating and so on.
    """
    if around is not None:
        turn = around.turn
    is_user = message.role == Message.Role.USER
    is_withheld = message.state in Message.EMPTY
    is_own_turn = turn is not None and turn.reply_id == message.pk
    return render_to_string(
        "conversations/_message.html",
        {
            "message": message,
            "is_user": is_user,
            "is_withheld": is_withheld,
            "blocks": [] if is_user or is_withheld else markdown_blocks(message.text),
            "notice": message_notice(message),
            "care": care_notice() if message.needs_care else None,
            "ending": turn_notice(turn) if turn is not None and is_own_turn else None,
            "can_continue": is_own_turn
            and turn is not None
            and turn.finish_reason == "length"
            and message.state == Message.State.SHOWN,
            "around": around,
            "version": _version(message, around),
        },
    ).strip()


def _version(message: Message, around: Surroundings | None) -> dict[str, object] | None:
    """Which of how many this is, and the ids beside it; ``None`` for the only one."""
    versions = around.versions if around is not None else ()
    if len(versions) < 2 or message.pk not in versions:
        return None
    index = versions.index(message.pk)
    return {
        "number": index + 1,
        "count": len(versions),
        "previous": versions[index - 1] if index else None,
        "next": versions[index + 1] if index + 1 < len(versions) else None,
    }
