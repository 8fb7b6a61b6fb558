"""The graph as JavaScript: the rows of the table that it uses, how they are connected, and what can be asked.

engine.js runs it. No derivative is typed there: values and partials are printed from the rows.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ... import ops
from ...writing.code import JAVASCRIPT, NotWritten
from ...writing.expression import Apply, Expression, Name, Number, write
from ..compiling.terms import Algebra, Term
from ..drawing import look

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ...ops import Op
    from ..explaining.rows import Derivation
    from .stage import Stage


def graph_as_script(stage: Stage, derivation: Derivation) -> str:
    """`const graph = …`, for engine.js.

    Each of its `nodes` is the number of a leaf, or [row, input, …]; `names` are the names of the nodes, null for
    a constant; `leaves` are the nodes that a reader can change, `parameters` those that descent moves, `moving` those
    that it moves where there are none; `room` is how many characters a number on a card may have.

    Raises:
        NotWritten: a row that a user added cannot be written in JavaScript.
    """
    order, number_of = stage.values, stage.number_of
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
    leaves = [row.node for row in derivation.forward if not row.node.op]  # in the order in which they are given
    data = {
        "nodes": nodes,
        "names": [derivation.names.get(v) for v in order],
        "leaves": [number_of[v] for v in leaves],
        "parameters": [number_of[v] for v in leaves if v in stage.names.parameters],
        "moving": [number_of[v] for v in [v for v in leaves if stage.kind(v) == "parameter"] or leaves],
        "room": len(stage.room),
        "digits": derivation.digits,
    }
    return f"const graph = {as_json(data)};\ngraph.rows = [\n{''.join(rows.values())}];\n"


def _row(op: Op, n: int) -> str:
    """The row for n inputs, as JavaScript: what it is called, its value, its partials."""
    algebra = Algebra()
    y, *inputs = [letter(algebra, name) for name in ("y", *[f"a[{k}]" for k in range(n)])]
    value = _function("(a)", [algebra.apply(op, *inputs)], "{}")
    partials = [algebra.apply(ops.ADD, p, 0.0) for p in op.partials(y, *op.arguments(tuple(inputs)))]
    return f"  [{as_json(op.symbol)}, {value}, {_function('(y, a)', partials, '[{}]')}],\n"


def _function(arguments: str, results: Sequence[Term], form: str) -> str:
    """An arrow function. A term that occurs more than once gets a name, or a maximum of n numbers would fill pages."""
    uses: dict[Term, int] = {}
    stack = list(results)
    for term in stack:  # which grows
        uses[term] = uses.get(term, 0) + 1
        if uses[term] == 1:
            stack += term.inputs
    named: dict[Term, str] = {}
    lines = []
    for term in results[0].algebra.known.values() if results else []:  # each after its inputs
        if uses.get(term, 0) > 1 and term.op:
            text = _written(term, named)
            named[term] = f"t{len(named)}"
            lines.append(f"const {named[term]} = {text};")
    result = form.format(", ".join([_written(term, named) for term in results]))
    return f"{arguments} => {{ {' '.join(lines)} return {result}; }}" if lines else f"{arguments} => {result}"


class _Letter(Term):
    """An argument of a row. It is no particular number, so where a row asks for n = 0, the general case is printed."""

    __slots__ = ()
    __hash__ = Term.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


def letter(algebra: Algebra, name: str) -> Term:
    """A variable that is written as it is called."""
    term = _Letter(algebra)
    term.label = name
    return term


def as_function(e: Expression, names: dict[str, str]) -> str:
    """A formula of numbers as a JavaScript function of values v, gradients g and slopes p.

    `names` tells how a name is written in it. Raises NotWritten where the formula cannot be written.
    """
    algebra = Algebra()

    def term(e: Expression) -> Term:
        match e:
            case Apply(op, args) if op in (ops.ADD, ops.MUL):
                first, *others = map(term, args)
                for other in others:
                    first = algebra.apply(op, first, other)
                return first
            case Apply(op, args):
                return algebra.apply(op, *map(term, args))
        if e.args or e.shape:
            raise NotWritten(f"{type(e).__name__} is not a formula of numbers")
        return letter(algebra, names[e.text]) if hasattr(e, "text") else algebra.constant(e.number)  # type: ignore[attr-defined]

    return f"(v, g, p) => {_written(term(e), {})}"


def _written(term: Term, named: dict[Term, str]) -> str:
    def expression(term: Term) -> Expression:
        if term in named:
            return Name(named[term])
        if term.op:
            return Apply(term.op, tuple(map(expression, term.inputs)))
        return Name(term.label or "") if term.number is None else Number(term.number)

    return str(write(expression(term), JAVASCRIPT)[0])


def as_json(data: Any) -> str:
    """JSON that cannot end the element it stands in, whatever a label contains."""
    return look.printable(json.dumps(data, ensure_ascii=False, separators=(",", ":"))).replace("<", "\\u003c")
