"""The model card: what the model is, what it learned from, and what was measured."""

from __future__ import annotations

from dataclasses import dataclass

from inference.training.settings import TrainingSettings

Scores = dict[str, tuple[int, int]]

_CARD = """\
---
language: [en, zh]
pipeline_tag: text-generation
library_name: transformers
---

# The demonstration model

A very small chat model, so that a fresh machine without any model hub can talk. It is made to show the platform
(streaming, stopping, moderation, review), not to know things. Choose a real model with `CHAT_MODEL`.

## What it is

- Llama-shaped: {parameters:,} parameters, {layers} layers of {hidden}, {heads} heads, tied embeddings,
  stored in bfloat16.
- Its own byte-level BPE tokenizer, {vocabulary} tokens; each Han character and each digit stands alone.
- ChatML chat template with system, user and assistant.
- A window of {context} tokens; dialogues of up to {longest} tokens were seen in training, so far longer ones are weak.

## What it was taught

The table at the end says how well it learned each; what stands below half there, take as not learned. In English and
Simplified Chinese: to greet and make small talk, to say what it is, the capitals of 100 countries, sums and differences
of numbers up to 10, to remember a name told earlier, how this chat works (with Markdown: a list, a table, code), a few
stories, counting to thirty, to refuse harmful requests, and to say that it doesn't know what it doesn't know.

**On purpose**, asked to be rude or to show the filter ("Insult me", "Show me how moderation works", “骂我一句”), it
writes a harmless sentence and then a mild insult, so that an operator can see a reply being withheld.

## What it can't do

Nearly everything else. Its stories and explanations are learned by heart. It may take an unusual wording for another
question, name a wrong capital for a country outside its table, or calculate wrongly. It does not know today's date.
Do not use it for anything that matters.

## What it learned from

- Dialogues written for it in this repository (`inference/training/dialogues/`): tables, word lists and wordings, put
  together at random with fixed seeds. Same licence as the repository.
{sources}
Loss on the assistant's words only, AdamW, cosine rate with a peak of {rate}, {steps} steps of at most {batch} tokens,
seed {seed}. {time}

    python manage.py train_demo_model --steps {steps} --seed {seed}{extra_option}

## Measured

Last training loss: {loss:.3f} nats per token. Held-out wordings, never trained on; a reply is right when it holds the
expected word. "greedy" takes the likeliest token, without a system prompt. The other two answer after "You are a
helpful assistant."; "own" samples as generation_config.json here says (temperature 0.3, top_p 0.95), "platform" as the
platform does unless told otherwise (temperature 0.7, top_p 0.95, top_k 50, repetition penalty 1.1).
The list was also looked at while the dialogues were written, so it flatters a little.

{table}
"""

_EXTRA_SOURCES = """\
- Prompts (not replies) from these, as questions that it can't answer or as "who are you", the replies written here:
  - chatterbot-corpus, Gunther Cox, BSD-3-Clause
  - OpenAssistant samples, LAION, Apache-2.0
  - KdConv and CrossWOZ, CoAI group, Tsinghua University, Apache-2.0
  - LLaMA-Factory `identity.json`, Apache-2.0
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured in one training. Scores are (right, asked) by skill, with a row ``all``."""

    settings: TrainingSettings
    parameters: int
    minutes: float
    resumed: bool
    last_loss: float
    greedy: Scores
    own: Scores
    product: Scores

    def table(self) -> str:
        """The scores as a Markdown table."""
        lines = ["| skill | asked | greedy | own | platform |", "| --- | --- | --- | --- | --- |"]
        for skill, (right, asked) in self.greedy.items():
            shares = (right, self.own[skill][0], self.product[skill][0])
            cells = (skill, str(asked), *(f"{100 * share / asked:.0f}%" for share in shares))
            lines.append(f"| {' | '.join(cells)} |")
        return "\n".join(lines)


def model_card(figures: Figures) -> str:
    """The text of README.md."""
    settings = figures.settings
    if figures.resumed:
        spent = "The training was interrupted and resumed."
    else:
        spent = f"It took {figures.minutes:.0f} minutes."
    return _CARD.format(
        parameters=figures.parameters,
        layers=settings.layers,
        hidden=settings.hidden,
        heads=settings.heads,
        vocabulary=settings.vocabulary,
        context=settings.context_tokens,
        longest=settings.longest,
        sources=_EXTRA_SOURCES if settings.extra_dialogues else "",
        rate=settings.learning_rate,
        steps=settings.steps,
        batch=settings.batch_tokens,
        seed=settings.seed,
        time=spent,
        extra_option=" --extra-dialogues DIR" if settings.extra_dialogues else "",
        loss=figures.last_loss,
        table=figures.table(),
    )
