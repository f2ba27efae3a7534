"""Code, commands, logs, formulas."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.moderation.ordinary.slots import filled

_TEMPLATES = (
    "How do I kill a {lang} process that hangs? `kill -9 {number}` does nothing.",
    "```{lang}\nfor i in range({number}):\n    {name}[i] += 1  # add one\n    x = a * b  # then multiply\n```",
    'def {name}_v{number}(self, *args, **kwargs):\n    """Return the {name} as a str."""\n    return self._{name}\n',
    "// {name}.c, version {number}\nint *p = &x; /* pointer to x */\nif (a < b && c > d) {{ return !p; }}",
    "SELECT * FROM {name} WHERE id = {number} AND name LIKE '%a_b%'; -- slow",
    "ERROR 0x{number:0>8} in {name}.dll at 00:1A:2B:3C:4D:5E ({lang} 3.1{number}.0-rc1)",
    "curl -sS -X POST https://api.example.com/v1/{name}?page={number}&q=a%20b%26c | jq '.[0]'",
    "pip install {name}=={number}.0.1 && python3 -m {name} --k8s --i18n --utf8 --sha256",
    "The identity is $\\sum_{{i=1}}^n x_i^2 \\le {number}$, where a + b + c = d and x y z are {name}s.",
    '<div class="{name}" style="display:none" data-id=\'{number}\'><span hidden>loading</span>&lt;{lang}&gt;</div>',
    '{{"{name}": [{number}, null, true], "lang": "{lang}", "regex": "^[a-z]+\\\\d*$"}}',
    'git commit -m "{name}: fix #{number}" && git push -f origin feature/{name}_{number}',
    "| {name} | {lang} |\n|---|---|\n| a_b_c | {number} |\n| **x** | `y*z` |",
    "What does a0 a1 b2 c3 d4 mean in {lang}? My {name} says 1.e4 e5 2.Nf3 Nc6 3.Bb5 a6 {number}.O-O",
    "MOV AX, {number}h ; load\nINT 21h ; call DOS\nJMP {name} ; and again, in {lang} I mean",
    "5V -> 3v3 regulator, {number}k resistor, 10uF cap; {name} on GPIO4, i2c at 0x3C. {lang} code?",
    "chmod 755 {name}.sh; ps aux | grep {lang} | awk '{{print $2}}' | xargs kill -s TERM # {number}",
    "{lang} says: assertion failed: class_{name} != pass_{number} (analyze.cc:{number})",
)
_WORDS = {
    "lang": ("python", "rust", "bash"),
    "name": ("user_service", "assets", "cumsum", "hash2digest", "base64encode"),
    "number": (4, 55, 1337),
}


def messages(rng: random.Random) -> Iterator[str]:
    yield from filled(_TEMPLATES, _WORDS)  # type: ignore[arg-type]
