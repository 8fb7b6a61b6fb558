"""Value: one number in a computation graph, and the backward pass through it."""

from __future__ import annotations

from math import isfinite
from numbers import Real
from typing import TYPE_CHECKING

from . import ops
from .graph import topological_order
from .ops import Op

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, NoReturn, TypeAlias

    Number: TypeAlias = "Value | float"


class Value:
    """A number that remembers how it was computed.

    `data` is the number and `grad` the derivative of the last `backward()` root with respect
    to it (0.0 before). `op`, `inputs` and `partials` say how it was computed: the row of the
    rule table, the Values it was computed from, in order, and ∂self/∂input for each of them as
    the numbers stood at that moment. A leaf has `op` None and no inputs. `label` is a name for
    readers. Values compare and hash by identity; `<` and its kin compare `data`.

    Args:
        data: a finite real number (Python's, NumPy's, a Fraction).
        label: a name for pictures and messages.

    Raises:
        TypeError: `data` is no real number, or `label` no text.
        ValueError: `data` is NaN or infinite.

    >>> x = Value(3.0, label="x")
    >>> y = x * x + 2 * x
    >>> y.backward()
    >>> y.data, x.grad                                          # dy/dx = 2x + 2
    (15.0, 8.0)
    """

    # One object and no dictionary a node: 80 bytes. Nothing points from an input to its users,
    # so there are no reference cycles and a graph is freed the moment its root is dropped.
    __slots__ = ("data", "grad", "label", "op", "inputs", "partials")
    __array_ufunc__ = None  # NumPy leaves `numpy_float * value` to Value

    data: float
    grad: float
    label: str | None
    op: Op | None
    inputs: tuple[Value, ...]
    partials: tuple[float, ...]

    def __init__(self, data: Any, label: str | None = None) -> None:
        if label is not None:
            check_label(label)
        self.data = data if type(data) is float and isfinite(data) else real_number(data)  # the call is a seventh
        self.grad = 0.0
        self.label = label
        self.op = None
        self.inputs = ()
        self.partials = ()

    # Arithmetic. Each operator is its row of the table.

    def __add__(self, other: Number) -> Value:
        return _binary(ops.ADD, self, other)

    def __radd__(self, other: float) -> Value:
        if type(other) in (int, float) and other == 0:
            return self  # where sum() and a gradient's running total start
        return _binary(ops.ADD, other, self)

    def __sub__(self, other: Number) -> Value:
        return _binary(ops.SUB, self, other)

    def __rsub__(self, other: float) -> Value:
        return _binary(ops.SUB, other, self)

    def __mul__(self, other: Number) -> Value:
        return _binary(ops.MUL, self, other)

    def __rmul__(self, other: float) -> Value:
        return _binary(ops.MUL, other, self)

    def __truediv__(self, other: Number) -> Value:
        return _binary(ops.DIV, self, other)

    def __rtruediv__(self, other: float) -> Value:
        return _binary(ops.DIV, other, self)

    def __neg__(self) -> Value:
        return _unary(ops.NEG, self)

    def __pos__(self) -> Value:
        return self

    def __pow__(self, exponent: Number) -> Value:
        if isinstance(exponent, Value):
            return (exponent * self.log()).exp()  # aᵇ = e^(b log a), for a > 0
        try:
            n = real_number(exponent)
        except TypeError:
            return NotImplemented
        return _unary(ops.power(n), self)

    def __rpow__(self, base: float) -> Value:
        return constant(base) ** self

    def __abs__(self) -> Value:
        return _unary(ops.ABS, self)

    # Functions. Each is its row of the table.

    def exp(self) -> Value:
        """eᵃ, its own derivative. Raises OverflowError for a above 709.

        >>> Value(0.0).exp().data
        1.0
        """
        return _unary(ops.EXP, self)

    def log(self) -> Value:
        """The natural logarithm of a, with derivative 1/a. Raises ValueError unless a > 0.

        >>> Value(1.0).log().data
        0.0
        """
        return _unary(ops.LOG, self)

    def sqrt(self) -> Value:
        """√a, with derivative 1/(2√a). Raises ValueError below 0, ZeroDivisionError at 0: the slope is infinite.

        >>> Value(9.0).sqrt().data
        3.0
        """
        return _unary(ops.SQRT, self)

    def tanh(self) -> Value:
        """tanh a, with derivative 1 − tanh² a.

        >>> Value(0.0).tanh().data
        0.0
        """
        return _unary(ops.TANH, self)

    def sigmoid(self) -> Value:
        """σ(a) = 1 / (1 + e⁻ᵃ), with derivative σ(a) (1 − σ(a)).

        >>> Value(0.0).sigmoid().data
        0.5
        """
        return _unary(ops.SIGMOID, self)

    def relu(self) -> Value:
        """a where a > 0, else 0, with derivative `step`.

        >>> Value(-2.0).relu().data, Value(3.0).relu().data
        (0.0, 3.0)
        """
        return _unary(ops.RELU, self)

    def sin(self) -> Value:
        """sin a, for a in radians, with derivative cos a.

        >>> Value(0.0).sin().data
        0.0
        """
        return _unary(ops.SIN, self)

    def cos(self) -> Value:
        """cos a, for a in radians, with derivative −sin a.

        >>> Value(0.0).cos().data
        1.0
        """
        return _unary(ops.COS, self)

    def abs(self) -> Value:
        """|a|, with the sign of a as derivative, and 0 at 0. Python's `abs(a)` is the same.

        >>> Value(-2.0).abs().data
        2.0
        """
        return _unary(ops.ABS, self)

    def step(self) -> Value:
        """1 where a > 0, else 0, with derivative 0 everywhere.

        >>> Value(0.0).step().data, Value(3.0).step().data
        (0.0, 1.0)
        """
        return _unary(ops.STEP, self)

    def maximum(self, other: Number) -> Value:
        """The larger of two, which gets the gradient; where they are equal, each gets half.

        >>> Value(2.0).maximum(3.0).data
        3.0
        """
        return _binary(ops.MAXIMUM, self, constant(other))

    def minimum(self, other: Number) -> Value:
        """The smaller of two, which gets the gradient; where they are equal, each gets half.

        >>> Value(2.0).minimum(3.0).data
        2.0
        """
        return _binary(ops.MINIMUM, self, constant(other))

    @staticmethod
    def sum(values: Iterable[Number]) -> Value:
        """Σ aᵢ as one node.

        >>> Value.sum([Value(1.0), Value(2.0), 3.0]).data
        6.0
        """
        return of_vector(ops.SUM, tuple(map(constant, values)))

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
    def logsumexp(values: Iterable[Number]) -> Value:
        """log Σ exp(zᵢ) as one node, without overflow. Raises ValueError on no values.

        >>> Value.logsumexp([Value(1000.0), Value(1000.0)]).data    # 1000 + log 2
        1000.6931471805599
        """
        return of_vector(ops.LSE, tuple(map(constant, values)))

    # The partials of tanh, sigmoid and logsumexp, with all their digits. ops.py says how.

    def one_minus_square(self, a: Value) -> Value:
        """1 − self² where self is tanh a.

        >>> a = Value(20.0)                                         # 4 exp(−40) to the last digits
        >>> a.tanh().one_minus_square(a).data, 1 - a.tanh().data ** 2
        (1.6993417021166355e-17, 0.0)
        """
        return _binary(ops.ONE_MINUS_SQUARE, self, a)

    def one_minus(self, a: Value) -> Value:
        """1 − self where self is sigmoid a.

        >>> a = Value(40.0)                                         # exp(−40) to the last digits
        >>> a.sigmoid().one_minus(a).data, 1 - a.sigmoid().data
        (4.248354255291589e-18, 0.0)
        """
        return _binary(ops.ONE_MINUS, self, a)

    def softmax(self, z: Sequence[Value]) -> tuple[Value, ...]:
        """exp(zᵢ − self) where self is logsumexp z: the softmax of z.

        >>> z = [Value(0.0), Value(0.0)]
        >>> [share.data for share in Value.logsumexp(z).softmax(z)]
        [0.5, 0.5]
        """
        return ops.shares(z, of_vector(ops.LARGEST, tuple(z)), Value.sum)

    # The backward pass.

    def backward(self) -> None:
        """Compute ∂self/∂node for every node self was computed from, into `grad`.

        Leaves add it to what they hold, so gradients of several calls sum up; interior nodes
        hold that of the last call. The numbers are those of the recorded forward pass, also if
        a leaf's `data` has been changed since.

        Raises:
            OverflowError: a gradient is too large for a float. Every `grad` is left as it was.

        >>> x = Value(2.0)
        >>> (x * x).backward(); (x * x).backward()
        >>> x.grad                                                  # 4 + 4
        8.0
        """
        order = topological_order(self)
        before = chain_rule(order)
        if any(before):
            for node, grad in zip(order, before):
                if not node.op:  # leaves add up
                    node.grad += grad
        if not all_finite([node.grad for node in order]):
            first = next(node for node in reversed(order) if not isfinite(node.grad))
            set_grads(order, before)
            raise OverflowError(
                f"backward: the gradient of {_described(first)} is too large for a float; usual cause: "
                "a huge partial derivative, or many large ones multiplied along a path"
            )

    def detach(self) -> Value:
        """A new leaf with the same number and label, and no history.

        >>> (2 * Value(3.0)).detach()
        Value(data=6.0, grad=0.0)
        """
        return Value(self.data, self.label)

    def __getstate__(self) -> object:
        """What `copy` and `pickle` keep of a leaf.

        Raises TypeError for a computed Value: they walk through a graph by recursion, and the copy
        would have copies of the leaves, which nobody learns with.
        """
        if self.op:
            raise TypeError(
                f"{_described(self)} was computed: only leaves can be copied or pickled, not the graph behind "
                "a result; take its detach(), or the parameters"
            )
        return super().__getstate__()

    # As a number, for printing and for Python's own decisions. There is no __bool__: the chain rule
    # passes over a gradient of 0.0, but not over a Value, which is 0 here and may not be constant.

    def __float__(self) -> float:
        return self.data

    def __lt__(self, other: Number) -> bool:
        return self.data < _data(other)

    def __le__(self, other: Number) -> bool:
        return self.data <= _data(other)

    def __gt__(self, other: Number) -> bool:
        return self.data > _data(other)

    def __ge__(self, other: Number) -> bool:
        return self.data >= _data(other)

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else str(self)

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"Value(data={self.data}, grad={self.grad}{label})"


def chain_rule(order: list[Value], partials: Callable[[Value], Sequence[Any]] | None = None) -> list[Any]:
    """The chain rule, ∂L/∂a = Σⱼ ∂L/∂bⱼ · ∂bⱼ/∂a, for L = order[-1], into the `grad` of each node.

    `order` is topological, and `partials(b)` gives ∂b/∂a for each input a of b: as floats, by
    default those recorded, and the result is the gradient's numbers; as Values, and it is the
    gradient's own graph. Returns what each `grad` held before.
    """
    before = [node.grad for node in order]
    try:
        if any(before):
            for node in order:
                node.grad = 0.0
        order[-1].grad = 1.0
        for b in reversed(order):
            if b.inputs and (g := b.grad):
                ps = partials(b) if partials else b.partials
                k = 0  # in a small network enumerate makes the loop an eighth slower, zip a third
                for a in b.inputs:
                    a.grad += g * ps[k]  # += : a may be used twice
                    k += 1  # noqa: SIM113
    except BaseException:
        set_grads(order, before)
        raise
    return before


def gradients(order: list[Value], partials: Callable[[Value], Sequence[Any]] | None = None) -> dict[Value, Any]:
    """What `chain_rule` computes, with every `grad` as it was."""
    before = chain_rule(order, partials)
    found = {node: node.grad for node in order}
    set_grads(order, before)
    return found


def set_grads(nodes: list[Value], grads: Iterable[Any]) -> None:
    for node, grad in zip(nodes, grads):
        node.grad = grad


# Recording.


def real_number(x: Any) -> float:
    """`x` as a finite float.

    Raises:
        TypeError: `x` is text, complex, a sequence, None, a Value …
        ValueError: `x` is NaN or infinite.
    """
    if type(x) is not float:
        if not isinstance(x, Real):
            several = "; for several numbers use Tensor" if isinstance(x, (list, tuple)) else ""
            raise TypeError(f"a real number is needed, not {type(x).__name__} {x!r}{several}")
        x = float(x)
    number: float = x
    if not isfinite(number):
        raise ValueError(f"a finite number is needed, not {number}")
    return number


def check_label(label: Any) -> None:
    """Raises TypeError unless the label is text."""
    if not isinstance(label, str):
        raise TypeError(f"a label is text, not {label!r}; several numbers go in one list, as in Tensor([1, 2])")


def all_finite(numbers: Sequence[float]) -> bool:
    """Whether no number is inf or nan. One sum looks at all at the speed of C; only then look closer."""
    return isfinite(sum(numbers)) or all(map(isfinite, numbers))


def constant(x: Any) -> Value:
    """`x` itself if it is a Value, else a new leaf that holds it."""
    return x if isinstance(x, Value) else Value(x)


def _data(x: Number) -> float:
    return x.data if isinstance(x, Value) else x


def numbers(values: Iterable[Value]) -> tuple[float, ...]:
    return tuple([v.data for v in values])


def _unary(op: Op, a: Value) -> Value:
    return record(op, (a,), a.data)


def _binary(op: Op, a: Any, b: Any) -> Value:
    try:
        if type(a) is not Value:
            a = constant(a)
        if type(b) is not Value:
            b = constant(b)
    except TypeError:
        return NotImplemented  # type: ignore[no-any-return]  # Python then asks the other operand
    return record(op, (a, b), a.data, b.data)


def of_vector(op: Op, inputs: tuple[Value, ...]) -> Value:
    """Record a row of one vector, such as sum."""
    return record(op, inputs, numbers(inputs))


_new_value = Value.__new__


def record(op: Op, inputs: tuple[Value, ...], a: Any, b: Any = None, c: Any = None) -> Value:
    """Record `op` applied to `inputs` as a new node; a, b and c are the arguments of its row, in numbers.

    Raises:
        ValueError, ZeroDivisionError or OverflowError, as Python's own mathematics does, where
        the value or one of its partial derivatives is not a finite number.
    """
    try:
        if b is None:  # not `value(*arguments)`: the star takes 0.1 µs
            y = op.value(a)
            partials = op.partials(y, a)
        elif c is None:
            y = op.value(a, b)
            partials = op.partials(y, a, b)
        else:
            y = op.value(a, b, c)
            partials = op.partials(y, a, b, c)
    except (ArithmeticError, ValueError) as error:
        _refuse(op, inputs, type(error))
    # Where a row is not steep, its partials are finite if y is. (The sum of finite numbers may overflow.)
    if not isfinite(sum(partials, y) if op.steep else y) and not all_finite((y, *partials)):
        _refuse(op, inputs, OverflowError)
    node = _new_value(Value)  # Value(y) would check y again: 0.3 µs
    node.data = y
    node.grad = 0.0
    node.label = None
    node.op = op
    node.inputs = inputs
    node.partials = partials
    return node


_USUAL_CAUSE = {
    ops.LOG: "log needs a number above 0; for the log of a softmax use log_softmax or cross_entropy",
    ops.SQRT: "sqrt needs a number above 0: at 0 its slope is infinite",
    ops.DIV: "the divisor is 0 or almost 0",
    ops.EXP: "exp of more than 709 exceeds a float; for softmax, use logits and logsumexp",
}


def _refuse(op: Op, inputs: tuple[Value, ...], error: type[Exception]) -> NoReturn:
    """Raise `error` for a node that has no finite value or derivative; of many inputs it shows the largest."""
    cause = _USUAL_CAUSE.get(op, "the numbers have grown too large, or lie outside the domain of the function")
    shown = inputs if len(inputs) <= 4 else sorted(inputs, key=lambda x: abs(x.data), reverse=True)[:4]
    operands = ", ".join(map(_described, shown)) + (", …" if len(inputs) > 4 else "")
    raise error(f"{op.symbol} of {operands} has no finite value or derivative; usual cause: {cause}") from None


def _described(node: Value) -> str:
    name = node.label or (node.op.symbol if node.op else "")
    return f"{name} = {node.data!r}" if name else repr(node.data)
