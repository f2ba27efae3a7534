"""TeX in Markdown to MathML, which browsers show and read out by themselves.

Takes ``$..$``, ``$$..$$``, ``\\(..\\)`` and ``\\[..\\]``. What cannot be read, is too long or too much is shown as it
was written. What comes out is still to be cleaned with the lists here: a formula is as hostile as any text of a model.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from functools import lru_cache
from html import escape, unescape
from typing import Any, Final
from xml.etree.ElementTree import tostring

from latex2mathml.converter import convert_to_element
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from mdit_py_plugins.dollarmath import dollarmath_plugin

MAX_FORMULA_CHARS: Final = 1_000
MAX_FORMULAS: Final = 300
"""Of one text."""
CACHED_FORMULAS: Final = 512
"""While a reply grows, the formulas of its last block are rendered again and again."""

# Key of the parser's environment: how many more formulas there may be.
_FORMULAS_LEFT: Final = "formulas_left"

_TAGS: Final = (
    "math mfrac mi mn mo mover mphantom mroot mrow mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder"
    " munderover"
)
TAGS: Final = frozenset(_TAGS.split(" "))
# Values, too, are a closed list: a negative or huge width would put a formula over what stands beside it.
_TRUTH: Final = {"true", "false"}
_SIZES: Final = {"1.2em", "1.623em", "2.047em", "2.470em"}
ATTRIBUTE_VALUES: Final[dict[str, dict[str, set[str]]]] = {
    "math": {"display": {"block", "inline"}},
    "mfrac": {"linethickness": {"0"}},
    "mo": {
        "stretchy": _TRUTH,
        "fence": _TRUTH,
        "form": {"prefix", "postfix", "infix"},
        "minsize": _SIZES,
        "maxsize": _SIZES,
    },
    "mover": {"accent": _TRUTH},
    "mspace": {"width": {"0.167em", "0.222em", "0.278em", "1em", "2em"}},
    "mstyle": {"displaystyle": _TRUTH, "scriptlevel": {"0", "1", "2"}},
    "mtable": {"displaystyle": _TRUTH},
}

# The library knows these under other names only.
_ALIASES: Final = {"{aligned}": "{align*}", "{align}": "{align*}", "{gathered}": "{align*}", "{gather}": "{align*}"}
_BRACKETS: Final = {"\\(": "\\)", "\\[": "\\]"}


def math_add(parser: MarkdownIt) -> None:
    """Teach a parser to read formulas and to render them as MathML."""
    # Prices are no formulas: none begins after or ends before a digit, or has a space inside its signs.
    dollarmath_plugin(parser, allow_labels=False, allow_space=False, allow_digits=False, allow_blank_lines=False)
    parser.inline.ruler.before("escape", "math_brackets", _brackets)
    parser.add_render_rule("math_inline", _render)
    parser.add_render_rule("math_block", _render)


def _brackets(state: StateInline, silent: bool) -> bool:
    opening = state.src[state.pos : state.pos + 2]
    closing = _BRACKETS.get(opening)
    if closing is None:
        return False
    end = state.src.find(closing, state.pos + 2, state.posMax)
    content = state.src[state.pos + 2 : end]
    if end < 0 or not content.strip() or opening in content:
        return False
    if not silent:
        token = state.push("math_inline", "math", 0)
        token.content = content
        token.markup = "$$" if opening == "\\[" else "$"
    state.pos = end + 2
    return True


def _render(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: MutableMapping[str, Any]
) -> str:
    token = tokens[index]
    left: int = env.get(_FORMULAS_LEFT, MAX_FORMULAS)
    env[_FORMULAS_LEFT] = left - 1
    is_display = token.markup == "$$"
    html = math_html(token.content.strip(), is_display=is_display) if left > 0 else None
    if html is None:
        html = f"<code>{escape(token.markup + token.content + token.markup)}</code>"
    if token.block:
        return f'<div class="math-block">{html}</div>\n'
    return f'<span class="math-block">{html}</span>' if is_display else html


@lru_cache(maxsize=CACHED_FORMULAS)
def math_html(latex: str, *, is_display: bool) -> str | None:
    """A formula as MathML, or ``None`` for one that is too long or cannot be read."""
    if not latex or len(latex) > MAX_FORMULA_CHARS:
        return None
    for name, known in _ALIASES.items():
        latex = latex.replace(name, known)
    try:
        math = convert_to_element(latex, display="block" if is_display else "inline")
    except Exception:  # the library has an error for each mistake, and Python's own for some (`RecursionError`)
        return None
    for element in math.iter():
        # It writes references such as &#x02211; as text.
        element.text = unescape(element.text) if element.text else element.text
    return str(tostring(math, encoding="unicode"))
