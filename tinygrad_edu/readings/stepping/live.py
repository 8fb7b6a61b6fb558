"""The graph as JavaScript: the rows of the table that it uses, and how they are connected.

engine.js runs it. No derivative is typed there: values and partials are printed from the rows.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ... import ops
from ...writing.code import JAVASCRIPT
from ...writing.expression import Apply, Expression, Name, Number, write
from ..compiling.terms import Algebra, Term
from ..drawing import look

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from typing import Any

    from ...ops import Op
    from ...value import Value
    from ..explaining.rows import Derivation


def as_script(order: Sequence[Value], derivation: Derivation, parameters: Collection[Value]) -> str:
    """`const graph = …`, for engine.js.

    Each of its `nodes` is the number of a leaf, or [row, input, …]; each of its `leaves` is
    [node, name, whether descent moves it]: the parameters, or where there are none, every named leaf.

    Raises:
        TypeError: a row that a user added cannot be written in JavaScript.
    """
    number_of = {v: i for i, v in enumerate(order)}
    rows: dict[tuple[Op, int], str] = {}
    nodes: list[float | list[int]] = []
    for v in order:
        if not v.op:
            nodes.append(v.data)
            continue
        kind = v.op, len(v.inputs)
        if kind not in rows:
            rows[kind] = _row(*kind)
        nodes.append([list(rows).index(kind), *[number_of[a] for a in v.inputs]])
    leaves = [v for v in order if not v.op and v in derivation.names]
    learned = [v for v in leaves if v in parameters] or leaves
    told = [[number_of[v], derivation.names[v], v in learned] for v in leaves]
    root = derivation.names.get(order[-1], "the result")
    data = f"nodes: {_json(nodes)}, leaves: {_json(told)}, root: {_json(root)}, digits: {derivation.digits}"
    return f"const graph = {{ rows: [\n{''.join(rows.values())}], {data} }};\n"


def _row(op: Op, n: int) -> str:
    """The row for n inputs, as JavaScript: what it is called, its value, its partials."""
    algebra = Algebra()
    y = _letter(algebra, "y")
    arguments = op.arguments(tuple([_letter(algebra, f"a[{k}]") for k in range(n)]))
    value = algebra.apply(op, *[_letter(algebra, f"a[{k}]") for k in range(n)])
    partials = [_written(algebra.apply(ops.ADD, p, 0.0)) for p in op.partials(y, *arguments)]
    return f"  [{_json(op.symbol)}, (a) => {_written(value)}, (y, a) => [{', '.join(partials)}]],\n"


class _Letter(Term):
    """An argument of a row. It is no particular number, so where a row asks for n = 0, the general case is printed."""

    __slots__ = ()
    __hash__ = Term.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


def _letter(algebra: Algebra, name: str) -> Term:
    term = _Letter(algebra)
    term.label = name
    return term


def _written(term: Term) -> str:
    return write(_expression(term), JAVASCRIPT)[0]


def _expression(term: Term) -> Expression:
    if term.op:
        return Apply(term.op, tuple(map(_expression, term.inputs)))
    return Name(term.label or "") if term.number is None else Number(term.number)


def _json(data: Any) -> str:
    """JSON that cannot end the script it stands in, whatever a label contains."""
    return look.printable(json.dumps(data, separators=(",", ":"))).replace("<", "\\u003c")
