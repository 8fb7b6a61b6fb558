"""A graph of Tensors as a program of arrays: forward and backward as one writes them by hand.

Its lines are those of the derivation, in the language of NumPy. Nothing here knows a derivative: the rules are those
of the page of matrix calculus. Where the number of examples is free, it is a symbol in two recordings with two such
numbers, and their programs have to be the same.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ... import array_ops as A
from ... import ops
from ...graph import topological_order
from ...network.tensor import Tensor, from_values
from ...shapes import Shape
from ...value import Value
from ...writing import expression as E
from ...writing.code import HELPERS, NUMPY, NotWritten
from ...writing.expression import Apply, Constant, Expression, Name, call
from ..formulas import formula
from ..layers import by_height, computed_from
from ..naming import Names
from ..quantities import Quantities, gradients
from .lowering import Arrays
from .matrix_program import Expected, MatrixProgram
from .recording import N, Recording, Size, mark_sizes, recorded, tensors_in
from .source import mapped
from .statements import Plan, arguments, needed, print_program
from .terms import COUNT, Term

#: The functions of NumPy that programs call.
FUNCTIONS = (
    "add", "amax", "amin", "array", "concatenate", "cos", "exp", "flip", "log", "logaddexp", "maximum", "minimum",
    "ones", "ones_like", "outer", "s_", "sin", "sqrt", "stack", "sum", "swapaxes", "tanh", "transpose", "where",
    "zeros", "zeros_like",
)  # fmt: skip
_RESULT = A.ArrayOp("result")  # of all outputs together
_NO_FORM = 'has no matrix form; level="value" prints single numbers'
_FREE = "; the number of examples is free, so that a program has to be the same for any number of them"
# Numbers of examples to record with: a size that is a multiple of one follows from it.
_PRIMES = (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97)


def compile_matrices(outputs: Any, inputs: Any, batch: Sequence[Any] = ()) -> MatrixProgram:
    """`compile_graph` with `level="tensor"`; see there."""
    inputs = inputs if isinstance(inputs, (list, tuple, dict)) else [inputs]
    given = tensors_in(inputs)
    if len(set(given)) < len(given):
        raise ValueError("compile_graph: a Tensor stands twice among the inputs; which array is it to be?")
    free = [t for entry in batch for t in tensors_in(entry)]
    if not set(free) <= set(given):
        raise ValueError("compile_graph: batch takes entries of the inputs, the very same objects")
    if any([not t.shape or t.shape[0] != free[0].shape[0] for t in free]):
        shapes = ", ".join([str(t.shape) for t in free])
        raise ValueError(f"compile_graph: a batch has one row for each example in all its Tensors, not {shapes}")

    def record(resized: dict[Tensor, Tensor]) -> tuple[Recording, Any]:
        if not callable(outputs):
            return recorded(tensors_in(outputs), {t: resized.get(t) for t in given}), outputs
        new = mapped(lambda t: resized.get(t, t), inputs)
        tree = outputs(*(new.values() if isinstance(new, dict) else new))
        return recorded(tensors_in(tree), dict.fromkeys(tensors_in(new))), tree

    def plan(recording: Recording, tree: Any) -> Plan:
        own = iter(recording.inputs)
        first = recording.inputs[given.index(free[0])] if free else None
        return array_plan(recording, tree, mapped(lambda _: next(own), inputs), first)

    def engine(arrays: Sequence[Any]) -> None:
        """The same inputs on the engine, which says what is wrong with them, if it finds something."""
        recording, _ = record(dict(zip(given, [Tensor(a, t.label) for a, t in zip(arrays, given)])))
        for y in dict.fromkeys([y for y, _ in recording.derivatives.values()]):
            y.backward()

    recording, tree = record({})
    own = plan(recording, tree)
    if not free:
        return MatrixProgram(*printed(own), engine)
    sizes = {n for t in topological_order(*recording.outputs, *recording.inputs) for n in t.shape}
    try:
        if not callable(outputs):
            _check_division(recording, free[0].shape[0])
        plans = []
        for count in [p for p in _PRIMES if all([n % p for n in sizes])][:2]:
            recording, tree = record({t: _of_examples(t, count) for t in free})
            mark_sizes(recording, count)
            plans.append(plan(recording, tree))
        named = own if len(own.lines) == len(plans[0].lines) else plans[0]
        for found in plans:
            for line, same in zip(found.lines, named.lines):  # v₁, v₂, … are counted by single numbers
                line.label = same.label
        program, other = map(printed, plans)
        _check_same(program[0], other[0])
    except (ValueError, IndexError) as error:
        raise ValueError(f"compile_graph: {str(error).removeprefix('compile_graph: ')}{_FREE}") from error
    return MatrixProgram(*program, engine)


def _of_examples(t: Tensor, n: int) -> Tensor:
    """The Tensor with n rows, those that it has again and again."""
    size = len(t.values) // t.shape[0]
    values = [Value(t.values[k % len(t.values)].data) for k in range(n * size)]
    return Tensor(from_values(values, (n, *t.shape[1:])), t.label)


def _check_division(recording: Recording, count: int) -> None:
    """Raise ValueError for a sum that is divided by what may be the number of examples, which stays what it is."""
    for t in topological_order(*recording.outputs, *[y for y, _ in recording.derivatives.values()]):
        if t.op is ops.DIV and t.inputs[0].op is A.SUM and t.inputs[1].values[0].data in (count, 1 / count):
            raise ValueError(
                f"÷ {count} may be the number of examples and would stay what it is: write .mean(), or .mean(axis=0), "
                "or record with another number of examples"
            )


def _check_same(*sources: str) -> None:
    """Raise ValueError where two programs differ, which were recorded with two numbers of examples."""
    first, second = [source.splitlines() for source in sources]
    if len(first) != len(second):
        raise ValueError("the steps are not the same for two numbers of examples")
    for a, b in zip(first, second):
        if a != b:
            raise ValueError(
                f"{a.strip()} and {b.strip()} were recorded with two numbers of examples, where a number was computed "
                "from it and would stay what it is: write .mean(), or .mean(axis=0)"
            )


def printed(plan: Plan) -> tuple[str, list[str], list[tuple[str, Any]]]:
    """The source of the program, the functions of NumPy that it calls, and what its arguments are."""
    program = print_program(plan, NUMPY, [*FUNCTIONS, *HELPERS, "abs", "len", "program"])
    helpers = [text for name, text in HELPERS.items() if name in re.findall(r"\w+(?=[(])", program)]
    source = "\n\n\n".join([*[text.strip() for text in helpers], program])
    called = set(re.findall(r"\w+(?=[(.\[])", source))
    functions = sorted([name for name in called if name in FUNCTIONS or hasattr(math, name)])

    def expected(t: Tensor) -> Expected:
        return Expected(plan.called(t) or "", tuple(["n" if isinstance(n, Size) else n for n in t.shape]))

    return source, functions, [(name, mapped(expected, entry)) for name, entry in plan.entries]


@dataclass
class Lines:
    """The derivation on paper: a formula and a shape for each name, and a formula for each output."""

    names: Names
    forward: dict[str, tuple[Expression, Shape]] = field(default_factory=dict)
    backward: dict[str, tuple[Expression, Shape]] = field(default_factory=dict)
    constants: dict[str, Tensor] = field(default_factory=dict)
    results: list[Expression] = field(default_factory=list)


def lines_of(recording: Recording) -> Lines:
    """The lines by which the outputs are computed. Raises TypeError where one has no matrix form."""
    derivatives, given = recording.derivatives, dict.fromkeys(recording.inputs)
    above = computed_from(derivatives, topological_order(*recording.outputs))
    roots = list(dict.fromkeys([y for y, _ in derivatives.values()]))
    wrt = list(dict.fromkeys([x for _, x in derivatives.values()]))
    ends = list(dict.fromkeys([*[t for t in recording.outputs if t not in above], *roots]))
    names = Names(ends, [*given, *wrt])
    result = from_values([Value(0.0)], (), A.Operation(_RESULT), *ends)
    found = Quantities(result, names, [*wrt, *ends])
    lines = Lines(names)
    for q in found.of.values():
        if q.tensor not in given and q.tensor is not result:
            if q.node.inputs:
                lines.forward[q.name] = found.written_out(q.node), q.tensor.shape
            else:
                lines.constants[q.name] = q.tensor
    for root in roots:
        rules = dict(gradients(root, found, {}))
        passed = [q for q in found.of.values() if q in rules]
        for q in by_height(sorted(passed, key=lambda q: bool(q.inputs))):
            lines.backward[E.Derivative(found.of[root].name, q.name).text] = rules[q], q.tensor.shape

    def symbol(t: Tensor) -> Expression | None:
        """How an output, or what it is computed from, is written; None for its own formula."""
        if t in derivatives:
            y, x = derivatives[t]
            name = E.Derivative(found.of[y].name, names(x)).text
            if x in found.of and name not in lines.backward:
                raise TypeError(f"compile_graph: {name} {_NO_FORM}")
            return Name(name, x.shape) if name in lines.backward else Apply(ops.MUL, (Constant(0.0), E.Ones(x.shape)))
        if t in given:
            return Name(names(t), t.shape)
        if t in found.graph.nodes:
            return found.symbol(t)
        if not t.inputs and t.shape:
            lines.constants[names(t)] = t
            return Name(names(t), t.shape)
        return None

    lines.results += [symbol(t) or formula(t, symbol) for t in recording.outputs]
    return lines


def array_plan(recording: Recording, outputs: Any, inputs: Any, batch: Tensor | None) -> Plan:
    """The plan of a program of arrays, its lines named as on paper.

    Args:
        recording: what is computed from what.
        outputs, inputs: the structures of the results and of the arguments.
        batch: an input of which the first axis is free.

    Raises:
        TypeError: something has no matrix form.
    """
    on_paper, given = lines_of(recording), recording.inputs
    formulas, names = on_paper.forward | on_paper.backward, on_paper.names
    waiting = _names_in(*on_paper.results)
    for name in waiting:  # which grows
        waiting += [a for a in _names_in(*formulas.get(name, ())[:1]) if a not in waiting]

    terms: dict[str, Term] = {}

    def term(name: str) -> Term:
        if name not in terms:
            rule, shape = formulas[name]
            try:
                terms[name] = arrays.line(name, rule, shape)
            except NotWritten:
                said = f"compile_graph: {name} = {rule} was put together from single numbers and {_NO_FORM}"
                raise TypeError(said) from None
        return terms[name]

    arrays = Arrays(term)
    for name, t in ({names(t): t for t in given} | on_paper.constants).items():
        terms[name] = arrays.known["given", name] = Term(arrays, shape=t.shape)
    if batch is not None:
        terms[N.text] = arrays.step(call("len"), [terms[names(batch)]], (), COUNT)
    lines = [[term(name) for name in part if name in waiting] for part in (on_paper.forward, on_paper.backward)]
    last = [arrays.lowered(e) for e in on_paper.results]
    order = [*arrays.known.values()]
    used = needed(order, last)
    sections = [("forward", lines[0]), ("backward", lines[1])] if all(lines) else []
    rest = "update" if sections and not set(last) <= {*lines[0], *lines[1]} else ""
    in_order = iter(last)
    return Plan(
        arguments(inputs, names),
        {t: terms[names(t)] for t in given},
        [*sections, (rest, last)],
        mapped(lambda _: next(in_order), outputs),
        [t for t in order if t in used],
        [*lines[0], *lines[1]],
        names,
        {terms[name]: (name, t) for name, t in on_paper.constants.items() if terms[name] in used},
    )


def _names_in(*formulas: Expression) -> list[str]:
    """The names in formulas, each once."""
    parts = [part for e in formulas for part in E.parts(e)]
    return list(dict.fromkeys([part.text for part in parts if isinstance(part, (Name, E.Derivative))]))
