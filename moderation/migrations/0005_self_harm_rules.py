"""Broader rules for self-harm, in the place of those that a site still has as they came with it."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from moderation.default_rules import NOTE
from moderation.default_rules.self_harm import SELF_HARM

REPLACED = (
    r"\b(kill(ing)?|hang(ing)?|shoot(ing)?|harm(ing)?|hurt(ing)?|cut(ting)?) myself\b",
    r"\b(i|we) (really |just )?(want|wanna|need|plan|decided) (to )?(die|commit suicide|end my life)\b",
    r"\b(end|take|ending|taking) my (own )?life\b",
    r"\b(best|easiest|painless|quickest|how to) (way |method |ways |methods )?(to |of |for )?(commit(ting)? suicide|suicide method)",
    r"我(真的|好|很|就|只|现在){0,3}(想|要)(自杀|死了算了|跳楼|割腕|结束自己的生命|结束生命)",
    r"我(真的|已经)?不想活(了|下去)",
    r"(怎么|如何|怎样)(才能)?(无痛|快速|没有痛苦地?)?(地)?自杀|自杀(的)?(方法|方式)(大全|有哪些)",
)


def renew(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    rules = apps.get_model("moderation", "Rule").objects.using(schema_editor.connection.alias)
    rules.filter(label="self_harm", note=NOTE, pattern__in=REPLACED).delete()
    known = set(rules.values_list("pattern", flat=True))
    rules.bulk_create(
        rules.model(kind=kind, pattern=pattern, label=label, score=score, note=NOTE)
        for kind, pattern, label, score in SELF_HARM
        if pattern not in known
    )


class Migration(migrations.Migration):
    dependencies = [("moderation", "0004_claims_and_trail")]

    operations = [migrations.RunPython(renew, migrations.RunPython.noop)]
