"""Images and keys in base64, hashes, numbers, plates, sequences; and harmless text in the same codes."""

from __future__ import annotations

import base64
import codecs
import hashlib
import random
import uuid
from collections.abc import Callable, Iterator
from urllib.parse import quote

_HARMLESS = (
    "Meet me at the library at noon",
    "The quick brown fox jumps over the lazy dog",
    "Happy birthday, dear friend!",
    "The answer to the riddle is an egg",
    "Please water the plants on Friday",
    "世界很大，我想去看看",
)


_PNG = b"\x89PNG\r\n\x1a\n"


_KINDS: tuple[Callable[[random.Random], str], ...] = (
    lambda rng: f"![logo](data:image/png;base64,{base64.b64encode(_PNG + rng.randbytes(120)).decode()})",
    lambda rng: "Is this key valid? ssh-rsa " + base64.b64encode(rng.randbytes(90)).decode() + " me@host",
    lambda rng: "-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(rng.randbytes(150)).decode() + "-----END-----",
    lambda rng: "sha256: " + hashlib.sha256(rng.randbytes(8)).hexdigest(),
    lambda rng: f"Order {uuid.UUID(bytes=rng.randbytes(16))} was shipped, tracking 1Z{rng.randbytes(7).hex().upper()}",
    lambda rng: "colours: " + ", ".join(f"#{rng.randbytes(3).hex()}" for _ in range(5)),
    lambda rng: "bytes: " + rng.randbytes(24).hex(" "),
    lambda rng: "MAC " + rng.randbytes(6).hex(":") + f", IP 10.0.{rng.randrange(255)}.{rng.randrange(255)}",
    lambda rng: "My plate is " + "".join(rng.choices("ABCDEFGHKLMNPRSTUVXYZ", k=2)) + f"{rng.randrange(10, 99)} "
    + "".join(rng.choices("ABCDEFGHKLMNPRSTUVXYZ", k=3)),
    lambda rng: "DNA: " + "".join(rng.choices("ACGT", k=40)),
    lambda rng: "protein " + "".join(rng.choices("ACDEFGHIKLMNPQRSTVWY", k=30)),
    lambda rng: "Tel. " + " ".join(f"{rng.randrange(10)}" for _ in range(9)) + f", ext. {rng.randrange(100)}",
    lambda rng: "password idea: " + "".join(rng.choices("abcdefghijkmnpqrstuvwxyz23456789!$@", k=14)),
    lambda rng: "grid:\n" + "\n".join(" ".join(rng.choices("ABCDEFGHIJKLMNOPRSTUVWXYZ", k=6)) for _ in range(4)),
    lambda rng: "Scrabble letters: " + " ".join(rng.choices("EEEEAAAIIOONNRRTTLSUDGBCMPFHVWY", k=7)),
    lambda rng: "tab: e|-" + "-".join(rng.choices("0235h7p", k=10)) + "-|",
    lambda rng: "decode this: " + base64.b64encode(rng.choice(_HARMLESS).encode()).decode() + f" {rng.random()}",
    lambda rng: f"What does {codecs.encode(rng.choice(_HARMLESS[:5]), 'rot13')} say, nr. {rng.randrange(100)}?",
    lambda rng: f"https://example.org/{rng.randrange(1000)}?q={quote(rng.choice(_HARMLESS))}",
    lambda rng: "x = " + " + ".join(rng.choices("abcxyzn", k=6)) + f" - {rng.randrange(9)}(a*b) / 2c",
    lambda rng: f"w3lc0m3 t0 my s1t3 nr {rng.randrange(100)}, h4v3 fun w1th " + rng.choice(("m4ths", "g4m3s", "c0d3")),
    lambda rng: f"{rng.choice('🎉🎂🎈')} h a p p y  b i r t h d a y, you are {rng.randrange(1, 99)}",
    lambda rng: f"MCMXCIV, MMXXIV; CAS {rng.randrange(50, 99)}-{rng.randrange(10, 99)}-5; C6H12O6 + 6 O2",
)  # fmt: skip


def messages(rng: random.Random) -> Iterator[str]:
    for make in _KINDS:
        for _ in range(14):
            yield make(rng)
