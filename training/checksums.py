"""What a file or folder held, as a checksum to compare by."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TypedDict


class Checksum(TypedDict):
    """``bytes`` is the size, ``sha256`` is hexadecimal."""

    path: str
    bytes: int
    sha256: str


def checksum(path: Path) -> Checksum:
    """Of a file; of a folder over the names and contents of all its files."""
    digest = hashlib.sha256()
    size = 0
    for file in [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file()):
        digest.update(str(file.relative_to(path)).encode())
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
                size += len(block)
    return {"path": str(path.absolute()), "bytes": size, "sha256": digest.hexdigest()}
