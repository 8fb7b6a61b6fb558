"""A graph of Tensors, recorded again: from other inputs, or from inputs that were computed, and up to derivatives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

from ... import array_ops as A
from ... import ops
from ...graph import topological_order
from ...network.functions import affine, cat, logistic_losses, stack, where
from ...network.reductions import per_count
from ...network.tensor import Tensor, from_values
from ...value import Value
from ...writing.algebra import Symbol
from ...writing.expression import Expression, Name
from ..layers import computed_from
from .source import ends


class Size(int):
    """A size of a Tensor that is the number of examples, or a multiple of it.

    As an int it is the size in this recording; `formula` is how it follows from the number of examples.
    """

    formula: Expression

    def __new__(cls, number: int, formula: Expression) -> Size:
        new = super().__new__(cls, number)
        new.formula = formula
        return new

    def __mul__(self, x: Any) -> Any:
        product = Symbol(self.formula) * (Symbol(x.formula) if isinstance(x, Size) else x)
        return Size(int(self) * x, product.formula) if isinstance(x, int) else product

    __rmul__ = __mul__


N = Name("number of examples")


def mark_sizes(recording: Recording, n: int) -> None:
    """Let each size of the recording that is a multiple of n be a Size."""
    roots = [*recording.outputs, *recording.inputs, *[y for y, _ in recording.derivatives.values()]]
    for t in topological_order(*roots):
        t.shape = tuple([m if m % n else Size(n, N) * (m // n) for m in t.shape])


@dataclass
class Recording:
    """Outputs and inputs, and the Tensors that stand for derivatives: for each what was differentiated by what."""

    outputs: list[Tensor]
    inputs: list[Tensor]
    derivatives: dict[Tensor, tuple[Tensor, Tensor]] = field(default_factory=dict)


def tensors_in(tree: Any) -> list[Tensor]:
    """The Tensors of a structure, from left to right. Raises TypeError where it holds something else.

    >>> tensors_in({"x": Tensor([1.0]), "rest": [Tensor([2.0])]})
    [Tensor([1.0]), Tensor([2.0])]
    """
    found = ends(tree)
    for x in found:
        if not isinstance(x, Tensor):
            kind = "a single Value" if isinstance(x, Value) else type(x).__name__
            raise TypeError(
                f'compile_graph: level="tensor" takes Tensors and structures of them, not {kind}; level="value" prints '
                "programs of single numbers"
            )
    return found


def derivative(y: Tensor, x: Tensor) -> Tensor:
    """What stands for ∂y/∂x in the outputs of a program, as `grad(y, x)` does, but nothing is computed."""
    return from_values([Value(0.0) for _ in x.values], x.shape, A.Operation(A.MAP, of=y), x)


def recorded(outputs: Sequence[Tensor], inputs: Mapping[Tensor, Tensor | None]) -> Recording:
    """The graph of the outputs, recorded again from what each input is replaced by, or if that is None from itself.

    An input that was computed becomes a leaf; so does a Tensor of gradients, which a program computes by itself.

    Raises:
        TypeError: a Tensor was computed in a way that cannot be recorded again, or is a derivative of derivatives.
    """
    roots = list(outputs)
    for root in roots:  # which grows
        differentiated = [t.operation.of for t in topological_order(root) if t.operation]
        roots += [y for y in differentiated if isinstance(y, Tensor) and y not in roots]
    order = topological_order(*roots)
    new = {t: _leaf(t) if other is None else other for t, other in inputs.items()}
    given: dict[Tensor, tuple[Tensor, Tensor]] = {}
    for t in order:
        if t in new:
            continue
        if t.operation and t.operation.of is not None:
            shape = new[t.inputs[0]].shape
            new[t] = from_values([Value(0.0) for _ in range(prod(shape))], shape)
            given[t] = _tensor_of(t.operation.of, order), t.inputs[0]
        elif all([new[a] is a for a in t.inputs]):
            new[t] = t
        else:
            new[t] = again(t, [new[a] for a in t.inputs])
    if not computed_from(given, order).isdisjoint([y for y, _ in given.values()]):
        raise TypeError('compile_graph: a derivative of derivatives has no matrix form here; level="value" has')
    derivatives = {new[t]: (new[y], new[x]) for t, (y, x) in given.items()}
    return Recording([new[t] for t in outputs], [new[t] for t in inputs], derivatives)


def _leaf(t: Tensor) -> Tensor:
    return t.detach() if t.inputs else t


def _tensor_of(y: Any, order: Sequence[Tensor]) -> Tensor:
    found = [t for t in order if t is y or (isinstance(y, Value) and t.values == (y,))]
    if not found:
        raise TypeError('compile_graph: what was differentiated is not a Tensor; level="value" prints single numbers')
    return found[0]


def again(t: Tensor, args: Sequence[Tensor]) -> Tensor:
    """The operation that computed t, on other inputs."""
    record = t.operation
    assert record is not None
    result = _REPEATED[record.op](t, *args) if record.op in _REPEATED else _row(t, args)
    result.label = t.label
    result.operation = result.operation._replace(roles=record.roles) if result.operation else None
    return result


def _row(t: Tensor, args: Sequence[Tensor]) -> Tensor:
    if not isinstance(t.op, ops.Op):
        raise TypeError(
            f"compile_graph: {t.label or 'a Tensor'} of shape {t.shape} was put together from single numbers, which "
            'has no matrix form; level="value" prints them'
        )
    return args[0]._unary(t.op) if len(args) == 1 else args[0]._binary(t.op, *args)


def _along(t: Tensor, a: Tensor) -> Tensor:
    assert t.operation and t.op and t.operation.axis is not None
    options = (t.operation.axis, t.operation.keepdims) if t.op in A.REDUCTIONS else t.operation.axis
    result: Tensor = getattr(a, t.op.symbol)(*options)
    return result


def _reshape(t: Tensor, a: Tensor) -> Tensor:
    """With another number of examples, the first axis follows that number."""
    before, after = t.inputs[0].shape, t.shape
    if len(after) == 1:
        return a.reshape(-1)
    return a.reshape(a.shape[0], *after[1:]) if after[:1] == before[:1] else a.reshape(after)


def _index(t: Tensor, a: Tensor) -> Tensor:
    assert t.operation and t.operation.keys
    part = a[t.operation.keys]
    return part if isinstance(part, Tensor) else Tensor(part)


_REPEATED: dict[Any, Callable[..., Tensor]] = {
    A.MATMUL: lambda t, a, b: a @ b,
    A.AFFINE: lambda t, W, h, b: affine(W, h, b),
    **dict.fromkeys((*A.REDUCTIONS, A.SOFTMAX, A.LOG_SOFTMAX), _along),
    A.PER_COUNT: lambda t, total, a: per_count(total, a, t.operation.axis, t.operation.less),
    A.TRANSPOSE: lambda t, a: a.T,
    A.PERMUTE: lambda t, a: a.permute(t.operation.axis),
    A.RESHAPE: _reshape,
    A.INDEX: _index,
    A.WHERE: lambda t, chosen, a, b: where(chosen, a, b),
    A.CAT: lambda t, *a: cat(a, t.operation.axis[0]),
    A.STACK: lambda t, *a: stack(a),
    A.BCE: lambda t, z, y: logistic_losses(z, y),
}
