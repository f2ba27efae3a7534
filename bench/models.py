"""The models that are measured. None ever ends a reply by itself, so that each reply has the length asked for.

`python -m bench.models NAME FOLDER` writes one. The shape of random weights has the sizes of SmolLM-135M; speed does
not depend on what the weights are.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

from chatsite.env import SHIPPED_CHAT_MODEL
from inference.training.dialogues.generate import DialogueMaker
from inference.training.tokenizer import render, train_tokenizer

DONE = "bench.json"
VERSION = 4
SEED = 20
CONTEXT_TOKENS = 2048
LEARNED_TOKENS = 6144
DIALOGUES = 4000
SHORT = 0.1
CONSONANTS = ("b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z")
VOWELS = ("a", "e", "i", "o", "u")
MARK_SHARES = (0.04, 0.035, 0.925)
"""Of words drawn; as short words repeat and are left out, more of those that stay have a mark."""
SPACE = "Ġ"
"""How byte-level tokenizers write the space in front of a word."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a Llama with tied embeddings."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    intermediate: int
    vocabulary: int
    learned: int = LEARNED_TOKENS


SHAPE_135M = Shape(hidden=576, layers=30, heads=9, kv_heads=3, intermediate=1536, vocabulary=49_152)


def random_model_write(shape: Shape, folder: Path) -> None:
    """A model of random weights that writes words with commas and full stops, as many as it is asked for.

    Its tokenizer learns from this repository's dialogues, so that a prompt has as many tokens as with a real one; the
    rest of the vocabulary is made-up words, and only those are ever written.
    """
    maker = DialogueMaker()
    texts = (render(maker.dialogue(random.Random(index))) for index in range(DIALOGUES))  # noqa: S311
    tokenizer: Any = train_tokenizer(texts, shape.learned, CONTEXT_TOKENS)
    learned = len(tokenizer)
    content = json.loads(tokenizer.backend_tokenizer.to_str())
    vocabulary: dict[str, int] = content["model"]["vocab"]
    for word in islice((word for word in made_up_words() if word not in vocabulary), shape.vocabulary - learned):
        vocabulary[word] = len(vocabulary)
    tokenizer._tokenizer = Tokenizer.from_str(json.dumps(content))
    tokenizer.save_pretrained(folder)
    torch.manual_seed(SEED)
    model: Any = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=shape.vocabulary,
            hidden_size=shape.hidden,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            num_key_value_heads=shape.kv_heads,
            intermediate_size=shape.intermediate,
            max_position_embeddings=CONTEXT_TOKENS,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=None,
        )
    )
    with torch.no_grad():
        # A tied row that is short scores near zero, which is never among the best: no half characters, no marks.
        model.get_input_embeddings().weight[:learned] *= SHORT
    model.to(torch.bfloat16).save_pretrained(folder)
    endless(folder)


def shipped_model_write(folder: Path) -> None:
    """A copy of the shipped model that goes on after its reply's end. Raises ``FileNotFoundError``."""
    shutil.copytree(SHIPPED_CHAT_MODEL, folder, dirs_exist_ok=True)
    endless(folder)


def endless(folder: Path) -> None:
    """Take the token that ends a reply out of a model's files; it stays a mark that is not shown."""
    for name in ("config.json", "generation_config.json", "tokenizer_config.json"):
        path = folder / name
        if path.exists():
            content = json.loads(path.read_text(encoding="utf-8"))
            for key in ("eos_token_id", "eos_token"):
                content.pop(key, None)
            # LlamaConfig's own default is a number, so leaving the key out would not do.
            if name == "config.json":
                content["eos_token_id"] = None
            path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def made_up_words() -> Any:
    """Endless different words of one to three syllables, as byte-level tokens; the same ones each time.

    Of those that make up a vocabulary two in three begin with a space, one in eleven ends a sentence and one in
    thirteen a clause; they have six characters on average, some more than in English.
    """
    draw = random.Random(SEED)  # noqa: S311 - nothing secret
    seen: set[str] = set()
    while True:
        syllables = "".join(draw.choice(CONSONANTS) + draw.choice(VOWELS) for _ in range(draw.choice((1, 2, 2, 2, 3))))
        mark = draw.choices((".", ",", ""), MARK_SHARES)[0]
        word = (SPACE if draw.random() < 0.75 else "") + syllables + mark
        if word not in seen:
            seen.add(word)
            yield word


def recipe(name: str) -> dict[str, Any]:
    """What a model's folder is made of; another recipe means that it must be made again."""
    if name == "shipped":
        weights = Path(SHIPPED_CHAT_MODEL) / "model.safetensors"
        return {"version": VERSION, "weights": [weights.stat().st_mtime_ns, weights.stat().st_size]}
    return {"version": VERSION, **asdict(SHAPE_135M)}


def main(arguments: list[str]) -> None:
    """Write the model of this name, unless the folder holds it already."""
    name, folder = arguments[0], Path(arguments[1])
    done = folder / DONE
    wanted = recipe(name)
    if done.exists() and json.loads(done.read_text()) == wanted:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if name == "shipped":
        shipped_model_write(folder)
    else:
        random_model_write(SHAPE_135M, folder)
    done.write_text(json.dumps(wanted))


if __name__ == "__main__":
    main(sys.argv[1:])
