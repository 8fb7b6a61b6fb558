"""Checking derivatives: central differences, which know nothing of the chain rule."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import inf, prod
from sys import float_info
from typing import Any, NamedTuple

from ..graph import topological_order
from ..shapes import nested
from ..tree import one_value, values_in
from ..value import Value, chain_rule, real_number
from .tensor import Tensor

#: Balances the two errors of a central difference, h² from the formula and ε/h from rounding.
_STEP: float = float_info.epsilon ** (1 / 3)


class GradcheckError(AssertionError):
    """A derivative that backward() computes is not that of the function.

    >>> gradcheck(lambda x: x * x.detach(), [1.0])              # doctest: +ELLIPSIS
    Traceback (most recent call last):
    tinygrad_edu.network.gradcheck.GradcheckError: gradcheck: the derivative to inputs[0] is 1 by backward, but 2 ...
    """


class Coordinate(NamedTuple):
    """One derivative: where, by `backward()`, and by central differences.

    >>> Coordinate("x", 2.0, 2.5)
    <x: 2 by backward, 2.5 by differences>
    """

    name: str
    analytic: float
    numeric: float

    @property
    def error(self) -> float:
        """How far they are apart.

        >>> Coordinate("x", 2.0, 2.5).error
        0.5
        """
        return abs(self.analytic - self.numeric)

    def __repr__(self) -> str:
        return f"<{self.name}: {self.analytic:.6g} by backward, {self.numeric:.6g} by differences>"


class GradcheckReport(list[Coordinate]):
    """The coordinates that were compared; prints as a table.

    >>> gradcheck(lambda x: 3 * x, [2.0])[0].analytic
    3.0
    """

    def __str__(self) -> str:
        width = max([len("coordinate"), *[len(row.name) for row in self]])
        lines = [f"{'coordinate':<{width}}  {'analytic':>13}  {'numeric':>13}  {'error':>8}"]
        for row in self:
            lines.append(f"{row.name:<{width}}  {row.analytic:>13.6g}  {row.numeric:>13.6g}  {row.error:>8.1e}")
        return "\n".join(lines)

    __repr__ = __str__


def central_difference(f: Callable[..., Any], inputs: Any, step: float | None = None) -> list[Any]:
    """∂f/∂x ≈ (f(x + h) − f(x − h)) / 2h for every number in the inputs.

    Args:
        f: called as `f(*inputs)`; returns a number, a Value, or a Tensor of one element.
        inputs: a list of numbers, nested lists, Values and Tensors (or a single one of them but
            a list). f gets numbers as Values, and nested lists as Tensors; of Values and Tensors
            it gets copies, but where its result depends on them themselves, as on the parameters
            of a Module, they are moved in place and put back.
        step: h; by default ε^⅓ · max(1, |x|), about 6e-6, for an error of about 1e-10.

    Returns:
        For each input a float, or nested floats for a Tensor.

    Raises:
        ValueError: there are no inputs, or the step is not above 0. What f raises near one of them is passed on.
        TypeError: f returns no number.

    >>> [round(d, 6) for d in central_difference(lambda a, b: a * a * b, [3.0, 2.0])]
    [12.0, 9.0]
    """
    args, _ = _arguments("central_difference", f, inputs)
    flat = iter(_differences("central_difference", f, args, step))
    shapes = [arg.shape if isinstance(arg, Tensor) else () for arg in args]
    return [nested([next(flat) for _ in range(prod(shape))], shape) for shape in shapes]


def gradcheck(
    f: Callable[..., Any], inputs: Any, rtol: float = 1e-5, atol: float = 1e-7, step: float | None = None
) -> GradcheckReport:
    """Compare `backward()` with central differences at every coordinate of the inputs.

    A whole network is checked by its parameters, `gradcheck(lambda *_: loss(net(x), y), net.parameters())`.

    Args:
        f, inputs, step: as in `central_difference`; f must return a Value or a Tensor of one element.
        rtol, atol: an error up to atol + rtol · |numeric| passes.

    Returns:
        The comparison, a table when printed.

    Raises:
        GradcheckError: a coordinate differs; the message names the worst and shows the table.
        ValueError: as `central_difference`, a tolerance below 0, f depends on none of the inputs, or
            computes something else each time.

    >>> print(gradcheck(lambda x: (x * x).sum(), [[1.0, -2.0]]))       # doctest: +ELLIPSIS
    coordinate         analytic        numeric     error
    inputs[0][0]              2              2   ...
    inputs[0][1]             -4             -4   ...
    """
    if min(real_number(rtol, "gradcheck: rtol: "), real_number(atol, "gradcheck: atol: ")) < 0:
        raise ValueError(f"gradcheck: rtol and atol are at least 0, not {rtol} and {atol}")
    args, first = _arguments("gradcheck", f, inputs)
    again = f(*args)
    first, y = one_value(first), one_value(again)
    if y.data != first.data:
        raise ValueError(
            f"gradcheck: two calls of f at the same point give {first.data} and {y.data}; "
            "what f draws at random, such as a dropout, must be the same each time"
        )
    gradient = chain_rule(topological_order(y))  # not backward(), which adds to the grad of leaves that f reads itself
    if not any([x in gradient for x in values_in(args)]):
        raise ValueError("gradcheck: the result of f depends on none of the inputs")
    analytic = [gradient.get(x, 0.0) for x in values_in(args)]
    numeric = _differences("gradcheck", f, args, step)
    report = GradcheckReport(map(Coordinate, [name for name, _ in _coordinates(args)], analytic, numeric))
    wrong = [row for row in report if not row.error <= atol + rtol * abs(row.numeric)]
    if wrong:
        worst = max(wrong, key=lambda row: row.error)
        raise GradcheckError(
            f"gradcheck: the derivative to {worst.name} is {worst.analytic:.6g} by backward, but {worst.numeric:.6g} "
            f"by central differences (error {worst.error:.1e}); {len(wrong)} of {len(report)} differ\n{report}"
        )
    return report


def _arguments(caller: str, f: Callable[..., Any], inputs: Any) -> tuple[list[Value | Tensor], Any]:
    """What f is to be called with, and its result there: copies of the inputs, or themselves if f reads them."""
    inputs = inputs if isinstance(inputs, (list, tuple)) else [inputs]
    if not inputs:
        raise ValueError(f"{caller}: there are no inputs to differentiate by")
    given = [x if isinstance(x, (Value, Tensor)) else Tensor(x) for x in inputs]
    copies = [x.detach() for x in given]
    args = [x.values[0] if isinstance(x, Tensor) and not x.shape else x for x in copies]
    y = f(*args)
    read = {*topological_order(*values_in(y))} if isinstance(y, (Value, Tensor)) else set()
    if read.isdisjoint(values_in(given)):
        return args, y
    if any([x.op for x in values_in(given)]):
        raise ValueError(f"{caller}: f reads an input that was computed; only leaves can be moved in place")
    return given, f(*given)


def _differences(caller: str, f: Callable[..., Any], args: list[Value | Tensor], step: float | None) -> list[float]:
    """(f(x + h) − f(x − h)) / 2h for each coordinate x of the arguments; x is moved and put back."""
    found = []
    for name, x in _coordinates(args):
        middle = x.data
        h = _STEP * max(1.0, abs(middle)) if step is None else real_number(step, f"{caller}: step: ")
        high, low = middle + h, middle - h
        if not 0 < high - low < inf:
            raise ValueError(f"{caller}: a step above 0 that leads away from {middle} is needed, not {h}")
        try:
            x.data = high
            above = Tensor(f(*args)).item()
            x.data = low
            below = Tensor(f(*args)).item()
        except (ArithmeticError, ValueError) as error:
            kind = ValueError if isinstance(error, ValueError) else type(error)
            raise kind(
                f"{caller}: f cannot be computed at {name} = {x.data}, which a step of {h:.3g} leads to; "
                f"a smaller one may be given as step=…: {error}"
            ) from error
        finally:
            x.data = middle
        found.append((above - below) / (high - low))  # high − low is 2h as it was rounded
    return found


def _coordinates(args: list[Value | Tensor]) -> list[tuple[str, Value]]:
    """Every number of the arguments, by its own label or by where it stands."""
    found = []
    for i, arg in enumerate(args):
        if isinstance(arg, Value):
            found.append((arg.label or f"inputs[{i}]", arg))
        else:
            indices = product(*map(range, arg.shape))
            found += [(x.label or f"inputs[{i}]{list(index)}", x) for index, x in zip(indices, arg.values)]
    return found
