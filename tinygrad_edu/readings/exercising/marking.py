"""Marking with follow-through: a line is right if it is its rule applied to the student's own earlier numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from statistics import median_high
from typing import Any

from ...writing.evaluation import Array
from .answers import Given, read_number
from .diagnosis import Earlier, Reading, carried, name_line, slips_of
from .report import Mark, Marks
from .sheet import Question, lines_in, value_of

CREDIT = {"right": 1.0, "own": 1.0, "coarse": 0.0, "wrong": 0.0, "illegible": 0.0, "blank": 0.0}


@dataclass(frozen=True)
class Scheme:
    """How numbers are judged.

    Attributes:
        digits: how many decimals the sheet asks for.
        tolerance: how far a number may be off, in units of its last place.
        least_digits: how many significant figures a number must have; no more than the key has.
        points: of lines, by name; without one 1, and 0 for a line that only copies another.
        credit: the part of its points that a number gets, by its status.
    """

    digits: int
    tolerance: float
    least_digits: int
    points: Mapping[str, float]
    credit: Mapping[str, float]


def mark_answers(
    sheet: Sequence[Question], answers: Mapping[str, object], scheme: Scheme, notes: Sequence[str] = ()
) -> Marks:
    """The marks of one student, from what was written under each name of the form."""
    asked = [q for q in sheet if q.asked]
    said = [*notes]
    marker = _Marker(sheet, scheme, _read(asked, answers, said))
    marks = [mark for q in asked for mark in marker.line(q)]
    alone = all([q.copies for q in asked])  # lines that only copy count nothing, unless there are no others
    worth = {q.name: _exactly(scheme.points.get(q.name, alone or not q.copies)) for q in asked}
    shares = {q.name: worth[q.name] / len(q.key.numbers) for q in asked}
    earned = [shares[m.line] * _exactly(scheme.credit[m.status]) for m in marks]
    return Marks(marks, float(sum(earned)), float(sum(worth.values())), said + marker.remarks(), scheme.digits)


def _exactly(x: float) -> Fraction:
    return Fraction(str(float(x)))  # 0.1 is a tenth


def _read(asked: Sequence[Question], answers: Mapping[str, object], notes: list[str]) -> dict[str, Given | str]:
    """What was given under each name: a number, or the sentence that says why it is not one."""
    written = dict(answers)
    read: dict[str, Given | str] = {}
    for q in asked:
        if len(q.key.shape) == 2 and q.key.shape[0] != q.key.shape[1]:
            m, n = q.key.shape
            turned = {f"{q.name}[{j},{i}]": f"{q.name}[{i},{j}]" for i in range(1, m + 1) for j in range(1, n + 1)}
            if turned.keys() <= written.keys() and not set(q.entries) - turned.keys() & written.keys():
                notes.append(f"{q.name} is given transposed, {n} × {m} instead of {m} × {n}: taken as it is meant")
                written |= {turned[name]: text for name, text in [(name, written.pop(name)) for name in turned]}
        for entry in q.entries:
            try:
                given = read_number(written.pop(entry, None))
            except ValueError as error:
                read[entry] = f"{entry}: {error}"
                continue
            if given is not None:
                read[entry] = given
    if more := [*written]:
        others = f", and {len(more) - 1} more" * (len(more) > 1)
        notes.append(f"{more[0][:60]} is not a number that the sheet asks for{others}")
    return read


class _Marker:
    """Goes through the lines with two sets of numbers: the student's own, and those that were meant.

    A number that is right was meant as it was written; in place of a wrong one the rule's number was meant. After a
    slip of the pen a student goes on with the number on the calculator. A line is right if it follows from the second
    set, and "own" if it follows from the first.
    """

    def __init__(self, sheet: Sequence[Question], scheme: Scheme, read: Mapping[str, Given | str]) -> None:
        self.lines, self.scheme, self.read = lines_in(sheet), scheme, read
        decimals = [g.decimals for g in read.values() if isinstance(g, Given) and g.decimals is not None]
        self.usual: int = median_high([d for d in decimals if d >= 2] or [scheme.digits])
        radius: dict[str, Array] = {}
        self.own, self.meant = Earlier({}, radius), Earlier({}, radius)
        self.followed: set[str] = set()  # lines that are not the key's, and those computed from them
        self.stock: list[str] = []  # names of lines that are 0 or ±1 throughout
        self.truncated, self.rounded = 0, 0
        for q in sheet:
            if not q.asked:
                shown = [float(x) for x in q.printed(scheme.digits)]
                self.own.numbers[q.text] = self.meant.numbers[q.text] = Array(q.key.shape, shown)
                unit = scheme.tolerance * 10.0**-scheme.digits
                rounded = [abs(a - b) >= 1e-12 for a, b in zip(shown, q.key.numbers)]
                radius[q.text] = Array(q.key.shape, [unit * is_rounded for is_rounded in rounded])

    def line(self, q: Question) -> list[Mark]:
        """What the line asks, what the student wrote, what the rule gives with it."""
        written = [self.read.get(entry) for entry in q.entries]
        fresh = self.followed.isdisjoint(q.inputs)
        meant, own = self._reading(q, self.meant), self._reading(q, self.own)
        key = Reading(q.key, meant.moved)
        told = key if fresh else own  # the key itself, and not what its printed digits give
        marks, halves = [], []
        for k, (entry, given) in enumerate(zip(q.entries, written)):
            mark = Mark(entry, q.name, "blank", None, told.expected.numbers[k])
            marks.append(mark)
            halves.append(0.0)
            if isinstance(given, str):
                mark.status, mark.note = "illegible", given
            elif given is not None:
                meant_as = given.with_zeros(self.usual)
                halves[k] = self._half(meant_as)
                strict, follows = self._is(meant_as, [key, meant], k), self._is(meant_as, [own], k)
                mark.given = given.number
                mark.status = "right" if strict or (follows and fresh) else "own" if follows else "wrong"
                self._count_truncated(meant_as, [key, meant, own], k)
                if mark.status == "wrong":
                    decimals = self.usual if meant_as.decimals is None else meant_as.decimals
                    mark.slips = slips_of(given.number, decimals, mark.expected, halves[k] + own.moved[k])
                elif meant_as.figures < min(self.scheme.least_digits, _figures_of(mark.expected, self.scheme.digits)):
                    mark.status = "coarse"
        name_line(q, self.lines, self.own, own, marks, halves)
        for mark, given in zip(marks, written):
            wrong = isinstance(given, Given) and mark.status == "wrong" and not mark.mistakes
            if wrong and self._is_cut_short(given, mark.expected):
                mark.status = "coarse"
        self._remember(q, marks, written, meant, own, fresh)
        return marks

    # What the rule gives.

    def _reading(self, q: Question, earlier: Earlier) -> Reading:
        """What the rule of a line gives from earlier numbers."""
        assert q.line.rule is not None
        expected = value_of(q.line.rule, earlier.numbers, q.key) or q.key
        return Reading(expected, carried(q.line.rule, *earlier, q.key))

    def _is(self, given: Given, readings: Sequence[Reading], k: int) -> bool:
        """Whether it is number k of one of the readings, within its own rounding and theirs."""
        half = self._half(given)
        return any([abs(given.number - reading.expected.numbers[k]) <= half + reading.moved[k] for reading in readings])

    def _half(self, given: Given) -> float:
        """Half a unit of its last place, and a hair."""
        return self.scheme.tolerance * given.unit + 1e-9 * max(1.0, abs(given.number))

    # What the student wrote.

    def _is_cut_short(self, given: Any, expected: float) -> bool:
        """Whether it is right in the digits that were written, too few of them."""
        few = given.decimals == 1 < self.usual and given.figures > 0
        return bool(few and abs(given.number - expected) <= self.scheme.tolerance * given.unit)

    def _count_truncated(self, given: Given, readings: Sequence[Reading], k: int) -> None:
        """Whether it is one of the rule's numbers cut off, or one of them rounded, where these differ."""
        if given.unit:
            written = round(abs(given.number) / given.unit)
            sizes = [abs(reading.expected.numbers[k]) / given.unit for reading in readings]
            sizes = [x for x in sizes if x < 1e15]  # more digits than a float has are not told apart
            cut = any([floor(x + 1e-6) == written for x in sizes])
            rounded = any([floor(x + 0.5) == written for x in sizes])
            self.truncated += cut and not rounded
            self.rounded += rounded and not cut

    # What later lines are computed from.

    def _remember(
        self, q: Question, marks: list[Mark], written: Sequence[Given | str | None], meant: Reading, own: Reading,
        fresh: bool,
    ) -> None:  # fmt: skip
        """The student's numbers; where none was given, what the rule gives.

        Numbers that are 0 or ±1 throughout, wrong and of no mistake, are a stock answer: as if none were given. Lines
        that follow from them would be trivial.
        """
        given = {abs(round(m.given, self.scheme.digits)) for m in marks if m.given is not None}
        wrong = any([m.status == "wrong" for m in marks])
        stock = wrong and given <= {0.0, 1.0} and not any([m.mistakes for m in marks])
        self.stock += [q.name] * stock
        stands = [x if m.given is None or stock else m.given for m, x in zip(marks, own.expected.numbers)]
        rights = [m.given if m.status == "right" and m.given is not None else x
                  for m, x in zip(marks, meant.expected.numbers)]  # fmt: skip
        usual = 10.0**-self.usual
        units = [g.with_zeros(self.usual).unit if isinstance(g, Given) else usual * (g is not None) for g in written]
        units = [max(unit, usual) if m.status == "wrong" else unit for m, unit in zip(marks, units)]
        self.own.numbers[q.text] = Array(q.key.shape, stands)
        self.meant.numbers[q.text] = Array(q.key.shape, rights)
        self.own.radius[q.text] = Array(q.key.shape, [self.scheme.tolerance * unit for unit in units])
        if not fresh or not (stock or all([m.status in ("right", "coarse", "blank") for m in marks])):
            self.followed.add(q.text)

    def remarks(self) -> list[str]:
        """What is to be said of the answers as a whole."""
        said = []
        if self.stock:
            where = ", ".join(self.stock)
            said.append(f"{where}: 0 or ±1 everywhere is a stock answer; what follows is marked as if it were blank")
        if self.truncated >= 3 and not self.rounded and self.scheme.tolerance < 1:
            said.append("these numbers are cut off throughout, not rounded; mark(tolerance=1) takes that as right")
        return said


def _figures_of(x: float, digits: int) -> int:
    """The significant figures of a number that is printed with so many decimals."""
    return len(f"{abs(x):.{digits}f}".replace(".", "").strip("0"))
