"""Sums and differences: how they are asked, and how they are worked out, digit by digit.

A small model learns a hundred facts about digits from what a short training shows it, but not thousands of results.
So a reply says the steps first, and the result last.
"""

from __future__ import annotations

import random

from inference.training.dialogues.wordings import Language, Row

# Sums and differences stay between 0 and this.
LARGEST_NUMBER = 100

Sum = tuple[int, str, int]
_SAID = {"en": {"+": " plus ", "-": " minus "}, "zh": {"+": "加", "-": "减"}}
_MARKS = {"en": (": ", ", ", ". So "), "zh": ("：", "，", "。所以 ")}


def draw_sum(rng: random.Random, reserved: frozenset[Sum]) -> Sum:
    """A sum or a difference that is not reserved, nor with its numbers exchanged, nor holds one that is as a step.

    A reserved sum of two digits (``8 + 5``) may be a step of another: it is one of the facts that steps are made of.
    """
    while True:
        sign = rng.choice("+-")
        first = rng.randint(0, LARGEST_NUMBER if rng.random() < 0.85 else 12)
        second = rng.randint(0, LARGEST_NUMBER - first if sign == "+" else first)
        if sign == "+" and rng.random() < 0.5:
            first, second = second, first
        if {(first, sign, second), (second, sign, first)} & reserved:
            continue
        if not {step for step in _steps(first, sign, second) if max(step[0], step[2]) > 9} & reserved:
            return first, sign, second


def asked(found: Sum, language: Language, rng: random.Random) -> Row:
    """The slots of a prompt and its reply: ``sum``, ``told_sum`` and ``sum_answer``."""
    first, sign, second = found
    gap = " " if rng.random() < 0.6 else ""
    said = f"{first}{gap}{sign}{gap}{second}" if rng.random() < 0.65 else f"{first}{_SAID[language][sign]}{second}"
    if sign == "+":
        told = {"en": f"add {first} and {second}", "zh": f"{first}和{second}的和"}[language]
    else:
        told = {"en": f"subtract {second} from {first}", "zh": f"{first}和{second}的差"}[language]
    return {"sum": said, "told_sum": told, "sum_answer": worked(found, language)}


def worked(found: Sum, language: Language) -> str:
    """The steps and the result, without the last full stop: ``37 + 45: 7 + 5 = 12, 30 + 40 = 70, ...``."""
    whole = _equation(found)
    steps = _steps(*found)
    if not steps:
        return whole
    begin, between, end = _MARKS[language]
    return f"{_left(found)}{begin}{between.join(map(_equation, steps))}{end}{whole}"


def _steps(first: int, sign: str, second: int) -> list[Sum]:
    """What is worked out on the way; nothing for what is one fact."""
    tens, others = first - first % 10, second - second % 10
    if sign == "-":
        return _steps_of_difference(first, second)
    if not tens and not others:
        return []
    ones = first % 10 + second % 10
    steps = [(first % 10, "+", second % 10)]
    if tens and others:
        steps.append((tens, "+", others))
    return [*steps, (tens + others, "+", ones)]


def _steps_of_difference(first: int, second: int) -> list[Sum]:
    """As written one under the other: where the ones do not suffice, a ten is taken from the tens."""
    borrowed = 10 if first % 10 < second % 10 else 0
    tens = first - first % 10 - borrowed
    others = second - second % 10
    if not tens:
        return []  # 13 - 5: one fact
    ones = first % 10 + borrowed
    steps = [(ones, "-", second % 10)]
    if others:
        steps.append((tens, "-", others))
    return [*steps, (tens - others, "+", ones - second % 10)]


def _left(found: Sum) -> str:
    return f"{found[0]} {found[1]} {found[2]}"


def _equation(found: Sum) -> str:
    first, sign, second = found
    return f"{_left(found)} = {first + second if sign == '+' else first - second}"
