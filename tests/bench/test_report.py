from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.processes import Memory
from bench.report import goals_missed, report_markdown, report_write, table
from tests.bench.builders import a_report


def test_a_report_is_written_as_json_and_markdown_under_its_date_and_cores(tmp_path: Path) -> None:
    paths = report_write(a_report(tmp_path / "new"))

    assert [path.name for path in paths] == ["2030-01-02-0304-2cores.json", "2030-01-02-0304-2cores.md"]
    content = json.loads(paths[0].read_text())
    level = content["shapes"][0]["levels"][0]
    assert level["sockets"] == 16
    assert level["ratio"] == pytest.approx(10 / 11)
    assert content["machine"]["libraries"] == {"torch": "2.0"}
    assert content["options"]["cores"] == [0, 1]
    assert str(tmp_path) not in paths[0].read_text()


def test_a_quick_run_is_known_by_its_name(tmp_path: Path) -> None:
    assert a_report(tmp_path, is_quick=True, cores=None).name == "2030-01-02-0304-4cores-quick"


def test_the_tables_hold_speed_times_and_memory(tmp_path: Path) -> None:
    page = report_markdown(a_report(tmp_path))

    assert "| 16 | 72.7 | 80.0 | **0.91** (0.91 to 0.91) | 0.50 (0.50) | 0.50 (0.50) | 0.0 |" in page
    assert "| 16 | 80.0 | **9%** (9% to 9%) | 0.20 (0.20) | 0.30 |" in page
    assert "| 640, 16 turns at once | 400 | 50 | **8.0** | 0.0040 |" in page
    assert "| web | 90 | 95 | no | 0.00 |" in page
    assert "| inference | 900 | not known | yes | 0.00 |" in page
    assert "core" in page and "torch 2.0" in page
    assert "- shipped: not here." in page
    assert "Below the goal" not in page


def test_a_busy_machine_is_told_of(tmp_path: Path) -> None:
    assert "other work meanwhile" not in report_markdown(a_report(tmp_path, other_cores=0.4))
    assert "up to 1.5 of its 4 cores" in report_markdown(a_report(tmp_path, other_cores=1.5))


def test_every_row_of_a_table_has_as_many_cells_as_its_head(tmp_path: Path) -> None:
    assert table(["a", "b"], [["1", "2"]]) == ["| a | b |", "| --- | ---: |", "| 1 | 2 |"]
    cells = [line.count("|") for line in report_markdown(a_report(tmp_path)).splitlines() if line.startswith("|")]
    assert cells == [8, 8, 8, *[6] * 10]


def test_what_is_below_a_goal_is_said(tmp_path: Path) -> None:
    slow = a_report(tmp_path, stack_seconds=12.5)
    large = a_report(tmp_path, web=Memory(200_000_000, 0, False))
    heavy = a_report(tmp_path, web=Memory(90_000_000, 0, True))

    assert goals_missed(a_report(tmp_path)) == []
    assert [line for line in goals_missed(slow) if "0.80 of the direct" in line]
    assert [line for line in goals_missed(slow) if "takes 20% of the stack's" in line]
    assert [line for line in goals_missed(a_report(tmp_path, gain=4.5)) if "4.5 times the windows" in line]
    assert [line for line in goals_missed(large) if "200 MB; the goal" in line]
    assert [line for line in goals_missed(heavy) if "with torch" in line]
    assert "## Below the goal" in report_markdown(slow)
