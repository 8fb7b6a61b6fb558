"""Marks: of one student and of a class, as tables that are printed and saved."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from ...writing.files import save_as
from ...writing.notation import short
from ..explaining.mistakes import Mistake
from .tables import Table, as_csv, as_html, as_text, html_page

#: What may be said of a number, from the best to the worst, and in words.
SAID = {
    "right": "right",
    "own": "right from your own numbers",
    "blank": "blank",
    "coarse": "more digits are needed",
    "illegible": "illegible",
    "wrong": "wrong",
}


class _Report:
    """What is printed as text, and saved as .txt, .csv or .html."""

    def tables(self) -> list[Table]:
        raise NotImplementedError

    def to(self, format: str) -> str:
        """As "text", "csv" or "html". ValueError for another format.

        >>> from tinygrad_edu import Value, worksheet
        >>> marks = worksheet(Value(2.0, label="x") ** 2).mark({"df_dx": "4"})
        >>> print(marks.to("csv").splitlines()[1])
        df_dx,right,4,4,
        """
        match format:
            case "text":
                return str(self)
            case "csv":
                return "\n".join(map(as_csv, self.tables()))
            case "html":
                return html_page("Marks", [self._repr_html_()])
        raise ValueError(f'the format is "text", "csv" or "html", not {format!r}')

    def save(self, path: str | Path) -> Path:
        """Write it as .txt, .csv or .html. ValueError for another suffix.

        >>> from tinygrad_edu import Value, worksheet
        >>> worksheet(Value(2.0, label="x") ** 2).mark({"df_dx": "4"}).save("marks.pdf")
        Traceback (most recent call last):
        ValueError: marks are saved as .txt, .csv or .html, not '.pdf'
        """
        formats = {".txt": "text", ".csv": "csv", ".html": "html"}
        mark = {".csv": "\ufeff"}  # by which a spreadsheet knows UTF-8
        return save_as(path, "marks are", formats, lambda suffix: f"{mark.get(suffix, '')}{self.to(formats[suffix])}\n")

    def __str__(self) -> str:
        return "\n\n".join(map(as_text, self.tables()))

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return "\n".join(map(as_html, self.tables()))


@dataclass(eq=False)
class Mark:
    """One number.

    Attributes:
        name: as on the form, dL_dW2[1,2].
        line: the name of its quantity, dL_dW2.
        status: "right", "own" (right from the student's own numbers), "coarse" (right as far as it goes, but more
            digits are needed), "wrong", "illegible" or "blank".
        given: what was written, or None.
        expected: what the rule gives with the student's own earlier numbers.
        mistakes: those of the catalogue that give this line as it was written.
        slips: slips of the pen that give this number.
        sure: whether the numbers say that it was the mistake: no slip gives them, and chance does not.
        note: a sentence, or "".
        half: how far it may be off, since it is rounded.
    """

    name: str
    line: str
    status: str
    given: float | None
    expected: float
    mistakes: list[Mistake] = field(default_factory=list)
    slips: list[str] = field(default_factory=list)
    sure: bool = False
    note: str = ""
    half: float = 0.0

    def may_be(self, number: float, moved: float) -> bool:
        """Whether it is a number that may itself be off by so much.

        >>> Mark("L", "L", "right", 0.5, 0.5, half=0.05).may_be(0.56, 0.0)
        False
        """
        return self.given is not None and abs(self.given - number) <= self.half + moved

    def sentences(self) -> list[str]:
        """What is to be said of it besides its status.

        >>> Mark("L", "L", "wrong", -2.0, 2.0, slips=["The sign is dropped."]).sentences()
        ['Perhaps a slip of the pen: The sign is dropped.']
        """
        said = [f"Perhaps a slip of the pen: {slip}" for slip in self.slips]
        said += [m.sentence if self.sure else f"Perhaps a mistake: {m.sentence}" for m in self.mistakes]
        said += ["These numbers cannot tell."] if self.mistakes and not self.sure else []
        return [*said, self.note] if self.note else said

    def lines(self, digits: int) -> list[str]:
        """Its status and its numbers in one line, and what is to be said of it in others.

        >>> Mark("L", "L", "wrong", -2.0, 2.0).lines(4)
        ['L              wrong: −2, the rule gives 2']
        """
        said = f"{self.name:14} {SAID[self.status]}"
        said += "" if self.given is None else f": {short(self.given, max(digits, 6))}"
        said += f", the rule gives {short(self.expected, digits)}" * (self.status in ("wrong", "coarse", "illegible"))
        return [said, *[f"    {sentence}" for sentence in self.sentences()]]


@dataclass(eq=False, repr=False)
class Marks(_Report):
    """What `Worksheet.mark` returns: a Mark for each number asked. It saves itself as .txt, .csv or .html.

    Attributes:
        marks: in the order of the sheet.
        points, total: each line has its points, shared by its numbers.
        notes: what is to be said of the answers as a whole.

    >>> from tinygrad_edu import Value, worksheet
    >>> marks = worksheet(Value(2.0, label="x") ** 2).mark({"df_dx": "5"})
    >>> marks.points, marks.total
    (0.0, 1.0)
    """

    marks: list[Mark]
    points: float
    total: float
    notes: list[str]
    digits: int = 4

    @property
    def first_wrong(self) -> str | None:
        """The name of the first line with a wrong number, or None.

        >>> from tinygrad_edu import Value, worksheet
        >>> marks = worksheet(Value(2.0, label="x") ** 2).mark({"df_dx": "5"})
        >>> marks.first_wrong
        'df_dx'
        """
        return next((mark.line for mark in self.marks if mark.status == "wrong"), None)

    @property
    def mistakes(self) -> list[Mistake]:
        """Those that were surely made, each once.

        >>> from tinygrad_edu import Value, worksheet
        >>> marks = worksheet(Value(2.0, label="x") ** 2).mark({"df_dx": "5"})
        >>> marks.mistakes
        []
        """
        return list(dict.fromkeys([m for mark in self.marks if mark.sure for m in mark.mistakes]))

    def statuses(self) -> dict[str, str]:
        """For each line the worst status of its numbers.

        >>> from tinygrad_edu import Value, worksheet
        >>> marks = worksheet(Value(2.0, label="x") ** 2).mark({"df_dx": "5"})
        >>> marks.statuses()
        {'df_dx': 'wrong'}
        """
        found: dict[str, str] = {}
        for mark in self.marks:
            found[mark.line] = max(found.get(mark.line, "right"), mark.status, key=[*SAID].index)
        return found

    def tables(self) -> list[Table]:
        """Two tables with their heads: the numbers, and the points with the notes.

        >>> from tinygrad_edu import Value, worksheet
        >>> worksheet(Value(2.0, label="x") ** 2).mark({"df_dx": "4"}).tables()[0][1]
        ['df_dx', 'right', '4', '4', '']
        """
        rows = [["number", "", "given", "the rule gives", "remarks"]]
        for mark in self.marks:
            given = "" if mark.given is None else short(mark.given, max(self.digits, 6))
            remarks = " ".join(mark.sentences())
            rows.append([mark.name, SAID[mark.status], given, short(mark.expected, self.digits), remarks])
        return [rows, [["points", "of", "notes"], [*_points(self), " ".join(self.notes)]]]

    def __str__(self) -> str:
        points, total = _points(self)
        lines = [f"{points} of {total} points"]
        for line, group in groupby(self.marks, key=lambda mark: mark.line):
            marks = [*group]
            alike = {mark.status for mark in marks}
            if len(marks) > 1 and alike in ({"right"}, {"own"}, {"blank"}):
                lines.append(f"{line:14} {SAID[alike.pop()]}, all {len(marks)}")
            else:  # each sentence once
                lines += dict.fromkeys([text for mark in marks for text in mark.lines(self.digits)])
        return "\n".join([*lines, *self.notes])


def _points(marks: Marks) -> list[str]:
    return [short(marks.points, 2), short(marks.total, 2)]


@dataclass(eq=False, repr=False)
class ClassMarks(_Report):
    """The marks of several students: points, what happened in each line, and who made which mistake.

    Attributes:
        students: the Marks of each by name, in order.
        refused: why the others were not marked, by name or file.

    >>> ClassMarks({}, {"ann.pdf": "it is not a form"}).tables()[0][1][-1]
    'not marked: it is not a form'
    """

    students: Mapping[str, Marks]
    refused: Mapping[str, str] = field(default_factory=dict)

    def tables(self) -> list[Table]:
        """Tables with their heads: students, lines, and, where some were made, mistakes and who made them.

        >>> from tinygrad_edu import Value, worksheet
        >>> sheet = worksheet(Value(2.0, label="x") ** 2)
        >>> marks = ClassMarks({"Ann": sheet.mark({"df_dx": "4"}), "Bo": sheet.mark({"df_dx": "2"})})
        >>> marks.tables()[1][1][:5], marks.tables()[2][1][2]
        (['df_dx', '1', '0', '0', '1'], 'Bo: df_dx')
        """
        words = ["right", "own", "coarse", "wrong", "illegible", "blank"]
        people = [["student", "points", "of", "first wrong line", "mistakes", "notes"]]
        count = [["line", "right", "from own numbers", "too few digits", *words[3:], "most frequent mistakes"]]
        who = [["mistake", "students", "who, and in which line"]]
        statuses: dict[str, Counter[str]] = defaultdict(Counter)  # of each line
        made: dict[str, dict[str, list[str]]] = {}  # the lines of each student, by mistake
        for name, marks in self.students.items():
            mistakes = " ".join([m.sentence for m in marks.mistakes])
            people.append([name, *_points(marks), marks.first_wrong or "", mistakes, "; ".join(marks.notes)])
            for line, status in marks.statuses().items():
                statuses[line][status] += 1
            for line, sentence in dict.fromkeys([pair for mark in marks.marks for pair in _accused(mark)]):
                made.setdefault(sentence, {}).setdefault(name, []).append(line)
        people += [[name, "", "", "", "", f"not marked: {why}"] for name, why in self.refused.items()]
        for line, counts in statuses.items():
            named = Counter(
                {said: sum([line in where for where in students.values()]) for said, students in made.items()}
            )
            often = [f"{mistake} ({n})" for mistake, n in named.most_common(3) if n]
            count.append([line, *[str(counts[word]) for word in words], " ".join(often)])
        for sentence, students in sorted(made.items(), key=lambda item: -len(item[1])):
            said = "; ".join([f"{name}: {', '.join(where)}" for name, where in students.items()])
            who.append([sentence, str(len(students)), said])
        return [people, count, who] if made else [people, count]


def _accused(mark: Mark) -> list[tuple[str, str]]:
    """The line with each mistake that was made there, and each slip of the pen that nothing else explains."""
    said = [m.sentence for m in mark.mistakes if mark.sure]
    said += [f"Slip of the pen: {slip}" for slip in mark.slips if not mark.mistakes]
    return [(mark.line, sentence) for sentence in said]
