"""What students hand in: numbers as people write them, and files of answers in whatever form they come."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from unicodedata import category, decomposition, normalize

Answers = dict[str, object]

SHEET_ID = "sheet-id"  # the name under which a form says which sheet it belongs to
_LARGEST = 20_000_000  # bytes of a file


class Given(NamedTuple):
    """A number and how exactly it was given.

    Attributes:
        number: its value.
        decimals: how many it was given with; None of a fraction, which is exact.
        figures: its significant figures as they were written.
    """

    number: float
    decimals: int | None
    figures: int


_DECIMAL = r"(?:\d+\.?\d*|\.\d+)"
_FRACTION = re.compile(rf"(?:(\d+) )?({_DECIMAL}) ?/ ?({_DECIMAL})")
_POWER = re.compile(
    rf"({_DECIMAL})(?: ?e ?([+-]?\d{{1,4}})| ?[*·⋅×x] ?10(?: ?(?:\^|\*\*) ?\(?([+-]?\d{{1,4}})\)?|([+-]\d{{1,4}})))"
    rf"|10 ?(?:\^|\*\*) ?\(?([+-]?\d{{1,4}})\)?",
    re.IGNORECASE,
)


def read_number(written: object) -> Given | None:
    """A number from what was written; None where nothing was.

    Raises ValueError where it is not a number.

    >>> read_number("−0,50"), read_number("1,2·10⁻³")
    (Given(number=-0.5, decimals=2, figures=2), Given(number=0.0012, decimals=4, figures=2))
    >>> read_number("1 1/2").number, read_number("½").number, read_number("10⁻³").number, read_number(" ")
    (1.5, 0.5, 0.001, None)
    """
    text = _plain(written)
    if not text or set(text) <= set("_?-.… ") or text.lower() == "nan":
        return None
    sign = -1.0 if text[0] == "-" else 1.0
    text = text[1:].lstrip() if text[0] in "+-" else text
    if match := _FRACTION.fullmatch(text):
        whole, above, below = [float(part or 0) for part in match.groups()]
        if below == 0:
            raise ValueError(f"{written!s} divides by 0")
        return Given(sign * (whole + above / below), None, 99)
    mantissa, power = text, 0
    if match := _POWER.fullmatch(text):
        mantissa, power = match[1] or "1", int(next(p for p in match.groups()[1:] if p))
    if not re.fullmatch(_DECIMAL, mantissa) or abs(power) > 300 or len(mantissa) > 400:
        raise ValueError(f"{_quoted(written)} is not a number")
    number = sign * float(f"{mantissa}e{power}")
    if not math.isfinite(number):
        raise ValueError(f"{_quoted(written)} is not a finite number")
    figures = len(mantissa.replace(".", "").lstrip("0"))
    return Given(number, max(len(mantissa.partition(".")[2]) - power, 0), figures)


def _quoted(written: object) -> str:
    text = repr(written)
    return text if len(text) <= 60 else text[:57] + "…" + text[-1]


def _plain(written: object) -> str:
    """What was written in ASCII's signs: minus signs, spaces, fractions and exponents of every kind are one kind."""
    text = "".join([c for c in ("" if written is None else str(written)) if category(c) != "Cf"])
    text = re.sub("[⁺⁻⁰¹²³⁴-⁹]+", lambda power: "^" + normalize("NFKC", power[0]), text)
    text = "".join([f" {c}" if decomposition(c).startswith("<fraction>") else c for c in text])
    text = normalize("NFKC", text).replace("⁄", "/").replace(",", ".")
    text = "".join(["-" if c == "−" or category(c) == "Pd" else c for c in text])
    text = " ".join(text.split())
    return text[1:-1].strip() if text[:1] == "(" and text[-1:] == ")" else text


# Files.


class Paper(NamedTuple):
    """What one student handed in.

    Attributes:
        student: a name.
        source: the file, and the line of a table.
        answers: what was written, by the names of the form.
        id: of the sheet that it says it belongs to, or "".
        notes: what is to be said about the form.
        refused: why it cannot be read, or "".
    """

    student: str
    source: str
    answers: Answers
    id: str = ""
    notes: Sequence[str] = ()
    refused: str = ""


class Form(NamedTuple):
    """What a form of a sheet is known by: the names of its lines, and those of its numbers."""

    lines: Collection[str]
    entries: Collection[str]

    def has(self, name: str) -> bool:
        """Whether it is the name of a line or of a number in it."""
        return name in self.entries or (name.endswith("]") and name.partition("[")[0] in self.lines)

    def mentioned(self, heading: str) -> str:
        """The blank that a heading names, alone or among other words; "" where there is none."""
        alone = _squeezed(heading)
        if self.has(alone) or alone == SHEET_ID:
            return alone
        found = {_squeezed(name) for name in re.findall(r"[^\W\d]\w+(?:\[[\d, ]+\])?", heading)}
        named = found & set(self.entries)
        return named.pop() if len(named) == 1 else ""


def paper_of(student: str, source: str, written: Iterable[tuple[str, object]], asks: bool = True) -> Paper:
    """The paper with these answers. `asks` says whether to note that it does not say which sheet it belongs to."""
    answers: Answers = {}
    notes = []
    for name, text in written:
        before = answers.get(name)
        if name in answers and str(before).strip() and str(text).strip() and before != text:
            notes.append(f"{name} is given twice, as {_quoted(before)} and {_quoted(text)}: the last counts")
        if name not in answers or str(text).strip():
            answers[name] = text
    id = str(answers.pop(SHEET_ID, "") or "").strip()
    if asks and not id:
        notes.append("the form does not say which sheet it belongs to")
    return Paper(student, source, answers, id, notes)


def papers_in(path: Path, form: Form) -> list[Paper]:
    """Every paper in a folder, with a reason where a file cannot be read; or in one file. No two students share a name.

    Raises:
        OSError, ValueError: the path is one file, and it cannot be read or holds no answers to this sheet.
    """
    if path.is_dir():
        found = []
        for file in sorted([file for file in path.rglob("*") if not file.is_dir()]):
            inside = file.relative_to(path)
            try:
                found += papers_of(file, form, str(inside.with_suffix("")))
            except (OSError, ValueError) as error:
                found.append(Paper(str(inside), str(inside), {}, refused=_reason(error)))
        if not found:
            raise ValueError(f"mark: {path} holds no file")
    else:
        found = papers_of(path, form, path.stem)
    namesakes = Counter([paper.student.casefold() for paper in found])
    several = [paper.student for paper in found if namesakes[paper.student.casefold()] > 1]
    return [p._replace(student=f"{p.student} ({p.source})") if p.student in several else p for p in found]


def papers_of(path: Path, form: Form, student: str) -> list[Paper]:
    """The papers in a file: one, of the student, or that of each row of a table."""
    if not path.is_file():
        raise ValueError(f"mark: {path} is not a file")
    data = path.read_bytes() if path.stat().st_size < _LARGEST else b""
    if not data:
        raise ValueError(f"mark: {path} is {'empty' if path.stat().st_size == 0 else 'too large for answers'}")
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise ValueError(f"mark: {path} is not one of {', '.join(_READERS)}")
    try:
        found = read(data, form, student, path.name)
    except ValueError as error:
        raise ValueError(f"mark: {path} {error}") from None
    if not found:
        raise ValueError(f"mark: {path} names no blank of this sheet, such as {next(iter(form.entries), '')}")
    return found


def _reason(error: Exception) -> str:
    """Why a file of a folder is not marked, without its path."""
    text = error.strerror or str(error) if isinstance(error, OSError) else str(error)
    return re.sub(r"^mark: .*?\S (?=is |names |holds |needs )", "it ", text)


def _text(data: bytes) -> str:
    """UTF-8, UTF-16 or cp1252, and no other. Raises ValueError for what is not text."""
    even, odd = data[::2].count(0), data[1::2].count(0)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ["utf-16"]
    elif even or odd:
        encodings = ["utf-16-le" if odd > even else "utf-16-be"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not re.search("[\x00-\x08\x0e-\x1f]", text):
            return re.sub("\r\n?|\x85|\u2028", "\n", text)
    raise ValueError("is not text, or in an encoding other than UTF-8, UTF-16 and cp1252")


def _from_json(data: bytes, form: Form, student: str, file: str) -> list[Paper]:
    try:
        given = json.loads(_text(data), object_pairs_hook=_Pairs)
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except ValueError as error:
        raise error if "is not text" in str(error) else ValueError(f"is not JSON: {error}") from None
    if not isinstance(given, _Pairs):
        raise ValueError("holds no answers by name")
    people = [(str(name), part) for name, part in given if isinstance(part, _Pairs)]
    if people and not any([form.has(_squeezed(name)) for name, _ in given]):
        return [paper_of(_one_line(name), f"{file}, {name!r}", _flat(part)) for name, part in people]
    return [paper_of(student, file, _flat(given))] if any([form.has(_squeezed(name)) for name, _ in given]) else []


class _Pairs(list[tuple[str, Any]]):
    """An object of JSON, with names that are given twice."""


def _from_table(data: bytes, form: Form, student: str, file: str) -> list[Paper]:
    """Of all ways to cut the lines into cells the one that finds most names of blanks."""
    text = _text(data)
    best: tuple[tuple[int, int], list[list[str]]] = ((0, 0), [])
    for delimiter in (";", "\t", ",", "|", "=", ":", None):
        for quoted in (True, False):
            try:
                rows = _cells(text, delimiter, quoted)
            except csv.Error:  # a cell without an end
                continue
            down = _in_first_column(rows, form)
            across = max([len(_in_row(row, form)) for row in rows], default=0)
            best = max(best, ((max(down, across), down), rows), key=lambda found: found[0])
    return _from_rows(best[1], form, student, file)


def _cells(text: str, delimiter: str | None, quoted: bool) -> list[list[str]]:
    """The cells of a text; without a delimiter between blanks. Quoted as in CSV, or as they stand."""
    if quoted and delimiter:
        rows = list(csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True))
    else:
        rows = [line.split(delimiter) for line in text.split("\n")]
    return [[cell.strip() for cell in _joined(row, delimiter or " ")] for row in rows]


def _from_workbook(data: bytes, form: Form, student: str, file: str) -> list[Paper]:
    try:
        from openpyxl import load_workbook  # type: ignore[import-untyped]
    except ImportError:
        raise ValueError("needs openpyxl (pip install openpyxl); or save it as .csv") from None
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        rows = [row for sheet in book.worksheets for row in sheet.iter_rows(values_only=True)]
    except Exception as error:  # whatever a damaged file makes zipfile, xml and openpyxl raise
        raise ValueError(f"is not a workbook that can be read: {type(error).__name__}") from None
    return _from_rows([["" if c is None else str(c).strip() for c in row] for row in rows], form, student, file)


_READERS: dict[str, Callable[[bytes, Form, str, str], list[Paper]]] = {
    ".csv": _from_table,
    ".txt": _from_table,
    ".tsv": _from_table,
    ".json": _from_json,
    ".xlsx": _from_workbook,
}


def _in_first_column(rows: Sequence[Sequence[str]], form: Form) -> int:
    return sum([form.has(_squeezed(row[0])) for row in rows if row])


def _in_row(row: Sequence[str], form: Form) -> dict[int, str]:
    """The columns whose heading names a blank."""
    found = {k: name for k, cell in enumerate(row) if (name := form.mentioned(cell))}
    return found if set(found.values()) - {SHEET_ID} else {}


def _from_rows(rows: list[list[str]], form: Form, student: str, file: str) -> list[Paper]:
    """A form has the names of its blanks in the first column, a table of a class in its head."""
    down = _in_first_column(rows, form)
    best = max(range(len(rows)), key=lambda k: len(_in_row(rows[k], form)), default=0)
    columns = _in_row(rows[best], form) if rows else {}
    if down >= len(columns):
        return [paper_of(student, file, _pairs(rows, form))] if down else []
    people = _columns_of_names(rows[best], columns)
    found = []
    for k, row in enumerate(rows[best + 1 :], start=best + 2):
        cells = row + [""] * (max([*columns, *people]) + 1 - len(row))
        name = _one_line(" ".join([cells[c] for c in people if cells[c]]))
        if name or any([cells[c] for c in columns]):
            given = [(columns[c], cells[c]) for c in columns]
            source = f"{file}, line {k}"
            found.append(paper_of(name or source, source, given, asks=False))
    return found


def _columns_of_names(head: Sequence[str], blanks: Collection[int]) -> list[int]:
    """The columns that say who a student is: those of a name, else another that does, else the first."""
    others = [k for k in range(len(head)) if k not in blanks]
    for word in ("name", "student", "mail", "id"):
        if found := [k for k in others if word in head[k].lower()]:
            return found
    return others[:1]


def _pairs(rows: Iterable[Sequence[str]], form: Form) -> Iterable[tuple[str, object]]:
    """Names and answers of a form. Cells after the answer are comments, but for the rest of a decimal comma."""
    for row in rows:
        name = _squeezed(row[0]) if row else ""
        answer = row[1] if len(row) > 1 else ""
        if len(row) > 2 and re.fullmatch(r"[+−-]?\d+", answer) and re.fullmatch(r"\d+", row[2]):
            answer = f"{answer},{row[2]}"
        if name == SHEET_ID or form.has(name) or (name and _is_number(answer)):
            yield name, answer


def _is_number(text: str) -> bool:
    try:
        return read_number(text) is not None
    except ValueError:
        return False


def _joined(row: Sequence[str], delimiter: str) -> list[str]:
    """The cells of a row. A name such as W[1,2] stays whole also where it is not quoted."""
    cells: list[str] = []
    for cell in row:
        if cells and cells[-1].count("[") > cells[-1].count("]") and len(cells[-1]) < 60:
            cells[-1] += delimiter + cell
        else:
            cells.append(cell)
    return cells


def _squeezed(name: str) -> str:
    return "".join(name.split())


def _one_line(name: str) -> str:
    return " ".join(name.split())[:80]


def flattened(answers: Mapping[str, Any]) -> Iterable[tuple[str, object]]:
    """Nested lists as one number for each name: W[1,2], counted from 1."""
    for name in answers:
        if not isinstance(name, str):
            raise TypeError(f"mark: answers are by name, such as 'dL_dW', not {name!r}")
    return _flat(answers.items())


def _flat(answers: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, object]]:
    for name, given in answers:
        stack: list[tuple[tuple[int, ...], Any]] = [((), given.tolist() if hasattr(given, "tolist") else given)]
        for place, part in stack:  # which grows
            if isinstance(part, (list, tuple)) and not isinstance(part, _Pairs):
                stack += [((*place, k), inner) for k, inner in enumerate(part, start=1)]
            else:
                yield _squeezed(name) + (f"[{','.join(map(str, place))}]" if place else ""), part
