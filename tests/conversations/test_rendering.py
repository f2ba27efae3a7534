"""Markdown to HTML: what it looks like, what never gets through, and that a prefix renders like the whole."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from html import escape, unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st
from markdown_it.parser_inline import ParserInline
from markdown_it.token import Token
from pygments.lexers import AutohotkeyLexer, get_all_lexers
from pygments.styles import get_style_by_name

from conversations import highlighting, mathematics
from conversations.codestyle import CODE_CSS, DARK_STYLE, LIGHT_STYLE, code_css
from conversations.models import Message, Turn
from conversations.rendering import (
    MAX_INLINE_CHARS,
    MAX_TABLE_CELLS,
    markdown_blocks,
    markdown_to_html,
    message_html,
)
from tests.conversations.hostile_markdown import HOSTILE
from tests.conversations.test_looks import TOKENS, contrast
from tests.conversations.xss_corpus import PAYLOADS

ALLOWED = {
    "a": {"href", "title", "class", "target", "rel"},
    "blockquote": set(),
    "br": set(),
    "code": set(),
    "del": set(),
    "div": {"class", "dir"},
    "em": set(),
    "h3": set(),
    "h4": set(),
    "h5": set(),
    "h6": set(),
    "hr": set(),
    "li": set(),
    "ol": {"start"},
    "p": set(),
    "pre": {"tabindex"},
    "s": set(),
    "span": {"class"},
    "strong": set(),
    "table": set(),
    "tbody": set(),
    "td": {"class"},
    "th": {"class"},
    "thead": set(),
    "tr": set(),
    "ul": set(),
    **{tag: set(mathematics.ATTRIBUTE_VALUES.get(tag, ())) for tag in mathematics.TAGS},
}
VOID = {"br", "hr"}
DOCUMENT = """\
# Title

A *paragraph* with `code`, **strong**, ~~struck~~ and https://example.com.
A second line.

- one
- two
  1. deep
  2. deeper

| a | b |
|:--|--:|
| 1 | 2 |

```python
def f(x):
    return x < 1
```

> quoted

---

The end.
"""


class Elements(HTMLParser):
    """Elements as a browser would read them; notes everything that is not on the list above."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.links: list[dict[str, str]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        self.faults += [f"<{tag}> is left open" for tag in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ALLOWED:
            self.faults.append(f"<{tag}>")
            return
        self.faults += [f"{tag} {name}={value}" for name, value in attrs if name not in ALLOWED[tag]]
        if tag == "a":
            self.links.append({name: value or "" for name, value in attrs})
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> out of place")

    def handle_comment(self, data: str) -> None:
        self.faults.append(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        self.faults.append(f"a declaration: {decl}")

    def handle_pi(self, data: str) -> None:
        self.faults.append(f"an instruction: {data}")


def check_safe(html: str) -> None:
    elements = Elements(html)
    assert elements.faults == []
    for link in elements.links:
        assert link.get("href", "https://").lower().startswith(("https://", "http://", "mailto:")), link
        assert link["rel"] == "noopener noreferrer nofollow"
        assert link["target"] == "_blank"
    assert not any(mark in html for mark in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def test_corpus_is_large_enough() -> None:
    assert len(set(PAYLOADS)) >= 100


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize(
    "frame", ["{}", "text {} text", "> {}", "- {}", "| a |\n|---|\n| {} |", "[{}](https://a.example)"]
)
def test_nothing_dangerous_gets_through(payload: str, frame: str) -> None:
    check_safe(markdown_to_html(frame.replace("{}", payload)))


@given(st.lists(st.sampled_from([*PAYLOADS, *DOCUMENT.splitlines(keepends=True), "\n", " ", "`", "[", "](", ")", "*"])))
def test_nothing_dangerous_gets_through_in_any_mixture(pieces: list[str]) -> None:
    check_safe(markdown_to_html("".join(pieces)))


@pytest.mark.parametrize("role", [Message.Role.USER, Message.Role.ASSISTANT])
@pytest.mark.parametrize("payload", PAYLOADS[:40])
def test_a_message_keeps_its_frame(role: str, payload: str) -> None:
    text = payload.replace("\x00", "")
    html = message_html(Message(role=role, text=text))
    assert "<script" not in html.lower()
    assert "<img" not in html
    assert html.count("<article") == html.count("</article>") == 1
    assert html.startswith("<article") and html.endswith("</article>")


def test_document() -> None:
    html = markdown_to_html(DOCUMENT)
    check_safe(html)
    for piece in (
        "<h3>Title</h3>",
        "<em>paragraph</em>",
        "<code>code</code>",
        "<strong>strong</strong>",
        "<s>struck</s>",
        'href="https://example.com"',
        "<br>\nA second line.",
        "<ol>",
        '<th class="align-left">a</th>',
        '<td class="align-right">2</td>',
        '<span class="code-lang">python</span>',
        '<span class="hl-k">def</span>',
        "<blockquote>",
        "<hr>",
    ):
        assert piece in html, piece
    assert "style=" not in html


def test_blocks_are_the_whole_in_pieces() -> None:
    blocks = markdown_blocks(DOCUMENT)
    assert len(blocks) == 8
    assert "".join(blocks) == markdown_to_html(DOCUMENT)
    for block in blocks:
        check_safe(block)


@pytest.mark.parametrize("end", range(1, len(DOCUMENT) + 1, 3))
def test_finished_blocks_stay_while_text_streams(end: int) -> None:
    whole = markdown_blocks(DOCUMENT)
    part = markdown_blocks(DOCUMENT[:end])
    check_safe("".join(part))
    # The last two may still change: a table's first row is a paragraph until its second row has come.
    assert part[:-2] == whole[: len(part[:-2])]


@pytest.mark.parametrize("text", ["Options:\n-", "Options:\n--", "Title\n="])
def test_a_beginning_list_makes_no_heading_of_the_line_above(text: str) -> None:
    assert "<h" not in markdown_to_html(text).replace("<hr>", "")


def test_an_open_fence_is_code_up_to_the_end() -> None:
    html = markdown_to_html("Look:\n\n```js\nlet a = '<b>'")
    assert '<span class="code-lang">js</span>' in html
    assert "&lt;b&gt;" in html


@pytest.mark.parametrize("text", ["<b>x</b>", '<div class="code-block">x</div>', "a <em>b</em> c", "<!-- x -->"])
def test_raw_html_is_shown_as_text(text: str) -> None:
    assert markdown_to_html(text) == "<p>" + escape(text, quote=False) + "</p>"


def test_blank_text_has_no_blocks() -> None:
    assert markdown_blocks("") == markdown_blocks(" \n\n") == []


def test_an_image_becomes_a_link() -> None:
    html = markdown_to_html("![a cat](https://example.com/cat.png) and ![](https://example.com/dog.png)")
    assert "<img" not in html
    assert 'href="https://example.com/cat.png" class="image-link"' in html
    assert ">a cat</a>" in html
    assert ">https://example.com/dog.png</a>" in html


def test_an_image_inside_a_link_is_its_text() -> None:
    html = markdown_to_html("[![a cat](https://example.com/cat.png)](https://example.com)")
    assert html.count("<a ") == 1
    assert ">a cat</a>" in html


@pytest.mark.parametrize("text", ["README.md", "e.g.it is", "see chat.py", "192.168.0.1", "me@example.org"])
def test_only_addresses_with_a_scheme_become_links(text: str) -> None:
    assert "<a " not in markdown_to_html(text)


def test_chinese_marks_end_an_address() -> None:
    html = markdown_to_html("请看https://example.com/a，谢谢（https://example.com/b）。")
    assert ">https://example.com/a</a>，谢谢（" in html
    assert ">https://example.com/b</a>）。" in html


@pytest.fixture
def lexed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The code that a lexer was given."""
    given: list[str] = []

    def coloured(code: str, _language: str) -> str:
        given.append(code)
        return "<span>colours</span>"

    monkeypatch.setattr(highlighting, "coloured", coloured)
    return given


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("nosuchlanguage", "x = 1\n"),
        ("autohotkey", "\n " * 20 + "x\n"),
        ("rst", "`a" * 20 + "\n"),
        ("terraform", "_" * 20 + "\n"),
        ("python", "x = 1\n" * 700),
        ("python", "x" * 300 + "\n"),
        ("python", "x" + "\n " * 100 + "x\n"),
        ("java", "a b " * 20 + "\n" + "int a;\n" * 300),
    ],
)
def test_code_that_a_lexer_could_be_slow_for_is_shown_plain(lexed: list[str], language: str, code: str) -> None:
    html = markdown_to_html(f"```{language}\n{code}```")
    assert lexed == []
    assert html == (
        f'<div class="code-block" dir="ltr"><div class="code-head"><span class="code-lang">{language}</span></div>'
        f'<pre tabindex="0"><code>{code}</code></pre></div>'
    )


@pytest.mark.parametrize(
    "language",
    [
        "python",
        "py",
        "js",
        "ts",
        "tsx",
        "java",
        "c",
        "c++",
        "c#",
        "go",
        "rust",
        "sh",
        "sql",
        "html",
        "css",
        "json",
        "yml",
    ],
)
def test_usual_languages_get_colours(lexed: list[str], language: str) -> None:
    markdown_to_html(f"```{language}\nx = 1\n```\n\n```{language.upper()}\nx = 2\n```")
    assert lexed == ["x = 1\n", "x = 2\n"]


def test_all_listed_languages_are_known_and_keep_the_text() -> None:
    assert set(highlighting.CHARS_BY_LEXER) <= {name for name, _, _, _ in get_all_lexers(plugins=False)}
    for language in highlighting.LANGUAGES:
        html = highlighting.coloured("\n x = 1\n\n$ y\n", language)
        assert unescape(re.sub("<[^>]*>", "", html)) == "\n x = 1\n\n$ y\n", language


def test_code_in_a_markdown_example_gets_no_lexer_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AutohotkeyLexer, "get_tokens_unprocessed", lambda *_args: pytest.fail("the lexer was called"))
    assert "hl-" in highlighting.coloured("# Head\n\n```autohotkey\nx\n```\n", "markdown")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_shown_within_bounds(lexed: list[str], monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    inline = ParserInline.parse
    paragraphs: list[int] = []

    def count(self: ParserInline, src: str, *args: Any) -> list[Token]:
        paragraphs.append(len(src))
        return inline(self, src, *args)

    monkeypatch.setattr(ParserInline, "parse", count)
    html = markdown_to_html(text)
    check_safe(html)
    assert max(paragraphs, default=0) <= MAX_INLINE_CHARS
    assert html.count("</td>") + html.count("</th>") <= MAX_TABLE_CELLS
    assert max(map(len, lexed), default=0) <= highlighting.MAX_HIGHLIGHT_CHARS
    assert len(html) < 30 * len(text)


def test_a_paragraph_that_is_too_long_is_shown_as_typed() -> None:
    line = "**bold** http://a.example <b>"
    html = markdown_to_html("\n".join([line] * 200))
    assert html == "<p>" + "<br>\n".join([escape(line, quote=False)] * 200) + "</p>"


def test_a_table_that_is_too_long_goes_on_as_lines() -> None:
    html = markdown_to_html("a|b\n-|-\n" + "x|y\n" * 2_500)
    assert html.count("<td>") == MAX_TABLE_CELLS - 2
    assert html.count("x|y") == 2_500 - (MAX_TABLE_CELLS - 2) // 2


def test_threads_do_not_mix_their_texts() -> None:
    texts = [f"{number} https://example.com/{number} " * 20 for number in range(64)]
    alone = [markdown_to_html(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(markdown_to_html, texts)) == alone


def test_user_text_is_shown_as_typed() -> None:
    html = message_html(Message(role=Message.Role.USER, text="# 1 < 2\n\n  *kept*  "))
    assert "# 1 &lt; 2\n\n  *kept*  </div>" in html


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_withheld_message_never_shows_its_text(language: str) -> None:
    message = Message(
        role=Message.Role.ASSISTANT, text="secret", state=Message.State.WITHHELD, withheld_labels=["insult"]
    )
    with translation.override(language):
        html = message_html(message)
    assert "secret" not in html
    assert 'data-notice="withheld"' in html
    assert ("侮辱" in html) == (language == "zh-hans")


def test_a_cut_message_shows_its_text_and_the_notice() -> None:
    message = Message(role=Message.Role.ASSISTANT, text="so far", state=Message.State.CUT, withheld_labels=["threat"])
    html = message_html(message)
    assert "so far" in html
    assert "threats" in html


@pytest.mark.parametrize(
    ("status", "finish_reason", "sentence"),
    [
        (Turn.Status.CANCELLED, "cancelled", "You stopped this reply."),
        (Turn.Status.DONE, "length", "length limit"),
        (Turn.Status.DONE, "stop", None),
    ],
)
def test_how_a_reply_ended(status: str, finish_reason: str, sentence: str | None) -> None:
    message = Message(role=Message.Role.ASSISTANT, text="so far")
    turn = Turn(status=status, finish_reason=finish_reason, reply_id=message.pk)
    html = message_html(message, turn=turn)
    assert ('class="ending"' in html) == (sentence is not None)
    if sentence:
        assert sentence in html
    assert 'class="ending"' not in message_html(message, turn=Turn(status=status, finish_reason=finish_reason))


def test_code_css_is_current() -> None:
    assert CODE_CSS.read_text() == code_css(), "run `manage.py write_code_css`"


@pytest.mark.parametrize(
    ("style", "background"), [(LIGHT_STYLE, TOKENS["surface"][0]), (DARK_STYLE, TOKENS["surface"][1])]
)
def test_code_can_be_read_on_its_background(style: str, background: str) -> None:
    for token, look in get_style_by_name(style):
        if look["color"] and "Whitespace" not in str(token):
            assert contrast(look["color"], background) >= 4.5, token
