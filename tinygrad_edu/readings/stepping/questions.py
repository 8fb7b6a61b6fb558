"""What the page asks before it shows a line, and which wrong answers it can name.

The wrong rules are those of the catalogue of mistakes, as trees.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ... import ops
from ...network.nn import Parameter
from ...writing import expression as E
from ...writing.algebra import add, product_of, subtract
from ...writing.code import NotWritten
from ...writing.expression import Expression
from ..explaining import lines as of_derivation
from ..explaining.lines import Lines, lines_of, with_slope
from ..explaining.mistakes import CATALOGUE, mistakes_in
from .script import Line, Script

#: A sentence about a mistake, and what it makes of the number.
Wrong = list[tuple[str, Expression]]


@dataclass
class Question:
    """The number, or the matrix, of one line.

    Attributes:
        step, line: which line of which step.
        whole: whether the value or the whole gradient is asked for, and not one of several contributions.
        wrong: what mistakes make of it.
    """

    step: int
    line: int
    whole: bool
    wrong: Wrong


def questions_as_data(script: Script) -> dict[str, Any]:
    """`sentences`, and `asked`: for each question its step, its line, whether it is whole, [sentence, tree] pairs."""
    sentences: dict[str, int] = {}
    asked = []
    for question in questions(script):
        wrong: dict[str, Any] = {}
        for sentence, e in question.wrong:
            with suppress(NotWritten, KeyError, TypeError):
                tree = script.trees.tree(e)
                wrong.setdefault(repr(tree), [sentences.setdefault(sentence, len(sentences)), tree])
        asked.append([question.step, question.line, question.whole, list(wrong.values())])
    return {"sentences": list(sentences), "asked": asked}


def questions(script: Script) -> list[Question]:
    """A question for each line that computes something which the line does not repeat."""
    lines = lines_of(script.derivation, script.slope)
    line_of = {(line.part, line.row.node): line for line in lines if line.row is not None}
    rows_to: dict[Any, list[Line]] = {}
    for b in script.derivation.backward:
        for row in b.rows:
            rows_to.setdefault(row.node, []).append(Line(row, b.node))
    transposed = _transposed(script)
    found = []
    for n, step in enumerate(script.steps):
        for k, line in enumerate(step.lines):
            if line.row.rule is None or _is_trivial(line) or (line.is_update and not script.is_new(line.row)):
                continue
            part = "forward" if step.phase == "given" else step.phase
            whole = line.row.part is None or line.row.part[0] == line.row.part[1]
            quantity = line.row.quantity
            assert isinstance(quantity, (E.Name, E.Derivative))
            rule = line_of.get((part, line.row.node)) or of_derivation.Line(quantity, line.row.rule, part)
            if not whole and line.user is not None and line.row.edge is not None:
                slope = script.slope(line.user, line.row.edge)
                rule = of_derivation.Line(rule.quantity, with_slope(line.row.rule, slope), part)
            wrong = _wrong(rule, lines)
            if part == "backward" and line.user is not None:
                ways = rows_to[line.row.node] if whole else [line]
                wrong[:0] = [pair for way in ways for pair in _of_one_edge(way, rule, len(ways), script)]
            assert rule.rule is not None
            names = [e.text for e in E.parts(rule.rule) if isinstance(e, E.Name)]
            if part == "backward" and not transposed.keys().isdisjoint(names):
                wrong.append((_TRANSPOSED.sentence, _renamed(rule.rule, transposed)))
            found.append(Question(n, k, whole, wrong))
    return found


def _is_trivial(line: Line) -> bool:
    """Whether the number of a line is one that it has before it: a gradient that is passed on as it is."""
    row = line.row
    if line.user is not None and row.edge is not None and row.rule is not None:
        is_one = isinstance(row.rule.args[-1], (E.Derivative, E.Constant)) and line.user.partials[row.edge] == 1
        return is_one and (row.part is None or row.part[0] < row.part[1])
    return isinstance(row.rule, (E.Name, E.Derivative, E.Constant))


def _of_one_edge(way: Line, whole: of_derivation.Line, ways: int, script: Script) -> Wrong:
    """Mistakes with the local derivative of one way: it is left out, or is that of the other factor."""
    row, user = way.row, way.user
    assert row.rule is not None and row.edge is not None and user is not None and whole.rule is not None
    incoming, local = row.rule.args
    right = with_slope(row.rule, script.slope(user, row.edge))
    through = f" on the way through {incoming.below}" if ways > 1 and isinstance(incoming, E.Derivative) else ""
    wrong = [(f"The local derivative, {local}, is left out{through}.", incoming)]
    n = len(user.inputs) // 2
    if user.op is ops.MUL or (user.op and user.op.vectors == 2 and row.edge < 2 * n):
        other = script.slope(user, row.edge + n if row.edge < n else row.edge - n)
        sentence = f"The factors have changed places{through}: the derivative of a · b by a is b."
        wrong.append((sentence, product_of([incoming, other])))
    if ways == 1:
        return wrong
    return [(sentence, add(subtract(whole.rule, right), e)) for sentence, e in wrong]


_TRANSPOSED = next(mistake for mistake in CATALOGUE if mistake.id == "not-transposed")


def _transposed(script: Script) -> dict[str, str]:
    """For each element of a square matrix of weights what stands in its place in the transpose."""
    names = script.derivation.names
    found: dict[str, str] = {}
    for t in script.stage.tensors:
        if isinstance(t, Parameter) and t.ndim == 2 and t.shape[0] == t.shape[1] and t not in names:
            found |= {names[a]: names[b] for a, b in zip(t.values, t.T.values) if a is not b and a in names}
    return found


def _renamed(e: Expression, names: dict[str, str]) -> Expression:
    if isinstance(e, E.Name):
        return E.Name(names.get(e.text, e.text))
    return E.with_args(e, [_renamed(a, names) for a in e.args])


def _wrong(line: of_derivation.Line, lines: Lines) -> Wrong:
    """What the mistakes of the catalogue make of a line; one that is made in one of several terms leaves the others."""
    assert line.rule is not None
    found: Wrong = []
    for mistake, e, term in mistakes_in(line, lines):
        found.append((mistake.sentence, e if term is None else add(subtract(line.rule, line.terms[term]), e)))
    return found
