from django.urls import path

from conversations import (
    account_views,
    message_views,
    organising_views,
    search_views,
    settings_views,
    sharing_views,
    views,
)

app_name = "conversations"

urlpatterns = [
    path("", views.home, name="home"),
    path("c/start/", views.conversation_start, name="start"),
    path("c/list/", views.conversation_list, name="list"),
    path("c/<uuid:conversation_id>/", views.conversation_detail, name="detail"),
    path("c/<uuid:conversation_id>/send/", views.prompt_send, name="send"),
    path("c/<uuid:conversation_id>/earlier/", views.conversation_earlier, name="earlier"),
    path("c/<uuid:conversation_id>/rename/", views.conversation_rename, name="rename"),
    path("c/<uuid:conversation_id>/delete/", views.conversation_delete, name="delete"),
    path("c/all/", organising_views.conversations_all, name="all"),
    path("c/change/", organising_views.conversations_change, name="change"),
    path("c/restore/", organising_views.conversations_restore, name="restore"),
    path("c/<uuid:conversation_id>/tags/", organising_views.conversation_tags, name="tags"),
    path("c/<uuid:conversation_id>/m/<uuid:message_id>/text/", message_views.message_text, name="message_text"),
    path("c/<uuid:conversation_id>/m/<uuid:message_id>/rating/", message_views.message_rate, name="message_rate"),
    path("c/<uuid:conversation_id>/m/<uuid:message_id>/why/", message_views.message_why, name="message_why"),
    path("c/<uuid:conversation_id>/export/<str:form>/", sharing_views.conversation_export, name="export"),
    path("c/<uuid:conversation_id>/print/", sharing_views.conversation_print, name="print"),
    path("c/<uuid:conversation_id>/share/", sharing_views.conversation_share, name="share"),
    path("settings/shares/", sharing_views.shares, name="shares"),
    path("settings/shares/<int:share_id>/revoke/", sharing_views.share_revoke, name="share_revoke"),
    path("s/<slug:token>/", sharing_views.shared, name="shared"),
    path("settings/delete/", account_views.account_delete, name="account_delete"),
    path("search/", search_views.search, name="search"),
    path("settings/", settings_views.settings_page, name="settings"),
    path("settings/looks/", settings_views.looks_set, name="looks"),
    path("settings/wishes/", settings_views.wishes, name="wishes"),
]
