"""What students hand in: numbers as people write them, and files of answers in whatever form they come."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from unicodedata import category, decomposition, normalize

from ...errors import in_short
from ...shapes import flattened
from .sheet import entries_of

Answers = dict[str, object]
Grid = list[list[str]]  # the cells of a table

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

    def with_zeros(self, usual: int) -> Given:
        """As it was meant: a number with fewer than two decimals has lost zeros, up to the usual number of them.

        >>> Given(0.3, 1, 1).with_zeros(4)
        Given(number=0.3, decimals=4, figures=4)
        """
        if self.decimals is None or self.decimals >= 2 or self.decimals >= usual:
            return self
        lost = usual - self.decimals
        return Given(self.number, usual, self.figures + lost * (self.number != 0))

    @property
    def unit(self) -> float:
        """Of its last place; 0 for a fraction."""
        return 0.0 if self.decimals is None else 10.0**-self.decimals


_DECIMAL = r"(\d+\.?\d*|\.\d+)"
_FRACTION = re.compile(rf"(?:(\d+) )?{_DECIMAL} ?/ ?{_DECIMAL}")
_POWER = re.compile(rf"{_DECIMAL}(?: ?(?:e|[*·⋅×x] ?10 ?(?:\^|\*\*|(?=[+-]))) ?\(?([+-]?\d{{1,3}})\)?)?", re.IGNORECASE)


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
    text = re.sub(r"^10 ?(?=\^|\*\*)", "1*10", text)
    if (match := _FRACTION.fullmatch(text)) and float(match[3]):
        given = Given(float(match[1] or 0) + float(match[2]) / float(match[3]), None, 99)
    elif match := _POWER.fullmatch(text):
        mantissa, power = match.groups("0")
        decimals = max(len(mantissa.partition(".")[2]) - int(power), 0)
        given = Given(float(f"{mantissa}e{power}"), decimals, len(mantissa.replace(".", "").lstrip("0")))
    else:
        raise ValueError(f"{written!r:.60} is not a number")
    if not math.isfinite(given.number) or len(text) > 800:
        raise ValueError(f"{written!r:.60} is not a finite number")
    return given._replace(number=sign * given.number)


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


def paper_of(student: str, source: str, written: Iterable[tuple[str, object]], asks: bool = True) -> Paper:
    """The paper with these answers. `asks` says whether to note that it does not say which sheet it belongs to."""
    answers: Answers = {}
    notes = []
    for name, text in written:
        before = answers.get(name)
        if str(before or "").strip() and str(text).strip() and before != text:
            notes.append(f"{name} is given twice, as {before!r:.60} and {text!r:.60}: the last counts")
        if name not in answers or str(text).strip():
            answers[name] = text
    id = str(answers.pop(SHEET_ID, "") or "").strip()
    if asks and not id:
        notes.append("the form does not say which sheet it belongs to")
    return Paper(student, source, answers, id, notes)


def papers_of(answers: Any, lines: Collection[str]) -> tuple[list[Paper], bool]:
    """What was handed in, and whether it is the paper of one student: a dict, or a file that is a form.

    Every file of a folder is a paper, or has the reason why it cannot be read. No two students share a name. `lines`
    are the names of the lines of the sheet.

    Raises:
        TypeError: the answers are neither by name nor a path.
        OSError, ValueError: the path is one file, and it cannot be read or holds no answers to this sheet.
    """
    if isinstance(answers, Mapping):
        return [paper_of("answers", "", flat(answers.items()), asks=False)], True
    if not isinstance(answers, (str, Path)):
        raise TypeError(f"mark: answers by name are needed, or the path of a file, not {in_short(answers)}")
    path = Path(answers)
    found = []
    for file in sorted([file for file in path.rglob("*") if not file.is_dir()]) if path.is_dir() else [path]:
        inside = str(file.relative_to(path)) if file != path else path.name
        try:
            found += _papers_of(file, lines, inside.removesuffix(file.suffix))
        except (OSError, ValueError) as error:
            if file == path:
                raise error if isinstance(error, OSError) else ValueError(f"mark: {path} {error}") from None
            reason = error.strerror if isinstance(error, OSError) else f"it {error}"
            found.append(Paper(inside, inside, {}, refused=reason or str(error)))
    if not found:
        raise ValueError(f"mark: {path} holds no file")
    names = Counter([paper.student.casefold() for paper in found])
    told = [p._replace(student=f"{p.student} ({p.source})") if names[p.student.casefold()] > 1 else p for p in found]
    return told, not path.is_dir() and [paper.student for paper in told] == [path.stem]


def _papers_of(path: Path, lines: Collection[str], student: str) -> list[Paper]:
    """The papers in a file: one, of the student, or that of each row of a table. Raises ValueError with the reason."""
    reader = _READERS.get(path.suffix.lower())
    if reader is None or not path.is_file():
        raise ValueError("is not a file" if reader else f"is not one of {', '.join(_READERS)}")
    if not 0 < path.stat().st_size <= _LARGEST:
        raise ValueError("is too large for answers" if path.stat().st_size else "is empty")
    grids = reader(path.read_bytes())
    form = max(grids, key=lambda grid: _blanks_down(grid, lines))
    table, head, columns = max([(grid, *_head(grid, lines)) for grid in grids], key=lambda found: len(found[2]))
    if not _blanks_down(form, lines) and not columns:
        raise ValueError(f"names no blank of this sheet, such as {next(iter(lines))}")
    if _blanks_down(form, lines) >= len(columns):
        return [paper_of(student, path.name, _pairs(form, lines))]
    others = {k: cell.lower() for k, cell in enumerate(table[head]) if k not in columns}
    named = [[k for k in others if word in others[k]] for word in ("name", "student", "mail", "id")]
    people = next(filter(None, named), [*others][:1])
    found = []
    for k, row in enumerate(table[head + 1 :], start=head + 2):
        cells = defaultdict(str, enumerate(row))
        name = " ".join(" ".join([cells[c] for c in people]).split())[:80]
        answers = [(blank, cells[c]) for c, blank in columns.items()]
        if name or any([text for _, text in answers]):
            source = f"{path.name}, line {k}"
            found.append(paper_of(name or source, source, answers, asks=False))
    if not found:
        raise ValueError("has no row of answers below its head")
    return found


def _is_blank(name: str, lines: Collection[str]) -> bool:
    """Whether it is the name of a line or of a number in it, or that of the sheet's id."""
    return name == SHEET_ID or name.partition("[")[0] in lines


def _blanks_down(grid: Grid, lines: Collection[str]) -> int:
    """How many rows begin with the name of a blank, as they do in a form."""
    return sum([_is_blank(_squeezed(row[0]), lines) for row in grid if row])


def _head(grid: Grid, lines: Collection[str]) -> tuple[int, dict[int, str]]:
    """The row that names most blanks, as the head of a table does, and the columns in which it does."""
    named = [{k: name for k, cell in enumerate(row) if (name := _mentioned(cell, lines))} for row in grid]
    return max(enumerate(named), key=lambda found: len(found[1]), default=(0, {}))


def _mentioned(heading: str, lines: Collection[str]) -> str:
    """The blank that a heading names, alone or among other words; "" where there is none."""
    words = [_squeezed(word) for word in re.findall(r"[^\W\d][\w-]*(?:\[[\d, ]+\])?", heading[:1000])]
    named = {word for word in words if _is_blank(word, lines)}
    return named.pop() if len(named) == 1 else ""


def _pairs(grid: Grid, lines: Collection[str]) -> Iterable[tuple[str, object]]:
    """Names and answers of a form. Cells after the answer are comments, but for the rest of a decimal comma."""
    for row in grid:
        name, answer, rest = [*row, "", "", ""][:3]
        if re.fullmatch(r"[+−-]?\d+", answer) and re.fullmatch(r"\d+", rest):
            answer = f"{answer},{rest}"
        if _is_blank(_squeezed(name), lines) or (name and re.search(r"\d", answer)):
            yield _squeezed(name), answer


def _squeezed(name: str) -> str:
    return "".join(name.split())


# Each kind of file as rows of cells, in all the ways that it may be cut into them.


def _text(data: bytes) -> str:
    """Of the encodings that leave no control character, the one that gives most letters of ASCII.

    Raises ValueError for what is not text.
    """
    found = []
    for encoding in ("utf-8", "cp1252", "utf-16-le", "utf-16-be"):
        with suppress(UnicodeDecodeError):
            text = data.decode(encoding).removeprefix("\ufeff")
            if not re.search("[\x00-\x08\x0e-\x1f]", text):
                found.append(text)
    if not found:
        raise ValueError("is not text, or in an encoding other than UTF-8, UTF-16 and cp1252")
    return re.sub("\r\n?|\x85|\u2028", "\n", max(found, key=lambda text: sum(map(str.isascii, text))))


def _grids_of_text(data: bytes) -> list[Grid]:
    text = _text(data)
    grids: list[Grid] = []
    for delimiter in (";", "\t", ",", "|", "=", ":", None):  # None is any white space
        with suppress(csv.Error):  # a cell without an end
            grids += [[*csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True)]] if delimiter else []
        grids.append([row.split(delimiter) for row in text.split("\n")])
    return [[_joined(row) for row in grid] for grid in grids]


def _joined(row: Sequence[str]) -> list[str]:
    """The cells of a row. A name such as W[1,2] stays whole also where it is not quoted."""
    cells: list[str] = []
    for cell in row:
        if cells and cells[-1].count("[") > cells[-1].count("]") and len(cells[-1]) < 60:
            cells[-1] += f",{cell}"
        else:
            cells.append(cell)
    return [cell.strip() for cell in cells]


def _grids_of_json(data: bytes) -> list[Grid]:
    text = _text(data)
    try:
        given = json.loads(text, object_pairs_hook=tuple)
        pairs = [*flat(given)] if isinstance(given, tuple) else None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not JSON with numbers, or lists of them, by name: {error}") from None
    if pairs is None:
        raise ValueError("holds no answers by name")
    return [[[name, "" if part is None else str(part)] for name, part in pairs]]


def _grids_of_workbook(data: bytes) -> list[Grid]:
    try:
        from openpyxl import load_workbook  # type: ignore[import-untyped]
    except ImportError:
        raise ValueError("needs openpyxl (pip install openpyxl); or save it as .csv") from None
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        rows = [row for sheet in book.worksheets for row in sheet.iter_rows(values_only=True)]
    except Exception as error:  # whatever a damaged file makes zipfile, xml and openpyxl raise
        raise ValueError(f"is not a workbook that can be read: {type(error).__name__}") from None
    return [[["" if cell is None else str(cell).strip() for cell in row] for row in rows]]


_READERS: dict[str, Callable[[bytes], list[Grid]]] = {
    **dict.fromkeys([".csv", ".txt", ".tsv"], _grids_of_text),
    ".json": _grids_of_json,
    ".xlsx": _grids_of_workbook,
}


def flat(answers: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, object]]:
    """Nested lists as one number for each name: W[1,2], counted from 1. Raises TypeError unless names are text."""
    for name, given in answers:
        if not isinstance(name, str):
            raise TypeError(f"mark: answers are by name, such as 'dL_dW', not {name!r}")
        numbers, shape = flattened(given)
        yield from zip(entries_of(_squeezed(name), shape), numbers)
