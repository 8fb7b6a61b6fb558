"""The derivation number by number: each Value, each edge, each path."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from ...tree import values_in
from ...value import Value
from ...writing.algebra import product_of, sum_of
from ...writing.evaluation import put_in, times
from ...writing.expression import Derivative, Expression, Name, Number, Path
from ...writing.names import array_name
from ..formulas import formula
from ..layers import by_depth, by_height, computed_from
from ..subject import Subject
from .gradients import Edge, Gradients, Words
from .remarks import remarks
from .rows import Derivation, Note, Row, Step

_MOST_NODES = 1000
_MOST_PATHS = 16


def derive_values(read: Subject, digits: int, most: int = _MOST_NODES) -> Derivation:
    """The derivation of ∂y/∂v for every Value v, or of what lies between y and the Values that are asked for.

    Args:
        read: y, which is one number.
        digits: how many decimals are printed.
        most: how many nodes may have a line.

    Raises:
        ValueError: more than `most` nodes would have a line.
    """
    everything, wrt = read.values, values_in(read.asked)
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
    called = {v: names(v) for v in dict.fromkeys([*everything, *wrt]) if not names.is_constant(v)}
    gradients = Gradients(everything, called, {v for v in everything if v not in called})
    in_order = _arrays_together(by_depth([n for n in everything if n in needed]), called)
    forward = [_forward(node, gradients, node in between) for node in in_order if node in called]
    paths = [row for x in dict.fromkeys(wrt) for row in _path_rows(x, gradients)]
    derivation = Derivation(forward, _backward(order, gradients), paths, dict(called), digits)
    derivation.remarked = remarks(names, gradients, between)
    return derivation


def _arrays_together(order: list[Value], names: Mapping[Value, str]) -> list[Value]:
    """The leaves first, those of one array together, W₁₁, W₁₂, … before x₁, …; then the rest in the order given."""
    arrays: dict[str, list[Value]] = {}
    for node in order:
        if not node.op:
            arrays.setdefault(array_name(names.get(node, "")), []).append(node)
    return [leaf for leaves in arrays.values() for leaf in leaves] + [node for node in order if node.op]


def _forward(node: Value, gradients: Gradients, in_full: bool) -> Row:
    symbol = gradients.symbols[node]
    if not node.op or not in_full:
        return Row(symbol, None, None, node.data, node)
    rule = formula(node, gradients.symbols.get)
    return Row(symbol, rule, put_in(rule, gradients.environment), node.data, node)


def _backward(order: list[Value], gradients: Gradients) -> list[Step]:
    """A step for each node, from the root on: it passes ∂L/∂b · ∂b/∂a on to each of its inputs a."""
    shown = set(order)
    expected = {a: len([b for b, _ in gradients.users.get(a, []) if b in shown]) for a in order}  # contributions
    arrived: dict[Value, list[float]] = {}
    root = gradients.root
    steps = [Step(None, "", [Row(gradients.gradient(root), None, None, 1.0, root)])]
    for b in by_height(order):
        rows = []
        for k, (a, local) in enumerate(zip(b.inputs, _locals(b, gradients))):
            if a not in shown or a not in gradients.names:
                continue
            incoming = gradients.gradient(b)
            numbers = product_of([Number(gradients.of[b]), Number(b.partials[k])])
            result = gradients.of[b] * b.partials[k] if gradients.of[b] else 0.0
            row = Row(gradients.gradient(a), product_of([incoming, local]), numbers, result, a, edge=k)
            terms = arrived.setdefault(a, [])
            terms.append(row.result)
            complete = len(terms) == expected[a]
            if complete:
                row.notes = _zero_note(gradients, a)
            if expected[a] > 1:
                row.part = len(terms), expected[a]
                row.total = gradients.of[a] if complete else sum(terms)
            rows.append(row)
        if rows:
            steps.append(Step(b, gradients.names[b], rows))
    return steps


def _locals(b: Value, gradients: Gradients) -> list[Expression]:
    """∂b/∂a for each input a of b. From the root, ∂L/∂a is what the line asks for: it cannot be the answer too."""
    if not b.op:
        return []
    rules = gradients.local_rules(b)
    return rules if b is gradients.root else [gradients.local(b, k) for k in range(len(rules))]


def _zero_note(gradients: Gradients, node: Value) -> list[Note]:
    why = gradients.why_zero(node)
    return [zero_note(why)] if why else []


def zero_note(why: Words) -> Note:
    """A note that says why a gradient is zero.

    >>> print(*zero_note(["two paths cancel"]), sep="")
    zero: two paths cancel
    """
    return ["zero: ", *why]


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
        rows.append(Row(quantity, rule, None, number, x, notes=_zero_note(gradients, x)))
    return rows


def _paths(root: Value, x: Value, gradients: Gradients) -> list[list[Edge]]:
    """The paths from the root to x, at most one more than are shown. The search starts at x: all users lead there."""
    paths: list[list[Edge]] = []
    stack: list[tuple[Value, list[Edge]]] = [(x, [])]
    while stack and len(paths) <= _MOST_PATHS:
        node, path = stack.pop()
        if node is root:
            paths.append(path)
        stack += [(b, [(b, k), *path]) for b, k in gradients.users.get(node, [])]
    return sorted(paths, key=lambda path: [k for _, k in path])
