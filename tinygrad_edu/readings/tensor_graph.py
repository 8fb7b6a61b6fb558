"""The graph of Tensors, read together with that of single numbers.

Tensors record how they were computed from each other. A Tensor may also be made of single numbers that belong
to others, or were computed alone: `Tensor([x[0] * x[0], x[1]])`, `1 - α` beside a matrix, numbers that a
function given to `map` finds elsewhere. A single number is a Tensor of shape (): it becomes a node like the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from .. import array_ops as A
from ..array_ops import ArrayOp
from ..graph import topological_order
from ..network.members import Suggested
from ..network.nn import Parameter
from ..network.tensor import Tensor, from_values
from ..ops import Op
from ..value import Value
from ..writing.notation import elements
from .formulas import is_view
from .naming import differentiated

_MOST_NUMBERS = 20  # single numbers of one Tensor that become nodes; more are a function of what they come from


class How(Enum):
    """How a Tensor was computed."""

    RECORDED = auto()  # as its record says, or not at all
    NUMBER = auto()  # it is one number, computed from others as its Value records
    TOGETHER = auto()  # put together from single numbers
    FUNCTION = auto()  # by a function of single numbers
    COPY = auto()  # it consists of elements of one other, such as Tensor(z[2])


@dataclass(eq=False)
class Node:
    """A Tensor in the graph, with all that it was computed from.

    Attributes:
        tensor: the Tensor.
        inner: whether it stands for a single number that the program has as a Value alone.
        inputs: the nodes that it was computed from.
        how: in which way.
        shares: whether some of its numbers belong to other nodes too.
    """

    tensor: Tensor
    inner: bool = False
    inputs: tuple[Node, ...] = ()
    how: How = How.RECORDED
    shares: bool = False

    @cached_property
    def views(self) -> list[Node]:
        """Itself, what it shows in another arrangement, which formulas write as such, what that shows, …"""
        is_one = self.how is How.COPY or (len(self.inputs) == 1 and is_view(self.tensor))
        return [self, *self.inputs[0].views] if is_one else [self]

    @property
    def base(self) -> Node:
        """The node whose numbers it holds; or itself."""
        return self.views[-1]

    @property
    def op(self) -> Op | ArrayOp | None:
        """What it was computed by; None for what is given, or was put together."""
        return self.tensor.values[0].op if self.how is How.NUMBER else self.tensor.op


class TensorGraph:
    """All Tensors that a root was computed from, whether it records them or their numbers tell.

    Args:
        root: the result.
        wrt: further Tensors that the reader asks for; the root may depend on them by their numbers alone.
        is_told: whether a single number is to be a node, though it is used inside a function.

    Attributes:
        order: the nodes, inputs first.
        owner: for each Value the Tensor that it belongs to. Views and copies of elements own nothing.
    """

    def __init__(self, root: Tensor, wrt: Sequence[Tensor], is_told: Callable[[Value], bool]) -> None:
        recorded = topological_order(root, *wrt)
        self.nodes = {t: Node(t) for t in recorded}
        self.owner = self._owners(recorded, wrt)
        self._single: dict[Value, Tensor] = {}  # each single number as a Tensor of shape ()
        self._together = self._take_apart(recorded, wrt, is_told)
        alone = dict(self.owner)
        for t in recorded:
            if not t.inputs:
                for v in t.values:
                    if v.op:  # a number that was computed alone
                        self.owner.setdefault(v, t)
        self._connect()
        if self._has_cycle():  # each of two such Tensors needs a number of the other
            self.owner = alone
            self._connect()
        self.order = topological_order(self.nodes[root])
        users = Counter([a for node in self.order for a in node.inputs])
        for node in self.order:
            if node.how is How.TOGETHER:  # it does not share the numbers that nothing else uses
                own = [a for a in node.inputs if a.base is a and users[a] == 1]
                node.shares = len(own) < len(node.inputs)

    def _owners(self, recorded: list[Tensor], wrt: Sequence[Tensor]) -> dict[Value, Tensor]:
        """What was computed belongs to the Tensor that records how; a leaf to the largest Tensor of leaves."""
        owner: dict[Value, Tensor] = {}
        for t in recorded:
            if t.inputs and differentiated(t) is None:
                given = {v for a in t.inputs for v in a.values}
                for v in t.values:
                    if v.op and v not in given:
                        owner.setdefault(v, t)
        leaves = [t for t in recorded if not t.inputs and not any([v.op for v in t.values])]
        for t in sorted(leaves, key=lambda t: (-len(t.values), t not in wrt, not t.label)):
            for v in t.values:
                owner.setdefault(v, t)
        return owner

    def _take_apart(
        self, recorded: list[Tensor], wrt: Sequence[Tensor], is_told: Callable[[Value], bool]
    ) -> set[Tensor]:
        """Make single numbers nodes; and say which Tensors are put together from such."""
        together: set[Tensor] = set()
        for t in recorded:
            one_by_one = not t.inputs or differentiated(t) is not None
            alone = self.computed_alone(t) if one_by_one or t.op is A.MAP else []
            owners = {self.owner.get(v) for v in t.values}
            several = t.inputs or None in owners or len(owners) > 1 or (t not in wrt and _has_own_labels(t))
            if one_by_one and len(alone) <= _MOST_NUMBERS and several:
                self._become_nodes(alone, t)
                if t.shape:
                    together.add(t)
                    for v in t.values:
                        self._tensor_of(v)
                continue
            own = set(t.values)
            for v in filter(is_told, [v for v in alone if v not in own]):
                behind = self.computed_alone(from_values([v], ()))
                if not v.op or len(behind) <= _MOST_NUMBERS:
                    self._become_nodes(behind, None)
        return together

    def _become_nodes(self, numbers: list[Value], t: Tensor | None) -> None:
        """Give each of the numbers, inputs first, a Tensor of its own: t, if it is that."""
        for v in numbers:
            if t is not None and not t.shape and t.values[0] is v:
                self._single[v] = t
            self.owner[v] = self._alone(v)
            for a in v.inputs:
                self._tensor_of(a)

    def _tensor_of(self, v: Value) -> Tensor:
        """A single number as a Tensor of shape (); an element of another is a part of that."""
        owner = self.owner.get(v)
        return owner if owner is not None and not owner.shape else self._alone(v)

    def _alone(self, v: Value) -> Tensor:
        if v not in self._single:
            self._single[v] = from_values([v], ())
            self.nodes[self._single[v]] = Node(self._single[v], inner=True)
        return self._single[v]

    def _connect(self) -> None:
        for node in self.nodes.values():
            t = node.tensor
            node.how = How.RECORDED
            node.shares = any([self.owner.get(v) not in (None, t) for v in t.values])
            sources = t.inputs
            if t in self._together:
                sources = tuple(map(self._tensor_of, t.values))
                has_own_name = len(sources) > 1 or differentiated(t) is not None  # else it is that number
                node.how = How.TOGETHER if has_own_name else How.COPY
            elif not t.shape and self._single.get(t.values[0]) is t and not node.shares:
                if t.values[0].op:
                    node.how, sources = How.NUMBER, tuple(map(self._tensor_of, t.values[0].inputs))
            elif t.op is A.MAP or (not t.inputs and (node.shares or any([v.op for v in t.values]))):
                found = tuple(self.sources(t))
                if found:
                    sources = found
                    copied = {self.owner.get(v) for v in t.values} == {*found} and len(found) == 1
                    node.how = How.COPY if copied else How.FUNCTION
            node.inputs = tuple([self.nodes[a] for a in sources])

    def _has_cycle(self) -> bool:
        try:
            TopologicalSorter({node: node.inputs for node in self.nodes.values()}).prepare()
        except CycleError:
            return True
        return False

    def sources(self, t: Tensor) -> list[Tensor]:
        """The Tensors that the numbers of t belong to or were computed from, nearest first."""
        inputs = [a for v in self.computed_alone(t) for a in v.inputs]
        owners = [self.owner.get(v) for v in (*t.values, *inputs)]
        return list(dict.fromkeys([owner for owner in owners if owner is not None and owner is not t]))

    def computed_alone(self, t: Tensor) -> list[Value]:
        """The Values of t that belong to no other Tensor, and those behind them, inputs first."""
        order: dict[Value, None] = {}
        stack = [(v, False) for v in reversed(t.values)]
        while stack:
            v, inputs_done = stack.pop()
            if inputs_done:
                order[v] = None
            elif v not in order and self.owner.get(v) in (None, t):
                stack.append((v, True))
                stack += [(a, False) for a in reversed(v.inputs)]
        return list(order)


def _has_own_labels(t: Tensor) -> bool:
    """Whether elements were there before it, with labels of their own: a and b of Tensor([a, b])."""
    labels = {v.label for v in t.values if v.label and not isinstance(v.label, Suggested)}
    if not labels or isinstance(t, Parameter) or (len(t.values) == 1 and not t.label):
        return False
    return not labels.issubset([t.label, *elements(t.label or "", t.shape)])
