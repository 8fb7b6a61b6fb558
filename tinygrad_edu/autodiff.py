"""Derivatives as Values: gradients that can be differentiated again, and forward mode.

Arguments called `xs` may be a Value, a Tensor, or lists, tuples and dicts of them, nested;
results have the same structure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .graph import topological_order
from .tree import flatten, map_values, one_value, values_in
from .value import Value, constant, gradients, real_number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def grad(y: Any, xs: Any) -> Any:
    """∂y/∂x for every Value in `xs`, as Values with a graph of their own.

    No `.grad` is touched. An x that y does not depend on has the derivative 0.

    Args:
        y: a Value, or a Tensor of one element.
        xs: what to differentiate by; the result has its structure.

    Raises:
        TypeError: `xs` holds something that is no Value.
        ValueError: y is a Tensor of several elements.
        RuntimeError: the `data` of a Value in the graph was changed after it was recorded.

    >>> x = Value(2.0)
    >>> dy = grad(x ** 3, x)                                    # 3x²
    >>> dy.data, grad(dy, x).data                               # and 6x
    (12.0, 12.0)
    """
    order = topological_order(one_value(y))
    gradient = {x: constant(dx) for x, dx in gradients(order, partials_as_values).items()}
    for x, dx in gradient.items():  # every dx is a node of its own, so the name is free to take
        if x.label:
            dx.label = f"∂{x.label}"
    return map_values(lambda x: gradient[x] if x in gradient else Value(0.0), xs)


def jvp(y: Any, xs: Any, tangents: Any) -> Value:
    """Σ ∂y/∂xᵢ · ẋᵢ, the derivative of y along a direction, by forward mode, as a Value.

    Forward mode carries each node's own derivative ẏ = Σ ∂y/∂a · ȧ from the inputs to the
    output, where `backward` and `grad` go the other way.

    Args:
        y: a Value, or a Tensor of one element.
        xs: the Values that move.
        tangents: ẋ, a number or Value for each of them, in the same structure or flat.

    Raises:
        TypeError, RuntimeError: as `grad`.
        ValueError: as `grad`, or there are not as many tangents as xs.

    >>> a, b = Value(2.0), Value(5.0)
    >>> jvp(a * b, [a, b], [1.0, 10.0]).data                    # 5·1 + 2·10
    25.0
    """
    xs, tangents = values_in(xs), flatten(tangents)
    if len(xs) != len(tangents):
        raise ValueError(f"jvp: {len(xs)} values to move, but {len(tangents)} tangents")
    root = one_value(y)
    direction = dict(zip(xs, [t if isinstance(t, Value) else real_number(t) for t in tangents]))
    tangent: dict[Value, Any] = {}
    for b in topological_order(root):
        tangent[b] = direction.get(b, 0.0)  # and, if b is computed from other xs, also:
        if any([tangent[a] for a in b.inputs]):
            for a, p in zip(b.inputs, partials_as_values(b)):
                if tangent[a]:
                    tangent[b] += p * tangent[a]
    return constant(tangent[root])


def jacobian(ys: Any, xs: Any) -> list[list[Value]]:
    """∂yᵢ/∂xⱼ as a matrix of Values: a row for each y, a column for each x, both flattened.

    Raises: as `grad`.

    >>> r, s = Value(2.0), Value(3.0)
    >>> [[d.data for d in row] for row in jacobian([r * s, r + s], [r, s])]
    [[3.0, 2.0], [1.0, 1.0]]
    """
    xs = values_in(xs)
    return [grad(y, xs) for y in values_in(ys)]


def hessian(y: Any, xs: Any) -> list[list[Value]]:
    """∂²y/∂xᵢ∂xⱼ as a square matrix of Values, the xs flattened.

    Raises: as `grad`.

    >>> a, b = Value(2.0), Value(3.0)
    >>> [[d.data for d in row] for row in hessian(a * a * b, [a, b])]       # 2b 2a / 2a 0
    [[6.0, 4.0], [4.0, 0.0]]
    """
    xs = values_in(xs)
    return jacobian(grad(y, xs), xs)


def partials_as_values(node: Value) -> Sequence[Any]:
    """The node's row of the table, fed with the graph itself instead of its numbers."""
    assert node.op  # a leaf is asked for nothing
    partials: tuple[Any, ...] = node.op.partials(node, *node.op.arguments(node.inputs))
    if tuple(map(float, partials)) != node.partials:
        raise RuntimeError(
            f"{node.op.symbol} was recorded with other numbers than {[x.data for x in node.inputs]}: "
            "some data was changed since. Compute the result again before asking for its derivative"
        )
    return partials
