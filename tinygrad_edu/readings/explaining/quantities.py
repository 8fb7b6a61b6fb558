"""What a matrix derivation speaks of: the Tensors that have a name, and the formula of each.

A Tensor without a name of its own is written inside the formula that uses it:
`L = ½ Σ (ŷ − y)²` is one quantity, though it was computed in four steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...graph import topological_order
from ...network.tensor import Tensor
from ..order import by_depth
from .expression import Expr, formula
from .names import names_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_TENSORS = 1000
_DEEPEST = 8  # operations inside one formula
# Operations that may be written inside another formula, and those that want names to work on.
_INSIDE = {"@", "affine", "ᵀ", "reshape", "+", "−", "×", "÷", "neg", "sum", "mean", "logsumexp", "exp", "log", "abs"}
_ON_NAMES = {"tanh", "sigmoid", "relu", "sin", "cos", "sqrt"}
_VIEWS = {"ᵀ", "reshape"}
_AS_WORDS = {"[ ]": "part", "^": "power"}


class Quantity:
    """A Tensor with a name, the quantities it is computed from, and how."""

    def __init__(self, tensor: Tensor, name: str) -> None:
        self.tensor = tensor
        self.name = name
        self.symbol = Expr("name", (), tensor.detach(), (name,))
        self.inputs: tuple[Quantity, ...] = ()
        self.rule: Expr | None = None


def quantities(root: Tensor, wrt: Sequence[Tensor]) -> dict[Tensor, Quantity]:
    """The quantities of a graph of Tensors, in the order of a reader: what is given, then each layer.

    Raises:
        ValueError: too many Tensors to read.
    """
    order = topological_order(root)
    if len(order) > _MOST_TENSORS:
        raise ValueError(
            f"explain: {len(order):,} Tensors are too many to read. Explain the loss of one step or one example, "
            "whose derivation is the same"
        )
    with_names = _named(order, wrt)
    named = [t for t in order if t in with_names]
    data = [t for t in named if not t.op and not t.label]
    names = names_of(named, {root: ("L", "y"), **dict.fromkeys(data[:1], ("x",))})
    found = {t: Quantity(t, names[t]) for t in named}
    for t, quantity in found.items():
        if t.op:
            quantity.rule = written_out(t, found)
            quantity.inputs = tuple(dict.fromkeys(_named_inputs(t, found)))
    layers = by_depth(list(found.values()))
    return {q.tensor: q for q in layers}


def symbol(t: Tensor, found: dict[Tensor, Quantity]) -> Expr:
    """A Tensor as it stands in a formula: its name, a constant, or its own formula."""
    if t in found:
        return found[t].symbol
    return written_out(t, found) if t.op else formula(t.item())


def written_out(t: Tensor, found: dict[Tensor, Quantity]) -> Expr:
    """The formula by which a Tensor was computed."""
    args = tuple([symbol(a, found) for a in t.inputs])
    number = t.detach()
    match t.op:
        case "@" if t.inputs[0].ndim == t.inputs[1].ndim == 1:
            a, b = [_unflattened(a, found) for a in t.inputs]
            if a.shape == b.shape:
                args = (symbol(a, found), symbol(b, found))
            return (args[0] * args[1]).sum()
        case "@" if t.inputs[0].ndim == 1:
            return Expr("@", (args[0].T, args[1]), number)
        case "affine":
            W, h, c = args
            return ((W @ h if t.ndim == 1 else h @ W.T) + c).of_number(number)
        case "ᵀ" if t.ndim <= 2:
            return args[0].T if t.ndim == 2 else args[0]
        case "reshape":
            return args[0].reshaped(t.shape)
        case "sum" | "mean" if len(t.values) == 1 or t.inputs[0].ndim == 2:
            total = args[0].sum(summed_axis(t)).reshaped(t.shape)
            return total if t.op == "sum" else total / (len(t.inputs[0].values) // len(t.values))
        case "×":
            return args[0] * args[1]
        case str(op) if op.startswith("^") and op != "^":
            return Expr("^", (args[0], formula(float(op[1:]))), number)
    return Expr(_AS_WORDS.get(str(t.op), str(t.op)), args, number)


def _unflattened(t: Tensor, found: dict[Tensor, Quantity]) -> Tensor:
    """What a nameless reshape rearranges."""
    return t.inputs[0] if t.op == "reshape" and t not in found else t


def summed_axis(t: Tensor) -> int | None:
    """The axis of a matrix along which t is the sum (or mean, or logsumexp); None for all elements."""
    matrix = t.inputs[0]
    if len(t.values) == 1 or matrix.ndim != 2:
        return None
    first = t.values[0] if t.op != "mean" else t.values[0].inputs[0]
    return 1 if first.inputs == matrix.values[: matrix.shape[1]] else 0


def _named(order: Sequence[Tensor], wrt: Sequence[Tensor]) -> set[Tensor]:
    named = {order[-1], *wrt}
    uses: dict[Tensor, int] = {}
    depth: dict[Tensor, int] = {}  # of the formula inside formulas
    for t in order:
        depth[t] = 1 + max([0 if a in named else depth[a] for a in t.inputs], default=0)
        solid = max([a.ndim for a in (t, *t.inputs)]) > 2  # it is told by its Jacobian, which needs names
        inside = _fits_inside(t.op) and not solid
        row = t.op == "@" and [a.ndim for a in t.inputs] == [1, 2]  # a column to all that use it
        if (
            t.label
            or row
            or depth[t] > _DEEPEST
            or (t.op and not inside and (solid or t.op not in _ON_NAMES))
            or (not t.op and t.shape)
        ):
            named.add(t)
        for a in t.inputs:
            uses[a] = uses.get(a, 0) + 1
            matrix_product = t.op in ("@", "affine") and max([b.ndim for b in t.inputs]) == 2
            if a.op and ((matrix_product and a.op not in _VIEWS) or not inside):
                named.add(a)
    return named | {t for t in order if t.op and uses.get(t, 0) > 1}


def _fits_inside(op: str | None) -> bool:
    """Whether an operation, aⁿ among them, may be written inside another formula."""
    return op in _INSIDE or (op is not None and op.startswith("^") and op != "^")


def _named_inputs(t: Tensor, found: dict[Tensor, Quantity]) -> list[Quantity]:
    return [q for a in t.inputs for q in ([found[a]] if a in found else _named_inputs(a, found))]
