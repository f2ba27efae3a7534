"""The only upward word: a person decided on a flag."""

from django.dispatch import Signal

decision_reviewed = Signal()
"""Sent inside the transaction that stores it, with ``review`` (Review) and ``decision`` (the reviewer's new Decision).

A receiver that fails takes the decision back with it; one that tells others does so after commit.
``decision.action`` is ALLOW when the flag was dismissed (the text may be shown) and BLOCK when it was upheld.
"""
