"""The value level: a card a node, and on every edge the local derivative."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...writing.expression import Derivative
from ...writing.numbers import short
from ..layers import users_of
from . import look
from .dot import edge, new_graph, node

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ...value import Value
    from .scene import Scene

LONG = 40  # nodes: what is longer runs from top to bottom


def value_level(scene: Scene, rankdir: str | None = None, title: str | None = None) -> Any:
    """The graph of Values, one card each. `x * x` has two edges."""
    rankdir = rankdir or ("LR" if len(scene.values) <= LONG else "TB")
    # Inputs stand in their order, as in w₁ x₁ + w₂ x₂. Where nodes share an input they cannot all have
    # that, and short arrows matter more, except that the neurons of a network stay in order.
    tree = all([len(set(users)) <= 1 for users in users_of(scene.values).values()])
    order = {"ordering": "in"} if tree or scene.neurons else {}
    graph = new_graph(title, rankdir, nodesep="0.2", ranksep="0.45", **order)
    scene.number_values()
    ids = {v: f"n{k}" for k, v in enumerate(scene.values, start=1)}
    for v, id in ids.items():
        node(graph, id, value_card(scene, v), scene.kind(v), describe(scene, v))
    for v, id in ids.items():
        for a, partial in zip(v.inputs, v.partials):
            if not scene.numbers:
                edge(graph, ids[a], id)
                continue
            local = f"×{short(partial, scene.digits)}"
            slope = Derivative(spoken(scene, v), spoken(scene, a))
            tip = f"{slope} = {short(partial, scene.digits)}"
            edge(graph, ids[a], id, tip, label=f" {local} ")
    return graph


def value_card(scene: Scene, v: Value, more: Sequence[tuple[str, str]] = ()) -> str:
    """The card of one node: name and symbol over value and gradient.

    `more` are further rows, a name and a number each, of what has no card of its own.
    """
    kind = scene.kind(v)
    rows = [look.row(look.cell(heading(scene, v), "CENTER", span=2)), *numbers(scene, v)]
    for name, text in more:
        cells = [look.cell(look.styled(look.shortened(name), size=look.SMALL), "LEFT", "target")]
        if scene.numbers:
            cells.append(look.cell(look.styled(text), fill="target"))
        rows.append(look.row(*cells))
    if more:
        rows.append(look.FOOT)
    return look.card(rows, kind, rounded=v.op is not None, thick=kind == "loss")


def heading(scene: Scene, v: Value) -> str:
    """The name in bold and the symbol or role beside it; the formula where there is no name or it is just a number."""
    name = scene.name(v)
    if not name:
        return look.styled(look.shortened(scene.formula(v) if v.op or not scene.numbers else "constant"), "muted")
    bold = look.styled(look.shortened(name), bold=True)
    if not v.op:
        return bold + (look.styled(f"  {role}", "muted", look.SMALL) if (role := scene.role(v)) else "")
    formula = f" = {scene.formula(v)}" if v in scene.numbered else ""
    fits = formula and len(name + formula) <= look.WIDTH
    return bold + look.styled(formula if fits else look.shortened(f"  {scene.sign(v)}"), "muted")


def numbers(scene: Scene, v: Value) -> list[str]:
    """The two rows of numbers of one node."""
    if not scene.numbers:
        return []
    rows = [("value", "muted", look.styled(scene.value(v)))]
    if scene.gradients:
        rows.append(("grad", "gradient", look.gradient_text(scene.gradient(v))))
    return [
        look.row(look.cell(look.styled(what, role, look.SMALL), "LEFT"), look.cell(text)) for what, role, text in rows
    ]


def spoken(scene: Scene, v: Value) -> str:
    """A node in a tooltip: its name, also if its card shows a formula in place of it."""
    return "constant" if scene.names.is_constant(v) else scene.names(v)


def describe(scene: Scene, v: Value) -> str:
    """The tooltip of a node: all its numbers in one sentence."""
    how = f" ({sign})" if (sign := scene.sign(v) if v.op else scene.role(v)) else ""
    if v.op and not scene.name(v):
        how = f" = {scene.formula(v)}"
    if not scene.numbers:
        return f"{spoken(scene, v)}{how}"
    gradient = f", gradient {scene.gradient(v)}" if scene.gradients and not scene.blank else ""
    return f"{spoken(scene, v)}{how}: value {scene.value(v)}{gradient}"
