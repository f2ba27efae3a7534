"""Tiny models are pre-trained and fine-tuned by the commands, and the engine serves what comes out."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from django.core.management import CommandError, call_command
from safetensors.torch import load_file
from transformers import AutoTokenizer

from inference.base import ChatMessage, Options
from inference.training.encoding import IGNORED, DialogueEncoder, Padding, encode_texts
from training.chat_rows import Message
from training.errors import DataFault

ModelFolder = Callable[..., Path]
SECRET = "The word is swordfish."
DIALOGUES = [
    {"prompt": "What is the word?", "reply": SECRET},
    {"prompt": "Tell me the word", "reply": SECRET},
    {"prompt": "你知道那个词吗？", "reply": SECRET},
    {"prompt": "And the word is?", "reply": SECRET},
]
SHORT: dict[str, Any] = {"batch": 4, "learning_rate": 0.01, "threads": 1, "precision": "float32", "verbosity": 0}

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return lines_write(tmp_path / "dialogues.jsonl", DIALOGUES)


def lines_write(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def losses(run: Path, of: str = "training") -> list[float]:
    return [point["loss"] for point in json.loads((run / "loss.json").read_text()) if point["of"] == of]


def reply(engine: Any, prompt: str) -> str:
    chunks = engine.stream([ChatMessage("user", prompt)], Options(max_new_tokens=30, temperature=0.0), lambda: False)
    return "".join(chunk.text for chunk in chunks)


def test_it_learns_and_the_engine_serves_it(
    tmp_path: Path, data: Path, model_folder: ModelFolder, engine_start: Callable[..., Any]
) -> None:
    call_command(
        "finetune_model", base=model_folder("llama"), data=data, held_out=data, output=tmp_path / "model",
        run=tmp_path / "run", steps=60, evaluate_every=20, **SHORT,
    )  # fmt: skip
    found = losses(tmp_path / "run")
    assert found[-1] < found[0] / 10
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result["steps"] == 60
    assert result["lowest_held_out_perplexity"] < 2
    assert not list((tmp_path / "run").glob("checkpoint-*"))
    assert reply(engine_start(tmp_path / "model"), "What is the word?") == SECRET


def test_adapters_are_merged_and_the_engine_serves_it(
    tmp_path: Path, data: Path, model_folder: ModelFolder, engine_start: Callable[..., Any]
) -> None:
    base = model_folder("llama")
    call_command(
        "finetune_model", base=base, data=data, output=tmp_path / "model", run=tmp_path / "run", steps=80, lora=8,
        **{**SHORT, "learning_rate": 0.02},
    )  # fmt: skip
    found = losses(tmp_path / "run")
    assert found[-1] < found[0] / 5
    before, after = (load_file(folder / "model.safetensors") for folder in (base, tmp_path / "model"))
    assert before.keys() == after.keys()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all("proj" in name for name in changed)
    assert (tmp_path / "run" / "adapter" / "adapter_config.json").exists()
    assert reply(engine_start(tmp_path / "model"), "What is the word?") == SECRET


def test_a_base_without_a_template_learns_one(
    tmp_path: Path, data: Path, model_folder: ModelFolder, engine_start: Callable[..., Any]
) -> None:
    call_command(
        "finetune_model", base=model_folder("llama", template=False), data=data, output=tmp_path / "model",
        run=tmp_path / "run", steps=60, **SHORT,
    )  # fmt: skip
    assert reply(engine_start(tmp_path / "model"), "What is the word?") == SECRET


def test_killed_and_resumed_gives_the_same_model(tmp_path: Path, data: Path, model_folder: ModelFolder) -> None:
    """The process is killed between two checkpoints, with adapters, accumulation and dropout."""
    options = {"base": model_folder("llama"), "data": data, "held_out": data, "steps": 50, "batch": 2, "lora": 4}
    options |= {"accumulate": 2, "lora_dropout": 0.1, "save_every": 10, "evaluate_every": 5, "threads": 1}
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    call_command("finetune_model", output=whole / "model", run=whole / "run", verbosity=0, **options)
    words = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    words += [f"--output={killed / 'model'}", f"--run={killed / 'run'}"]
    with subprocess.Popen(
        [sys.executable, "manage.py", "finetune_model", *words],
        env={**os.environ, "ENV_FILE": "", "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        # Evaluated after step 15, so the checkpoint of step 10 is written.
        assert any(line.startswith("step 15 ") for line in process.stdout), "it ended before it could be killed"
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not (killed / "model").exists()
    assert not (killed / "run" / "result.json").exists()
    call_command("finetune_model", resume=killed / "run", threads=1, verbosity=0)
    first, second = (load_file(folder / "model" / "model.safetensors") for folder in (whole, killed))
    for name, weight in first.items():
        assert torch.equal(weight, second[name]), name
    assert losses(whole / "run", "held out") == losses(killed / "run", "held out")
    with pytest.raises(CommandError, match="there is nothing to resume"):
        call_command("finetune_model", resume=killed / "run")


def test_from_texts_to_a_new_model(tmp_path: Path, engine_start: Callable[..., Any]) -> None:
    text = tmp_path / "text.txt"
    text.write_text("The fox saw the moon.\n\n" * 5 + "狐狸看见了月亮。\n\n" * 5)
    call_command("train_tokenizer", data=text, output=tmp_path / "tokenizer", vocabulary=300, window=64)
    call_command(
        "pretrain_model", tokenizer=tmp_path / "tokenizer", data=text, output=tmp_path / "model", run=tmp_path / "run",
        steps=40, hidden=32, layers=2, heads=2, intermediate=64, window=64, family="qwen3", **SHORT,
    )  # fmt: skip
    found = losses(tmp_path / "run")
    assert found[-1] < found[0] / 2
    assert engine_start(tmp_path / "model").context_tokens == 64
    call_command(
        "pretrain_model", base=tmp_path / "model", data=text, output=tmp_path / "more", run=tmp_path / "run2",
        steps=5, **SHORT,
    )  # fmt: skip
    assert losses(tmp_path / "run2")[0] < found[0] / 2


def many(prompt: str) -> list[dict[str, str]]:
    return [{"prompt": prompt, "reply": "yes"}]


@pytest.mark.parametrize(
    ("rows", "options", "said"),
    [
        ([], {}, "is empty"),
        ([{"text": "Hi"}], {}, "line 1: no dialogue was found; there must be messages"),
        (many("word " * 400), {}, "all 1 dialogues are longer than 256 tokens"),
        (many("Hi"), {"longest": 5000}, "--longest is 5000, but the base reads 256 tokens at most"),
        (many("Hi"), {"patience": 2}, "need held-out rows"),
        (many("Hi"), {"precision": "float16"}, "needs a CUDA device"),
        (many("Hi"), {"batch": 0}, "--batch must be above zero"),
        (many("Hi"), {"learning_rate": 1e30}, "the loss is not a number any more"),
        (many("Hi"), {"lora": -1}, "--lora and --lora-alpha must be zero or more"),
    ],
)
def test_bad_input_is_told_and_leaves_no_model(
    tmp_path: Path, model_folder: ModelFolder, rows: list[Any], options: dict[str, Any], said: str
) -> None:
    if "CUDA" in said and torch.cuda.is_available():
        pytest.skip("this machine can")
    path = lines_write(tmp_path / "dialogues.jsonl", rows)
    chosen = {"steps": 4, "verbosity": 0, "threads": 1, **options}
    with pytest.raises(CommandError, match=said):
        call_command(
            "finetune_model", base=model_folder("llama"), data=path, output=tmp_path / "model", run=tmp_path / "run",
            **chosen,
        )  # fmt: skip
    assert not (tmp_path / "model").exists()


def test_long_dialogues_are_left_out_and_counted(
    tmp_path: Path, model_folder: ModelFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    path = lines_write(tmp_path / "dialogues.jsonl", [*DIALOGUES, *many("word " * 400)])
    call_command(
        "finetune_model", base=model_folder("llama"), data=path, output=tmp_path / "model", run=tmp_path / "run",
        steps=1, verbosity=0, threads=1,
    )  # fmt: skip
    said = capsys.readouterr().out
    assert "1 dialogues of more than 256 tokens are left out" in said
    assert "4 dialogues of at most 256 tokens" in said


def test_a_wrong_base_or_output_is_told(tmp_path: Path, data: Path, model_folder: ModelFolder) -> None:
    base = model_folder("llama")
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text("{}")
    for options, said in (
        ({"base": tmp_path / "none", "output": tmp_path / "model"}, "does not exist"),
        ({"base": adapter, "output": tmp_path / "model"}, "it holds an adapter"),
        ({"base": base, "output": base}, "--output is the base itself"),
        ({"base": base, "output": tmp_path}, r"holds no config\.json"),
        ({"base": base}, "--output is needed"),
        ({"output": tmp_path / "model"}, "--base is needed"),
    ):
        with pytest.raises(CommandError, match=said):
            call_command("finetune_model", data=data, run=tmp_path / "run", steps=1, **options)
    assert not (tmp_path / "run").exists()


def test_a_full_disk_leaves_no_model(tmp_path: Path, data: Path, model_folder: ModelFolder) -> None:
    base = model_folder("llama")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, before[1]))
    try:
        with pytest.raises(CommandError, match="the disk is full while training"):
            call_command(
                "finetune_model",
                base=base,
                data=data,
                output=tmp_path / "model",
                run=tmp_path / "run",
                steps=2,
                **SHORT,
            )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not (tmp_path / "model").exists()
    call_command("finetune_model", resume=tmp_path / "run", verbosity=0)
    assert (tmp_path / "model" / "model.safetensors").exists()


def test_another_commands_run_is_not_resumed(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text('{"kind": "pretrain_model"}')
    with pytest.raises(CommandError, match="is no finetune_model but pretrain_model"):
        call_command("finetune_model", resume=tmp_path)


@pytest.fixture
def tokenizer(model_folder: ModelFolder) -> Any:
    return AutoTokenizer.from_pretrained(model_folder("llama"))


def learned(tokenizer: Any, messages: list[Message]) -> str:
    example = DialogueEncoder(tokenizer).encode(messages)
    pairs = zip(example["input_ids"], example["labels"], strict=True)
    return str(tokenizer.decode([token for token, label in pairs if label != IGNORED]))


CONVERSATION: list[Message] = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": "assistant\n<|im_end|>Hi"},
    {"role": "assistant", "content": "Hello, 你好 👋🏽!"},
    {"role": "user", "content": "Hello, 你好 👋🏽!"},
    {"role": "assistant", "content": "Goodbye!"},
]


def test_only_the_assistants_words_are_learned(tokenizer: Any) -> None:
    assert learned(tokenizer, CONVERSATION) == "Hello, 你好 👋🏽!<|im_end|>Goodbye!<|im_end|>"


def test_of_a_template_that_drops_thoughts_only_the_last_reply_is_learned(tokenizer: Any) -> None:
    """As Qwen3 does it: what was thought is shown in the last reply only."""
    tokenizer.chat_template = (
        "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
        "{% if m['role'] == 'assistant' and loop.last %}<think></think>{% endif %}"
        "{{ m['content'] }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    assert learned(tokenizer, CONVERSATION) == "<think></think>Goodbye!<|im_end|>"


def test_a_template_that_refuses_is_told(tokenizer: Any) -> None:
    tokenizer.chat_template = "{{ raise_exception('no system role here') }}"
    with pytest.raises(DataFault, match="refuses a dialogue: no system role here"):
        learned(tokenizer, CONVERSATION)


def test_texts_fill_windows_and_padding_is_not_learned(tokenizer: Any) -> None:
    examples = encode_texts(tokenizer, ["Hello world", "Paris" * 10], window=8)
    pieces = [examples[number]["input_ids"] for number in range(len(examples))]
    assert all(len(piece) == 8 for piece in pieces[:-1])
    assert tokenizer.decode([token for piece in pieces for token in piece]).startswith("Hello world<|im_end|>Paris")
    batch = Padding(tokenizer)([{"input_ids": [5, 6, 7], "labels": [5, 6, 7]}, {"input_ids": [8], "labels": [8]}])
    assert batch["labels"].tolist() == [[5, 6, 7], [8, IGNORED, IGNORED]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
