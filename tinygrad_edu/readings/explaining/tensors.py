"""The derivation in the language of matrices: ∂L/∂W⁽³⁾ = ∂L/∂z⁽³⁾ h⁽²⁾ᵀ."""

from math import isfinite
from typing import Any

from ... import array_ops as A
from ...network.tensor import Tensor
from ...value import Value
from ...writing import expression as E
from ...writing.algebra import add, replaced
from ...writing.evaluation import Array, array, evaluate, is_known, put_in
from ...writing.expression import Expression, within
from ...writing.notation import elements
from ..formulas import on_its_own
from ..layers import by_height, computed_from
from ..quantities import Quantities, Quantity, gradients
from ..subject import Subject
from ..tensor_graph import How, TensorGraph
from .remarks import remarks
from .rows import Derivation, Note, Row, Step, separated
from .values import Gradients

_MOST_TENSORS = 1000
_MOST_REASONS = 4
_MOST_ELEMENTS = 6
_ORDER = 1e4  # how much more a gradient computed in another order can be rounded


def derive_tensors(read: Subject, digits: int) -> Derivation:
    """The derivation of ∂y/∂T for every Tensor T, or of what lies between y and the Tensors that are asked for.

    Raises:
        ValueError: too many Tensors to read.
    """
    if len(read.names.tensors) > _MOST_TENSORS:
        raise ValueError(
            f"explain: {len(read.names.tensors):,} Tensors are too many to read. Explain the loss of one step or one "
            "example, whose derivation is the same"
        )
    found, wrt = read.quantities, [t for t in read.asked if isinstance(t, Tensor)]
    quantities = list(found.of.values())
    inside = [t for t in wrt if t in found.of and found.of[t].has_gradient]
    outside = [t for t in wrt if t not in inside]
    between = set(quantities) if not wrt else computed_from([found.of[t] for t in inside], quantities)
    shown = [q for q in quantities if q in between]
    needed = between.union(*[q.inputs for q in shown])
    assert isinstance(read.result, Tensor)
    backward = _Backward(read.result, read.names.values, found)
    rows = [backward.forward(q, q in between) for q in quantities if q in needed]
    with_path = [q for q in shown if wrt or not backward.gradients.raw.keys().isdisjoint(q.tensor.values)]
    steps = backward.steps(with_path) + [backward.step_of_zeros(t) for t in outside]
    derivation = Derivation(rows, steps, [], {t: q.name for t, q in found.of.items()}, digits)
    derivation.remarked = remarks(read.names, {v for step in steps for v in step.node.values})
    return derivation


class _Backward:
    """The rows of a derivation: formulas by `gradients`, and the numbers of the engine's own backward pass."""

    def __init__(self, root: Tensor, order: list[Value], found: Quantities) -> None:
        self.found = found
        self.root = found.of[root]
        names: dict[Value, str] = {}
        for q in found.of.values():
            for v, name in zip(q.tensor.values, elements(q.name, q.tensor.shape)):
                names.setdefault(v, name)
        names[root.values[0]] = self.root.name
        self.names = names
        self.gradients = Gradients(order, names)
        self.tensor_named = {q.name: q.tensor for q in found.of.values()}
        self.environment: dict[str, Any] = {q.name: array(q.tensor) for q in found.of.values()}
        self.used_alone = _used_alone(found.graph)

    def forward(self, q: Quantity, in_full: bool) -> Row:
        """q = its formula = the same with the numbers."""
        rule = q.rule if in_full else None
        numbers = None if rule is None else put_in(rule, self.environment)
        row = Row(q.symbol, rule, numbers, q.tensor.detach(), q.tensor)
        if in_full and q.node.how is How.FUNCTION:
            row.notes.append(['put together from single numbers; level="value" shows how'])
        return row

    def steps(self, shown: list[Quantity]) -> list[Step]:
        """A row for each quantity, from the root on."""
        given = gradients(self.root.tensor, self.found, self.environment)
        rows = {q: self._row(q, on_its_own(rule)) for q, rule in given}
        leaves_first = sorted(shown, key=lambda q: bool(q.inputs))
        in_order = [q for q in by_height(leaves_first) if q in rows and q is not self.root]
        return [Step(q.tensor, q.name, [rows[q]]) for q in in_order]

    def step_of_zeros(self, t: Tensor) -> Step:
        """For a Tensor that the root does not depend on."""
        if not self.gradients.raw.keys().isdisjoint(t.values):
            raise ValueError(
                "explain: wrt holds another view of a Tensor in the graph, or a copy of its elements; "
                "pass the Tensor itself, or single elements of it"
            )
        label = t.label or "x"
        quantity = E.Derivative(self.root.name, label, t.shape)
        note: Note = ["zero: ", self.root.symbol, " does not depend on ", E.Name(label)]
        zeros = Tensor.zeros(t.shape)
        return Step(t, label, [Row(quantity, None, None, zeros, t, notes=[note])])

    def _row(self, q: Quantity, rule: Expression) -> Row:
        """∂L/∂q = rule. A part of the gradient that the rule does not account for becomes a last term."""
        t = q.tensor
        quantity = E.Derivative(self.root.name, q.name, t.shape)
        result = Array(t.shape, [self.gradients.of.get(v, 0.0) for v in t.values])
        self.environment[quantity.text] = result
        rest = self._rest(t, rule, result)
        notes: list[Note] = []
        if rest is not None:
            rule = add(rule, E.Number(rest))
            differs = [v for v, number in zip(t.values, rest.numbers) if number]
            alone = self.used_alone.issuperset(differs)
            said = ["what single numbers of ", q.symbol, " pass on by themselves"] if alone else ["rounding, magnified"]
            notes.append(["the last term is ", *said])
        numbers = put_in(rule, self.environment, whole_factors=True) if is_known(rule) else None
        notes += self._notes(q, quantity, rule, result)
        return Row(quantity, rule, numbers, Tensor(result.tolist()), t, notes=notes)

    def _rest(self, t: Tensor, rule: Expression, result: Array) -> Array | None:
        """The gradient minus the value of the rule; None where that is rounding, or cannot be computed."""
        try:
            given = array(evaluate(rule, self.environment))
        except (ArithmeticError, ValueError, TypeError):
            return None
        if len(given.numbers) != len(result.numbers):
            given = given.broadcast_to(t.shape)
        rests = [g - r for g, r in zip(result.numbers, given.numbers)]
        rounding = self._rounding(t, rule)
        if not all(map(isfinite, rests)) or all([abs(d) <= rounding for d in rests]):
            return None
        return Array(t.shape, [0.0 if abs(d) <= rounding else d for d in rests])

    def _rounding(self, t: Tensor, rule: Expression) -> float:
        """The largest rounding in ∂L/∂t and in the gradients that its rule contains."""
        above = {part.below for part in within(rule) if isinstance(part, E.Derivative)} or {self.root.name}
        tensors = [t, *[self.tensor_named[name] for name in above if name in self.tensor_named]]
        return _ORDER * max([self.gradients.rounding.get(v, 0.0) for a in tensors for v in a.values])

    def _notes(self, q: Quantity, quantity: E.Derivative, rule: Expression, result: Array) -> list[Note]:
        """Notes for the row: a sum in it that is 1, and why elements are zero."""
        notes: list[Note] = []
        if ones := self._sum_that_is_one(rule):
            notes.append([ones, " = 1, so ", quantity, " = ", replaced(rule, {ones: E.Constant(1.0)}.get)])
        zero = [v for v, number in zip(q.tensor.values, result.numbers) if number == 0]
        if not zero:
            return notes
        above = {part.text: part for part in within(rule) if isinstance(part, E.Derivative)}
        incoming = [d for d in above.values() if isinstance(self.environment[d.text], Array)]
        if incoming and not any([any(self.environment[d.text].numbers) for d in incoming]):
            return [*notes, ["zero: ", *separated(incoming, ", "), " = 0"]]
        reasons: dict[str, tuple[Note, list[Value]]] = {}
        for v in zero:
            why: Note = ["without influence on ", self.root.symbol]
            if v in self.gradients.of:
                why = self.gradients.why_zero(v)
            if why:
                reasons.setdefault("".join(map(str, why)), (why, []))[1].append(v)
        for why, where in list(reasons.values())[:_MOST_REASONS]:
            places = separated([E.Name(self.names[v]) for v in where[:_MOST_ELEMENTS]], ", ")
            dots = ", …" if len(where) > _MOST_ELEMENTS else ""
            everywhere = len(where) == len(q.tensor.values)
            notes.append(["zero: ", *why] if everywhere else [*places, f"{dots} zero: ", *why])
        more = len(reasons) - _MOST_REASONS
        return [*notes, [f"and zeros for {more} more reason{'s' * (more > 1)}"]] if more > 0 else notes

    def _sum_that_is_one(self, rule: Expression) -> Expression | None:
        """A Σ of given numbers in the formula whose value is exactly 1, such as that of probabilities."""
        sums = [e for e in within(rule) if isinstance(e, E.Along) and e.function is A.SUM and isinstance(e.arg, E.Name)]
        return next((e for e in sums if set(array(evaluate(e, self.environment)).numbers) == {1.0}), None)


def _used_alone(graph: TensorGraph) -> set[Value]:
    """Single numbers of Tensors that are used by themselves: as elements of another Tensor, or in scalar operations."""
    found: set[Value] = set()
    for node in graph.order:
        t = node.tensor
        if node.how in (How.FUNCTION, How.COPY) or not node.inputs:
            found.update([v for v in t.values if graph.owner.get(v) is not t])
            found.update([a for v in graph.computed_alone(t) for a in v.inputs])
    return found
