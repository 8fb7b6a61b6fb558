"""What the laboratory asks before it shows a step, and which wrong answers it can name.

The wrong rules are those of the catalogue of mistakes, printed as JavaScript.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from ... import ops
from ...network.nn import Parameter
from ...writing.algebra import product_of
from ...writing.code import NotWritten
from ...writing.evaluation import with_args
from ...writing.expression import Derivative, Name, parts
from ..explaining.lines import Line, Lines, lines_of, with_slope
from ..explaining.mistakes import CATALOGUE
from .live import as_function, as_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...value import Value
    from ...writing.expression import Expression
    from ..explaining.mistakes import Mistake
    from ..explaining.rows import Row
    from .script import Edge, Script
    from .stage import Stage


class Question(NamedTuple):
    """The number that a step asks for.

    Attributes:
        step: the number of the step.
        line: which of its lines it is.
        whole: whether the number is a value or a whole gradient, and not one of several contributions.
        wrong: a mistake and what it makes of the number, as a JavaScript function.
    """

    step: int
    line: int
    whole: bool
    wrong: list[tuple[str, str]]


def questions_as_script(script: Script) -> str:
    """`const sentences = …, questions = …`: for each step that asks for something, [line, whole, wrong answers]."""
    asked = questions(script)
    sentences = list(dict.fromkeys([sentence for question in asked for sentence, _ in question.wrong]))
    lines = []
    for step, line, whole, wrong in asked:
        functions = ", ".join([f"[{sentences.index(sentence)}, {function}]" for sentence, function in wrong])
        lines.append(f"  {step}: [{line}, {as_json(whole)}, [{functions}]],\n")
    return f"const sentences = {as_json(sentences)};\nconst questions = {{\n{''.join(lines)}}};\n"


def questions(script: Script) -> list[Question]:
    """A question for each step in which something is computed from something else."""
    number_of, derivation = script.number_of, script.derivation
    root = derivation.names[script.stage.values[-1]]
    called = {}
    for v, name in derivation.names.items():
        if v in number_of:
            called[name] = f"v[{number_of[v]}]"
            called[Derivative(root, name).text] = f"g[{number_of[v]}]"

    def slope(node: Value, k: int) -> Name:
        text = f"p({number_of[node]}, {k})"
        called[text] = text
        return Name(text)

    lines = lines_of(derivation, slope)
    transposed = _transposed(script.stage)
    whole_line = {str(line.quantity): line for line in lines}
    found = []
    for n, edges in enumerate(script.edges):
        k, whole = _asked(edges)
        row, user = edges[k]
        if row.rule is None:
            continue
        line = whole_line[str(row.quantity)]
        if not whole and user is not None and row.edge is not None:
            line = Line(line.quantity, with_slope(row.rule, slope(user, row.edge)), line.part)
        wrong = [(mistake.sentence, e) for mistake in CATALOGUE for e in _wrong(mistake, line, lines)]
        if user is not None and row.edge is not None and not (whole and row.part):
            wrong[:0] = _of_one_edge(row, user, slope)
        assert line.rule is not None
        if line.part == "backward" and any([isinstance(e, Name) and e.text in transposed for e in parts(line.rule)]):
            wrong.append((_TRANSPOSED.sentence, _renamed(line.rule, transposed)))
        found.append(Question(n, k, whole, _as_functions(wrong, called)))
    return found


def _asked(edges: list[Edge]) -> tuple[int, bool]:
    """Which line of a step is asked for, and whether it completes its quantity: the last value, or the first gradient.

    A gradient that is passed on is preferred to that of a leaf, and a whole one to a contribution.
    """
    if edges[0][1] is None:
        return len(edges) - 1, True
    complete = [k for k, (row, _) in enumerate(edges) if row.part is None or row.part[0] == row.part[1]]
    inner = [k for k in complete if edges[k][0].node.op]
    return next(iter(inner + complete), 0), bool(complete)


def _of_one_edge(row: Row, user: Value, slope: Callable[[Value, int], Name]) -> list[tuple[str, Expression]]:
    """Mistakes with the local derivative of the only edge: it is left out, or is that of the other factor."""
    assert row.rule is not None and row.edge is not None
    incoming, local = row.rule.args
    wrong = [(f"The local derivative, {local}, is left out.", incoming)]
    n = len(user.inputs) // 2
    if user.op is ops.MUL or (user.op and user.op.vectors == 2 and row.edge < 2 * n):
        other = slope(user, row.edge + n if row.edge < n else row.edge - n)
        wrong.append(
            ("The factors have changed places: the derivative of a · b by a is b.", product_of([incoming, other]))
        )
    return wrong


_TRANSPOSED = next(mistake for mistake in CATALOGUE if mistake.id == "not-transposed")


def _transposed(stage: Stage) -> dict[str, str]:
    """For each element of a square matrix of weights what stands in its place in the transpose."""
    found: dict[str, str] = {}
    for t in stage.tensors:
        if isinstance(t, Parameter) and t.ndim == 2 and t.shape[0] == t.shape[1]:
            found |= {stage.names(a): stage.names(b) for a, b in zip(t.values, t.T.values) if a is not b}
    return found


def _renamed(e: Expression, names: dict[str, str]) -> Expression:
    if isinstance(e, Name):
        return Name(names.get(e.text, e.text))
    return with_args(e, [_renamed(a, names) for a in e.args])


def _wrong(mistake: Mistake, line: Line, lines: Lines) -> list[Expression]:
    """What a mistake of the catalogue makes of a line."""
    return mistake.wrong(line, lines) if mistake.part == line.part and mistake.written else []


def _as_functions(wrong: list[tuple[str, Expression]], called: dict[str, str]) -> list[tuple[str, str]]:
    """The wrong formulas as JavaScript, each with the first that is said of it; not those of matrices."""
    found = []
    for sentence, e in wrong:
        with suppress(NotWritten, ArithmeticError, ValueError):
            found.append((sentence, as_function(e, called)))
    first = {function: sentence for sentence, function in reversed(found)}
    return [(sentence, function) for function, sentence in reversed(first.items())]
