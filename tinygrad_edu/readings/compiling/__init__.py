"""A graph printed as straight-line Python: backpropagation as you would have written it by hand.

Nothing here knows a derivative. A gradient is a graph like any other, so it is enough to print
graphs: a line is a step, and a step that is used once stands where it is used.
"""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from ...autodiff import grad
from ...network.tensor import Tensor
from .errors import call, function, guarded
from .statements import print_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from ...network.nn import Module


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
    summands = list(sum_over)
    source, names = print_program(outputs, inputs, summands)
    return Program(source, None if summands else names)


class Program:
    """What `compile_graph` makes: call it with numbers; `source` is the Python that runs.

    Raises, when it is called:
        TypeError, ValueError, LookupError: the arguments do not have the structure of the
            inputs, or a number is outside the domain of a function.
        ZeroDivisionError, OverflowError: a step or a result is too large for a float.

    >>> from tinygrad_edu import Value
    >>> x = Value(3.0, label="x")
    >>> square = compile_graph(x * x, [x])
    >>> square, square(5.0)
    (<Program of 2 lines>, 25.0)
    """

    # A call finds the function itself in the slot: a method in between takes 6 % of a small program.
    __slots__ = ("source", "_names", "__call__")

    __call__: Callable[..., Any]

    def __init__(self, source: str, names: list[str] | None) -> None:
        self.source = source
        self._names = names
        self.__call__ = guarded(source)

    def __repr__(self) -> str:
        return f"<Program of {len(self.source.splitlines())} lines>"

    def bind(self, namespace: Any) -> Callable[..., Any]:
        """The program as a function of arrays, with the functions of `numpy`, `jax.numpy` or `torch`.

        A number of the inputs may then be an array with one entry for each example of a batch,
        as the rows of Xᵀ are. Every number of the result is such an array, also if it does not
        depend on the example, so that summing it over the batch is right. A conditional
        becomes `where`. The arithmetic is the array library's: nothing refuses inf and nan. JAX
        can `jit` the function; torch needs tensors for all inputs, also for single numbers.

        Raises:
            ValueError: the program was compiled with `sum_over`.

        With NumPy, for an input x of two numbers and a batch X with an example in each row:
        `losses, slopes = program.bind(numpy)(X.T, parameters)`, then `losses.sum()`.

        >>> import numpy
        >>> from tinygrad_edu import Value
        >>> x = Value(3.0)
        >>> compile_graph(x * x, [x]).bind(numpy)(numpy.array([1.0, 5.0])).tolist()
        [1.0, 25.0]
        """
        if self._names is None:
            raise ValueError("bind: compile without sum_over, and sum the arrays of the result")
        tree = ast.parse(self.source)
        imports = [part.name for node in tree.body if isinstance(node, ast.ImportFrom) for part in node.names]
        functions = {name: getattr(namespace, name, None) or getattr(builtins, name) for name in imports}
        tree = ast.fix_missing_locations(_ForArrays(self._names).visit(tree))
        run = function(tree, where=namespace.where, **functions)

        def program(*arguments: Any) -> Any:
            result, inputs = run(*arguments)
            shape = namespace.broadcast_shapes(*[getattr(x, "shape", ()) for x in inputs])
            return _map(lambda y: namespace.broadcast_to(namespace.asarray(y), shape), result)

        program.__doc__ = ast.unparse(tree)
        return program


class CompiledLoss:
    """The loss of a Module over a batch, and its gradient, as a compiled program.

    The graph is recorded and differentiated once, for one example. Calling the object runs the
    program over all examples, adds the gradient to the `grad` of the parameters as
    `loss.backward()` does, and returns the loss. An optimiser then takes the step.

    Args:
        module: what is to learn.
        loss: a function of the module's output and the target, such as `squared_error`.
        x, y: one example and its target, for their shapes; the target of `cross_entropy` as
            probabilities, since a class index cannot become a variable.
        reduction: "sum" or "mean" of the losses of the examples.

    Raises:
        ValueError: the reduction is unknown, or what `module` and `loss` refuse.

    >>> from tinygrad_edu import MLP, SGD, squared_error
    >>> net = MLP([1, 1], init=0.0)
    >>> loss = CompiledLoss(net, squared_error, x=[1.0], y=[1.0])
    >>> sgd = SGD(net.parameters(), lr=0.1)
    >>> loss([[1.0], [2.0]], [[1.0], [2.0]])                    # ½ (1² + 2²)
    2.5
    >>> sgd.step(); net.layers[0].W.data                        # 0 + 0.1 (1·1 + 2·2)
    [[0.5]]
    """

    def __init__(self, module: Module, loss: Callable[..., Any], x: Any, y: Any, reduction: str = "sum") -> None:
        if reduction not in ("sum", "mean"):
            raise ValueError(f'the reduction is "sum" or "mean", not {reduction!r}')
        self.reduction = reduction
        self.parameters = [value for parameter in module.parameters() for value in parameter.values]
        example, target = Tensor(x, label="x"), Tensor(y, label="y")
        one_loss = loss(module(example), target)
        self.program = compile_graph(
            {"loss": one_loss, "gradient": grad(one_loss, self.parameters)},
            {"xs": example, "ys": target, "parameters": self.parameters},
            sum_over=[example, target],
        )

    def __call__(self, xs: Any, ys: Any) -> float:
        """The loss of the examples `xs` with the targets `ys`; its gradient goes to the parameters."""
        xs, ys = [batch.tolist() if hasattr(batch, "tolist") else batch for batch in (xs, ys)]
        if not xs:
            raise ValueError("CompiledLoss: there are no examples")
        result = self.program(xs, ys, [value.data for value in self.parameters])
        share = 1 / len(xs) if self.reduction == "mean" else 1.0
        for value, gradient in zip(self.parameters, result["gradient"]):
            value.grad += share * gradient
        loss: float = share * result["loss"]
        return loss


class _ForArrays(ast.NodeTransformer):
    """The program with `where` for if-else, its import left out, and the inputs next to its result."""

    def __init__(self, names: list[str]) -> None:
        self.inputs = ast.parse(f"[{', '.join(names)}]", mode="eval").body

    def visit_IfExp(self, node: ast.IfExp) -> ast.Call:
        self.generic_visit(node)
        return call("where", node.test, node.body, node.orelse)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        return None

    def visit_Return(self, node: ast.Return) -> ast.Return:
        self.generic_visit(node)
        assert node.value
        return ast.Return(ast.Tuple([node.value, self.inputs], ast.Load()))


def _map(f: Callable[[Any], Any], tree: Any) -> Any:
    if isinstance(tree, (list, tuple)):
        return type(tree)([_map(f, branch) for branch in tree])
    return {key: _map(f, branch) for key, branch in tree.items()} if isinstance(tree, dict) else f(tree)
