"""NumPy's functions of a Tensor: element by element they are its own; what would cut it off its graph is refused.

`np.exp(t)` and `array * t` are t's methods and operators, and the result is a Tensor. `math.sin(t)`, `np.sum(t)`
and all others compute with bare numbers, from which no gradient comes back: the error names the way.
"""

from __future__ import annotations

import operator
from typing import Any, NoReturn

from ..value import Operators

#: NumPy's functions of elements that have another name here, by NumPy's names.
_CALLED_OTHERWISE = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "power": operator.pow,
    "matmul": operator.matmul,
    "negative": operator.neg,
    "positive": operator.pos,
    "absolute": abs,
    "fabs": abs,
    "square": lambda t: t**2,
}


class Guards:
    """The part of `Tensor` that answers Python's and NumPy's functions of numbers, and PyTorch's `requires_grad`.

    >>> import math
    >>> from tinygrad_edu import Tensor
    >>> math.sin(Tensor([1.0]))                                 # doctest: +ELLIPSIS
    Traceback (most recent call last):
    TypeError: float(t), round(t) and functions such as math.sin(t) would cut a Tensor off its graph: use t.sin() ...
    """

    __slots__ = ()

    def _refuse_number(self, *_: Any) -> NoReturn:
        raise TypeError(
            "float(t), round(t) and functions such as math.sin(t) would cut a Tensor off its graph: use t.sin() "
            "and its like, or t.item() for the number alone"
        )

    __float__ = __int__ = __round__ = __trunc__ = _refuse_number

    @property
    def requires_grad(self) -> NoReturn:
        raise AttributeError(
            "there is no requires_grad: every leaf gets its gradient. To keep a parameter as it is, give the optimiser "
            "only the others; to cut a graph, use detach() or stop_gradient()"
        )

    @requires_grad.setter
    def requires_grad(self, _: Any) -> None:
        self.requires_grad  # noqa: B018  # raises

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        name = ufunc.__name__
        f: Any = _CALLED_OTHERWISE.get(name) or getattr(Operators, name, None)
        if f is None or method != "__call__" or options:
            raise self._refused(name)
        if name not in _CALLED_OTHERWISE and not isinstance(inputs[0], Guards):
            inputs = inputs[::-1]  # a method is the Tensor's; maximum and minimum are the same in either order
        return f(*[x.tolist() if hasattr(x, "tolist") and not isinstance(x, Guards) else x for x in inputs])

    def __array_function__(self, function: Any, *_: Any) -> NoReturn:
        module = function.__module__.removeprefix("numpy")  # that of linalg.norm is part of its name
        raise self._refused(f"{module}.{function.__name__}".removeprefix("."))

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("an array of a Tensor is off its graph: use np.array(t.data) for the numbers alone")

    def _refused(self, name: str) -> TypeError:
        way = f"t.{name}()" if callable(getattr(self, name, None)) else "its own methods, t @ u, cat or stack"
        return TypeError(
            f"NumPy's {name} would cut a Tensor off its graph: use {way}, or np.{name} of t.data for the numbers alone"
        )
