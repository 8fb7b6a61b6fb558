"""A program of arrays: called with arrays of NumPy, or bound to those of another library."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import isfinite, prod
from types import ModuleType
from typing import Any

from ...tree import flatten
from .source import Printed, Text, run

_MOST = 1000  # examples that the engine computes again to say what went wrong


@dataclass(frozen=True)
class Expected:
    """What a Tensor of the inputs is called on paper, and its shape, whose first size is "n" where that is free."""

    name: str
    shape: tuple[Any, ...]

    @property
    def is_batch(self) -> bool:
        return self.shape[:1] == ("n",)

    def fits(self, shape: tuple[int, ...]) -> bool:
        return len(shape) == len(self.shape) and shape[self.is_batch :] == self.shape[self.is_batch :]


def numpy() -> Any:
    """The module."""
    try:
        import numpy
    except ImportError:
        raise ImportError('compile_graph: level="tensor" needs NumPy: pip install numpy') from None
    return numpy


class MatrixProgram(Printed):
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
    >>> def with_gradient(X, w):
    ...     L = ((X @ w) ** 2).mean()
    ...     return {"L": L, "dw": grad(L, w)}
    >>> program = compile_graph(with_gradient, [X, w], level="tensor", batch=[X])
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
        dL_dw = X.T @ (2 * prod_1 / len(X))
        return {'L': L, 'dw': dL_dw}
    <BLANKLINE>
    >>> float(program([[1.0, 2.0], [3.0, 4.0]], [2.0, 0.0])["L"])                  # (2² + 6²) / 2
    20.0
    """

    def __init__(
        self, text: Text, expected: list[Expected], engine: Callable[[Sequence[Any]], None] | None = None
    ) -> None:
        super().__init__(text)
        self._expected, self._engine, self._numpy = expected, engine, numpy()

    def __call__(self, /, *arguments: Any, **keywords: Any) -> Any:
        np = self._numpy
        arrays = [
            x if isinstance(x, np.ndarray) and x.dtype.kind == "f" else np.asarray(x, dtype=float)
            for x in self._inputs(*arguments, **keywords)
        ]
        pairs = list(zip(self._expected, arrays))
        misfits = [f"{e.name} of shape {a.shape} is not {e.shape}" for e, a in pairs if not e.fits(a.shape)]
        counts = {len(a) for e, a in pairs if e.is_batch and a.shape}
        if misfits or len(counts) > 1 or 0 in counts:
            self._ask(arrays)
            raise ValueError(f"program: {misfits[0] if misfits else f'numbers of examples differ: {sorted(counts)}'}")
        with np.errstate(all="ignore"):
            result = self._run(arrays)
            if not self._is_finite(result):
                self._ask(self._few(arrays))
                raise ArithmeticError("program: a result is not finite, as 0 · ∞ is not; on the engine it is")
        return result

    def _run(self, arrays: Sequence[Any], function: Callable[..., Any] | None = None) -> Any:
        """The function of all arrays, in the structure of the arguments."""
        return (function or self.function)(*self._structures["arguments"](arrays))

    def _is_finite(self, result: Any) -> bool:
        np, arrays = self._numpy, flatten(result)
        fast = all([isfinite(np.vdot(a, a)) for a in arrays])  # not, too, where a square is too large
        return fast or all([bool(np.isfinite(a).all()) for a in arrays])

    def _few(self, arrays: Sequence[Any]) -> Sequence[Any]:
        """The arrays, of as few examples as show that a result is not finite."""
        pairs = list(zip(self._expected, arrays))
        n = max([len(a) for e, a in pairs if e.is_batch], default=1)
        for half in (slice(n // 2), slice(n // 2, n)) if n > 1 else ():
            part = [a[half] if e.is_batch else a for e, a in pairs]
            if not self._is_finite(self._run(part)):
                return self._few(part)
        return arrays

    def _ask(self, arrays: Sequence[Any]) -> None:
        """Let the engine say what is wrong, unless it would take too long."""
        if self._engine is not None and max([len(a) for a in arrays if a.shape], default=0) <= _MOST:
            self._engine(arrays)

    def __reduce__(self) -> tuple[Any, ...]:
        return MatrixProgram, (self._text, self._expected)

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
        if not hasattr(namespace, "asarray"):
            raise ValueError(
                f"bind: {namespace.__name__} has no arrays of its own, as numpy, jax.numpy and torch have; "
                'compile_graph(…, level="value").machine_code() compiles a program'
            )
        made: dict[Any, Callable[..., Any]] = {}

        def program(*arguments: Any) -> Any:
            # Those of NumPy become arrays of the library.
            arrays = [namespace.asarray(a) if type(a).__module__ == "numpy" else a for a in self._inputs(*arguments)]
            dtype = next((a.dtype for a in arrays if hasattr(a, "dtype")), namespace.float64)
            if dtype not in made:
                made[dtype] = self._bound(namespace, dtype)
            arrays = [a if hasattr(a, "dtype") else namespace.asarray(a, dtype=dtype) for a in arrays]
            return self._run(arrays, made[dtype])

        program.__doc__ = self.source
        return program

    def _bound(self, library: ModuleType, dtype: Any) -> Callable[..., Any]:
        """The program with the functions of an array library; its constants have the type."""
        kind = library.__name__.partition(".")[0]

        def array(x: Any) -> Any:
            return library.asarray(x, dtype=dtype if self._numpy.array(x).dtype.kind == "f" else None)

        found = {name: getattr(library, name) for name in self._text.functions if hasattr(library, name)}
        found |= {"array": array, "ones": partial(library.ones, dtype=dtype), "s_": self._numpy.s_}
        names = run(self._text.body, found | (_of_torch(library) if kind == "torch" else {}))
        if kind != "numpy":  # where no array can be changed in place
            names["place"] = partial(_placed, library, kind)
        function: Callable[..., Any] = names["program"]
        return function


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
