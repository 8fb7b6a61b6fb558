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
    from .forms import Form, Forms
    from .stage import Card, Stage

    #: A row, and in the backward pass the node that it came from.
    Edge: TypeAlias = tuple[Row, Value | None]

    #: A row of `explain`: up to its result, the result, and what follows it.
    Line: TypeAlias = tuple[str, str, str]

    class PageStep(TypedDict, total=False):
        """One step, as page.js reads it."""

        phase: str  # "given", "forward" or "backward"
        title: Line
        lines: list[Line]
        forms: list[Form]  # the same lines, for other numbers; in the laboratory
        incoming: int  # the node whose gradient is the number of the title
        hand: str  # the card in hand
        near: list[str]  # the cards it reads from, or passes its gradient to
        arrows: list[str]  # those it uses; going backward, their local derivatives are now known
        values: list[int]  # nodes whose value is now known
        gradients: list[tuple[int, str]]  # nodes whose gradient is now this


_SHORT = 40  # characters of a formula that a heading has room for


class Script:
    """The steps: what is given; the forward pass, card by card; the backward pass in the derivation's order.

    `edges` are the rows of each of the `steps`.
    """

    def __init__(self, derivation: Derivation, stage: Stage, forms: Forms | None = None) -> None:
        self.derivation = derivation
        self.stage = stage
        self.forms = forms
        self.number_of = stage.number_of
        self.edges: list[list[Edge]] = []
        first, *others = derivation.backward
        self.steps = [self.given(), *self.forward(), self.turn(first)]
        self.steps += [self.backward(card, edges) for card, edges in _recounted(_by_card(others, stage))]

    def step(self, phase: str, title: Line, edges: list[Edge]) -> PageStep:
        """What every step has."""
        self.edges.append(edges)
        step: PageStep = {
            "phase": phase,
            "title": title,
            "lines": [_line(row, self.derivation.digits) for row, _ in edges],
        }
        if self.forms:
            step["forms"] = [self.forms.form(row, user) for row, user in edges]
        return step

    def given(self) -> PageStep:
        """All leaves at once: nothing has been computed yet."""
        rows: list[Edge] = [(row, None) for row in self.derivation.forward if not row.node.op]
        step = self.step("given", ("Given: what the computation starts from", "", ""), rows)
        return step | {"values": [self.number_of[v] for v in self.stage.values if not v.op]}

    def forward(self) -> list[PageStep]:
        """A step for each card on which something is computed."""
        rows = [row for row in self.derivation.forward if row.node.op]
        cards = [self.stage.card_of[row.node] for row in rows if self.stage.card_of[row.node].head is row.node]
        rows_of: dict[Card, list[Edge]] = {card: [] for card in cards}
        for row in rows:
            rows_of[self.stage.card_of[row.node]].append((row, None))
        return [
            self.step("forward", (f"Forward to {_called(card, self.derivation)}", "", ""), edges)
            | {
                "hand": card.id,
                "near": _ids(card.sources),
                "arrows": card.arrows,
                "values": [self.number_of[row.node] for row, _ in edges],
            }
            for card, edges in rows_of.items()
        ]

    def turn(self, first: Step) -> PageStep:
        """The backward pass begins with ∂L/∂L = 1."""
        row = first.rows[0]
        title = f"The backward pass begins at {self.derivation.names[row.node]}"
        return self.step("backward", (title, "", ""), [(row, None)]) | {
            "hand": self.stage.card_of[row.node].id,
            "gradients": [(self.number_of[row.node], self.stage.so_far(row))],
        }

    def backward(self, card: Card, edges: list[Edge]) -> PageStep:
        used = card.arrows
        if self.stage.level == "value":  # an arrow for each input; that of a constant is not used
            used = [card.arrows[row.edge] for row, _ in edges if row.edge is not None]
        # Only the last of several contributions that one step makes to a gradient stays to be seen.
        gradients = {self.number_of[row.node]: self.stage.so_far(row) for row, _ in edges}
        (row, user), *_ = edges
        assert user and row.rule and row.numbers  # ∂L/∂e · ∂e/∂h, whose first factor is what is passed on
        incoming, number = row.rule.args[0], row.numbers.args[0]
        assert isinstance(number, Number)
        title = f"Backward through {_called(card, self.derivation)}: incoming {incoming} = "
        return self.step("backward", (title, short(number.number, self.derivation.digits), ""), edges) | {
            "incoming": self.number_of[user],
            "hand": card.id,
            "near": _ids([self.stage.card_of[row.node] for row, _ in edges if row.node not in card.nodes]),
            "arrows": used,
            "gradients": list(gradients.items()),
        }


def _by_card(steps: list[Step], stage: Stage) -> list[tuple[Card, list[Edge]]]:
    """The rows of each card. It comes where its last step does: that one passes gradients on to other cards."""
    edges_of: dict[Card, list[Edge]] = {}
    for step in steps:
        card = stage.card_of[step.node]
        edges_of[card] = [*edges_of.pop(card, []), *[(row, step.node) for row in step.rows]]
    return list(edges_of.items())


def _recounted(cards: list[tuple[Card, list[Edge]]]) -> list[tuple[Card, list[Edge]]]:
    """Running totals in the order of the cards, where that is another than the derivation's.

    It is one if a bias is also used elsewhere: a neuron passes its gradient on before the last of its steps.
    """
    rows = [row for _, edges in cards for row, _ in edges]
    complete = {row.node: row for row in rows if row.part and row.part[0] == row.part[1]}
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

    return [(card, [(recounted(row), user) for row, user in edges]) for card, edges in cards]


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
