"""The graph as JavaScript, and formulas as trees: what engine.js computes with.

No derivative is typed there: values and partials are printed from the rows of the table.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from math import prod
from typing import Any

from ... import ops
from ...graph import topological_order
from ...ops import Op
from ...shapes import Shape, as_axes, broadcast_to, reduction
from ...value import Value
from ...writing import expression as E
from ...writing.code import JAVASCRIPT
from ...writing.evaluation import array
from ..compiling.source import Identifiers
from ..compiling.statements import Printer
from ..compiling.terms import Algebra, Term
from ..drawing import look


class Rows:
    """The rows of the table of operations that a page uses, each for a number of inputs, as JavaScript.

    Raises NotWritten where a row that a user added cannot be written.
    """

    def __init__(self) -> None:
        self.written: dict[tuple[Op, int], str] = {}

    def number(self, op: Op, n: int) -> int:
        if (op, n) not in self.written:
            self.written[op, n] = _row(op, n)
        return list(self.written).index((op, n))

    def __str__(self) -> str:
        return f"[\n{''.join(self.written.values())}]"


@dataclass(frozen=True)
class Later:
    """A number, or an array, that the page finds by a tree."""

    tree: Any
    shape: Shape = ()


class Trees:
    """Formulas as trees of lists. What one comes to is a flat list of numbers: all shapes are settled here.

    A leaf is a number, or ["v", k] or ["g", k], the values or the gradients of quantity k, or ["p", b, i], the local
    derivative of node b by its input i, or ["a", numbers]. Above the leaves there are

    [row, tree, …]              a row of the table, element by element; a single number meets each element
    ["take", offsets, tree, …]  elements of the arrays, which stand one after another
    ["placed", n, offsets, tree]        n zeros to which an array is added at these offsets
    ["along", function, inner, outer, tree]     a function of the elements at o + i for each i, for each o
    ["@", m, n, p, tree, tree]          m × n times n × p, one matrix after another

    Args:
        rows: those rows.
        leaf_of: for each name in a formula its leaf.
    """

    def __init__(self, rows: Rows, leaf_of: Mapping[str, Any]) -> None:
        self.rows = rows
        self.leaf_of = leaf_of

    def later(self, e: E.Expression) -> Later:
        return Later(self.tree(e), e.shape)

    def tree(self, e: E.Expression) -> Any:
        args = [self.tree(a) for a in e.args]
        match e:
            case E.Name(text) | E.Derivative(text=text):
                return self.leaf_of[text]
            case E.Number(Later(tree)):
                return tree
            case E.Literal(_, E.Expression() as formula):
                return self.tree(formula)
            case E.Number(number) | E.Constant(number) | E.Literal(number):
                constant = array(number)
                return ["a", constant.numbers] if constant.shape else constant.numbers[0]
            case E.Ones(shape):
                return ["a", [1] * prod(shape)]
            case E.Apply(op):
                met = [_spread(t, a.shape, e.shape) if prod(a.shape) > 1 else t for t, a in zip(args, e.args)]
                if op in (ops.ADD, ops.MUL):
                    return reduce(lambda a, b: [self.rows.number(op, 2), a, b], met)
                return [self.rows.number(op, len(met)), *met]
            case E.Along(function, arg, axes):
                _, inner, outer = reduction(arg.shape, as_axes(axes, arg.shape), False)
                return ["along", function.symbol, inner, outer, *args]
            case E.MatMul((a, b)):
                (m, n), (rows, p) = _as_matrix(a.shape), _as_matrix(b.shape)
                if n != rows:  # one of them is a number
                    return self.tree(E.Apply(ops.MUL, e.args))
                first = E.broadcast([a.shape[:-2], b.shape[:-2]])
                met = [_spread(t, x.shape, (*first, *x.shape[-2:])) for t, x in zip(args, e.args)]
                return ["@", m, n, p, *met]
            case E.MatMul((*others, last)):
                return self.tree(E.MatMul((E.MatMul(tuple(others)), last)))
            case E.Placed(_, _, offsets, shape):
                return ["placed", prod(shape), offsets, *args]
            case E.Rearranged():
                taken = list(e.offsets)
                return args[0] if taken == list(range(prod(e.args[0].shape))) else ["take", taken, *args]
        raise TypeError(f"{e} has no number: nothing is known of it but its name")


def _spread(tree: Any, shape: Shape, target: Shape) -> Any:
    """The tree of an array that is broadcast."""
    return tree if shape == target else ["take", broadcast_to(range(prod(shape)), shape, target), tree]


def _as_matrix(shape: Shape) -> Shape:
    """The rows and columns of a matrix, or of each of several; a vector is a column."""
    return shape[-2:] if len(shape) > 1 else (prod(shape), 1)


def nodes_as_data(nodes: Sequence[Value], number_of: Mapping[Value, int], rows: Rows) -> list[Any]:
    """Each node as the number of a leaf, or as [row, input, …]."""
    return [[rows.number(v.op, len(v.inputs)), *[number_of[a] for a in v.inputs]] if v.op else v.data for v in nodes]


def _row(op: Op, n: int) -> str:
    """The row for n inputs, as JavaScript: what it is called, its value, its partials."""
    algebra = Algebra()
    letters = [_Letter(algebra, label=name) for name in ("y", *[f"a[{k}]" for k in range(n)])]
    y, *inputs = letters
    value = _function("(a)", [algebra.apply(op, *inputs)], letters, "{}")
    partials = [algebra.term(p) for p in op.partials(y, *op.arguments(tuple(inputs)))]
    return f"  [{as_json(op.symbol)}, {value}, {_function('(y, a)', partials, letters, '[{}]')}],\n"


def _function(head: str, results: Sequence[Term], letters: Sequence[Term], form: str) -> str:
    """An arrow function. What is written more than once gets a name, or a maximum of n numbers would fill pages."""
    order = [term for term in topological_order(*results) if term not in letters]
    printer = Printer(JAVASCRIPT, Counter([*results, *[a for term in order for a in term.inputs]]), Identifiers(()))
    for letter in letters:
        printer.call(letter, letter.label or "")
    for term in order:
        printer.express(term)
    result = form.format(", ".join(map(printer.text, results)))
    lines = " ".join([statement.text.strip() for statement in printer.statements])
    return f"{head} => {{ {lines} return {result}; }}" if lines else f"{head} => {result}"


class _Letter(Term):
    """An argument of a row, written as its label. Where a row asks for n = 0, the general case is printed."""

    __slots__ = ()
    __hash__ = Term.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


def as_json(data: Any) -> str:
    """JSON that cannot end the element it stands in, whatever a label contains."""
    return look.printable(json.dumps(data, ensure_ascii=False, separators=(",", ":"))).replace("<", "\\u003c")
