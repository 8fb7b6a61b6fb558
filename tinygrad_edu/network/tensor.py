"""Tensor: a shaped array of Values, so that a network can be written as matrix formulas."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial, reduce
from math import prod
from numbers import Integral, Real
from typing import TYPE_CHECKING

from .. import ops
from ..value import Value, check_label, constant, numbers, of_vector, real_number, record
from ..writing.names import elements
from .operation import Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, Self


Shape = tuple[int, ...]

_MOST = 10**8  # numbers in a new Tensor: 10 GB


class Tensor:
    """An array of Values, with NumPy's broadcasting, slicing and reductions.

    `values` are the elements, row by row, and `shape` the sizes of the axes; a Tensor of shape
    () holds one number. The elements are ordinary Values: `t[i, j]` is one, and slices and
    reshapes share them. `op` and `inputs` say how and from which Tensors this one was computed,
    and `record` with what else: an axis, an exponent, an index.

    Args:
        data: a number, a Value, or nested sequences of them, or anything with `.tolist()`
            (a NumPy array). Numbers become new leaves, Values stay themselves.
        label: a name for readers; nameless leaves are called after it: `x₁`, `W₁₂`.

    Raises:
        TypeError: an element is no real number.
        ValueError: rows of different lengths, no elements at all, NaN or infinity.

    >>> W, h = Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([10.0, 1.0])
    >>> z = W @ h
    >>> z.data
    [12.0, 34.0]
    >>> z.sum().backward()
    >>> W.grad, h.grad                                          # each row hᵀ; sums of columns
    ([[10.0, 1.0], [10.0, 1.0]], [4.0, 6.0])
    """

    __array_ufunc__ = None  # NumPy leaves `array * tensor` to Tensor

    values: tuple[Value, ...]
    shape: Shape
    record: Operation | None
    inputs: tuple[Tensor, ...]

    def __init__(self, data: Any, label: str | None = None) -> None:
        values, self.shape = _parse(data)
        self.values = tuple(values)
        self.record = None
        self.inputs = ()
        self._label = label
        self._name_elements(only_nameless=True)

    @property
    def op(self) -> str | None:
        """The symbol of the operation this Tensor was computed by; None for a leaf.

        >>> (Tensor([1.0]) * 2).op
        '×'
        """
        return self.record.symbol if self.record else None

    @property
    def label(self) -> str | None:
        """The name for readers; setting it names the elements of a leaf too.

        >>> x = Tensor([5.0, 6.0]); x.label = "x"; x[1].label
        'x₂'
        """
        return self._label

    @label.setter
    def label(self, label: str | None) -> None:
        self._label = label
        self._name_elements()

    def _name_elements(self, only_nameless: bool = False) -> None:
        if self._label is not None:
            check_label(self._label)
        if self._label and self.record is None:
            for value, name in zip(self.values, elements(self._label, self.shape)):
                if value.op is None and not (value.label and only_nameless):
                    value.label = name

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
        return cls.full(_spread(shape), 0.0, label)

    @classmethod
    def ones(cls, *shape: Any, label: str | None = None) -> Self:
        """A Tensor of 1.0, the shape given as `ones(2, 3)` or `ones((2, 3))`.

        >>> Tensor.ones(3).data
        [1.0, 1.0, 1.0]
        """
        return cls.full(_spread(shape), 1.0, label)

    @classmethod
    def randn(cls, *shape: Any, seed: Any = None, label: str | None = None) -> Self:
        """Independent normal numbers with mean 0 and variance 1.

        `seed` is an int, or a `random.Random` to go on drawing from.

        >>> Tensor.randn(2, 3, seed=0).data == Tensor.randn(2, 3, seed=0).data
        True
        """
        rng = random_source(seed)
        return cls._filled(_spread(shape), lambda: rng.gauss(0.0, 1.0), label)

    @classmethod
    def uniform(cls, shape: int | Sequence[int], low: float, high: float, seed: Any = None) -> Self:
        """Independent numbers spread evenly between `low` and `high`; `seed` as in `randn`.

        >>> Tensor.uniform((2, 3), -1, 1, seed=0).shape
        (2, 3)
        """
        rng, low, high = random_source(seed), real_number(low), real_number(high)
        return cls._filled(shape, lambda: rng.uniform(low, high))

    @classmethod
    def _filled(cls, shape: Any, number: Callable[[], float], label: str | None = None) -> Self:
        sizes = as_shape(shape)
        if prod(sizes) > _MOST:
            raise ValueError(f"a Tensor of shape {sizes} is too large: each number is a Python object of 100 bytes")
        return cls(_tensor([Value(number()) for _ in range(prod(sizes))], sizes), label)

    # The numbers inside.

    @property
    def data(self) -> Any:
        """The numbers as nested lists; a float for shape (). Assigning needs the same shape.

        >>> x = Tensor([1.0, 2.0]); x.data = [3.0, 4.0]; x.data
        [3.0, 4.0]
        """
        return self._nested([v.data for v in self.values])

    @data.setter
    def data(self, data: Any) -> None:
        values, shape = _parse(data)
        if shape != self.shape:
            raise ValueError(f"data of shape {shape} does not fit a Tensor of shape {self.shape}")
        if any(v.op for v in self.values):
            raise ValueError("only the data of leaves can be set: this Tensor was computed from others")
        numbers = [value.data for value in values]  # read all before setting any: in W.data = W.T they are the same
        for mine, number in zip(self.values, numbers):
            mine.data = number

    @property
    def grad(self) -> Any:
        """The gradients as nested lists; a float for shape ().

        >>> x = Tensor([1.0, 2.0]); (x * x).sum().backward(); x.grad
        [2.0, 4.0]
        """
        return self._nested([v.grad for v in self.values])

    def tolist(self) -> Any:
        """The same as `Tensor.data`, under NumPy's name."""
        return self.data

    def item(self) -> float:
        """The number of a Tensor with one element. Raises ValueError where there are more.

        >>> Tensor([[3.0]]).item()
        3.0
        """
        if len(self.values) != 1:
            raise ValueError(f"item: the Tensor has {len(self.values)} elements, not one")
        return self.values[0].data

    def _nested(self, flat: list[float]) -> Any:
        for size in reversed(self.shape):
            flat = [flat[i : i + size] for i in range(0, len(flat), size)]  # type: ignore[misc]
        return flat[0]

    @property
    def ndim(self) -> int:
        """The number of axes.

        >>> Tensor([[1.0, 2.0]]).ndim
        2
        """
        return len(self.shape)

    def __float__(self) -> float:
        return self.item()

    def __bool__(self) -> bool:
        if len(self.values) != 1:
            raise ValueError(
                f"a Tensor of shape {self.shape} is neither true nor false; ask one of its numbers, or `is not None`"
            )
        return bool(self.item())

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a Tensor of shape () has no length")
        return self.shape[0]

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        shown = f"shape={self.shape}" if len(self.values) > 100 else str(self.data)
        return f"{type(self).__name__}({shown}{label})"

    # Derivatives.

    def backward(self) -> None:
        """`Value.backward` of the one element. Raises ValueError where there are more."""
        if len(self.values) != 1:
            raise ValueError(f"backward needs one number to start from, not shape {self.shape}: sum() it first")
        self.values[0].backward()

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
        return Tensor(self.data, self.label)

    # Elementwise arithmetic, the shapes broadcast as in NumPy.

    def __add__(self, other: Any) -> Tensor:
        return _binary(ops.ADD, self, other)

    def __radd__(self, other: Any) -> Tensor:
        return _binary(ops.ADD, other, self)

    def __sub__(self, other: Any) -> Tensor:
        return _binary(ops.SUB, self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return _binary(ops.SUB, other, self)

    def __mul__(self, other: Any) -> Tensor:
        return _binary(ops.MUL, self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return _binary(ops.MUL, other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return _binary(ops.DIV, self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return _binary(ops.DIV, other, self)

    def __pow__(self, exponent: Any) -> Tensor:
        if isinstance(exponent, Real):
            n = real_number(exponent)
            return self._each(ops.power(n), exponent=n)
        return _power(self, exponent)

    def __rpow__(self, base: Any) -> Tensor:
        return _power(base, self)

    def maximum(self, other: Any) -> Tensor:
        """`Value.maximum`, element by element."""
        return _binary(ops.MAXIMUM, self, other)

    def minimum(self, other: Any) -> Tensor:
        """`Value.minimum`, element by element."""
        return _binary(ops.MINIMUM, self, other)

    # Elementwise functions.

    def __neg__(self) -> Tensor:
        return self._each(ops.NEG)

    def __pos__(self) -> Tensor:
        return self

    def __abs__(self) -> Tensor:
        return self._each(ops.ABS)

    def exp(self) -> Tensor:
        """`Value.exp` of every element."""
        return self._each(ops.EXP)

    def log(self) -> Tensor:
        """`Value.log` of every element."""
        return self._each(ops.LOG)

    def sqrt(self) -> Tensor:
        """`Value.sqrt` of every element."""
        return self._each(ops.SQRT)

    def tanh(self) -> Tensor:
        """`Value.tanh` of every element."""
        return self._each(ops.TANH)

    def sigmoid(self) -> Tensor:
        """`Value.sigmoid` of every element."""
        return self._each(ops.SIGMOID)

    def relu(self) -> Tensor:
        """`Value.relu` of every element."""
        return self._each(ops.RELU)

    def sin(self) -> Tensor:
        """`Value.sin` of every element."""
        return self._each(ops.SIN)

    def cos(self) -> Tensor:
        """`Value.cos` of every element."""
        return self._each(ops.COS)

    def abs(self) -> Tensor:
        """`Value.abs` of every element."""
        return self._each(ops.ABS)

    def step(self) -> Tensor:
        """`Value.step` of every element."""
        return self._each(ops.STEP)

    def map(self, f: Callable[[Value], Value]) -> Tensor:
        """A Tensor of f(element), for functions that have no name of their own here.

        >>> Tensor([1.0, 2.0]).map(lambda a: a * a + 1).data
        [2.0, 5.0]
        """
        return _tensor([constant(f(a)) for a in self.values], self.shape, Operation("map"), self)

    def _each(self, op: ops.Op, exponent: float | None = None) -> Tensor:
        values = [record(op, (a,), a.data) for a in self.values]
        return _tensor(values, self.shape, Operation(op.symbol, op, exponent=exponent), self)

    # Matrix product.

    def __matmul__(self, other: Any) -> Tensor:
        """Rows times columns, for vectors and matrices; each element is one `dot` node.

        Raises ValueError unless the last axis of self is as long as the first of other.
        """
        other = as_tensor(other)
        if self.ndim not in (1, 2) or other.ndim not in (1, 2) or self.shape[-1] != other.shape[0]:
            raise ValueError(
                f"@: shapes {self.shape} and {other.shape} do not fit; "
                "(m, n) @ (n, p), with m or p left out for a vector, is what works"
            )
        n, p = (*other.shape, 1)[:2]
        b, y = other.values, numbers(other.values)
        cols = [(b[j::p], y[j::p]) for j in range(p)]
        dots = [record(ops.DOT, row + col, u, v) for row, u in _rows(self, n) for col, v in cols]
        return _tensor(dots, self.shape[:-1] + other.shape[1:], Operation("@", ops.DOT), self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return as_tensor(other) @ self

    # Reductions: over all elements, or along an axis (or several), which then disappears.

    def sum(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """Σ along the axis. Raises IndexError where there is no such axis.

        >>> Tensor([[1.0, 2.0], [3.0, 4.0]]).sum(axis=0).data
        [4.0, 6.0]
        """
        return self._reduce("sum", ops.SUM, partial(of_vector, ops.SUM), axis, keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """Σ along the axis, divided by the number of terms.

        >>> Tensor([[1.0, 2.0], [3.0, 4.0]]).mean(axis=1).data
        [1.5, 3.5]
        """
        return self._reduce("mean", None, lambda group: Value.sum(group) / len(group), axis, keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """The largest along the axis; where two are equal each gets half of the gradient.

        >>> Tensor([[1.0, 4.0], [3.0, 2.0]]).max(axis=0).data
        [3.0, 4.0]
        """
        return self._reduce("max", None, lambda group: reduce(Value.maximum, group), axis, keepdims)

    def logsumexp(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """log Σ exp along the axis, without overflow.

        >>> Tensor([1000.0, 1000.0]).logsumexp().data               # 1000 + log 2
        1000.6931471805599
        """
        return self._reduce("logsumexp", ops.LSE, partial(of_vector, ops.LSE), axis, keepdims)

    def softmax(self, axis: int = -1) -> Tensor:
        """exp(zᵢ) / Σⱼ exp(zⱼ) along the axis.

        >>> Tensor([1000.0, 1000.0]).softmax().data
        [0.5, 0.5]
        """
        e = self._below_zero(axis).exp()
        operation = Operation("softmax", axis=(self._axis(axis),))
        return _tensor((e / e.sum(axis, keepdims=True)).values, self.shape, operation, self)

    def log_softmax(self, axis: int = -1) -> Tensor:
        """zᵢ − log Σⱼ exp(zⱼ) along the axis, the logarithm of softmax.

        >>> Tensor([5.0]).log_softmax().data                        # log 1
        [0.0]
        """
        z = self._below_zero(axis)
        operation = Operation("log_softmax", axis=(self._axis(axis),))
        return _tensor((z - z.logsumexp(axis, keepdims=True)).values, self.shape, operation, self)

    def _below_zero(self, axis: int) -> Tensor:
        """self − max(self). Softmax is the same for both, but exp of this cannot overflow."""
        return self - self._reduce("largest", ops.LARGEST, partial(of_vector, ops.LARGEST), axis, keepdims=True)

    def _reduce(
        self, symbol: str, row: ops.Op | None, f: Callable[[tuple[Value, ...]], Value], axis: Any, keepdims: bool
    ) -> Tensor:
        if axis is None:
            gone = tuple(range(self.ndim))
        else:
            gone = tuple([self._axis(k) for k in (axis if isinstance(axis, (list, tuple)) else (axis,))])
        kept, inner, outer = _reduction(self.shape, gone, bool(keepdims))
        values = [f(tuple([self.values[o + i] for i in inner])) for o in outer]
        return _tensor(values, kept, Operation(symbol, row, gone, bool(keepdims)), self)

    def _axis(self, axis: int) -> int:
        if not _is_integer(axis):
            raise TypeError(f"an axis is a whole number, not {type(axis).__name__} {axis!r}")
        if not -self.ndim <= axis < self.ndim:
            raise IndexError(f"axis {axis} does not exist in a Tensor of shape {self.shape}")
        return axis % self.ndim

    # Views: other arrangements of the same Values.

    @property
    def T(self) -> Tensor:
        """The transpose: the axes in reverse order.

        >>> Tensor([[1.0, 2.0], [3.0, 4.0]]).T.data
        [[1.0, 3.0], [2.0, 4.0]]
        """
        return self._view(Operation("ᵀ"), _axes(self.shape)[::-1], self.shape[::-1])

    def reshape(self, *shape: Any) -> Tensor:
        """The same elements, row by row, in another shape; one size may be −1.

        Raises ValueError where the number of elements differs.

        >>> Tensor([1.0, 2.0, 3.0, 4.0]).reshape(2, -1).data
        [[1.0, 2.0], [3.0, 4.0]]
        """
        sizes = list(_sizes(_spread(shape)))
        if sizes.count(-1) == 1 and all(map(_is_integer, sizes)) and (rest := prod([n for n in sizes if n != -1])):
            sizes[sizes.index(-1)] = len(self.values) // rest
        if not all(_is_integer(n) and n > 0 for n in sizes) or prod(sizes) != len(self.values):
            raise ValueError(f"reshape: {len(self.values)} elements do not fit the shape {_spread(shape)!r}")
        return _tensor(self.values, tuple(map(int, sizes)), Operation("reshape"), self)

    def __getitem__(self, index: Any) -> Any:
        """Integers and slices, one for each axis from the left: all integers give a Value."""
        keys = index if isinstance(index, tuple) else (index,)
        if dots_at := [k for k, key in enumerate(keys) if key is Ellipsis]:  # `in` would ask an array for ==
            dots = dots_at[0]
            full = (slice(None),) * (self.ndim - len(keys) + 1)
            keys = keys[:dots] + full + keys[dots + 1 :]
        if len(keys) > self.ndim:
            raise IndexError(f"{len(keys)} indices for a Tensor of shape {self.shape}")
        axes: list[Sequence[int]] = list(_axes(self.shape))
        shape: list[int] = []
        for k, key in enumerate(keys):
            if isinstance(key, slice):
                axes[k] = axes[k][key]
                shape.append(len(axes[k]))
            elif _is_integer(key):
                if not -self.shape[k] <= key < self.shape[k]:
                    raise IndexError(f"index {key} is out of range for axis {k} of shape {self.shape}")
                axes[k] = [axes[k][int(key)]]
            else:
                raise TypeError(f"an index is an integer or a slice, not {type(key).__name__} {key!r}")
        if 0 in shape:
            raise IndexError(f"{index!r} selects nothing from a Tensor of shape {self.shape}")
        operation = Operation("[ ]", keys=tuple([k if isinstance(k, slice) else int(k) for k in keys]))
        view = self._view(operation, axes, (*shape, *self.shape[len(keys) :]))
        return view.values[0] if view.shape == () else view

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def _view(self, operation: Operation, axes: Sequence[Sequence[int]], shape: Shape) -> Tensor:
        return _tensor([self.values[o] for o in _offsets(axes)], shape, operation, self)


def affine(W: Tensor, h: Tensor, b: Tensor) -> Tensor:
    """W h + b for a vector h, and h Wᵀ + b for a matrix of rows h; each element is one `affine` node.

    Raises ValueError unless the shapes are (m, n), (n,) or (N, n), and (m,).

    >>> affine(Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([10.0, 1.0]), Tensor([0.5, 0.0])).data
    [12.5, 34.0]
    """
    if not (len(W.shape) == 2 and len(h.shape) in (1, 2) and W.shape == (*b.shape, h.shape[-1])):
        raise ValueError(
            f"W h + b: shapes {W.shape}, {h.shape} and {b.shape} do not fit; "
            "(m, n), (n,) or (N, n), and (m,) are what works"
        )
    m, n = W.shape
    neurons = [*zip(_rows(W, n), b.values)]
    z = []
    for x, v in _rows(h, n):
        for (w, u), c in neurons:
            z.append(record(ops.AFFINE, (*w, *x, c), u, v, c.data))
    return _tensor(z, (*h.shape[:-1], m), Operation("affine", ops.AFFINE), W, h, b)


def stack(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors of one shape as the rows of a new first axis. Raises ValueError for several shapes.

    >>> stack([Tensor([1.0, 2.0]), Tensor([3.0, 4.0])]).data
    [[1.0, 2.0], [3.0, 4.0]]
    """
    tensors = [as_tensor(t) for t in tensors]
    values, shape = _parse(tensors)
    return _tensor(values, shape, Operation("stack"), *tensors)


def random_source(seed: Any) -> Any:
    """A `random.Random`: `seed` itself if it is one, else a new one that starts from it."""
    import random  # 5 ms that only those who draw numbers need to wait

    return seed if isinstance(seed, random.Random) else random.Random(seed)


def _tensor(values: Iterable[Value], shape: Shape, record: Operation | None = None, *inputs: Tensor) -> Tensor:
    result = Tensor.__new__(Tensor)
    result.values = tuple(values)
    result.shape = shape
    result.record = record
    result.inputs = inputs
    result._label = None
    return result


def as_tensor(x: Any) -> Tensor:
    return x if isinstance(x, Tensor) else Tensor(x)


def _parse(data: Any) -> tuple[list[Value], Shape]:
    """The elements and the shape of nested sequences."""
    if type(data) is not list:  # the common case first: the questions below are slow
        if isinstance(data, (float, Value)):
            return [constant(data)], ()
        if isinstance(data, Tensor):
            return list(data.values), data.shape
        if hasattr(data, "tolist"):
            data = data.tolist()
        if isinstance(data, (str, bytes)) or not isinstance(data, Sequence):
            return [constant(data)], ()
    if not data:
        raise ValueError("a Tensor needs at least one number, not an empty list")
    if {*map(type, data)} <= {float, Value}:
        return [constant(x) for x in data], (len(data),)
    rows = [_parse(row) for row in data]
    shapes = [shape for _, shape in rows]
    for i, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise ValueError(f"ragged: element 0 has shape {shapes[0]}, but element {i} has shape {shape}")
    return [value for values, _ in rows for value in values], (len(rows), *shapes[0])


def _is_integer(x: Any) -> bool:
    # NumPy's too; but to ask an abstract class is slow.
    return type(x) is int or (isinstance(x, Integral) and not isinstance(x, bool))


def _spread(shape: tuple[Any, ...]) -> Any:
    """The shape of either call, f(2, 3) or f((2, 3))."""
    return shape[0] if len(shape) == 1 else shape


def _sizes(shape: Any) -> tuple[Any, ...]:
    """A shape as a tuple, given as a sequence, as an array, or as the one size of a vector."""
    shape = shape.tolist() if hasattr(shape, "tolist") else shape
    return tuple(shape) if isinstance(shape, Sequence) and not isinstance(shape, (str, bytes)) else (shape,)


def as_shape(shape: Any) -> Shape:
    """A shape as a tuple. Raises ValueError unless its sizes are whole numbers above 0."""
    sizes = _sizes(shape)
    if not all(_is_integer(size) and size > 0 for size in sizes):
        raise ValueError(f"a shape is made of whole numbers above 0, not {shape!r}")
    return tuple(map(int, sizes))


# The element [i, j, …] stands at offset i·stride₀ + j·stride₁ + … in `values`. An axis is the
# list of its offsets, so a slice is a slice of it, a transpose another order of the axes, and
# broadcasting an axis that stays at 0.


def _rows(t: Tensor, n: int) -> Iterator[tuple[tuple[Value, ...], tuple[float, ...]]]:
    """The elements n by n, each row as Values and as numbers."""
    values, data = iter(t.values), iter(numbers(t.values))
    return zip(zip(*[values] * n), zip(*[data] * n))  # n times the same iterator: each row takes the next n


def _axes(shape: Shape) -> list[Sequence[int]]:
    return [range(0, n * stride, stride) for k, n in enumerate(shape) for stride in [prod(shape[k + 1 :])]]


def _offsets(axes: Sequence[Sequence[int]]) -> list[int]:
    offsets = [0]
    for axis in axes:
        offsets = [o + i for o in offsets for i in axis]
    return offsets


@lru_cache(maxsize=16)  # the same reductions come back in every step of a training
def _reduction(shape: Shape, gone: tuple[int, ...], keepdims: bool) -> tuple[Shape, list[int], list[int]]:
    """The shape that a reduction leaves, the offsets along the axes that it takes away, and along those that stay."""
    axes = list(enumerate(_axes(shape)))
    kept = tuple([1 if k in gone else n for k, n in enumerate(shape) if keepdims or k not in gone])
    inner, outer = [[axis for k, axis in axes if (k in gone) is along] for along in (True, False)]
    return kept, _offsets(inner), _offsets(outer)


def _binary(op: ops.Op, a: Any, b: Any) -> Tensor:
    a, b, pairs, shape = _paired(op.symbol, a, b)
    values = [record(op, pair, pair[0].data, pair[1].data) for pair in pairs]
    return _tensor(values, shape, Operation(op.symbol, op), a, b)


def _power(a: Any, b: Any) -> Tensor:
    a, b, pairs, shape = _paired("^", a, b)
    return _tensor([x**y for x, y in pairs], shape, Operation("^"), a, b)


def _paired(symbol: str, a: Any, b: Any) -> tuple[Tensor, Tensor, Iterable[tuple[Value, Value]], Shape]:
    """a and b as Tensors, and the elements that meet when their shapes are broadcast."""
    a, b = as_tensor(a), as_tensor(b)
    if a.shape == b.shape:
        return a, b, zip(a.values, b.values), a.shape
    ndim = max(a.ndim, b.ndim)
    sizes = [(1,) * (ndim - t.ndim) + t.shape for t in (a, b)]
    if any([m != n and 1 not in (m, n) for m, n in zip(*sizes)]):
        raise ValueError(f"{symbol}: shapes {a.shape} and {b.shape} do not fit together")
    shape = tuple(map(max, *sizes))
    return a, b, zip(*[_stretched(t, size, shape) for t, size in zip((a, b), sizes)]), shape


def _stretched(t: Tensor, size: Shape, shape: Shape) -> Sequence[Value]:
    if t.shape == shape[len(shape) - t.ndim :]:  # as it is, or again and again along new first axes
        return t.values * (prod(shape) // len(t.values))
    axes = [axis if m == n else [0] * n for axis, m, n in zip(_axes(size), size, shape)]
    return [t.values[o] for o in _offsets(axes)]
