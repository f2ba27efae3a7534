"""Broader rules for attacks on the instructions, in the place of those that a site still has as they came with it."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from moderation.default_rules import NOTE
from moderation.default_rules.attacks import PROMPT_ATTACKS

REPLACED = (
    r"\b(ignore|disregard|forget) (all |any )?(of )?(the |your |my )?(previous|prior|above|earlier|preceding)( system)? (instructions?|prompts?|rules|messages|directions)\b",
    r"\b(print|show|reveal|repeat|output|display) (me )?(your|the) (full |entire |hidden |initial )?system (prompt|message|instructions)\b",
    r"(忽略|无视|忘记|忘掉)(掉)?(你)?(之前|以上|上面|前面|先前)(的)?(所有|全部|一切)?(的)?(指令|指示|提示|规则|设定|要求)",
    r"(输出|显示|告诉我|打印|重复)(一下)?(你的)(完整)?系统(提示词|提示|指令|设定)",
)


def renew(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    rules = apps.get_model("moderation", "Rule").objects.using(schema_editor.connection.alias)
    rules.filter(label="prompt_attack", note=NOTE, pattern__in=REPLACED).delete()
    known = set(rules.values_list("pattern", flat=True))
    rules.bulk_create(
        rules.model(kind=kind, pattern=pattern, label=label, score=score, note=NOTE)
        for kind, pattern, label, score in PROMPT_ATTACKS
        if pattern not in known
    )


class Migration(migrations.Migration):
    dependencies = [("moderation", "0008_queue")]

    operations = [migrations.RunPython(renew, migrations.RunPython.noop)]
