"""Taking a person's words out of the evidence, for good. The one way in which the ledger loses text (I6).

What stays says that something was judged, when, with which scores and what was done; not what was written.
"""

from __future__ import annotations

from django.db import transaction

from moderation.models import Appeal, Decision, Review, ReviewExplanation


def evidence_erase(*, user_id: int) -> int:
    """Redact all decisions about the person's texts and empty their flags; says how many decisions it were."""
    with transaction.atomic():
        count = Decision.objects.filter(user_id=user_id, redacted_at__isnull=True).redact()
        reviews = Review.objects.filter(user_id=user_id)
        # Where words stood and how long they were says something of a text; its likeness can be found by guessing.
        ReviewExplanation.objects.filter(review__in=reviews).delete()
        reviews.update(text="", shown_end=0, spans=[], context=[], likeness="")
        Appeal.objects.filter(user_id=user_id).update(text="")
    return count
