"""Derivatives as Values: gradients that can be differentiated again, and forward mode.

Arguments called `xs` are a Value, a Tensor, or lists, tuples and dicts of them, nested; the result of `grad` has their
structure.
"""

from typing import Any, TypeVar

from . import errors, graph
from .derivative_name import DerivativeName
from .tree import map_ends, map_values, one_value, paths, values_in
from .value import Value, chain_rule, check_current, constant

Tree = TypeVar("Tree")  # a Value, a Tensor, or a structure of them


def grad(y: Any, xs: Tree, allow_unused: bool = False) -> Tree:
    """∂y/∂x for every Value in `xs`, as Values with a graph of their own.

    y is a Value or a Tensor of one element. No `.grad` is touched. Where y does not depend on a leaf, ∂y/∂x is 0.

    Raises:
        TypeError: `xs` holds something that is not a Value.
        ValueError: y has several elements; or an x is not in the graph of y, but was computed, or has the label of a
            leaf there, as a copy has. `allow_unused` counts it as 0.
        RuntimeError: `data` in the graph was changed after it was recorded.
        ArithmeticError, ValueError: a derivative is not finite, as that of √x at 0.

    >>> x = Value(2.0); dy = grad(x ** 3, x)                    # 3x²
    >>> dy.data, grad(dy, x).data                               # and 6x
    (12.0, 12.0)
    """
    order = graph.topological_order(one_value(y))
    check_current("grad", order)
    gradient = {node: constant(g) for node, g in chain_rule(order, partials_as_values).items()}
    name = getattr(y, "label", None) or order[-1].label or ""  # y may be a Tensor
    of_y = name if isinstance(name, DerivativeName) else DerivativeName(name, (), order[-1:])  # y may be a derivative
    for node, g in gradient.items():  # these Values are new, so no label of the user's is overwritten
        if node.label and not isinstance(node.label, DerivativeName):
            g.label = DerivativeName(of_y.y, [*of_y.xs, node.label], [*of_y.nodes, node])
    _check_used("grad", xs, order, allow_unused)
    result: Tree = map_values(DerivativeOf(y, gradient), xs)
    return result


class DerivativeOf:
    """The function x → ∂y/∂x that `grad` maps over its xs. `Tensor.map` keeps y in its result's operation."""

    def __init__(self, y: Any, by: dict[Value, Value]) -> None:
        self.y = y
        self.by = by

    def __call__(self, x: Value) -> Value:
        return self.by.get(x) or Value(0.0)


def jvp(y: Any, xs: Any, tangents: Any, allow_unused: bool = False) -> Value:
    """Σ ∂y/∂xᵢ · ẋᵢ, the derivative of y along a direction, by forward mode, as a Value.

    Forward mode carries each node's own derivative ẏ = Σ ∂y/∂a · ȧ from the inputs to the output. The tangents ẋ,
    numbers or Values, have the structure of `xs`, of a Tensor as nested lists or an array. Raises as `grad`.

    >>> a, b = Value(2.0), Value(5.0); jvp(a * b, [a, b], [1.0, 10.0]).data         # 5·1 + 2·10
    25.0
    """
    order = graph.topological_order(one_value(y))
    check_current("jvp", order)
    x_at, tangent_at = dict(paths(xs)), dict(paths(tangents))
    if x_at.keys() != tangent_at.keys():
        raise ValueError(f"jvp: xs and tangents differ in structure, at {[*x_at.keys() ^ tangent_at.keys()][:4]}")
    _check_used("jvp", xs, order, allow_unused)
    tangent: dict[Value, Any] = dict.fromkeys([*order, *values_in(xs)], 0.0)
    for path, dx in tangent_at.items():
        tangent[x_at[path]] += dx if isinstance(dx, Value) else errors.real_number(dx)
    for b in order:
        if any([tangent[a] for a in b.inputs]):
            tangent[b] += sum([p * tangent[a] for a, p in zip(b.inputs, partials_as_values(b)) if tangent[a]])
    return constant(tangent[order[-1]])


def _check_used(reading: str, xs: Any, order: list[Value], allow_unused: bool) -> None:
    ends: list[Any] = []  # as in PyTorch a Tensor is used if one of its numbers is
    map_ends(ends.append, xs)
    if not allow_unused:
        errors.refuse_unused(reading, order, [values_in(end) for end in ends])


def jacobian(ys: Any, xs: Any, allow_unused: bool = False) -> list[list[Value]]:
    """∂yᵢ/∂xⱼ as a matrix of Values: a row for each y, a column for each x. Raises as `grad`, if no y depends on x.

    >>> r, s = Value(2.0), Value(3.0)
    >>> [[d.data for d in row] for row in jacobian([r * s, r + s], [r, s])]
    [[3.0, 2.0], [1.0, 1.0]]
    """
    _check_used("jacobian", xs, graph.topological_order(*values_in(ys)), allow_unused)
    xs = values_in(xs)
    return [grad(y, xs, allow_unused=True) for y in values_in(ys)]


def hessian(y: Any, xs: Any) -> list[list[Value]]:
    """∂²y/∂xᵢ∂xⱼ as a square matrix of Values, the xs flattened. Raises as `grad`.

    >>> a, b = Value(2.0), Value(3.0)
    >>> [[d.data for d in row] for row in hessian(a * a * b, [a, b])]       # 2b 2a / 2a 0
    [[6.0, 4.0], [4.0, 0.0]]
    """
    _check_used("hessian", xs, graph.topological_order(one_value(y)), False)
    return jacobian(grad(y, values_in(xs), allow_unused=True), xs, allow_unused=True)


def partials_as_values(node: Value) -> tuple[Any, ...]:
    """The node's row of the table, fed with the graph itself instead of its numbers. OverflowError where one is ∞."""
    assert node.op  # a leaf has no row
    if not errors.all_finite(node.partials):
        errors.refuse_infinite(node)
    return node.op.partials(node, *node.op.arguments(node.inputs))
