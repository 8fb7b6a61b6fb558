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
from ...writing.code import HELPERS
from .errors import run
from .pages import Differs, Examples, Page, in_code, one_page, page_of, shared
from .recording import Recording, map_tensors, recorded, tensors_in
from .structures import EXPRESSION, INDENT, Names, key_as_code, laid_out

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
_MOST = 1000  # examples that the engine computes again to say what went wrong


@dataclass(frozen=True)
class Sizes:
    """What a Tensor of the inputs is called on paper, and its shape; a size that is free is text."""

    name: str
    shape: tuple[Any, ...]


def compile_matrices(outputs: Any, inputs: Any, batch: Sequence[Any] = ()) -> MatrixProgram:
    """`compile_graph` with `level="tensor"`; see there."""
    named = isinstance(inputs, dict)
    listed = inputs if isinstance(inputs, (list, tuple, dict)) else [inputs]
    entries = list(listed.values()) if isinstance(listed, dict) else list(listed)
    given = tensors_in(entries)
    if len(set(given)) < len(given):
        raise ValueError("compile_graph: a Tensor stands twice among the inputs; which array is it to be?")
    free = [t for entry in batch for t in tensors_in(entry)]
    if not set(free) <= set(given):
        raise ValueError("compile_graph: batch takes entries of the inputs, the very same objects")
    if any([not t.shape or t.shape[0] != free[0].shape[0] for t in free]):
        shapes = ", ".join([str(t.shape) for t in free])
        raise ValueError(f"compile_graph: a batch has one row for each example in all its Tensors, not {shapes}")

    def record(resized: dict[Tensor, Tensor]) -> tuple[Any, Recording]:
        if not callable(outputs):
            return outputs, recorded(tensors_in(outputs), {t: resized.get(t) for t in given})
        new = map_tensors(lambda t: resized.get(t, t), entries)
        tree = outputs(*new)
        return tree, recorded(tensors_in(tree), dict.fromkeys(tensors_in(new)))

    tree, recording = record({})
    page, examples = page_of(recording), Examples()
    if free:
        names = dict(zip(given, page.inputs))
        size = f"len({names[free[0]]})"
        fixed = {n for t in topological_order(*recording.outputs, *free) for n in t.shape} - {free[0].shape[0]}
        try:
            for least in (3, 11):  # that a number such as 2 / 3 · 3 is 1 may be chance, for one of them
                examples = Examples(
                    tuple([n for n in range(least, least + 4 + len(fixed)) if n not in fixed][:4]), size
                )
                many = [record({t: _of_examples(t, n) for t in free})[1] for n in examples.counts]
                _check_numbers(many, None if callable(outputs) else free[0].shape[0])
                try:
                    page = one_page([page_of(r) for r in many], examples, page)
                    break
                except Differs:
                    if least > 3:
                        raise
        except (ValueError, IndexError) as error:
            said = str(error).removeprefix("compile_graph: ")
            raise ValueError(f"compile_graph: {said}{_FREE}") from error
    else:
        page = one_page([page], examples, page)
    names_of = iter(page.inputs)
    arguments = []
    for k, (key, entry) in enumerate(zip(listed if named else range(len(entries)), entries), start=1):
        sizes = map_tensors(lambda _: Sizes(name := next(names_of), page.shapes[name]), entry)
        arguments.append((str(key) if named else sizes.name if isinstance(sizes, Sizes) else f"input_{k}", sizes))
    source, functions = printed(shared(page), arguments, tree, examples.text)

    def engine(arrays: Sequence[Any]) -> None:
        """The same inputs on the engine, which says what is wrong with them, if it finds something."""
        new = dict(zip(given, [Tensor(a, t.label) for a, t in zip(arrays, given)]))
        _, done = record(new)
        for y in dict.fromkeys([y for y, _ in done.derivatives.values()]):
            y.backward()

    return MatrixProgram(source, functions, arguments, engine)


def _of_examples(t: Tensor, n: int) -> Tensor:
    """The Tensor with n rows, those that it has again and again."""
    size = len(t.values) // t.shape[0]
    values = [Value(t.values[k % len(t.values)].data) for k in range(n * size)]
    return Tensor(from_values(values, (n, *t.shape[1:])), t.label)


def _check_numbers(recordings: Sequence[Recording], count: int | None) -> None:
    """Raise ValueError for a number that was computed from the number of examples, so that it would stay as it is.

    Of a graph that was recorded once, with `count` examples, only a division tells.
    """
    orders = [topological_order(*r.outputs, *[y for y, _ in r.derivatives.values()]) for r in recordings]
    inputs = {t for r in recordings for t in r.inputs}
    for same in zip(*orders):
        t, other = same[0], same[1]
        sums = t.inputs and t.shape == other.shape and t.inputs[0].op is A.SUM
        for a, b in zip(t.inputs, other.inputs):
            if a.inputs or a in inputs or len(a.values) != 1:
                continue
            c = a.values[0].data
            by_count = sums and t.op is ops.DIV and a is t.inputs[1] and (c == count or 1 / c == count)
            if c != b.values[0].data or by_count:
                what = "was computed from the number of examples" if not by_count else "may be the number of examples"
                raise ValueError(
                    f"{t.op.symbol if t.op else ''} {c:g} {what} and would stay what it is: write .mean(), or "
                    f".mean(axis=0)" + (", or record with another number of examples" if by_count else "")
                )


def printed(page: Page, arguments: Sequence[tuple[str, Any]], outputs: Any, count: str) -> tuple[str, list[str]]:
    """The source of the program, and the functions of NumPy that it calls."""
    names = Names([*FUNCTIONS, *HELPERS, "abs", "len", "program"])
    called: dict[str, str] = {}
    head: list[str] = []
    parameters = [names.new(name) for name, _ in arguments]
    for name, (_, entry) in zip(parameters, arguments):
        _unpack(entry, name, names, called, head)
    for name in [*page.constants, *[line.name for line in page.lines]]:
        called[name] = names.new(name)
    if count:
        called[count] = f"len({called[count[4:-1]]})"
    constants = [f"{called[name]} = array({t.tolist()})" for name, t in page.constants.items()]
    body, heading = list(head), ""
    texts, results = in_code(page, called)
    for line, text in zip(page.lines, texts):
        if line.heading != heading:
            heading = line.heading
            body += [""] * bool(body) + [f"# {heading}"]
        body.append(f"{called[line.name]} = {text}")
    given = iter(results)
    body += f"return {laid_out(map_tensors(lambda _: next(given), outputs), str)}".split("\n")
    lines = [INDENT + line if line else "" for line in body]
    program = "\n".join([f"def program({', '.join(parameters)}):", *lines, ""])
    used = _names_used(program) | ({"array"} if constants else set())
    helpers = [text for name, text in HELPERS.items() if name in used]
    used |= {name for text in helpers for name in _names_used(text)}
    functions = sorted([name for name in used if name in FUNCTIONS or hasattr(math, name)])
    parts = [*[text.strip() for text in helpers], *["\n".join(constants)] * bool(constants), program]
    return "\n\n\n".join(parts), functions


def _unpack(entry: Any, name: str, names: Names, called: dict[str, str], lines: list[str]) -> None:
    """Lines that give each Tensor of an argument a name."""
    if isinstance(entry, Sizes):
        called[entry.name] = name
        return
    items = entry.items() if isinstance(entry, dict) else enumerate(entry, start=1)
    parts = [(names.new(x.name if isinstance(x, Sizes) else f"{name}_{key}"), key, x) for key, x in items]
    if not parts:
        return
    if isinstance(entry, dict):
        lines += [f"{part} = {name}[{key_as_code(key)}]" for part, key, _ in parts]
    else:
        texts = [part for part, _, _ in parts]
        one_line = ", ".join(texts) + "," * (len(texts) == 1)
        lines += f"{one_line if len(one_line) < EXPRESSION else laid_out(texts, str)} = {name}".split("\n")
    for part, _, x in parts:
        _unpack(x, part, names, called, lines)


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
        part_0 = X @ w
        L = sum(part_0 ** 2) / len(X)
    <BLANKLINE>
        # backward
        dL_dw = 2 * (X.T @ part_0) / len(X)
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

        def fitted(sizes: Sizes, x: Any) -> Any:
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
            def own(_: Sizes, a: Any) -> Any:  # an array of the library, also of one of NumPy
                return namespace.asarray(a) if type(a).__module__ == "numpy" else a

            def array(_: Sizes, a: Any) -> Any:
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
    if isinstance(tree, Sizes):
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
