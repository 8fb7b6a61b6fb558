"""What the page asks of its reader: the number of a line before it is shown, and experiments.

The wrong answers that it can name are those of the catalogue of mistakes, as trees.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ... import ops
from ...errors import real_number
from ...value import Value
from ...writing import expression as E
from ...writing.algebra import add, product_of, subtract
from ...writing.code import NotWritten
from ..explaining import lines as of_derivation
from ..explaining.mistakes import mistakes_in
from .script import Line, Script

#: A sentence about a mistake, and what it makes of the number.
Wrong = list[tuple[str, E.Expression]]
_EXCHANGED = "The factors have changed places: the derivative of a · b by a is b."


# Questions.


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
    lines = of_derivation.lines_of(script.derivation, script.slope)
    line_of = {(line.phase, line.row.node): line for line in lines}
    found = []
    for n, step in enumerate(script.steps):
        for k, line in enumerate(step.lines):
            row = line.row
            if row.rule is None or _is_trivial(line) or (line.is_update and not script.is_new(row)):
                continue
            rule = line_of.get((step.phase, row.node))
            if rule is None or not line.is_whole:
                written = of_derivation.with_slope(row.rule, script.slope(*line.edge)) if line.edge else row.rule
                rule = of_derivation.Line(row.quantity, written, step.phase, row)
            found.append(Question(n, k, line.is_whole, _wrong(rule, lines)))
    return found


def _is_trivial(line: Line) -> bool:
    """Whether the number of a line is one that it has before it: a gradient that is passed on as it is."""
    row = line.row
    if line.edge and row.rule is not None:
        user, k = line.edge
        is_one = isinstance(row.rule.args[-1], (E.Derivative, E.Constant)) and user.partials[k] == 1
        return is_one and (row.part is None or not line.is_whole)
    return isinstance(row.rule, (E.Name, E.Derivative, E.Constant))


def _wrong(line: of_derivation.Line, lines: of_derivation.Lines) -> Wrong:
    """What mistakes make of a line; one that is made in one of several terms leaves the others, and says which it is.

    To the catalogue's is added, for products of single numbers, the number itself in place of the other factor.
    """
    assert line.rule is not None
    several = len(line.terms) > 1
    terms = line.terms if several else (line.rule,)
    made: list[Any] = [(mistake.sentence, e, term) for mistake, e, term in mistakes_in(line, lines)]
    if len(terms) == 2:  # that only the last counts is then that the first is left out
        made = [(sentence, e, term) for sentence, e, term in made if term is not None]
    if line.row.edge is not None and isinstance(line.quantity, E.Derivative):
        for k, term in enumerate(terms):
            user = lines.of[_passed_by(term)].row.node
            is_factor = user.inputs.index(line.row.node) < len(user.inputs) // 2 * 2  # and no bias
            if (user.op is ops.MUL or user.op.vectors == 2) and is_factor:
                wrong = product_of([term.args[0], E.Name(line.quantity.below)])
                made.append((_EXCHANGED, wrong, k if several else None))
    found: Wrong = []
    for sentence, e, k in made:
        if k is not None:
            sentence += f" (On the way through {_passed_by(terms[k])}.)"
            e = add(subtract(line.rule, terms[k]), e)
        found.append((sentence, e))
    return found


def _passed_by(term: E.Expression) -> str:
    """The name of what passes its gradient on in a contribution."""
    return next(part.below for part in E.within(term) if isinstance(part, E.Derivative))


# Experiments.

MISTAKES = ("overwrite", "order", "uncleared")
SHOWS = ("change", "descend", "predict", "mistake")


@dataclass(frozen=True)
class Task:
    """An experiment on a page of `step_through`.

    Attributes:
        sentence: what to do.
        numbers: what "set it up" gives the leaves, by name or as Values.
        seen: what is to be seen then.
        leaf: the leaf to have in hand, by name or as a Value.
        shows: which part of the laboratory opens: "change", "descend", "predict" or "mistake".
        mistake: the engine beside the right one: "overwrite", "order" or "uncleared".
        eta: the learning rate.

    >>> task = Task("Make the neuron saturate.", {"b": 4.0}, "1 − h² is nearly 0, and ∂L/∂w with it.")
    >>> task.numbers
    {'b': 4.0}
    """

    sentence: str
    numbers: Mapping[Any, float] = field(default_factory=dict)
    seen: str = ""
    leaf: Any = None
    shows: str = "change"
    mistake: str = ""
    eta: float | None = None


def tasks_as_data(tasks: Sequence[Any], script: Script, leaves: Mapping[Value, str]) -> list[dict[str, Any]]:
    """The tasks for the page. Raises TypeError or ValueError, in a sentence, where one cannot be set up on this graph.

    `leaves` are the numbers that can be changed, with their names.
    """
    found = []
    for k, task in enumerate(tasks, start=1):
        try:
            found.append(_task_as_data(task, script.stage.nodes, leaves))
        except (TypeError, ValueError, ArithmeticError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"step_through: task {k} cannot be set up on this graph: {error}") from error
    return found


def _task_as_data(task: Any, nodes: Sequence[Value], leaves: Mapping[Value, str]) -> dict[str, Any]:
    if isinstance(task, (str, tuple, list)):
        task = Task(*([task] if isinstance(task, str) else task[:3]))
    if not isinstance(task, Task) or not isinstance(task.numbers, Mapping):
        raise TypeError(f"a task is a Task, or (sentence, a dict of numbers, what is seen), not {task!r}")
    if not task.sentence.strip():
        raise ValueError("it has no sentence")
    for given, known in (task.shows, SHOWS), (task.mistake or MISTAKES[0], MISTAKES):
        if given not in known:
            raise ValueError(f"{given!r} is none of {', '.join(known)}")
    number_of = {leaves[v]: n for n, v in enumerate(nodes) if v in leaves}

    def node(leaf: Any) -> int:
        name = leaves.get(leaf) if isinstance(leaf, Value) else leaf
        if name not in number_of:
            raise ValueError(f"{leaf!r} is not a leaf of it; there are {', '.join(list(number_of)[:8])}")
        return number_of[name]

    numbers = {node(leaf): real_number(x) for leaf, x in task.numbers.items()}
    found: dict[Value, float] = {}
    for n, v in enumerate(nodes):  # has the graph a number there?
        inputs = tuple([found[a] for a in v.inputs])
        found[v] = real_number(v.op.value(*v.op.arguments(inputs)) if v.op else numbers.get(n, v.data))
    return vars(task) | {
        "numbers": list(numbers.items()),
        "leaf": None if task.leaf is None else node(task.leaf),
        "shows": "mistake" if task.mistake else task.shows,
        "eta": None if task.eta is None else real_number(task.eta),
    }
