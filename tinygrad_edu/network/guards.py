"""NumPy's functions of a Tensor: element by element they are its own; what would cut it off its graph is refused.

`np.exp(t)` and `array * t` are t's methods and operators, and the result is a Tensor. `math.sin(t)`, `np.sum(t)`
and all others compute with bare numbers, from which no gradient comes back: the error names the way.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn


def _on_either_side(name: str) -> Callable[[Any, Any], Any]:
    """The method of whichever of two is a Tensor, for a function in which they may change places."""
    return lambda a, b: getattr(a, name)(b) if isinstance(a, Guards) else getattr(b, name)(a)


#: NumPy's functions of elements, by NumPy's names.
_ELEMENTWISE: dict[str, Any] = {
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
    "maximum": _on_either_side("maximum"),
    "minimum": _on_either_side("minimum"),
} | {name: operator.methodcaller(name) for name in ("exp", "log", "sqrt", "tanh", "sin", "cos")}

#: Of the others, those whose method is called otherwise, or with more than the Tensor.
_WRITTEN = {
    "amax": "t.max()",
    "amin": "t.min()",
    "clip": "t.maximum(low).minimum(high)",
    "concatenate": "cat([t, u])",
    "dot": "t @ u",
    "ravel": "t.flatten()",
    "reshape": "t.reshape(m, n)",
    "stack": "stack([t, u])",
    "transpose": "t.T",
    "vstack": "stack([t, u])",
}


class Guards:
    """The part of `Tensor` that answers Python's and NumPy's functions of numbers.

    >>> import math
    >>> from tinygrad_edu import Tensor
    >>> math.sin(Tensor([1.0]))                                 # doctest: +ELLIPSIS
    Traceback (most recent call last):
    TypeError: float(t), round(t) and functions such as math.sin(t) would cut a Tensor off its graph: use t.sin() ...
    """

    def _refuse_number(self, *_: Any) -> NoReturn:
        raise TypeError(
            "float(t), round(t) and functions such as math.sin(t) would cut a Tensor off its graph: use t.sin() "
            "and its like, or t.item() for the number alone"
        )

    __float__ = __int__ = __round__ = __trunc__ = _refuse_number

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        f = _ELEMENTWISE.get(ufunc.__name__)
        if f is None or method != "__call__" or options:
            raise self._refused(ufunc.__name__)
        return f(*[x.tolist() if hasattr(x, "tolist") and not isinstance(x, Guards) else x for x in inputs])

    def __array_function__(self, function: Any, *_: Any) -> NoReturn:
        module = function.__module__.removeprefix("numpy")  # that of linalg.norm is part of its name
        raise self._refused(f"{module}.{function.__name__}".removeprefix("."))

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("an array of a Tensor is off its graph: use np.array(t.data) for the numbers alone")

    def _refused(self, name: str) -> TypeError:
        way = _WRITTEN.get(name) or (f"t.{name}()" if callable(getattr(self, name, None)) else "")
        return TypeError(
            f"NumPy's {name} would cut a Tensor off its graph: use {f'{way}, or ' if way else ''}"
            f"np.{name} of t.data for the numbers alone"
        )
