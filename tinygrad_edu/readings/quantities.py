"""The Tensors of a graph that have a name in a derivation or a picture; the formula of each, and of its gradient.

A Tensor without a name of its own is written inside the formula that uses it:
`L = ½ Σ (ŷ − y)²` is one quantity, though it was computed in four steps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from operator import mul
from typing import Any

from .. import array_ops as A
from .. import ops
from ..network.tensor import Tensor
from ..shapes import nested
from ..value import Value
from ..writing import algebra
from ..writing import expression as E
from ..writing.evaluation import Array
from ..writing.expression import Expression
from .formulas import contributions, formula, full, on_its_own, place, places_in, slopes_of
from .layers import by_depth, by_height
from .naming import Names
from .tensor_graph import How, Node, TensorGraph

_DEEPEST = 8  # operations inside one formula


@dataclass(eq=False)
class Quantity:
    """A Tensor with a name, the quantities it is computed from, and how.

    `has_gradient` tells whether ∂L/∂q is just the gradients of its numbers.
    """

    node: Node
    name: str
    inputs: tuple[Quantity, ...]
    rule: Expression | None
    has_gradient: bool

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
        named, beside = _named(graph.order, names, wrt), _used_beside(graph.order)
        self._names = names
        self._written: dict[Tensor, Expression] = {}
        self.of: dict[Tensor, Quantity] = {}
        for node in graph.order:
            if node in named:
                self.of[node.tensor] = self._quantity(node, not (node in beside or names.is_constant(node.tensor)))
        *others, last = self.of.values()
        self.softmax: dict[Tensor, Expression] = {}
        for t, y_hat in names.softmax.items():
            if t in graph.nodes and t.inputs[0] in self.of:
                # The root is not computed from it, but its derivatives are written with it.
                node = graph.nodes[y_hat] = Node(y_hat, inputs=tuple([graph.nodes[a] for a in y_hat.inputs]))
                others.append(self._quantity(node, has_gradient=False))
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
        match node.how:
            case How.COPY:
                (source,) = node.inputs
                return algebra.part(self.symbol(source.tensor), place(t, source.tensor))
            case How.NUMBER:
                known = dict(zip(t.values[0].inputs, self.symbols(node)))
                return formula(t.values[0], known.__getitem__)
            case How.TOGETHER:
                rule: Expression = nested(self.symbols(node), t.shape, _stacked)
                return rule
            case How.FUNCTION:
                return E.Function(t.op.symbol if t.op else "Tensor", tuple(self.symbols(node)), t.shape)
        if t.inputs:
            return formula(t, self.symbol)
        return E.Literal(t.item()) if node.inner else E.Constant(t.item())

    def _quantity(self, node: Node, has_gradient: bool) -> Quantity:
        inputs = tuple(dict.fromkeys(self._named_inputs(node)))
        rule = on_its_own(self.written_out(node)) if node.inputs else None
        return Quantity(node, self._names(node.tensor), inputs, rule, has_gradient)

    def _named_inputs(self, node: Node) -> Iterable[Quantity]:
        for a in node.inputs:
            if a.tensor in self.of:
                yield self.of[a.tensor]
            else:
                yield from self._named_inputs(a)


def _stacked(rows: Sequence[Any]) -> Any:
    return E.Join(A.STACK, tuple(rows))


# Which nodes are quantities.


def _named(order: list[Node], names: Names, wrt: Sequence[Tensor]) -> set[Node]:
    """The nodes with a name: those with a line of their own, those that others need by name, and those used twice."""
    root, named = order[-1], {order[-1]}
    depth: dict[Node, int] = {}  # of the formula inside formulas
    for node in order:
        depth[node] = 1 + max([0 if a in named else depth[a] for a in node.inputs], default=0)
        if node.base is not node:
            other = node.tensor.shape or node.base.tensor.shape  # of one number both are the same quantity
            if other and (node.tensor.label or node.tensor in wrt):
                named.add(node)
        elif node is not root:
            asked = node.tensor in wrt and not node.shares
            if asked or _is_told(node, names) or depth[node] > _DEEPEST:
                named.add(node)
            named.update(_want_names(node))
    uses = Counter([shown for node in order if node.base is node for a in node.inputs for shown in a.views])
    return named | {node for node in order if node.base is node and node.inputs and uses[node] > 1}


def _used_beside(order: list[Node]) -> set[Node]:
    """Views whose gradient differs from that of their numbers: they hold one twice, or something else uses it too."""
    views = [node for node in order if node.base is not node]
    bases = {view.base for view in views}
    used = {a for node in order if node.base is node or node is order[-1] for a in node.inputs if a.base in bases}
    used_by: dict[Value, list[Node]] = {}
    for a in used:
        for v in a.tensor.values:
            used_by.setdefault(v, []).append(a)
    found = set()
    for view in views:
        values = view.tensor.values
        beside = any([view not in a.views for v in values for a in used_by.get(v, [])])
        if beside or view.base.shares or len({*values}) < len(values):
            found.add(view)
    return found


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
    return power or node.op in A.INSIDE


# The backward pass: each quantity's ∂L/∂q is the sum of what its users pass on.


def gradients(root: Tensor, found: Quantities, environment: dict[str, Any]) -> Iterator[tuple[Quantity, Expression]]:
    """∂L/∂q of each quantity as a formula, from the root L on. It may contain the gradients before it.

    A Tensor that was put together from single numbers passes on ⟨∂L/∂t, ∂t/∂a⟩; for each ∂t/∂a the environment
    gets the function that computes this.

    >>> from tinygrad_edu.readings.subject import Subject
    >>> x = Tensor([1.0, 2.0], label="x"); L = (x * x).sum()
    >>> [(q.name, str(rule)) for q, rule in gradients(L, Subject(L).quantities, {})]
    [('L', '1'), ('x', '2 · x')]
    """
    terms: dict[Tensor, dict[object, Expression]] = {root: {"∂L/∂L": E.Constant(1.0)}}  # like terms are added up
    name = found.of[root].name
    for node in by_height(found.graph.order):
        t = node.tensor
        q = found.of.get(t)
        zero: Expression = E.Constant(0.0)
        own = sorted(terms.get(t, {}).values(), key=lambda e: algebra.factor(e)[0] < 0)  # no minus sign in front
        G = reduce(algebra.add, own, zero)
        # No line where some of its numbers belong to other Tensors as well: those have the lines of their gradients.
        if q is not None and q.has_gradient and (t is root or not node.shares or node.base is not node):
            yield q, G
            G = E.Constant(1.0) if t is root else E.Derivative(name, q.name, t.shape)
        if node.inputs and not (isinstance(G, E.Constant) and G.number == 0):
            for a, term in _passed_on(t, G, found, environment):
                p, c = algebra.factor(term)
                given, like = terms.setdefault(a, {}), (p > 0, str(c))
                given[like] = algebra.add(given[like], term) if like in given else term


def _passed_on(
    t: Tensor, G: Expression, found: Quantities, environment: dict[str, Any]
) -> Iterator[tuple[Tensor, Expression]]:
    """What each input of t gets by the chain rule, G being ∂L/∂t."""
    node = found.graph.nodes[t]
    args = found.symbols(node)
    given: Sequence[Expression] | None = None
    match node.how:
        case How.COPY:
            (source,) = node.inputs
            given = [algebra.placed(full(G, t.shape), place(t, source.tensor), source.tensor.shape)]
        case How.RECORDED:
            given = contributions(t, G, found.symbol(t), args, found.softmax.get(t))
        case How.NUMBER:
            given = [algebra.in_symbols(mul, G, slope) for slope in slopes_of(t.values[0], found.symbol(t), args)]
        case How.TOGETHER:
            given = [algebra.part(full(G, t.shape), element) for element in places_in(t.shape)]
    if given is not None:
        yield from zip([a.tensor for a in node.inputs], given)
        return
    for a in found.graph.sources(t):
        if a in found.of:
            jacobian = E.Derivative(str(found.symbol(t)), found.of[a].name, a.shape)
            environment[jacobian.text] = partial(_pulled_back, t, a, found.graph)
            yield a, E.Chain(full(G, t.shape), jacobian)


def _pulled_back(t: Tensor, a: Tensor, graph: TensorGraph, G: Array) -> Array:
    """⟨G, ∂t/∂a⟩ = Σᵢ Gᵢ ∂tᵢ/∂a, by a backward pass instead of a Jacobian.

    It goes through the Values of t to those that belong to other Tensors, and no further.
    """
    found = dict.fromkeys(t.values, 0.0)
    for v, g in zip(t.values, G.numbers):
        found[v] += g
    for b in reversed(graph.computed_alone(t)):
        if g := found.get(b, 0.0):
            for x, p in zip(b.inputs, b.partials):
                found[x] = found.get(x, 0.0) + g * p
    return Array(a.shape, [found.get(v, 0.0) for v in a.values])
