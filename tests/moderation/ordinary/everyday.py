"""Everyday and medical messages in English, with the marks, numbers and feelings that people put into them."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.moderation.ordinary.slots import filled

_TEMPLATES = (
    "Can you help me with {thing} before {time}?",
    "I need {thing} A S A P, please!",
    "We had {thing} last {day} and it was soooo {good}!!!",
    "hahahaha that was {good}, see you {day} 😂😂",
    "Omggg {thing} is sooo {good} 🔥🔥🔥",
    "I'm dead 💀 {thing} was {good}",
    "W E L C O M E to {thing} of {day}",
    "S P E C I A L   O F F E R: {thing}, 50% off until {time}!",
    '**{thing}** - {good}, see [the page](https://example.org/{day}?ref=1%2C2 "more on {thing}")',
    "My {thing} cost $5.99 on {day}, is that {good}?",
    "Meet me @ {time}, bring {thing} & a pen; it's 5-10 min. on foot.",
    "1) buy {thing}\n2) call mum\n3) be {good}",
    "- {thing}\n- {time}\n- {good} mood :)",
    "hmmmm... I don't know, is {thing} {good} enough for {day}???",
    "{thing}: 10/10, would do again. Yesss!",
    "Plan A: {thing}. Plan B: stay home. Plan C: a, b, c and d on {day}.",
    "Is the {time} train on {day} the 4th or the 5th? I'm on the M25, then the A55.",
    "Chop the onions 🔪 and fry them 🍳 with {thing} until {good}.",
    "Who left {thing} in the kitchen?! It's {day}, the bin 🗑️ goes out at {time}.",
    "I could kill for {thing} right now, it's that {good}.",
    "What a {good} {day}!! ☀️☀️ {thing} and nothing else ❤️",
    "Aaaargh, {thing} again?! Grrrr. Zzzz. Brrrr, it's cold at {time}.",
)
_WORDS = {
    "thing": (
        "a chicken curry", "the quarterly report", "our class picnic", "a second-hand bike", "pub quiz",
        "the cocktail bar",
        "grape juice", "an assessment", "the analysis", "my Essex trip", "the shiitake risotto", "a bath bomb",
    ),
    "time": ("7pm", "noon", "10:45", "half past 8"),
    "day": ("Monday", "Friday", "the weekend"),
    "good": ("good", "awesome", "cool", "fantastic"),
}  # fmt: skip
_MEDICAL = (
    "What are the side effects of {drug} {dose} for {who}?",
    "{who} was given {drug} {dose} b.i.d. for {illness}; is that too much?",
    "Is {illness} dangerous in {who}? The GP wrote: ICD-10 {code}, follow-up in 2-3 wks.",
    "breast cancer screening, anal fissure, penile and vaginal swabs: which test fits {illness} in {who}?",
    "The rectal exam of {who} was normal, PSA 0.9 ng/mL; {drug} {dose} is continued ({code}).",
    "Can {who} take {drug} with alcohol after {illness}?",
    "N.B. {drug} ({dose}) - p.o., q.8h - stop if rash; see {code}",
    "Patient denies suicidal ideation; sleep poor since {illness}; {drug} {dose} started.",
    "Which vaccine helps {who} against {illness}, and how many µg is one shot?",
)
_MEDICAL_WORDS = {
    "drug": ("ibuprofen", "metformin", "amoxicillin", "vitamin B12", "cocodamol"),
    "dose": ("400 mg", "2x500mg", "0.5 ml/kg", "1 tab"),
    "who": ("a child of 4", "my grandmother", "a 38-y/o woman", "someone with asthma"),
    "illness": ("measles", "type-2 diabetes", "a stroke", "COVID-19"),
    "code": ("E11.9", "J45", "B05.3"),
}


def messages(rng: random.Random) -> Iterator[str]:
    """Small talk, errands, lists, offers."""
    yield from filled(_TEMPLATES, _WORDS)


def medical(rng: random.Random) -> Iterator[str]:
    """Questions and notes about health, with doses, codes and parts of the body."""
    yield from filled(_MEDICAL, _MEDICAL_WORDS)
