"""What would cut a Tensor off its graph without a word is refused, in a sentence that names the way.

`math.sin(t)` and NumPy's functions compute with bare numbers, and no gradient comes back through
them. Arithmetic between an array and a Tensor is the Tensor's own.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, NoReturn

#: NumPy's functions that `array * tensor` and its like call.
_OPERATORS = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "power": operator.pow,
    "matmul": operator.matmul,
}

#: Where NumPy's name is not the method's.
_WRITTEN = {
    "absolute": "abs(t)",
    "fabs": "abs(t)",
    "amax": "t.max()",
    "amin": "t.min()",
    "concatenate": "cat([t, u])",
    "dot": "t @ u",
    "negative": "-t",
    "ravel": "t.flatten()",
    "square": "t ** 2",
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
    TypeError: float(t), int(t) and functions such as math.sin(t) would cut a Tensor off its graph: use t.sin() ...
    """

    def _refuse_number(self) -> NoReturn:
        raise TypeError(
            "float(t), int(t) and functions such as math.sin(t) would cut a Tensor off its graph: use t.sin() "
            "and its like, or t.item() for the number alone"
        )

    __float__ = __int__ = _refuse_number

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        combine = _OPERATORS.get(ufunc.__name__)
        if combine is None or method != "__call__" or options:
            raise self._refused(ufunc.__name__)
        a, b = [x if isinstance(x, Guards) else x.tolist() for x in inputs]
        return combine(a, b)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        raise self._refused(function.__name__)

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("an array of a Tensor is off its graph: use np.array(t.data) for the numbers alone")

    def _refused(self, name: str) -> TypeError:
        way = _WRITTEN.get(name) or (f"t.{name}()" if callable(getattr(self, name, None)) else "")
        return TypeError(
            f"NumPy's {name} would cut a Tensor off its graph: use {f'{way}, or ' if way else ''}"
            f"np.{name} of t.data for the numbers alone"
        )
