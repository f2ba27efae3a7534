"""Version 1 of the policy and the rules that a new site begins with."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from moderation.default_rules import RULES
from moderation.presets import DEFAULT_POLICY


def install(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    policies = apps.get_model("moderation", "Policy").objects
    if not policies.exists():
        policies.create(version=1, name="Default", document=DEFAULT_POLICY.model_dump(mode="json"), is_active=True)
    rule = apps.get_model("moderation", "Rule")
    rule.objects.bulk_create(
        rule(kind=kind, pattern=pattern, label=label, score=score, note="From the start.")
        for kind, pattern, label, score in RULES
    )


class Migration(migrations.Migration):
    dependencies = [("moderation", "0001_initial")]

    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
