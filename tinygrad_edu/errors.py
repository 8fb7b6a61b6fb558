"""What the engine refuses, and why: the checks and messages that several files share."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from numbers import Real
from typing import TYPE_CHECKING, Any, NoReturn

from . import ops

if TYPE_CHECKING:
    from .value import Value


#: By a row and what gave it 0 or 1, by a row and the error, and by the error alone.
CAUSES: dict[Any, str] = {
    (ops.LOG, ops.SIGMOID): "far out a sigmoid is 0 or 1; binary_cross_entropy_with_logits takes its logit",
    (ops.LOG, ops.EXP): "exp, so a softmax too, can be 0; use log_softmax or cross_entropy, which take the log first",
    (ops.LOG, ValueError): "log needs a number above 0",
    (ops.SQRT, ValueError): "sqrt needs a number that is not below 0",
    (ops.DIV, ZeroDivisionError): "the divisor is 0",
    (ops.DIV, OverflowError): "the divisor is almost 0, or the dividend large",
    (ops.EXP, OverflowError): "exp of more than 709 is too large for a float; sigmoid, softmax and logsumexp avoid it",
    (ops.POW, ValueError): "a Value as exponent needs a base above 0; for x ** 2 write a number as exponent",
    (ops.power, ValueError): "a number below 0 needs a whole exponent, and 0 one that is not below 0",
    OverflowError: "no float is above 1.8e308; in training a smaller learning rate helps",
}


def real_number(x: Any, of: str = "") -> float:
    """`x` as a finite float. Else a TypeError, or for NaN and infinity a ValueError, that begins with `of`."""
    if type(x) is not float and getattr(x, "shape", None) == () and hasattr(x, "dtype"):
        x = x.item()  # NumPy's arrays of one number, and its True and False
    if type(x) is not float and not isinstance(x, Real):
        several = "; for several numbers use Tensor" if isinstance(x, (list, tuple)) else ""
        raise TypeError(f"{of}a real number is needed, not {in_short(x)}{several}")
    number = float(x)
    if not isfinite(number):
        raise ValueError(f"{of}a finite number is needed, not {number}")
    return number


def check_label(label: Any) -> None:
    """Raise TypeError unless the label is text, or None."""
    if label is not None and not isinstance(label, str):
        raise TypeError(f"a label is text, not {label!r:.60}; several numbers go in one list, as in Tensor([1, 2])")


def all_finite(numbers: Sequence[float]) -> bool:
    """Whether no number is inf or nan."""
    return all(map(isfinite, numbers))


def refuse(op: ops.Op, inputs: tuple[Value, ...], arguments: tuple[Any, ...], error: type[Exception]) -> NoReturn:
    """Raise `error` for a node that has no finite value."""
    # The numbers used: in forward() the inputs still hold the old ones.
    now = [x for a in arguments for x in (a if isinstance(a, tuple) else (a,))]
    row, first = (op if op.exponent is None else ops.power), inputs[0]
    # A first argument of 0: was it, or one of its own inputs, a sigmoid or an exponential that is 0 far out?
    suspects = [(first.op, now[0]), *[(a.op, a.data) for a in first.inputs]] if now[0] == 0 else []
    far_out = [(row, of) for of, y in suspects if y == 0 or (of is ops.SIGMOID and y == 1)]
    cause = next((CAUSES[key] for key in [*far_out, (row, error), error] if key in CAUSES), "outside the domain")
    raise error(f"{op.symbol} of {listed(inputs, now)} has no finite value; usual cause: {cause}") from None


def refuse_gradient(reading: str, gradient: dict[Value, float], totals: list[float]) -> None:
    """Raise for the first node, from the root on, that has no finite gradient or meets an infinite partial.

    `reading` is what computed it, for the message.
    """
    for b, total in zip(reversed(gradient), reversed(totals)):
        if not isfinite(total):
            raise OverflowError(f"{reading}: the gradient of {described(b)} is too large for a float")
        if gradient[b] and not all(map(isfinite, b.partials)):
            raise OverflowError(f"{reading}: {infinite(b)}, and a gradient of {gradient[b]} arrives there")


def refuse_unused(reading: str, order: list[Value], ends: Sequence[Sequence[Value]]) -> None:
    """Raise for Values of which none is in the graph, if one of them was computed or is a copy.

    A label tells a copy; one that a Module suggests, as two of its layers may, only if none of all is in the graph.
    """
    graph, labels = {*order}, {node.label for node in order if node.label and not node.op}
    unused = [values for values in ends if graph.isdisjoint(values)]
    for x in [x for values in unused for x in values]:
        counts = len(unused) == len(ends) or not getattr(x.label, "is_suggested", False)
        if x.op or (counts and x.label in labels):
            why = "takes part in another computation" if x.op else "is a copy, or has the name of another"
            raise ValueError(
                f"{reading}: y was not computed from this {described(x)}, which {why}. "
                "If its derivative is to count as 0, write allow_unused=True"
            )


def refuse_changed(reading: str, node: Value) -> NoReturn:
    """Raise for a node that does not follow from its inputs as they are now."""
    raise RuntimeError(
        f"{reading}: {described(node)} does not follow from {listed(node.inputs, [a.data for a in node.inputs])}: "
        "data was changed after it was recorded. Call forward() on the result, which computes it again"
    )


def refuse_requires_grad(self: object, value: object = None) -> NoReturn:
    """PyTorch has it; here reading and setting it raise AttributeError.

    >>> from tinygrad_edu import Value
    >>> Value(1.0).requires_grad = False                        # doctest: +ELLIPSIS
    Traceback (most recent call last):
    AttributeError: there is no requires_grad: every leaf gets its gradient. To keep a parameter as it is, give ...
    """
    raise AttributeError(
        "there is no requires_grad: every leaf gets its gradient. To keep a parameter as it is, give the optimiser "
        "only the others; detach() cuts a graph"
    )


def refuse_infinite(node: Value) -> NoReturn:
    """Raise for a node with an infinite partial, of which there is no Value."""
    raise OverflowError(
        f"{infinite(node)}, and a Value is finite. backward() computes numbers instead, and counts this path as 0 "
        "where the gradient that arrives is 0"
    )


def infinite(node: Value) -> str:
    """`sqrt = 0.0 has an infinite derivative at x = 0.0`."""
    return f"{described(node)} has an infinite derivative at {listed(node.inputs, [a.data for a in node.inputs])}"


def described(node: Value, number: float | None = None) -> str:
    """`h = 0.5`, `tanh = 0.5` or just `0.5`: the name or the operation of a node, and a number, by default its own."""
    name = node.label or (node.op.symbol if node.op else "")
    return (f"{name} = " if name else "") + repr(node.data if number is None else number)


def listed(nodes: Sequence[Value], numbers: Sequence[float]) -> str:
    """Each node with its number; of many the four largest."""
    pairs = sorted(zip(nodes, numbers), key=lambda pair: -abs(pair[1])) if len(nodes) > 4 else [*zip(nodes, numbers)]
    return ", ".join([described(*pair) for pair in pairs[:4]]) + (", …" if len(nodes) > 4 else "")


def in_short(x: Any) -> str:
    """The type of something that is not a number, and how it begins when it is printed.

    >>> in_short([1.0] * 50)
    'list [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0,…'
    """
    text = " ".join(repr(x).split())
    return f"{type(x).__name__} {text if len(text) <= 60 else text[:55] + '…'}"
