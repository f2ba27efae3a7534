"""The web process: puts the static files in their place, then serves. `python -m chatsite.serve`."""

from __future__ import annotations

import os

import django
import uvicorn
from django.core.management import call_command

from chatsite.settings import ENV

MAX_WEBSOCKET_BYTES = 1024 * 1024
"""Four times what the site takes: a frame above the site's limit gets an answer, one above this a close."""
GRACE_SECONDS = 3


def main() -> None:
    """Serve until a signal comes."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
    django.setup()
    call_command("collectstatic", interactive=False, verbosity=0)
    uvicorn.run(
        "chatsite.asgi:application",
        host=ENV.host,
        port=ENV.port,
        ws="websockets-sansio",
        ws_max_size=MAX_WEBSOCKET_BYTES,
        timeout_graceful_shutdown=GRACE_SECONDS,
        log_level=ENV.log_level.lower(),
        access_log=False,
        server_header=False,
        # Whose address a request came from is read from headers only where a proxy is known to set them.
        proxy_headers=ENV.behind_https_proxy,
        forwarded_allow_ips=ENV.forwarded_allow_ips,
    )


if __name__ == "__main__":
    main()
