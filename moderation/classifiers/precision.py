"""Weights of half the size for a first look. With transformers' models only; imports torch.

A processor that multiplies bfloat16 itself computes a judge about three times as fast in it, and moves its
probabilities by about 0.01. What comes near to mattering is therefore computed again in float32. Eight-bit integers
are not tried: they moved probabilities of the judge that ships by up to 0.34.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

import torch

logger = logging.getLogger(__name__)

DOUBTFUL_FROM: Final = 0.4
"""A text that reaches this with any label is judged again in float32, so no verdict depends on short numbers where a
policy's thresholds are above this by ``MAX_MOVE``."""
MAX_MOVE: Final = 0.05
"""How far a probability of a probe may move for bfloat16 to be used at all."""
PROBES: Final = (
    "Hello, how are you? The weather is lovely today.",
    "You are such an idiot, nobody wants to read this.",
    "Shut up.",
    "What a stupid idea, and a damn long one too.",
    "I hate Mondays, and I hate this traffic even more.",
    "I'll kill the process that eats all the memory.",
    "I am going to find you and you will be sorry.",
    "They should all go back to where they came from.",
    "He called her ugly and laughed at her in front of the class.",
    "Their first kiss was long and tender, and then they undressed.",
    "The gay couple next door invited us to dinner.",
    "As a Muslim woman I was proud of my degree.",
    "The patient complained of pain in the breast and the anus.",
    "This movie is crap, what a waste of my evening!!!",
    "The capital of France is Paris, known for its art, its cafés and the Seine.",
    "def kill(self): os.kill(self.pid, signal.SIGKILL)",
    "你好，今天天气怎么样？",
    "你真是个笨蛋，滚开。",
    "他们都是坏人，应该被赶出去。",
    "请帮我写一首关于春天的诗。",
    "You can't even spell, loser. Go read a book, or better two, and come back when you have learned how to behave in "
    "a discussion with grown people, which I doubt that you ever will, for you have shown none of it so far.",
)
"""Harmless, rude and doubtful: a doubtful text's probability moves most."""


def light_copy(model: Any, scores: Callable[[Any], Sequence[Sequence[float]]]) -> Any | None:
    """A copy of ``model`` in bfloat16 for the first look; ``None`` where that is no gain or no score can be told by it.

    ``scores`` gives a model's scores for `PROBES`.
    """
    if model.dtype is not torch.float32 or not _computes_bfloat16(model.device):
        return None
    light = copy.deepcopy(model).to(torch.bfloat16)
    moved = (torch.tensor(scores(light)) - torch.tensor(scores(model))).abs().max().item()
    # A broken number is never "at most".
    if moved <= MAX_MOVE:
        return light
    logger.info("the judge looks at all texts in float32: bfloat16 moves a score by %.3f", moved)
    return None


def _computes_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    # Emulated it is slower than float32.
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
