"""Numbers: nested lists of floats that do arithmetic, which `Tensor.data` and `Tensor.grad` are."""

from __future__ import annotations

from numbers import Real
from typing import Any, NoReturn

from .. import ops, shapes
from ..value import Operators


class Numbers(Operators[Any, "Numbers"], list[Any]):
    """Numbers in the shape of a Tensor: rows in rows, the innermost made of floats.

    They are lists: equal to lists, and fit for JSON and NumPy. Operators and functions work element by
    element and broadcast as NumPy's, so that the update of gradient
    descent is written as on paper. They are a copy of what the Tensor holds, and so cannot be
    changed in place; `tolist()` gives lists that can.

    Raises:
        ValueError: the shapes of two operands do not fit.
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
        return shapes.flattened(self)[1]

    def tolist(self) -> list[Any]:
        """The same as plain lists, which are a copy of their own.

        >>> rows = Numbers.of([[1.0, 2.0]]).tolist(); rows[0][0] = 5.0; rows
        [[5.0, 2.0]]
        """
        return [row.tolist() if isinstance(row, Numbers) else row for row in self]

    def __getitem__(self, index: Any) -> Any:
        numbers = super().__getitem__(index)
        return Numbers(numbers) if isinstance(index, slice) else numbers

    def __reduce__(self) -> Any:
        return Numbers.of, (self.tolist(),)  # as a list they would be filled by append

    # Element by element.

    def _unary(self, op: ops.Op) -> Numbers:
        flat, shape = shapes.flattened(self)
        return shapes.nested([op.value(x) for x in flat], shape, Numbers)  # type: ignore[no-any-return]

    def _binary(self, op: ops.Op, a: Any, b: Any) -> Numbers:
        if not all([isinstance(x, (list, tuple, Real)) for x in (a, b)]):
            return NotImplemented  # type: ignore[no-any-return]  # a Tensor or an array knows how
        arrays = [shapes.flattened(a), shapes.flattened(b)]
        shape = shapes.broadcast_shapes(op.symbol, *[shape for _, shape in arrays])
        columns = [map(float, shapes.broadcast_to(flat, own, shape)) for flat, own in arrays]
        return shapes.nested([*map(op.value, *columns)], shape, Numbers)  # type: ignore[no-any-return]

    # `p.data += d` is p.data = p.data + d; the + of lists would make the old one longer.
    __iadd__ = Operators.__add__
    __imul__ = Operators.__mul__
    copy = Operators.__pos__  # nothing can change it

    # In place nothing changes.

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError(
            "a Tensor's data and grad are read as a copy, and an assignment into it would be lost. For one number "
            "write t[0, 1].data = 5.0; for all of them rows = t.data.tolist(), change the rows, and t.data = rows"
        )

    __setitem__ = __delitem__ = _refuse
    append = extend = insert = pop = remove = clear = sort = reverse = _refuse
