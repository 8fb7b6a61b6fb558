"""The script: what each step of the page says and shows, as typed pieces with a tree for each number.

The page is a pure function of its state, so a step only tells what it adds.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ... import ops
from ...network.tensor import Tensor
from ...value import Value
from ...writing import expression as E
from ...writing.algebra import product_of, replaced, subtract, sum_of
from ...writing.evaluation import is_known, with_numbers
from ...writing.paper import Slot, Typed
from ..explaining.lines import from_above
from ..explaining.rows import Derivation, Row
from .live import Later, Rows, Trees
from .stage import Card, Stage

_SHORT = 40  # characters of a formula that a heading has room for

#: A line as it stands in the page's data: text, and [tree, flags] for numbers, [tree, flags, shape] for arrays.
Pieces = list[Any]


@dataclass
class Line:
    """A row of the derivation on the page.

    Attributes:
        edge: in the backward pass of numbers the edge that it came through: a node, and which of its inputs.
        is_update: whether it is a row of the update.
    """

    row: Row
    edge: tuple[Value, int] | None = None
    is_update: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether it ends with all of the quantity, and not with some of the contributions to it."""
        return self.row.part is None or self.row.part[0] == self.row.part[1]


@dataclass
class PageStep:
    """One step.

    Attributes:
        phase: "given", "forward", "backward" or "update".
        title: in words and formulas.
        lines: its rows.
        hand: the card in hand.
    """

    phase: str
    title: list[str | E.Expression]
    lines: list[Line]
    hand: Card | None = None


class Script:
    """The steps: what is given; the forward pass, card by card; the backward pass in the derivation's order; an update.

    Attributes:
        quantities: at the tensor level for each quantity its name, its shape and its elements.
        trees: writes formulas of the quantities as trees.
        steps: the steps; the last is the update, if it is shown.
        updates: the lines of the update, as data.
    """

    def __init__(self, derivation: Derivation, stage: Stage, rows: Rows, shows_update: bool) -> None:
        self.derivation = derivation
        self.stage = stage
        self.by_tensors = stage.level == "tensor"
        self.quantities: list[tuple[str, tuple[int, ...], list[Any]]] = []
        root = derivation.names[stage.root if self.by_tensors else stage.nodes[-1]]
        self.leaf_of: dict[str, Any] = {}
        self.index: dict[Any, int] = {}
        element: dict[Value, Any] = {**stage.number_of}
        element |= {v: [stage.number_of[lse], k] for v, (lse, k) in stage.slope_of.items()}
        for node, name in derivation.names.items():
            k = stage.number_of.get(node, len(self.quantities))
            if isinstance(node, Tensor):
                self.quantities.append((name, node.shape, [element[v] for v in node.values]))
            self.index[node] = k
            self.leaf_of |= {name: ["v", k], E.Derivative(root, name).text: ["g", k]}
        self.trees = Trees(rows, self.leaf_of)
        self.rule_of = {row.node: row.rule for row in derivation.forward if row.rule is not None}
        given = [Line(row) for row in derivation.forward if row.rule is None]
        self.steps = [PageStep("given", ["Given"], given), *self.forward()]
        self.steps += self.backward_by_tensors() if self.by_tensors else self.backward_by_values()
        updates = [Line(row, is_update=True) for row in derivation.update]
        self.updates = [self.update_line(line) for line in updates]
        if shows_update:
            title: list[str | E.Expression] = ["Update: each parameter takes a step against its gradient"]
            self.steps.append(PageStep("update", title, updates))

    # The steps.

    def forward(self) -> list[PageStep]:
        """A step for each card on which something is computed."""
        rows = [row for row in self.derivation.forward if row.rule is not None]
        cards = _by_card([(self.stage.card_of[row.node], Line(row)) for row in rows])
        return [PageStep("forward", ["Forward to ", *self._called(card)], lines, card) for card, lines in cards]

    def backward_by_values(self) -> list[PageStep]:
        first, *others = self.derivation.backward
        row, card_of = first.rows[0], self.stage.card_of
        name = self.derivation.names[row.node]
        steps = [PageStep("backward", [f"The backward pass begins at {name}"], [Line(row)], card_of[row.node])]
        notes = {row.node: row.notes for step in others for row in step.rows if row.notes}
        passed = [(card_of[step.node], (step.node, row)) for step in others for row in step.rows]
        arrived: Counter[Value] = Counter()

        def counted(user: Value, row: Row) -> Line:
            """Contributions are counted as they come here: a neuron passes all it has on at once."""
            if row.part is not None:
                arrived[row.node] += 1
                count = (arrived[row.node], row.part[1])
                row = replace(row, part=count, notes=notes.get(row.node, []) if count[0] == count[1] else [])
            return Line(row, None if row.edge is None else (user, row.edge))

        for card, rows in _by_card(passed):
            lines = [counted(*pair) for pair in rows]
            rule = lines[0].row.rule
            assert rule is not None  # ∂L/∂e · ∂e/∂h, whose first factor is what is passed on
            number = E.Number(self.trees.later(rule.args[0]))
            title = ["Backward through ", *self._called(card), ": incoming ", rule.args[0], " = ", number]
            steps.append(PageStep("backward", title, lines, card))
        return steps

    def backward_by_tensors(self) -> list[PageStep]:
        """A step for each quantity: it receives its gradient from those that use it."""
        steps = []
        for row in [row for step in self.derivation.backward for row in step.rows]:
            above = [part.below for part in E.within(row.rule) if isinstance(part, E.Derivative)] if row.rule else []
            users = ", ".join(dict.fromkeys(above or [self.derivation.names[self.stage.root]]))
            title: list[str | E.Expression] = ["Backward to ", self.derivation.names[row.node], ", from ", users]
            steps.append(PageStep("backward", title, [Line(row)], self.stage.card_of[row.node]))
        return steps

    def _called(self, card: Card) -> list[str | E.Expression]:
        """`e = h − y`, or where that is long its name alone; `neuron h⁽¹⁾₂`, whose card is more than that."""
        name, rule = self.derivation.names[card.head], self.rule_of.get(card.head)
        if card.is_neuron:
            return [f"neuron {name}"]
        return [name] if rule is None or len(str(rule)) > _SHORT else [f"{name} = ", rule]

    # As data.

    def step_as_data(self, step: PageStep) -> dict[str, Any]:
        title = self.pieces(Typed(self.derivation.digits).sentence(step.title))
        data: dict[str, Any] = {"phase": step.phase, "title": title}
        data["lines"] = self.updates if step.phase == "update" else [self.line_as_data(line) for line in step.lines]
        return data | ({"hand": step.hand.id} if step.hand else {})

    def update_line(self, line: Line) -> dict[str, Any]:
        """A line of the update, whose number later lines use; `sets` is the quantity that gets it."""
        data, name = self.line_as_data(line), str(line.row.quantity)
        if line.row.update:
            data["sets"] = self.leaf_of[name][1]
        if data["of"][0] == "state":
            self.leaf_of[name] = data["result"]
        return data

    def is_new(self, row: Row) -> bool:
        """Whether a row of the update has the new number of a leaf, and not what leads to it."""
        return str(row.quantity) == self.derivation.names[row.node]

    def update_as_data(self) -> list[Any]:
        """What the next pass begins with: quantities, each with the tree of its number."""
        found = [[line["sets"], line["result"]] for line in self.updates if "sets" in line]
        if "t" in self.stage.given:
            t = self.index[self.stage.given["t"]]
            found.append([t, [self.trees.rows.number(ops.ADD, 2), ["v", t], 1.0]])
        return found

    def line_as_data(self, line: Line) -> dict[str, Any]:
        """`quantity`, `relation`, and the `sides`; `result`, the tree of its number; `of`, the ["v", k] or ["g", k]
        that gets it, in an update ["new", k], or ["state", k] before it; of matrices `tree`, that of the rule.

        `part` tells which contribution to a gradient it is; `notes` hold at the recorded numbers.
        """
        row, style = line.row, Typed(self.derivation.digits)
        rule, numbers = row.rule, None
        what = "g" if isinstance(row.quantity, E.Derivative) else "v"
        if line.is_update:
            what = "new" if self.is_new(row) else "state"
        result: Any = [what, self.index[row.node]]
        data: dict[str, Any] = {"quantity": str(row.quantity), "relation": row.relation, "of": result}
        if row.part:
            data["part"] = row.part
        if line.edge and rule is not None:
            user, k = line.edge
            above, local = rule.args
            slope = self.slope(user, k)
            if isinstance(local, E.Literal) and local.formula:  # a number stands for the slope
                rule = E.with_args(rule, [above, E.Number(self.trees.later(slope))])
            numbers = product_of([E.Number(self.trees.later(factor)) for factor in (above, slope)])
            result = self.trees.tree(E.Apply(ops.MUL, (above, slope)))
        elif rule is not None and is_known(rule):
            rule = replaced(self._without_numbers(row.quantity, rule), self._moving)
            numbers = with_numbers(rule, self.trees.later, whole_factors=what == "g")
            if self.by_tensors:
                data["tree"] = self.trees.tree(rule)
            if line.is_update:
                result = self.trees.tree(rule)
        later = Later(result, getattr(row.quantity, "shape", ()))
        sides = Row(row.quantity, rule, numbers, later, row.node).sides(style)
        data |= {"result": result, "sides": [self.pieces(side) for side in sides]}
        if row.notes:
            data["notes"] = [self.pieces(style.sentence(note)) for note in row.notes]
        return data

    def _moving(self, e: E.Expression) -> E.Expression | None:
        """A number that stands for a formula, as one that the page finds."""
        return E.Number(self.trees.later(e)) if isinstance(e, E.Literal) and e.formula else None

    def slope(self, node: Value, k: int) -> E.Name:
        """The local derivative of a node by its input k, as a name."""
        name = f"p({self.stage.number_of[node]}, {k})"
        self.leaf_of[name] = ["p", self.stage.number_of[node], k]
        return E.Name(name)

    def _without_numbers(self, quantity: E.Expression, rule: E.Expression) -> E.Expression:
        """A term that is put in as an array, what single numbers pass on by themselves, is what the others leave."""
        *others, last = rule.args if isinstance(rule, E.Apply) and rule.op is ops.ADD else (rule,)
        if not (isinstance(last, E.Number) and last.shape and from_above(quantity)):
            return rule
        rest = subtract(quantity, sum_of(others)) if others else quantity
        return sum_of([*others, E.Number(self.trees.later(rest))])

    def pieces(self, typed: Sequence[str | Slot]) -> Pieces:
        """Text, and [tree, flags]: 1 and 2 where a sign and a power of ten need parentheses."""
        found: Pieces = []
        for piece in typed:
            if isinstance(piece, str):
                found.append(piece)
                continue
            later = piece.number if isinstance(piece.number, Later) else self.trees.later(E.Number(piece.number))
            flags = piece.signed + 2 * piece.raised
            found.append([later.tree, flags, later.shape] if later.shape else [later.tree, flags])
        return found


def _by_card(pairs: Iterable[tuple[Card, Any]]) -> list[tuple[Card, list[Any]]]:
    """What belongs to each card, where the last of it comes: then all that the card gives to others is there."""
    found: dict[Card, list[Any]] = {}
    for card, one in pairs:
        found[card] = [*found.pop(card, []), one]
    return list(found.items())
