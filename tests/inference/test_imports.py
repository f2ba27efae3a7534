"""What a web process imports of this app loads no model library."""

from __future__ import annotations

import json
import subprocess
import sys

LIGHT = (
    "inference.apps",
    "inference.base",
    "inference.chat_template",
    "inference.checks",
    "inference.model_files",
    "inference.prompts",
    "inference.runtime",
)
HEAVY = {"torch", "transformers", "tokenizers", "safetensors", "huggingface_hub", "numpy", "accelerate"}


def test_the_light_modules_load_no_model_library() -> None:
    program = (
        f"import importlib, json, sys\nfor name in {LIGHT!r}: importlib.import_module(name)\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert HEAVY.isdisjoint(json.loads(done.stdout))
