"""Experiments: what a reader is asked to try on the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...value import Value, real_number
from .script import Script

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
    return [_as_data(k, task, script, leaves) for k, task in enumerate(tasks, start=1)]


def _as_data(k: int, task: Any, script: Script, leaves: Mapping[Value, str]) -> dict[str, Any]:
    if isinstance(task, str):
        task = Task(task)
    elif isinstance(task, (tuple, list)) and 1 <= len(task) <= 3:
        task = Task(*task)
    if not isinstance(task, Task) or not isinstance(task.sentence, str) or not isinstance(task.seen, str):
        raise TypeError(f"step_through: task {k} is a Task, or (sentence, numbers, what is seen), not {task!r}")
    if not task.sentence.strip():
        raise ValueError(f"step_through: task {k} has no sentence")
    number_of = {name: script.stage.number_of[v] for v, name in leaves.items()}

    def node(leaf: Any) -> int:
        name = leaves.get(leaf) if isinstance(leaf, Value) else leaf
        if name not in number_of:
            known = ", ".join(list(number_of)[:8]) + (", …" if len(number_of) > 8 else "")
            raise ValueError(
                f"step_through: task {k} names {leaf!r}, which is not a leaf of this graph; there are {known}"
            )
        return number_of[name]

    if not isinstance(task.numbers, Mapping):
        raise TypeError(f"step_through: task {k}: the numbers are a dict such as {{'w': 0.5}}, not {task.numbers!r}")
    if task.shows not in SHOWS:
        raise ValueError(f"step_through: task {k} shows {', '.join(SHOWS[:-1])} or {SHOWS[-1]}, not {task.shows!r}")
    if task.mistake and task.mistake not in MISTAKES:
        raise ValueError(f"step_through: task {k}: the mistake is one of {', '.join(MISTAKES)}, not {task.mistake!r}")
    numbers = {node(leaf): real_number(x) for leaf, x in task.numbers.items()}
    _check(k, script.stage.nodes, numbers)
    return {
        "sentence": task.sentence,
        "numbers": list(numbers.items()),
        "seen": task.seen,
        "leaf": None if task.leaf is None else node(task.leaf),
        "shows": "mistake" if task.mistake else task.shows,
        "mistake": task.mistake,
        "eta": None if task.eta is None else real_number(task.eta),
    }


def _check(k: int, nodes: Sequence[Value], numbers: Mapping[int, float]) -> None:
    """Raise ValueError where the graph has no number at those of a task."""
    found: dict[Value, float] = {}
    for n, v in enumerate(nodes):
        try:
            inputs = v.op.arguments(tuple([found[a] for a in v.inputs])) if v.op else ()
            found[v] = real_number(v.op.value(*inputs) if v.op else numbers.get(n, v.data))
        except (ArithmeticError, ValueError) as error:
            raise ValueError(f"step_through: task {k} cannot be set up on this graph: {error}") from error
