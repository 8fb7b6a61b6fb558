"""The formula by which a Tensor or a Value was computed, in terms of those that have a name.

`draw` puts it on cards and `explain` in its rows, so that both write the same.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from .. import array_ops as A
from .. import ops
from ..network.indexing import places
from ..network.tensor import Tensor
from ..value import Value
from ..writing.algebra import in_symbols, matrix_product, product_of, reshaped, sum_of, total, transpose
from ..writing.expression import (
    Along,
    Apply,
    Constant,
    Expression,
    Function,
    Literal,
    Number,
    Ones,
    Part,
    Placed,
    Reshape,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeAlias

    #: What stands for a node in a formula: its Name, or None if its own formula is to stand there.
    Symbol: TypeAlias = Callable[[Any], Expression | None]


def formula(node: Tensor | Value, symbol: Symbol) -> Expression:
    """How the node was computed, in terms of the nodes that have a symbol.

    A leaf without one is written as its number.

    Args:
        node: a Tensor or a Value. Its own symbol is not asked for.
        symbol: gives a Name with the node's shape, or any other formula for it, or None.

    >>> from tinygrad_edu import squared_error
    >>> from tinygrad_edu.writing.expression import Name
    >>> z = Tensor([1.0, 2.0], label="z")
    >>> print(formula(squared_error(z, [0.0, 1.0]), lambda t: Name(t.label, t.shape) if t.label else None))
    ½ · Σ (z − y)²
    """
    if isinstance(node, Value):
        return _of_value(node, symbol)
    if not node.inputs:
        return Number(node) if len(node.values) > 1 else Constant(node.item())
    return _of_tensor(node, symbol)


def on_its_own(e: Expression) -> Expression:
    """A formula that is a whole side of an equation, where a vector may be a row or a column.

    >>> from tinygrad_edu.writing.expression import Name
    >>> print(on_its_own(Reshape(Along("sum", Name("G", (2, 3)), (0,), keepdims=True), (3,))))
    Σₙ G
    """
    match e:
        case Reshape(arg, shape) if [n for n in arg.shape if n > 1] == [n for n in shape if n > 1]:
            return on_its_own(arg)
        case Apply(ops.MUL, (Constant() as c, arg)):
            return Apply(ops.MUL, (c, on_its_own(arg)))
        case Apply(ops.NEG, (arg,)):
            return Apply(ops.NEG, (on_its_own(arg),))
        case Apply(ops.ADD | ops.SUB as op, (a, b)) if len(e.shape) < 2 and not (a.shape and b.shape):
            return Apply(op, (on_its_own(a), on_its_own(b)))
    return e


def elementwise(op: Any, args: Sequence[Expression]) -> Expression:
    """A row of the table element by element. A row vector needs no reshape beside a matrix."""
    whole = Apply(op, tuple(args))
    if len(whole.shape) == 2:
        args = [a.arg if isinstance(a, Reshape) and len(a.shape) == 1 and a.arg.shape[:1] == (1,) else a for a in args]
    if op in (ops.MUL, ops.DIV) and not any([isinstance(a, Constant) and a.number == 0 for a in args]):
        return in_symbols(op.value, *args)  # 2 (3 a), a · a, (Σ a) / n
    return Apply(op, tuple(args))


def part_of(t: Tensor, whole: Tensor, arg: Expression) -> Expression:
    """The elements of `whole`, which is written `arg`, that t consists of: all in another shape, or a Part.

    >>> from tinygrad_edu.writing.expression import Name
    >>> x = Tensor([1.0, 2.0, 3.0])
    >>> print(part_of(x[1:], x, Name("x", (3,))), part_of(Tensor([x[2], x[0]]), x, Name("x", (3,))))
    x[1:] x[2; 0]
    """
    index, place = _index(t, whole)
    if place == tuple(range(len(whole.values))):
        return reshaped(arg, t.shape)
    if len(whole.values) == 1:  # one number several times: on paper it has no index
        return in_symbols(lambda a, ones: a.reshape(()) * ones, arg, Ones(t.shape))
    return Part(arg, index, place, t.shape)


def placed(G: Expression, t: Tensor, whole: Tensor) -> Expression:
    """What G = ∂L/∂t passes on to the Tensor that t is a part of: zeros but for G in its place.

    >>> from tinygrad_edu.writing.expression import Name
    >>> x = Tensor([1.0, 2.0, 3.0])
    >>> print(placed(Name("G", (2,)), x[1:], x))
    place(G, [1:], 3)
    """
    index, place = _index(t, whole)
    if place == tuple(range(len(whole.values))):
        return in_symbols(lambda G: G.reshape(whole.shape), G)
    return Placed(G, index, place, whole.shape)


def _index(t: Tensor, whole: Tensor) -> tuple[str, tuple[int, ...]]:
    """What stands in the brackets, and which elements that are."""
    place = _offsets(t, whole)
    keys = t.record.keys if t.record else None
    return _elements_text(place, whole.shape) if keys is None else ", ".join(map(_key_text, keys)), place


def _offsets(part: Tensor, whole: Tensor) -> tuple[int, ...]:
    """Where the elements of a view stand in what it is a view of, counted row by row."""
    if part.record and part.record.keys is not None:
        return tuple(places(whole.shape, part.record.keys)[0])
    if part.values == whole.values:
        return tuple(range(len(whole.values)))
    place: dict[Value, int] = {}
    for k, v in enumerate(whole.values):
        place.setdefault(v, k)
    return tuple([place[v] for v in part.values])


def is_view(t: Tensor) -> bool:
    """Whether the elements of t are those of its inputs, in another arrangement."""
    given = {v for a in t.inputs for v in a.values}
    return bool(t.inputs) and given.issuperset(t.values)


def _elements_text(place: Sequence[int], shape: Sequence[int]) -> str:
    """Elements of an array as an index: 2 of a vector, 0, 1 of a matrix, and several as 0, 1; 1, 0.

    >>> _elements_text((1, 2), (2, 2))
    '0, 1; 1, 0'
    """
    indices = []
    for k in place:
        index = [str(k // prod(shape[axis + 1 :]) % n) for axis, n in enumerate(shape)]
        indices.append(", ".join(index))
    return "; ".join(indices)


def _key_text(key: Any) -> str:
    if isinstance(key, slice):
        bounds = ["" if n is None else str(n) for n in (key.start, key.stop)]
        return ":".join(bounds) + (f":{key.step}" if key.step not in (None, 1) else "")
    if isinstance(key, int):
        return str(key)
    numbers: Any = list(key.flat)  # an array of integers
    for size in reversed(key.shape):
        numbers = [numbers[i : i + size] for i in range(0, len(numbers), size)]
    return str(numbers[0])


def _of_value(node: Value, symbol: Symbol) -> Expression:
    def of(a: Value) -> Expression:
        known = symbol(a)
        if known is not None:
            return known
        return _of_value(a, symbol) if a.op else Literal(a.data)

    if node.op is None:
        return Literal(node.data)
    inputs = tuple(map(of, node.inputs))
    if node.op is ops.SUM:
        return sum_of(inputs)
    if node.op in (ops.DOT, ops.AFFINE):
        a, b, *rest = node.op.arguments(inputs)
        return sum_of([*map(product_of, zip(a, b)), *rest])
    return Apply(node.op, inputs)


def _of_tensor(t: Tensor, symbol: Symbol) -> Expression:
    def of(a: Tensor) -> Expression:
        known = symbol(a)
        return formula(a, symbol) if known is None else known

    record = t.record
    assert record is not None
    args = [of(a) for a in t.inputs]
    match t.op:
        case A.MATMUL if t.inputs[0].ndim == t.inputs[1].ndim == 1:
            match args:
                case Reshape(a), Reshape(b) if a.shape == b.shape:  # the same sum without the rearrangement
                    args = [a, b]
            return total(elementwise(ops.MUL, args), None, False)
        case A.MATMUL:
            a, b = args
            return reshaped(matrix_product(transpose(a) if len(a.shape) == 1 else a, b), t.shape)
        case A.AFFINE:
            W, h, c = args
            z = matrix_product(W, h) if t.ndim == 1 else matrix_product(h, transpose(W))
            return elementwise(ops.ADD, [z, c])
        case A.TRANSPOSE:
            return args[0] if t.ndim < 2 else transpose(args[0])
        case A.RESHAPE:
            return reshaped(args[0], t.shape)
        case A.SUM | A.MEAN:
            summed = along(t, args[0], "sum")
            return summed if t.op is A.SUM else in_symbols(lambda a: a / terms(t), summed)
        case A.MAX | A.MIN | A.LSE:
            return along(t, args[0], t.op.symbol)
        case A.SOFTMAX | A.LOG_SOFTMAX:
            return Along(t.op.symbol, args[0], record.axis)
    if len(args) == 1 and is_view(t):
        return part_of(t, t.inputs[0], args[0])
    if isinstance(record.op, A.ArrayOp):
        axes = record.axis or (0,)  # that of cat
        return Function(record.op.symbol, tuple(args), t.shape, f"axis={axes[0]}" if any(axes) else "")
    return elementwise(record.op, args)


def along(t: Tensor, arg: Expression, function: str) -> Expression:
    """A reduction along the axes that t was reduced along."""
    assert t.record is not None
    axes = t.record.axis
    if axes == () or not arg.shape:
        return arg
    if axes is None or len(axes) == len(arg.shape):
        axes = None
    reduced = total(arg, axes, axes is not None) if function == "sum" else Along(function, arg, axes, axes is not None)
    return reshaped(reduced, t.shape)


def terms(t: Tensor) -> float:
    """How many elements each element of a reduction was made from."""
    return float(len(t.inputs[0].values) // prod(t.shape))
