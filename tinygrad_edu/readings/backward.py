"""The backward pass in symbols: each quantity's ∂L/∂q is the sum of what its users pass on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import mul
from typing import Any

from .. import ops
from ..network.tensor import Tensor
from ..value import Value
from ..writing.algebra import add, in_symbols, part, placed
from ..writing.evaluation import Array
from ..writing.expression import Apply, Chain, Constant, Derivative, Expression
from .formulas import slopes_of
from .layers import by_height
from .matrices import contributions, full, place, places_in
from .quantities import Quantities, Quantity
from .tensor_graph import How, TensorGraph


def gradients(root: Tensor, found: Quantities, environment: dict[str, Any]) -> Iterator[tuple[Quantity, Expression]]:
    """∂L/∂q of each quantity as a formula, from the root L on. It may contain the gradients before it.

    A Tensor that was put together from single numbers passes on ⟨∂L/∂t, ∂t/∂a⟩; for each ∂t/∂a the environment
    gets the function that computes this.

    >>> from tinygrad_edu.readings.subject import Subject
    >>> x = Tensor([1.0, 2.0], label="x"); L = (x * x).sum()
    >>> [(q.name, str(rule)) for q, rule in gradients(L, Subject(L).quantities, {})]
    [('L', '1'), ('x', '2 · x')]
    """
    terms: dict[Tensor, list[Expression]] = {root: [Constant(1.0)]}
    name = found.of[root].name
    for node in by_height(found.graph.order):
        t = node.tensor
        q = found.of.get(t)
        G: Expression = Constant(0.0)
        for term in sorted(terms.get(t, []), key=_is_negative):
            G = add(G, term)
        # No line where some of its numbers belong to other Tensors as well: those have the lines of their gradients.
        if q is not None and (t is root or not node.shares or node.base is not node):
            yield q, G
            G = Constant(1.0) if t is root else Derivative(name, q.name, t.shape)
        if node.inputs and not (isinstance(G, Constant) and G.number == 0):
            for a, term in _passed_on(t, G, found, environment):
                terms.setdefault(a, []).append(term)


def _passed_on(
    t: Tensor, G: Expression, found: Quantities, environment: dict[str, Any]
) -> Iterator[tuple[Tensor, Expression]]:
    """What each input of t gets by the chain rule, G being ∂L/∂t."""
    node = found.graph.nodes[t]
    source = found.graph.copied_from(node)
    if source is not None:
        yield source.tensor, placed(full(G, t.shape), place(t, source.tensor), source.tensor.shape)
        return
    args = found.symbols(node)
    given: Sequence[Expression] | None = None
    match node.how:
        case How.RECORDED:
            given = contributions(t, G, found.symbol(t), args, found.softmax.get(t))
        case How.NUMBER:
            given = [in_symbols(mul, G, slope) for slope in slopes_of(t.values[0], found.symbol(t), args)]
        case How.TOGETHER:
            given = [part(full(G, t.shape), element) for element in places_in(t.shape)]
    if given is not None:
        yield from zip([a.tensor for a in node.inputs], given)
        return
    pull_back = _PullBack(t, found.graph)
    for a in found.graph.sources(t):
        if a in found.of:
            jacobian = Derivative(str(found.symbol(t)), found.of[a].name, a.shape)
            environment[jacobian.text] = pull_back.to(a)
            yield a, Chain(full(G, t.shape), jacobian)


class _PullBack:
    """⟨G, ∂t/∂a⟩ = Σᵢ Gᵢ ∂tᵢ/∂a for a Tensor t, by one backward pass through its Values instead of a Jacobian.

    It goes from t to the Values that belong to other Tensors, and no further.
    """

    def __init__(self, t: Tensor, graph: TensorGraph) -> None:
        self.t = t
        self.order = graph.computed_alone(t)
        self._last: tuple[Sequence[float], dict[Value, float]] = ([], {})

    def to(self, a: Tensor) -> Callable[[Array], Array]:
        return lambda G: Array(a.shape, [self._passed_on(G).get(v, 0.0) for v in a.values])

    def _passed_on(self, G: Array) -> dict[Value, float]:
        last_G, found = self._last
        if last_G != G.numbers:  # else another input of t has asked before
            found = {}
            for v, g in zip(self.t.values, G.numbers):
                found[v] = found.get(v, 0.0) + g
            for b in reversed(self.order):
                if g := found.get(b, 0.0):
                    for x, p in zip(b.inputs, b.partials):
                        found[x] = found.get(x, 0.0) + g * p
            self._last = G.numbers, found
        return found


def _is_negative(e: Expression) -> bool:
    """Whether a term begins with a minus sign, so that it is better not the first of a sum."""
    match e:
        case Apply(ops.NEG):
            return True
        case Apply(ops.MUL, (Constant(c), _)):
            return c < 0
    return False
