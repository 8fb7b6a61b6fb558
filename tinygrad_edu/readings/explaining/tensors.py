"""The derivation in the language of matrices: ∂L/∂W⁽³⁾ = ∂L/∂z⁽³⁾ h⁽²⁾ᵀ."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from ... import ops
from ...graph import topological_order
from ...network.tensor import Tensor
from ...value import Value, chain_rule
from .expression import Expr, derivative, formula, name, put_in, replaced
from .gradients import Gradients, comma_separated
from .layers import by_height
from .names import element_names, names_of
from .quantities import Quantity, quantities, summed_axis, symbol
from .rows import Derivation, Row, Step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .rows import Note

# The chain rule for a matrix product, passing G = ∂L/∂(A B) on to A and to B. A vector after a
# matrix is a column, before a matrix a row. The keys are the numbers of axes.
PRODUCT_RULES: dict[tuple[int, int], Any] = {
    (2, 1): lambda G, A, b: (G @ b.T, A.T @ G),
    (2, 2): lambda G, A, B: (G @ B.T, A.T @ G),
    (1, 2): lambda G, a, B: (B @ G, a @ G.T),
    (1, 1): lambda G, a, b: [G * p for p in ops.DOT.partials(None, (a,), (b,))],
}
_MOST_REASONS = 4
_MOST_ELEMENTS = 6


def derive_tensors(root: Tensor, wrt: Sequence[Tensor] | None, digits: int) -> Derivation:
    """The derivation of ∂root/∂T for every Tensor T, or of what lies between the root and `wrt`.

    Raises:
        ValueError: too many Tensors to read.
    """
    everything = set(topological_order(root))
    inside = [t for t in wrt or () if t in everything]
    outside = [t for t in wrt or () if t not in everything]
    found = quantities(root, inside)
    forward = list(found.values())
    between = set(forward) if wrt is None else {found[t] for t in inside}
    for q in forward:
        if not between.isdisjoint(q.inputs):
            between.add(q)
    shown = [q for q in forward if q in between]
    needed = between.union(*[q.inputs for q in shown])
    rows = [_forward(q, q in between) for q in forward if q in needed]
    backward = _Backward(root, found)
    steps = backward.steps(shown) + [backward.step_of_zeros(t) for t in outside]
    return Derivation(rows, steps, [], {t: q.name for t, q in found.items()}, digits)


def _forward(q: Quantity, in_full: bool) -> Row:
    rule = q.rule if in_full else None
    return Row(q.symbol, rule, rule and put_in(rule), q.symbol.number, q.tensor)


class _Backward:
    """The backward pass in symbols: each quantity's ∂L/∂q is the sum of what its users pass on."""

    def __init__(self, root: Tensor, found: dict[Tensor, Quantity]) -> None:
        self.found = found
        self.root = found[root]
        self.terms: dict[Tensor, list[Expr]] = {root: [formula(1.0)]}
        order = topological_order(root.values[0])
        elements = element_names({t: q.name for t, q in found.items()})
        hidden = {v for v in order if v not in elements}
        self.numbers = Gradients(order, names_of(order, elements), set(), hidden)

    def steps(self, shown: list[Quantity]) -> list[Step]:
        steps = []
        leaves_first = sorted(shown, key=lambda q: bool(q.inputs))
        for q in by_height(leaves_first):
            row = self._row(q)
            if q is not self.root:
                steps.append(Step(q.tensor, q.name, [row]))
            if q.inputs:
                self._pass_on(q.tensor, formula(1.0) if q is self.root else row.quantity)
        return steps

    def step_of_zeros(self, t: Tensor) -> Step:
        """For a Tensor that the root does not depend on."""
        if not self.numbers.of.keys().isdisjoint(t.values):
            raise ValueError(
                "explain: wrt holds another view of a Tensor in the graph, or a copy of its elements; "
                "pass the Tensor itself, or single elements of it"
            )
        label = t.label or "x"
        quantity = derivative(self.root.name, label, Tensor.zeros(t.shape) if t.shape else Tensor(0.0))
        note: Note = ["zero: ", self.root.symbol, " does not depend on ", name(label, 0.0)]
        return Step(t, label, [Row(quantity, None, None, quantity.number, t, notes=[note])])

    def _row(self, q: Quantity) -> Row:
        rule = sum(self.terms.get(q.tensor, []), formula(0.0))
        exact = _filled(rule.number, q.tensor.shape)
        clean = [self.numbers.without_rounding(v, n.data) for v, n in zip(q.tensor.values, exact.values)]
        result = _shaped(clean, q.tensor.shape)
        quantity = derivative(self.root.name, q.name, result)
        return Row(
            quantity, rule, put_in(rule, whole_factors=True), result, q.tensor, notes=self._notes(q, quantity, rule)
        )

    def _pass_on(self, t: Tensor, G: Expr) -> None:
        """Each input of t gets its term of the chain rule, G being ∂L/∂t."""
        for a, term in zip(t.inputs, self._terms(t, G)):
            if term is None:
                continue
            if a in self.found:
                self.terms.setdefault(a, []).append(term)
            elif a.op:
                self._pass_on(a, term)

    def _terms(self, t: Tensor, G: Expr) -> Sequence[Expr | None]:
        y, args = symbol(t, self.found), [symbol(a, self.found) for a in t.inputs]
        shapes = [a.shape for a in t.inputs]
        if t.op == "@":
            axes = len(shapes[0]), len(shapes[1])
            G = G if axes == (1, 1) else _full(G, t.shape)
            return PRODUCT_RULES[axes](G, *args)  # type: ignore[no-any-return]
        if t.op == "affine":
            W, h, _ = args
            to_b = _summed_to(G, t.shape, shapes[2])
            G = _full(G, t.shape)
            if t.ndim == 1:
                return [*PRODUCT_RULES[2, 1](G, W, h), to_b]
            to_h, to_WT = PRODUCT_RULES[2, 2](G, h, W.T)  # h Wᵀ
            return [to_WT.T, to_h, to_b]
        if t.op == "ᵀ" and t.ndim <= 2:
            return [_full(G, t.shape).T if t.ndim == 2 else G]
        if t.op == "reshape":
            return [G if G.op == "constant" else _full(G, t.shape).reshaped(shapes[0])]
        if t.op in ("sum", "mean", "logsumexp") and (len(t.values) == 1 or len(shapes[0]) == 2):
            kept = _kept(t)
            if t.op == "logsumexp":
                return [G.reshaped(kept) * formula(ops.LSE.partials(y.reshaped(kept), (args[0],))[0])]
            n = len(shapes[0]) and len(t.inputs[0].values) / len(t.values)
            return [G.reshaped(kept) / (n if t.op == "mean" else 1.0)]
        op = t.values[0].op
        if op and op.symbol == t.op and len(t.values[0].inputs) == len(args) and t.ndim <= 2:
            partials = [_recorded(formula(p), t, k) for k, p in enumerate(op.partials(y, *args))]
            return [_summed_to(G * p, t.shape, shape) for p, shape in zip(partials, shapes)]
        return self._by_jacobian(t, G)

    def _by_jacobian(self, t: Tensor, G: Expr) -> list[Expr | None]:
        """∂L/∂a = (∂t/∂a)ᵀ ∂L/∂t, both written as vectors: the chain rule for any t."""
        terms: list[Expr | None] = []
        for k, (a, J) in enumerate(zip(t.inputs, _jacobians(t))):
            if a not in self.found or a in t.inputs[:k]:  # an input that is there twice has one term
                terms.append(None)
                continue
            whole = derivative(self.found[t].name, self.found[a].name, J)
            term = whole.T @ _full(G, t.shape).reshaped((len(t.values),))
            terms.append(term.reshaped(a.shape))
        return terms

    def _notes(self, q: Quantity, quantity: Expr, rule: Expr) -> list[Note]:
        """What the row leaves out: a sum that is 1, and why an element is zero."""
        notes: list[Note] = []
        if ones := _sum_that_is_one(rule):
            notes.append([ones, " = 1, so ", quantity, " = ", replaced(rule, ones, formula(1.0))])
        zero = [v for v, n in zip(q.tensor.values, quantity.number.values) if n.data == 0]
        if not zero or q is self.root:
            return notes
        gradients = _derivatives(rule)
        if gradients and not any([n.data for g in gradients for n in g.number.values]):
            return [*notes, ["zero: ", *comma_separated(gradients), " = 0"]]
        reasons: dict[str, tuple[Note, list[Value]]] = {}
        for v in zero:
            why: Note = [self.root.symbol, " does not depend on it"]
            if v in self.numbers.of:
                why = self.numbers.why_zero(v)
            if why:
                reasons.setdefault("".join(map(str, why)), (why, []))[1].append(v)
        for why, where in list(reasons.values())[:_MOST_REASONS]:
            elements = comma_separated([name(self.numbers.names.get(v, q.name), 0.0) for v in where[:_MOST_ELEMENTS]])
            dots = ", …" if len(where) > _MOST_ELEMENTS else ""
            everywhere = len(where) == len(q.tensor.values)
            notes.append(["zero: ", *why] if everywhere else [*elements, f"{dots} zero: ", *why])
        more = len(reasons) - _MOST_REASONS
        return [*notes, [f"and zeros for {more} more reasons"]] if more > 0 else notes


def _recorded(partial: Expr, t: Tensor, k: int) -> Expr:
    """The local derivative to input k with the numbers that the elements of t recorded.

    1 − h² of the numbers themselves has no digits left where h is near 1.
    """
    if not partial.args or partial.number.shape != t.shape:
        return partial
    return partial.of_number(_shaped([v.partials[k] for v in t.values], t.shape))


def _kept(t: Tensor) -> tuple[int, ...]:
    """The shape of a sum along an axis, with 1 for that axis."""
    shape = list(t.inputs[0].shape)
    axis = summed_axis(t)
    return tuple([1 if axis is None or k == axis else n for k, n in enumerate(shape)])


def _summed_to(term: Expr, shape: tuple[int, ...], target: tuple[int, ...]) -> Expr:
    """An operand that was repeated to fit the shape gets the sum of what its copies get."""
    own = term.number.shape if isinstance(term.number, Tensor) else ()
    own, wanted = [(1,) * (len(shape) - len(s)) + s for s in (own, target)]
    repeated = [k for k, n in enumerate(shape) if n > wanted[k]]
    along = [k for k in repeated if own[k] > 1]
    if along:
        matrix = len(along) == 1 and sum([n > 1 for n in own]) == 2
        term = term.sum(along[0] if matrix else None)
    return (term * prod([shape[k] for k in repeated if k not in along])).reshaped(target)  # the same for each copy


def _full(e: Expr, shape: tuple[int, ...]) -> Expr:
    """The formula with a number for each element of the shape."""
    if isinstance(e.number, Tensor) and e.number.shape == shape:
        return e
    return Expr("spread", (e,), _filled(e.number, shape))


def _filled(number: Any, shape: tuple[int, ...]) -> Tensor:
    filled: Tensor = Tensor.zeros(shape) + number if shape else Tensor(number).detach()
    return filled


def _shaped(numbers: list[float], shape: tuple[int, ...]) -> Tensor:
    return Tensor(numbers).reshape(*shape) if shape else Tensor(numbers[0])


def _jacobians(t: Tensor) -> list[Tensor]:
    """∂t/∂a for each input a of t, a row for each element of t, from the Values themselves."""
    inside = {v for a in t.inputs for v in a.values}
    rows = []
    for v in t.values:
        order = topological_order(v)
        rows.append(chain_rule(order, lambda b: [0.0] * len(b.inputs) if b in inside else b.partials))
    counted: set[Value] = set()
    result = []
    for a in t.inputs:
        columns = []
        for v in a.values:  # a Value that stands in several places is counted in the first
            columns.append([0.0 if v in counted else row.get(v, 0.0) for row in rows])
            counted.add(v)
        result.append(Tensor(list(zip(*columns))))
    return result


def _sum_that_is_one(e: Expr) -> Expr | None:
    """A Σ of given numbers in the formula whose value is exactly 1, such as that of probabilities."""
    if e.op.startswith("Σ") and e.args[0].op == "name" and all([n.data == 1 for n in e.number.values]):
        return e
    return next((s for a in e.args if (s := _sum_that_is_one(a))), None)


def _derivatives(e: Expr) -> list[Expr]:
    if e.op == "derivative":
        return [e]
    return [d for a in e.args for d in _derivatives(a)]
