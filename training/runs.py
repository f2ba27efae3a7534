"""One folder for each run, with all that is needed to repeat it: settings, data's checksums, versions, losses.

runs/NAME/settings.json     the recipe
runs/NAME/inputs.json       each file or folder that it read: path, bytes, SHA-256
runs/NAME/machine.json      command line, versions, commit, device, date
runs/NAME/checkpoint-N/     to go on from; removed when the run is done, unless they are to be kept
runs/NAME/loss.json, loss.png, result.json
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from training.checksums import checksum
from training.errors import RunFault, clear_errors
from training.processes import is_main, wait_for_all

SETTINGS, INPUTS, MACHINE, RESULT = "settings.json", "inputs.json", "machine.json", "result.json"
_PACKAGES = ("torch", "transformers", "accelerate", "tokenizers", "safetensors", "peft", "datasketch", "scikit-learn")


@dataclass(frozen=True, slots=True)
class Run:
    """A run's folder, begun or to be resumed."""

    folder: Path

    @classmethod
    def begin(cls, folder: Path, settings: Mapping[str, Any], inputs: Sequence[Path], *, replace: bool = False) -> Run:
        """Make the folder and write down what will be done. ``settings`` is anything that JSON can hold.

        A run that ended before its first checkpoint is replaced. Raises ``RunFault`` when the folder holds one that
        came further (``replace`` removes it too) or something else.
        """
        run = cls(folder)
        if is_main():
            if folder.exists() and any(folder.iterdir()):
                if not (folder / SETTINGS).exists():
                    raise RunFault(f"{folder} is not empty and holds no run; give another folder")
                if not replace and run.has_come_far:
                    raise RunFault(f"{folder} holds a run already; resume it, or give another folder")
                shutil.rmtree(folder)
            with clear_errors(f"beginning the run in {folder}"):
                folder.mkdir(parents=True, exist_ok=True)
                run.write(INPUTS, [checksum(path) for path in inputs])
                run.write(MACHINE, _machine())
                run.write(SETTINGS, dict(settings))
        wait_for_all()
        return run

    @classmethod
    def resume(cls, folder: Path) -> Run:
        """The run that was begun there. Raises ``RunFault`` when there is none, it is done, or its data changed."""
        run = cls(folder)
        if not (folder / SETTINGS).is_file():
            raise RunFault(f"there is no training to resume: {folder} holds no {SETTINGS}; start without --resume")
        if (folder / RESULT).exists():
            raise RunFault(f"the run in {folder} is done; there is nothing to resume")
        for known in run.read(INPUTS):
            path = Path(known["path"])
            if not path.exists():
                raise RunFault(f"{path}, which the run in {folder} reads, does not exist any more")
            if checksum(path)["sha256"] != known["sha256"]:
                raise RunFault(f"{path} is not what it was when the run in {folder} began; begin a new run")
        return run

    @property
    def has_come_far(self) -> bool:
        """Whether there is something to lose: a checkpoint, or a result."""
        return (self.folder / RESULT).exists() or newest_checkpoint(self.folder) is not None

    def write(self, name: str, value: Any) -> None:
        """Write a JSON file into the folder, whole or not at all."""
        path = self.folder / name
        fresh = path.with_name(f".{name}.new")
        with clear_errors(f"writing {path}"):
            fresh.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            fresh.replace(path)

    def read(self, name: str) -> Any:
        """Read a JSON file of the folder. Raises ``RunFault``."""
        try:
            return json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise RunFault(f"{self.folder / name} cannot be read ({error}); begin a new run") from error

    def finish(self, result: Mapping[str, Any], *, keep_checkpoints: bool = False) -> None:
        """Write down what came of it, and remove the checkpoints. A finished run cannot be resumed."""
        if not is_main():
            return
        self.write(RESULT, dict(result))
        if not keep_checkpoints:
            for checkpoint in self.folder.glob("checkpoint-*"):
                shutil.rmtree(checkpoint, ignore_errors=True)


def new_run_folder(name: str, root: Path = Path("runs")) -> Path:
    """A folder of its own for a run that begins now: ``runs/finetune_model-20261124-031500``."""
    return root / f"{name}-{datetime.now(UTC):%Y%m%d-%H%M%S}"


def newest_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint that was written to its end: Trainer writes its state file last."""
    whole = [checkpoint for checkpoint in folder.glob("checkpoint-*") if _is_whole(checkpoint)]
    return max(whole, key=lambda checkpoint: int(checkpoint.name.rpartition("-")[2]), default=None)


def _is_whole(checkpoint: Path) -> bool:
    try:
        json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True


def _machine() -> dict[str, Any]:
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "begun": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "versions": versions,
    }


def _commit() -> str | None:
    """The commit of this code, with a plus when files were changed since; ``None`` outside a repository."""
    here = Path(__file__).parent
    try:
        commit, changed = (
            subprocess.run(["git", *words], cwd=here, capture_output=True, text=True, check=True, timeout=10).stdout
            for words in (("rev-parse", "HEAD"), ("status", "--porcelain", "--untracked-files=no"))
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return commit.strip() + ("+" if changed.strip() else "")
