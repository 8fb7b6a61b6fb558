"""Files of answers, and what a whole class did."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from ...writing.files import write_whole
from ...writing.numbers import short

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from .marking import Marks

Answers = dict[str, object]

_NAMES = ("name", "student", "names", "students")


def students_of(path: Path) -> Answers | list[tuple[str, Answers]]:
    """The answers in a file; or of a folder or a table with a row a student, each with a name."""
    if path.is_dir():
        files = sorted([file for file in path.iterdir() if file.suffix.lower() in (".csv", ".json")])
        if not files:
            raise ValueError(f"mark: there is no .csv or .json file in {path}")
        found: list[tuple[str, Answers]] = []
        for file in files:
            answers = students_of(file)
            found += answers if isinstance(answers, list) else [(file.stem, answers)]
        return found
    text = path.read_bytes().decode("utf-8-sig", errors="replace")
    if path.suffix.lower() == ".json":
        try:
            answers = json.loads(text)
        except ValueError as error:
            raise ValueError(f"mark: {path} is not JSON: {error}") from None
        if not isinstance(answers, dict):
            raise ValueError(f"mark: {path} holds no numbers by name")
        return answers
    rows = [row for row in _rows(text) if any([cell.strip() for cell in row])]
    head = [cell.strip() for cell in rows[0]] if rows else []
    if len(head) > 1 and head[0].lower() in _NAMES and head[1].lower() != "answer":
        return [(row[0].strip(), dict(zip(head[1:], row[1:]))) for row in rows[1:]]
    body = rows[1:] if len(head) > 1 and head[1].lower() == "answer" else rows
    # A decimal comma that was not quoted makes a third cell.
    return {row[0].strip(): ",".join([cell.strip() for cell in row[1:] if cell.strip()]) for row in body}


def _rows(text: str) -> list[list[str]]:
    """The cells, between semicolons where the head has one: so a spreadsheet with decimal commas writes them.

    A name such as W[1,2] holds a comma, and stays whole also where it is not quoted.
    """
    head = text.lstrip().partition("\n")[0]
    delimiter = next((c for c in (";", "\t") if c in head), ",")
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True))
    return [_joined(row) for row in rows]


def _joined(row: list[str]) -> list[str]:
    cells: list[str] = []
    for cell in row:
        if cells and cells[-1].count("[") > cells[-1].count("]"):
            cells[-1] += "," + cell
        else:
            cells.append(cell)
    return cells


def flattened(answers: Mapping[str, Any]) -> Answers:
    """Nested lists as one number a name: W[1,2], counted from 1."""
    found: Answers = {}
    for name, given in answers.items():
        if not isinstance(name, str):
            raise TypeError(f"mark: answers are by name, such as 'dL_dW', not {name!r}")
        stack: list[tuple[tuple[int, ...], Any]] = [((), given.tolist() if hasattr(given, "tolist") else given)]
        for place, part in stack:  # which grows
            if isinstance(part, (list, tuple)):
                stack += [((*place, k), inner) for k, inner in enumerate(part, start=1)]
            else:
                found[name + (f"[{','.join(map(str, place))}]" if place else "")] = part
    return found


def csv_of(rows: Sequence[Sequence[object]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


class ClassMarks:
    """The marks of several students: points of each, and what happened in each line.

    Attributes:
        students: the Marks of each by name, in order.
    """

    def __init__(self, students: Mapping[str, Marks]) -> None:
        self.students = dict(students)

    def tables(self) -> list[list[list[str]]]:
        """Two tables with their heads: students, and lines."""
        people = [["student", "points", "of", "first wrong line", "mistakes", "notes"]]
        counts: dict[str, Counter[str]] = {}
        named: dict[str, Counter[str]] = {}
        for name, marks in self.students.items():
            mistakes = ", ".join([m.id for m in marks.mistakes])
            notes = marks.notes[0] if marks.notes else ""
            if len(marks.notes) > 1:
                notes += f", and {len(marks.notes) - 1} more"
            points = [short(marks.points, 2), short(marks.total, 2)]
            people.append([name, *points, marks.first_wrong or "", mistakes, notes])
            for line, status in marks.statuses().items():
                counts.setdefault(line, Counter())[status] += 1
                found = {m.id for mark in marks.marks if mark.line == line for m in mark.mistakes}
                named.setdefault(line, Counter()).update(sorted(found))
        lines = [["line", "right", "own", "wrong", "blank", "most frequent mistakes"]]
        for line, count in counts.items():
            often = ", ".join([f"{m} ({n})" for m, n in named[line].most_common(3)])
            lines.append([line, *[str(count[s]) for s in ("right", "own", "wrong", "blank")], often])
        return [people, lines]

    def to(self, format: str) -> str:
        """As "text", "csv" or "html". ValueError for another format."""
        match format:
            case "text":
                return "\n\n".join([_aligned(table) for table in self.tables()])
            case "csv":
                return "\n".join(map(csv_of, self.tables()))
            case "html":
                return _PAGE + "\n".join(map(_html, self.tables())) + "\n</body></html>\n"
        raise ValueError(f'the format is "text", "csv" or "html", not {format!r}')

    def save(self, path: str | Path) -> Path:
        """Write it as .txt, .csv or .html. ValueError for another suffix."""
        path = Path(path)
        suffix = path.suffix.lower().removeprefix(".")
        if suffix not in ("txt", "csv", "html"):
            raise ValueError(f"marks are saved as .txt, .csv or .html, not {path.suffix or path.name!r}")
        write_whole(path, self.to("text" if suffix == "txt" else suffix).encode())
        return path

    def __str__(self) -> str:
        return self.to("text")

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return "\n".join(map(_html, self.tables()))


def _aligned(table: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*table)]
    return "\n".join(["  ".join([cell.ljust(w) for cell, w in zip(row, widths)]).rstrip() for row in table])


def _html(table: list[list[str]]) -> str:
    rows = ["<tr>" + "".join([f"<td>{escape(cell)}</td>" for cell in row]) + "</tr>" for row in table]
    return "<table>\n" + "\n".join(rows) + "\n</table>"


_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Marks</title>
<style>body { font-family: sans-serif } td { padding: 2px 8px; border-bottom: 1px solid #ccc }</style></head><body>
"""
