"""The derivation number by number: each Value, each edge, each path."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from ... import ops
from ...graph import topological_order
from ...value import Value
from ...writing.names import array_name
from ..order import by_depth, by_height
from .expression import Expr, derivative, formula, name, numeral, product_of, put_in, sum_of
from .gradients import Gradients
from .names import element_names, names_of
from .quantities import quantities
from .rows import Derivation, Row, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...network.tensor import Tensor
    from .rows import Note

    Path = list[tuple[Value, int]]  # its edges from the root on: (a node, which of its inputs)

_MOST_NODES = 1000
_MOST_PATHS = 16


def derive_values(
    root: Value, wrt: list[Value] | None, labels: dict[Value, Sequence[str]], digits: int, most: int = _MOST_NODES
) -> Derivation:
    """The derivation of ∂root/∂v for every v, or of what lies between the root and `wrt`.

    `labels` are names for Values that have none, as elements of Tensors; `most` is how many nodes may have a line.

    Raises:
        ValueError: too many nodes to read, or too many to list.
    """
    everything = topological_order(root)
    between = _between(everything, wrt or [node for node in everything if not node.op])
    order = [node for node in everything if node in between]
    lines = len([node for node in order if node.op or node.label])
    if lines > most:
        raise ValueError(
            f"explain: {lines:,} numbers are too many to read one by one. Explain a Tensor, and the derivation "
            "is in matrices; or say explain(y, wrt=x), and it keeps what lies between y and x"
        )
    needed = between.union(*[node.inputs for node in order])
    gradients = _gradients(everything, wrt or [], labels, needed)
    in_order = _arrays_together(by_depth([n for n in everything if n in needed]), gradients.names)
    forward = [_forward(node, gradients, node in between) for node in in_order]
    paths = [row for x in wrt or [] for row in _path_rows(x, between, gradients)]
    return Derivation([row for row in forward if row], _backward(order, gradients), paths, gradients.names, digits)


def element_labels(root: Tensor) -> dict[Value, Sequence[str]]:
    """The Values behind a Tensor, called after the Tensors that hold them: z⁽²⁾₁."""
    return element_names({t: q.name for t, q in quantities(root, ()).items()})


def _gradients(
    everything: list[Value], wrt: list[Value], labels: dict[Value, Sequence[str]], needed: set[Value]
) -> Gradients:
    root = everything[-1]
    leaves = [node for node in everything if not node.op]
    # A leaf without a label is a constant, such as the 2 in 2 * x, unless no leaf has one.
    named = any([leaf.label for leaf in leaves]) or any([x in leaves for x in wrt])
    constants = {leaf for leaf in leaves if named and not leaf.label and leaf not in {*wrt, *labels}}
    in_order = [node for node in by_depth(everything) if node not in constants]
    in_order.sort(key=lambda node: node not in needed)  # v₁, v₂, … without gaps
    names = names_of([*in_order, *wrt, *constants], {root: ("f", "y", "L")} | labels)
    return Gradients(everything, names, constants, hidden=set())


def _between(everything: list[Value], wrt: list[Value]) -> set[Value]:
    """The nodes on a path from the root to one of `wrt`."""
    found = set(wrt)
    for node in everything:
        if not found.isdisjoint(node.inputs):
            found.add(node)
    return found & set(everything)


def _arrays_together(order: list[Value], names: dict[Value, str]) -> list[Value]:
    """The order, but of the leaves those of one array stand where its first one does: W₁₁, W₁₂, … before x₁, …"""
    arrays: dict[str, list[Value]] = {}
    for node in order:
        if not node.op:
            arrays.setdefault(array_name(names[node]), []).append(node)
    return [leaf for leaves in arrays.values() for leaf in leaves] + [node for node in order if node.op]


def _forward(node: Value, gradients: Gradients, in_full: bool) -> Row | None:
    symbol = gradients.symbols[node]
    if symbol.op == "number":
        return None
    if not node.op or not in_full:
        return Row(symbol, None, None, node.data, node)
    rule = forward_formula(node, [gradients.symbols[a] for a in node.inputs])
    return Row(symbol, rule, put_in(rule), node.data, node)


def forward_formula(node: Value, inputs: Sequence[Expr]) -> Expr:
    """node = f(inputs), as it was computed."""
    assert node.op is not None
    if node.op is ops.SUM:
        return sum_of(inputs)
    if node.op in (ops.DOT, ops.AFFINE):
        a, b, *rest = node.op.arguments(tuple(inputs))
        return sum_of([*map(product_of, zip(a, b)), *rest])
    if node.op.exponent is not None:
        return Expr("^", (inputs[0], formula(node.op.exponent)), node.data)
    return Expr(node.op.symbol, tuple(inputs), node.data)


def _backward(order: list[Value], gradients: Gradients) -> list[Step]:
    """A step for each node, from the root on: it passes ∂L/∂b · ∂b/∂a on to each of its inputs a."""
    shown = set(order)
    paths = {a: len([b for b, _ in gradients.users.get(a, []) if b in shown]) for a in order}
    arrived: dict[Value, list[float]] = {}
    root = gradients.root
    first = Row(gradients.gradient(root), None, None, 1.0, root)
    steps = [Step(None, "", [first])]
    for b in by_height(order):
        rows = []
        for k, a in enumerate(b.inputs):
            if a in shown and gradients.symbols[a].op == "name":
                incoming = gradients.gradient(b)
                # From the root, ∂L/∂a is what the line asks for: it cannot be the answer too.
                local = gradients.local_rule(b, k) if b is root else gradients.local(b, k)
                numbers = product_of([numeral(incoming.number), numeral(local.number)])
                row = Row(gradients.gradient(a), product_of([incoming, local]), numbers, numbers.number, a, edge=k)
                terms = arrived.setdefault(a, [])
                terms.append(row.result)
                if len(terms) == paths[a]:
                    row.notes = _zero_note(gradients, a)
                if paths[a] > 1:
                    row.part = len(terms), paths[a]
                    row.total = 0.0 if row.notes else sum(terms)
                rows.append(row)
        if rows:
            steps.append(Step(b, gradients.names[b], rows))
    return steps


def _zero_note(gradients: Gradients, node: Value) -> list[Note]:
    why = gradients.why_zero(node)
    return [["zero: ", *why]] if why else []


def _path_rows(x: Value, between: set[Value], gradients: Gradients) -> list[Row]:
    """The product along each path from the root to x, and their sum."""
    root, names = gradients.root, gradients.names
    quantity = derivative(names[root], names[x], gradients.of.get(x, 0.0))
    if x not in gradients.of:
        absent: Note = ["zero: ", name(names[root], 0.0), " does not depend on ", name(names[x], 0.0)]
        return [Row(quantity, None, None, 0.0, x, notes=[absent])]
    if x is root:
        return []  # ∂L/∂L = 1 has been said
    paths = _paths(root, x, between)
    if len(paths) > _MOST_PATHS:
        notes: list[Note] = [[f"there are more than {_MOST_PATHS} paths; the lines above add them up step by step"]]
        return [Row(quantity, None, None, quantity.number, x, notes=notes)]
    products = [prod([b.partials[k] for b, k in path]) for path in paths]
    rows = []
    for path, result in zip(paths, products):
        via = Expr("path", (), result, (names[x], *[names[b] for b, _ in reversed(path)]))
        rule = product_of([derivative(names[b], names[b.inputs[k]], b.partials[k]) for b, k in path])
        row = Row(via, rule, put_in(rule), result, x)
        if len(paths) > 1 and quantity.number:
            row.notes = [[numeral(round(100 * result / quantity.number)), " % of the sum"]]
        rows.append(row)
    if len(paths) > 1:
        rule = sum_of([numeral(p) for p in products])
        rows.append(Row(quantity, rule, None, quantity.number, x, notes=_zero_note(gradients, x)))
    return rows


def _paths(root: Value, x: Value, between: set[Value]) -> list[Path]:
    """The paths from the root to x, at most one more than are shown."""
    paths: list[Path] = []
    stack: list[tuple[Value, Path]] = [(root, [])]
    while stack and len(paths) <= _MOST_PATHS:
        node, path = stack.pop()
        if node is x:
            paths.append(path)
        for k, a in reversed(list(enumerate(node.inputs))):
            if a in between:
                stack.append((a, [*path, (node, k)]))
    return paths
