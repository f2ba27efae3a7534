"""Muon for the matrices, AdamW for the rest."""

from __future__ import annotations

import torch
from torch import nn

from inference.training.optimizer import muon_adamw, orthogonalised


def test_orthogonalised_matrices_have_singular_values_near_one() -> None:
    generator = torch.Generator().manual_seed(1)
    for shape in ((3, 24, 24), (2, 40, 16), (2, 16, 40)):
        values = torch.linalg.svdvals(orthogonalised(torch.randn(shape, generator=generator)))
        assert values.min() > 0.3
        assert values.max() < 1.3


def test_the_rest_is_stepped_as_by_torchs_adamw() -> None:
    mine, other = nn.Embedding(7, 5), nn.Embedding(7, 5)
    other.load_state_dict(mine.state_dict())
    ours = muon_adamw(mine, matrix_rate=0.02, rate=1e-2, weight_decay=0.1, beta2=0.98)
    theirs = torch.optim.AdamW(other.parameters(), lr=1e-2, betas=(0.9, 0.98), weight_decay=0.0)
    for step in range(5):
        for table, optimizer in ((mine, ours), (other, theirs)):
            optimizer.zero_grad()
            (table(torch.arange(7)) * torch.arange(35).view(7, 5)).sin().sum().backward()
            optimizer.step()
        assert torch.allclose(mine.weight, other.weight, atol=1e-6), step


def test_matrices_of_layers_go_to_muon_and_learn() -> None:
    torch.manual_seed(1)
    model = nn.Sequential(nn.Embedding(5, 8), nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 5))
    optimizer = muon_adamw(model, matrix_rate=0.05, rate=0.01, weight_decay=0.0)
    muon, rest = optimizer.param_groups
    assert [tuple(weight.shape) for weight in muon["params"]] == [(16, 8), (5, 16)]
    assert muon["muon"] and not rest["muon"]
    target = torch.tensor([1, 2, 3, 4, 0])
    losses = []
    for _ in range(40):
        loss = nn.functional.cross_entropy(model(torch.arange(5)), target)
        losses.append(float(loss.detach()))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert losses[-1] < 0.2 * losses[0]
