"""What a program of arrays consists of: the lines of the derivation, in the language of NumPy.

Nothing here knows a derivative: the rules are those of the page of matrix calculus.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ... import array_ops as A
from ... import ops
from ...graph import topological_order
from ...network.tensor import Tensor, from_values
from ...shapes import Shape
from ...value import Value
from ...writing import algebra
from ...writing import expression as E
from ...writing.code import NotWritten
from ...writing.expression import Apply, Constant, Expression, Name, call
from ..formulas import formula
from ..layers import by_height
from ..naming import Names
from ..quantities import Quantities, gradients
from .lowering import Arrays
from .recording import Recording, map_tensors
from .statements import Plan, arguments, needed
from .terms import COUNT, Term

_RESULT = A.ArrayOp("result")  # of all outputs together
_INSTEAD = 'which have no matrix form; level="value" prints them'


def array_plan(recording: Recording, outputs: Any, inputs: Any, batch: Tensor | None) -> Plan:
    """The plan of a program of arrays, its lines named as on paper.

    Args:
        recording: what is computed from what.
        outputs, inputs: the structures of the results and of the arguments.
        batch: an input of which the first axis is free.

    Raises:
        TypeError: something has no matrix form.
    """
    derivatives, given = recording.derivatives, dict.fromkeys(recording.inputs)
    above = _users_of(derivatives, recording.outputs)
    roots = list(dict.fromkeys([y for y, _ in derivatives.values()]))
    wrt = list(dict.fromkeys([x for _, x in derivatives.values()]))
    ends = list(dict.fromkeys([*[t for t in recording.outputs if t not in above], *roots]))
    names = Names(ends, [*given, *wrt])
    result = from_values([Value(0.0)], (), A.Operation(_RESULT), *ends)
    found = Quantities(result, names, wrt)
    forward: dict[str, tuple[Expression, Shape]] = {}
    backward: dict[str, tuple[Expression, Shape]] = {}
    numbers: dict[str, Constant] = {}  # derivatives by a single number that are just a number
    constants: dict[str, Tensor] = {}
    for q in found.of.values():
        if q.tensor not in given and q.tensor is not result:
            if q.node.inputs:
                forward[q.name] = found.written_out(q.node), q.tensor.shape
            else:
                constants[q.name] = q.tensor
    for root in roots:
        rules = dict(gradients(root, found, {}))
        passed = [q for q in found.of.values() if q in rules]
        for q in by_height(sorted(passed, key=lambda q: bool(q.inputs))):
            d, rule = E.Derivative(found.of[root].name, q.name), _with_numbers(rules[q], numbers)
            backward[d.text] = rule, q.tensor.shape
            if isinstance(rule, Constant) and not q.tensor.shape:
                numbers[d.text] = rule

    def symbol(t: Tensor) -> Expression | None:
        """How an output, or what it is computed from, is written; None for its own formula."""
        if t in derivatives:
            y, x = derivatives[t]
            name = E.Derivative(found.of[y].name, names(x)).text
            if x in found.of and name not in backward:
                raise TypeError(f"compile_graph: {name} has no matrix form, {_INSTEAD}")
            return Name(name, x.shape) if name in backward else Apply(ops.MUL, (Constant(0.0), E.Ones(x.shape)))
        if t in given:
            return Name(names(t), t.shape)
        if t in found.graph.nodes:
            return found.symbol(t)
        if not t.inputs and t.shape:
            constants[names(t)] = t
            return Name(names(t), t.shape)
        return None

    formulas = forward | backward
    results = [symbol(t) or formula(t, symbol) for t in recording.outputs]
    waiting = _names_in(*results)
    for name in waiting:  # which grows
        waiting += [a for a in _names_in(*formulas.get(name, ())[:1]) if a not in waiting]

    terms: dict[str, Term] = {}

    def term(name: str) -> Term:
        if name not in terms:
            rule, shape = formulas[name]
            try:
                terms[name] = arrays.line(name, rule, shape)
            except NotWritten:
                said = f"compile_graph: {name} = {rule} was put together from single numbers, {_INSTEAD}"
                raise TypeError(said) from None
        return terms[name]

    arrays = Arrays(term)
    for name, t in ({names(t): t for t in given} | constants).items():
        terms[name] = arrays.known[name] = Term(arrays, shape=t.shape)
    if batch is not None:
        arrays.count = arrays.step(call("len"), [terms[names(batch)]], (), COUNT)
    lines = [[term(name) for name in part if name in waiting] for part in (forward, backward)]
    last = [arrays.lowered(e) for e in results]
    order = [*arrays.known.values()]
    used = needed(order, last)
    sections = [("forward", lines[0]), ("backward", lines[1])] if all(lines) else []
    rest = "update" if sections and not set(last) <= {*lines[0], *lines[1]} else ""
    in_order = iter(last)
    return Plan(
        arguments(inputs, names),
        {t: terms[names(t)] for t in given},
        [*sections, (rest, last)],
        map_tensors(lambda _: next(in_order), outputs),
        [t for t in order if t in used],
        [*lines[0], *lines[1]],
        names,
        {terms[name]: (name, t) for name, t in constants.items() if terms[name] in used},
    )


def _names_in(*formulas: Expression) -> list[str]:
    """The names in formulas, each once."""
    parts = [part for e in formulas for part in E.parts(e)]
    return list(dict.fromkeys([part.text for part in parts if isinstance(part, (Name, E.Derivative))]))


def _with_numbers(e: Expression, numbers: Mapping[str, Constant]) -> Expression:
    """The formula with the derivatives that are just numbers put in."""
    return algebra.replaced(e, lambda part: numbers.get(part.text) if isinstance(part, E.Derivative) else None)


def _users_of(derivatives: dict[Tensor, Any], outputs: Sequence[Tensor]) -> set[Tensor]:
    """The Tensors that are computed from derivatives, and those themselves."""
    found = set(derivatives)
    for t in topological_order(*outputs):
        if not found.isdisjoint(t.inputs):
            found.add(t)
    return found
