"""What the web process tells uvicorn."""

from __future__ import annotations

from typing import Any

import pytest

from chatsite import serve
from chatsite.settings import ENV


@pytest.mark.parametrize("is_proxied", [True, False])
def test_headers_of_the_named_proxy_are_believed(monkeypatch: pytest.MonkeyPatch, is_proxied: bool) -> None:
    given: dict[str, Any] = {}
    changes = {"behind_https_proxy": is_proxied, "forwarded_allow_ips": "10.0.0.0/8"}
    monkeypatch.setattr(serve, "ENV", ENV.model_copy(update=changes))
    monkeypatch.setattr(serve, "call_command", lambda *_args, **_options: None)
    monkeypatch.setattr("uvicorn.run", lambda _application, **options: given.update(options))
    serve.main()
    assert given["proxy_headers"] is is_proxied
    assert given["forwarded_allow_ips"] == "10.0.0.0/8"
