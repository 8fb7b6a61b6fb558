"""A Tensor's formula as one would write it on a slide, from the record of its operations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...writing.numbers import short, superscript

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...network.tensor import Tensor

# How tightly an expression holds together, so that parentheses stand only where they are needed.
SUM, PRODUCT, POWER, ATOM = range(4)


def formula(t: Tensor, name: Callable[[Tensor], str | None]) -> str:
    """How t was computed, in terms of the Tensors that `name` gives a name to.

    >>> from tinygrad_edu import Tensor, squared_error
    >>> z = Tensor([1.0, 2.0], label="z")
    >>> formula(squared_error(z, [0.0, 1.0]), lambda t: t.label)
    '½ Σ (z − y)²'
    """
    return _operation(t, name)[0]


def _written(t: Tensor, name: Callable[[Tensor], str | None]) -> tuple[str, int]:
    if known := name(t):
        return known, ATOM
    if t.op is None:
        return ("½" if t.item() == 0.5 else short(t.item()), ATOM) if len(t.values) == 1 else ("constant", ATOM)
    return _operation(t, name)


def _operation(t: Tensor, name: Callable[[Tensor], str | None]) -> tuple[str, int]:
    def operand(k: int, tightness: int) -> str:
        text, held = _written(t.inputs[k], name)
        return text if held >= tightness else f"({text})"

    op = t.op or ""
    if op == "+":
        return f"{operand(0, SUM)} + {operand(1, SUM)}", SUM
    if op == "−":
        return f"{operand(0, SUM)} − {operand(1, PRODUCT)}", SUM
    if op == "×":
        if _is_number(t.inputs[1]):
            return f"{operand(1, ATOM)} {operand(0, PRODUCT)}", PRODUCT
        return f"{operand(0, POWER)} × {operand(1, POWER)}", PRODUCT
    if op == "÷":
        return f"{operand(0, PRODUCT)} / {operand(1, POWER)}", PRODUCT
    if op == "@":
        vectors = all(a.ndim == 1 for a in t.inputs)
        return f"{operand(0, PRODUCT)}{' · ' if vectors else ' '}{operand(1, POWER)}", PRODUCT
    if op == "affine" and t.ndim == 1:
        return f"{operand(0, POWER)} {operand(1, POWER)} + {operand(2, SUM)}", SUM
    if op == "affine":
        return f"{operand(1, POWER)} {operand(0, ATOM)}ᵀ + {operand(2, SUM)}", SUM
    if op == "neg":
        return f"−{operand(0, PRODUCT)}", PRODUCT
    if op == "sum":
        return f"Σ {operand(0, POWER)}", PRODUCT
    if op == "ᵀ":
        return f"{operand(0, ATOM)}ᵀ", ATOM
    if op == "reshape":
        return _written(t.inputs[0], name)
    if op == "[ ]":
        return f"{operand(0, ATOM)}[…]", ATOM
    if op.startswith("^"):
        return (
            (operand(0, ATOM) + superscript(float(op[1:])), POWER)
            if op[1:]
            else (f"{operand(0, ATOM)} ^ {operand(1, ATOM)}", POWER)
        )
    return f"{op}({', '.join([_written(a, name)[0] for a in t.inputs])})", ATOM


def _is_number(t: Tensor) -> bool:
    return t.op is None and not t.label and len(t.values) == 1
