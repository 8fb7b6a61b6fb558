"""∂L/∂v of every Value v, with its local derivatives in symbols, and why it is zero where it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from math import inf
from typing import TypeAlias

from ...errors import refuse_gradient
from ...value import Value, all_finite, chain_rule
from ...writing.algebra import sum_of
from ...writing.expression import Derivative, Expression, Literal, Name, Number, parts
from ..formulas import slopes_of
from .rows import separated

Words: TypeAlias = list[str | Expression]
Edge: TypeAlias = tuple[Value, int]  # a node, and which of its inputs

_ROUNDING = 2e-15  # that of a term, and of some hundred that are added: several units in the last place
_MOST_TERMS = 6
HIDDEN = Name("?")  # stands for a node that the reader is not shown


class Gradients:
    """The backward pass through a topological order of Values, without touching their `grad`.

    Args:
        order: the graph, inputs first.
        names: of the nodes that the reader is shown.
        constants: numbers that nobody named.

    Attributes:
        of: the gradient of each node; exactly 0 where it is 0 but for rounding.
        rounding: how much of it can be rounding.
        symbols: each node with a name as a formula, and each constant.
        users: the edges from each node to its users: (the user, which of the user's inputs the node is).
        environment: the number of every formula that was asked for.

    Raises:
        OverflowError: a gradient is too large for a float.
    """

    def __init__(self, order: Sequence[Value], names: Mapping[Value, str], constants: set[Value]) -> None:
        self.order = order = list(order)
        self.root = order[-1]
        self.names = names
        self.symbols: dict[Value, Expression] = {n: Name(names[n]) for n in order if n in names}
        self.symbols |= {n: Literal(n.data) for n in order if n in constants}
        self.environment = {names[n]: n.data for n in order if n in names}
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
        formula = Derivative(self.names[self.root], self.names[node])
        self.environment[formula.text] = self.of[node]
        return formula

    def local(self, b: Value, k: int) -> Expression:
        """∂b/∂a for input k of b: the row of the table in symbols, or where that is a number just ∂b/∂a.

        ∂b/∂a is the whole derivative only if this edge is the only one from a; else the number is written.
        """
        a, rule = b.inputs[k], self.local_rules(b)[k]
        if a not in self.names or len(self.users[a]) > 1 or any([isinstance(part, Name) for part in parts(rule)]):
            return rule
        formula = Derivative(self.names[b], self.names[a])
        self.environment[formula.text] = b.partials[k]
        return formula

    def local_rules(self, b: Value) -> list[Expression]:
        """∂b/∂a for each input a of b: the row of the table in symbols.

        A node that the reader is not shown stands there as HIDDEN.
        """
        if b not in self._rules:
            inputs = [self.symbols.get(a, HIDDEN) for a in b.inputs]
            self._rules[b] = slopes_of(b, self.symbols.get(b, HIDDEN), inputs)
        return self._rules[b]

    def why_zero(self, node: Value) -> Words:
        """In words why the gradient is zero; nothing if it is not."""
        if self.of[node] or node is self.root:
            return []
        if terms := self._contributions(node):
            here = abs(sum(terms)) <= _ROUNDING * max(map(abs, terms))
            said: Words = ["the contributions ", *_sum(terms), " cancel"] if here else ["contributions above it cancel"]
            return [*said, *self._rounding(node)]
        factors = {str(factor): factor for factor in self._zero_factors[node] if factor}
        return meets_zero(list(factors.values())[:_MOST_TERMS])

    @cached_property
    def _zero_factors(self) -> dict[Value, list[Expression | None]]:
        """For each node whose contributions are all 0, the factor that is 0 on each path to it.

        That is a local derivative, or a gradient above it; None if it has no name on the page. A node that the
        reader is not shown hands down the factors on the paths to itself.
        """
        found: dict[Value, list[Expression | None]] = {}
        for a in reversed(self.order):  # users first
            if self.of[a] or self._contributions(a):
                continue
            factors: dict[str, Expression | None] = {}
            for b, k in self.users.get(a, []):
                for factor in found[b] if b in found and b not in self.names else [self._zero_factor(b, k)]:
                    if len(factors) <= _MOST_TERMS:
                        factors.setdefault(str(factor), factor)
            found[a] = list(factors.values())
        return found

    def _zero_factor(self, b: Value, k: int) -> Expression | None:
        """The factor of one edge that is 0, if the reader is shown all that is in it."""
        if not self.of[b]:
            return self.gradient(b) if b in self.names else None
        rule = self.local_rules(b)[k]
        names = [part for part in parts(rule) if isinstance(part, Name)]
        if not names and b is not self.root and b in self.names and b.inputs[k] in self.names:
            return self.local(b, k)
        return rule if names and HIDDEN not in names else None

    def _contributions(self, a: Value) -> list[float]:
        """What the users of a node pass on to it, without zeros: a 0 above may meet an infinite partial."""
        return [t for b, k in self.users.get(a, []) if self.of[b] and (t := self.of[b] * b.partials[k])]

    def _rounding(self, node: Value) -> Words:
        left = self.raw[node]
        return [" (floating point leaves ", Number(left), ")"] if left else []


def meets_zero(factors: Sequence[Expression]) -> Words:
    """That every path to a node meets a factor that is 0; which ones, as far as they have a name."""
    return ["every path meets a zero factor", *([", ", *separated(factors, ", "), " = 0"] if factors else [])]


def _sum(terms: list[float]) -> Words:
    """a + b + (−c), the number of terms limited."""
    total = sum_of([Number(t) for t in terms[:_MOST_TERMS]])
    return [total, " + …"] if len(terms) > _MOST_TERMS else [total]
