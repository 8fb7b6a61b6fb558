"""A graph of Tensors as a program of arrays: forward and backward as one writes them by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import isfinite, prod
from types import CodeType, ModuleType
from typing import Any

from ... import array_ops as A
from ... import ops
from ...graph import topological_order
from ...network.tensor import Tensor, from_values
from ...tree import flatten
from ...value import Value
from ...writing.code import HELPERS, NUMPY
from .errors import run
from .pages import array_plan
from .recording import Recording, Size, map_tensors, mark_sizes, recorded, tensors_in
from .statements import Plan, print_program

#: The functions of NumPy that programs call.
FUNCTIONS = (
    "add", "amax", "amin", "array", "concatenate", "cos", "exp", "flip", "log", "logaddexp", "maximum", "minimum",
    "ones", "ones_like", "outer", "s_", "sin", "sqrt", "stack", "sum", "swapaxes", "tanh", "transpose", "where",
    "zeros", "zeros_like",
)  # fmt: skip
_FREE = (
    "; the number of examples is free, so that a program has to be the same for any number of them: no loop over "
    "examples, and no place among them"
)
_PRIMES = (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97)
_MOST = 1000  # examples that the engine computes again to say what went wrong


@dataclass(frozen=True)
class Expected:
    """What a Tensor of the inputs is called on paper, and its shape; a size that is free is "n"."""

    name: str
    shape: tuple[Any, ...]


def compile_matrices(outputs: Any, inputs: Any, batch: Sequence[Any] = ()) -> MatrixProgram:
    """`compile_graph` with `level="tensor"`; see there."""
    inputs = inputs if isinstance(inputs, (list, tuple, dict)) else [inputs]
    given = tensors_in(inputs)
    if len(set(given)) < len(given):
        raise ValueError("compile_graph: a Tensor stands twice among the inputs; which array is it to be?")
    free = [t for entry in batch for t in tensors_in(entry)]
    if not set(free) <= set(given):
        raise ValueError("compile_graph: batch takes entries of the inputs, the very same objects")
    if any([not t.shape or t.shape[0] != free[0].shape[0] for t in free]):
        shapes = ", ".join([str(t.shape) for t in free])
        raise ValueError(f"compile_graph: a batch has one row for each example in all its Tensors, not {shapes}")

    def record(resized: dict[Tensor, Tensor]) -> tuple[Recording, Any]:
        if not callable(outputs):
            return recorded(tensors_in(outputs), {t: resized.get(t) for t in given}), outputs
        new = map_tensors(lambda t: resized.get(t, t), inputs)
        tree = outputs(*(new.values() if isinstance(new, dict) else new))
        return recorded(tensors_in(tree), dict.fromkeys(tensors_in(new))), tree

    def plan(recording: Recording, tree: Any) -> Plan:
        own = iter(recording.inputs)
        first = recording.inputs[given.index(free[0])] if free else None
        return array_plan(recording, tree, map_tensors(lambda _: next(own), inputs), first)

    def engine(arrays: Sequence[Any]) -> None:
        """The same inputs on the engine, which says what is wrong with them, if it finds something."""
        recording, _ = record(dict(zip(given, [Tensor(a, t.label) for a, t in zip(arrays, given)])))
        for y in dict.fromkeys([y for y, _ in recording.derivatives.values()]):
            y.backward()

    recording, tree = record({})
    own = plan(recording, tree)
    if not free:
        return MatrixProgram(*printed(own), engine)
    sizes = {n for t in topological_order(*recording.outputs, *recording.inputs) for n in t.shape}
    try:
        if not callable(outputs):
            _check_division(recording, free[0].shape[0])
        plans = []
        for count in [p for p in _PRIMES if all([n % p for n in sizes])][:2]:
            recording, tree = record({t: _of_examples(t, count) for t in free})
            mark_sizes(recording, count)
            plans.append(plan(recording, tree))
            for line, same in zip(plans[-1].lines, own.lines):  # v₁, v₂, … are counted by single numbers
                line.label = same.label
        program, other = map(printed, plans)
        _check_same(program[0], other[0])
    except (ValueError, IndexError) as error:
        raise ValueError(f"compile_graph: {str(error).removeprefix('compile_graph: ')}{_FREE}") from error
    return MatrixProgram(*program, engine)


def _of_examples(t: Tensor, n: int) -> Tensor:
    """The Tensor with n rows, those that it has again and again."""
    size = len(t.values) // t.shape[0]
    values = [Value(t.values[k % len(t.values)].data) for k in range(n * size)]
    return Tensor(from_values(values, (n, *t.shape[1:])), t.label)


def _check_division(recording: Recording, count: int) -> None:
    """Raise ValueError for a sum that is divided by what may be the number of examples, which stays what it is."""
    for t in topological_order(*recording.outputs, *[y for y, _ in recording.derivatives.values()]):
        if t.op is ops.DIV and t.inputs[0].op is A.SUM and t.inputs[1].values[0].data in (count, 1 / count):
            raise ValueError(
                f"÷ {count} may be the number of examples and would stay what it is: write .mean(), or .mean(axis=0), "
                "or record with another number of examples"
            )


def _check_same(*sources: str) -> None:
    """Raise ValueError where two programs differ, which were recorded with two numbers of examples."""
    first, second = [source.splitlines() for source in sources]
    if len(first) != len(second):
        raise ValueError("the steps are not the same for two numbers of examples")
    for a, b in zip(first, second):
        if a != b:
            raise ValueError(
                f"{a.strip()} and {b.strip()} were recorded with two numbers of examples, where a number was computed "
                "from it and would stay what it is: write .mean(), or .mean(axis=0)"
            )


def printed(plan: Plan) -> tuple[str, list[str], list[tuple[str, Any]]]:
    """The source of the program, the functions of NumPy that it calls, and what its arguments are."""
    program = print_program(plan, NUMPY, [*FUNCTIONS, *HELPERS, "abs", "len", "program"])
    helpers = [text for name, text in HELPERS.items() if name in _names_used(program)]
    source = "\n\n\n".join([*[text.strip() for text in helpers], program])
    functions = sorted([name for name in _names_used(source) if name in FUNCTIONS or hasattr(math, name)])

    def expected(t: Tensor) -> Expected:
        return Expected(plan.called(t) or "", tuple(["n" if isinstance(n, Size) else n for n in t.shape]))

    return source, functions, [(name, map_tensors(expected, entry)) for name, entry in plan.entries]


def _names_used(source: str) -> set[str]:
    """The global names of a source."""
    found: set[str] = set()
    codes = [compile(source, "<program>", "exec")]
    for code in codes:  # which grows
        found.update(code.co_names)
        codes += [c for c in code.co_consts if isinstance(c, CodeType)]
    return found


class MatrixProgram:
    """What `compile_graph` makes of Tensors: call it with arrays or lists, by position or by name.

    Attributes:
        source: the Python text.
        function: what the text defines, and nothing else: it takes arrays of NumPy and checks nothing.

    Raises, when it is called:
        TypeError, ValueError: the arguments do not have the structure or the shapes of the inputs; or the engine's
            own error, where a result is not finite.
        ArithmeticError: a result is not finite, though the engine's is.

    >>> from tinygrad_edu import Tensor, compile_graph, grad
    >>> X, w = Tensor([[1.0, 2.0], [3.0, 4.0]], label="X"), Tensor([0.5, 0.0], label="w")
    >>> L = ((X @ w) ** 2).mean()
    >>> program = compile_graph({"L": L, "dw": grad(L, w)}, [X, w], level="tensor", batch=[X])
    >>> print(program.source)
    from numpy import sum
    <BLANKLINE>
    <BLANKLINE>
    def program(X, w):
        # forward
        prod_1 = X @ w
        L = sum(prod_1 ** 2) / len(X)
    <BLANKLINE>
        # backward
        dL_dw = 2 * (X.T @ prod_1) / len(X)
        return {'L': L, 'dw': dL_dw}
    <BLANKLINE>
    >>> float(program([[1.0, 2.0], [3.0, 4.0]], [2.0, 0.0])["L"])                  # (2² + 6²) / 2
    20.0
    """

    def __init__(
        self,
        source: str,
        functions: Sequence[str],
        arguments: Sequence[tuple[str, Any]],
        engine: Callable[[Sequence[Any]], None] | None = None,
    ) -> None:
        try:
            import numpy
        except ImportError:
            raise ImportError('compile_graph: level="tensor" needs NumPy: pip install numpy') from None
        self.source = f"from numpy import {', '.join(functions)}\n\n\n{source}" if functions else source
        self.function: Callable[..., Any] = run(self.source)["program"]
        self.__wrapped__ = self.function  # where inspect.signature looks
        self._parts = source, functions, arguments
        self._engine = engine
        self._numpy = numpy

    def __call__(self, /, *arguments: Any, **keywords: Any) -> Any:
        np, (_, _, expected) = self._numpy, self._parts
        if keywords:
            import inspect

            arguments = inspect.signature(self.function).bind(*arguments, **keywords).args
        if len(arguments) != len(expected):
            raise TypeError(f"program() takes {len(expected)} arguments, not {len(arguments)}")
        arrays: list[Any] = []
        free: set[int] = set()
        misfits: list[str] = []

        def fitted(sizes: Expected, x: Any) -> Any:
            a = x if isinstance(x, np.ndarray) and x.dtype.kind == "f" else np.asarray(x, dtype=float)
            if a.shape != sizes.shape:
                fits = len(a.shape) == len(sizes.shape)
                for n, m in zip(a.shape, sizes.shape):
                    if isinstance(m, str):
                        free.add(n)
                    fits &= n == m or isinstance(m, str)
                if not fits:
                    misfits.append(f"{sizes.name} of shape {a.shape} is not {sizes.shape}")
            arrays.append(a)
            return a

        given = [_walk(entry, x, fitted, name) for (name, entry), x in zip(expected, arguments)]
        if misfits or len(free) > 1 or 0 in free:
            self._ask(arrays)
            raise ValueError(f"program: {misfits[0] if misfits else f'numbers of examples differ: {sorted(free)}'}")
        with np.errstate(all="ignore"):
            result = self.function(*given)
            if not self._is_finite(result):
                self._ask(self._few(given, max(free, default=1)))
                raise ArithmeticError("program: a result is not finite, as 0 · ∞ is not; on the engine it is")
        return result

    def _is_finite(self, result: Any) -> bool:
        np, arrays = self._numpy, flatten(result)
        fast = all([isfinite(np.vdot(a, a)) for a in arrays])  # not, too, where a square is too large
        return fast or all([bool(np.isfinite(a).all()) for a in arrays])

    def _few(self, given: Sequence[Any], count: int) -> list[Any]:
        """The arrays, of as few examples as show that a result is not finite."""
        expected = self._parts[2]

        def part(of: slice) -> list[Any]:
            free = lambda sizes, a: a[of] if isinstance((*sizes.shape, 0)[0], str) else a  # noqa: E731
            return [_walk(entry, x, free, name) for (name, entry), x in zip(expected, given)]

        for half in (slice(count // 2), slice(count // 2, count)) if count > 1 else ():
            if not self._is_finite(self.function(*part(half))):
                return self._few(part(half), len(range(count)[half]))
        return flatten(given)

    def _ask(self, arrays: Sequence[Any]) -> None:
        """Let the engine say what is wrong, unless it would take too long."""
        if self._engine is not None and max([len(a) for a in arrays if a.shape], default=0) <= _MOST:
            self._engine(arrays)

    def __reduce__(self) -> tuple[Any, ...]:
        return MatrixProgram, self._parts

    def __repr__(self) -> str:
        return f"<MatrixProgram of {len(self.source.splitlines())} lines>"

    def _repr_markdown_(self) -> str:
        return f"```python\n{self.source}\n```"

    def bind(self, namespace: ModuleType) -> Callable[..., Any]:
        """The program with the functions of `numpy`, `jax.numpy` or `torch`, whose arrays it takes and returns.

        Lists become arrays of 64 bits; else all has the type of the first array among the arguments. Nothing is
        checked, and JAX can `jit` and differentiate the function.

        >>> import numpy
        >>> from tinygrad_edu import Tensor, compile_graph
        >>> x = Tensor([1.0, 2.0], label="x")
        >>> float(compile_graph((x * x).sum(), [x], level="tensor").bind(numpy)(numpy.array([3.0, 4.0])))
        25.0
        """
        source, functions, expected = self._parts
        made: dict[Any, Callable[..., Any]] = {}

        def program(*arguments: Any) -> Any:
            def own(_: Expected, a: Any) -> Any:  # an array of the library, also of one of NumPy
                return namespace.asarray(a) if type(a).__module__ == "numpy" else a

            def array(_: Expected, a: Any) -> Any:
                return a if hasattr(a, "dtype") else namespace.asarray(a, dtype=dtype)

            given = [_walk(entry, x, own, name) for (name, entry), x in zip(expected, arguments)]
            dtype = next((a.dtype for a in _arrays(expected, given) if hasattr(a, "dtype")), namespace.float64)
            if dtype not in made:
                made[dtype] = _bound(source, functions, namespace, dtype)
            return made[dtype](*[_walk(entry, x, array, name) for (name, entry), x in zip(expected, given)])

        program.__doc__ = self.source
        return program


def _walk(tree: Any, given: Any, f: Callable[[Any, Any], Any], name: str) -> Any:
    """The structure of an argument with f(what is expected, what is given) for each array."""
    if isinstance(tree, Expected):
        return f(tree, given)
    keys = list(tree) if isinstance(tree, dict) else range(len(tree))
    if isinstance(tree, dict) != isinstance(given, dict) or not hasattr(given, "__len__") or len(given) != len(tree):
        raise TypeError(f"program: {name} is a {type(tree).__name__} of {len(tree)} arrays, not {type(given).__name__}")
    parts = [_walk(tree[key], given[key], f, name) for key in keys]
    return dict(zip(keys, parts)) if isinstance(tree, dict) else parts


def _arrays(expected: Sequence[tuple[str, Any]], given: Sequence[Any]) -> list[Any]:
    """The arrays, or lists for such, of all arguments."""
    found: list[Any] = []
    for (name, entry), x in zip(expected, given):
        _walk(entry, x, lambda _, a: found.append(a), name)
    return found


def _bound(source: str, functions: Sequence[str], library: ModuleType, dtype: Any) -> Callable[..., Any]:
    """The program with the functions of an array library; its constants have the type."""
    found = {name: getattr(library, name) for name in functions if hasattr(library, name)}
    kind = library.__name__.partition(".")[0]

    def array(x: Any) -> Any:
        return library.asarray(x, dtype=dtype) if _holds_fractions(x) else library.asarray(x)

    ones = partial(library.ones, dtype=dtype)
    found |= {"array": array, "ones": ones, "s_": _Index()} | (_of_torch(library) if kind == "torch" else {})
    names = run(source, found)
    if kind != "numpy":  # where no array can be changed in place
        names["place"] = partial(_placed, library, kind)
    function: Callable[..., Any] = names["program"]
    return function


def _holds_fractions(x: Any) -> bool:
    return _holds_fractions(x[0]) if isinstance(x, list) else isinstance(x, float)


class _Index:
    """`s_[1:, 0]` is (slice(1, None), 0), as in NumPy."""

    def __getitem__(self, key: Any) -> Any:
        return key


def _placed(library: Any, kind: str, part: Any, index: Any, shape: Any) -> Any:
    """`place` for JAX and PyTorch, in which it can be differentiated."""
    if kind == "jax":
        return library.zeros(shape, dtype=part.dtype).at[index].add(part)
    places = library.arange(prod(shape)).reshape(shape)[index]
    whole = library.zeros(prod(shape), dtype=part.dtype)
    return whole.index_add(0, places.reshape(-1), part.reshape(-1)).reshape(shape)


def _of_torch(torch: Any) -> dict[str, Any]:
    """Functions of PyTorch as NumPy has them: they take numbers too, and one has another name."""

    def of_numbers(f: Callable[..., Any]) -> Callable[..., Any]:
        def function(*arguments: Any) -> Any:
            dtype = next((a.dtype for a in arguments if hasattr(a, "dtype")), torch.float64)
            return f(*[a if hasattr(a, "dtype") else torch.as_tensor(a, dtype=dtype) for a in arguments])

        return function

    names = ("maximum", "minimum", "logaddexp", "exp", "log", "sqrt", "tanh", "sin", "cos", "ones_like", "zeros_like")
    return {name: of_numbers(getattr(torch, name)) for name in names} | {"transpose": torch.permute}
