"""The Tensors of a graph that have a name in a derivation or a picture, and the formula of each.

A Tensor without a name of its own is written inside the formula that uses it:
`L = ½ Σ (ŷ − y)²` is one quantity, though it was computed in four steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .. import array_ops as A
from .. import ops
from ..network.tensor import Tensor
from ..shapes import Shape
from ..writing import expression as E
from ..writing.algebra import part
from ..writing.expression import Expression
from .formulas import formula, on_its_own
from .layers import by_depth
from .matrices import place
from .naming import Names
from .tensor_graph import How, Node, TensorGraph

_DEEPEST = 8  # operations inside one formula


@dataclass(eq=False)
class Quantity:
    """A Tensor with a name, the quantities it is computed from, and how."""

    node: Node
    name: str
    inputs: tuple[Quantity, ...] = ()
    rule: Expression | None = None

    @property
    def tensor(self) -> Tensor:
        return self.node.tensor

    @property
    def symbol(self) -> E.Name:
        return E.Name(self.name, self.tensor.shape)


class Quantities:
    """The quantities of a graph of Tensors, in the order of a reader: what is given, then each layer.

    Attributes:
        of: the quantity of each Tensor with a name.
        graph: all the Tensors.
        softmax: for a Tensor logsumexp(z) or log_softmax(z) the name of softmax(z), ŷ, if it has one.
    """

    def __init__(self, root: Tensor, names: Names, wrt: Sequence[Tensor]) -> None:
        self.graph = graph = TensorGraph(
            root, wrt, lambda v: bool(names.given(v) if v.op else not names.is_constant(v))
        )
        named = _named(graph.order, names, wrt)
        self._written: dict[Tensor, Expression] = {}
        self.of = {node.tensor: Quantity(node, names(node.tensor)) for node in graph.order if node in named}
        for quantity in self.of.values():
            self._tell_how(quantity)
        *others, last = self.of.values()
        self.softmax: dict[Tensor, Expression] = {}
        for t, y_hat in names.softmax.items():
            if t in graph.nodes and t.inputs[0] in self.of:
                # The root is not computed from it, but its derivatives are written with it.
                node = graph.nodes[y_hat] = Node(y_hat)
                node.inputs = tuple([graph.nodes[a] for a in y_hat.inputs])
                others.append(Quantity(node, names(y_hat)))
                self._tell_how(others[-1])
                self.softmax[t] = others[-1].symbol
        position: dict[Quantity, int] = {}  # that of its numbers v₁, v₂, …; what is given comes first
        for q in by_depth([*others, last]):
            own = min([names.place.get(v, 0) for v in q.tensor.values]) if q.inputs else -1
            position[q] = max([own, *[position[a] for a in q.inputs]])
        self.of = {q.tensor: q for q in sorted(position, key=position.__getitem__)}

    def symbol(self, t: Tensor) -> Expression:
        """A Tensor as it stands in a formula: its name, a constant, or its own formula."""
        return self.of[t].symbol if t in self.of else self.written_out(self.graph.nodes[t])

    def symbols(self, node: Node) -> list[Expression]:
        """What a Tensor was computed from, as it stands in its formula."""
        return [self.symbol(a.tensor) for a in node.inputs]

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
        match node.how:
            case How.NUMBER:
                known = dict(zip(t.values[0].inputs, self.symbols(node)))
                return formula(t.values[0], known.__getitem__)
            case How.TOGETHER:
                return _rows(self.symbols(node), t.shape)
            case How.FUNCTION:
                return E.Function(t.op.symbol if t.op else "Tensor", tuple(self.symbols(node)), t.shape)
        if t.inputs:
            return formula(t, self.symbol)
        return E.Literal(t.item()) if node.inner else E.Constant(t.item())

    def _tell_how(self, quantity: Quantity) -> None:
        if quantity.node.inputs:
            quantity.rule = on_its_own(self.written_out(quantity.node))
            quantity.inputs = tuple(dict.fromkeys(self._named_inputs(quantity.node)))

    def _named_inputs(self, node: Node) -> Iterable[Quantity]:
        for a in node.inputs:
            if a.tensor in self.of:
                yield self.of[a.tensor]
            else:
                yield from self._named_inputs(a)


def _rows(elements: Sequence[Expression], shape: Shape) -> Expression:
    """An array that was put together: its elements, or its rows, one after the other."""
    if len(shape) > 1:
        size = len(elements) // shape[0]
        elements = [_rows(elements[k * size : (k + 1) * size], shape[1:]) for k in range(shape[0])]
    return E.Function("stack", tuple(elements), shape)


# Which nodes are quantities.


def _named(order: list[Node], names: Names, wrt: Sequence[Tensor]) -> set[Node]:
    """The nodes with a name: those with a line of their own, those that others need by name, and those used twice."""
    root, uses = order[-1], _uses(order)
    named = {root, *_second_names(order, wrt, uses)}
    named |= {node for node in order if node.tensor in wrt and not node.shares}
    depth: dict[Node, int] = {}  # of the formula inside formulas
    for node in order:
        depth[node] = 1 + max([0 if a in named else depth[a] for a in node.inputs], default=0)
        if node.base is node and node is not root:
            if _is_told(node, names) or depth[node] > _DEEPEST:
                named.add(node)
            named.update(_want_names(node))
    return named | {node for node in order if node.base is node and node.inputs and uses.get(node, 0) > 1}


def _uses(order: list[Node]) -> dict[Node, int]:
    """How often each node is used, itself or through a view of it, by nodes that are not views."""
    uses: dict[Node, int] = {}
    for node in order:
        for a in node.inputs if node.base is node else ():
            while a.base is not a:
                uses[a] = uses.get(a, 0) + 1
                (a,) = a.inputs
            uses[a] = uses.get(a, 0) + 1
    return uses


def _second_names(order: list[Node], wrt: Sequence[Tensor], uses: dict[Node, int]) -> Iterator[Node]:
    """Views, labelled or asked for, that all uses of a Tensor go through, each element once: gradients agree."""
    labels: dict[Node, int] = {}  # how many views of a Tensor have a label
    for node in order:
        labels[node.base] = labels.get(node.base, 0) + (node.base is not node and bool(node.tensor.label))
    for node in order:
        t, base = node.tensor, node.base
        if base is not node and (t.label or t in wrt) and labels[base] <= 1:
            once = len(set(t.values)) == len(t.values)
            if once and not base.shares and base is not order[-1] and uses.get(base) == uses.get(node):
                yield node


def _is_told(node: Node, names: Names) -> bool:
    """Whether a node has a line of its own: it has a name, it is given, or its formula does not fit inside others."""
    t = node.tensor
    if names.given(t) or t.label:
        return True
    if not node.inputs:
        return bool(t.shape) or not names.is_constant(t)
    if node.how is not How.RECORDED and not node.inner:
        return True
    row = node.op is A.MATMUL and [a.ndim for a in t.inputs] == [1, 2]  # its users take it as a column
    return row or not (_fits_inside(node) or node.op in A.OF_NAMES)


def _want_names(node: Node) -> list[Node]:
    """The inputs of a node that its formula must have names for."""
    computed = [a for a in node.inputs if a.base.inputs]
    if node.how is How.TOGETHER:
        return []
    if not _fits_inside(node):
        return [a.base for a in computed]
    product = node.op in (A.MATMUL, A.AFFINE) and max([len(a.tensor.shape) for a in node.inputs]) == 2
    return [a for a in computed if product and a.base is a]


def _fits_inside(node: Node) -> bool:
    """Whether the formula of a node may stand inside another."""
    power = isinstance(node.op, ops.Op) and node.op.exponent is not None
    return power or node.op in A.INSIDE or node.op in (ops.SUM, ops.DOT, ops.AFFINE)
