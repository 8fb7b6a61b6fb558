"""Checking derivatives: central differences, which know nothing of the chain rule."""

from collections.abc import Callable
from math import inf
from sys import float_info
from typing import Any

from .. import errors, graph, shapes
from ..tree import flatten, one_value, paths, values_in
from ..value import Value, chain_rule
from .tensor import Tensor

#: Balances the two errors of a central difference, h² from the formula and ε/h from rounding.
_STEP: float = float_info.epsilon ** (1 / 3)


class GradcheckError(AssertionError):
    """A derivative that backward() computes is not that of the function.

    >>> gradcheck(lambda x: x * x.detach(), [1.0])              # doctest: +ELLIPSIS
    Traceback (most recent call last):
    tinygrad_edu.network.gradcheck.GradcheckError: gradcheck: the derivative to inputs[0] is 1 by backward, but 2 ...
    """


def central_difference(f: Callable[..., Any], inputs: Any, step: float | None = None) -> list[Any]:
    """∂f/∂x ≈ (f(x + h) − f(x − h)) / 2h for every number in the inputs.

    Args:
        f: called as `f(*inputs)`; returns a number, a Value, or a Tensor of one element.
        inputs: a list of numbers, nested lists, Values and Tensors (or a single one of them that is not
            a list). f gets numbers as Values and nested lists as Tensors. Values and Tensors are moved in place
            and put back, so f may also read them by itself, as a Module reads its parameters.
        step: h; by default ε^⅓ · max(1, |x|), about 6e-6, for an error of about 1e-10.

    Returns:
        For each input a float, or nested floats for a Tensor.

    Raises:
        ValueError: there are no inputs, or the step is not above 0. What f raises near one of them is passed on.
        TypeError: f returns no number.

    >>> [round(d, 6) for d in central_difference(lambda a, b: a * a * b, [3.0, 2.0])]
    [12.0, 9.0]
    """
    args = _arguments(inputs)
    slopes = [([_slope(f, args, x, step) for x in values_in(arg)], getattr(arg, "shape", ())) for arg in args]
    return [shapes.nested(*of_arg) for of_arg in slopes]


def gradcheck(
    f: Callable[..., Any], inputs: Any, rtol: float = 1e-5, atol: float = 1e-7, step: float | None = None
) -> bool:
    """Compare the derivatives of `backward()` with central differences, for every number in the inputs.

    A whole network is checked by its parameters, `gradcheck(lambda *_: loss(net(x), y), net.parameters())`.

    Args:
        f, inputs, step: as in `central_difference`; f must return a Value or a Tensor of one element.
        rtol, atol: an error up to atol + rtol · |difference| passes.

    Returns:
        True, as PyTorch's.

    Raises:
        GradcheckError: a derivative differs; the message names the worst.
        ValueError: as `central_difference`, f depends on none of the inputs, or computes something else each time.

    >>> gradcheck(lambda x: (x * x).sum(), [[1.0, -2.0]])
    True
    """
    args = _arguments(inputs)
    y, again = one_value(f(*args)), one_value(f(*args))
    if y.data != again.data:
        raise ValueError(
            f"gradcheck: two calls of f at the same point give {y.data} and {again.data}; "
            "what f draws at random, such as a dropout, must be the same each time"
        )
    gradient = chain_rule(graph.topological_order(y))  # not backward(), which adds to the grad of leaves
    if not any([x in gradient for x in values_in(args)]):
        raise ValueError("gradcheck: the result of f depends on none of the inputs")
    numeric = flatten(central_difference(f, args, step))
    names = [x.label or "inputs" + "".join([f"[{k}]" for k in path]) for path, x in paths(args)]
    rows = list(zip(names, [gradient.get(x, 0.0) for x in values_in(args)], numeric))
    wrong = [(abs(g - n), name, g, n) for name, g, n in rows if not abs(g - n) <= atol + rtol * abs(n)]
    if wrong:
        error, name, g, n = max(wrong)
        raise GradcheckError(
            f"gradcheck: the derivative to {name} is {g:.6g} by backward, but {n:.6g} by central differences "
            f"(error {error:.1e}); {len(wrong)} of {len(rows)} differ"
        )
    return True


def _arguments(inputs: Any) -> list[Value | Tensor]:
    """What f is called with: numbers as new leaves, Values and Tensors themselves."""
    inputs = inputs if isinstance(inputs, (list, tuple)) else [inputs]
    if not inputs:
        raise ValueError("there are no inputs to differentiate by")
    args = [x if isinstance(x, (Value, Tensor)) else Tensor(x) for x in inputs]
    return [x.values[0] if isinstance(x, Tensor) and not x.shape else x for x in args]


def _slope(f: Callable[..., Any], args: list[Value | Tensor], x: Value, step: float | None) -> float:
    """(f(x + h) − f(x − h)) / 2h for one number x of the arguments, which is moved and put back."""
    middle = x.data
    h = _STEP * max(1.0, abs(middle)) if step is None else errors.real_number(step, "step: ")
    high, low = middle + h, middle - h
    if not 0 < high - low < inf:
        raise ValueError(f"a step above 0 that leads away from {middle} is needed, not {h}")
    try:
        x.data = high
        above = Tensor(f(*args)).item()
        x.data = low
        below = Tensor(f(*args)).item()
    finally:
        x.data = middle
    return (above - below) / (high - low)  # high − low is 2h as it was rounded
