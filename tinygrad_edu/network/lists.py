"""Numbers: nested lists of floats that do arithmetic, which `Tensor.data` and `Tensor.grad` are."""

from __future__ import annotations

from numbers import Real
from operator import add, mul, neg, sub, truediv
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn


class Numbers(list[Any]):
    """Numbers in the shape of a Tensor: rows in rows, the innermost made of floats.

    They are lists: equal to lists, and fit for JSON and NumPy. `+ − × ÷ **` work element by
    element, with a number or with lists of the same shape, so that the update of gradient
    descent is written as on paper. They are a copy of what the Tensor holds, and so cannot be
    changed in place; `tolist()` gives lists that can.

    Raises:
        ValueError: the shapes of two operands differ.
        TypeError: an element is assigned to.

    >>> from tinygrad_edu import Tensor
    >>> W = Tensor([[1.0, 2.0]])
    >>> (W * W).sum().backward()
    >>> W.data -= 0.1 * W.grad                                  # W ← W − η ∂L/∂W, with ∂L/∂W = 2W
    >>> W.data
    [[0.8, 1.6]]
    """

    @staticmethod
    def of(x: Any) -> Any:
        """Nested sequences as Numbers; a number as a float.

        >>> type(Numbers.of([[1, 2]])[0]).__name__
        'Numbers'
        """
        return Numbers(map(Numbers.of, x)) if isinstance(x, (list, tuple)) else float(x)

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the axes.

        >>> Numbers.of([[1, 2, 3], [4, 5, 6]]).shape
        (2, 3)
        """
        return _shape(self)

    def tolist(self) -> list[Any]:
        """The same as plain lists, which are a copy of their own.

        >>> rows = Numbers.of([[1.0, 2.0]]).tolist(); rows[0][0] = 5.0; rows
        [[5.0, 2.0]]
        """
        return [row.tolist() if isinstance(row, Numbers) else row for row in self]

    def copy(self) -> Numbers:
        """The same numbers; a slice is one too.

        >>> Numbers.of([1.0, 2.0]).copy()
        [1.0, 2.0]
        """
        return self[:]  # type: ignore[no-any-return]

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        return Numbers(found) if isinstance(index, slice) else found

    def __reduce__(self) -> Any:
        return Numbers.of, (self.tolist(),)  # as a list they would be filled by append

    # Element by element.

    def __add__(self, other: Any) -> Numbers:
        return _each("+", add, self, other)

    def __radd__(self, other: Any) -> Numbers:
        return _each("+", add, other, self)

    def __sub__(self, other: Any) -> Numbers:
        return _each("−", sub, self, other)

    def __rsub__(self, other: Any) -> Numbers:
        return _each("−", sub, other, self)

    def __mul__(self, other: Any) -> Numbers:
        return _each("×", mul, self, other)

    def __rmul__(self, other: Any) -> Numbers:
        return _each("×", mul, other, self)

    def __truediv__(self, other: Any) -> Numbers:
        return _each("÷", truediv, self, other)

    def __rtruediv__(self, other: Any) -> Numbers:
        return _each("÷", truediv, other, self)

    def __pow__(self, other: Any) -> Numbers:
        return _each("**", pow, self, other)

    def __rpow__(self, other: Any) -> Numbers:
        return _each("**", pow, other, self)

    def __neg__(self) -> Numbers:
        return Numbers(map(neg, self))

    def __pos__(self) -> Numbers:
        return self

    def __abs__(self) -> Numbers:
        return Numbers(map(abs, self))

    # `p.data += d` is p.data = p.data + d; the + of lists would make the old one longer.
    __iadd__ = __add__
    __imul__ = __mul__

    # In place nothing changes.

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError(
            "a Tensor's data and grad are read as a copy, and an assignment into it would be lost. For one number "
            "write t[0, 1].data = 5.0; for all of them rows = t.data.tolist(), change the rows, and t.data = rows"
        )

    __setitem__ = __delitem__ = _refuse
    append = extend = insert = pop = remove = clear = sort = reverse = _refuse


def _each(symbol: str, f: Callable[[Any, Any], Any], a: Any, b: Any) -> Numbers:
    """f of each pair of elements, a number going with all of them."""
    if not all([isinstance(x, (list, tuple, Real)) for x in (a, b)]):
        return NotImplemented  # type: ignore[no-any-return]  # a Tensor or an array knows how
    a, b = [float(x) if isinstance(x, Real) else x for x in (a, b)]
    lists = [x for x in (a, b) if isinstance(x, (list, tuple))]
    shapes = [_shape(x) for x in lists]
    if shapes[0] != shapes[-1]:
        raise ValueError(f"{symbol}: numbers of shape {shapes[0]} and {shapes[-1]} do not go element by element")
    return _paired(f, a, b)  # type: ignore[no-any-return]


def _paired(f: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    if isinstance(a, (list, tuple)):
        pairs = zip(a, b) if isinstance(b, (list, tuple)) else [(x, b) for x in a]
    elif isinstance(b, (list, tuple)):
        pairs = [(a, y) for y in b]
    else:
        return f(a, b)
    return Numbers([_paired(f, x, y) for x, y in pairs])


def _shape(x: Any) -> tuple[int, ...]:
    """The sizes of nested lists. Raises ValueError where rows differ in shape."""
    if not isinstance(x, (list, tuple)):
        return ()
    rows = {_shape(row) for row in x}
    if len(rows) > 1:
        raise ValueError(f"the rows of a list differ in shape: {' and '.join(map(str, sorted(rows)))}")
    return (len(x), *(rows.pop() if rows else ()))
