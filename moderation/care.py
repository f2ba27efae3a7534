"""For people who write of harming themselves: who is one, and the help lines that they are shown.

The lines are those that a state or a large, old organisation runs; where each number comes from is told in
docs/moderation.md, "Self-harm". One that changes is worse than none: add a line only with its own site as the source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy

from moderation.verdicts import Verdict

CARE_LABEL: Final = "self_harm"
CARE_SCORE: Final = 0.5
"""From this score on a prompt is answered with care, whatever the policy does with its label."""


@dataclass(frozen=True, slots=True)
class HelpLine:
    """``number`` as people write it. ``language`` is the name's (BCP 47)."""

    country: str | Promise
    name: str
    number: str
    language: str = "en"
    takes_texts: bool = False

    @property
    def dial(self) -> str:
        return self.number.replace(" ", "").replace("-", "")


HELP_LINES: Final = MappingProxyType(
    {
        "AU": HelpLine(gettext_lazy("Australia"), "Lifeline", "13 11 14"),
        "CA": HelpLine(gettext_lazy("Canada"), "Suicide Crisis Helpline", "988", takes_texts=True),
        "CN": HelpLine(gettext_lazy("Mainland China"), "全国统一心理援助热线", "12356", "zh-hans"),
        "DE": HelpLine(gettext_lazy("Germany"), "TelefonSeelsorge", "0800 111 0 111", "de"),
        "FR": HelpLine(gettext_lazy("France"), "Numéro national de prévention du suicide", "3114", "fr"),
        "GB": HelpLine(gettext_lazy("United Kingdom"), "Samaritans", "116 123"),
        "HK": HelpLine(gettext_lazy("Hong Kong"), "情緒通 Mental Health Support Hotline", "18111", "zh-hant"),
        "IE": HelpLine(gettext_lazy("Ireland"), "Samaritans", "116 123"),
        "IN": HelpLine(gettext_lazy("India"), "Tele-MANAS", "14416"),
        "JP": HelpLine(gettext_lazy("Japan"), "よりそいホットライン", "0120-279-338", "ja"),
        "KR": HelpLine(gettext_lazy("South Korea"), "자살예방 상담전화", "109", "ko"),
        "NZ": HelpLine(gettext_lazy("New Zealand"), "Need to talk?", "1737", takes_texts=True),
        "SG": HelpLine(gettext_lazy("Singapore"), "Samaritans of Singapore", "1767"),
        "TW": HelpLine(gettext_lazy("Taiwan"), "安心專線", "1925", "zh-hant"),
        "US": HelpLine(gettext_lazy("United States"), "Suicide & Crisis Lifeline", "988", takes_texts=True),
    }
)
"""ISO 3166 code -> its line."""

_BY_LANGUAGE: Final = MappingProxyType({"zh": ("CN", "HK", "TW", "SG"), "": ("US", "CA", "GB", "IE", "AU", "NZ")})


@dataclass(frozen=True, slots=True)
class Care:
    """What stands in the notice: the site's own line, if it has one, and the countries'."""

    own: str
    lines: Sequence[HelpLine]


def needs_care(verdict: Verdict) -> bool:
    """Whether the author of a prompt seems to think of harming themselves, blocked or not."""
    return CARE_LABEL in verdict.labels or verdict.scores.get(CARE_LABEL, 0.0) >= CARE_SCORE


def care_notice() -> Care:
    """The help lines of the countries that the site names, or of some where the active language is spoken."""
    language = (get_language() or "").split("-")[0]
    codes = settings.HELP_COUNTRIES or _BY_LANGUAGE.get(language, _BY_LANGUAGE[""])
    return Care(settings.HELP_LINE, [HELP_LINES[code] for code in codes if code in HELP_LINES])
