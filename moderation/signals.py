"""The only upward word: a person decided on a flag."""

from django.dispatch import Signal

decision_reviewed = Signal()
"""Sent after commit with ``review`` (Review) and ``decision`` (the reviewer's new Decision row).

``decision.action`` is ALLOW when the flag was dismissed (the text may be shown) and BLOCK when it was upheld.
"""
