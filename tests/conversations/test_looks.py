"""The style sheet: text can be read in both themes, and nothing goes past the tokens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

STYLES = Path(__file__).parents[2] / "conversations" / "static" / "conversations" / "app.css"
CSS = STYLES.read_text()
TOKENS = {
    name: (day, night)
    for name, day, night in re.findall(r"--([a-z-]+): light-dark\(#([0-9a-f]{6}), #([0-9a-f]{6})\);", CSS)
}
# Text on a ground, as the style sheet has them: at least 4.5 to 1 (WCAG 2.2 AA).
TEXT = [
    *(("ink", ground) for ground in ("paper", "surface", "raised", "sunken", "hover", "accent-soft")),
    *(("ink-soft", ground) for ground in ("paper", "surface", "raised", "sunken", "hover")),
    *(("accent", ground) for ground in ("paper", "surface", "raised", "sunken")),
    ("accent-strong", "accent-soft"),
    ("accent-strong", "paper"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("warn-ink", "warn-soft"),
    ("bad-ink", "bad-soft"),
    ("bad-ink", "paper"),
    ("paper", "ink"),
    ("paper", "ink-soft"),
]
# Frames of boxes to write in: at least 3 to 1.
FRAMES = [("line-strong", "paper"), ("line-strong", "surface"), ("accent", "surface")]


def contrast(one: str, other: str) -> float:
    """Contrast ratio as WCAG 2.2 defines it, of two colours written as six hexadecimal digits."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("one", "other"), TEXT)
def test_text_can_be_read(one: str, other: str, theme: int) -> None:
    assert contrast(TOKENS[one][theme], TOKENS[other][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("one", "other"), FRAMES)
def test_frames_can_be_seen(one: str, other: str, theme: int) -> None:
    assert contrast(TOKENS[one][theme], TOKENS[other][theme]) >= 3.0


def test_colours_are_tokens() -> None:
    rules = CSS.split("/* --- ground", 1)[1]
    # In a mask, black and its transparency are no colours.
    rules = re.sub(r"mask: [^;]+;", "", rules)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgb\(|\bhsl\(", rules) == []


def test_all_tokens_exist() -> None:
    assert set(re.findall(r"var\((--[a-z0-9-]+)\)", CSS)) - set(re.findall(r"(--[a-z0-9-]+):", CSS)) == set()


def test_nothing_comes_from_elsewhere() -> None:
    assert "@import" not in CSS
    assert set(re.findall(r"url\(([^)]*)\)", CSS)) == {'"icon.svg"'}
