"""What the classifiers said -> what the policy makes of it. Plain values, no Django, no torch."""

from __future__ import annotations

from collections.abc import Sequence

from moderation.combining import has_judged, is_low_confidence
from moderation.policy import PolicyDocument
from moderation.verdicts import UNKNOWN_LANGUAGE, Action, ClassifierResult, Span, Stage, Verdict

_STRANGE = {"judge": Action.ALLOW, "flag": Action.FLAG, "refuse": Action.BLOCK}
_STRICTNESS = {Action.ALLOW: 0, Action.FLAG: 1, Action.BLOCK: 2}


def strictest(actions: Sequence[Action]) -> Action:
    """The strictest of some actions; ALLOW for none."""
    return max(actions, key=_STRICTNESS.__getitem__, default=Action.ALLOW)


def decide(results: Sequence[ClassifierResult], stage: Stage, document: PolicyDocument, version: int) -> Verdict:
    """Put all classifiers' results for one text to a policy, which says how several scores for a label become one.

    A result with an error, or nobody that was asked, makes the verdict "not judged"; what the other classifiers found
    still counts, and the stricter of that and the on-error rule is the action.
    """
    policy = document.at(stage)
    scores = document.combine.scores(results)
    actions = {label: policy.labels[label].action(score) for label, score in scores.items() if label in policy.labels}
    hits = [label for label, action in actions.items() if action is not Action.ALLOW]
    hits.sort(key=lambda label: (_STRICTNESS[actions[label]], scores[label]), reverse=True)
    judged = has_judged(results)
    action = strictest(list(actions.values()))
    if not judged and policy.on_error == "closed":
        action = Action.BLOCK
    strange = _STRANGE[policy.unknown_language] if is_low_confidence(results) else Action.ALLOW
    action = strictest([action, strange])
    blocking = [label for label in hits if actions[label] is Action.BLOCK]
    return Verdict(
        action=action,
        judged=judged,
        labels=(*hits, *([UNKNOWN_LANGUAGE] if strange is not Action.ALLOW else [])),
        scores=scores,
        results=tuple(results),
        spans=merge_spans([span for result in results for span in result.spans if span.label in hits]),
        policy_version=version,
        withdraws=any(policy.labels[label].late == "withdraw" for label in blocking),
        notice=policy.notice_for(blocking) if action is Action.BLOCK else {},
    )


def merge_spans(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Join overlapping ranges of the same label; in order of position. Sources are joined with a plus sign."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.label, span.start, span.end)):
        last = merged[-1] if merged else None
        if last is not None and last.label == span.label and span.start <= last.end:
            sources = dict.fromkeys([*last.source.split("+"), span.source])
            merged[-1] = Span(last.start, max(last.end, span.end), span.label, "+".join(filter(None, sources)))
        else:
            merged.append(span)
    return tuple(sorted(merged, key=lambda span: (span.start, span.end, span.label)))
