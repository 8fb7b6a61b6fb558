"""The page that steps through a computation: forward, then backward, a line of the chain rule at a time.

stage.py      the picture, and where in it each number stands
script.py     the steps: what each one says and shows
live.py       the graph as JavaScript, and formulas as trees: engine.js computes
questions.py  what a line asks, and what wrong rules give
tasks.py      experiments
page.py       Page: the one HTML file, saved or shown; page.html, page.css and the .js files are its parts
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from math import isfinite
from typing import Any

from ...network.optim import SGD, Optimizer
from ...network.tensor import Tensor
from ...tree import values_in
from ...value import Value
from ...writing.code import NotWritten
from ...writing.names import elements
from ..drawing import look
from ..drawing.scene import Scene
from ..drawing.values import NeuronCards
from ..explaining.rows import Derivation
from ..explaining.tensors import derive_tensors
from ..explaining.updates import step_by, updates
from ..explaining.values import derive_values
from ..subject import Subject, subject
from .live import Rows, nodes_as_data
from .page import Page
from .questions import questions_as_data
from .script import Script
from .stage import Stage, room, width
from .tasks import Task, tasks_as_data

__all__ = ["Page", "Task", "step_through"]

COMFORTABLE = {"value": 60, "neuron": 30}  # cards that are read with ease
MOST_STEPS = MOST_CARDS = 1000
MOST_NUMBERS = {"value": 3000, "neuron": 3000, "tensor": 20000}  # on all cards together


def step_through(
    y: Value | Tensor,
    level: str | None = None,
    title: str | None = None,
    digits: int = 4,
    live: bool = True,
    tasks: Sequence[Any] = (),
    eta: float | None = None,
    optimizer: Optimizer | None = None,
) -> Page:
    """A page on which the forward and the backward pass of y are alive, and can be gone through step by step.

    Where y depends on parameters, the last step updates them, and the next pass goes on with the new numbers.

    It is one HTML file that needs no network. Every number is shown, with its line of `explain`; the leaves can be
    changed, and all numbers follow. It differentiates on its own: `y.backward()` need not have been called, and no
    `.grad` is touched.

    Args:
        y: a Value, or a Tensor of one element.
        level: "value", a card and a step a node; "neuron", a card and a step a neuron (where there is none, as
            "value"); "tensor", a card and a step a Tensor, in matrices; None takes the finest that is read with ease.
        title: the heading of the page.
        digits: how many decimals are shown; in matrices one less.
        live: with a laboratory. The leaves can be changed; one sees the slope of y, makes y smaller by gradient
            descent, predicts the next number, and puts an engine with a mistake beside the right one. There is none
            where a row that was added to the table cannot be written in JavaScript.
        tasks: experiments for the reader, each a Task, or a sentence with the numbers to set by name and what is
            to be seen: `("Make the neuron saturate.", {"b": 4.0}, "1 − h² is nearly 0")`.
        eta: the learning rate of the update, by default 0.1.
        optimizer: an SGD or Adam, whose own lines are the update, with the numbers of its state as they are now.

    Raises:
        TypeError: y is neither a Value nor a Tensor, or a task is something else.
        ValueError: a Tensor of several elements, an unknown level, more than 1,000 steps (the message names a coarser
            level), a task that cannot be set up on this graph, or both eta and optimizer.
        RuntimeError: the data of a Value in the graph was changed after it was recorded.

    >>> from tinygrad_edu import Value, step_through
    >>> x = Value(3.0, label="x")
    >>> step_through(x * x)                  # x is given; f = x · x; ∂f/∂f = 1; backward through f
    <Page: value level, 4 steps>
    """
    read = subject("step_through", y, title=title, digits=digits)
    if level not in (None, "value", "neuron", "tensor"):
        raise ValueError(f'step_through: the level is "value", "neuron" or "tensor", or None, not {level!r}')
    by = step_by("step_through", eta, optimizer)
    level = _level(Scene(Subject(y)), level)
    derivation = derive_tensors(read, digits) if level == "tensor" else derive_values(read, digits, MOST_NUMBERS[level])
    stage = Stage(read, digits, level)
    leaves = _leaves(derivation, stage)
    moving = _moving(derivation, stage, by)
    shown = by is not None or any([_is_learned(v, stage) for v in moving])
    if moving or by is not None:
        known = by if isinstance(by, Optimizer) else SGD(moving, lr=0.1 if by is None else by)
        given, derivation.update = updates("step_through", derivation, read, known)
        stage.remember(derivation, given)
    rows = Rows()
    script = Script(derivation, stage, rows, shown)
    data: dict[str, Any] = {
        "level": level,
        "digits": digits,
        "room": width(room(digits)),
        "narrow": width(room(digits, in_matrix=True)),
        "heat": [
            [look.colour(f"{sign}{k}" if k else "operation") for k in range(look.HEAT_STEPS + 1)] for sign in "+-"
        ],
        "names": _names(derivation, stage),
        "quantities": script.quantities,
        "leaves": [stage.number_of[v] for v in leaves],
        "given": [v.data for v in values_in(stage.given)],
        "eta": next((stage.number_of[v] for name, x in stage.given.items() if name == "η" for v in values_in(x)), None),
        "moving": [stage.number_of[v] for v in moving],
        "cards": [[card.id, [stage.number_of[v] for v in card.nodes], card.sources] for card in stage.cards],
        "steps": [script.step_as_data(step) for step in script.steps],
        "update": script.update_as_data(),
    }
    data["live"] = False
    with suppress(NotWritten):
        if live and leaves:  # a sum of nothing has no leaf to change
            nodes = nodes_as_data(stage.nodes, stage.number_of, rows)
            data |= {"nodes": nodes, "questions": questions_as_data(script), "live": True}
            data["tasks"] = tasks_as_data(tasks, script, leaves)
    if not data["live"]:
        data["nodes"] = [[0, *[stage.number_of[a] for a in v.inputs]] if v.op else v.data for v in stage.nodes]
        partials = [[p if isfinite(p) else repr(p).replace("inf", "Infinity") for p in v.partials] for v in stage.nodes]
        data["recorded"] = [[v.data for v in stage.nodes], partials]
    return Page(stage, script, data, str(rows), title or f"{stage.names(y)}, step by step")


def _names(derivation: Derivation, stage: Stage) -> list[str | None]:
    """What the nodes are called; None for a constant, and for what is inside a formula of matrices."""
    names: dict[Value, str] = {}
    for node, name in derivation.names.items():
        if isinstance(node, Tensor):
            for v, element in zip(node.values, elements(name, node.shape)):
                names.setdefault(v, element)
        else:
            names[node] = name
    return [names.get(v) for v in stage.number_of]


def _leaves(derivation: Derivation, stage: Stage) -> dict[Value, str]:
    """The numbers that a reader can change, in the order in which they are given, with their names."""
    names = dict(zip(stage.nodes, _names(derivation, stage)))
    given = [row.node for row in derivation.forward]
    values = [v for node in given for v in (node.values if isinstance(node, Tensor) else [node])]
    return {v: name for v in values if not v.op and (name := names.get(v))}


def _is_learned(v: Value, stage: Stage) -> bool:
    """Whether a leaf is a parameter, or has the place of one."""
    return v in stage.names.parameters or (stage.level != "tensor" and stage.kind(v) == "parameter")


def _moving(derivation: Derivation, stage: Stage, by: Optimizer | float | None) -> list[Value]:
    """What an update moves, of the leaves that have a gradient: what the optimiser learns, the parameters, or all."""
    passed = {row.node for step in derivation.backward for row in step.rows}
    given = [values_in(row.node) for row in derivation.forward if row.rule is None and row.node in passed]
    if isinstance(by, Optimizer):
        return [v for vs in given if {*by.values}.issuperset(vs) for v in vs]
    return [v for vs in given if all([_is_learned(v, stage) for v in vs]) for v in vs] or values_in(given)


def _level(scene: Scene, level: str | None) -> str:
    """The level to use. Raises ValueError if it has too many steps; the message names a coarser one."""
    counts = {"value": len(scene.values)}
    steps = {"value": 2 + 2 * len([v for v in scene.values if v.op])}
    if scene.neurons:
        heads = [v for v, _ in NeuronCards(scene).heads]
        counts["neuron"], steps["neuron"] = len(heads), 2 + 2 * len([v for v in heads if v.op])
    if isinstance(scene.root, Tensor):
        counts["tensor"], steps["tensor"] = len(scene.read.quantities.of), 2 + 2 * len(scene.read.quantities.of)
    if level == "tensor" and "tensor" not in counts:
        raise ValueError('step_through: level="tensor" needs a Tensor: a Value does not record whole matrices')
    if level is None:
        level = next((l for l, most in COMFORTABLE.items() if counts.get(l, most + 1) <= most), list(counts)[-1])
    if level not in counts:
        level = "value"  # the graph holds no network
    numbers = len(scene.values)
    fit = [l for l in counts if numbers <= MOST_NUMBERS[l] and steps[l] <= MOST_STEPS and counts[l] <= MOST_CARDS]
    if level in fit:
        return level
    better = [l for l in fit if list(counts).index(l) > list(counts).index(level)]
    advice = "step through a part of it, or compute with Tensors, whose page is in matrices"
    if better:
        advice = f'level="{better[0]}" has {steps[better[0]]}'
    raise ValueError(
        f"step_through: {steps[level]:,} steps through {counts[level]:,} cards at the {level} level are too many: "
        f"{advice}"
    )
