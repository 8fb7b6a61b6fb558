"""Tensor: a shaped array of Values, so that a network can be written as matrix formulas."""

from __future__ import annotations

import operator
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import prod
from random import Random
from typing import Any, NoReturn, Self, TypeAlias, overload

from .. import array_ops, errors, graph, ops, shapes
from ..array_ops import ArrayOp, Operation
from ..autodiff import DerivativeOf
from ..shapes import Shape
from ..tree import one_value
from ..value import Operators, Value, constant, forward, numbers, record
from ..writing.notation import elements
from .lists import Numbers
from .members import Member, Placed, Suggested, Whole
from .reductions import Reductions

Seed: TypeAlias = int | float | str | Random | None
WithSlice: TypeAlias = tuple[slice, int] | tuple[int, slice] | tuple[slice, slice]


#: NumPy's names of operators.
_UFUNCS = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "power": operator.pow, "matmul": operator.matmul, "negative": operator.neg, "positive": operator.pos,
    "absolute": abs, "fabs": abs, "square": lambda t: t**2,
}  # fmt: skip
#: NumPy's functions that are written otherwise here.
_WRITTEN = {
    "dot": "t @ u", "transpose": "t.T", "ravel": "t.flatten()", "clip": "t.maximum(low).minimum(high)",
    "amax": "t.max()", "amin": "t.min()", "var": "t.var(correction=0)", "reshape": "t.reshape(m, n)",
    "concatenate": "cat([t, u])", "stack": "stack([t, u])", "vstack": "stack([t, u])",
}  # fmt: skip


class Tensor(Reductions):
    """An array of Values, with NumPy's broadcasting, indexing and reductions.

    `values` are the elements, row by row, and `shape` the sizes of the axes; a Tensor of shape
    () holds one number. The elements are ordinary Values: `t[i, j]` is one, and slices and
    reshapes share them. `operation` says how this Tensor was computed (the row, an axis, an index) and
    `inputs` from which Tensors; a leaf has none.

    Operators and functions are those of a Value, `Operators`; what goes along an axis is in `Reductions`.

    Args:
        data: a number, a Value, or nested sequences of them, or anything with `.tolist()`
            (a NumPy array). Numbers become new leaves, Values stay themselves.
        label: a name for readers; nameless leaves are called after it: `x₁`, `W₁₂`.

    Raises:
        TypeError: an element is not a real number.
        ValueError: rows of different lengths, no elements at all, NaN or infinity.

    >>> W, h = Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([10.0, 1.0])
    >>> z = W @ h
    >>> z.data
    [12.0, 34.0]
    >>> z.sum().backward()
    >>> W.grad, h.grad                                          # each row hᵀ; sums of columns
    ([[10.0, 1.0], [10.0, 1.0]], [4.0, 6.0])
    """

    __slots__ = ("values", "shape", "operation", "inputs", "_label")
    operation: Operation | None
    inputs: tuple[Tensor, ...]
    _member: Member | None = None  # of a Parameter: where it stands in a network

    def __init__(self, data: Any, label: str | None = None) -> None:
        flat, self.shape = shapes.flattened(data)
        if not flat:
            raise ValueError("a Tensor needs at least one number, not an empty list")
        self.values = tuple(map(constant, flat))
        self.operation = None
        self.inputs = ()
        errors.check_label(label)
        self._label = label
        if label:
            self._name_elements(label)

    @property
    def op(self) -> ops.Op | ArrayOp | None:
        """The operation this Tensor was computed by, a row of `ops.TABLE` or of `array_ops`; None for a leaf.

        >>> (Tensor([1.0]) * 2).op.symbol, Tensor([1.0]).sum().op.symbol
        ('×', 'sum')
        """
        return self.operation.op if self.operation else None

    @property
    def label(self) -> str | None:
        """The name for readers; setting it names the elements too.

        >>> x = Tensor([5.0, 6.0]); x.label = "x"; x[1].label
        'x₂'
        """
        return self._label

    @label.setter
    def label(self, label: str | None) -> None:
        errors.check_label(label)
        before, self._label = self._label, label
        if label:
            self._name_elements(label, before)

    def _name_elements(self, name: str, before: str | None = None) -> None:
        """Label the elements with their places, for graphs that hold them but not the Tensor.

        They keep a label of their own, unless it comes from the label that the Tensor had before.

        >>> w = Tensor([1.0, 2.0]); w._name_elements("w"); w[1].label
        'w₂'
        """
        kind, whole = Suggested if isinstance(name, Suggested) else Placed, Whole(name, self.shape, self._member)
        for k, (v, text) in enumerate(zip(self.values, elements(name, self.shape))):
            of = v.label.whole if isinstance(v.label, Placed) else None
            nameless = v.label is None or isinstance(v.label, Suggested) or (of is not None and of.label == before)
            if nameless and (v.op or len(self.inputs) < 2):  # of `where(c, a, 0.0)` the zeros are constants
                v.label = kind(text, whole, k)

    # Makers.

    @classmethod
    def full(cls, shape: int | Sequence[int], value: float, label: str | None = None) -> Self:
        """A Tensor of the shape with `value` everywhere. Raises ValueError where a size is below 1.

        >>> Tensor.full((2, 2), 0.1).data
        [[0.1, 0.1], [0.1, 0.1]]
        """
        return cls._filled(shape, lambda: value, label)

    @classmethod
    def zeros(cls, *shape: Any, label: str | None = None) -> Self:
        """A Tensor of 0.0, the shape given as `zeros(2, 3)` or `zeros((2, 3))`.

        >>> Tensor.zeros(2, 3).data
        [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
        """
        return cls.full(shape, 0.0, label)

    @classmethod
    def ones(cls, *shape: Any, label: str | None = None) -> Self:
        """A Tensor of 1.0, the shape given as `ones(2, 3)` or `ones((2, 3))`.

        >>> Tensor.ones(3).data
        [1.0, 1.0, 1.0]
        """
        return cls.full(shape, 1.0, label)

    @classmethod
    def randn(cls, *shape: Any, seed: Seed = None, label: str | None = None) -> Self:
        """Independent normal numbers with mean 0 and variance 1.

        `seed` is an int, or a `random.Random` to go on drawing from; without it `random.seed`
        decides what is drawn.

        >>> Tensor.randn(2, 3, seed=0).data == Tensor.randn(2, 3, seed=0).data
        True
        """
        rng = random_source(seed)
        return cls._filled(shape, lambda: rng.gauss(0.0, 1.0), label)

    @classmethod
    def uniform(cls, shape: int | Sequence[int], low: float, high: float, seed: Seed = None) -> Self:
        """Independent numbers spread evenly between `low` and `high`; `seed` as in `randn`.

        >>> Tensor.uniform((2, 3), -1, 1, seed=0).shape
        (2, 3)
        """
        rng, low, high = random_source(seed), errors.real_number(low), errors.real_number(high)
        return cls._filled(shape, lambda: rng.uniform(low, high))

    @classmethod
    def _filled(cls, shape: Any, number: Callable[[], float], label: str | None = None) -> Self:
        sizes = shapes.as_shape(shape)
        if prod(sizes) > 10**8:
            raise ValueError(f"a Tensor of shape {sizes} is too large: each number is a Python object of 100 bytes")
        return cls(from_values([Value(number()) for _ in range(prod(sizes))], sizes), label)

    # The numbers inside.

    @property
    def data(self) -> Numbers | float:
        """The numbers as nested lists that do arithmetic; a float for shape ().

        Assigning them needs the same shape.

        >>> x = Tensor([1.0, 2.0]); x.data = [3.0, 4.0]; x.data *= 2; x.data
        [6.0, 8.0]
        """
        return shapes.nested([*numbers(self.values)], self.shape, Numbers)  # type: ignore[no-any-return]

    @data.setter
    def data(self, data: Any) -> None:
        name = f"{self.label or 'Tensor'}.data"
        assign({name: self}, {name: data})

    @property
    def grad(self) -> Numbers | float:
        """The gradients as nested lists that do arithmetic; a float for shape ().

        They may be set as `data` is; 0 or None sets all of them to 0.

        >>> x = Tensor([1.0, 2.0]); (x * x).sum().backward(); x.grad
        [2.0, 4.0]
        >>> x.grad = None; x.grad
        [0.0, 0.0]
        """
        return shapes.nested([v.grad or 0.0 for v in self.values], self.shape, Numbers)  # type: ignore[no-any-return]

    @grad.setter
    def grad(self, grad: Any) -> None:
        if grad is None or (isinstance(grad, (int, float)) and grad == 0):
            self.zero_grad()
            return
        for value, number in zip(self.values, fitting(f"{self.label or 'Tensor'}.grad", grad, self.shape)):
            value.grad = number

    def tolist(self) -> Any:
        """The numbers as plain nested lists, a copy; a float for shape ().

        >>> rows = Tensor([[1.0, 2.0]]).tolist(); rows[0].append(3.0); rows
        [[1.0, 2.0, 3.0]]
        """
        return shapes.nested([*numbers(self.values)], self.shape)

    def item(self) -> float:
        """The number of a Tensor with one element. Raises ValueError where there are more.

        >>> Tensor([[3.0]]).item()
        3.0
        """
        if len(self.values) != 1:
            raise ValueError(f"a Tensor of shape {self.shape} is not one number")
        return self.values[0].data

    @property
    def ndim(self) -> int:
        """The number of axes.

        >>> Tensor([[1.0, 2.0]]).ndim
        2
        """
        return len(self.shape)

    def __bool__(self) -> bool:
        return bool(self.item())

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a Tensor of shape () has no length")
        return self.shape[0]

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        shown = f"shape={self.shape}" if len(self.values) > 100 else str(self.data)
        return f"{type(self).__name__}({shown}{label})"

    def __float__(self, *_: Any) -> NoReturn:
        raise TypeError("float(t), round(t), math.sin(t) cut t off its graph: write t.sin(), or t.item() for a number")

    __int__ = __round__ = __trunc__ = __float__

    requires_grad = Value.requires_grad

    # NumPy's functions of elements, as np.exp(t) and array * t, are the Tensor's own.
    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        f: Any = _UFUNCS.get(ufunc.__name__) or getattr(Operators, ufunc.__name__, None)
        if not f or method != "__call__" or options:
            self.__array_function__(ufunc)
        return f(*map(as_tensor, inputs))

    def __array_function__(self, function: Any, *_: Any) -> NoReturn:
        """Others are refused with what to write."""
        name = function.__name__
        own = _WRITTEN.get(name) or (f"t.{name}()" if hasattr(Tensor, name) else "functions that t has")
        raise TypeError(f"np.{name} would cut a Tensor off its graph: write {own}, or np.array(t.data) for the numbers")

    # Derivatives.

    def backward(self) -> None:
        """`Value.backward` of the one element. Raises ValueError where there are more."""
        one_value(self).backward()

    def forward(self) -> None:
        """`Value.forward` of all elements: the recorded graph again, from the leaves' data as they are now.

        >>> w = Tensor([1.0, 2.0]); y = (w * w).sum()
        >>> w.data *= 10; y.forward(); y.data
        500.0
        """
        forward(graph.topological_order(*self.values))

    def zero_grad(self) -> None:
        """Set every gradient to 0.

        >>> x = Tensor([1.0, 2.0]); x.sum().backward(); x.zero_grad(); x.grad
        [0.0, 0.0]
        """
        for value in self.values:
            value.grad = 0.0

    def detach(self) -> Tensor:
        """The same numbers and label as new leaves, without history.

        >>> (2 * Tensor([1.0, 2.0])).detach()
        Tensor([2.0, 4.0])
        """
        return Tensor(from_values([Value(v.data) for v in self.values], self.shape), self.label)

    # Element by element; the operators and functions are in `Operators`.

    def map(self, f: Callable[[Value], Value]) -> Tensor:
        """A Tensor of f(element), for functions that have no name of their own here.

        >>> Tensor([1.0, 2.0]).map(lambda a: a * a + 1).data
        [2.0, 5.0]
        """
        operation = Operation(array_ops.MAP, of=f.y if isinstance(f, DerivativeOf) else None)
        return from_values([constant(f(a)) for a in self.values], self.shape, operation, self)

    def _unary(self, op: ops.Op) -> Tensor:
        return from_values([record(op, (a,), a._data) for a in self.values], self.shape, Operation(op), self)

    def _binary(self, op: ops.Op, a: Any, b: Any) -> Tensor:
        a, b = as_tensor(a), as_tensor(b)
        left, right, shape = a.values, b.values, a.shape
        if a.shape != b.shape:
            shape = shapes.broadcast_shapes(op.symbol, a.shape, b.shape)
            left, right = shapes.broadcast_to(left, a.shape, shape), shapes.broadcast_to(right, b.shape, shape)
        values = [record(op, (x, y), x._data, y._data) for x, y in zip(left, right)]
        return from_values(values, shape, Operation(op), a, b)

    # Matrix product.

    def __matmul__(self, other: Any) -> Tensor:
        """Rows times columns, for vectors and matrices; each element is one `dot` node.

        Of more than two axes the last two are those of matrices, and the others are broadcast, as in NumPy. Raises
        ValueError unless the last axis of self is as long as the first of other, or the last but one.

        >>> (Tensor([[1.0, 2.0]]) @ Tensor([[3.0], [4.0]])).data
        [[11.0]]
        """
        other = as_tensor(other)
        a, b = self.shape, other.shape
        if not a or not b or a[-1] != b[-2:][0]:
            raise ValueError(f"@: shapes {a} and {b} do not fit; (m, n) @ (n, p), without m or p for a vector, would")
        rows, columns = rows_of(self, a[-1]), rows_of(other.mT if len(b) > 1 else other, a[-1])
        m, p = a[-2:-1], b[1:][-1:]  # () for a vector
        left, right = (*a[:-2], *(m or (1,)), 1), (*b[:-2], 1, *(p or (1,)))
        shape = shapes.broadcast_shapes("@", left, right)
        pairs = zip(shapes.broadcast_to(rows, left, shape), shapes.broadcast_to(columns, right, shape))
        dots = [record(ops.DOT, row + column, u, v) for (row, u), (column, v) in pairs]
        return from_values(dots, (*shape[:-2], *m, *p), Operation(array_ops.MATMUL), self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return as_tensor(other) @ self

    # Views: other arrangements of the same Values.

    @property
    def T(self) -> Tensor:
        """The transpose: the axes in reverse order.

        >>> Tensor([[1.0, 2.0], [3.0, 4.0]]).T.data
        [[1.0, 3.0], [2.0, 4.0]]
        """
        values = [self.values[o] for o in shapes.offsets(shapes.axes(self.shape)[::-1])]
        return self._computed(values, self.shape[::-1], Operation(array_ops.TRANSPOSE))

    @property
    def mT(self) -> Tensor:
        """The transpose of each matrix: the last two axes change places. Raises ValueError for fewer.

        >>> Tensor([[[1.0, 2.0]], [[3.0, 4.0]]]).mT.data
        [[[1.0], [2.0]], [[3.0], [4.0]]]
        """
        if self.ndim < 2:
            raise ValueError(f"mT: a matrix is needed, not a Tensor of shape {self.shape}")
        *first, m, n = range(self.ndim)
        return self.permute(*first, n, m)

    def permute(self, *order: Any) -> Tensor:
        """The axes in another order, as PyTorch's `permute` and NumPy's `transpose` give them.

        Raises ValueError unless each axis is named once.

        >>> heads = Tensor.zeros(5, 2, 3)                           # places, heads, numbers of a head
        >>> heads.permute(1, 0, 2).shape
        (2, 5, 3)
        """
        wanted, along = shapes.as_axes(shapes.sizes(order), self.shape), shapes.axes(self.shape)
        if len(wanted) != self.ndim:
            raise ValueError(f"permute: {self.ndim} axes are needed, each once, not {order}")
        values = [self.values[o] for o in shapes.offsets([along[k] for k in wanted])]
        return self._computed(values, tuple([self.shape[k] for k in wanted]), Operation(array_ops.PERMUTE, wanted))

    def reshape(self, *shape: Any) -> Tensor:
        """The same elements, row by row, in another shape; one size may be −1.

        Raises ValueError where the number of elements differs.

        >>> Tensor([1.0, 2.0, 3.0, 4.0]).reshape(2, -1).data
        [[1.0, 2.0], [3.0, 4.0]]
        """
        return self._computed(self.values, shapes.reshaped(len(self.values), shape), Operation(array_ops.RESHAPE))

    def flatten(self) -> Tensor:
        """The same elements, row by row, as a vector.

        >>> Tensor([[1.0, 2.0], [3.0, 4.0]]).flatten().data
        [1.0, 2.0, 3.0, 4.0]
        """
        return self.reshape(-1)

    @overload
    def __getitem__(self, index: slice | WithSlice | list[Any] | range) -> Tensor: ...

    @overload
    def __getitem__(self, index: Any) -> Value | Tensor: ...

    def __getitem__(self, index: Any) -> Value | Tensor:
        """Integers, slices and arrays of integers, one for each axis from the left: all integers give a Value.

        An array is a list, a range, a NumPy array or a Tensor of whole numbers. An element that is
        taken several times is the same Value each time, so that its gradients add up.

        >>> C = Tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> C[0, 1].data, C[:, 1].data, C[[1, 0, 1]].data
        (2.0, [2.0, 4.0], [[3.0, 4.0], [1.0, 2.0], [3.0, 4.0]])
        >>> C[range(2), [1, 0]].data                                # the elements [0, 1] and [1, 0]
        [2.0, 3.0]
        """
        keys = shapes.as_keys(self.shape, index)
        offsets, shape = shapes.selected(self.shape, keys)
        if not shape:
            return self.values[offsets[0]]
        return self._computed([self.values[o] for o in offsets], shape, Operation(array_ops.INDEX, keys=keys))

    def __iter__(self) -> Iterator[Value | Tensor]:
        return (self[i] for i in range(len(self)))

    def _computed(self, values: Iterable[Value], shape: Shape, operation: Operation) -> Tensor:
        return from_values(values, shape, operation, self)


def random_source(seed: Seed) -> Random:
    """A `random.Random`: `seed` itself if it is one, else a new one that starts from it.

    Without a seed it starts from a number that `random` draws, so that `random.seed` governs it.
    """
    return seed if isinstance(seed, Random) else Random(random.getrandbits(64) if seed is None else seed)


def fitting(name: str, data: Any, shape: Shape) -> list[float]:
    """The numbers in `data`. Raises ValueError or TypeError, by the name, unless they are real and have the shape."""
    flat, own = shapes.flattened(data)
    if own != shape:
        raise ValueError(f"{name} of shape {own} does not fit a Tensor of shape {shape}")
    return [x.data if isinstance(x, Value) else errors.real_number(x, f"{name}: ") for x in flat]


def assign(tensors: Mapping[str, Tensor], data: Mapping[str, Any]) -> None:
    """Set the numbers of leaves, all of them or none. Names are for messages.

    Raises ValueError or TypeError for data that does not fit, ValueError for a Tensor that was computed, and where
    one number is given two values.
    """
    new: dict[Value, float] = {}
    for name, t in tensors.items():
        for value, number in zip(t.values, fitting(name, data[name], t.shape)):
            if value.op:
                raise ValueError("only the data of leaves can be set: this Tensor was computed from others")
            if new.setdefault(value, number) != number:
                raise ValueError(f"{name}: {value.label or 'an element'} is there twice, as {new[value]} and {number}")
    for value, number in new.items():
        value._data = number


def rows_of(t: Tensor, n: int) -> list[tuple[tuple[Value, ...], tuple[float, ...]]]:
    """The elements n by n, each row as Values and as numbers."""
    values, data = t.values, numbers(t.values)
    return [(values[i : i + n], data[i : i + n]) for i in range(0, len(data), n)]


def from_values(values: Iterable[Value], shape: Shape, operation: Operation | None = None, *inputs: Tensor) -> Tensor:
    """A Tensor of these very Values, `prod(shape)` of them, row by row."""
    result = Tensor.__new__(Tensor)
    result.values = tuple(values)
    result.shape = shape
    result.operation = operation
    result.inputs = inputs
    result._label = None
    return result


def as_tensor(x: Any) -> Tensor:
    """`x` itself if it is a Tensor, else one made of it."""
    return x if isinstance(x, Tensor) else Tensor(x)
