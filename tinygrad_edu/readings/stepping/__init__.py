"""The page that steps through a computation: forward, then backward, a line of the chain rule at a time.

stage.py      the picture, and where in it each number stands
script.py     the steps: what each one says and shows
live.py       the graph as JavaScript, and formulas as trees: engine.js computes
questions.py  what the page asks: numbers, and what wrong rules make of them; experiments

A Page is one HTML file, saved or shown; page.html, page.css and the .js files are its parts.
"""

from __future__ import annotations

import os
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from html import escape
from importlib.resources import files
from math import inf
from pathlib import Path
from string import Template
from typing import Any

from ...network.optim import SGD, Optimizer
from ...network.tensor import Tensor
from ...tree import values_in
from ...value import Value
from ...writing.files import save_as
from ...writing.notation import elements
from ..drawing import look
from ..drawing.scene import Scene, chosen_level
from ..drawing.values import ValueCards
from ..explaining.rows import Derivation
from ..explaining.tensors import derive_tensors
from ..explaining.updates import step_by, updates
from ..explaining.values import derive_values
from ..frame import framed
from ..subject import Subject, subject
from .live import Rows, as_json, nodes_as_data
from .questions import Task, questions_as_data, tasks_as_data
from .script import Script
from .stage import Stage

__all__ = ["Page", "Task", "step_through"]

COMFORTABLE = {"value": 60, "neuron": 30, "tensor": inf}  # cards that are read with ease
MOST_STEPS = 1000
MOST_NUMBERS = {"value": 1000, "neuron": 3000, "tensor": 20000}  # on all cards together


def step_through(
    y: Value | Tensor,
    level: str | None = None,
    title: str | None = None,
    digits: int = 4,
    tasks: Sequence[Any] = (),
    eta: float | None = None,
    optimizer: Optimizer | None = None,
) -> Page:
    """A page on which the forward and the backward pass of y are alive, and can be gone through step by step.

    Where y depends on parameters, the last step updates them, and the next pass goes on with the new numbers.

    It is one HTML file that needs no network. Every number is shown, with its line of `explain`; the leaves can be
    changed, and all numbers follow. In its laboratory one sees the slope of y, makes y smaller by gradient descent,
    predicts the next number, and puts an engine with a mistake beside the right one. It differentiates on its own:
    `y.backward()` need not have been called, and no `.grad` is touched.

    Args:
        y: a Value, or a Tensor of one element.
        level: "value", a card and a step a node; "neuron", a card and a step a neuron (where there is none, as
            "value"); "tensor", a card and a step a Tensor, in matrices; None takes the finest that is read with ease.
        title: the heading of the page.
        digits: how many decimals are shown; in matrices one less.
        tasks: experiments for the reader, each a Task, or a sentence with the numbers to set by name and what is
            to be seen: `("Make the neuron saturate.", {"b": 4.0}, "1 − h² is nearly 0")`.
        eta: the learning rate of the update, by default 0.1.
        optimizer: an SGD or Adam, whose own lines are the update, with the numbers of its state as they are now.

    Raises:
        TypeError: y is neither a Value nor a Tensor, or a task is something else.
        ValueError: a Tensor of several elements, an unknown level, more than 1,000 steps (the message names a coarser
            level), a task that cannot be set up on this graph, or both eta and optimizer.
        RuntimeError: the data of a Value in the graph was changed after it was recorded.
        NotWritten: a row that was added to the table cannot be written in JavaScript.

    >>> from tinygrad_edu import Value, step_through
    >>> x = Value(3.0, label="x")
    >>> step_through(x * x)                  # x is given; f = x · x; ∂f/∂f = 1; backward through f
    <Page: value level, 4 steps>
    """
    read = subject("step_through", y, title=title, digits=digits)
    by = step_by("step_through", eta, optimizer)
    level = _level(Scene(Subject(y)), level)
    derivation = derive_tensors(read, digits) if level == "tensor" else derive_values(read, digits, MOST_NUMBERS[level])
    stage = Stage(read, digits, level)
    moving = _moving(derivation, stage, by)
    shown = by is not None or any([_is_learned(v, stage) for v in moving])
    if moving or by is not None:
        known = by if isinstance(by, Optimizer) else SGD(moving, lr=0.1 if by is None else by)
        given, derivation.update = updates("step_through", derivation, read, known)
        stage.remember(derivation, given)
    number_of, rows = stage.number_of, Rows()
    names = {v: name for v, name in _names(derivation).items() if v in number_of}
    leaves = {v: names[v] for row in derivation.forward for v in values_in(row.node) if not v.op and v in names}
    script = Script(derivation, stage, rows, shown)
    data: dict[str, Any] = {
        "level": level,
        "digits": digits,
        "names": [names.get(v) for v in number_of],
        "quantities": script.quantities,
        "leaves": [number_of[v] for v in leaves],
        "given": [v.data for v in values_in(stage.given)],
        "eta": next((number_of[v] for v in values_in(stage.given.get("η", []))), None),
        "moving": [number_of[v] for v in moving],
        "cards": [[card.id, [number_of[v] for v in card.nodes], card.sources] for card in stage.cards],
        "steps": [script.step_as_data(step) for step in script.steps],
        "update": script.update_as_data(),
        "nodes": nodes_as_data(stage.nodes, number_of, rows),
        "questions": questions_as_data(script),
        "tasks": tasks_as_data(tasks, script, leaves),
    }
    return Page(stage, script, data, str(rows), title or f"{stage.names(y)}, step by step", level)


def _names(derivation: Derivation) -> dict[Value, str]:
    """What the numbers are called. A constant has no name, nor has what is inside a formula of matrices."""
    names: dict[Value, str] = {}
    for node, name in reversed(derivation.names.items()):  # the first name stays
        own = elements(name, node.shape) if isinstance(node, Tensor) else [name]
        names.update(zip(values_in(node), own))
    return names


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
    cards: dict[str, Sequence[Value | Tensor]] = {"value": scene.values}
    if scene.neurons:
        cards["neuron"] = list(ValueCards(scene, "neuron").heads)
    if isinstance(scene.root, Tensor):
        cards["tensor"] = list(scene.read.quantities.of)
    level = chosen_level("step_through", level, cards, COMFORTABLE)
    steps = {l: 2 + 2 * len([v for v in cards[l] if isinstance(v, Tensor) or v.op]) for l in cards}
    fit = [l for l in cards if len(scene.values) <= MOST_NUMBERS[l] and steps[l] <= MOST_STEPS]
    if level in fit:
        return level
    size = f"{steps[level]:,} steps through {len(cards[level]):,} cards at the {level} level"
    advice = "step through a part of it, or compute with Tensors, whose page is in matrices"
    other = f'level="{fit[0]}" has {steps[fit[0]]}' if fit else advice
    raise ValueError(f"step_through: {size} are too many: {other}")


# The page; and what every page is made of and shown by.

PROGRAM = ("engine.js", "numbers.js", "telling.js")  # which touch no page
_DATA = '"use strict";\nconst data = JSON.parse(document.getElementById("data").textContent);\n'
VIEW = ("elements.js", "page.js", "laboratory.js", "slope.js", "predict.js", "mistakes.js", "start.js")


class Framed:
    """A page with a title that a notebook shows in a frame, with a text that stands in where frames are removed."""

    title: str
    html: Any  # a property
    printed = False  # whether the text is also printed below the frame

    def _instead(self) -> str:
        raise NotImplementedError

    def _height(self) -> float:
        """Of the frame, in pixels."""
        return 760

    def __getstate__(self) -> object:
        """What `pickle` would keep: a TypeError, since a whole graph hangs on it."""
        raise TypeError("a page holds its graph and cannot be copied or pickled: keep its html, or page.save(path)")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """For notebooks: the page, or where that fails the reason. It never raises."""
        try:
            lines = "\n".join([escape(look.printable(line)) for line in self._instead().split("\n")])
            title, text = look.printable(self.title), f"<pre>{lines}</pre>"
            frame = framed(self.html, title, text, self._height(), self.printed)
            return {"text/html": frame, "text/plain": repr(self)}
        except Exception as error:
            return {"text/plain": f"{self!r} cannot be shown: {error}"}


@dataclass(repr=False, eq=False)
class Page(Framed):
    """A page made by `step_through`: `level` is its level, `title` its heading.

    >>> from tinygrad_edu import Value, step_through
    >>> x = Value(3.0, label="x")
    >>> page = step_through(x * x, title="A square")
    >>> page.title, page.html.count("https:")                          # it needs no network
    ('A square', 0)
    """

    _stage: Stage
    _script: Script
    _data: dict[str, Any]
    _rows: str
    title: str
    level: str
    printed = True

    def __len__(self) -> int:
        """How many steps it has."""
        return len(self._script.steps)

    @cached_property
    def html(self) -> str:
        """The text of the page.

        Raises:
            RuntimeError: there is no Graphviz to lay the picture out; the message tells two ways to get one.
            TimeoutError: that took longer than a minute.

        >>> from tinygrad_edu import Value, step_through
        >>> step_through(Value(2.0)).html[:15]
        '<!DOCTYPE html>'
        """
        picture = self._stage.svg(timeout=60.0)
        return assembled(text_of("page.html"), self.title, as_json(self._data), self._code, picture=picture)

    @property
    def _code(self) -> tuple[str, str]:
        """Its style and its script, so that a page around it can allow them."""
        return colours() + text_of("page.css"), _DATA + self._program + text_of(*VIEW)

    @property
    def _program(self) -> str:
        """What computes and tells, in JavaScript, of `data`; it touches no page."""
        return f"const rows = {self._rows};\n" + text_of(*PROGRAM)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to a file, .html or .htm, which appears whole or not at all.

        Raises:
            ValueError: another suffix.
            RuntimeError, TimeoutError: as `html`.
            OSError: the file cannot be written.

        >>> from tinygrad_edu import Value, step_through
        >>> step_through(Value(2.0)).save("page.pdf")
        Traceback (most recent call last):
        ValueError: a page is saved as .html or .htm, not '.pdf'
        """
        return save_as(path, "a page is", (".html", ".htm"), lambda _: self.html)

    def _instead(self) -> str:
        told = self._script.derivation
        lines = [line for name, rows in told.parts for line in ("", name, *[row.text(told.digits) for row in rows])]
        return "\n".join([self.title, *lines])

    def _height(self) -> float:
        """The picture at its own size between the controls and the lines, within reason."""
        points = max(map(float, re.findall(r'height="([\d.]+)pt"', self.html)))
        return min(max(points * 4 / 3 + 280, 480), 760)

    def __repr__(self) -> str:
        return f"<Page: {self.level} level, {len(self)} steps>"


def text_of(*names: str, package: str = __package__) -> str:
    """The texts of files that stand in a package, one after another."""
    return "".join([files(package).joinpath(name).read_text(encoding="utf-8") for name in names])


def colours() -> str:
    """The colours of drawings as variables of the style sheet, and their dark counterparts.

    The reader's system decides, unless the address of the page names a theme.
    """
    called = {role: role.replace("+", "up").replace("-", "down") for role in look.PALETTE}
    light, dark = ["".join([f"--{called[r]}:{c[k]};" for r, c in look.PALETTE.items()]) for k in (0, 1)]
    drawn = [
        f'[{what}="{look.colour(role)}"]{{{what}:var(--{name})}}'
        for what in ("fill", "stroke")
        for role, name in called.items()
    ]
    heat = [f".{name}{{background:var(--{name});fill:var(--{name})}}" for role, name in called.items() if name != role]
    return (
        f":root{{{light}}}\n:root[data-theme=dark]{{{dark}}}\n"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}\n{''.join(drawn + heat)}\n"
    )


def assembled(
    template: str, title: str, data: str, code: tuple[str, str], inside: Sequence[tuple[str, str]] = (), **more: str
) -> str:
    """A page. Its Content-Security-Policy allows its own style and script, those of pages inside it, and no others."""
    styles, scripts = [" ".join(map(_hash, texts)) for texts in zip(code, *inside)]
    policy = f"default-src 'none'; script-src {scripts}; style-src {styles}; base-uri 'none'"
    parts = {"policy": policy, "title": escape(look.printable(title)), "data": data}
    return Template(template).substitute(parts | more, style=code[0], script=code[1])


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
