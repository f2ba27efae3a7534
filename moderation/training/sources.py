"""The public data sets: what each row of each of them says about our labels.

The rules here are judgements. A label that a source does not tell is ``None`` and does not count in the loss; soft
numbers stand where annotators disagreed or where a source's label is not quite ours.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from moderation.training.lexicon import Lexicon
from moderation.training.rows import CLEAN, Row, part_of, targets
from moderation.training.tables import lines_of, table

Reader = Callable[[Path, Lexicon], Iterator[Row]]


def _davidson(folder: Path, lexicon: Lexicon) -> Iterator[Row]:
    """Tweets, each judged by three people or more."""
    columns = ("count", "hate_speech", "offensive_language", "class", "tweet")
    for line in table(folder / "labeled_data.csv", columns):
        count = int(line["count"])
        hate, offensive = int(line["hate_speech"]) / count, int(line["offensive_language"]) / count
        text = line["tweet"]
        known: dict[str, float | None] = {"toxicity": hate + offensive, "identity_attack": hate, "threat": None}
        if line["class"] == "2":
            known = {"toxicity": hate + offensive}
        else:
            known |= {"severe_toxicity": hate * 0.6, "insult": None, "sexual_explicit": None}
            known["obscene"] = hate + offensive if lexicon.is_rude(text) else None
        yield Row(text, targets(known), "davidson", part=part_of(text))


def _context(folder: Path, lexicon: Lexicon) -> Iterator[Row]:
    """Wikipedia talk pages: nearly all of it people working together."""
    for name in ("CAT_LARGE__gn.csv", "CAT_LARGE__gc.csv"):
        for line in table(folder / name, ("text", "label", "api")):
            text, score = line["text"], float(line["api"] or 0)
            if line["label"] == "1":
                known = targets({"toxicity": max(0.8, score)}, rest=None)
            elif score < 0.7:
                known = CLEAN
            else:
                # People said harmless, a strong model did not: neither is sure.
                continue
            yield Row(text, known, "context-toxicity", part=part_of(text))


def _hatemoji(folder: Path, lexicon: Lexicon) -> Iterator[Row]:
    """Hate with emoji, in pairs that differ little."""
    for name in ("train", "validation", "test"):
        for line in table(folder / f"HatemojiBuild__{name}.csv", ("text", "type", "label_gold")):
            text = line["text"]
            if line["label_gold"] == "1":
                is_threat = line["type"] == "threateninglanguage"
                known: dict[str, float | None] = {"toxicity": 1.0, "identity_attack": 1.0, "insult": None}
                known |= {"threat": 1.0 if is_threat else None, "severe_toxicity": 0.7 if is_threat else 0.4}
                known |= {"obscene": None, "sexual_explicit": None}
            elif lexicon.is_rude(text):
                # Not hate is not yet polite: "you cunts" stands in this half too.
                known = {"identity_attack": 0.05, **dict.fromkeys(("toxicity", "obscene", "insult", "threat"))}
            else:
                known = {"toxicity": 0.1, "insult": None}
            yield Row(text, targets(known), "hatemoji-build", part="train" if name == "train" else "test")


_SEXIST: Final[dict[str, dict[str, float | None]]] = {
    "1": {"toxicity": 1.0, "threat": 1.0, "severe_toxicity": 0.8, "identity_attack": 0.8, "insult": None},
    "2": {"toxicity": 1.0, "insult": 0.8, "severe_toxicity": 0.4, "identity_attack": 0.9},
    "3": {"toxicity": 0.8, "insult": 0.5, "severe_toxicity": 0.1, "identity_attack": 0.8},
    "4": {"toxicity": 0.7, "insult": 0.3, "severe_toxicity": 0.2, "identity_attack": 0.8},
}


def _edos(folder: Path, lexicon: Lexicon) -> Iterator[Row]:
    """Posts of rough forums, sexist or not. Not sexist is not clean, so little is said of the rest."""
    for line in table(folder / "edos_labelled_aggregated.csv", ("text", "label_sexist", "label_category", "split")):
        text = line["text"]
        unsure: dict[str, float | None] = {"obscene": None, "sexual_explicit": None}
        if line["label_sexist"] == "sexist":
            known = targets(_SEXIST[line["label_category"][0]] | unsure)
        elif lexicon.is_rude(text):
            known = targets({"identity_attack": 0.1}, rest=None)
        else:
            known = targets({"toxicity": 0.15, "identity_attack": 0.1, "insult": None, "threat": None} | unsure)
        yield Row(text, known, "edos", part="train" if line["split"] == "train" else "test")


def _templates(folder: Path, lexicon: Lexicon) -> Iterator[Row]:
    """ "[name] is a [kind or vile] [identity]": shows that the identity is not what makes it toxic."""
    for file, language, source in (
        ("en_sentence_templates.csv", "en", "bias-templates"),
        ("zh-cn_sentence_templates.csv", "zh", "bias-templates (zh)"),
    ):
        for line in table(folder / file, ("template", "toxicity", "phrase")):
            text = line["phrase"]
            if line["toxicity"] == "nontoxic":
                known = CLEAN
            else:
                known = targets({"toxicity": 0.9, "sexual_explicit": 0.0}, rest=None)
            yield Row(text, known, source, "zh" if language == "zh" else "en", part_of(text))


_SPAN_LABELS: Final = {
    "Insult": "insult",
    "Insu": "insult",
    "Threat": "threat",
    "Profane/Obscene": "obscene",
    "Identity based Attack": "identity_attack",
    "Identity based ": "identity_attack",
}


def _spans(folder: Path, lexicon: Lexicon) -> Iterator[Row]:
    """News comments which an earlier set called toxic; several people marked what in them is, and of which kind."""
    annotators: dict[str, int] = defaultdict(int)
    comment_of: dict[str, str] = {}
    for line in table(folder / "annotations.csv", ("annotation", "comment_id")):
        comment_of[line["annotation"]] = line["comment_id"]
        annotators[line["comment_id"]] += 1
    marked: dict[tuple[str, str], set[str]] = defaultdict(set)
    for line in table(folder / "spans.csv", ("annotation", "type")):
        comment = comment_of.get(line["annotation"], "")
        marked[comment, _SPAN_LABELS.get(line["type"], "other")].add(line["annotation"])
        marked[comment, "any"].add(line["annotation"])
    for line in table(folder / "comments.csv", ("comment_id", "comment_text")):
        comment, text = line["comment_id"], line["comment_text"]
        if not (people := annotators[comment]):
            continue
        share = {name: len(marked[comment, name]) / people for name in {*_SPAN_LABELS.values(), "any"}}
        known: dict[str, float | None] = {name: share[name] for name in _SPAN_LABELS.values()}
        known |= {"toxicity": 0.45 + 0.55 * share["any"], "severe_toxicity": None, "sexual_explicit": None}
        yield Row(text, targets(known), "toxic-spans", part=part_of(text))


# "Don't discriminate against them" is counted as offensive there in many places.
_COUNTER_SPEECH: Final = re.compile(
    "(不|别|勿|反对|拒绝|停止|禁止|抵制|消除|你这是)[^，。！？]{0,5}(歧视|偏见|地域黑|刻板印象)"
)


def _cold(folder: Path, lexicon: Lexicon) -> Iterator[Row]:
    """Chinese posts about origin, region and gender, offensive or not."""
    for name in ("train", "dev"):
        for line in table(folder / f"{name}.csv", ("label", "TEXT")):
            unsure: dict[str, float | None] = {"insult": None, "obscene": None, "sexual_explicit": None}
            if line["label"] == "1" and name == "train" and _COUNTER_SPEECH.search(line["TEXT"]):
                continue
            if line["label"] == "1":
                known = {"toxicity": 0.95, "identity_attack": 0.7, "severe_toxicity": None, "threat": None} | unsure
            else:
                known = {"toxicity": 0.05, "identity_attack": 0.05}
            yield Row(line["TEXT"], targets(known), "cold", "zh", "train" if name == "train" else "test")


_CARRIERS: Final = ("{}", "you {}", "what a {}", "he is such a {}", "stop being a {}", "look at that {}")


def _surge(folder: Path, lexicon: Lexicon) -> Iterator[Row]:
    """Single rude terms with a severity of 1 to 3, alone and in a short sentence."""
    columns = ("text", "category_1", "category_2", "severity_rating")
    for number, line in enumerate(table(folder / "profanity_en.csv", columns)):
        severity = float(line["severity_rating"] or 1)
        kinds = f"{line['category_1']} {line['category_2']}"
        known: dict[str, float | None] = {
            "toxicity": min(1.0, 0.3 + 0.25 * severity),
            "severe_toxicity": max(0.0, severity - 2.0) * 0.6,
            "obscene": min(1.0, 0.3 + 0.25 * severity) if "sexual" in kinds or "bodily" in kinds else None,
            "sexual_explicit": 0.7 if "sexual anatomy" in kinds else 0.1,
            "identity_attack": 0.9 if any(k in kinds for k in ("slurs", "gender", "religious")) else 0.1,
            "insult": None,
            "threat": 0.0,
        }
        part = part_of(line["text"])
        for carrier in (_CARRIERS[0], _CARRIERS[1 + number % (len(_CARRIERS) - 1)]):
            yield Row(carrier.format(line["text"]), targets(known), "surge-profanity", part=part)


def _ldnoobw(folder: Path, lexicon: Lexicon) -> Iterator[Row]:
    """Word lists without labels: a weak sign, so the numbers are soft."""
    for language, toxicity in (("en", 0.6), ("zh", 0.75)):
        known = targets({"toxicity": toxicity, "obscene": toxicity, "threat": 0.0}, rest=None)
        for word in lines_of(folder / language):
            if len(word) > 1:
                yield Row(word, known, "ldnoobw", "zh" if language == "zh" else "en", part_of(word))


READERS: Final[dict[str, Reader]] = {
    "davidson": _davidson,
    "context-toxicity": _context,
    "hatemoji-build": _hatemoji,
    "edos": _edos,
    "bias-templates": _templates,
    "toxic-spans": _spans,
    "cold": _cold,
    "surge-profanity": _surge,
    "ldnoobw": _ldnoobw,
}
"""By the folder's name under the data's ``moderation`` folder."""

LICENCES: Final[dict[str, str]] = {
    "davidson": "Davidson et al. 2017, hate-speech-and-offensive-language, MIT",
    "context-toxicity": "Pavlopoulos et al. 2020, context_toxicity, Apache-2.0; texts: Wikipedia talk pages, CC BY-SA",
    "hatemoji-build": "Kirk et al. 2022, HatemojiBuild, CC BY 4.0",
    "edos": "Kirk et al. 2023, Explainable Detection of Online Sexism, CC0 1.0",
    "bias-templates": "Dixon et al. 2018, unintended-ml-bias-analysis, CC BY 4.0",
    "toxic-spans": "Pavlopoulos et al. 2022, toxic_spans, CC0 1.0; texts from Civil Comments, CC0",
    "cold": "Deng et al. 2022, COLDataset, Apache-2.0",
    "surge-profanity": "Surge AI 2021, profanity, MIT",
    "ldnoobw": "Shutterstock, List of Dirty, Naughty, Obscene, and Otherwise Bad Words, CC BY 4.0",
}
