"""Simulated students: points are lost only for wrong numbers or too few digits, and nobody is accused of a slip."""

import math
import random
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import pytest
from test_exercising import asked, environment, numbers_of, practical, value_of

from tinygrad_edu import MLP, Tensor, Worksheet, mse_loss, worksheet
from tinygrad_edu.readings.exercising.sheet import lines_in
from tinygrad_edu.readings.explaining.mistakes import mistakes_in
from tinygrad_edu.writing.evaluation import Array


def small() -> Tensor:
    net = MLP([2, 2, 1], activation="sigmoid", seed=3)
    return mse_loss(net(Tensor([0.2, 0.7], label="x")), Tensor([0.6], label="y"))


GRAPHS = {
    "Q1": lambda: practical(1),
    "Q2": lambda: practical(2),
    "2-2-1": small,
    "batch": lambda: practical(2, batch=True),
}


@cache
def sheet_of(graph: str, seed: int) -> Worksheet:
    return worksheet(GRAPHS[graph](), blanks="all", seed=seed, eta=0.1)


def truncated(x: float, digits: int) -> float:
    return math.copysign(math.floor(abs(x) * 10**digits + 1e-9) / 10**digits, x)


def written(
    sheet: Worksheet, digits: int, cut: bool = False, carried: bool = True, wrong: tuple[str, Any] = ("", None)
) -> dict[str, str]:
    """The form of a student who computes every line, and goes on with what was written or with the calculator.

    `wrong` is the name of a line with a mistake that is made in it.
    """
    lines = [q for q in sheet.questions if q.line.rule is None]
    env: dict[str, Any] = {q.text: Array(q.key.shape, [float(x) for x in q.printed(sheet.digits)]) for q in lines}
    form = {}
    for q in asked(sheet):
        assert q.line.rule is not None
        exact = value_of(q.line.rule, env, q.key)
        if q.name == wrong[0]:
            exact = numbers_of(wrong[1], q.line, env, exact)
        assert exact is not None
        shown = [truncated(x, digits) if cut else float(f"{x:.{digits}f}") for x in exact.numbers]
        env[q.text] = Array(q.key.shape, shown) if carried else exact
        form |= {entry: f"{x:.{digits}f}" for entry, x in zip(q.entries, shown)}
    return form


STUDENTS = [(digits, cut, carried) for digits in (2, 3, 4) for cut in (False, True) for carried in (False, True)]


@pytest.mark.parametrize("seeds", [range(1), pytest.param(range(1, 3), marks=pytest.mark.long)], ids=len)
@pytest.mark.parametrize(("digits", "cut", "carried"), STUDENTS)
@pytest.mark.parametrize("graph", GRAPHS)
def test_who_computes_rightly_loses_points_for_missing_digits_alone(
    graph: str, digits: int, cut: bool, carried: bool, seeds: range
) -> None:
    for seed in seeds:
        sheet = sheet_of(graph, seed)
        form = written(sheet, digits, cut, carried)
        marks = sheet.mark(form, tolerance=1 if cut else 0.5)
        for mark in marks.marks:
            figures = len(form[mark.name].lstrip("-").replace(".", "").lstrip("0"))
            assert mark.status == "right" or (mark.status == "coarse" and figures < 2), (seed, mark, form[mark.name])
        assert not marks.notes
        if cut:
            assert any("cut off throughout" in note for note in sheet.mark(form).notes)


def slips(text: str) -> Iterator[str]:
    """A number with two digits exchanged, the point shifted, the sign dropped or added, or one digit misread."""
    digits = [k for k, c in enumerate(text) if c.isdigit()]
    for i, j in zip(digits, digits[1:]):
        yield text[:i] + text[j] + text[i + 1 : j] + text[i] + text[j + 1 :]
    yield str(float(text) * 10)
    yield f"{float(text) / 10:.{len(text.partition('.')[2]) + 1}f}"
    yield text.removeprefix("-") if text.startswith("-") else "-" + text
    for k in digits[-2:]:
        yield text[:k] + str((int(text[k]) + 4) % 10) + text[k + 1 :]


def with_slips(sheet: Worksheet, rng: random.Random, digits: int) -> Iterable[tuple[str, dict[str, str]]]:
    """Forms that are right but for one number."""
    form = written(sheet, digits)
    for entry in rng.sample([*form], 8):
        text = form[entry]
        far = [slip for slip in slips(text) if abs(float(slip) - float(text)) > 4 * 10.0**-digits]
        if far:
            yield entry, form | {entry: rng.choice(far)}


@pytest.mark.parametrize("seeds", [range(2), pytest.param(range(2, 6), marks=pytest.mark.long)], ids=len)
@pytest.mark.parametrize("graph", GRAPHS)
def test_a_slip_of_the_pen_costs_one_number_and_accuses_nobody(graph: str, seeds: range) -> None:
    for seed in seeds:
        rng = random.Random(seed)
        sheet = sheet_of(graph, seed)
        for digits in (2, 3, 4):
            for entry, form in with_slips(sheet, rng, digits):
                marks = sheet.mark(form, least_digits=0)
                wrong = [mark.name for mark in marks.marks if mark.status not in ("right", "own")]
                assert wrong == [entry], (seed, digits, form[entry], str(marks))
                assert not marks.mistakes, (seed, digits, entry, form[entry], marks.mistakes)


@pytest.mark.parametrize(
    ("digits", "seeds"),
    [(4, range(1)), *[pytest.param(*case, marks=pytest.mark.long) for case in ((3, range(2)), (4, range(1, 2)))]],
)
@pytest.mark.parametrize("graph", GRAPHS)
def test_a_mistake_of_thought_is_listed_in_exactly_its_line(graph: str, digits: int, seeds: range) -> None:
    for seed in seeds:
        sheet = sheet_of(graph, seed)
        lines = lines_in(sheet.questions)
        for q in asked(sheet):
            for made in mistakes_in(q.line, lines):
                wrong = numbers_of(made, q.line, environment(sheet.questions), q.key)
                off = max([abs(a - b) for a, b in zip(wrong.numbers, q.key.numbers)]) if wrong else 0
                if wrong is None or off < 4 * 10.0**-digits:
                    continue
                marks = sheet.mark(written(sheet, digits, wrong=(q.name, made)), least_digits=0)
                where = {mark.line for mark in marks.marks if made.mistake in mark.mistakes}
                assert where == {q.name}, (seed, made.mistake.id, q.name, where)
                assert {mark.line for mark in marks.marks if mark.status == "wrong"} == {q.name}
