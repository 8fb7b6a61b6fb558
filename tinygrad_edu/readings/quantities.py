"""The Tensors of a graph that have a name in a derivation or a picture, and the formula of each.

A Tensor without a name of its own is written inside the formula that uses it:
`L = ½ Σ (ŷ − y)²` is one quantity, though it was computed in four steps.

The Tensors record how they were computed from each other, but a Tensor may also be made of single
numbers that belong to others, or were computed from them: `Tensor([x[0] * x[0], x[1]])`, `z[2]` in a sum,
numbers that `map` finds elsewhere. So the graph of Tensors is read together with that of Values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import array_ops as A
from .. import ops
from ..graph import topological_order
from ..network.tensor import Tensor
from ..writing.algebra import part
from ..writing.expression import Constant, Expression, Function, Name
from .formulas import formula, on_its_own
from .matrices import is_view, place
from .order import by_depth

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..value import Value
    from .naming import Names

_DEEPEST = 8  # operations inside one formula


class Node:
    """A Tensor in the graph, with all that it was computed from.

    Attributes:
        tensor: the Tensor.
        inputs: the nodes of the Tensors that it records, or if it is `made` that its numbers come from.
        made: whether it was put together from single numbers, or by a function of single numbers.
        view: whether its numbers are those of its inputs in another arrangement.
        shares: whether some of its numbers belong to other Tensors too.
        base: the node whose numbers it holds in another arrangement, which formulas write as such; or itself.
    """

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor
        self.inputs: tuple[Node, ...] = ()
        self.made = False
        self.view = False
        self.shares = False
        self.base = self


class Quantity:
    """A Tensor with a name, the quantities it is computed from, and how."""

    def __init__(self, node: Node, name: str) -> None:
        self.node = node
        self.tensor = node.tensor
        self.name = name
        self.symbol = Name(name, node.tensor.shape)
        self.inputs: tuple[Quantity, ...] = ()
        self.rule: Expression | None = None


class TensorGraph:
    """All Tensors that a root was computed from, whether it records them or their numbers tell.

    Args:
        root: the result.
        wrt: further Tensors that the reader asks for; the root may depend on them by their numbers alone.

    Attributes:
        order: the nodes, inputs first.
        owner: for each Value the Tensor that it belongs to. Views and copies of elements own nothing.
    """

    def __init__(self, root: Tensor, wrt: Sequence[Tensor] = ()) -> None:
        recorded = topological_order(root, *wrt)
        self.nodes = {t: Node(t) for t in recorded}
        self.owner = self._owners(recorded, wrt)
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
        for node in self.order:
            if (node.view and len(node.inputs) == 1) or self._copied_from(node):
                node.base = node.inputs[0].base

    def _owners(self, recorded: list[Tensor], wrt: Sequence[Tensor]) -> dict[Value, Tensor]:
        """What was computed belongs to the Tensor that records how; a leaf to the largest Tensor of leaves."""
        owner: dict[Value, Tensor] = {}
        for t in recorded:
            if t.inputs:
                given = {v for a in t.inputs for v in a.values}
                for v in t.values:
                    if v.op and v not in given:
                        owner.setdefault(v, t)
        leaves = [t for t in recorded if not t.inputs and not any([v.op for v in t.values])]
        for t in sorted(leaves, key=lambda t: (-len(t.values), t not in wrt, not t.label)):
            for v in t.values:
                owner.setdefault(v, t)
        return owner

    def _connect(self) -> None:
        for node in self.nodes.values():
            t = node.tensor
            node.view = is_view(t)
            node.shares = any([self.owner.get(v) not in (None, t) for v in t.values])
            node.made = t.op is A.MAP or (not t.inputs and (node.shares or any([v.op for v in t.values])))
            sources = self.sources(t) if node.made else []
            node.inputs = tuple([self.nodes[a] for a in (sources or t.inputs)])
            if not t.inputs and not sources:
                node.made = False  # of numbers that belong to no Tensor: it is what is given

    def _has_cycle(self) -> bool:
        """Whether some nodes wait for each other: those that are left when all others have been taken away."""
        waits = {node: len(node.inputs) for node in self.nodes.values()}
        users: dict[Node, list[Node]] = {}
        for node in waits:
            for a in node.inputs:
                users.setdefault(a, []).append(node)
        ready = [node for node, n in waits.items() if n == 0]
        for node in ready:  # which grows
            for user in users.get(node, []):
                waits[user] -= 1
                if waits[user] == 0:
                    ready.append(user)
        return len(ready) < len(waits)

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

    def _copied_from(self, node: Node) -> Node | None:
        if node.view or not node.made or len(node.inputs) != 1:
            return None
        (source,) = node.inputs
        return source if all([self.owner.get(v) is source.tensor for v in node.tensor.values]) else None

    def copied_from(self, node: Node) -> Node | None:
        """The one node whose elements the Tensor consists of, such as z of `Tensor(z[2])`, if there is one."""
        return node.inputs[0] if node.made and node.base is not node else None


class Quantities:
    """The quantities of a graph of Tensors, in the order of a reader: what is given, then each layer.

    Attributes:
        of: for each Tensor with a name its quantity.
        graph: all the Tensors.
    """

    def __init__(self, graph: TensorGraph, names: Names, wrt: Sequence[Tensor]) -> None:
        self.graph = graph
        named = self._named(names, wrt)
        in_order = [node for node in graph.order if node in named]
        self._written: dict[Tensor, Expression] = {}
        found = {node.tensor: Quantity(node, names(node.tensor)) for node in in_order}
        self.of = found
        for quantity in found.values():
            node = quantity.node
            if node.inputs:
                quantity.rule = on_its_own(self.written_out(node))
                quantity.inputs = tuple(dict.fromkeys(self._named_inputs(node)))
        *others, last = found.values()
        self.softmax: dict[Tensor, Expression] = {}  # for a logsumexp, as ŷ
        for t, softmax in names.softmax.items():
            if t in graph.nodes and t.inputs[0] in found:
                others.append(self._beside(softmax, names(softmax)))
                self.softmax[t] = others[-1].symbol
        self.of = {q.tensor: q for q in by_depth([*others, last])}

    def _beside(self, t: Tensor, name: str) -> Quantity:
        """A quantity that the root is not computed from, though its derivatives are written with it."""
        node = self.graph.nodes[t] = Node(t)
        node.inputs = tuple([self.graph.nodes[a] for a in t.inputs])
        quantity = Quantity(node, name)
        quantity.rule = self.written_out(node)
        quantity.inputs = tuple(self._named_inputs(node))
        return quantity

    def symbol(self, t: Tensor) -> Expression:
        """A Tensor as it stands in a formula: its name, a constant, or its own formula."""
        return self.of[t].symbol if t in self.of else self.written_out(self.graph.nodes[t])

    def written_out(self, node: Node) -> Expression:
        """The formula by which a Tensor was computed."""
        t = node.tensor
        if t not in self._written:
            self._written[t] = self._formula(node)
        return self._written[t]

    def _formula(self, node: Node) -> Expression:
        t = node.tensor
        source = self.graph.copied_from(node)
        if source is not None:
            return part(self.symbol(source.tensor), place(t, source.tensor))
        if node.made:
            name = t.op.symbol if t.op else "Tensor"
            return Function(name, tuple([self.symbol(a.tensor) for a in node.inputs]), t.shape)
        if not t.inputs:
            return Constant(t.item())
        return formula(t, self.symbol)

    def _named(self, names: Names, wrt: Sequence[Tensor]) -> set[Node]:
        order = self.graph.order
        root = order[-1]
        uses: dict[Node, int] = {}  # of a Tensor or a view of it, by what is no view
        for node in order:
            for a in node.inputs if node.base is node else ():
                while a.base is not a:
                    uses[a] = uses.get(a, 0) + 1
                    (a,) = a.inputs
                uses[a] = uses.get(a, 0) + 1
        labels: dict[Node, int] = {}  # that views of a Tensor have
        for node in order:
            labels[node.base] = labels.get(node.base, 0) + (node.base is not node and bool(node.tensor.label))
        named = {root} | {node for node in order if node.tensor in wrt and not node.shares}
        depth: dict[Node, int] = {}  # of the formula inside formulas
        for node in order:
            t, op = node.tensor, node.tensor.op
            depth[node] = 1 + max([0 if a in named else depth[a] for a in node.inputs], default=0)
            if node is root:
                continue
            base = node.base
            if base is not node:
                # A second name for all that is used of the base, each element once: both have the same gradient.
                once = len(set(t.values)) == len(t.values)
                alone = once and not base.shares and base is not root and uses.get(base) == uses.get(node)
                if (t.label or t in wrt) and alone and labels[base] <= 1:
                    named.add(node)
                continue
            inside = op is not None and self._fits_inside(t)
            row = op is A.MATMUL and [a.ndim for a in t.inputs] == [1, 2]  # a column to all that use it
            given = not node.inputs and (t.shape or not names.is_constant(t))
            unwritten = op is not None and not inside and op not in A.OF_NAMES
            if t.label or names.given(t) or row or node.made or given or unwritten or depth[node] > _DEEPEST:
                named.add(node)
            product = op in (A.MATMUL, A.AFFINE) and max([a.ndim for a in t.inputs]) == 2
            for a in node.inputs:
                if a.base.inputs and ((product and a.base is a) or not inside):
                    named.add(a.base)
        return named | {node for node in order if node.base is node and node.inputs and uses.get(node, 0) > 1}

    def _fits_inside(self, t: Tensor) -> bool:
        return t.op in A.INSIDE or (isinstance(t.op, ops.Op) and t.op.exponent is not None)

    def _named_inputs(self, node: Node) -> Iterable[Quantity]:
        for a in node.inputs:
            if a.tensor in self.of:
                yield self.of[a.tensor]
            else:
                yield from self._named_inputs(a)
