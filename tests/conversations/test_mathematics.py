"""Formulas become MathML; what is none stays text, and none can do more than be shown."""

from __future__ import annotations

import re

import pytest

from conversations.mathematics import MAX_FORMULA_CHARS, MAX_FORMULAS, math_html
from conversations.rendering import markdown_to_html


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Let $x^2$ be", ["Let <math", "<msup><mi>x</mi><mn>2</mn></msup>", "</math> be"]),
        (r"So \(\frac{a}{b}\).", ['display="inline"', "<mfrac>"]),
        ("$$\n\\sum_{i=1}^n i\n$$", ['<div class="math-block"><math display="block">', "∑"]),
        ("\\[\nE = mc^2\n\\]", ['display="block"', "<mi>E</mi>"]),
        (r"$$\begin{aligned}a&=b\\c&=d\end{aligned}$$", ["<mtable", "<mtr><mtd>"]),
        (r"$a < b \text{ if <b>}$", ["<mo>&lt;</mo>", "if&nbsp;&lt;b&gt;"]),
    ],
)
def test_formulas_become_mathml(text: str, parts: list[str]) -> None:
    html = markdown_to_html(text)
    assert [part for part in parts if part not in html] == [], html


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 and $10.",
        "From 5$ to 10$.",
        r"\$x\$",
        "`$x$`",
        "```\n$$\nx\n$$\n```",
        "$$\na\n\nb",
        "$ x $",
        r"\(a",
    ],
)
def test_what_is_no_formula_stays_text(text: str) -> None:
    assert "<math" not in markdown_to_html(text)


@pytest.mark.parametrize(
    "latex",
    [
        r"\text{<script>alert(1)</script>}",
        r"\text{<img src=x onerror=alert(1)>}",
        r"\href{javascript:alert(1)}{x}",
        r"\href{https://evil.example/}{x}",
        r"\style{position:fixed}{x}",
        r"\class{sidebar}{x}",
        r"\color{red}{x}",
        r"\hspace{-99em}x",
        r"\hspace{9999em}x",
        r"\includegraphics{https://evil.example/a.png}",
        r"\text{</math><script>alert(1)</script>}",
    ],
)
def test_a_formula_can_only_be_shown(latex: str) -> None:
    html = markdown_to_html(f"$${latex}$$\n\nand ${latex}$")
    tags = re.findall(r"<[^>]*>", html)
    assert tags
    for tag in tags:
        assert not re.search(r"script|img|href|src|style=|color|on\w+=|99em|class=\"sidebar", tag), tag


@pytest.mark.parametrize("latex", [r"\frac", "{" * 900, r"\left(", "_" * 900, "x" * (MAX_FORMULA_CHARS + 1)])
def test_what_cannot_be_read_is_shown_as_it_was_written(latex: str) -> None:
    assert math_html(latex, is_display=False) is None
    assert f"<code>${latex}$</code>" in markdown_to_html(f"${latex}$")


def test_there_are_only_so_many_formulas_in_a_text() -> None:
    html = markdown_to_html("\n\n".join(["$x$"] * (MAX_FORMULAS + 5)))
    assert (html.count("<math"), html.count("<code>$x$</code>")) == (MAX_FORMULAS, 5)
