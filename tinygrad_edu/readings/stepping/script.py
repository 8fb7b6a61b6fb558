"""The script: what each step of the page says and shows.

The page is a pure function of the number of its step, so a step only tells what it adds: page.js
replays the steps up to the one in hand.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...writing.expression import Number
from ...writing.numbers import short
from ..explaining.rows import Row

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias, TypedDict

    from ...value import Value
    from ..explaining.rows import Derivation, Step
    from .stage import Card, Stage

    #: A row of `explain`: up to its result, the result, and what follows it.
    Line: TypeAlias = tuple[str, str, str]

    class PageStep(TypedDict, total=False):
        """One step, as page.js reads it."""

        phase: str  # "given", "forward" or "backward"
        title: Line
        lines: list[Line]
        hand: str  # the card in hand
        near: list[str]  # the cards it reads from, or passes its gradient to
        arrows: list[str]  # those it uses; going backward, their local derivatives are now known
        values: list[int]  # nodes whose value is now known
        gradients: list[tuple[int, str]]  # nodes whose gradient is now this


_SHORT = 40  # characters of a formula that a heading has room for


def steps(derivation: Derivation, stage: Stage) -> list[PageStep]:
    """What is given; the forward pass, card by card; the backward pass in the derivation's order."""
    first, *others = derivation.backward
    backward = [_backward(card, rows, derivation, stage) for card, rows in _recounted(_by_card(others, stage))]
    return [_given(derivation, stage), *_forward(derivation, stage), _turn(first, derivation, stage), *backward]


def _given(derivation: Derivation, stage: Stage) -> PageStep:
    """All leaves at once: nothing has been computed yet."""
    rows = [row for row in derivation.forward if not row.node.op]
    return {
        "phase": "given",
        "title": ("Given: what the computation starts from", "", ""),
        "lines": [_line(row, derivation.digits) for row in rows],
        "values": [stage.number_of[v] for v in stage.values if not v.op],
    }


def _forward(derivation: Derivation, stage: Stage) -> list[PageStep]:
    """A step for each card on which something is computed."""
    rows = [row for row in derivation.forward if row.node.op]
    cards = [stage.card_of[row.node] for row in rows if stage.card_of[row.node].head is row.node]
    rows_of: dict[Card, list[Row]] = {card: [] for card in cards}
    for row in rows:
        rows_of[stage.card_of[row.node]].append(row)
    return [
        {
            "phase": "forward",
            "title": (f"Forward to {_called(card, derivation)}", "", ""),
            "lines": [_line(row, derivation.digits) for row in rows],
            "hand": card.id,
            "near": _ids(card.sources),
            "arrows": card.arrows,
            "values": [stage.number_of[row.node] for row in rows],
        }
        for card, rows in rows_of.items()
    ]


def _turn(first: Step, derivation: Derivation, stage: Stage) -> PageStep:
    """The backward pass begins with ∂L/∂L = 1."""
    row = first.rows[0]
    return {
        "phase": "backward",
        "title": (f"The backward pass begins at {derivation.names[row.node]}", "", ""),
        "lines": [_line(row, derivation.digits)],
        "hand": stage.card_of[row.node].id,
        "gradients": [(stage.number_of[row.node], stage.so_far(row))],
    }


def _by_card(steps: list[Step], stage: Stage) -> list[tuple[Card, list[Row]]]:
    """The rows of each card. It comes where its last step does: that one passes gradients on to other cards."""
    rows_of: dict[Card, list[Row]] = {}
    for step in steps:
        card = stage.card_of[step.node]
        rows_of[card] = [*rows_of.pop(card, []), *step.rows]
    return list(rows_of.items())


def _recounted(cards: list[tuple[Card, list[Row]]]) -> list[tuple[Card, list[Row]]]:
    """Running totals in the order of the cards, where that is another than the derivation's.

    It is one if a bias is also used elsewhere: a neuron passes its gradient on before the last of its steps.
    """
    complete = {row.node: row for _, rows in cards for row in rows if row.part and row.part[0] == row.part[1]}
    arrived: dict[Value, list[float]] = {}

    def recounted(row: Row) -> Row:
        terms = arrived.setdefault(row.node, [])
        terms.append(row.result)
        if row.part is None or row.part[0] == len(terms):
            return row
        end = complete[row.node]
        total, notes = (end.total, end.notes) if len(terms) == row.part[1] else (sum(terms), [])
        part = len(terms), row.part[1]
        return Row(row.quantity, row.rule, row.numbers, row.result, row.node, row.edge, total, part, notes)

    return [(card, [recounted(row) for row in rows]) for card, rows in cards]


def _backward(card: Card, rows: list[Row], derivation: Derivation, stage: Stage) -> PageStep:
    used = card.arrows
    if stage.level == "value":  # an arrow for each input; that of a constant is not used
        used = [card.arrows[row.edge] for row in rows if row.edge is not None]
    # Only the last of several contributions that one step makes to a gradient stays to be seen.
    gradients = {stage.number_of[row.node]: stage.so_far(row) for row in rows}
    rule, numbers = rows[0].rule, rows[0].numbers
    assert rule is not None and numbers is not None  # ∂L/∂e · ∂e/∂h, whose first factor is what is passed on
    incoming, number = rule.args[0], numbers.args[0]
    assert isinstance(number, Number)
    return {
        "phase": "backward",
        "title": (
            f"Backward through {_called(card, derivation)}: incoming {incoming} = ",
            short(number.number, derivation.digits),
            "",
        ),
        "lines": [_line(row, derivation.digits) for row in rows],
        "hand": card.id,
        "near": _ids([stage.card_of[row.node] for row in rows if row.node not in card.nodes]),
        "arrows": used,
        "gradients": list(gradients.items()),
    }


def _line(row: Row, digits: int) -> Line:
    """A row of `explain` in three parts, so that its result can stand out."""
    text, result = row.text(digits), short(row.result, digits)
    parts = re.fullmatch(f"(.*? = )({re.escape(result)})(|\n.*|  → .*)", text, re.DOTALL)
    return (parts[1], parts[2], parts[3]) if parts else (text, "", "")


def _called(card: Card, derivation: Derivation) -> str:
    """`e = h − y`, or where that is long `v₈ (dot)`; `neuron h⁽¹⁾₂`."""
    name = derivation.names[card.head]
    if len(card.rows) > 1:
        return f"neuron {name}"
    rule = next((str(row.rule) for row in derivation.forward if row.node is card.head and row.rule), "")
    if rule and len(rule) <= _SHORT:
        return f"{name} = {rule}"
    return f"{name} ({card.head.op.symbol})" if card.head.op else name


def _ids(cards: Iterable[Card]) -> list[str]:
    return list(dict.fromkeys([card.id for card in cards]))
