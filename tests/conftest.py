"""What all tests share. The servers they use are started by `tests.settings`."""

from __future__ import annotations
