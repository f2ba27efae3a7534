from django.urls import path

from conversations.consumers import ConversationConsumer

websocket_urlpatterns = [
    # Django's type of path() knows views only; Channels' router calls what it finds as an ASGI application.
    path("ws/conversations/<uuid:conversation_id>/", ConversationConsumer.as_asgi()),  # type: ignore[arg-type]
]
