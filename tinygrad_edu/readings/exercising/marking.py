"""Marking with follow-through: a line is right if it is its rule applied to the student's own earlier numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor, prod
from statistics import median_high
from typing import Any

from ...errors import real_number
from ...writing.evaluation import Array
from ..explaining.lines import Lines
from ..explaining.mistakes import mistakes_in
from .answers import Given, read_number
from .report import Mark, Marks
from .rules import Result, exact, result_of, result_of_mistake
from .sheet import Question, lines_in

CREDIT = {"right": 1.0, "own": 1.0, "coarse": 0.0, "wrong": 0.0, "illegible": 0.0, "blank": 0.0}
_CHANCE = 0.05  # a mistake is believed if fewer of a hundred other numbers would be explained by one as well


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

    def checked(self, lines: Sequence[str]) -> Scheme:
        """Itself. Raises TypeError or ValueError, unless its words are those of lines or statuses, with numbers."""
        for what, given, known in (("points", self.points, lines), ("credit", self.credit, CREDIT)):
            if unknown := [word for word in given if word not in known]:
                raise ValueError(f"mark: {what} are for {', '.join(known)}, not for {unknown[0]!r}")
        numbers = {**self.points, **self.credit, "tolerance": self.tolerance, "least_digits": self.least_digits}
        for word, number in numbers.items():
            real_number(number, f"mark: for {word!r} ")
        return self


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
    credit = {**CREDIT, **scheme.credit}
    earned = [shares[m.line] * _exactly(credit[m.status]) for m in marks]
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
                if given := read_number(written.pop(entry, None)):
                    read[entry] = given
            except ValueError as error:
                read[entry] = f"{entry}: {error}"
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
        self.own: dict[str, Result] = {}
        self.meant: dict[str, Result] = {}
        self.followed: set[str] = set()  # lines that are not the key's, and those computed from them
        self.stock: list[str] = []  # names of lines that are 0 or ±1 throughout
        self.truncated, self.rounded = 0, 0
        for q in [q for q in sheet if not q.asked]:
            shown = [float(x) for x in q.printed(scheme.digits)]
            half = scheme.tolerance * 10.0**-scheme.digits
            moved = [half if abs(a - b) >= 1e-12 else 0.0 for a, b in zip(shown, q.key.numbers)]
            self.own[q.text] = self.meant[q.text] = Result(Array(q.key.shape, shown), Array(q.key.shape, moved))

    def line(self, q: Question) -> list[Mark]:
        """What the line asks, what the student wrote, what the rule gives with it."""
        fresh = self.followed.isdisjoint(q.inputs)
        own, meant = [result_of(q.line.rule, earlier, q.key) or exact(q.key) for earlier in (self.own, self.meant)]
        key = Result(q.key, meant.moved)
        told = q.key if fresh else own.numbers  # the key itself, and not what its printed digits give
        marks = [Mark(entry, q.name, "blank", None, x) for entry, x in zip(q.entries, told.numbers)]
        for mark, *results in zip(marks, key.each(), meant.each(), own.each()):
            given = self.read.get(mark.name)
            if isinstance(given, str):
                mark.status, mark.note, mark.half = "illegible", given, self.scheme.tolerance * 10.0**-self.usual
            elif given is not None:
                self._judge(mark, given, results, fresh)
        name_mistakes(q, self.lines, self.own, own, marks)
        for mark in marks:
            if mark.status == "wrong" and not mark.mistakes and self._is_cut_short(mark):
                mark.status = "coarse"
        self._remember(q, marks, own, meant, fresh)
        return marks

    def _judge(self, mark: Mark, given: Given, results: Sequence[tuple[float, float]], fresh: bool) -> None:
        """Say what a number is beside the key, what was meant, and what follows from the student's own numbers."""
        whole = given.with_zeros(self.usual)
        mark.given, mark.half = given.number, self.scheme.tolerance * whole.unit + 1e-9 * max(1.0, abs(given.number))
        fits = [mark.may_be(*result) for result in results]
        if any(fits):
            figures = [_figures_of(x, self.scheme.digits) for (x, _), fit in zip(results, fits) if fit]
            least = min(self.scheme.least_digits, *figures)
            mark.status = "coarse" if whole.figures < least else "right" if any(fits[:-1]) or fresh else "own"
        else:
            mark.status = "wrong"
            decimals = self.usual if whole.decimals is None else whole.decimals
            mark.slips = slips_of(given.number, decimals, mark.expected, mark.half + results[-1][1])
        self._count_cut(whole, [x for x, _ in results])

    def _is_cut_short(self, mark: Mark) -> bool:
        """Whether it is right in the digits that were written, too few of them."""
        given: Any = self.read[mark.name]
        few = given.decimals == 1 < self.usual and given.figures > 0
        return bool(few and abs(given.number - mark.expected) <= self.scheme.tolerance * given.unit)

    def _count_cut(self, given: Given, numbers: Sequence[float]) -> None:
        """Whether it is one of the rule's numbers cut off, or one of them rounded, where these differ."""
        sizes = [abs(x) / given.unit for x in numbers if given.unit]
        sizes = [x for x in sizes if x < 1e15]  # more digits than a float has are not told apart
        written = round(abs(given.number) / given.unit) if sizes else 0
        cut, rounded = [any([floor(x + up) == written for x in sizes]) for up in (1e-6, 0.5)]
        self.truncated += cut and not rounded
        self.rounded += rounded and not cut

    def _remember(self, q: Question, marks: list[Mark], own: Result, meant: Result, fresh: bool) -> None:
        """What later lines are computed from: the student's numbers; where none was given, what the rule gives.

        Numbers that are 0 or ±1 throughout, wrong and of no mistake, are a stock answer: as if none were given. Lines
        that follow from them would be trivial.
        """
        sizes = {abs(round(m.given, self.scheme.digits)) for m in marks if m.given is not None}
        wrong = [m for m in marks if m.status == "wrong"]
        stock = bool(wrong) and sizes <= {0.0, 1.0} and not wrong[0].mistakes
        self.stock += [q.name] * stock
        usual = self.scheme.tolerance * 10.0**-self.usual
        moved = Array(q.key.shape, [max(m.half, usual) if m.status == "wrong" else m.half for m in marks])
        stands = [x if m.given is None or stock else m.given for m, (x, _) in zip(marks, own.each())]
        rights = [x if m.given is None or m.status != "right" else m.given for m, (x, _) in zip(marks, meant.each())]
        self.own[q.text] = Result(Array(q.key.shape, stands), moved)
        self.meant[q.text] = Result(Array(q.key.shape, rights), moved)
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


# What gives a wrong number.


def name_mistakes(
    q: Question, lines: Lines, earlier: Mapping[str, Result], right: Result, marks: Sequence[Mark]
) -> None:
    """Name the mistakes that give every number of the line as it was written, the right ones too.

    `right` is what the rule gives with the student's own earlier numbers. Slips of the pen are listed beside the
    mistakes. Neither is sure if both are possible, or if so few digits are wrong that some mistake would give them by
    chance.
    """
    wrong = [(mark, moved) for mark, (_, moved) in zip(marks, right.each()) if mark.status == "wrong"]
    if not wrong:
        return

    def agrees(result: Result, is_wrong: bool) -> bool:
        given = [(m, told) for m, told in zip(marks, result.each()) if m.given is not None]
        return all([m.may_be(*told) for m, told in given if (m.status == "wrong") == is_wrong])

    results = [(made.mistake, result_of_mistake(made, q.line, earlier, right)) for made in mistakes_in(q.line, lines)]
    compatible = [(mistake, result) for mistake, result in results if result and agrees(result, False)]
    found = list(dict.fromkeys([mistake for mistake, result in compatible if agrees(result, True)]))
    size = max([*map(abs, q.key.numbers), *[abs(mark.given or 0.0) for mark, _ in wrong]])
    chance = len(compatible) * prod([min(2 * (mark.half + moved) / size, 1.0) for mark, moved in wrong])
    for mark, _ in wrong:
        mark.mistakes = found
        mark.sure = bool(found) and chance < _CHANCE and not (len(wrong) == 1 and mark.slips)


def slips_of(given: float, decimals: int, meant: float, tolerance: float) -> list[str]:
    """The slips of the pen by which a number may have come out of another.

    >>> slips_of(0.16936, 5, 0.16396, 5e-6), slips_of(-0.5, 1, 0.5, 0.05), slips_of(0.0025, 4, 0.25, 5e-5)
    (['Two digits have changed places.'], ['The sign is the wrong one.'], ['The decimal point is shifted.'])
    """
    d, sign = f"{abs(given):.{decimals}f}", -1.0 if given < 0 else 1.0
    places = [k for k, c in enumerate(d) if c != "."]
    slips = [("The sign is the wrong one.", f"-{d}")]
    slips += [("The decimal point is shifted.", f"{d}e{k}") for k in range(-3, 4) if k]
    for i, j in zip(places, places[1:]):
        slips.append(("Two digits have changed places.", d[:i] + d[j] + d[i + 1 : j] + d[i] + d[j + 1 :]))
    found = []
    for slip, text in slips if given else []:
        allowed = tolerance * max(1.0, abs(float(text) / given))
        found += [slip] * (abs(sign * float(text) - meant) <= allowed)
    return list(dict.fromkeys(found))
