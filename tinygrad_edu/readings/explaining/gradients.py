"""∂L/∂v of every Value v, with its local derivatives in symbols, and why it is zero where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...value import Value, all_finite, chain_rule, check_current
from .expression import Expr, derivative, formula, name, numeral

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROUNDING = 1e-13  # some hundred additions in floating point, relative to their terms
_MOST_TERMS = 6


class Gradients:
    """The backward pass through a topological order of Values, without touching their `grad`.

    Attributes:
        of: the gradient of each node; exactly 0 where it is 0 but for rounding.
        symbols: each node as a formula: its name, or its number if it is one of `constants`.
        hidden: nodes the reader has not been shown, and has to be told more about.
        users: for each node the edges that lead from it: (the user, which of its inputs).

    Raises:
        OverflowError: a gradient is too large for a float.
        RuntimeError: the data of a Value was changed after it was recorded.
    """

    def __init__(self, order: list[Value], names: dict[Value, str], constants: set[Value], hidden: set[Value]) -> None:
        self.root = order[-1]
        self.names = names
        self.hidden = hidden
        self.symbols = {n: numeral(n.data) if n in constants else name(names[n], n.data) for n in order}
        check_current("explain", order)
        self.users: dict[Value, list[tuple[Value, int]]] = {}
        for user in reversed(order):
            for k, a in enumerate(user.inputs):
                self.users.setdefault(a, []).append((user, k))
        self.raw = chain_rule(order)
        if not all_finite(list(self.raw.values())):
            raise OverflowError("explain: a gradient is too large for a float; y.backward() tells which")
        # The same sum over paths with every term positive: how large the terms were before they
        # cancelled, and with it how much of the sum can be rounding.
        self._size = chain_rule(order, lambda b: [abs(p) for p in b.partials])
        self.of = {n: 0.0 if vanishes(g, self._size[n]) else g for n, g in self.raw.items()}

    def without_rounding(self, node: Value, number: float) -> float:
        """`number`, a part of the gradient of the node, or 0 if it is nothing but rounding."""
        return 0.0 if vanishes(number, self._size.get(node, 0.0)) else number

    def gradient(self, node: Value) -> Expr:
        """∂L/∂node, as a formula."""
        return derivative(self.names[self.root], self.names[node], self.of[node])

    def local(self, b: Value, k: int) -> Expr:
        """∂b/∂a for input k of b: the row of the table in symbols, or just ∂b/∂a where that is a number."""
        symbolic = self.local_rule(b, k)
        if symbolic.has_name():
            return symbolic
        return derivative(self.names[b], self.names[b.inputs[k]], b.partials[k])

    def local_rule(self, b: Value, k: int) -> Expr:
        """∂b/∂a for input k of b: the row of the table in symbols, or in numbers where it has none."""
        assert b.op is not None
        partials = b.op.partials(self.symbols[b], *b.op.arguments(tuple([self.symbols[a] for a in b.inputs])))
        return formula(partials[k]).of_number(b.partials[k])

    def why_zero(self, node: Value) -> list[str | Expr]:
        """In words why the gradient is zero; nothing if it is not."""
        if self.of[node] or node is self.root:
            return []
        edges = self.users.get(node, [])
        terms = [self.of[b] * b.partials[k] for b, k in edges]
        if any(terms):
            return ["the contributions ", *_sum([t for t in terms if t]), " cancel", *self._rounding(node)]
        factors = {str(factor): factor for factor in self._zero_factors(node)}
        return ["every path meets a zero factor, ", *comma_separated(list(factors.values())[:_MOST_TERMS]), " = 0"]

    def _zero_factors(self, node: Value) -> list[Expr]:
        """On each path to the node the factor that is 0: a local derivative, or a gradient above it."""
        factors = []
        for b, k in self.users.get(node, []):
            if self.of[b]:
                factors.append(self.local(b, k))
            elif b in self.hidden and not any([self.of[c] * c.partials[j] for c, j in self.users[b]]):
                factors += self._zero_factors(b)
            else:
                factors.append(self.gradient(b))
        return factors

    def _rounding(self, node: Value) -> list[str | Expr]:
        left = self.raw[node]
        return [" (floating point leaves ", numeral(left), ")"] if left else []


def vanishes(gradient: float, size: float) -> bool:
    """Whether a sum of terms is 0 but for rounding; `size` is the sum of their absolute values."""
    return abs(gradient) <= _ROUNDING * size < float("inf")


def _sum(terms: list[float]) -> list[str | Expr]:
    """a + b + (−c), the number of terms limited."""
    total: Expr = numeral(terms[0])
    for t in terms[1:_MOST_TERMS]:
        total = Expr("+", (total, numeral(t)), total.number + t)
    return [total, " + …"] if len(terms) > _MOST_TERMS else [total]


def comma_separated(pieces: Sequence[Expr]) -> list[str | Expr]:
    return [piece for p in pieces for piece in (", ", p)][1:]
