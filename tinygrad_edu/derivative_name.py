"""What a derivative is called: ∂L/∂w, ∂²L/∂a∂b."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Self

#: A name with one of these has parentheses around it where a sign before or after it would take only a part.
LOOSE = frozenset(" +−-·∘×*/^=<>:;()⟨⟩|→ᵀ∂")
_DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹"


def _raised(n: int) -> str:
    return "".join([_DIGITS[int(digit)] for digit in str(n)]) if n > 1 else ""


def repeated(names: Sequence[str]) -> list[tuple[str, int]]:
    """Each name with how often it stands there one after the other.

    >>> repeated(["x", "x", "y", "x"])
    [('x', 2), ('y', 1), ('x', 1)]
    """
    return [(name, len([*same])) for name, same in groupby(names)]


class DerivativeName(str):
    """What a derivative is called: ∂y/∂x, or ∂x where y has no name, and of a second derivative ∂²y/∂a∂b or ∂²y/∂x².

    `y` and `xs` are the names; `nodes` are the Values of these names, y and then the xs. A copy has none.

    >>> DerivativeName("L", ["w"]), DerivativeName("L", ["a", "b + 1"])
    ('∂L/∂w', '∂²L/∂a∂(b + 1)')
    >>> DerivativeName("f", ["x", "x", "y²", "y²"])
    '∂⁴f/∂x²∂(y²)²'
    """

    y: str
    xs: tuple[str, ...]
    nodes: tuple[Any, ...]

    def __new__(cls, y: str, xs: Sequence[str], nodes: Sequence[Any] = ()) -> Self:
        y, *xs = [name if isinstance(name, DerivativeName) else " ".join(name.split()) for name in (y, *xs)]
        above = _raised(len(xs)) + (f"({y})" if LOOSE & {*y} else y)
        below = ""
        for x, n in repeated(xs):
            loose = LOOSE & {*x} or (n > 1 and x[-1:] in _DIGITS)
            below += (f"∂({x})" if loose else f"∂{x}") + _raised(n)
        self = super().__new__(cls, f"∂{above}/{below}" if above else below)
        self.y, self.xs, self.nodes = y, tuple(xs), tuple(nodes)
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return DerivativeName, (self.y, self.xs)
