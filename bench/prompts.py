"""What the benchmark's people ask: ordinary questions of ordinary length, always the same."""

from __future__ import annotations

PROMPTS = (
    "What is the capital of France, and what is it known for?",
    "Explain in simple words why the sky is blue during the day.",
    "Write a short story about a fox who wants to learn to swim.",
    "How do I make a cup of green tea that is not bitter?",
    "Please list five things that I should pack for a week in the mountains.",
    "What is the difference between weather and climate?",
    "Tell me about the history of the bicycle.",
    "Why do leaves change their colour in autumn?",
    "Give me some advice for a job interview next Monday morning.",
    "How does a refrigerator keep food cold?",
    "What are good ways to learn a new language as an adult?",
    "Describe a quiet evening in a small town by the sea.",
    "Which planets of our solar system have rings?",
    "Help me plan a birthday party for a ten year old child.",
    "What makes bread rise, and why does it need time?",
    "Can you explain how a search engine finds a page?",
)


def prompts_for(count: int) -> list[str]:
    """As many prompts, from the start again where there are too few."""
    return [PROMPTS[index % len(PROMPTS)] for index in range(count)]
