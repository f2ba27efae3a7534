"""What can go wrong in a training, as one small tree; each message says what was wrong and what to do."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

_DISK_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
# safetensors and torch write through Rust and C++, and tell the system's error only in words.
_DISK_FULL_WORDS = (
    "no space left",
    "disk quota exceeded",
    "file too large",
    "file write failed",
    "failed writing file",
    "unexpected pos",
)
_OUT_OF_MEMORY_WORDS = (
    "out of memory",
    "not enough memory",
    "can't allocate memory",
    "cannot allocate memory",
    "unable to allocate",
)


class TrainingError(Exception):
    """A training that cannot start, go on or end well. The message says what to do."""


class DataFault(TrainingError):
    """Data that cannot be learned from: a missing column, an empty file, one label only."""


class DiskFull(TrainingError):
    """There was no room to write. What was there before is whole."""


class OutOfMemory(TrainingError):
    """The memory of the machine or of its accelerator did not suffice."""


class RunFault(TrainingError):
    """A run's folder that cannot be begun or resumed."""


@contextmanager
def clear_errors(doing: str) -> Iterator[None]:
    """Turn a full disk and missing memory, whoever reports them, into ``DiskFull`` and ``OutOfMemory``.

    ``doing`` completes "while ...". Other system errors become ``TrainingError``; faults of the program pass as they
    are.
    """
    try:
        yield
    except TrainingError:
        raise
    except Exception as error:
        mapped = training_error(error, doing)
        if mapped is None:
            raise
        raise mapped from error


def training_error(error: BaseException, doing: str) -> TrainingError | None:
    """The error of this tree for one of the system's or of a library's; ``None`` when it is neither's."""
    said = (str(error).strip() or type(error).__name__).splitlines()[0]
    words = str(error).lower()
    if isinstance(error, MemoryError) or any(word in words for word in _OUT_OF_MEMORY_WORDS):
        return OutOfMemory(
            f"out of memory while {doing} ({said}); use a smaller batch with more accumulation, shorter texts or a "
            "smaller model"
        )
    if (isinstance(error, OSError) and error.errno in _DISK_FULL) or any(word in words for word in _DISK_FULL_WORDS):
        return DiskFull(f"the disk is full while {doing} ({said}); make room and start again, with --resume if offered")
    if isinstance(error, OSError):
        return TrainingError(f"failed while {doing}: {said}")
    return None
