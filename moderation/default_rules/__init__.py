"""The rules that a new site begins with, in English and Chinese. From then on they are the site's own, in the admin.

Narrow on purpose: a rule fires without knowing context, so each one asks for more than a single word. What is doubtful
has a score that flags; what is plain has one that blocks. A pattern has 500 characters at most.
"""

from __future__ import annotations

from typing import Final

from moderation.default_rules.attacks import PROMPT_ATTACKS
from moderation.default_rules.general import GENERAL
from moderation.default_rules.scores import Line
from moderation.default_rules.self_harm import SELF_HARM

RULES: Final[tuple[Line, ...]] = (*GENERAL, *SELF_HARM, *PROMPT_ATTACKS)
NOTE: Final = "From the start."
"""The note of a rule that came with the site."""
