from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from moderation.around import provider_set


class ConversationsConfig(AppConfig):
    name = "conversations"
    verbose_name = _("conversations")

    def ready(self) -> None:
        import_module("conversations.receivers")
        index = import_module("conversations.search_index")
        pre_migrate.connect(index.triggers_drop_before_migrations, sender=self)
        post_migrate.connect(index.index_install_after_migrations, sender=self)
        # By name: models cannot be imported before the apps are ready.
        provider_set(import_string("conversations.selectors.messages_after"))
