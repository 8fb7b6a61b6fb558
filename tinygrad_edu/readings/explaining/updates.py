"""The step of gradient descent that a derivation leads to: W ← W − η ∂L/∂W."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ... import ops
from ...network.nn import Parameter
from ...network.tensor import Tensor
from ...tree import values_in
from ...value import Value, all_finite
from ...writing.arrays import array
from ...writing.evaluation import evaluate, put_in
from ...writing.expression import Apply, Expression, Literal, Name
from .rows import Row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from ..subject import Subject
    from .rows import Derivation


def updates(reading: str, derivation: Derivation, read: Subject, eta: float) -> list[Row]:
    """A row for each leaf that is asked for, or if none is for each parameter that y was computed from.

    Raises:
        ValueError: there are none, or without `wrt` y is a Value, which does not know them.
        OverflowError: a new value is too large for a float.
    """
    wrt: Sequence[Value | Tensor] = read.asked
    if not wrt and isinstance(read.result, Value):
        raise ValueError(
            f"{reading}: eta asks for an update, but a Value does not record its Parameters; pass the Tensor, "
            "or give wrt"
        )
    if not wrt:
        wrt = [t for t in read.tensors if isinstance(t, Parameter)]
    asked = {*wrt, *values_in(wrt)}
    slopes = {row.node: row for step in derivation.backward for row in step.rows}  # of contributions the last
    learned = [row for row in derivation.forward if row.rule is None and row.node in asked & slopes.keys()]
    if not learned:
        raise ValueError(
            f"{reading}: eta asks for an update, but there is nothing to learn: y depends on no Parameter, or with "
            "wrt on none of its leaves"
        )
    rate: Expression = Literal(eta) if "η" in derivation.names.values() else Name("η")
    return [_update(reading, row, slopes[row.node], rate, eta) for row in learned]


def _updated(reading: str, rule: Expression, known: Mapping[str, Any]) -> Any:
    """The new value of a leaf. Raises OverflowError, in the name of a reading, where it is too large for a float."""
    after = evaluate(rule, known)
    if not all_finite(array(after).numbers):
        raise OverflowError(f"{reading}: {rule} is too large for a float; a smaller eta gives a number")
    return after


def _update(reading: str, before: Row, slope: Row, rate: Expression, eta: float) -> Row:
    rule = Apply(ops.SUB, (before.quantity, Apply(ops.MUL, (rate, slope.quantity))))
    known = {
        "η": eta,
        str(before.quantity): before.result,
        str(slope.quantity): slope.arrived,
    }  # a leaf may be called η
    after = _updated(reading, rule, known)
    result = after if isinstance(after, float) else Tensor(after.tolist())
    return Row(before.quantity, rule, put_in(rule, known), result, before.node, update=True)
