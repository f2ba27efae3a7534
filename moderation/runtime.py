"""Judges texts for this process: its one judge thread, its classifiers, and the policy and rules as they are now.

Only workers import it. Classifiers run in the judge thread alone (why: docs/inference.md,
"Threads and faults"); the database is read by whoever asks, so that the judge thread never waits for it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.utils.module_loading import import_string

from moderation.checks import CLASSIFIER_NAMES
from moderation.classifiers.base import Classifier, ClassifierError, Question
from moderation.classifiers.cache import ResultCache
from moderation.classifiers.ensemble import Ensemble
from moderation.classifiers.rules import RulesClassifier
from moderation.deciding import decide
from moderation.group_policies import policy_version_for
from moderation.judge import JudgeFault, JudgeThread, Results
from moderation.languages import language_of
from moderation.policy import PolicyDocument, PolicyFault, policy_parse
from moderation.presets import DEFAULT_POLICY
from moderation.selectors import policy_active, policy_of_version, rule_lines, rules_fingerprint
from moderation.verdicts import ClassifierResult, Stage, Verdict

logger = logging.getLogger(__name__)
DoneT = TypeVar("DoneT")

FRESH_SECONDS: Final = 5.0
"""How old the policy and the rules that judge may be."""
JUDGE_SECONDS: Final = 15.0
"""How long a turn waits for the classifiers before its text counts as not judged."""
WORK_SECONDS: Final = 60.0
"""How long work that nobody's turn waits for stands behind texts that wait to be judged."""
LOAD_SECONDS: Final = 600.0
"""How long `warm_up` waits; the first use of a hub's model fetches it."""


@dataclass(frozen=True, slots=True)
class ActivePolicy:
    """The policy that holds now."""

    version: int
    document: PolicyDocument


class _CurrentRules:
    """The rules of the moment as a classifier that stays in the ensemble while they change."""

    name = "rules"

    def __init__(self) -> None:
        self._classifier: RulesClassifier | None = None
        self._fingerprint: tuple[object, ...] | None = None
        self._read_at = float("-inf")

    @property
    def version(self) -> str:
        return self._classifier.version if self._classifier else ""

    @property
    def labels(self) -> tuple[str, ...]:
        return self._classifier.labels if self._classifier else ()

    def predict(self, texts: Sequence[str]) -> list[ClassifierResult]:
        if self._classifier is None:
            raise ClassifierError("the rules could not be read from the database")
        return self._classifier.predict(texts)

    def refresh(self, lock: threading.Lock) -> None:
        """Read the rules again if they may have changed. Where that fails the old ones serve on."""
        if self._classifier is not None and time.monotonic() - self._read_at < FRESH_SECONDS:
            return
        with lock:
            if self._classifier is None or time.monotonic() - self._read_at >= FRESH_SECONDS:
                self._read_at = time.monotonic()
                self._read()

    def _read(self) -> None:
        try:
            fingerprint = rules_fingerprint()
            if fingerprint != self._fingerprint:
                self._classifier = RulesClassifier(rule_lines())
                self._fingerprint = fingerprint
        except (DatabaseError, InterfaceError, ClassifierError):
            logger.exception("the rules could not be read; %s", "the old ones serve on" if self.version else "none yet")


class _Runtime:
    """What a process keeps."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.judge = JudgeThread(self._build)
        self.rules = _CurrentRules()
        self.policy: ActivePolicy | None = None
        self.versions: dict[int, ActivePolicy] = {}
        self.policy_read_at = float("-inf")
        self.is_warm = False

    def _build(self) -> Ensemble:
        return Ensemble([self.classifier(name) for name in settings.CLASSIFIERS])

    def classifier(self, name: str, folder: str | None = None) -> Classifier:
        # By name, because each of these brings a library of its own that is loaded only where it is wanted.
        load: Callable[..., Classifier]
        if name == "rules":
            return self.rules
        if name == "profanity":
            load = import_string("moderation.classifiers.profanity.ProfanityClassifier")
            return load()
        if name == "personal_data":
            load = import_string("moderation.classifiers.personal_data.PersonalDataClassifier")
            return load()
        if name == "guard":
            load = import_string("moderation.classifiers.guard.guard_load")
            return load(settings.GUARD_MODEL, settings.GUARD_TABLE, settings.GUARD_DEVICE)
        if name == "detoxify":
            load = import_string("moderation.classifiers.detoxify.classifier_load")
            model = load(
                folder or settings.TOXICITY_MODEL,
                None if folder else settings.TOXICITY_MODEL_CONFIG,
                settings.TOXICITY_DEVICE,
                settings.TOXICITY_DTYPE,
            )
            if settings.TOXICITY_LANGUAGES:
                model.languages = frozenset(settings.TOXICITY_LANGUAGES)  # type: ignore[attr-defined]
            return model
        if name == "blend":
            load = import_string("moderation.classifiers.blend.BlendClassifier")
            return load(self.classifier("detoxify", folder), self.classifier("profanity"))
        raise ClassifierError(f"CLASSIFIERS names {name!r}; known are {', '.join(CLASSIFIER_NAMES)}")


_runtime = _Runtime()


def forget() -> None:
    """Begin anew, as a new process would: for tests and for changed settings."""
    global _runtime
    _runtime.judge.stop()
    _runtime = _Runtime()


def active_policy() -> ActivePolicy:
    """The active policy, at most ``FRESH_SECONDS`` old; ``.document.gate`` are the gate's limits.

    When the database does not answer, the last one read serves on. Raises the database's error, or ``PolicyFault``,
    when there was none.
    """
    runtime = _runtime
    policy = runtime.policy
    if policy is not None and time.monotonic() - runtime.policy_read_at < FRESH_SECONDS:
        return policy
    with runtime.lock:
        if runtime.policy is not None and runtime.policy is not policy:
            return runtime.policy
        # From here on the others go on with the old one instead of waiting for the database.
        runtime.policy_read_at = time.monotonic()
        try:
            row = policy_active()
            if row is None:
                raise PolicyFault("there is no active policy; run manage.py migrate, or publish one in the admin")
            runtime.policy = ActivePolicy(row.version, policy_parse(row.document))
        except (DatabaseError, InterfaceError, PolicyFault):
            if runtime.policy is None:
                raise
            logger.exception("the policy could not be read; version %d serves on", runtime.policy.version)
        return runtime.policy


def policy_for(user_id: int) -> ActivePolicy:
    """The policy for what this person writes and reads: that of their groups, or the site's active one.

    Versions never change, so each is read and parsed once. Raises the database's error, or ``PolicyFault`` for a
    version that cannot be read: nobody is judged by a milder one instead.
    """
    version = policy_version_for(user_id)
    if version is None:
        return active_policy()
    runtime = _runtime
    known = runtime.versions.get(version)
    if known is None:
        row = policy_of_version(version)
        if row is None:
            raise PolicyFault(f"there is no policy version {version}")
        known = runtime.versions[version] = ActivePolicy(version, policy_parse(row.document))
    return known


def judge_texts(texts: Sequence[str], stage: Stage, policy: ActivePolicy | None = None) -> list[Verdict]:
    """Judge some texts of any length, in order, by this policy or the active one; waits up to ``JUDGE_SECONDS``.

    Never raises: what could not be judged, for whatever reason, comes back with ``judged`` false and a result that
    says why; the policy decides what then happens.
    """
    if not texts:
        return []
    try:
        policy = policy or active_policy()
    except (DatabaseError, InterfaceError, PolicyFault) as error:
        logger.exception("nothing can be judged without a policy")
        # Version 0 says in the ledger that no policy of the table was at work.
        nothing = ActivePolicy(0, DEFAULT_POLICY)
        return [decide(results, stage, nothing.document, nothing.version) for results in _failed(texts, str(error))]
    plan = policy.document.combine.plan(policy.document.at(stage).labels)
    asked = [Question(text, stage, language_of(text), plan) for text in texts]
    return [decide(results, stage, policy.document, policy.version) for results in _results(asked)]


def _results(texts: Sequence[Question]) -> Results:
    runtime = _runtime
    try:
        if "rules" in settings.CLASSIFIERS:
            runtime.rules.refresh(runtime.lock)
        return runtime.judge.judge(texts, JUDGE_SECONDS)
    except JudgeFault as fault:
        logger.error("%d texts were not judged: %s", len(texts), fault)
        return _failed(texts, str(fault))


def _failed(texts: Sequence[object], why: str) -> Results:
    return [(ClassifierResult("judge", "", error=why[:300]),) for _ in texts]


def ensemble_build(names: Sequence[str]) -> Ensemble:
    """New classifiers for this thread alone, for measuring; never in a process that serves turns.

    A name as in ``CLASSIFIERS``, or ``blend=FOLDER`` and ``detoxify=FOLDER`` for another model than the site's. Raises
    ``ClassifierError``.
    """
    runtime = _Runtime()
    if "rules" in names:
        runtime.rules.refresh(runtime.lock)
    # Without the cache: what is timed has to be judged.
    return Ensemble([_of_folder(runtime, name) for name in names], ResultCache(0, 0))


def _of_folder(runtime: _Runtime, name: str) -> Classifier:
    kind, _, folder = name.partition("=")
    return runtime.classifier(kind, folder or None)


def with_classifiers(work: Callable[[Sequence[Classifier]], DoneT]) -> DoneT:
    """Run some work with this process's classifiers, in their thread, after the texts that wait to be judged.

    For pieces so short that judging hardly waits. Raises ``JudgeFault``, and what ``work`` raises.
    """
    runtime = _runtime
    if "rules" in settings.CLASSIFIERS:
        runtime.rules.refresh(runtime.lock)
    return runtime.judge.run(lambda ensemble: work(ensemble.classifiers), WORK_SECONDS)


def warm_up() -> None:
    """Load the classifiers and judge once, so that the first turn does not wait. Raises ``ClassifierError``,
    ``PolicyFault`` or the database's error: what keeps texts from being judged.
    """
    runtime = _runtime
    active_policy()
    runtime.rules.refresh(runtime.lock)
    try:
        (results,) = runtime.judge.judge([Question("Hello, how are you? 你好。")], LOAD_SECONDS)
    except JudgeFault as fault:
        raise ClassifierError(str(fault)) from fault
    if errors := [f"{result.classifier}: {result.error}" for result in results if result.error]:
        raise ClassifierError("; ".join(errors))
    if not results:
        raise ClassifierError("CLASSIFIERS is empty, so nothing can be judged; name at least one")
    language_of("Was du nicht willst, das man dir tu, das füg auch keinem andern zu.")  # reads the model
    runtime.is_warm = True


def is_ready() -> bool:
    """Whether `warm_up` went well and the judge's thread is alive."""
    return _runtime.is_warm and _runtime.judge.is_alive
