"""The script: what each step of the page says and shows, as typed pieces with a tree for each number.

The page is a pure function of its state, so a step only tells what it adds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

from ... import ops
from ...network.tensor import Tensor
from ...value import Value
from ...writing import expression as E
from ...writing.algebra import product_of, subtract
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
        user: in the backward pass of numbers the Value that it came from.
        is_update: whether it is a row of the update.
    """

    row: Row
    user: Value | None = None
    is_update: bool = False

    @property
    def edge(self) -> tuple[Value, int] | None:
        """In the backward pass of numbers the edge that it came through: a node, and which of its inputs."""
        return None if self.user is None or self.row.edge is None else (self.user, self.row.edge)


@dataclass
class PageStep:
    """One step.

    Attributes:
        phase: "given", "forward", "backward" or "update".
        title: in words and formulas.
        lines: its rows.
        hand: the card in hand.
        near: the ids of the cards it reads from, or passes its gradient to.
        arrows: those it uses; going backward, their local derivatives are now known.
    """

    phase: str
    title: list[str | E.Expression]
    lines: list[Line]
    hand: Card | None = None
    near: Sequence[str] = ()
    arrows: Sequence[str] = ()


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
        self.updates = [self.update_line(row) for row in derivation.update]
        if shows_update:
            near = [stage.card_of[row.node].id for row in derivation.update]
            lines = [Line(row, is_update=True) for row in derivation.update]
            title: list[str | E.Expression] = ["Update: each parameter takes a step against its gradient"]
            self.steps.append(PageStep("update", title, lines, near=near))

    # The steps.

    def forward(self) -> list[PageStep]:
        """A step for each card on which something is computed."""
        rows = [row for row in self.derivation.forward if row.rule is not None]
        steps = []
        for card, lines in _by_card([(self.stage.card_of[row.node], Line(row)) for row in rows]):
            title = ["Forward to ", *self._called(card)]
            steps.append(PageStep("forward", title, lines, card, card.sources, card.arrows))
        return steps

    def backward_by_values(self) -> list[PageStep]:
        first, *others = self.derivation.backward
        row, card_of = first.rows[0], self.stage.card_of
        name = self.derivation.names[row.node]
        steps = [PageStep("backward", [f"The backward pass begins at {name}"], [Line(row)], card_of[row.node])]
        passed = [(card_of[step.node], Line(row, step.node)) for step in others for row in step.rows]
        for card, lines in _recounted(_by_card(passed)):
            used = card.arrows
            if self.stage.level == "value":  # an arrow for each input; that of a constant is not used
                used = [card.arrows[line.edge[1]] for line in lines if line.edge]
            rule = lines[0].row.rule
            assert rule is not None  # ∂L/∂e · ∂e/∂h, whose first factor is what is passed on
            incoming = rule.args[0]
            number = E.Number(self.trees.later(incoming))
            title = ["Backward through ", *self._called(card), ": incoming ", incoming, " = ", number]
            near = [card_of[line.row.node].id for line in lines if card_of[line.row.node] is not card]
            steps.append(PageStep("backward", title, lines, card, near, used))
        return steps

    def backward_by_tensors(self) -> list[PageStep]:
        """A step for each quantity: it receives its gradient from those that use it."""
        steps = []
        of_name = {self.derivation.names[node]: node for node in self.index}
        for step in self.derivation.backward:
            for row in step.rows:
                card = self.stage.card_of[row.node]
                above = [part.below for part in E.parts(row.rule) if isinstance(part, E.Derivative)] if row.rule else []
                users = [self.stage.card_of[of_name[name]] for name in above if name in of_name]
                if not users:
                    users = [self.stage.card_of[self.stage.root]]
                arrows = [arrow for user in users for arrow, id in zip(user.arrows, user.sources) if id == card.id]
                title: list[str | E.Expression] = ["Backward to ", self.derivation.names[row.node]]
                names = [self.derivation.names.get(card.head, "") for card in dict.fromkeys(users)]
                title += [", from ", ", ".join(names)] if all(names) else []
                steps.append(PageStep("backward", title, [Line(row)], card, [user.id for user in users], arrows))
        return steps

    def _called(self, card: Card) -> list[str | E.Expression]:
        """`e = h − y`, or where that is long `v₈ (dot)`; `neuron h⁽¹⁾₂`."""
        name = self.derivation.names[card.head]
        if card.is_neuron:
            return [f"neuron {name}"]
        rule = self.rule_of.get(card.head)
        if rule is not None and len(str(rule)) <= _SHORT:
            return [f"{name} = ", rule]
        return [f"{name} ({card.head.op.symbol})" if card.head.op else name]

    # As data.

    def step_as_data(self, step: PageStep) -> dict[str, Any]:
        title = self.pieces(Typed(self.derivation.digits).sentence(step.title))
        data: dict[str, Any] = {"phase": step.phase, "title": title}
        data["lines"] = [self.line_as_data(line) for line in step.lines] if step.phase != "update" else self.updates
        if step.hand:
            data |= {"hand": step.hand.id, "arrows": list(step.arrows)}
        if step.near:
            data["near"] = list(dict.fromkeys(step.near))
        return data

    def update_line(self, row: Row) -> dict[str, Any]:
        """A line of the update, whose number later lines use; `sets` is the quantity that gets it."""
        data = self.line_as_data(Line(row, is_update=True))
        name = str(row.quantity)
        if row.update:
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
            if user.op in (ops.MAX, ops.MIN) and isinstance(local, E.Literal):  # a number stands for the slope
                rule = E.with_args(rule, [above, E.Number(self.trees.later(slope))])
            numbers = product_of([E.Number(self.trees.later(factor)) for factor in (above, slope)])
            result = self.trees.tree(E.Apply(ops.MUL, (above, slope)))
        elif rule is not None and is_known(rule) and not any([isinstance(p, E.Chain) for p in E.parts(rule)]):
            rule = self._without_numbers(row.quantity, rule)
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

    def slope(self, node: Value, k: int) -> E.Name:
        """The local derivative of a node by its input k, as a name."""
        name = f"p({self.stage.number_of[node]}, {k})"
        self.leaf_of[name] = ["p", self.stage.number_of[node], k]
        return E.Name(name)

    def _without_numbers(self, quantity: E.Expression, rule: E.Expression) -> E.Expression:
        """A term that is put in as an array, what single numbers pass on by themselves, is what the others leave."""
        match rule:
            case E.Apply(ops.ADD, (*others, E.Number(number))) if getattr(number, "shape", ()) and others:
                rest = subtract(quantity, others[0] if len(others) == 1 else E.Apply(ops.ADD, tuple(others)))
                return E.Apply(ops.ADD, (*others, E.Number(self.trees.later(rest))))
            case E.Number(number) if from_above(quantity):
                return E.Number(self.trees.later(quantity))
        return rule

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


def _by_card(lines: Iterable[tuple[Card, Line]]) -> list[tuple[Card, list[Line]]]:
    """The lines of each card; it comes where its last line does, when all that it gives to others is there."""
    found: dict[Card, list[Line]] = {}
    for card, line in lines:
        found[card] = [*found.pop(card, []), line]
    return list(found.items())


def _recounted(cards: list[tuple[Card, list[Line]]]) -> list[tuple[Card, list[Line]]]:
    """Contributions counted in the order of the cards, where that is another than the derivation's.

    It is one if a bias is also used elsewhere: a neuron passes its gradient on before the last of its steps.
    """
    said: dict[Value, list[Any]] = {}
    for row in [line.row for _, lines in cards for line in lines]:
        if row.part:
            said.setdefault(row.node, []).append((row.part, row.notes))
    left = {node: iter(sorted(pairs, key=itemgetter(0))) for node, pairs in said.items()}

    def recounted(line: Line) -> Line:
        if line.row.part is None:
            return line
        part, notes = next(left[line.row.node])
        return replace(line, row=replace(line.row, part=part, notes=notes))

    return [(card, [recounted(line) for line in lines]) for card, lines in cards]
