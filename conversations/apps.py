from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from moderation.around import provider_set


class ConversationsConfig(AppConfig):
    name = "conversations"
    verbose_name = _("conversations")

    def ready(self) -> None:
        import_module("conversations.receivers")
        # By name: models cannot be imported before the apps are ready.
        provider_set(import_string("conversations.selectors.messages_after"))
