"""worksheet: a graph as an exercise, its key, and its marks.

sheet.py            the lines of a sheet as data, and which mistakes their numbers show
drawing_numbers.py  new numbers, one decimal each, that show every mistake
pages.py            HTML, LaTeX, Markdown
numbers.py          numbers as students write them
marking.py          right, right from your own numbers, or wrong; and which mistake it was
classes.py          files of answers, and a table of a class
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ...tree import one_value
from ...value import real_number
from ...writing.files import write_whole
from ...writing.numbers import check_digits
from ..frame import framed
from ..naming import check_result, check_title
from .classes import ClassMarks, csv_of, flattened, students_of
from .drawing_numbers import drawn
from .marking import POINTS, Mark, Marks, mark_answers
from .pages import as_html, as_latex, as_markdown, body_of, grid
from .sheet import mistakes_shown, questions

if TYPE_CHECKING:
    from typing import Any

    from .sheet import Question

__all__ = ["ClassMarks", "Mark", "Marks", "Worksheet", "worksheet"]

_FORMATS = {".html": as_html, ".htm": as_html, ".tex": as_latex, ".md": as_markdown}


def worksheet(
    y: Any,
    blanks: Any = "backward",
    level: str | None = None,
    title: str | None = None,
    digits: int = 4,
    seed: int | None = None,
    eta: float | None = None,
) -> Worksheet:
    """The derivation of y as an exercise: rules in symbols, and blanks for the numbers.

    `sheet.save("sheet.html")` writes it (.html, .tex, .md), `sheet.key()` is the same sheet filled in,
    `sheet.answers("csv")` a blank form, and `sheet.mark(…)` marks a dict, a file, or a folder with a file a
    student. Answers may be written 0.5379, 0,5379, −0.5, 1/3 or 1,2·10⁻³. A number is right within half a
    unit of its last place, also where it follows from the student's own earlier numbers.

    Args:
        y: a Value, or a Tensor of one element.
        blanks: what is asked for: "forward", "backward", "all", or a list of quantities, as Values, Tensors
            or names such as "dL_dW2".
        level: "tensor" for whole matrices, "value" for single numbers, as in `explain`.
        title: the heading.
        digits: how many decimals are asked for.
        seed: draw new numbers of one decimal for inputs and parameters, until every mistake of the catalogue
            that can be made on this graph shows. The graph itself stays as it is.
        eta: a learning rate; the sheet then ends with the update of every parameter.

    Raises:
        TypeError, ValueError, RuntimeError: as `explain`; ValueError also for other blanks than there are, and
            where no numbers show every mistake.

    >>> from tinygrad_edu import Value
    >>> z = Value(0.5, label="z"); h = z.tanh(); h.label = "h"
    >>> sheet = worksheet(h)
    >>> print(sheet.answers().strip())
    name,answer
    dh_dz,
    >>> print(sheet.mark({"dh_dz": "0,5379"}))
    0 of 1 points
    dh_dz          wrong: 0.5379, the rule gives 0.7864
        tanh′ is 1 − h², not 1 − h.
    """
    check_result("worksheet", y)
    one_value(y)
    check_digits("worksheet", digits)
    check_title("worksheet", title)
    if seed is not None and not isinstance(seed, int):
        raise TypeError(f"worksheet: a seed is a whole number, not {seed!r}")
    eta = None if eta is None else real_number(eta)

    def read() -> list[Question]:
        return questions(y, blanks, level, eta, digits)

    read()  # what is wrong with the arguments is said before numbers are drawn
    lines = read() if seed is None else drawn(y, seed, digits, read)
    heading = title if title is not None else "Backpropagation by hand"
    return Worksheet(lines, heading if seed is None else f"{heading} (seed {seed})", digits)


class Worksheet:
    """A sheet with blanks. It shows itself in a notebook.

    Attributes:
        questions: its lines.
        hidden: the mistakes that these numbers hide, by id.

    >>> from tinygrad_edu import Value
    >>> sheet = worksheet(Value(2.0, label="x") ** 2)
    >>> [question.name for question in sheet.questions], sheet.hidden
    (['x', 'f', 'df_df', 'df_dx'], [])
    """

    def __init__(self, questions: list[Question], title: str, digits: int, filled: bool = False) -> None:
        self.questions = questions
        self.title = title
        self.digits = digits
        self.filled = filled
        self.hidden = [name for name, shown in mistakes_shown(questions, digits).items() if not shown]

    def key(self) -> Worksheet:
        """The same sheet filled in, with a word on the mistakes that its numbers hide.

        >>> from tinygrad_edu import Value
        >>> sheet = worksheet(Value(2.0, label="x") ** 2)
        >>> print(sheet.key().answers().strip())
        name,answer
        df_dx,4.0000
        """
        return Worksheet(self.questions, self.title, self.digits, filled=True)

    def to(self, format: str) -> str:
        """The sheet as "html", "tex" or "md". ValueError for another format.

        >>> from tinygrad_edu import Value
        >>> sheet = worksheet(Value(2.0, label="x") ** 2)
        >>> print(sheet.to("md").splitlines()[0])
        # Backpropagation by hand
        """
        if f".{format}" not in _FORMATS:
            raise ValueError(f'worksheet: the format is "html", "tex" or "md", not {format!r}')
        return _FORMATS[f".{format}"](self.questions, self.title, self.digits, self.filled, self._remark())

    def save(self, path: str | Path) -> Path:
        """Write it, as the suffix says: .html, .tex or .md. ValueError for another suffix.

        >>> from tinygrad_edu import Value
        >>> sheet = worksheet(Value(2.0, label="x") ** 2)
        >>> sheet.save("sheet.html")  # doctest: +SKIP
        PosixPath('sheet.html')
        """
        path = Path(path)
        write_whole(path, self.to(path.suffix.lower().removeprefix(".")).encode())
        return path

    def answers(self, format: str = "csv") -> str:
        """The form to fill in, as "csv" or "json": one line a number; of a key with its numbers.

        >>> from tinygrad_edu import Value
        >>> sheet = worksheet(Value(2.0, label="x") ** 2)
        >>> print(sheet.answers("csv").strip())
        name,answer
        df_dx,
        """
        numbers = {
            entry: (f"{x:.{self.digits}f}" if self.filled else "")
            for q in self.questions
            if q.asked
            for entry, x in zip(q.entries, q.key.numbers)
        }
        if format == "json":
            return json.dumps(numbers, ensure_ascii=False, indent=1) + "\n"
        if format != "csv":
            raise ValueError(f'answers: the format is "csv" or "json", not {format!r}')
        return csv_of([["name", "answer"], *[[name, text] for name, text in numbers.items()]])

    def mark(
        self,
        answers: Any,
        points: Mapping[str, float] | None = None,
        weights: Mapping[str, float] | None = None,
    ) -> Any:
        """Marks for one student's answers; for a folder, or a CSV with a column of names, a ClassMarks.

        Args:
            answers: numbers or texts by name, also nested lists by quantity; or the path of a CSV or JSON file,
                of a folder of them, or of one CSV with a row a student.
            points: for a number that is "right", "own", "wrong" or "blank"; by default 1, 1, 0, 0.
            weights: of lines, by name; by default 1.

        Raises:
            OSError: a file cannot be read.
            TypeError: the answers are neither by name nor a path, or points or weights are not numbers.
            ValueError: a scheme with other words, or a file that is no form.

        >>> from tinygrad_edu import Value
        >>> sheet = worksheet(Value(2.0, label="x") ** 2)
        >>> sheet.mark({"df_dx": "4"}).points
        1.0
        """
        scheme = {**POINTS, **(points or {})}
        lines = {q.name for q in self.questions if q.asked}
        for word in [*(set(scheme) - set(POINTS)), *(set(weights or {}) - lines)]:
            raise ValueError(f"mark: {word!r} is neither a line nor one of {', '.join(POINTS)}")
        for word, worth in [*scheme.items(), *(weights or {}).items()]:
            real_number(worth, f"mark: for {word!r} ")

        def marks(numbers: Mapping[str, Any]) -> Marks:
            return mark_answers(self.questions, flattened(numbers), self.digits, scheme, weights or {})

        if isinstance(answers, Mapping):
            return marks(answers)
        if not isinstance(answers, (str, Path)):
            raise TypeError(f"mark: answers by name are needed, or the path of a file, not {answers!r}")
        students = students_of(Path(answers))
        if isinstance(students, list):
            return ClassMarks({name: marks(numbers) for name, numbers in students})
        return marks(students)

    def _remark(self) -> str:
        if not self.filled or not self.hidden:
            return ""
        return "These numbers hide the mistakes: " + ", ".join(self.hidden) + "."

    def __str__(self) -> str:
        return self.to("md")

    def __repr__(self) -> str:
        numbers = sum([len(q.entries) for q in self.questions if q.asked])
        return f"<{'Key' if self.filled else 'Worksheet'}: {self.title}, {numbers} number{'s' if numbers != 1 else ''}>"

    def _repr_html_(self) -> str:
        body = body_of(self.questions, self.title, self.digits, self.filled, self._remark())
        lines = sum([len(grid(q, self.digits, self.filled)) for q in self.questions])
        return framed(self.to("html"), self.title, body, 260 + 36 * lines)
