"""A graph of Tensors as a program of arrays: forward and backward as one writes them by hand.

Its lines are those of the derivation, in the language of NumPy. Nothing here knows a derivative: the rules are those
of the page of matrix calculus. Where the number of examples is free, a function is recorded with two such numbers: a
size that is not the same in both follows from it, and all else has to be the same.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from ... import array_ops as A
from ... import ops
from ...errors import in_short
from ...graph import topological_order
from ...network.tensor import Tensor, fitting, from_values
from ...shapes import Shape
from ...tree import map_ends
from ...value import Value, numbers, record
from ...writing import expression as E
from ...writing.code import NUMPY
from ...writing.expression import Apply, Constant, Expression, Name, call
from ..formulas import formula
from ..layers import by_height, computed_from
from ..naming import Names, differentiated
from ..quantities import Quantities, gradients
from .lowering import EXAMPLES, NO_FORM, Arrays, Size
from .matrix_program import Expected, MatrixProgram, numpy
from .source import ends
from .statements import Plan, arguments, check_distinct, print_program
from .terms import COUNT, Term

_RESULT = A.ArrayOp("result")  # of all outputs together
_FREE = "; the number of examples is free, so that a program has to be the same for any number of them"


def compile_matrices(outputs: Any, inputs: Any, batch: Sequence[Any] = ()) -> MatrixProgram:
    """`compile_graph` with `level="tensor"`; see there."""
    inputs = inputs if isinstance(inputs, (list, tuple, dict)) else [inputs]
    given, free = tensors_in(inputs), tensors_in(list(batch))
    check_distinct(given)
    rows = {t.shape[:1] for t in free}
    if not set(free) <= set(given) or len(rows) > 1 or () in rows:
        raise ValueError("compile_graph: a batch is made of inputs, the very same objects, with a row for each example")
    if free and not callable(outputs):
        raise TypeError(
            "compile_graph: with a batch the outputs are a function of the inputs, to be recorded with two numbers of "
            "examples"
        )

    def recorded(others: Mapping[Tensor, Tensor]) -> Recording:
        if not callable(outputs):
            return Recording(outputs, inputs)
        entries = map_ends(lambda t: others.get(t, t), inputs)
        return Recording(outputs(*(entries.values() if isinstance(entries, dict) else entries)), entries)

    def engine(arrays: Sequence[Any]) -> None:
        """The same numbers on the engine, which says what is wrong with them, if it finds something."""
        recorded({t: Tensor(a, t.label) for t, a in zip(given, arrays) if t in free}).compute_again(arrays)

    library = numpy()
    if not free:
        plan = array_plan(recorded({}))
        return MatrixProgram(print_program(plan, NUMPY, library), _expected(plan), engine)
    count = max(2, len(free[0]))  # an axis of one example could be any other axis of size 1
    recording = recorded({t: _of_examples(t, count) for t in free})
    if not set(free).isdisjoint(recording.order):
        raise ValueError("compile_graph: the function computes with a Tensor of the batch in place of its argument")
    try:
        other = recorded({t: _of_examples(t, count + 1) for t in free})
        _find_sizes(recording, other, count)
        plan, same = [array_plan(r, r.given[given.index(free[0])]) for r in (recording, other)]
        text, again = [print_program(p, NUMPY, library) for p in (plan, same)]
        _check_same(text.body, again.body)
    except (ValueError, IndexError) as error:
        raise ValueError(f"compile_graph: {str(error).removeprefix('compile_graph: ')}{_FREE}") from error
    return MatrixProgram(text, _expected(plan), engine)


def _expected(plan: Plan) -> list[Expected]:
    return [
        Expected(x.label or "", tuple(["n" if isinstance(n, Size) else n for n in x.shape])) for x in plan.variables
    ]


def tensors_in(tree: Any) -> list[Tensor]:
    """The Tensors of a structure, from left to right. Raises TypeError where it holds something else.

    >>> tensors_in({"x": Tensor([1.0]), "rest": [Tensor([2.0])]})
    [Tensor([1.0]), Tensor([2.0])]
    """
    found = ends(tree)
    for x in found:
        if not isinstance(x, Tensor):
            raise TypeError(
                f'compile_graph: level="tensor" takes Tensors, not {in_short(x)}; level="value" takes Values'
            )
    return found


def derivative(y: Tensor, x: Tensor) -> Tensor:
    """What stands for ∂y/∂x in the outputs of a program, as `grad(y, x)` does, but nothing is computed."""
    return from_values([Value(0.0) for _ in x.values], x.shape, A.Operation(A.MAP, of=y), x)


class Recording:
    """Outputs and inputs in their structures, and the graph between them.

    Attributes:
        given: the Tensors of the inputs.
        derivatives: for each Tensor that stands for a derivative, what was differentiated by what.
        tops: what was differentiated.
        ends: the same, and the outputs that are neither derivatives nor computed from such.
        order: all Tensors, inputs first.

    Raises TypeError where a derivative was differentiated, or something that is not a Tensor.
    """

    def __init__(self, outputs: Any, inputs: Any) -> None:
        self.outputs, self.inputs, self.given = outputs, inputs, tensors_in(inputs)
        found = tensors_in(outputs)
        roots = [*found]
        for root in roots:  # which grows
            tops = dict.fromkeys(map(differentiated, topological_order(root)))
            roots += [y for y in tops if isinstance(y, Tensor) and y not in roots]
        self.order = topological_order(*roots, *self.given)
        tensor_of: dict[Any, Tensor] = {t.values[0]: t for t in self.order if len(t.values) == 1}
        tensor_of |= {t: t for t in self.order}
        passed: dict[Tensor, Any] = {t: y for t in self.order if (y := differentiated(t)) is not None}
        above = computed_from(passed, self.order)
        if not all([y in tensor_of and tensor_of[y] not in above for y in passed.values()]):
            raise TypeError(
                "compile_graph: a derivative of derivatives, or of what is not a Tensor, has no matrix form here; "
                'level="value" has'
            )
        self.derivatives = {t: (tensor_of[y], t.inputs[0]) for t, y in passed.items()}
        self.tops: list[Tensor] = list(dict.fromkeys([y for y, _ in self.derivatives.values()]))
        self.ends = list(dict.fromkeys([*[t for t in found if t not in above], *self.tops]))

    def compute_again(self, arrays: Sequence[Any]) -> None:
        """Record everything anew from other numbers of the inputs, and differentiate it, as an error may then say."""
        new: dict[Value, Value] = {}
        for t, a in zip(self.given, arrays):
            of_t = fitting(f"program: {t.label or 'an input'}", a, t.shape)
            new |= {v: Value(number, v.label) for v, number in zip(t.values, of_t)}
        for v in topological_order(*[v for t in self.ends for v in t.values]):
            if v not in new:
                inputs = tuple([new[a] for a in v.inputs])
                new[v] = record(v.op, inputs, *v.op.arguments(numbers(inputs))) if v.op else v.detach()
                new[v].label = v.label
        for y in self.tops:
            new[y.values[0]].backward()


# Any number of examples.


def _of_examples(t: Tensor, n: int) -> Tensor:
    """The Tensor with n rows, those that it has again and again."""
    rows = t.tolist()
    return Tensor([rows[k % len(rows)] for k in range(n)], t.label)


def _find_sizes(one: Recording, other: Recording, n: int) -> None:
    """Let each size that is not the same in recordings with n and n + 1 examples be a Size."""
    if [len(t.shape) for t in one.order] != [len(t.shape) for t in other.order]:
        raise ValueError("the steps are not the same for two numbers of examples")
    for a, b in zip(one.order, other.order):
        pairs = [*zip(a.shape, b.shape)]
        a.shape = tuple([i if i == j else Size(n, EXAMPLES) * (i // n) for i, j in pairs])
        b.shape = tuple([j if i == j else Size(n + 1, EXAMPLES) * (j // (n + 1)) for i, j in pairs])


def _check_same(source: str, other: str) -> None:
    """Raise ValueError where two programs differ, which were recorded with two numbers of examples."""
    for a, b in zip(source.splitlines(), other.splitlines()):
        if a != b:
            raise ValueError(
                f"{a.strip()} and {b.strip()} were recorded with two numbers of examples, where a number was computed "
                "from it and would stay what it is: write .mean(), or .mean(axis=0)"
            )


# The program.


class Lines:
    """The derivation on paper.

    Attributes:
        forward, backward: a formula and a shape for each name, each after those that it needs.
        constants: by their names the arrays that are neither computed nor inputs.
        results: a formula for each output.

    Raises TypeError where an output has no matrix form.
    """

    def __init__(self, recording: Recording) -> None:
        self._recording, given = recording, recording.given
        wrt = list(dict.fromkeys([x for _, x in recording.derivatives.values()]))
        self.names = names = Names(recording.ends, [*given, *wrt])
        result = from_values([Value(0.0)], (), A.Operation(_RESULT), *recording.ends)
        computed = [t for t in given if t.inputs]
        self._found = found = Quantities(result, names, [*computed, *wrt, *recording.ends])
        quantities = [q for q in found.of.values() if q.tensor is not result and q.tensor not in given]
        self.forward = {q.name: (found.written_out(q.node), q.tensor.shape) for q in quantities if q.node.inputs}
        self.constants = {q.name: q.tensor for q in quantities if not q.node.inputs}
        self.backward: dict[str, tuple[Expression, Shape]] = {}
        for top in recording.tops:
            rules = dict(gradients(top, found, {}))
            passed = [q for q in found.of.values() if q in rules]
            for q in by_height(sorted(passed, key=lambda q: bool(q.inputs))):
                name = E.Derivative(found.of[top].name, q.name).text
                self.backward[name] = rules[q], q.tensor.shape
        self.results = [self._symbol(t) or formula(t, self._symbol) for t in ends(recording.outputs)]

    def _symbol(self, t: Tensor) -> Expression | None:
        """How an output, or what it is computed from, is written; None for its own formula."""
        found = self._found
        if t in self._recording.derivatives:
            y, x = self._recording.derivatives[t]
            name = E.Derivative(found.of[y].name, self.names(x)).text
            if x in found.of and name not in self.backward:
                raise TypeError(f"compile_graph: {name} {NO_FORM}")
            return Name(name, x.shape) if name in self.backward else Apply(ops.MUL, (Constant(0.0), E.Ones(x.shape)))
        if t in self._recording.given:
            return Name(self.names(t), t.shape)
        if t in found.graph.nodes:
            return found.symbol(t)
        if t.inputs or not t.shape:
            return None
        self.constants[self.names(t)] = t
        return Name(self.names(t), t.shape)


def array_plan(recording: Recording, batch: Tensor | None = None) -> Plan:
    """The plan of a program of arrays, its lines named as on paper; the first axis of `batch` is free.

    Raises TypeError where something has no matrix form.
    """
    on_paper, given = Lines(recording), recording.given
    names, arrays = on_paper.names, Arrays(on_paper.forward | on_paper.backward)
    terms = arrays.terms
    for name, t in ({names(t): t for t in given} | on_paper.constants).items():
        terms[name] = Term(arrays, label=name, shape=t.shape)
    if batch is not None:
        terms[EXAMPLES.text] = arrays.step(call("len"), [terms[names(batch)]], (), COUNT)
    for name in arrays.formulas:
        with suppress(TypeError):  # perhaps nobody needs it
            arrays.named(name)
    results = iter([arrays.lowered(e) for e in on_paper.results])
    forward, backward = [
        [terms[name] for name in part if name in terms] for part in (on_paper.forward, on_paper.backward)
    ]
    return Plan(
        [(name, map_ends(lambda t: terms[names(t)], entry)) for name, entry in arguments(recording.inputs, names)],
        {x: x for x in [terms[names(t)] for t in given]},
        map_ends(lambda _: next(results), recording.outputs),
        names,
        forward,
        backward,
        tells_gradients=True,
        constants={terms[name]: (name, t) for name, t in on_paper.constants.items()},
    )
