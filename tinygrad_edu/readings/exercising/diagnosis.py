"""Which mistake, or which slip of the pen, gives the numbers of a line; and which mistakes a sheet shows at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from ...writing.evaluation import Array
from ..explaining.lines import Line, Lines
from ..explaining.mistakes import Made, Mistake, mistakes_in
from .report import Mark
from .rounding import Earlier, Reading, carried
from .sheet import Question, environment, lines_in, value_of

_CHANCE = 0.05  # a mistake is believed if fewer of a hundred other numbers would be explained by one as well

# Slips of the pen: what each makes of the digits that were meant.


def _shifted(digits: str) -> list[float]:
    return [float(f"{digits}e{k}") for k in (-3, -2, -1, 1, 2, 3)]


def _exchanged(digits: str) -> list[float]:
    places = [k for k, c in enumerate(digits) if c != "."]
    found = []
    for i, j in zip(places, places[1:]):
        turned = [*digits]
        turned[i], turned[j] = turned[j], turned[i]
        found.append(float("".join(turned)))
    return found


def slips_of(given: float, decimals: int, meant: float, tolerance: float) -> list[str]:
    """The slips of the pen by which a number may have come out of another.

    >>> slips_of(0.16936, 5, 0.16396, 5e-6), slips_of(-0.5, 1, 0.5, 0.05), slips_of(0.025, 3, 0.25, 5e-4)
    (['Two digits have changed places.'], ['The sign is the wrong one.'], ['The decimal point is shifted.'])
    """
    if given == 0:
        return []
    digits, sign = f"{abs(given):.{decimals}f}", -1.0 if given < 0 else 1.0
    slips = {
        "The sign is the wrong one.": [-abs(given)],
        "The decimal point is shifted.": _shifted(digits),
        "Two digits have changed places.": _exchanged(digits),
    }
    return [
        said
        for said, numbers in slips.items()
        if any([abs(sign * x - meant) <= tolerance * max(1.0, abs(x / given)) for x in numbers])
    ]


def numbers_of(made: Made, line: Line, env: Mapping[str, Any], right: Array | None, like: Array) -> Array | None:
    """What a mistake makes of a line. Of many contributions only the wrong one is computed again."""
    if made.term is None or right is None:
        return value_of(made.rule, env, like)
    wrong, term = value_of(made.rule, env, like), value_of(line.terms[made.term], env, like)
    if wrong is None or term is None:
        return None
    return Array(like.shape, [r - t + w for r, t, w in zip(right.numbers, term.numbers, wrong.numbers)])


def name_line(
    q: Question, lines: Lines, own: Earlier, right: Reading, marks: Sequence[Mark], halves: Sequence[float]
) -> None:
    """Name the mistakes that give every number of the line as it was written, the right ones too.

    `right` is what the rule gives with the student's own numbers, `halves` how far each number may be off by its own
    rounding. Slips of the pen are listed beside the mistakes. Neither is sure if both are possible, or if so few
    digits are wrong that some mistake would give them by chance.
    """
    given = [(k, mark.given) for k, mark in enumerate(marks) if mark.given is not None]
    wrong = [(k, x) for k, x in given if marks[k].status == "wrong"]
    if not wrong:
        return

    def agrees(reading: Reading, written: Sequence[tuple[int, float]]) -> bool:
        return all([abs(x - reading.expected.numbers[k]) <= halves[k] + reading.moved[k] for k, x in written])

    rights = [(k, x) for k, x in given if marks[k].status != "wrong"]
    compatible: list[tuple[Mistake, Reading]] = []
    for made in mistakes_in(q.line, lines):
        numbers = numbers_of(made, q.line, own.numbers, right.expected, q.key)
        if numbers is not None:
            moved = carried(made.rule, own.numbers, own.radius, q.key)
            if made.term is not None:
                moved = [m + r for m, r in zip(moved, right.moved)]
            if agrees(reading := Reading(numbers, moved), rights):
                compatible.append((made.mistake, reading))
    found = list(dict.fromkeys([mistake for mistake, reading in compatible if agrees(reading, wrong)]))
    size = max([*map(abs, q.key.numbers), *[abs(x) for _, x in wrong]])
    chance = len(compatible) * prod([min(2 * (halves[k] + right.moved[k]) / size, 1.0) for k, _ in wrong])
    for k, _ in wrong:
        marks[k].mistakes += found
        marks[k].sure = bool(found) and chance < _CHANCE and not (len(wrong) == 1 and marks[k].slips)


# What a sheet shows.


def differs(a: Array, b: Array, digits: int, units: float = 0.5) -> bool:
    """Whether some number differs by more than so many units of the last place."""
    return any([abs(x - y) > units * 10.0**-digits + 1e-9 for x, y in zip(a.numbers, b.numbers)])


def mistakes_shown(sheet: Sequence[Question], digits: int, units: float = 0.5) -> dict[str, bool]:
    """For each mistake that can be made on the sheet whether an asked number shows it.

    A mistake may be possible in several lines or ways: one of them that shows is enough.
    """
    lines, env = lines_in(sheet), environment(sheet)
    shown: dict[str, bool] = {}
    for q in sheet:
        for made in mistakes_in(q.line, lines) if q.asked else []:
            given = numbers_of(made, q.line, env, q.key, q.key)
            if given is not None:
                id = made.mistake.id
                shown[id] = shown.get(id, False) or differs(given, q.key, digits, units)
    return shown
