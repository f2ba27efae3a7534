"""The chat template for models that bring none (base models such as GPT-2). Text only; see docs/inference.md."""

from __future__ import annotations

FALLBACK_TEMPLATE = (
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'system' -%}{{ message['content'] + '\n\n' }}"
    "{%- elif message['role'] == 'user' -%}{{ 'User: ' + message['content'] + '\n' }}"
    "{%- else -%}{{ 'Assistant: ' + message['content'] + '\n' }}"
    "{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ 'Assistant:' }}{%- endif -%}"
)

# Such a model knows no end of a turn: it would go on and write the person's next line too.
FALLBACK_STOPS = ("\nUser:", "\nAssistant:")
