"""`python -m bench`: measure, show how far it is, write the tables."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from tqdm import tqdm

from bench.judging import judging_measure
from bench.machine import machine_facts
from bench.measure import ShapeResult, shape_measure
from bench.options import Options, options_parse
from bench.processes import BenchFault
from bench.report import Report, report_markdown, report_write
from chatsite.env import SHIPPED_CHAT_MODEL
from chatsite.parts import PartFault
from inference.model_files import model_faults


def main(arguments: Sequence[str]) -> int:
    """The process's exit status: 0 when all was measured, 1 when something kept it from being measured."""
    options = options_parse(arguments)
    at, machine = datetime.now(UTC), machine_facts()
    measurable, skipped = shapes_choose(options)
    shapes: list[ShapeResult] = []
    steps = len(measurable) * len(options.concurrency) * (options.rounds + 1) * 3
    bar: tqdm[int]
    with tqdm(range(steps), unit="round", dynamic_ncols=True) as bar:
        try:
            for name in measurable:
                shapes.append(shape_measure(name, options, bar))
            bar.set_description("the judge")
            judging = judging_measure()
        except (BenchFault, PartFault, OSError) as fault:
            tqdm.write(f"The benchmark cannot go on: {fault}", file=sys.stderr)
            return 1
    report = Report(at, options, machine, shapes, skipped, judging)
    paths = report_write(report)
    tqdm.write(report_markdown(report))
    for path in paths:
        tqdm.write(f"Written: {path}")
    return 0


def shapes_choose(options: Options) -> tuple[list[str], list[str]]:
    """What can be measured here, and a sentence for each that cannot."""
    faults = model_faults(SHIPPED_CHAT_MODEL) if "shipped" in options.shapes else []
    if not faults:
        return list(options.shapes), []
    tqdm.write("; ".join(faults), file=sys.stderr)
    why = "shipped: the model's files are not all here (manage.py train_demo_model makes them)"
    return [name for name in options.shapes if name != "shipped"], [why]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
