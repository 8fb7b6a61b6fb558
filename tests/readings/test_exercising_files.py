"""Files of answers: each is read, or named with the reason; no student is lost."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tinygrad_edu import Value, Worksheet, worksheet
from tinygrad_edu.readings.exercising import ClassMarks
from tinygrad_edu.readings.exercising.answers import papers_of, read_number


def sheet_of(seed: int = 7) -> Worksheet:
    w, x, b = Value(0.3, label="w"), Value(0.7, label="x"), Value(-0.2, label="b")
    h = (w * x + b).tanh()
    h.label = "h"
    return worksheet(h, seed=seed)


SHEET = sheet_of()
KEY = json.loads(SHEET.key().answers("json"))
BLANKS = [name for name in KEY if name != "sheet-id"]
FORM = SHEET.key().answers()


def marks_of(path: Path, content: bytes | str, sheet: Worksheet = SHEET) -> Any:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return sheet.mark(path)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1 1/2", 1.5), ("1½", 1.5), ("½", 0.5), ("−¼", -0.25), ("10⁻³", 0.001), ("10^-3", 0.001),
        ("-10^(-3)", -0.001), ("2·10^-1", 0.2), ("1.2x10-3", 0.0012), ("‑0.5", -0.5), ("\u200b0.5", 0.5),
        ("\ufeff0,5", 0.5), ("− 0.5", -0.5), ("(0.5)", 0.5), ("５", 5.0), ("1e400", None), ("1 2", None),
        ("1 234", None), ("0.5 0.6", None), ("--5", None), ("1.2·103", None), ("0x10", None), ("1.2.3", None),
        (True, None), ("9" * 5000, None), ("9" * 400 + "/3", None), ("1/0", None), ("2/4", 0.5), ("-1 3/4", -1.75),
    ],
)  # fmt: skip
def test_a_number_is_read_as_it_is_written_or_not_at_all(text: object, number: float | None) -> None:
    if number is None:
        with pytest.raises(ValueError, match=r"is not a (finite )?number"):
            read_number(text)
    else:
        given = read_number(text)
        assert given is not None and given.number == pytest.approx(number, rel=1e-15)


ENCODED = {
    "UTF-8": FORM.encode(),
    "a mark before it": FORM.encode("utf-8-sig"),
    "UTF-16": FORM.encode("utf-16"),
    "UTF-16 without a mark": FORM.encode("utf-16-le"),
    "UTF-16, the other way": FORM.encode("utf-16-be"),
    "carriage returns": FORM.replace("\n", "\r").encode(),
    "semicolons and decimal commas": FORM.replace(",", ";").replace(".", ",").encode(),
    "decimal commas that are not quoted": FORM.replace(".", ",").encode(),
    "tabs": FORM.replace(",", "\t").encode(),
    "equal signs": FORM.replace(",", " = ").encode(),
    "blanks": FORM.replace(",", "  ").encode(),
    "a comment in cp1252": FORM.replace("\n", ",für Müller – ok\n").encode("cp1252"),
    "a very long cell": FORM.encode() + b"remark," + b"x" * 200_000,
    "a quote without an end": FORM.encode() + b'"',
    "without a head": FORM.partition("\n")[2].encode(),
    "titles above": b"My answers,,\n,,\n" + FORM.encode(),
}


@pytest.mark.parametrize("way", ENCODED)
@pytest.mark.parametrize("suffix", ["csv", "txt", "tsv"])
def test_a_form_is_read_however_it_was_saved(way: str, suffix: str, tmp_path: Path) -> None:
    marks = marks_of(tmp_path / f"ann.{suffix}", ENCODED[way])
    assert marks.points == marks.total > 0, str(marks)
    assert not marks.notes


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("ann.csv", b"", "is empty"),
        ("ann.csv", bytes(range(256)) * 4, "is not text"),
        ("ann.csv", b"\x81\x8d\x8f,1", "is not text"),
        ("ann.csv", b"name,answer\n", "names no blank of this sheet, such as dh_d"),
        ("ann.csv", b"%PDF-1.4\nhello", "names no blank"),
        ("ann.json", "{", "is not JSON"),
        ("ann.json", "[" * 100_000, "(is nested too deeply|is not JSON)"),
        ("ann.json", '{"a":' * 100_000, "(is nested too deeply|is not JSON)"),
        ("ann.json", "[1, 2]", "holds no answers by name"),
        ("ann.json", '{"other": 1}', "names no blank"),
        ("ann.json", "9" * 5000, "(is not JSON|holds no answers)"),
    ],
    ids=range(11),
)
def test_what_is_no_form_is_refused_by_name(file: str, content: bytes | str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"mark: .*{file} {said}"):
        marks_of(tmp_path / file, content)


def test_json_is_a_form_with_numbers_or_nested_lists(tmp_path: Path) -> None:
    marks = marks_of(tmp_path / "ann.json", json.dumps(KEY))
    assert marks.points == marks.total
    twice = json.dumps(KEY)[:-1] + f', "{BLANKS[0]}": 9}}'
    assert "is given twice" in marks_of(tmp_path / "ann.json", twice).notes[0]


def test_a_form_of_another_variant_is_refused_and_one_without_a_name_is_noted(tmp_path: Path) -> None:
    other = sheet_of(8)
    assert other.id != SHEET.id
    with pytest.raises(ValueError, match=f"form of another sheet or variant, '{other.id}'; this one is '{SHEET.id}'"):
        marks_of(tmp_path / "ann.csv", other.key().answers())
    with pytest.raises(ValueError, match="form of another sheet"):
        SHEET.mark({**KEY, "sheet-id": other.id})
    nameless = "\n".join(line for line in FORM.splitlines() if "sheet-id" not in line)
    marks = marks_of(tmp_path / "ann.csv", nameless)
    assert marks.points == marks.total and "does not say which sheet" in marks.notes[0]
    (tmp_path / "bo.csv").write_text(other.key().answers())
    (tmp_path / "ann.csv").write_text(FORM)
    several = SHEET.mark(tmp_path, variants=[other])
    assert not several.refused and all(m.points == m.total for m in several.students.values())


def row(*cells: object) -> str:
    return ",".join(f'"{cell}"' for cell in cells) + "\n"


@pytest.mark.parametrize(
    ("head", "cells", "name"),
    [
        (["student", *BLANKS], ["Ann"], "Ann"),
        (["Surname", "First name", "Email", "State", *BLANKS], ["Lee", "Ann", "a@b.c", "Finished"], "Lee Ann"),
        (["Time", "Your name", *[f"{k}: {b} = ?" for k, b in enumerate(BLANKS)]], ["9:12", "Ann"], "Ann"),
        (BLANKS, [], "class.csv, line 2"),
    ],
    ids=["a column of names", "Moodle", "a form of the web", "no names"],
)
def test_the_row_of_a_student_is_found_by_the_names_of_the_blanks(
    head: list[str], cells: list[str], name: str, tmp_path: Path
) -> None:
    marks = marks_of(tmp_path / "class.csv", row(*head) + row(*cells, *[KEY[b] for b in BLANKS]))
    assert [*marks.students] == [name]
    assert marks.students[name].points == marks.students[name].total


def test_namesakes_are_told_apart(tmp_path: Path) -> None:
    values = [KEY[b] for b in BLANKS]
    table = row("name", *BLANKS) + row("Ann", *values) + row("Ann", *[""] * len(values)) + row("ann", *values)
    assert [*marks_of(tmp_path / "class.csv", table).students] == [
        "Ann (class.csv, line 2)", "Ann (class.csv, line 3)", "ann (class.csv, line 4)",
    ]  # fmt: skip
    umlauts = row("name", *BLANKS) + row("Müller", *values) + row("Möller", *values)
    assert [*marks_of(tmp_path / "class.csv", umlauts.encode("cp1252")).students] == ["Müller", "Möller"]
    folder = tmp_path / "class"
    (folder / "group 2").mkdir(parents=True)
    (folder / "ann.csv").write_text(FORM)
    (folder / "ann.json").write_text(json.dumps(KEY))
    (folder / "group 2" / "ann.csv").write_text(FORM)
    assert [*SHEET.mark(folder).students] == ["ann (ann.csv)", "ann (ann.json)", "group 2/ann"]


def test_every_file_of_a_folder_is_marked_or_named(tmp_path: Path) -> None:
    (tmp_path / "ann.csv").write_text(FORM)
    (tmp_path / "bo.pdf").write_bytes(b"%PDF")
    (tmp_path / "cy.csv").write_bytes(bytes(range(256)))
    (tmp_path / "di.json").write_text("{")
    (tmp_path / "ed.csv").write_text(sheet_of(8).answers())
    (tmp_path / "flo.csv").symlink_to(tmp_path / "nowhere")
    marks = SHEET.mark(tmp_path)
    assert [*marks.students] == ["ann"]
    assert {*marks.refused} == {"bo.pdf", "cy.csv", "di.json", "ed", "flo.csv"}
    people = marks.tables()[0]
    assert len(people) == 7
    assert ["bo.pdf", "", "", "", "", "not marked: it is not one of .csv, .txt, .tsv, .json, .xlsx"] in people
    assert str(tmp_path) not in str(marks)


def test_what_is_said_twice_or_beside_the_answer(tmp_path: Path) -> None:
    twice = FORM + f"{BLANKS[0]},9.5\n"
    marks = marks_of(tmp_path / "ann.csv", twice)
    assert f"{BLANKS[0]} is given twice, as '{KEY[BLANKS[0]]}' and '9.5': the last counts" in marks.notes
    commented = FORM.replace("\n", ",see page 2\n")
    assert marks_of(tmp_path / "ann.csv", commented).points == marks.total


def test_a_workbook_is_read(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for line in FORM.splitlines():
        book.active.append(line.split(","))
    book.save(tmp_path / "ann.xlsx")
    marks = SHEET.mark(tmp_path / "ann.xlsx")
    assert marks.points == marks.total
    data = (tmp_path / "ann.xlsx").read_bytes()
    with pytest.raises(ValueError, match=r"ann\.xlsx is not a workbook that can be read"):
        marks_of(tmp_path / "ann.xlsx", data[: len(data) // 2])


def test_where_no_workbook_can_be_read_the_remedy_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    with pytest.raises(ValueError, match=r"needs openpyxl \(pip install openpyxl\); or save it as \.csv"):
        marks_of(tmp_path / "ann.xlsx", b"PK")


def test_no_cell_of_a_report_is_a_formula(tmp_path: Path) -> None:
    values = [KEY[b] for b in BLANKS]
    names = ["=1+1", "+x", "-y", "@z", "=cmd|' /C calc'!A0", "../../etc/passwd"]
    table = row("name", *BLANKS) + "".join(row(name, *values) for name in names)
    marks = marks_of(tmp_path / "class.csv", table)
    marks.save(tmp_path / "marks.csv")
    text = (tmp_path / "marks.csv").read_text(encoding="utf-8-sig")
    for name in names[:5]:
        assert f"'{name}" in text
    assert not [cell for line in text.splitlines() for cell in line.split(",") if cell[:1] in "=+-@" and len(cell) > 1]
    assert {path.name for path in tmp_path.iterdir()} == {"class.csv", "marks.csv"}


def damaged(rng: random.Random) -> tuple[str, bytes]:
    """The suffix and the bytes of a file that something has happened to."""
    suffix = rng.choice(["csv", "txt", "json", "xlsx"])
    junk = ["a;b;c", "1,2", '"', "dh_dw", "x=", "|", "[", "{}"]
    data = json.dumps(KEY).encode() if suffix == "json" else FORM.encode()
    if suffix == "xlsx":
        return suffix, rng.randbytes(rng.randint(1, 400))
    match rng.randint(0, 7):
        case 0:
            data = data[: rng.randint(0, len(data))]
        case 1:
            for _ in range(rng.randint(1, 20)):
                k = rng.randrange(len(data))
                data = data[:k] + rng.randbytes(1) + data[k + 1 :]
        case 2:
            data = data.decode().encode(rng.choice(["utf-16", "utf-16-le", "utf-32", "cp1252", "cp500"]))
        case 3:
            data = rng.randbytes(rng.randint(1, 2000))
        case 4:
            data = "\n".join(rng.choice(junk) for _ in range(30)).encode()
        case 5:
            lines = data.split(b"\n")
            rng.shuffle(lines)
            data = rng.choice([b"\n", b"\r", b"\r\n"]).join(lines)
        case 6:
            data = data.replace(b",", rng.choice([b";", b"\t", b"|", b" ", b'","', b",,"]))
        case 7:
            data = data.replace(b".", rng.choice([b",", b" ", b"\xb7", b"\xe2\x88\x92", b"/"]))
    return suffix, data


@pytest.mark.parametrize("count", [150, pytest.param(2000, marks=pytest.mark.long)])
def test_no_damaged_file_costs_another_student_the_marks(count: int, tmp_path: Path) -> None:
    rng = random.Random(count)
    for k in range(count):
        suffix, data = damaged(rng)
        (tmp_path / f"student{k}.{suffix}").write_bytes(data)
    (tmp_path / "right.csv").write_text(FORM)
    marks = SHEET.mark(tmp_path)
    assert isinstance(marks, ClassMarks)
    papers, _ = papers_of(tmp_path, BLANKS)
    assert {paper.source.partition(",")[0] for paper in papers} == {path.name for path in tmp_path.iterdir()}
    assert len(papers) == len(marks.students) + len(marks.refused)
    assert marks.students["right"].points == marks.students["right"].total
    assert all(marks.refused.values())
    for format in ("text", "csv", "html"):
        assert marks.to(format).count("student1") >= 1
