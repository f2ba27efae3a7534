"""Facts about the machine that a figure is worth nothing without."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

import psutil

LIBRARIES = ("torch", "transformers", "Django", "channels", "celery", "alt-profanity-check")


def machine_facts() -> dict[str, object]:
    """Processor, cores, memory (bytes), versions, and how busy the machine was at the start (load of one minute)."""
    return {
        "processor": processor_name(),
        "cores": os.cpu_count() or 1,
        "memory_bytes": psutil.virtual_memory().total,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "load_at_start": round(os.getloadavg()[0], 2),
    }


def processor_name() -> str:
    """As Linux tells it; elsewhere what Python knows."""
    path = Path("/proc/cpuinfo")
    if path.exists():
        for line in path.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
