"""What the page asks of its reader: the number of a line before it is shown, and experiments.

The wrong answers that it can name are those of the catalogue of mistakes, as trees.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ... import ops
from ...value import Value, real_number
from ...writing import expression as E
from ...writing.algebra import add, product_of, subtract
from ...writing.code import NotWritten
from ..explaining import lines as of_derivation
from ..explaining.mistakes import mistakes_in
from .script import Line, Script

#: A sentence about a mistake, and what it makes of the number.
Wrong = list[tuple[str, E.Expression]]


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
    ways_to: dict[Any, list[Line]] = {}
    for b in script.derivation.backward:
        for row in b.rows:
            ways_to.setdefault(row.node, []).append(Line(row, None if row.edge is None else (b.node, row.edge)))
    found = []
    for n, step in enumerate(script.steps):
        for k, line in enumerate(step.lines):
            row = line.row
            if row.rule is None or _is_trivial(line) or (line.is_update and not script.is_new(row)):
                continue
            phase = "forward" if step.phase == "given" else step.phase
            rule = line_of.get((phase, row.node))
            if rule is None or not line.is_whole:
                assert isinstance(row.quantity, (E.Name, E.Derivative))
                written = of_derivation.with_slope(row.rule, script.slope(*line.edge)) if line.edge else row.rule
                rule = of_derivation.Line(row.quantity, written, phase, row)
            assert rule.rule is not None
            wrong = _wrong(rule, lines)
            if line.edge:
                ways = ways_to[row.node] if line.is_whole else [line]
                wrong[:0] = [pair for way in ways for pair in _of_one_edge(way, rule.rule, len(ways), script)]
            found.append(Question(n, k, line.is_whole, wrong))
    return found


def _is_trivial(line: Line) -> bool:
    """Whether the number of a line is one that it has before it: a gradient that is passed on as it is."""
    row = line.row
    if line.edge and row.rule is not None:
        user, k = line.edge
        is_one = isinstance(row.rule.args[-1], (E.Derivative, E.Constant)) and user.partials[k] == 1
        return is_one and (row.part is None or not line.is_whole)
    return isinstance(row.rule, (E.Name, E.Derivative, E.Constant))


def _of_one_edge(way: Line, whole: E.Expression, ways: int, script: Script) -> Wrong:
    """Mistakes with the local derivative of one way: it is left out, or is that of the other factor."""
    assert way.row.rule is not None and way.edge is not None
    incoming, local = way.row.rule.args
    user, k = way.edge
    through = f" on the way through {incoming.below}" if ways > 1 and isinstance(incoming, E.Derivative) else ""
    wrong = [(f"The local derivative, {local}, is left out{through}.", incoming)]
    n = len(user.inputs) // 2
    if user.op is ops.MUL or (user.op and user.op.vectors == 2 and k < 2 * n):
        other = script.slope(user, k + n if k < n else k - n)
        sentence = f"The factors have changed places{through}: the derivative of a · b by a is b."
        wrong.append((sentence, product_of([incoming, other])))
    if ways == 1:
        return wrong
    others = subtract(whole, of_derivation.with_slope(way.row.rule, script.slope(user, k)))
    return [(sentence, add(others, e)) for sentence, e in wrong]


def _wrong(line: of_derivation.Line, lines: of_derivation.Lines) -> Wrong:
    """What the mistakes of the catalogue make of a line; one that is made in one of several terms leaves the others."""
    assert line.rule is not None
    found: Wrong = []
    for mistake, e, term in mistakes_in(line, lines):
        if mistake.id == "overwritten" and len(line.terms) == 2:
            continue  # of two paths that is the same as the first one left out
        found.append((mistake.sentence, e if term is None else add(subtract(line.rule, line.terms[term]), e)))
    return found


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
    if isinstance(task, str):
        task = Task(task)
    elif isinstance(task, (tuple, list)) and 1 <= len(task) <= 3:
        task = Task(*task)
    if not isinstance(task, Task) or not isinstance(task.sentence, str) or not isinstance(task.seen, str):
        raise TypeError(f"a task is a Task, or (sentence, numbers, what is seen), not {task!r}")
    if not task.sentence.strip():
        raise ValueError("it has no sentence")
    if not isinstance(task.numbers, Mapping):
        raise TypeError(f"the numbers are a dict such as {{'w': 0.5}}, not {task.numbers!r}")
    if task.shows not in SHOWS:
        raise ValueError(f"it shows {', '.join(SHOWS[:-1])} or {SHOWS[-1]}, not {task.shows!r}")
    if task.mistake and task.mistake not in MISTAKES:
        raise ValueError(f"the mistake is one of {', '.join(MISTAKES)}, not {task.mistake!r}")
    number_of = {leaves[v]: n for n, v in enumerate(nodes) if v in leaves}

    def node(leaf: Any) -> int:
        name = leaves.get(leaf) if isinstance(leaf, Value) else leaf
        if name not in number_of:
            known = ", ".join(list(number_of)[:8]) + (", …" if len(number_of) > 8 else "")
            raise ValueError(f"{leaf!r} is not a leaf of it; there are {known}")
        return number_of[name]

    numbers = {node(leaf): real_number(x) for leaf, x in task.numbers.items()}
    found: dict[Value, float] = {}
    for n, v in enumerate(nodes):  # has the graph a number there?
        inputs = tuple([found[a] for a in v.inputs])
        found[v] = real_number(v.op.value(*v.op.arguments(inputs)) if v.op else numbers.get(n, v.data))
    return {
        "sentence": task.sentence,
        "numbers": list(numbers.items()),
        "seen": task.seen,
        "leaf": None if task.leaf is None else node(task.leaf),
        "shows": "mistake" if task.mistake else task.shows,
        "mistake": task.mistake,
        "eta": None if task.eta is None else real_number(task.eta),
    }
