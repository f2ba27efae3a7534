"""Keys, tokens and passwords: the forms that their issuers give them, and values beside a word that names them.

Own patterns, from what issuers publish of their tokens' prefixes and lengths: the libraries that look for such things
scan files, bring a web client along, and know fewer of today's prefixes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

import regex

from moderation.personal_data.kinds import LIKELY, PROVEN, Found, Kind

_BEFORE = r"(?<![A-Za-z0-9_\-])"
_AFTER = r"(?![A-Za-z0-9_\-])"
_FORMS = tuple(
    (name, regex.compile(pattern))
    for name, pattern in (
        ("private key", r"-----BEGIN [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)?-----(?:[A-Za-z0-9+/=:,.\-\s]{0,8000}?"
         r"-----END [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)?-----|[A-Za-z0-9+/=\s]{0,8000})"),
        ("aws", _BEFORE + r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}" + _AFTER),
        ("github", _BEFORE + r"(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{40,255})" + _AFTER),
        ("gitlab", _BEFORE + r"gl(?:pat|dt|rt|cbt|ptt|ft|soat)-[A-Za-z0-9_\-]{20,300}" + _AFTER),
        ("slack", _BEFORE + r"xox[abeoprs]-(?:\d+-)+[A-Za-z0-9]{8,80}" + _AFTER),
        ("slack", r"https://hooks\.slack\.com/services/T[A-Za-z0-9_]+/B[A-Za-z0-9_]+/[A-Za-z0-9_]{8,40}"),
        ("openai or anthropic", _BEFORE + r"sk-(?:ant-|proj-|svcacct-|admin-)?[A-Za-z0-9_\-]{32,200}" + _AFTER),
        ("google", _BEFORE + r"AIza[A-Za-z0-9_\-]{35}" + _AFTER),
        ("hugging face", _BEFORE + r"hf_[A-Za-z0-9]{30,60}" + _AFTER),
        ("stripe", _BEFORE + r"[rs]k_(?:live|test)_[A-Za-z0-9]{24,110}" + _AFTER),
        ("sendgrid", _BEFORE + r"SG\.[A-Za-z0-9_\-]{22}\.[A-Za-z0-9_\-]{43}" + _AFTER),
        ("npm", _BEFORE + r"npm_[A-Za-z0-9]{36}" + _AFTER),
        ("pypi", _BEFORE + r"pypi-AgE[A-Za-z0-9_\-]{50,300}" + _AFTER),
        ("telegram", _BEFORE + r"\d{8,10}:AA[A-Za-z0-9_\-]{33}" + _AFTER),
        ("discord", _BEFORE + r"[MNO][A-Za-z\d_\-]{23,25}\.[A-Za-z\d_\-]{6}\.[A-Za-z\d_\-]{27,40}" + _AFTER),
        ("azure", r"(?<=AccountKey=)[A-Za-z0-9+/=]{88}"),
        ("jwt", _BEFORE + r"eyJ[A-Za-z0-9_\-]{8,2000}\.eyJ[A-Za-z0-9_\-]{8,4000}\.[A-Za-z0-9_\-]{8,1000}" + _AFTER),
        ("password in an address", r"(?<=[a-z]://[^\s:/@{}<$]{1,64}:)[^\s:/@{}<$*]{3,64}(?=@[A-Za-z0-9])"),
    )
)  # fmt: skip
_NAMED = regex.compile(
    r"(?:api[_ \-]?key|secret(?:[_ \-]?key)?|access[_ \-]?(?:key|token)|auth[_ \-]?token|token|passw(?:or)?d|passwort|"
    r"pwd|密码|口令|密钥)\s{0,2}(?:is|ist|是|[:：=]{1,2}|=>)\s{0,2}"
    r"(?P<quote>[\"'`]?)(?P<value>[A-Za-z0-9!#$%&*+./=?@^_~\-]{8,200})(?P=quote)(?![A-Za-z0-9_(\[{])",
    regex.I,
)
_PLACEHOLDER = regex.compile(
    r"example|placeholder|your|change|dummy|sample|secret|password|passw0rd|token|xxx|\*\*\*|\.\.\.|1234567|abcdef|"
    r"^(?:os|process|self|config|settings|env|args|request|data|user|none|null|true|false)\b",
    regex.I,
)
_MIN_BITS = 2.8
"""Bits a character that a value has at least, by the frequency of its own characters; words have less."""


def credentials(text: str) -> Iterator[Found]:
    for name, pattern in _FORMS:
        for match in pattern.finditer(text):
            start, end = match.start(), match.start() + len(match.group().rstrip())
            yield Found(start, end, Kind.SECRET, match.group().strip(), PROVEN, name)
    for match in _NAMED.finditer(text):
        value = match["value"]
        if _is_secret(value):
            yield Found(*match.span("value"), Kind.SECRET, value, LIKELY, "named")


def _is_secret(value: str) -> bool:
    """Letters and digits mixed, no word, no name of a variable or an attribute."""
    has_both = any(sign.isdecimal() for sign in value) and any(sign.isalpha() for sign in value)
    if not has_both or _PLACEHOLDER.search(value):
        return False
    counts = Counter(value)
    bits = -sum(count / len(value) * math.log2(count / len(value)) for count in counts.values())
    return bits >= _MIN_BITS
