"""A graph printed as straight-line Python: backpropagation as you would have written it by hand.

Nothing here knows a derivative. A gradient is a graph like any other, so it is enough to print
graphs: a line is a step, and a step that is used once stands where it is used.

To read in this order: `terms` (a graph with less in it), `statements` (the plan of a program, and how it is printed),
`source` (structures as text, and what is said where a program fails). For C: `flat`, then `machine`. For arrays:
`lowering` (formulas of paper as steps of NumPy), `matrices` (the lines of the derivation as a plan), `matrix_program`.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from math import isfinite
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, overload

from ...errors import all_finite
from ...network.nn import Module
from ...network.reductions import per_count
from ...network.tensor import Tensor
from ...value import Value
from ...writing.code import JAVASCRIPT, PYTHON, C
from .flat import Flat
from .matrices import compile_matrices, derivative
from .matrix_program import MatrixProgram
from .source import FAILURES, Printed, Text, explained, origin
from .statements import Plan, plan, print_program

if TYPE_CHECKING:
    from .machine import MachineCode


@overload
def compile_graph(outputs: Any, inputs: Any, level: Literal["value"] = "value") -> Program: ...


@overload
def compile_graph(outputs: Any, inputs: Any, level: Literal["tensor"], batch: Sequence[Any] = ()) -> MatrixProgram: ...


def compile_graph(
    outputs: Any, inputs: Any, level: str = "value", batch: Sequence[Any] = ()
) -> Program | MatrixProgram:
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
        level: "value" for a program of single numbers; "tensor" for one of whole arrays, whose lines are those of the
            derivation: see `MatrixProgram`. Outputs and inputs are then Tensors; the outputs may also be a function
            that takes the entries and returns them.
        batch: at level "tensor" those of the inputs that have a row for each example. Their number is free: the outputs
            are then a function, which is recorded with two such numbers.

    Raises:
        TypeError: outputs or inputs hold something that is not a Value, or a dict with a key that
            source cannot hold; or the graph has a row that cannot be printed.
        ValueError: a Value is twice among the inputs.
        ArithmeticError, ValueError: a step of constants has no finite value.
        TypeError, ValueError: at level "tensor" for what `map` made of single numbers, for a graph with a
            batch, and for what would not be the same for another number of examples.

    >>> from tinygrad_edu import Value, grad
    >>> w, x = Value(2.0, label="w"), Value(3.0, label="x")
    >>> y = (w * x).exp()
    >>> program = compile_graph({"y": y, "slope": grad(y, w)}, [w, x])
    >>> print(program.source)
    from math import exp
    <BLANKLINE>
    <BLANKLINE>
    def program(w, x):
        # forward
        y = exp(w * x)
    <BLANKLINE>
        # backward
        return {'y': y, 'slope': y * x}
    <BLANKLINE>
    >>> program(1.0, 0.0)
    {'y': 1.0, 'slope': 0.0}
    """
    if level == "tensor":
        return compile_matrices(outputs, inputs, batch)
    if level != "value":
        raise ValueError(f'compile_graph: the level is "value" or "tensor", not {level!r}')
    if [*batch]:
        raise ValueError('compile_graph: batch is for level="tensor"')
    the_plan = plan(outputs, inputs)
    return Program(print_program(the_plan, PYTHON, math), the_plan)


class Program(Printed):
    """What `compile_graph` makes: call it with numbers, by position or by name.

    It can be pickled; what is left is then its Python text.

    Attributes:
        source: the Python text.
        function: what the text defines, and nothing else. It does not check its results.

    Raises, when it is called:
        TypeError, ValueError, LookupError: the arguments do not have the structure of the
            inputs, or a number is outside the domain of a function.
        ZeroDivisionError, OverflowError: a step or a result is too large for a float.

    >>> from tinygrad_edu import Value
    >>> x = Value(3.0, label="x")
    >>> square = compile_graph(x * x, [x])
    >>> square, square(5.0), square(x=2.0), square.function(3.0)
    (<Program of 2 lines>, 25.0, 4.0, 9.0)
    """

    def __init__(self, text: Text, plan: Plan | None = None) -> None:
        super().__init__(text)
        self._numbers: Callable[[Any], list[float]] = self._structures["results"]
        self._plan = plan

    def __call__(self, /, *arguments: Any, **keywords: Any) -> Any:
        try:
            result = self.function(*arguments, **keywords)
            finite = _finite(self._numbers(result))
        except FAILURES as error:
            raise explained(self.source, error) from None
        if not finite:
            raise OverflowError(origin(self.source, arguments, keywords))
        if not _finite(self._structures["program"](*arguments, **keywords)):
            raise ValueError("an argument is inf or nan, which a comparison took for a number; finite ones are needed")
        return result

    def to(self, language: str) -> str:
        """The program in "python", "c" or "javascript"; the last two take and give flat arrays and stand alone.

        Raises:
            ValueError: another language, or a program that has been pickled.
            TypeError: the language has no word for a row.

        >>> from tinygrad_edu import Value
        >>> x = Value(3.0, label="x")
        >>> print(compile_graph(x * x.exp(), [x]).to("c"))
        #include <math.h>
        <BLANKLINE>
        // x: 1
        // result: 1
        void program(const double *restrict x, double *restrict result) {
            const double x_2 = x[0];
        <BLANKLINE>
            // results
            result[0] = x_2 * exp(x_2);
        }
        <BLANKLINE>
        """
        if language == "python":
            return self.source
        languages = {"c": C, "javascript": JAVASCRIPT}
        if language not in languages:
            raise ValueError(f'a program is written in "python", "c" or "javascript", not {language!r}')
        return Flat(self._known_plan("to"), languages[language]).source

    def machine_code(self, optimize: int | None = None, cache: bool = True) -> MachineCode:
        """The program compiled by the C compiler. It is called like the program; see `MachineCode`.

        Args:
            optimize: 0 to 3, as the compiler takes it; by default what soon starts, and is fast for a small program.
            cache: whether the compiled program is kept for the next time, in the cache folder of the user.

        Raises:
            RuntimeError: there is no C compiler, it fails, or what it makes cannot be kept or loaded.
            ValueError: the program has been pickled.

        >>> from tinygrad_edu import Value
        >>> x = Value(3.0, label="x")
        >>> compile_graph(x * x, [x]).machine_code()(5.0)  # doctest: +SKIP
        25.0
        """
        from .machine import MachineCode  # with ctypes, subprocess and hashlib, which few need

        return MachineCode(self, self._known_plan("machine_code"), optimize, cache)

    def _known_plan(self, asked: str) -> Plan:
        if self._plan is None:
            raise ValueError(f"{asked}: a pickled program has only its Python text; compile the graph again")
        return self._plan


class CompiledLoss:
    """The loss of a Module over a batch, and its gradient, as a compiled program of arrays.

    The loss is recorded when the object is made. Calling it runs the program over any number of examples, adds the
    gradient to the `grad` of the parameters as `loss.backward()` does, and returns the loss. An optimiser then takes
    the step.

    Args:
        module: what is to learn.
        loss: a function of the module's outputs for a batch and the targets, which adds up the losses of the
            examples. One that takes a `reduction`, such as `squared_error`, is asked for the sum.
        x, y: one example and its target, for their shapes; the target of `cross_entropy` as
            probabilities, since a class index cannot become a variable.
        reduction: "sum" or "mean" of the losses of the examples.
        backend: `numpy`, `jax.numpy` or `torch`; without one NumPy, and results are checked.

    Raises:
        ValueError: the reduction is unknown, or what `module`, `loss` and `compile_graph` refuse.

    >>> from tinygrad_edu import MLP, SGD, squared_error
    >>> net = MLP([1, 1], init=0.0)
    >>> loss = CompiledLoss(net, squared_error, x=[1.0], y=[1.0])
    >>> sgd = SGD(net.parameters(), lr=0.1)
    >>> loss([[1.0], [2.0]], [[1.0], [2.0]])                    # ½ (1² + 2²)
    2.5
    >>> sgd.step(); net.layers[0].W.data                        # 0 + 0.1 (1·1 + 2·2)
    [[0.5]]
    """

    def __init__(
        self,
        module: Module,
        loss: Callable[..., Any],
        x: Any,
        y: Any,
        reduction: str = "sum",
        backend: ModuleType | None = None,
    ) -> None:
        if reduction not in ("sum", "mean"):
            raise ValueError(f'the reduction is "sum" or "mean", not {reduction!r}')
        parameters = self.parameters = module.parameters()
        settings = {"reduction": "sum"} if "reduction" in inspect.signature(loss).parameters else {}

        def recorded(xs: Tensor, ys: Tensor, _: Any) -> Any:
            total = loss(module(xs), ys, **settings)
            result = per_count(total, xs, (0,)) if reduction == "mean" else total
            return {"loss": result, "gradient": [derivative(result, p) for p in parameters]}

        xs, ys = Tensor([Tensor(x).tolist()], label="xs"), Tensor([Tensor(y).tolist()], label="ys")
        inputs = {"xs": xs, "ys": ys, "parameters": parameters}
        self.program = compile_graph(recorded, inputs, level="tensor", batch=[xs, ys])
        self.run = self.program.bind(backend) if backend else self.program

    def __call__(self, xs: Any, ys: Any) -> float:
        """The loss of the examples `xs` with the targets `ys`; its gradient goes to the parameters.

        Raises OverflowError, and changes no gradient, where one of them would be too large for a float.
        """
        if len(xs) == 0:
            raise ValueError("CompiledLoss: there are no examples")
        result = self.run(xs, ys, [p.data for p in self.parameters])
        totals: list[tuple[Value, float]] = []
        for parameter, gradient in zip(self.parameters, result["gradient"]):
            numbers = gradient.reshape(-1).tolist()
            totals += [(value, (value.grad or 0.0) + g) for value, g in zip(parameter.values, numbers)]
        for value, total in totals:
            if not isfinite(total):
                raise OverflowError(f"CompiledLoss: gradients of {value.label or value} add up to more than a float")
        for value, total in totals:
            value.grad = total
        return float(result["loss"])


def _finite(numbers: list[float]) -> bool:
    """As `all_finite`, in less time: a sum holds every inf and nan. It may also overflow itself."""
    return isfinite(sum(numbers)) or all_finite(numbers)
