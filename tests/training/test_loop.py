"""The training loop: the loss falls, a run goes on where it was killed, and trouble is told in a sentence."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from tests.training.tiny import Points, TinyModel, collate
from training.curves import LossPoint
from training.errors import DataFault, DiskFull, OutOfMemory, RunFault, TrainingError
from training.loop import Plan, Trained, train
from training.runs import Run, newest_checkpoint

PLAN = Plan(steps=60, batch=8, accumulate=2, learning_rate=0.02, save_every=10, precision="float32")


def train_tiny(run: Path, plan: Plan = PLAN, **more: Any) -> tuple[TinyModel, Trained, list[str]]:
    model, said = TinyModel(), list[str]()
    trained = train(model, Points(200), plan, run, collate=collate, say=said.append, bar=False, **more)
    return model, trained, said


def same_weights(one: TinyModel, other: TinyModel) -> bool:
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return all(torch.equal(first, second) for first, second in pairs)


def test_loss_falls_and_is_drawn(tmp_path: Path) -> None:
    _, trained, _ = train_tiny(tmp_path)
    assert trained.steps == 60
    assert trained.losses.trained[-1].loss < trained.losses.trained[0].loss / 2
    points = json.loads((tmp_path / "loss.json").read_text())
    assert [LossPoint(point["step"], point["loss"]) for point in points] == trained.losses.trained
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")


class Stop(TrainerCallback):
    """Ends the training as if the power failed between two checkpoints."""

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        if state.global_step == 27:
            raise KeyboardInterrupt


def test_stopped_and_resumed_gives_the_same_weights(tmp_path: Path) -> None:
    whole, *_ = train_tiny(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train_tiny(tmp_path / "stopped", callbacks=[Stop()])
    assert newest_checkpoint(tmp_path / "stopped") == tmp_path / "stopped" / "checkpoint-20"
    resumed, trained, said = train_tiny(tmp_path / "stopped")
    assert said[0] == "going on from checkpoint-20"
    assert trained.steps == 60
    assert same_weights(whole, resumed)


def test_patience_is_resumed_too(tmp_path: Path) -> None:
    """Stopped after one evaluation that was no better, it ends where it would have ended."""
    plan = replace(PLAN, steps=400, evaluate_every=9, patience=2, learning_rate=0.05)
    held_out = Points(60, seed=9, noise=True)
    whole, all_of_it, _ = train_tiny(tmp_path / "whole", plan, held_out=held_out)
    with pytest.raises(KeyboardInterrupt):
        train_tiny(tmp_path / "stopped", plan, held_out=held_out, callbacks=[Stop()])
    resumed, rest, _ = train_tiny(tmp_path / "stopped", plan, held_out=held_out)
    assert (rest.steps, rest.best_step) == (all_of_it.steps, all_of_it.best_step)
    assert same_weights(whole, resumed)


@pytest.mark.parametrize("patience", [0, 2])
def test_killed_after_its_last_step_it_learns_no_more(tmp_path: Path, patience: int) -> None:
    plan = replace(PLAN, steps=60, evaluate_every=10, patience=patience, learning_rate=0.05)
    held_out = Points(60, seed=9, noise=True)
    whole, first, _ = train_tiny(tmp_path, plan, held_out=held_out)
    assert first.stopped_early == bool(patience)
    again, second, _ = train_tiny(tmp_path, plan, held_out=held_out)
    assert same_weights(whole, again)
    assert replace(first, seconds=0.0) == replace(second, seconds=0.0)


def test_half_a_checkpoint_is_not_gone_on_from(tmp_path: Path) -> None:
    train_tiny(tmp_path)
    (tmp_path / "checkpoint-60" / "trainer_state.json").write_text('{"half')
    assert newest_checkpoint(tmp_path) == tmp_path / "checkpoint-50"


def test_it_ends_early_and_keeps_the_best_weights(tmp_path: Path) -> None:
    plan = replace(PLAN, steps=400, evaluate_every=10, patience=2, learning_rate=0.05)
    model, trained, said = train_tiny(tmp_path, plan, held_out=Points(60, seed=9, noise=True))
    assert trained.stopped_early
    assert trained.best_step is not None
    best = min(trained.losses.held_out, key=lambda point: point.loss)
    assert trained.best_step == best.step == trained.steps - 20
    model.eval()
    rows = Points(60, seed=9, noise=True)
    loss = model(**collate([rows[number] for number in range(60)]))["loss"]
    assert loss.item() == pytest.approx(best.loss, rel=1e-4)
    assert any("held-out loss" in line and "left" in line for line in said)


def test_accumulation_learns_as_a_large_batch_does(tmp_path: Path) -> None:
    plain = replace(PLAN, steps=5, batch=16, accumulate=1, order="sequential")
    parted = replace(plain, batch=4, accumulate=4)
    models = []
    for name, plan in (("plain", plain), ("parted", parted)):
        model = TinyModel()
        model.layers[2].p = 0.0  # type: ignore[assignment]
        train(model, Points(80), plan, tmp_path / name, collate=collate, say=lambda line: None, bar=False)
        models.append(model)
    for one, other in zip(models[0].parameters(), models[1].parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)


class Hungry(TinyModel):
    """Asks for more memory than any machine has."""

    def forward(self, points: Tensor, labels: Tensor) -> dict[str, Tensor]:
        return {"loss": torch.empty(2**60, dtype=torch.uint8).float().mean()}


def test_out_of_memory_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutOfMemory, match="use a smaller batch"):
        train(Hungry(), Points(20), PLAN, tmp_path, collate=collate, say=lambda line: None, bar=False)


@pytest.fixture
def small_disk() -> Iterator[None]:
    """The system refuses files of more than some bytes, as it does when a quota is used up."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (900, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("small_disk")
def test_a_full_disk_is_told_and_leaves_no_checkpoint_to_go_on_from(tmp_path: Path) -> None:
    with pytest.raises(DiskFull, match="the disk is full while training"):
        train_tiny(tmp_path)
    assert newest_checkpoint(tmp_path) is None


@pytest.mark.parametrize(
    ("plan", "rows", "said"),
    [
        (replace(PLAN, steps=0), 20, "steps or epochs above zero"),
        (PLAN, 0, "no rows are left"),
        (replace(PLAN, patience=1), 20, "set evaluate_every"),
        (replace(PLAN, evaluate_every=5), 20, "need held-out rows"),
        (replace(PLAN, precision="float16"), 20, "needs a CUDA device"),
        (replace(PLAN, learning_rate=1e38), 20, "not a number"),
    ],
)
def test_what_cannot_be_is_told(tmp_path: Path, plan: Plan, rows: int, said: str) -> None:
    if "CUDA" in said and torch.cuda.is_available():
        pytest.skip("this machine can")
    with pytest.raises(TrainingError, match=said):
        train(TinyModel(), Points(rows), plan, tmp_path, collate=collate, say=lambda line: None, bar=False)


def test_a_run_remembers_how_to_repeat_it(tmp_path: Path) -> None:
    data = tmp_path / "rows.csv"
    data.write_text("text\nx\n")
    run = Run.begin(tmp_path / "run", {"steps": 3}, [data])
    assert Run.resume(run.folder).read("settings.json") == {"steps": 3}
    machine = run.read("machine.json")
    assert machine["versions"]["torch"] == torch.__version__
    assert machine["command"]
    data.write_text("text\ny\n")
    with pytest.raises(RunFault, match="is not what it was"):
        Run.resume(run.folder)
    data.unlink()
    with pytest.raises(RunFault, match="does not exist any more"):
        Run.resume(run.folder)
    Run.begin(run.folder, {"steps": 4}, [], replace=True)
    assert run.read("settings.json") == {"steps": 4}
    (run.folder / "checkpoint-3").mkdir()
    Run.begin(run.folder, {"steps": 5}, [])
    (run.folder / "checkpoint-3").mkdir()
    (run.folder / "checkpoint-3" / "trainer_state.json").write_text("{}")
    with pytest.raises(RunFault, match="holds a run already"):
        Run.begin(run.folder, {}, [])
    run.finish({"loss": 1.0})
    assert not (run.folder / "checkpoint-3").exists()
    with pytest.raises(RunFault, match="nothing to resume"):
        Run.resume(run.folder)


def test_a_folder_that_is_no_run_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(RunFault, match="holds no run"):
        Run.begin(tmp_path, {}, [], replace=True)
    with pytest.raises(RunFault, match="no training to resume"):
        Run.resume(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_faults_of_the_program_pass_as_they_are(tmp_path: Path) -> None:
    class Wrong(TinyModel):
        def forward(self, points: Tensor, labels: Tensor) -> dict[str, Tensor]:
            raise KeyError("a slip of ours")

    with pytest.raises(KeyError, match="slip"):
        train(Wrong(), Points(20), PLAN, tmp_path, collate=collate, say=lambda line: None, bar=False)


def test_errors_are_one_tree() -> None:
    assert all(issubclass(kind, TrainingError) for kind in (DataFault, DiskFull, OutOfMemory, RunFault))
