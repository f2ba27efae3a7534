"""Rows are read from five kinds of file, and what is wrong is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.errors import DataFault
from training.rows import data_files, read_rows

READABLE = {
    "a.csv": 'text,toxic\n"Hi, ""you""\nthere",0\n再见,1\n',
    "a.tsv": 'text\ttoxic\n"Hi, ""you""\nthere"\t0\n再见\t1\n',
    "a.jsonl": '{"text": "Hi, \\"you\\"\\nthere", "toxic": "0"}\n\n{"text": "再见", "toxic": "1"}\n',
    "a.json": '{"rows": [{"text": "Hi, \\"you\\"\\nthere", "toxic": "0"}, {"text": "再见", "toxic": "1"}]}',
    "a.yaml": '- text: "Hi, \\"you\\"\\nthere"\n  toxic: "0"\n- {text: 再见, toxic: "1"}\n',
}
LINES = {"a.csv": [2, 4], "a.tsv": [2, 4], "a.jsonl": [1, 3], "a.json": [1, 2], "a.yaml": [1, 3]}


def file_write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("name", READABLE)
def test_every_kind_gives_the_same_rows(tmp_path: Path, name: str) -> None:
    rows = read_rows(file_write(tmp_path, name, READABLE[name]), require=["text", "toxic"])
    assert [row.value for row in rows] == [
        {"text": 'Hi, "you"\nthere', "toxic": "0"},
        {"text": "再见", "toxic": "1"},
    ]
    assert [row.line for row in rows] == LINES[name]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "", "a.csv is empty"),
        ("a.csv", "text,toxic\n", "has no rows"),
        ("a.csv", "text,text\nx,y\n", "line 1: each column needs a name of its own"),
        ("a.csv", "text,toxic\nx,1\nHi, you,1\n", "line 3: 3 cells, but the header has 2"),
        ("a.csv", 'text,toxic\n"open,1\n', "line 2: unexpected end of data"),
        ("a.csv", b"text,toxic\nx,1\n\xff\xfe,1\n", "line 3: this is not UTF-8"),
        ("a.csv", "message,toxic\nx,1\n", "line 2: there is no column 'text'; there are: message, toxic"),
        ("a.jsonl", '{"text": "x"}\n{"text": \n', "line 2: not JSON"),
        ("a.jsonl", '{"text": "x"}\n[1]\n', "line 2: a mapping of columns is needed, found list"),
        ("a.json", '"text"', "a list of rows is needed"),
        ("a.json", "[" * 100_000, "not JSON"),
        ("a.yaml", "- text: x\n -: [", "not YAML"),
        ("a.yaml", "- !!python/object/apply:os.getcwd []\n", "not YAML"),
        ("a.parquet", "PAR1", "the ending '.parquet' is not known"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, name: str, content: str | bytes, said: str) -> None:
    with pytest.raises(DataFault) as told:
        read_rows(file_write(tmp_path, name, content), require=["text"])
    assert said in str(told.value)


def test_a_text_that_is_no_text_is_told(tmp_path: Path) -> None:
    row = read_rows(file_write(tmp_path, "a.jsonl", '{"text": 5}'))[0]
    with pytest.raises(DataFault, match=r"a\.jsonl, line 1: 'text' must be text, found int"):
        row.text("text")


def test_paragraphs_of_a_text_are_rows(tmp_path: Path) -> None:
    rows = read_rows(file_write(tmp_path, "a.txt", "\nOne\ntwo\n\n\nThree"))
    assert [(row.value, row.line) for row in rows] == [({"text": "One\ntwo"}, 2), ({"text": "Three"}, 6)]


def test_a_line_separator_inside_a_text_ends_no_line(tmp_path: Path) -> None:
    assert len(read_rows(file_write(tmp_path, "a.jsonl", '{"text": "one\u2028two"}\n'))) == 1


def test_files_of_a_folder_come_in_order_and_once(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    second, first = (file_write(tmp_path, name, "x") for name in ("sub/b.csv", "a.jsonl"))
    file_write(tmp_path, "LICENSE", "x")
    assert data_files([tmp_path, first]) == [first, second]
    with pytest.raises(DataFault, match="does not exist"):
        data_files([tmp_path / "c.csv"])
    (tmp_path / "bare").mkdir()
    with pytest.raises(DataFault, match="holds no file"):
        data_files([tmp_path / "bare"])
