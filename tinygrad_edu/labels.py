"""Labels that say more than their text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class DerivativeName(str):
    """The label of a derivative, with what was differentiated by what.

    Its text is ∂y/∂x, or just ∂x where y has no name, and ∂²y/∂a∂b of a second derivative.

    Attributes:
        y, xs: the names.
        nodes: the Values of these names: y, then the xs. A copy has none.

    >>> DerivativeName("L", ["w"]), DerivativeName("L", ["a", "b + 1"])
    ('∂L/∂w', '∂²L/∂a∂(b + 1)')
    """

    y: str
    xs: tuple[str, ...]
    nodes: tuple[Any, ...]

    def __new__(cls, y: str, xs: Sequence[str], nodes: Sequence[Any] = ()) -> DerivativeName:
        y, *xs = [" ".join(name.split()) for name in (y, *xs)]
        above, *below = [f"({name})" if set(name) & set(" +−-·×*/∂") else name for name in (y, *xs)]
        order = "".join(["⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(len(xs))]) if len(xs) > 1 else ""
        text = "".join([f"∂{x}" for x in below])
        self = super().__new__(cls, f"∂{order}{above}/{text}" if above or order else text)
        self.y, self.xs, self.nodes = y, tuple(xs), tuple(nodes)
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return DerivativeName, (self.y, self.xs)
