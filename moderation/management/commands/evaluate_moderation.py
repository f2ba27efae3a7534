"""Measures classifiers and a policy on labelled texts, or compares two of them; prints tables, writes HTML and JSON."""

from __future__ import annotations

import json
import random
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.module_loading import import_string
from tqdm import tqdm

from moderation.checks import CLASSIFIER_NAMES
from moderation.classifiers.base import ClassifierError
from moderation.evaluating.candidates import Candidate, candidates_judge, work_count
from moderation.evaluating.samples import Sample, require_measurable, samples_read
from moderation.models import Policy
from moderation.policy import PolicyDocument, PolicyFault, policy_parse
from moderation.presets import PRESETS
from moderation.runtime import ensemble_build
from moderation.selectors import policy_active
from moderation.verdicts import LABELS, Stage
from training.errors import DataFault
from training.label_rows import LabelColumns

INSTALL: Final = "pip install -c constraints.txt -r requirements.txt -r requirements-train.txt"


class Command(BaseCommand):
    """``manage.py evaluate_moderation FILE... [--classifier NAMES] [--policy P]``."""

    help = (
        "Measure on CSV, TSV or JSONL files with texts and labels: AUROC, average precision, F1, calibration, false "
        "positives, time; per label and language. Writes no ledger. docs/moderation.md has the columns."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to measure, with what, and where to write it."""
        known = ", ".join(CLASSIFIER_NAMES)
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument(
            "--classifier",
            metavar="NAMES",
            help=f"one or several of {known}, with commas; blend=FOLDER or detoxify=FOLDER for another model "
            "(default: the site's own)",
        )
        parser.add_argument(
            "--policy",
            metavar="P",
            help=f"a version, one of {', '.join(PRESETS)}, or a JSON file (default: the active one)",
        )
        parser.add_argument("--compare", metavar="NAMES", help="other classifiers, measured beside the first")
        parser.add_argument("--compare-policy", metavar="P", help="another policy, measured beside the first")
        parser.add_argument("--stage", choices=[stage.value for stage in Stage], default=Stage.REPLY.value)
        parser.add_argument("--column", default="text", help="the texts' column (default: text)")
        parser.add_argument(
            "--limit", type=int, metavar="N", help="at most so many texts of each source, drawn by chance"
        )
        parser.add_argument(
            "--held-out", action="store_true", help="only texts that the judge that ships never learned"
        )
        parser.add_argument("--timed", type=int, default=100, help="so many texts are timed one by one (default: 100)")
        parser.add_argument("--resamples", type=int, default=500, help="of the bootstrap (default: 500)")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--html", type=Path, metavar="FILE", help="write the report there, with its plots")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there")

    def handle(self, **options: Any) -> None:
        """Measure and print."""
        try:
            samples = self._samples(options)
            labels = require_measurable(samples)
            self.stdout.write(_measured(samples, labels, self._candidates(options), options))
        except (DataFault, ClassifierError, PolicyFault) as fault:
            raise CommandError(str(fault)) from fault
        except ImportError as error:
            raise CommandError(f"{error}; install what measuring needs: {INSTALL}") from error
        except OSError as error:
            raise CommandError(f"cannot be written: {error}") from error

    def _samples(self, options: dict[str, Any]) -> list[Sample]:
        found = samples_read(options["files"], LabelColumns(text=options["column"], labels=LABELS))
        if options["held_out"]:
            found = [sample for sample in found if sample.is_held_out]
            if not found:
                raise DataFault("of no text it is known that the judge did not learn it; leave out --held-out")
        return _drawn(found, options["limit"], options["seed"]) if options["limit"] else found

    def _candidates(self, options: dict[str, Any]) -> list[Candidate]:
        own = options["classifier"] or ",".join(settings.CLASSIFIERS)
        policy_name, policy = _policy(options["policy"])
        first = Candidate(own, ensemble_build(own.split(",")), policy_name, policy)
        if not options["compare"] and not options["compare_policy"]:
            return [first]
        other = options["compare"] or own
        judge = first.judge if other == own else ensemble_build(other.split(","))
        other_name, other_policy = (
            _policy(options["compare_policy"]) if options["compare_policy"] else (policy_name, policy)
        )
        return [first, Candidate(other, judge, other_name, other_policy)]


def _measured(samples: list[Sample], labels: list[str], candidates: list[Candidate], options: dict[str, Any]) -> str:
    # By name: scikit-learn and matplotlib are loaded only here, and may be missing.
    report_make: Callable[..., Any] = import_string("moderation.evaluating.report.report_make")
    pages = "moderation.evaluating.pages"
    stage = Stage(options["stage"])
    texts = [sample.text for sample in samples]
    total = work_count(candidates, len(texts), stage, timed=options["timed"])
    with tqdm(total=total, unit="text", desc="judging", dynamic_ncols=True) as bar:
        judged = candidates_judge(candidates, texts, stage, timed=options["timed"], done=bar.update)
    with tqdm(unit="measure", desc="comparing", disable=len(candidates) < 2) as bar:
        report = report_make(
            samples, judged, labels, resamples=options["resamples"], seed=options["seed"], done=bar.update
        )
    if options["json"]:
        options["json"].write_text(json.dumps(report.json(), indent=1), encoding="utf-8")
    if options["html"]:
        options["html"].write_text(import_string(f"{pages}.report_html")(report), encoding="utf-8")
    text: str = import_string(f"{pages}.report_text")(report)
    return text


def _drawn(samples: list[Sample], most: int, seed: int) -> list[Sample]:
    """At most so many of each source: the same ones each time."""
    rng = random.Random(seed)  # noqa: S311 - which texts, not secrets
    by_source: dict[str, list[Sample]] = {}
    for sample in samples:
        by_source.setdefault(sample.source, []).append(sample)
    return [sample for group in by_source.values() for sample in rng.sample(group, min(most, len(group)))]


def _policy(asked: str | None) -> tuple[str, PolicyDocument]:
    """What the reader calls it, and the document."""
    if asked is None or asked.isdecimal():
        row = policy_active() if asked is None else Policy.objects.filter(version=int(asked)).first()
        if row is None:
            what = "no active policy" if asked is None else f"no policy of version {asked}"
            raise PolicyFault(f"there is {what}; name one of {', '.join(PRESETS)}, or a JSON file")
        return f"{row.name} (version {row.version})", policy_parse(row.document)
    if asked in PRESETS:
        return asked, PRESETS[asked]
    path = Path(asked)
    if not path.is_file():
        raise PolicyFault(f"--policy {asked}: neither a version, nor one of {', '.join(PRESETS)}, nor a file")
    try:
        return path.stem, policy_parse(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise PolicyFault(f"{path} is not JSON: {error}") from error
