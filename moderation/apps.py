from typing import Any

from django.apps import AppConfig
from django.core.checks import register
from django.db import DEFAULT_DB_ALIAS
from django.db.models.signals import post_migrate
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from moderation.checks import classifiers_check, guard_check, help_countries_check, toxicity_model_check


class ModerationConfig(AppConfig):
    name = "moderation"
    verbose_name = _("moderation")

    def ready(self) -> None:
        register(classifiers_check)
        register(toxicity_model_check)
        register(guard_check)
        register(help_countries_check)
        post_migrate.connect(_after_migrate, sender=self, dispatch_uid="moderation.defaults")


def _after_migrate(sender: AppConfig, using: str = DEFAULT_DB_ALIAS, **_: Any) -> None:
    # By name: models cannot be imported before the apps are ready.
    import_string("moderation.defaults.defaults_ensure")(sender, using)
    import_string("moderation.safeguards.safeguards_install")(using)
