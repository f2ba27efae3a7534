"""Every address of the site."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from chatsite import health

urlpatterns = [
    path("livez", health.livez),
    path("readyz", health.readyz),
    path("", include("conversations.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
]
