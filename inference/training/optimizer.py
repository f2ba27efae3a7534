"""Muon for the matrices of the layers, AdamW for the rest, as one optimizer that Trainer can drive.

torch.optim.Muon computes its orthogonal updates in bfloat16, which a processor without bfloat16 units does some 50
times slower than float32; so the few lines are here, in float32, and for all matrices of one shape at a time.
Source: Keller Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_ITERATIONS = 5


def orthogonalised(matrices: Tensor) -> Tensor:
    """The nearest semi-orthogonal matrices, roughly (singular values between 0.7 and 1.2). Shape (n, rows, columns)."""
    turned = matrices.size(-2) > matrices.size(-1)
    found = matrices.mT if turned else matrices
    found = found / (found.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    first, second, third = _COEFFICIENTS
    for _ in range(_ITERATIONS):
        square = found @ found.mT
        found = first * found + (second * square + third * square @ square) @ found
    result: Tensor = found.mT if turned else found
    return result


class MuonAdamW(torch.optim.Optimizer):
    """Steps groups with ``muon`` true by orthogonalised momentum, the others by AdamW."""

    def __init__(self, groups: Iterable[dict[str, Any]]) -> None:
        defaults = {
            "lr": 1e-3,
            "weight_decay": 0.0,
            "muon": False,
            "momentum": 0.95,
            "betas": (0.9, 0.98),
            "eps": 1e-8,
        }
        super().__init__(groups, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step of all groups."""
        loss = None if closure is None else torch.enable_grad()(closure)()
        for group in self.param_groups:
            if group["muon"]:
                self._muon(group)
            else:
                self._adamw(group)
        return loss

    def _muon(self, group: dict[str, Any]) -> None:
        by_shape: dict[torch.Size, list[Tensor]] = defaultdict(list)
        updates: dict[Tensor, Tensor] = {}
        for weight in group["params"]:
            if weight.grad is None:
                continue
            state = self.state[weight]
            if not state:
                state["momentum"] = torch.zeros_like(weight)
            state["momentum"].lerp_(weight.grad, 1 - group["momentum"])
            updates[weight] = torch.lerp(weight.grad, state["momentum"], group["momentum"])
            by_shape[weight.shape].append(weight)
        for shape, weights in by_shape.items():
            # A matrix with more rows than columns takes larger steps, so that its outputs change as much.
            rate = group["lr"] * max(1.0, shape[0] / shape[1]) ** 0.5
            steps = orthogonalised(torch.stack([updates[weight] for weight in weights]))
            for weight, update in zip(weights, steps.unbind(), strict=True):
                weight.mul_(1 - group["lr"] * group["weight_decay"]).add_(update, alpha=-rate)

    def _adamw(self, group: dict[str, Any]) -> None:
        first_beta, second_beta = group["betas"]
        for weight in group["params"]:
            if weight.grad is None:
                continue
            state = self.state[weight]
            if not state:
                state["step"] = torch.zeros(())
                state["first"], state["second"] = torch.zeros_like(weight), torch.zeros_like(weight)
            state["step"] += 1
            steps = float(state["step"])
            state["first"].lerp_(weight.grad, 1 - first_beta)
            state["second"].lerp_(weight.grad.square(), 1 - second_beta)
            scale = (state["second"] / (1 - second_beta**steps)).sqrt_().add_(group["eps"])
            weight.mul_(1 - group["lr"] * group["weight_decay"])
            weight.addcdiv_(state["first"], scale, value=-group["lr"] / (1 - first_beta**steps))


def muon_adamw(
    model: nn.Module, *, matrix_rate: float, rate: float, weight_decay: float, beta2: float = 0.98
) -> MuonAdamW:
    """Muon at ``matrix_rate`` for the matrices of the layers; AdamW at ``rate`` for embeddings and norms."""
    embedding = {
        id(weight) for part in model.modules() if isinstance(part, nn.Embedding) for weight in part.parameters()
    }
    matrices = [weight for weight in model.parameters() if weight.ndim == 2 and id(weight) not in embedding]
    chosen = {id(weight) for weight in matrices}
    others = [weight for weight in model.parameters() if id(weight) not in chosen]
    return MuonAdamW(
        [
            {"params": matrices, "lr": matrix_rate, "weight_decay": weight_decay, "muon": True},
            {"params": others, "lr": rate, "weight_decay": 0.0, "muon": False, "betas": (0.9, beta2)},
        ]
    )
