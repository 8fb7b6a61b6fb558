"""The derivation number by number: each Value, each edge, each path; and why a gradient is zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, reduce
from math import inf, isfinite
from typing import TypeAlias

from ...errors import all_finite, refuse_gradient
from ...tree import values_in
from ...value import Value, chain_rule
from ...writing.algebra import product_of, sum_of
from ...writing.evaluation import put_in, times
from ...writing.expression import Derivative, Expression, Literal, Name, Number, Path, within
from ...writing.notation import array_name
from ..formulas import formula, slopes_of
from ..layers import by_depth, by_height, computed_from
from ..subject import Subject
from .remarks import remarks
from .rows import Derivation, Note, Row, Step, separated

Edge: TypeAlias = tuple[Value, int]  # a node, and which of its inputs

_MOST_NODES = 1000
_MOST_PATHS = 16
_MOST_TERMS = 6
_ROUNDING = 2e-15  # that of a term, and of some hundred that are added: several units in the last place
HIDDEN = Name("?")  # stands for a node that the reader is not shown
_CANCEL = Name("contributions above it cancel")


def derive_values(read: Subject, digits: int, most: int = _MOST_NODES) -> Derivation:
    """The derivation of ∂y/∂v for every Value v, or of what lies between y and the Values that are asked for.

    Args:
        read: y, which is one number.
        digits: how many decimals are printed.
        most: how many nodes may have a line.

    Raises:
        ValueError: more than `most` nodes would have a line.
    """
    everything, wrt = read.names.values, values_in(read.asked)
    between = computed_from(wrt or [node for node in everything if not node.op], everything)
    order = [node for node in everything if node in between]
    lines = len([node for node in order if node.op or node.label])
    if lines > most:
        raise ValueError(
            f"explain: {lines:,} numbers are too many to read one by one. Explain a Tensor, and the derivation "
            "is in matrices; or say explain(y, wrt=x), and it keeps what lies between y and x"
        )
    needed = between.union(*[node.inputs for node in order])
    names = read.names
    beside = {v for v in needed - between if v.op and not names.given(v)}  # for what is asked these are constants
    called = {v: names(v) for v in dict.fromkeys([*everything, *wrt]) if not (names.is_constant(v) or v in beside)}
    gradients = Gradients(everything, called)
    gradients.symbols |= {v: Number(v.data) for v in beside}
    in_order = _arrays_together(by_depth([n for n in everything if n in needed]), called)
    numbers = {name: v.data for v, name in called.items()}
    forward = []
    for node in [node for node in in_order if node in called]:
        rule = formula(node, gradients.symbols.get) if node.op and node in between else None
        put = None if rule is None else put_in(rule, numbers)
        forward.append(Row(gradients.symbols[node], rule, put, node.data, node))
    paths = [row for x in dict.fromkeys(wrt) for row in _path_rows(x, gradients)]
    derivation = Derivation(forward, _backward(order, gradients), paths, dict(called), digits)
    derivation.remarked = remarks(names, between)
    return derivation


def _arrays_together(order: list[Value], names: Mapping[Value, str]) -> list[Value]:
    """The leaves first, those of one array together, W₁₁, W₁₂, … before x₁, …; then the rest in the order given."""
    array = {node: array_name(names.get(node, "")) for node in order if not node.op}
    places = {name: k for k, name in enumerate(dict.fromkeys(array.values()))}
    return sorted(order, key=lambda node: len(order) if node.op else places[array[node]])


def _backward(order: list[Value], gradients: Gradients) -> list[Step]:
    """A step for each node, from the root on: it passes ∂L/∂b · ∂b/∂a on to each of its inputs a."""
    shown = set(order)
    expected = {a: len([b for b, _ in gradients.users.get(a, []) if b in shown]) for a in order}  # contributions
    arrived: dict[Value, list[float]] = {}
    root = gradients.root
    steps = [Step(None, "", [Row(gradients.gradient(root), None, None, 1.0, root)])]
    for b in by_height(order):
        rows = []
        for k, a in enumerate(b.inputs):
            if a not in shown or a not in gradients.names:
                continue
            rule = product_of([gradients.gradient(b), gradients.local(b, k)])
            numbers = product_of([Number(gradients.of[b]), Number(b.partials[k])])
            result = gradients.of[b] * b.partials[k] if gradients.of[b] else 0.0
            row = Row(gradients.gradient(a), rule, numbers, result, a, edge=k)
            terms = arrived.setdefault(a, [])
            terms.append(row.result)
            complete = len(terms) == expected[a]
            if complete:
                row.notes = gradients.zero_notes(a)
            if not (gradients.of[b] or isfinite(b.partials[k])):
                row.notes.append(["a gradient of 0 passes on 0, also where a slope is infinite"])
            if expected[a] > 1:
                row.part = len(terms), expected[a]
                row.total = gradients.of[a] if complete else sum(terms)
            rows.append(row)
        if rows:
            steps.append(Step(b, gradients.names[b], rows))
    return steps


def _path_rows(x: Value, gradients: Gradients) -> list[Row]:
    """The product along each path from the root to x, and their sum."""
    root, names = gradients.root, gradients.names
    if x not in gradients.of:
        absent: Note = ["zero: ", Name(names[root]), " does not depend on ", Name(names[x])]
        return [Row(Derivative(names[root], names[x]), None, None, 0.0, x, notes=[absent])]
    quantity, number = gradients.gradient(x), gradients.of[x]
    if x is root:
        return []  # ∂L/∂L = 1 has been said
    paths = _paths(root, x, gradients)
    if len(paths) > _MOST_PATHS:
        notes: list[Note] = [[f"there are more than {_MOST_PATHS} paths; the lines above add them up step by step"]]
        return [Row(quantity, None, None, number, x, notes=notes)]
    products = [reduce(times, [b.partials[k] for b, k in path]) for path in paths]
    rows = []
    for path, result in zip(paths, products):
        via = Path((names[x], *[names[b] for b, _ in reversed(path)]))
        rule = product_of([gradients.local(b, k) for b, k in path])
        row = Row(via, rule, product_of([Number(b.partials[k]) for b, k in path]), result, x)
        if len(paths) > 1 and number:
            row.notes = [[Number(float(round(100 * result / number))), " % of the sum"]]
        rows.append(row)
    if len(paths) > 1:
        rule = sum_of([Number(p) for p in products])
        rows.append(Row(quantity, rule, None, number, x, notes=gradients.zero_notes(x)))
    return rows


def _paths(root: Value, x: Value, gradients: Gradients) -> list[list[Edge]]:
    """The paths from the root to x, at most one more than are shown. It starts at x: each user leads to the root."""
    paths: list[list[Edge]] = []
    stack: list[tuple[Value, list[Edge]]] = [(x, [])]
    while stack and len(paths) <= _MOST_PATHS:
        node, path = stack.pop()
        if node is root:
            paths.append(path)
        stack += [(b, [(b, k), *path]) for b, k in gradients.users.get(node, [])]
    return sorted(paths, key=lambda path: [k for _, k in path])


# Gradients.


class Gradients:
    """The backward pass through a topological order of Values, without touching their `grad`.

    Args:
        order: the graph, inputs first.
        names: of the nodes that the reader is shown. Other leaves are constants.

    Attributes:
        of: the gradient of each node; exactly 0 where it is 0 but for rounding.
        rounding: how much of it can be rounding.
        symbols: each node with a name as a formula, and each constant.
        users: the edges from each node to its users: (the user, which of the user's inputs the node is).

    Raises:
        OverflowError: a gradient is too large for a float.
    """

    def __init__(self, order: list[Value], names: Mapping[Value, str]) -> None:
        self.order = order
        self.root = order[-1]
        self.names = names
        self.symbols: dict[Value, Expression] = {n: Literal(n.data) for n in order if not n.op}
        self.symbols |= {n: Name(names[n]) for n in order if n in names}
        self.users: dict[Value, list[Edge]] = {}
        for user in reversed(order):
            for k, a in enumerate(user.inputs):
                self.users.setdefault(a, []).append((user, k))
        self.raw = chain_rule(order)
        if not all_finite(list(self.raw.values())):
            refuse_gradient("explain", self.raw, list(self.raw.values()))
        self.rounding = self._rounding_of_each()
        self.of = {n: 0.0 if abs(g) <= self.rounding[n] < inf else g for n, g in self.raw.items()}
        self._rules: dict[Value, list[Expression]] = {}

    def _rounding_of_each(self) -> dict[Value, float]:
        """How much of each gradient can be rounding: that of its terms, and that of the gradients above, passed on."""
        rounding = dict.fromkeys(self.order, 0.0)
        for b in reversed(self.order):
            if g := self.raw[b]:
                for a, p in zip(b.inputs, b.partials):
                    rounding[a] += abs(p) * (rounding[b] + _ROUNDING * abs(g))
        return rounding

    def gradient(self, node: Value) -> Derivative:
        """∂L/∂node, as a formula."""
        return Derivative(self.names[self.root], self.names[node])

    def local(self, b: Value, k: int) -> Expression:
        """∂b/∂a for input k of b: the row of the table in symbols, or where that is a number just ∂b/∂a.

        ∂b/∂a is the whole derivative only if this edge is the only one from a; else the number is written, as also
        for ∂L/∂a, which is what the line asks for.
        """
        a, rule = b.inputs[k], self.local_rules(b)[k]
        named = b is not self.root and b in self.names and a in self.names
        if not named or len(self.users[a]) > 1 or any([isinstance(part, Name) for part in within(rule)]):
            return rule
        return Derivative(self.names[b], self.names[a])

    def local_rules(self, b: Value) -> list[Expression]:
        """∂b/∂a for each input a of b: the row of the table in symbols.

        A node that the reader is not shown stands there as HIDDEN.
        """
        if b not in self._rules:
            inputs = [self.symbols.get(a, HIDDEN) for a in b.inputs]
            self._rules[b] = slopes_of(b, self.symbols.get(b, HIDDEN), inputs)
        return self._rules[b]

    def why_zero(self, node: Value) -> Note:
        """In words why the gradient is zero; nothing if it is not."""
        if self.of[node] or node is self.root:
            return []
        if terms := self._contributions(node):
            here = abs(sum(terms)) <= _ROUNDING * max(map(abs, terms))
            said: Note = ["the contributions ", *_sum(terms), " cancel"] if here else ["contributions above it cancel"]
            left = self.raw[node]
            return [*said, " (floating point leaves ", Number(left), ")"] if left else said
        factors = self._zero_factors[node]
        if _CANCEL in factors:
            return [_CANCEL.text]
        return meets_zero(factors)

    def zero_notes(self, node: Value) -> list[Note]:
        """The same as a sentence of its own, if there is one."""
        why = self.why_zero(node)
        return [["zero: ", *why]] if why else []

    @cached_property
    def _zero_factors(self) -> dict[Value, list[Expression | None]]:
        """For each node whose gradient is 0, the factor that is 0 on each path to it, or that contributions cancel.

        The factor is a local derivative, or a gradient above it; None if it has no name on the page. A node that the
        reader is not shown hands down what is so on the paths to itself.
        """
        found: dict[Value, list[Expression | None]] = {}
        for a in reversed(self.order):  # users first
            if self.of[a]:
                continue
            factors: list[Expression | None] = [_CANCEL] if self._contributions(a) else []
            for b, k in self.users.get(a, []):
                factors += found[b] if b in found and b not in self.names else [self._zero_factor(b, k)]
            if _CANCEL in factors:
                factors = [_CANCEL]
            found[a] = list({str(factor): factor for factor in factors}.values())[: _MOST_TERMS + 1]  # one has no name
        return found

    def _zero_factor(self, b: Value, k: int) -> Expression | None:
        """The factor of one edge that is 0, if the reader is shown all that is in it."""
        if not self.of[b]:
            return self.gradient(b)
        factor = self.local(b, k)
        names = [part for part in within(factor) if isinstance(part, (Name, Derivative))]
        return factor if names and HIDDEN not in names else None

    def _contributions(self, a: Value) -> list[float]:
        """What the users of a node pass on to it, without zeros: a 0 above may meet an infinite partial."""
        return [t for b, k in self.users.get(a, []) if self.of[b] and (t := self.of[b] * b.partials[k])]


def meets_zero(factors: Sequence[Expression | None]) -> Note:
    """That every path to a node meets a factor that is 0; which ones, as far as they have a name."""
    named = [factor for factor in factors if factor is not None][:_MOST_TERMS]
    such = ", such as " if len(named) < len(factors) else ", "
    return ["every path meets a zero factor", *([such, *separated(named, ", "), " = 0"] if named else [])]


def _sum(terms: list[float]) -> Note:
    """a + b + (−c), the number of terms limited."""
    total = sum_of([Number(t) for t in terms[:_MOST_TERMS]])
    return [total, " + …"] if len(terms) > _MOST_TERMS else [total]
