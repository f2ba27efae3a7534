"""Becomes one part of the stack: `python -m chatsite.run_part web`. For containers, which have one part each."""

from __future__ import annotations

import os
import sys

from chatsite.env import EnvironmentFault, read_environment
from chatsite.parts import PartFault, folders_make, stack_parts


def main(argv: list[str]) -> None:
    """Never returns. Exits with plain lines when the part is not known or the environment is not usable."""
    try:
        environment = read_environment()
        folders_make(environment)
        parts = {part.name: part for part in stack_parts(environment)}
    except (EnvironmentFault, PartFault, OSError) as fault:
        sys.exit(str(fault))
    if len(argv) != 1 or argv[0] not in parts:
        sys.exit(f"which part? one of: {', '.join(parts)}")
    part = parts[argv[0]]
    os.environ.update(part.environment)
    os.execv(part.command[0], part.command)  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
