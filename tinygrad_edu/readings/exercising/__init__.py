"""worksheet: a graph as an exercise, its key, and its marks.

sheet.py            the lines of a sheet as data
rules.py            what a rule gives, how far rounding moves it, what a mistake makes of it, which mistakes show
drawing_numbers.py  new numbers, one decimal each, that show every mistake
tables.py           tables of cells as text, CSV and HTML
pages.py            a sheet as HTML, LaTeX and Markdown, and its form
answers.py          numbers as students write them, and files of answers
report.py           the marks of a student and of a class
marking.py          right, right from your own numbers, or wrong; the mistake or slip of the pen that gives it
comparing.py        one's own backward pass, as arrays, beside the derivation
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

from ...network.optim import Optimizer
from ...writing.files import save_as
from ..explaining import wanted
from ..explaining.updates import step_by
from ..frame import framed
from .answers import papers_of
from .comparing import Comparison, compare_gradients
from .drawing_numbers import drawn
from .marking import Scheme, mark_answers
from .pages import FORMATS, form, grid
from .report import ClassMarks, Mark, Marks
from .rules import as_printed, mistakes_shown
from .sheet import Question, fingerprint, prints_as_zero, questions

__all__ = ["ClassMarks", "Comparison", "Mark", "Marks", "Worksheet", "compare_gradients", "worksheet"]


def worksheet(
    y: Any,
    blanks: Any = "backward",
    level: str | None = None,
    title: str | None = None,
    digits: int = 4,
    seed: int | None = None,
    eta: float | None = None,
    wrt: Any = None,
    optimizer: Optimizer | None = None,
) -> Worksheet:
    """The derivation of y as an exercise: rules in symbols, and blanks for the numbers.

    What is given is printed with a few digits, and the key is computed from what is printed.

    `sheet.save("sheet.html")` writes it (.html, .tex, .md), `sheet.key()` is the same sheet filled in,
    `sheet.answers("csv")` a blank form, and `sheet.mark(…)` marks a dict, a file, or a folder with a file for each
    student. Answers may be written 0.5379, 0,5379, −0.5, 1/3, 1½ or 1,2·10⁻³. A number is right within half a
    unit of its last place, also where it follows from the student's own earlier numbers.

    Args:
        y: a Value, or a Tensor of one element.
        blanks: what is asked for: "forward", "backward", "all", or a list of names such as "dL_dW2".
        level: "tensor" for whole matrices, "value" for single numbers, as in `explain`.
        title: the heading.
        digits: how many decimals are asked for.
        seed: draw new numbers of one decimal for inputs, targets and parameters, until every mistake of the
            catalogue that can be made on this graph shows. Constants, and the graph itself, stay as they are.
        eta: a learning rate; the sheet then ends with the update of every Parameter, or of `wrt`.
        wrt: the Values or Tensors of interest, as in `explain`; by default the Parameters, where there are some.
        optimizer: an SGD or Adam: the sheet then ends with the lines of its step. Its state is given.

    Raises:
        TypeError, ValueError, RuntimeError: as `explain`; ValueError also for other blanks than there are, and
            where no numbers show every mistake.

    >>> from tinygrad_edu import Value
    >>> z = Value(0.5, label="z"); h = z.tanh(); h.label = "h"
    >>> sheet = worksheet(h)
    >>> print(sheet.answers().strip())
    name,answer
    dh_dz,
    sheet-id,82bcfcc9
    >>> print(sheet.mark({"dh_dz": "0,5379"}))
    0 of 1 points
    dh_dz          wrong: 0.5379, the rule gives 0.7864
        tanh′ is 1 − h², not 1 − h.
    """
    if seed is not None and not isinstance(seed, int):
        raise TypeError(f"worksheet: a seed is a whole number, not {seed!r}")
    step = step_by("worksheet", eta, optimizer)
    asked = [] if wrt is None else wanted("worksheet", wrt)

    def read() -> list[Question]:
        return as_printed(questions("worksheet", y, blanks, asked, level, title, digits, step), digits)

    lines = read() if seed is None else drawn(y, seed, digits, read)
    heading = "Backpropagation by hand" + ("" if seed is None else f", seed {seed}")
    return Worksheet(lines, heading if title is None else title, digits)


@dataclass(eq=False, repr=False)
class Worksheet:
    """A sheet with blanks. It shows itself in a notebook.

    Attributes:
        questions: its lines.
        title, digits: the heading, and how many decimals are asked for.
        filled: whether it is the key.
        zeros: the names of lines whose numbers are all printed as 0.
        id: a few letters that no other variant has. Forms carry it.

    >>> from tinygrad_edu import Value
    >>> sheet = worksheet(Value(2.0, label="x") ** 2)
    >>> [question.name for question in sheet.questions], sheet.hidden
    (['x', 'f', 'df_df', 'df_dx'], [])
    """

    questions: list[Question]
    title: str
    digits: int
    filled: bool = False

    def __post_init__(self) -> None:
        self.zeros = prints_as_zero(self.questions, self.digits)
        self._copies = [q.name for q in self.questions if q.asked and q.copies]
        self.id = fingerprint(self.questions)

    @cached_property
    def hidden(self) -> list[str]:
        """The mistakes that these numbers hide, by id.

        >>> from tinygrad_edu import Value
        >>> worksheet(Value(0.5, label="x").tanh()).hidden
        []
        """
        return [name for name, shown in mistakes_shown(self.questions, self.digits).items() if not shown]

    def key(self) -> Worksheet:
        """The same sheet filled in, with a word on the mistakes that its numbers hide.

        >>> from tinygrad_edu import Value
        >>> sheet = worksheet(Value(2.0, label="x") ** 2)
        >>> print(sheet.key().answers().partition("sheet-id")[0].strip())
        name,answer
        df_dx,4.0000
        """
        return replace(self, filled=True)

    def to(self, format: str) -> str:
        """The sheet as "html", "tex" or "md", or its form as "csv" or "json". ValueError for another format.

        >>> from tinygrad_edu import Value
        >>> sheet = worksheet(Value(2.0, label="x") ** 2)
        >>> print(sheet.to("md").splitlines()[0])
        # Backpropagation by hand
        """
        if format not in FORMATS:
            raise ValueError(f'worksheet: the format is "html", "tex", "md", "csv" or "json", not {format!r}')
        return FORMATS[format](self)

    def save(self, path: str | Path) -> Path:
        """Write it, as the suffix says: .html, .tex or .md; or its form, .csv or .json. ValueError for another suffix.

        >>> from tinygrad_edu import Value
        >>> sheet = worksheet(Value(2.0, label="x") ** 2)
        >>> sheet.save("sheet.html")  # doctest: +SKIP
        PosixPath('sheet.html')
        """
        suffixes = [f".{format}" for format in FORMATS]
        return save_as(path, "a worksheet is", suffixes, lambda suffix: self.to(suffix[1:]))

    def answers(self, format: str = "csv") -> str:
        """The form to fill in, as "csv" or "json": one line for each number; of a key with its numbers.

        The last line says which sheet it is.

        >>> from tinygrad_edu import Value
        >>> sheet = worksheet(Value(2.0, label="x") ** 2)
        >>> print(sheet.answers("csv").replace(sheet.id, "…").strip())
        name,answer
        df_dx,
        sheet-id,…
        """
        return self.to(format)

    def mark(
        self,
        answers: Any,
        points: Mapping[str, float] | None = None,
        credit: Mapping[str, float] | None = None,
        tolerance: float = 0.5,
        least_digits: int = 2,
        variants: Iterable[Worksheet] = (),
    ) -> Any:
        """Marks for one student's answers; for a folder, or a table with a row for each student, a ClassMarks.

        Args:
            answers: numbers or texts by name, also nested lists by quantity; or the path of a file (.csv, .txt,
                .tsv, .json, .xlsx), of a folder of them, or of a table with the names of the blanks in its head.
            points: of lines, by name; by default 1, and 0 for a line that only copies another.
            credit: what part of its points a number gets that is "right", "own" (right from the student's own
                earlier numbers), "coarse" (of too few digits), "wrong", "illegible" or "blank"; by default 1 for
                the first two, and 0 for the others.
            tolerance: how far a number may be off, in units of the last place that it is given with.
            least_digits: the significant figures that a number must have, at most as many as the key's.
            variants: further sheets, of other seeds: each form is marked with the sheet that it belongs to.

        Raises:
            OSError: a file cannot be read.
            TypeError: the answers are neither by name nor a path, or points or credit are not numbers.
            ValueError: a scheme with other words, or a file that holds no answers to this sheet. In a folder such
                a file is named in the report.

        >>> from tinygrad_edu import Value
        >>> sheet = worksheet(Value(2.0, label="x") ** 2)
        >>> sheet.mark({"df_dx": "4"}).points
        1.0
        """
        asked = [q.name for q in self.questions if q.asked]
        scheme = Scheme(self.digits, tolerance, least_digits, points or {}, credit or {}).checked(asked)
        sheets = {sheet.id: sheet for sheet in [*variants, self]}
        papers, alone = papers_of(answers, asked)
        marked, refused = {}, {}
        for paper in papers:
            sheet = sheets.get(paper.id or self.id)
            other = f"it is a form of another sheet or variant, {paper.id!r}; this one is {self.id!r}"
            if paper.refused or sheet is None:
                refused[paper.student] = paper.refused or other
            else:
                marked[paper.student] = mark_answers(sheet.questions, paper.answers, scheme, paper.notes)
        if alone and refused:
            raise ValueError(f"mark: {refused.popitem()[1]}")
        return marked.popitem()[1] if alone else ClassMarks(marked, refused)

    @property
    def remarks(self) -> list[str]:
        """What the key says to a teacher.

        >>> from tinygrad_edu import Value
        >>> worksheet(Value(0.0, label="x") ** 2).key().remarks
        ['These numbers hide the mistakes: no-constant.', 'Every number is printed as 0 in: df_dx.']
        """
        if not self.filled:
            return []
        said = {
            "These numbers hide the mistakes": self.hidden,
            "Every number is printed as 0 in": self.zeros,
            "Lines that only copy another are worth no points, unless you give them some": self._copies,
        }
        return [f"{what}: {', '.join(names)}." for what, names in said.items() if names]

    def __getstate__(self) -> object:
        """What `pickle` would keep: a TypeError, since a whole graph hangs on a sheet."""
        raise TypeError(
            "a worksheet holds its graph and cannot be copied or pickled: keep its seed, or sheet.save(path)"
        )

    def __str__(self) -> str:
        return self.to("md")

    def __repr__(self) -> str:
        return f"<{'Key' if self.filled else 'Worksheet'}: {self.title}, {len(form(self)) - 1} numbers>"

    def _repr_html_(self) -> str:
        rows = sum([len(grid(q, self)) for q in self.questions])
        return framed(self.to("html"), self.title, f"<pre>{escape(str(self))}</pre>", 260 + 40 * rows)
