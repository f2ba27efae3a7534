"""Three policies to begin from: strict (for children), standard, research. A site publishes one and changes it at will.

Where the numbers come from, and how the three differ, is told in docs/moderation.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from moderation.gate import GateLimits
from moderation.personal_data.handling import PersonalDataHandling
from moderation.personal_data.masks import ALL_KINDS
from moderation.policy import PolicyDocument, StagePolicy, Thresholds

_RUDE = ("toxicity", "obscene", "insult")
_GRAVE = ("severe_toxicity", "sexual_explicit")
_HARM = ("threat", "identity_attack", "violence", "illicit")


def _levels(
    flag: float | None, block: float | None, *labels: str, late: Literal["cut", "withdraw"] = "cut"
) -> dict[str, Thresholds]:
    return {label: Thresholds(flag=flag, block=block, late=late) for label in labels}


def _title(reply: Mapping[str, Thresholds]) -> StagePolicy:
    """A title is no place for what is doubtful: what would be flagged in a reply is not taken."""
    doubtful = {label: level.flag if level.flag is not None else level.block for label, level in reply.items()}
    return StagePolicy(labels={label: Thresholds(block=score) for label, score in doubtful.items()})


def _standard() -> PolicyDocument:
    prompt = (
        _levels(0.6, 0.9, *_RUDE, *_GRAVE, *_HARM)
        # A person who writes of harming themselves must get an answer; a reviewer sees it.
        | _levels(0.5, None, "self_harm", "prompt_attack")
    )
    reply = (
        _levels(0.6, 0.85, *_RUDE, *_HARM)
        | _levels(0.5, 0.8, *_GRAVE, "self_harm", late="withdraw")
        | _levels(0.6, None, "prompt_attack")
    )
    return PolicyDocument(prompt=StagePolicy(labels=prompt), reply=StagePolicy(labels=reply), title=_title(reply))


def _strict() -> PolicyDocument:
    prompt = (
        _levels(0.4, 0.7, *_RUDE)
        | _levels(0.3, 0.6, *_GRAVE, *_HARM)
        | _levels(0.3, None, "self_harm")
        | _levels(0.5, 0.9, "prompt_attack")
        | _levels(0.6, None, "personal_data")
    )
    reply = (
        _levels(0.4, 0.65, *_RUDE, late="withdraw")
        | _levels(0.3, 0.5, *_GRAVE, *_HARM, "self_harm", late="withdraw")
        | _levels(0.5, 0.9, "prompt_attack", late="withdraw")
        | _levels(0.6, 0.8, "personal_data", late="withdraw")
    )
    return PolicyDocument(
        prompt=StagePolicy(labels=prompt, unknown_language="flag"),
        reply=StagePolicy(labels=reply, unknown_language="flag"),
        title=_title(reply),
        # Children give away more than they know, and a model repeats it.
        personal_data=PersonalDataHandling(mask_for_model=ALL_KINDS, mask_in_shown=ALL_KINDS),
        # Text comes a little later, so that a longer stretch is seen before its beginning is shown.
        gate=GateLimits(hold_back_chars=48, hold_back_words=8, first_chars=60),
    )


def _research() -> PolicyDocument:
    # People who study what models say must be able to ask it. What they meet is on record; little is kept from them.
    prompt = _levels(0.9, None, *_RUDE, *_GRAVE, *_HARM, "prompt_attack") | _levels(0.5, None, "self_harm")
    reply = _levels(0.8, None, *_RUDE, *_HARM) | _levels(0.8, 0.97, *_GRAVE) | _levels(0.6, 0.9, "self_harm")
    return PolicyDocument(
        prompt=StagePolicy(on_error="open", labels=prompt),
        reply=StagePolicy(labels=reply),
        title=_title(reply),
    )


STANDARD: Final = "standard"
PRESETS: Final[Mapping[str, PolicyDocument]] = MappingProxyType(
    {"strict": _strict(), STANDARD: _standard(), "research": _research()}
)
DEFAULT_POLICY: Final = PRESETS[STANDARD]
"""What a new site begins with, as version 1."""
