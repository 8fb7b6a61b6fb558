"""A graph printed as straight-line Python: backpropagation as you would have written it by hand.

Nothing here knows a derivative. A gradient is a graph like any other, so it is enough to print
graphs: a line is a step, and a step that is used once stands where it is used.
"""

from __future__ import annotations

import math
import re

from .autodiff import grad
from .nested import flatten
from .printer import print_program, print_total
from .tensor import Tensor

TYPE_CHECKING = False  # at run time, `import typing` would take longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .nn import Module

FILE = "<program>"  # where Python says that an error happened


def compile_graph(outputs: Any, inputs: Any, sum_over: Iterable[Any] = ()) -> Program:
    """A function of plain numbers that computes `outputs` from `inputs`, as Python source.

    Outputs and inputs are Values, Tensors, or lists, tuples and dicts of them, nested. The
    program takes an argument for each entry of `inputs`, in the structure of that entry, and
    its result has the structure of `outputs`, with nested lists for Tensors. Gradients are
    outputs like others. An input need not be a leaf: the program then starts from there.

    Leaves that are not among the inputs are constants with the number they hold now. So are
    the decisions that Python's own `if` took while the graph was recorded.

    Args:
        outputs: what to compute; the keys of a dict become names.
        inputs: a list with an entry for each argument, or a dict that also names them.
        sum_over: those of the entries that are given as a sequence of examples; every output
            is then the sum over the examples.

    Raises:
        TypeError: outputs or inputs hold something that is no Value.
        ValueError: a Value is twice among the inputs, or an entry of `sum_over` is not there.

    >>> from tinygrad_edu import Value
    >>> w, x = Value(2.0, label="w"), Value(3.0, label="x")
    >>> y = (w * x).tanh()
    >>> program = compile_graph({"y": y, "slope": grad(y, w)}, [w, x])
    >>> print(program.source)
    from math import tanh
    <BLANKLINE>
    <BLANKLINE>
    def program(w, x):
        # forward
        y = tanh(w * x)
    <BLANKLINE>
        # backward
        return {"y": y, "slope": (1.0 - y * y) * x}
    <BLANKLINE>
    >>> program(1.0, 0.0)
    {'y': 0.0, 'slope': 0.0}
    """
    return Program(print_program(outputs, inputs, list(sum_over)), print_total(outputs))


class Program:
    """What `compile_graph` makes: call it with numbers; `source` is the Python that runs.

    Raises, when it is called:
        TypeError, ValueError, LookupError: the arguments do not have the structure of the
            inputs, or a number is outside the domain of a function.
        ZeroDivisionError, OverflowError: a step or a result is too large for a float.
    """

    __slots__ = ("source", "_run", "_total")

    def __init__(self, source: str, total: str) -> None:
        self.source = source
        self._run = _function(source)
        self._total = _function(total)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        try:
            result = self._run(*arguments, **named)
            if math.isfinite(self._total(result)):  # if their sum is, then so is every number
                return result
        except (ArithmeticError, ValueError, TypeError, LookupError) as error:
            raise self._explained(error) from None
        for number in flatten(result):
            if not math.isfinite(number):
                raise OverflowError(self._origin(arguments, named))
        return result

    def __repr__(self) -> str:
        return f"<Program of {len(self.source.splitlines())} lines>"

    def _explained(self, error: Exception) -> Exception:
        """The error with the operation, where it stands in the source, and its numbers."""
        kinds = (ZeroDivisionError, OverflowError, TypeError, LookupError, ValueError)
        kind: type[Exception] = next((kind for kind in kinds if isinstance(error, kind)), ArithmeticError)
        place = error.__traceback__
        while place and place.tb_frame.f_code.co_filename != FILE:
            place = place.tb_next
        if not place:  # the call itself was wrong
            return kind(str(error))
        first, last, start, end = list(place.tb_frame.f_code.co_positions())[place.tb_lasti // 2]
        lines = self.source.encode().splitlines()[(first or 1) - 1 : last]  # columns count bytes
        lines[-1] = lines[-1][:end]
        lines[0] = lines[0][start:]
        what = " ".join([line.decode().strip() for line in lines])
        known = place.tb_frame.f_locals
        names = dict.fromkeys(re.findall(r"[^\W\d]\w*", what))
        numbers = ", ".join([f"{name} = {known[name]!r}" for name in names if name in known])
        if what.startswith(("[", "zip")):
            return kind(f"the argument does not fit the inputs, {what}: {error}")
        line = self.source.splitlines()[(first or 1) - 1].strip()
        return kind(f"{what} has no finite value where {numbers}: {error} (line {first}, {line})")

    def _origin(self, arguments: Any, named: Any) -> str:
        """Which step of a run was the first to leave the finite numbers."""
        body, _, result = self.source.rpartition("return ")
        for name, number in _function(body + "return locals()")(*arguments, **named).items():
            if isinstance(number, float) and not math.isfinite(number):
                steps = [line.strip() for line in body.splitlines() if re.match(rf" +{name} \+?= ", line)]
                return f"{name} is {number}" + (f" in {steps[0]}" if steps else ", which is not a finite number")
        return f"a result is not finite: {' '.join(result.split())}"


def _function(source: str, namespace: dict[str, Any] | None = None) -> Callable[..., Any]:
    names: dict[str, Any] = {} if namespace is None else namespace
    exec(compile(source, FILE, "exec"), names)
    function: Callable[..., Any] = names["program"]
    return function
