"""Value: one number in a computation graph, and the backward pass through it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import isfinite
from numbers import Real
from typing import Any, Generic, NoReturn, TypeAlias, TypeVar

from . import errors, graph, ops
from .ops import Op

Number: TypeAlias = "Value | float"
Operand = TypeVar("Operand")
Result = TypeVar("Result")


class Operators(Generic[Operand, Result]):
    """The operators and functions of Values, Tensors, lists of numbers, formulas and steps of a program.

    `a * b` and `a.exp()` are rows of the table, and each kind of number says what it does with a row.

    >>> from tinygrad_edu import Tensor
    >>> (2 * Value(3.0)).data, (2 * Tensor([3.0, 4.0])).data
    (6.0, [6.0, 8.0])
    """

    __slots__ = ()

    def _unary(self, op: Op) -> Result:
        """The row applied to self."""
        raise NotImplementedError

    def _binary(self, op: Op, a: Any, b: Any) -> Result:
        """The row applied to two operands, one of which is self; NotImplemented where the other is not a number."""
        raise NotImplementedError

    def __add__(self, other: Operand) -> Result:
        return self._binary(ops.ADD, self, other)

    def __radd__(self, other: Operand) -> Result:
        if type(other) in (int, float) and other == 0:
            return self  # type: ignore[return-value]  # where sum() and a gradient's running total start
        return self._binary(ops.ADD, other, self)

    def __sub__(self, other: Operand) -> Result:
        return self._binary(ops.SUB, self, other)

    def __rsub__(self, other: Operand) -> Result:
        return self._binary(ops.SUB, other, self)

    def __mul__(self, other: Operand) -> Result:
        return self._binary(ops.MUL, self, other)

    def __rmul__(self, other: Operand) -> Result:
        return self._binary(ops.MUL, other, self)

    def __truediv__(self, other: Operand) -> Result:
        return self._binary(ops.DIV, self, other)

    def __rtruediv__(self, other: Operand) -> Result:
        return self._binary(ops.DIV, other, self)

    def __pow__(self, exponent: Operand) -> Result:
        if isinstance(exponent, Real):
            return self._unary(ops.power(errors.real_number(exponent)))
        return self._binary(ops.POW, self, exponent)

    def __rpow__(self, base: Operand) -> Result:
        return self._binary(ops.POW, base, self)

    def __neg__(self) -> Result:
        return self._unary(ops.NEG)

    def __pos__(self) -> Result:
        return self  # type: ignore[return-value]

    def exp(self) -> Result:
        """eᵃ, its own derivative. Raises OverflowError for a above 709.

        >>> Value(0.0).exp().data
        1.0
        """
        return self._unary(ops.EXP)

    def log(self) -> Result:
        """The natural logarithm of a, with derivative 1/a. Raises ValueError unless a > 0.

        >>> Value(1.0).log().data
        0.0
        """
        return self._unary(ops.LOG)

    def sqrt(self) -> Result:
        """√a, with derivative 1/(2√a), which is infinite at 0. Raises ValueError below 0.

        >>> Value(9.0).sqrt().data
        3.0
        """
        return self._unary(ops.SQRT)

    def tanh(self) -> Result:
        """tanh a, with derivative 1 − tanh² a.

        >>> Value(0.0).tanh().data
        0.0
        """
        return self._unary(ops.TANH)

    def sigmoid(self) -> Result:
        """σ(a) = 1 / (1 + e⁻ᵃ), with derivative σ(a) (1 − σ(a)).

        >>> Value(0.0).sigmoid().data
        0.5
        """
        return self._unary(ops.SIGMOID)

    def relu(self) -> Result:
        """a where a > 0, else 0, with derivative `step`.

        >>> Value(-2.0).relu().data, Value(3.0).relu().data
        (0.0, 3.0)
        """
        return self._unary(ops.RELU)

    def sin(self) -> Result:
        """sin a, for a in radians, with derivative cos a.

        >>> Value(0.0).sin().data
        0.0
        """
        return self._unary(ops.SIN)

    def cos(self) -> Result:
        """cos a, for a in radians, with derivative −sin a.

        >>> Value(0.0).cos().data
        1.0
        """
        return self._unary(ops.COS)

    def abs(self) -> Result:
        """|a|, with the sign of a as derivative, and 0 at 0. Python's `abs(a)` is the same.

        >>> Value(-2.0).abs().data
        2.0
        """
        return self._unary(ops.ABS)

    __abs__ = abs

    def step(self) -> Result:
        """1 where a > 0, else 0, with derivative 0 everywhere.

        >>> Value(0.0).step().data, Value(3.0).step().data
        (0.0, 1.0)
        """
        return self._unary(ops.STEP)

    def stop_gradient(self) -> Result:
        """a, taken for a constant: its derivative counts as 0.

        >>> x = Value(3.0); (x * x.stop_gradient()).backward(); x.grad
        3.0
        """
        return self._unary(ops.STOP)

    def maximum(self, other: Operand) -> Result:
        """The larger of two, which gets the gradient; where they are equal, each gets half.

        >>> Value(2.0).maximum(3.0).data
        3.0
        """
        return self._method(ops.MAXIMUM, other)

    def minimum(self, other: Operand) -> Result:
        """The smaller of two, which gets the gradient; where they are equal, each gets half.

        >>> Value(2.0).minimum(3.0).data
        2.0
        """
        return self._method(ops.MINIMUM, other)

    def _method(self, op: Op, other: Operand) -> Result:
        """As `_binary`, for a method, which has to raise where an operator returns NotImplemented."""
        result = self._binary(op, self, other)
        if result is NotImplemented:
            raise TypeError(f"{op.symbol}: a real number is needed, not {errors.in_short(other)}")
        return result


class Value(Operators[Number, "Value"]):
    """A number that remembers how it was computed.

    `data` is the number. `grad` is what `backward()` left: summed over calls at a leaf, of the last call
    elsewhere; it may be reset to 0 or None. `op`, `inputs` and `partials` say how the number was
    computed: the row of the table, the Values it was applied to, and ∂self/∂input for each; a leaf has
    none. `label` is a name for readers. `==` and `hash` go by identity; `<`, `<=`, `>` and `>=` compare `data`.

    Raises TypeError where `data` is not a real number (Python's, NumPy's, a Fraction) or `label` not
    text, ValueError where `data` is NaN or infinite.

    >>> x = Value(3.0, label="x")
    >>> y = x * x + 2 * x; y.backward()
    >>> y.data, x.grad                                          # dy/dx = 2x + 2
    (15.0, 8.0)
    """

    # Nothing points from an input to its users: no reference cycles, and a graph is freed with its root.
    __slots__ = ("_data", "grad", "label", "op", "inputs", "partials")

    def __init__(self, data: Any, label: str | None = None) -> None:
        errors.check_label(label)
        self._data = errors.real_number(data)
        self.grad: Any = 0.0  # a float; None counts as 0
        self.label = label
        self.op: Op | None = None
        self.inputs: tuple[Value, ...] = ()
        self.partials: tuple[float, ...] = ()

    @property
    def data(self) -> float:
        """The number; what is assigned must be real and finite.

        >>> x = Value(3.0); x.data = -2; x.data
        -2.0
        """
        return self._data

    @data.setter
    def data(self, number: Any) -> None:
        self._data = errors.real_number(number, f"{self.label}.data: " if self.label else "")

    def _unary(self, op: Op) -> Value:
        return record(op, (self,), self._data)

    def _binary(self, op: Op, a: Any, b: Any) -> Value:
        try:
            a = a if isinstance(a, Value) else Value(a)
            b = b if isinstance(b, Value) else Value(b)
        except TypeError:
            return NotImplemented  # type: ignore[no-any-return]  # Python then asks the other operand
        return record(op, (a, b), a._data, b._data)

    # Functions of several Values.

    @staticmethod
    def sum(values: Iterable[Number]) -> Value:
        """Σ aᵢ as one node.

        >>> Value.sum([Value(1.0), Value(2.0), 3.0]).data
        6.0
        """
        return _of_vector(ops.SUM, values)

    @staticmethod
    def dot(a: Iterable[Number], b: Iterable[Number]) -> Value:
        """Σ aᵢ bᵢ as one node. Raises ValueError where a and b differ in length.

        >>> Value.dot([Value(1.0), Value(2.0)], [3.0, 4.0]).data
        11.0
        """
        left, right = tuple(map(constant, a)), tuple(map(constant, b))
        if len(left) != len(right):
            raise ValueError(f"dot: {len(left)} numbers on the left, {len(right)} on the right")
        return record(ops.DOT, left + right, numbers(left), numbers(right))

    @staticmethod
    def max(values: Iterable[Number]) -> Value:
        """The largest as one node; where k are equal, each gets 1/k of the gradient. ValueError on no values.

        >>> Value.max([Value(1.0), Value(3.0), Value(2.0)]).data
        3.0
        """
        return _of_vector(ops.MAX, values)

    @staticmethod
    def min(values: Iterable[Number]) -> Value:
        """The smallest as one node; where k are equal, each gets 1/k of the gradient. ValueError on no values.

        >>> Value.min([Value(1.0), Value(3.0), Value(2.0)]).data
        1.0
        """
        return _of_vector(ops.MIN, values)

    @staticmethod
    def logsumexp(values: Iterable[Number]) -> Value:
        """log Σ exp(zᵢ) as one node, without overflow. Raises ValueError on no values.

        >>> Value.logsumexp([Value(1000.0), Value(1000.0)]).data    # 1000 + log 2
        1000.6931471805599
        """
        return _of_vector(ops.LSE, values)

    @staticmethod
    def softmax(values: Iterable[Number]) -> list[Value]:
        """exp(zᵢ) / Σ exp(zⱼ) for each i, without overflow: the shift by max z cancels. ValueError on no values.

        >>> [y.data for y in Value.softmax([Value(1000.0), Value(1000.0)])]
        [0.5, 0.5]
        """
        z = [*map(constant, values)]
        shift = Value.max(z).stop_gradient()
        e = [(zi - shift).exp() for zi in z]
        total = Value.sum(e)
        return [ei / total for ei in e]

    # The two passes.

    def backward(self) -> None:
        """Compute ∂self/∂node for every node self was computed from, into `grad`.

        Leaves add it to what they hold, so gradients of several calls sum up; interior nodes hold that
        of the last call. The partials are those recorded, even if a leaf's `data` was changed since.

        Raises OverflowError, and writes no gradient, where a gradient is too large, or infinite as that of √a at 0.
        After an interrupt (Ctrl-C) some may be written and others not: set those of the leaves to 0 again.

        >>> x = Value(2.0); (x * x).backward(); (x * x).backward()
        >>> x.grad                                                  # 4 + 4
        8.0
        """
        gradient = chain_rule(graph.topological_order(self))
        totals = [g if node.op else g + (node.grad or 0.0) for node, g in gradient.items()]
        if not errors.all_finite(totals):
            errors.refuse_gradient("backward", gradient, totals)
        for node, total in zip(gradient, totals):
            node.grad = total

    def forward(self) -> None:
        """Compute every number of the recorded graph again, from the leaves' data as they are now.

        Gradients stay as they are, and so do decisions that Python's own `if` took while it was recorded.
        Raises as recording does, and then changes nothing. After an interrupt, call it again.

        >>> w = Value(3.0); y = w * w
        >>> w.data = -2; y.forward(); y.backward(); y.data, w.grad
        (4.0, -4.0)
        """
        forward(graph.topological_order(self))

    def detach(self) -> Value:
        """A new leaf with the same number and label, and no history.

        >>> (2 * Value(3.0)).detach()
        Value(data=6.0, grad=0.0)
        """
        return Value(self._data, self.label)

    requires_grad = property(errors.refuse_requires_grad, errors.refuse_requires_grad)

    def __getstate__(self) -> object:
        """What `copy` and `pickle` keep of a leaf. TypeError for a computed Value, behind which is a whole graph."""
        if self.op:
            refused = f"{errors.described(self)} was computed: only leaves can be copied or pickled; take its detach()"
            raise TypeError(refused)
        return super().__getstate__()

    # A Value is not a float, but is compared and printed. It has no __bool__: in the chain rule it is always true.
    def __float__(self, *_: Any) -> NoReturn:
        raise TypeError("float(x), round(x), math.sin(x) cut x off its graph: write x.sin(), or x.data for a number")

    __int__ = __round__ = __trunc__ = __float__

    def __lt__(self, other: Number) -> bool:
        return self._data < (other._data if isinstance(other, Value) else other)

    def __le__(self, other: Number) -> bool:
        return self._data <= (other._data if isinstance(other, Value) else other)

    def __gt__(self, other: Number) -> bool:
        return self._data > (other._data if isinstance(other, Value) else other)

    def __ge__(self, other: Number) -> bool:
        return self._data >= (other._data if isinstance(other, Value) else other)

    def __format__(self, spec: str) -> str:
        return format(self._data, spec) if spec else str(self)

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"Value(data={self._data}, grad={self.grad}{label})"


# The chain rule.


def chain_rule(order: list[Value], partials: Callable[[Value], Any] | None = None) -> dict[Value, Any]:
    """∂L/∂a = Σⱼ ∂L/∂bⱼ · ∂bⱼ/∂a, for L = order[-1] and every a in the order.

    `order` is topological, and `partials(b)` gives ∂b/∂a for each input a of b. Where these are floats, as
    those recorded, the result is numbers; where they are Values, a graph that can be differentiated again.

    >>> x = Value(3.0); chain_rule(graph.topological_order(x * x))[x]
    6.0
    """
    gradient: dict[Value, Any] = dict.fromkeys(order, 0.0)
    gradient[order[-1]] = 1.0
    for b in reversed(order):
        if b.inputs and (g := gradient[b]):  # no 0.0 · ∞, which is NaN; a Value is always true
            for a, p in zip(b.inputs, partials(b) if partials else b.partials):
                gradient[a] += g * p  # += : a may be used twice
    return gradient


# Recording.

_new_value = Value.__new__  # makes a Value without __init__


def record(op: Op, inputs: tuple[Value, ...], *arguments: Any) -> Value:
    """Record `op` applied to `inputs` as a new node; `arguments` is their data as `op.arguments` groups it.

    Raises ValueError, ZeroDivisionError or OverflowError, as Python's own mathematics does, where
    the value is not finite. A partial may be infinite, as that of √a at 0.
    """
    try:
        y = op.value(*arguments)
        partials = op.partials(y, *arguments)
        if not isfinite(y):
            raise OverflowError
    except (ArithmeticError, ValueError) as error:
        errors.refuse(op, inputs, arguments, type(error))
    node = _new_value(Value)  # Value(y) would check y again
    node._data = y
    node.grad = 0.0
    node.label = None
    node.op = op
    node.inputs = inputs
    node.partials = partials
    return node


def _of_vector(op: Op, values: Iterable[Number]) -> Value:
    """Record a row of one vector, such as sum. Raises ValueError on no values, but for sum, which is then 0."""
    inputs = tuple(map(constant, values))
    if not inputs and op is not ops.SUM:
        raise ValueError(f"{op.symbol}: at least one number is needed")
    return record(op, inputs, numbers(inputs))


def forward(order: list[Value]) -> None:
    """Compute every node of a topological order again, all or none."""
    again: dict[Value, Value] = {}  # temporary nodes: nothing is written until all have succeeded
    for node in order:
        now = numbers([again[a] for a in node.inputs])
        again[node] = record(node.op, node.inputs, *node.op.arguments(now)) if node.op else node
    for node, new in again.items():
        node._data, node.partials = new._data, new.partials


def check_current(reading: str, order: list[Value]) -> None:
    """Raise RuntimeError, in the name of a reading, unless every number follows from its inputs as they are now."""
    for op, node in [(node.op, node) for node in order if node.op]:
        try:
            arguments = op.arguments(numbers(node.inputs))
            y = op.value(*arguments)
            holds = y == node._data and op.partials(y, *arguments) == node.partials
        except (ArithmeticError, ValueError):
            holds = False
        if not holds:
            errors.refuse_changed(reading, node)


def constant(x: Any) -> Value:
    """`x` itself if it is a Value, else a new leaf that holds it."""
    return x if isinstance(x, Value) else Value(x)


def numbers(values: Iterable[Value]) -> tuple[float, ...]:
    return tuple([v._data for v in values])
