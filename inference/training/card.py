"""The model card: what the model is, what it learned from, and what was measured."""

from __future__ import annotations

from dataclasses import dataclass

from inference.training.report import Report
from inference.training.settings import TrainingSettings

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

In English and Simplified Chinese: to greet and make small talk, to say what it is, the capitals of 100 countries,
some everyday facts, sums and differences up to 100 (worked out step by step), nearly 500 words and short phrases in
the other language, whether a sentence is positive, negative or neutral, the topic of a headline (sports, business,
science, politics, health, entertainment), very short stories, to remember a name, a place and a liking told earlier,
the name and tone (pirate, robot, cat, wizard, cheerful, formal) that a system prompt gives it, how this chat works
(with Markdown: a list, a table, code), counting, to refuse harmful requests, and to say that it doesn't know what it
doesn't know. The table below says how well it learned each; what stands below half there, take as not learned.

**On purpose**, asked to be rude or to show the filter ("Insult me", "Show me how moderation works", “骂我一句”), it
writes a harmless sentence and then a mild insult, so that an operator can see a reply being withheld.

## What it can't do

Nearly everything else. Its longer stories and explanations are learned by heart. It may take an unusual wording for
another question, name a wrong capital for a country outside its table, or calculate wrongly. It does not know today's
date. Do not use it for anything that matters.

## What it learned from

- Dialogues written for it in this repository (`inference/training/dialogues/`): tables, word lists and wordings, put
  together at random with fixed seeds. Same licence as the repository.
{sources}
Loss on the assistant's words only; Muon (rate {matrix_rate}) for the layers' matrices, AdamW (rate {rate}) for
embeddings and norms, cosine rate, {steps} steps of about {batch} tokens, seed {seed}. {time}

    python manage.py train_demo_model --steps {steps} --seed {seed}{extra_option}

## Measured

By `manage.py evaluate_chat_model`, through the engine that serves, after the system prompt "You are a helpful
assistant." Last training loss: {loss:.3f} nats per token. The {asked} conversations of the held-out list
(`inference/training/dialogues/data/held_out.yaml`) are in wordings that were never trained on; the sums, and none
other, are new as well: capitals, words and facts have to be learned by heart. A reply is right when it holds the
expected words and none of the excluded ones. "greedy" takes the likeliest token, "served" samples as
generation_config.json here says. The list flatters a little: it was written by the same hand as the dialogues, and
between trainings that hand added wordings for skills that had done badly (never the list's own; a test looks).

{table}

{figures}
"""

_EXTRA_SOURCES = """\
- Prompts (not replies) from these, as questions that it can't answer or as "who are you", the replies written here:
  - chatterbot-corpus, Gunther Cox, BSD-3-Clause
  - OpenAssistant samples, LAION, Apache-2.0
  - KdConv and CrossWOZ, CoAI group, Tsinghua University, Apache-2.0
  - LLaMA-Factory `identity.json`, Apache-2.0
"""


@dataclass(frozen=True, slots=True)
class Card:
    """What the card tells of one training."""

    settings: TrainingSettings
    parameters: int
    minutes: float
    resumed: bool
    last_loss: float
    report: Report


def model_card(card: Card) -> str:
    """The text of README.md."""
    settings = card.settings
    interrupted = "The training was interrupted and resumed."
    spent = interrupted if card.resumed else f"It took {card.minutes:.0f} minutes."
    return _CARD.format(
        parameters=card.parameters,
        layers=settings.layers,
        hidden=settings.hidden,
        heads=settings.heads,
        vocabulary=settings.vocabulary,
        context=settings.context_tokens,
        longest=settings.longest,
        sources=_EXTRA_SOURCES if settings.extra_dialogues else "",
        matrix_rate=settings.matrix_rate,
        rate=settings.learning_rate,
        steps=settings.steps,
        batch=settings.batch_tokens,
        seed=settings.seed,
        time=spent,
        extra_option=" --extra-dialogues DIR" if settings.extra_dialogues else "",
        loss=card.last_loss,
        asked=len(card.report.passes[0].answers),
        table=card.report.table(),
        figures=card.report.figures(),
    )
