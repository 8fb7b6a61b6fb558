"""Marking with follow-through: a line is right if it is its rule applied to the student's own earlier numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from statistics import median_high
from typing import TYPE_CHECKING

from ...writing.arrays import Array
from ...writing.numbers import short
from ..explaining.mistakes import CATALOGUE, mistakes_in
from .numbers import Given, read_number
from .sheet import printed, value_of, whole_pass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from ..explaining.mistakes import Mistake
    from .sheet import Question

POINTS = {"right": 1.0, "own": 1.0, "wrong": 0.0, "blank": 0.0}
SAID = {"right": "right", "own": "right from your own numbers", "wrong": "wrong", "blank": "blank"}


@dataclass(eq=False)
class Mark:
    """One number.

    Attributes:
        name: as on the form, dL_dW2[1,2].
        line: the name of its quantity, dL_dW2.
        status: "right", "own" (right from the student's own numbers), "wrong" or "blank".
        given: what was written, or None.
        expected: what the rule gives with the student's own earlier numbers.
        mistakes: those of the catalogue that give this number.
        note: a sentence, or "".
    """

    name: str
    line: str
    status: str
    given: float | None
    expected: float
    mistakes: list[Mistake] = field(default_factory=list)
    note: str = ""


@dataclass(eq=False)
class Marks:
    """What `Worksheet.mark` returns: a Mark for each number asked.

    Attributes:
        marks: in the order of the sheet.
        points, total: each line counts 1, or its weight, shared by its numbers.
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
        """Those that were named, each once.

        >>> from tinygrad_edu import Value, worksheet
        >>> marks = worksheet(Value(2.0, label="x") ** 2).mark({"df_dx": "5"})
        >>> marks.mistakes
        []
        """
        return list(dict.fromkeys([m for mark in self.marks for m in mark.mistakes]))

    def statuses(self) -> dict[str, str]:
        """For each line the worst status of its numbers.

        >>> from tinygrad_edu import Value, worksheet
        >>> marks = worksheet(Value(2.0, label="x") ** 2).mark({"df_dx": "5"})
        >>> marks.statuses()
        {'df_dx': 'wrong'}
        """
        worst = ["right", "own", "blank", "wrong"]
        found: dict[str, str] = {}
        for mark in self.marks:
            found[mark.line] = max(found.get(mark.line, "right"), mark.status, key=worst.index)
        return found

    def __str__(self) -> str:
        lines = [f"{short(self.points, 2)} of {short(self.total, 2)} points"]
        for mark in self.marks:
            said = f"{mark.name:14} {SAID[mark.status]}"
            if mark.status != "blank" and mark.given is not None:
                said += f": {short(mark.given, max(self.digits, 6))}"
            if mark.status == "wrong":
                said += f", the rule gives {short(mark.expected, self.digits)}"
            lines += [said, *["    " + text for text in [m.sentence for m in mark.mistakes] + [mark.note] if text]]
        return "\n".join([*lines, *self.notes])

    __repr__ = __str__


def mark_answers(
    sheet: Sequence[Question],
    answers: Mapping[str, object],
    digits: int,
    points: Mapping[str, float],
    weights: Mapping[str, float],
) -> Marks:
    """The marks of one student, from what was written under each name of the form."""
    notes: list[str] = []
    read = _read(sheet, answers, notes)
    decimals = [
        g.decimals for g in read.values() if isinstance(g, Given) and g.decimals is not None and g.decimals >= 2
    ]
    marker = _Marker(sheet, digits, median_high(decimals) if decimals else digits)
    marks = [mark for q in sheet if q.asked for mark in marker.line(q, read)]
    _name_whole_pass(sheet, marks, marker)
    asked = [q for q in sheet if q.asked]
    total = sum([weights.get(q.name, 1.0) for q in asked])
    sizes = {q.name: prod(q.key.shape) for q in asked}
    earned = sum([weights.get(m.line, 1.0) * points[m.status] / sizes[m.line] for m in marks if not _is_trivial(m)])
    notes += marker.notes
    return Marks(marks, earned, total, notes, digits)


_TRIVIAL = "follows from numbers that are all 0 or ±1, which make the line trivial: no credit"


def _is_trivial(mark: Mark) -> bool:
    return mark.status == "own" and mark.note == _TRIVIAL


def _read(sheet: Sequence[Question], answers: Mapping[str, object], notes: list[str]) -> dict[str, Given | str]:
    """What was given under each name: a number, or the sentence that says why it is not one."""
    written = {"".join(name.split()): text for name, text in answers.items()}
    read: dict[str, Given | str] = {}
    for q in sheet:
        own = [name for name in written if name == q.name or name.startswith(q.name + "[")] if q.asked else []
        if len(q.key.shape) == 2 and q.key.shape[0] != q.key.shape[1]:
            m, n = q.key.shape
            turned = {f"{q.name}[{j},{i}]": f"{q.name}[{i},{j}]" for i in range(1, m + 1) for j in range(1, n + 1)}
            if own and set(own) == set(turned):
                notes.append(f"{q.name} is given transposed, {n} × {m} instead of {m} × {n}: taken as it is meant")
                written |= {name + " ": written.pop(name) for name in own}
                written |= {right: written.pop(name + " ") for name, right in turned.items()}
        for entry in q.entries if q.asked else []:
            try:
                given = read_number(written.pop(entry, None))
            except ValueError as error:
                read[entry] = f"{entry}: {error}"
                continue
            if given is not None:
                read[entry] = given
    notes += [f"{name} is not a number that the sheet asks for" for name in written]
    return read


class _Marker:
    """Goes through the lines with the student's own numbers."""

    def __init__(self, sheet: Sequence[Question], digits: int, usual: int) -> None:
        self.lines = [q.line for q in sheet]
        self.digits, self.usual = digits, usual
        self.own: dict[str, Any] = {}  # under the names of formulas
        self.units: dict[str, list[float]] = {}  # how far apart the numbers are that are written alike
        self.followed: dict[str, bool] = {}  # whether a line, or one before it, is not the key's
        self.trivial: set[str] = set()
        self.notes: list[str] = []
        for q in sheet:
            if not q.asked:
                self.own[q.text] = shown = printed(q.key, digits)
                exact = [abs(a - b) < 1e-12 for a, b in zip(shown.numbers, q.key.numbers)]
                self.units[q.text] = [0.0 if same else 10.0**-digits for same in exact]

    def unit(self, given: Given) -> float:
        """Of the last place; a number with fewer than two decimals has lost zeros."""
        if given.decimals is None:
            return 0.0
        return 10.0 ** -(given.decimals if given.decimals >= 2 else max(self.usual, given.decimals))

    def line(self, q: Question, read: Mapping[str, Given | str]) -> list[Mark]:
        assert q.line.rule is not None
        key = q.key
        rule = value_of(q.line.rule, self.own, key)
        expected = rule or key
        answers = [read.get(entry) for entry in q.entries]
        carried = self._carried(q, expected) if rule else [0.0] * len(key.numbers)
        fresh = not any([self.followed.get(name) for name in q.inputs])
        trivial = any([name in self.trivial for name in q.inputs])
        said = key if fresh else expected  # the key, and not what its printed digits give
        marks = []
        for entry, given, right, own, c, shown in zip(
            q.entries, answers, key.numbers, expected.numbers, carried, said.numbers
        ):
            if not isinstance(given, Given):
                marks.append(Mark(entry, q.name, "wrong" if given else "blank", None, shown, note=given or ""))
                continue
            unit = self.unit(given)
            hair = 1e-9 * max(1.0, abs(right), abs(own))
            coarse = any([u > unit for name in q.inputs for u in self.units.get(name, [])])
            carry = c if coarse else min(c, 2 * unit)
            if abs(given.number - right) <= unit / 2 + hair:
                status = "right"
            elif rule and abs(given.number - own) <= unit / 2 + carry + hair:
                status = "right" if fresh else "own"
            else:
                status = "wrong"
            note = _TRIVIAL if status == "own" and trivial else ""
            marks.append(Mark(entry, q.name, status, given.number, shown, note=note))
        self._remember(q, marks, answers, fresh)
        self._name(q, marks, answers, carried)
        return marks

    def _carried(self, q: Question, at: Array) -> list[float]:
        """How far the rounding of what the line uses moves each number: Σ |∂line/∂input| · half a unit."""
        assert q.line.rule is not None
        moved = [0.0] * len(at.numbers)
        for name in q.inputs:
            units = self.units.get(name, [])
            base = self.own.get(name)
            for k, unit in enumerate(units):
                if unit and isinstance(base, Array):
                    numbers = list(base.numbers)
                    numbers[k] += unit / 2
                    there = value_of(q.line.rule, {**self.own, name: Array(base.shape, numbers)}, at)
                    if there is not None:
                        moved = [m + abs(a - b) for m, a, b in zip(moved, there.numbers, at.numbers)]
        return moved

    def _remember(self, q: Question, marks: list[Mark], answers: Sequence[Given | str | None], fresh: bool) -> None:
        """What later lines are computed from: the student's numbers; where none was given, what the rule gives."""
        numbers = [m.expected if m.given is None else m.given for m in marks]
        self.own[q.text] = Array(q.key.shape, numbers)
        units = [self.unit(g) if isinstance(g, Given) else 0.0 for g in answers]
        self.units[q.text] = units
        strict = all([m.status in ("right", "blank") for m in marks])
        self.followed[q.text] = not (strict and fresh)
        given = [m for m in marks if m.given is not None]
        if given and not strict and all([m.given in (0.0, 1.0, -1.0) for m in given]):
            self.trivial.add(q.text)
            self.notes.append(f"{q.name}: 0 or ±1 everywhere is a stock answer; lines that follow from it earn nothing")

    def _name(
        self, q: Question, marks: list[Mark], answers: Sequence[Given | str | None], carried: Sequence[float]
    ) -> None:
        """Name the mistakes that explain every wrong number of the line."""
        wrong = [k for k, m in enumerate(marks) if m.status == "wrong" and m.given is not None]
        if not wrong:
            return
        own = {**self.own}
        own.pop(q.text, None)
        for mistake, rule in mistakes_in(q.line, self.lines):
            given = value_of(rule, own, q.key)
            if given is None or any([mistake is m for m in marks[wrong[0]].mistakes]):
                continue
            if all([self._agrees(marks[k], answers[k], given.numbers[k], carried[k]) for k in wrong]):
                for k in wrong:
                    marks[k].mistakes.append(mistake)

    def _agrees(self, mark: Mark, given: Given | str | None, wrong: float, carried: float) -> bool:
        assert mark.given is not None
        assert isinstance(given, Given)
        unit = self.unit(given)
        return abs(mark.given - wrong) <= unit / 2 + min(carried, 2 * unit) + 1e-9 * max(1.0, abs(wrong))


def _name_whole_pass(sheet: Sequence[Question], marks: list[Mark], marker: _Marker) -> None:
    """Name a mistake of a whole pass, if it gives every number that is not the key's."""
    places = {entry: (q.text, k) for q in sheet for k, entry in enumerate(q.entries)}
    keys = {entry: q.key.numbers[k] for q in sheet for k, entry in enumerate(q.entries)}
    off = [m for m in marks if m.given is not None and m.status in ("own", "wrong")]
    if not any([m.status == "wrong" for m in off]):
        return
    for mistake in [m for m in CATALOGUE if m.whole_pass]:
        written = whole_pass(mistake, sheet)
        unit = 10.0**-marker.usual
        fits = [
            (text := places[m.name][0]) in written
            and m.given is not None
            and abs(m.given - written[text].numbers[places[m.name][1]]) <= 1.5 * unit
            and abs(written[text].numbers[places[m.name][1]] - keys[m.name]) > 0.5 * unit
            for m in off
        ]
        if all(fits):
            for m in off:
                if m.status == "wrong":
                    m.mistakes.append(mistake)
