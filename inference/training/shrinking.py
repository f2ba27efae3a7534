"""Smaller versions of a causal model: 8-bit weights, the smallest weights set to zero, the weakest neurons cut out.

Every version is a folder in transformers' form that the engine loads like any other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from inference.serving.int8 import LEFT_ALONE, METHOD, to_int8
from inference.training.sources import load_base, stored_type
from training.errors import TrainingError

USUAL = ("int8", "prune=0.3", "prune=0.5", "neurons=0.25")
# Widths that computers like.
_STEP = 8


@dataclass(frozen=True, slots=True)
class Version:
    """One way to shrink; ``share`` (0 to 1) is of the weights or neurons that go."""

    kind: str
    share: float = 0.0

    @property
    def name(self) -> str:
        """Its folder's name: ``int8``, ``prune-30``."""
        return f"{self.kind}-{round(100 * self.share)}" if self.share else self.kind

    @classmethod
    def parse(cls, said: str) -> Version:
        """From ``int8``, ``prune=0.3`` or ``neurons=0.25``. Raises ``TrainingError``."""
        kind, _, share = said.partition("=")
        if kind == "int8" and not share:
            return cls(kind)
        try:
            part = float(share)
        except ValueError:
            part = 0.0
        if kind not in ("prune", "neurons") or not 0 < part < 1:
            raise TrainingError(f"{said!r} is no version; give int8, prune=SHARE or neurons=SHARE with 0 < SHARE < 1")
        return cls(kind, part)


def write_version(base: Path, version: Version, folder: Path) -> None:
    """Write a smaller version of ``base`` into the folder. Raises ``TrainingError`` when it cannot be made."""
    model, tokenizer = load_base(base)
    makers: dict[str, Callable[[Any, float], None]] = {"int8": _int8, "prune": _prune, "neurons": _cut_neurons}
    makers[version.kind](model, version.share)
    # Scales of 8-bit weights are no parameters, and stay exact.
    for parameter in model.parameters():
        if parameter.is_floating_point():
            parameter.data = parameter.data.to(stored_type(base) or torch.float32)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _int8(model: Any, _: float) -> None:
    if not to_int8(model):
        raise TrainingError(f"a {model.config.model_type} model has no linear layers that could be made 8 bits")
    model.config.quantization_config = {"quant_method": METHOD}


def _linears(model: nn.Module) -> list[nn.Linear]:
    return [
        module
        for path, module in model.named_modules()
        if isinstance(module, nn.Linear) and path.rpartition(".")[2] != LEFT_ALONE
    ]


def _prune(model: nn.Module, share: float) -> None:
    """Set the weights of least size to zero, the same share in each matrix (Han et al. 2015)."""
    linears = _linears(model)
    if not linears:
        raise TrainingError("the model has no linear layers that could be pruned")
    for linear in linears:
        sizes = linear.weight.detach().abs().flatten()
        least = int(share * sizes.numel())
        if least:
            threshold = sizes.kthvalue(least).values
            linear.weight.data[linear.weight.detach().abs() <= threshold] = 0.0


def _cut_neurons(model: Any, share: float) -> None:
    """Take whole neurons out of the gated layers: those that have the least weight on their way in and out.

    Unlike single zeros this makes the matrices smaller, so that ordinary arithmetic is faster. Such a loss of neurons
    is best healed by a short fine-tuning (Ma et al. 2023, LLM-Pruner).
    """
    layers = [module for module in model.modules() if _is_gated(module)]
    if not layers:
        raise TrainingError(f"a {model.config.model_type} model has no gated layers whose neurons could be cut")
    width = layers[0].gate_proj.out_features
    kept = max(_STEP, round(width * (1 - share) / _STEP) * _STEP)
    if kept >= width:
        raise TrainingError(f"of {width} neurons {kept} would be kept; give a larger share")
    for layer in layers:
        inward = layer.gate_proj.weight.norm(dim=1) + layer.up_proj.weight.norm(dim=1)
        weight = inward * layer.down_proj.weight.norm(dim=0)
        chosen = weight.topk(kept).indices.sort().values
        layer.gate_proj = _part(layer.gate_proj, chosen, dim=0)
        layer.up_proj = _part(layer.up_proj, chosen, dim=0)
        layer.down_proj = _part(layer.down_proj, chosen, dim=1)
    model.config.intermediate_size = kept


def _is_gated(module: nn.Module) -> bool:
    return all(isinstance(getattr(module, name, None), nn.Linear) for name in ("gate_proj", "up_proj", "down_proj"))


def _part(linear: nn.Linear, chosen: Tensor, *, dim: int) -> nn.Linear:
    weight = linear.weight.detach().index_select(dim, chosen)
    made = nn.Linear(weight.shape[1], weight.shape[0], bias=linear.bias is not None)
    made.weight = nn.Parameter(weight)
    if linear.bias is not None:
        made.bias = nn.Parameter(linear.bias.detach()[chosen] if dim == 0 else linear.bias.detach())
    return made
