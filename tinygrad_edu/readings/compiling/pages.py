"""What a program of arrays consists of: the lines of the derivation, in the language of NumPy.

Nothing here knows a derivative: the rules are those of the page of matrix calculus. Where the number of examples is
free, the graph is recorded with three such numbers, and what differs between the three pages is that number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isclose
from typing import Any

from ... import array_ops as A
from ... import ops
from ...graph import topological_order
from ...network.tensor import Tensor, from_values
from ...shapes import Shape
from ...value import Value
from ...writing import algebra
from ...writing import expression as E
from ...writing.code import NUMPY, Call, NotWritten, Written
from ...writing.expression import Apply, Constant, Expression, Name, Precedence, Spelling, call, write
from ..formulas import formula
from ..layers import by_height
from ..naming import Names
from ..quantities import Quantities, gradients
from .lowering import MATMUL, lowered
from .recording import Recording

_RESULT = A.ArrayOp("result")  # of all outputs together


@dataclass
class Line:
    """name = formula, in the language of NumPy."""

    name: str
    formula: Expression
    shape: tuple[Any, ...]
    heading: str


@dataclass
class Page:
    """What a recording prints.

    Attributes:
        lines: those that the results need, each after what it needs.
        results: a formula for each output.
        inputs: the names of the inputs.
        constants: the Tensors that are not among the inputs, by name.
        shapes: those of the inputs, by name.
    """

    lines: list[Line]
    results: list[Expression]
    inputs: list[str]
    constants: dict[str, Tensor] = field(default_factory=dict)
    shapes: dict[str, tuple[Any, ...]] = field(default_factory=dict)


def page_of(recording: Recording) -> Page:
    """The lines of a recording, named as on paper. Raises TypeError for what has no matrix form."""
    derivatives, inputs = recording.derivatives, dict.fromkeys(recording.inputs)
    above = _users_of(derivatives, recording.outputs)
    roots = list(dict.fromkeys([y for y, _ in derivatives.values()]))
    wrt = list(dict.fromkeys([x for _, x in derivatives.values()]))
    ends = list(dict.fromkeys([*[t for t in recording.outputs if t not in above], *roots]))
    names = Names(ends, [*inputs, *wrt])
    result = from_values([Value(0.0)], (), A.Operation(_RESULT), *ends)
    found = Quantities(result, names, wrt)
    formulas: dict[str, tuple[Expression, Shape, str]] = {}
    numbers: dict[str, Constant] = {}  # derivatives by a single number that are just a number
    constants: dict[str, Tensor] = {}
    for q in found.of.values():
        if q.tensor not in inputs and q.tensor is not result:
            if q.node.inputs:
                formulas[q.name] = found.written_out(q.node), q.tensor.shape, "forward"
            else:
                constants[q.name] = q.tensor
    for root in roots:
        rules = dict(gradients(root, found, {}))
        given = [q for q in found.of.values() if q in rules]
        for q in by_height(sorted(given, key=lambda q: bool(q.inputs))):
            d, rule = E.Derivative(found.of[root].name, q.name), _with_numbers(rules[q], numbers)
            formulas[d.text] = rule, q.tensor.shape, "backward"
            if isinstance(rule, Constant) and not q.tensor.shape:
                numbers[d.text] = rule

    def symbol(t: Tensor) -> Expression | None:
        """How an output, or what it is computed from, is written; None for its own formula."""
        if t in derivatives:
            y, x = derivatives[t]
            name = E.Derivative(found.of[y].name, names(x)).text
            if x in found.of and name not in formulas:
                raise TypeError(f"compile_graph: {name} has no matrix form, {_INSTEAD}")
            return Name(name, x.shape) if name in formulas else Apply(ops.MUL, (Constant(0.0), E.Ones(x.shape)))
        if t in inputs:
            return Name(names(t), t.shape)
        if t in found.graph.nodes:
            return found.symbol(t)
        if not t.inputs and t.shape:
            constants[names(t)] = t
            return Name(names(t), t.shape)
        return None

    results = [lowered(symbol(t) or formula(t, symbol)) for t in recording.outputs]
    needed: dict[str, Line] = {}
    waiting = list(_names_in(results))
    for name in waiting:  # which grows
        if name in formulas and name not in needed:
            rule, shape, heading = formulas[name]
            try:
                needed[name] = Line(name, lowered(rule, shape), shape, heading)
            except NotWritten:
                said = f"compile_graph: {name} = {rule} was put together from single numbers, {_INSTEAD}"
                raise TypeError(said) from None
            waiting += _names_in([needed[name].formula])
    lines = _in_order([needed[name] for name in formulas if name in needed])
    used = {name: t for name, t in constants.items() if name in set(waiting)}
    shapes = {names(t): t.shape for t in inputs}
    return Page(lines, results, [*shapes], used, shapes)


def _in_order(lines: Sequence[Line]) -> list[Line]:
    """The lines as they are, but each after those of the names in it."""
    by_name = {line.name: line for line in lines}
    found: dict[str, Line] = {}
    waiting = [line.name for line in reversed(lines)]
    while waiting:
        name = waiting[-1]
        before = [a for a in _names_in([by_name[name].formula]) if a in by_name and a not in found]
        if before:
            waiting += before
        else:
            found.setdefault(waiting.pop(), by_name[name])
    return [*found.values()]


_INSTEAD = 'which have no matrix form; level="value" prints them'


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


def _names_in(formulas: Sequence[Expression]) -> Iterator[str]:
    return (part.text for e in formulas for part in E.parts(e) if isinstance(part, Name))


# Pages of several numbers of examples are one.


class Differs(ValueError):
    """Two pages differ in more than numbers of examples."""


@dataclass(frozen=True, eq=False)
class Full(Expression):
    """An array of ones, whose sizes are numbers or text."""

    sizes: tuple[Any, ...]


@dataclass(frozen=True)
class Examples:
    """The numbers of examples in each of several recordings, and how that number is written."""

    counts: tuple[int, ...] = (1,)
    text: str = ""

    def merged(self, *formulas: Expression) -> Expression:
        """One formula of several that are the same but for numbers of examples."""
        first = formulas[0]
        own = {
            (type(e), len(e.args), *[getattr(e, name, None) for name in ("op", "spelling", "text")]) for e in formulas
        }
        if len(own) > 1:
            raise Differs(", ".join([write(e, NUMPY)[0] for e in formulas]))
        args = tuple([self.merged(*same) for same in zip(*[e.args for e in formulas])])
        match first:
            case Constant():
                return self.number([e.number for e in formulas if isinstance(e, Constant)])
            case E.Ones():
                return Full(self.sizes([e.shape for e in formulas]))
            case Apply(ops.MUL, _) if isinstance(args[0], Call) and args[0].spelling is _OVER:
                number, below = args[0].args
                return Apply(ops.DIV, (algebra.multiply(number, args[1]), below))
            case Apply(op):
                return Apply(op, args)
            case Call(spelling, _, shape):
                return Call(spelling, args, shape)
        return first

    def sizes(self, shapes: Sequence[Shape]) -> tuple[Any, ...]:
        """A shape in which a size that differs is text."""
        return tuple([write(self.number(same), NUMPY)[0] if len({*same}) > 1 else same[0] for same in zip(*shapes)])

    def number(self, numbers: Sequence[float]) -> Expression:
        """A number that follows from how many examples there are: a polynomial of degree 1 or 2, or 1 over one."""
        if len({*numbers}) == 1:
            return Constant(numbers[0])
        for inverse in (False, True):
            c = [1 / x for x in numbers] if inverse and all(numbers) else list(numbers)
            if polynomial := self._polynomial(c):
                n, leading = Name(self.text), next(x for x in reversed(polynomial) if x)
                if inverse:  # 2 / n, not 1 / (0.5 n)
                    polynomial = [_rounded(x / leading) for x in polynomial]
                text: Expression = Constant(0.0)
                for power, factor in reversed(list(enumerate(polynomial))):
                    text = algebra.add(text, algebra.multiply(Constant(factor), algebra.power(n, power)))
                return Call(_OVER, (Constant(_rounded(1 / leading)), text), ()) if inverse else text
        raise Differs(f"{', '.join([NUMPY.number(x)[0] for x in numbers])} for {self.counts} examples")

    def _polynomial(self, values: Sequence[float]) -> list[float] | None:
        """Its coefficients, from the constant on, by Newton's divided differences; None for a higher degree."""
        differences, n = [list(values)], self.counts
        for k in range(1, len(n)):
            last = differences[-1]
            differences.append([(b - a) / (n[i + k] - n[i]) for i, (a, b) in enumerate(zip(last, last[1:]))])
        size = max(map(abs, values))
        if any([abs(d) > 1e-9 * size for column in differences[3:] for d in column]):
            return None
        a, b, c = [column[0] for column in differences[:3]]
        found = [a - b * n[0] + c * n[0] * n[1], b - c * (n[0] + n[1]), c]
        return [_rounded(x, size) for x in found]


_OVER = Spelling("{a} / {b}", Precedence.PRODUCT, (Precedence.PRODUCT, Precedence.POWER))


def _rounded(x: float, size: float = 1.0) -> float:
    return float(round(x)) if isclose(x, round(x), abs_tol=1e-9 * size) else x


def one_page(pages: Sequence[Page], examples: Examples, named: Page) -> Page:
    """The page of any number of examples, with the names of one page. Raises Differs where the lines differ."""
    first = pages[0]
    if len({(len(page.lines), len(page.results)) for page in pages}) > 1:
        raise Differs("the steps are not the same")
    own = named.lines if len(named.lines) == len(first.lines) else first.lines
    for page in pages:  # the numbers of nameless quantities may differ
        names = {line.name: line_of.name for line, line_of in zip(page.lines, own)}
        page.lines = [
            replace(line, name=names[line.name], formula=_renamed(line.formula, names)) for line in page.lines
        ]
        page.results = [_renamed(e, names) for e in page.results]
    lines = []
    for same in zip(*[page.lines for page in pages]):
        shape = examples.sizes([line.shape for line in same])
        lines.append(replace(same[0], formula=examples.merged(*[line.formula for line in same]), shape=shape))
    results = [examples.merged(*same) for same in zip(*[page.results for page in pages])]
    shapes = dict(zip(first.inputs, [examples.sizes(same) for same in zip(*[[*p.shapes.values()] for p in pages])]))
    return Page(lines, results, first.inputs, first.constants, shapes)


def _renamed(e: Expression, names: Mapping[str, str]) -> Expression:
    if isinstance(e, Name):
        return Name(names.get(e.text, e.text), e.shape)
    return _with_args(e, tuple([_renamed(a, names) for a in e.args]))


# Parts that are used twice get a line of their own.


def shared(page: Page) -> Page:
    """The page with a line for each part that several lines, or one twice, are written with."""
    known: dict[tuple[Any, ...], Expression] = {}  # each part once
    uses: Counter[Expression] = Counter()

    def once(e: Expression) -> Expression:
        args = tuple(map(once, e.args))
        key = (type(e), getattr(e, "op", None), getattr(e, "spelling", None), *map(id, args), *_own(e))
        if key not in known:
            known[key] = _with_args(e, args)
            uses.update(args)
        return known[key]

    lines = [replace(line, formula=once(line.formula)) for line in page.lines]
    results = list(map(once, page.results))
    tops = {line.formula: line for line in reversed(lines)}
    uses.update([line.formula for line in lines] + results)
    named: dict[Expression, Expression] = {}
    found: list[Line] = []

    def written(e: Expression, line: Line | None) -> Expression:
        if e in named:
            return named[e]
        new = _with_args(e, tuple([written(a, line) for a in e.args]))
        if uses[e] > 1 and line and e not in tops and _is_worth_a_name(e):
            found.append(Line(f"part_{len(found)}", new, (None,), line.heading))
            named[e] = new = Name(found[-1].name)
        return new

    for line in lines:
        new = replace(line, formula=written(line.formula, line))
        found.append(new)
        if not isinstance(line.formula, (Name, Constant)):
            named.setdefault(line.formula, Name(line.name))
    return Page(found, [written(e, None) for e in results], page.inputs, page.constants, page.shapes)


def _is_worth_a_name(e: Expression) -> bool:
    """Not what is only another arrangement of something."""
    match e:
        case Apply(op):
            return op is not ops.NEG
        case Call(spelling):
            return spelling is MATMUL or not spelling.text.startswith("{")
    return False


def _own(e: Expression) -> tuple[Any, ...]:
    """What a part without parts is told apart by."""
    match e:
        case Name(text):
            return (text,)
        case Constant(number):
            return (number,)
        case Full(sizes):
            return sizes
    return ()


def _with_args(e: Expression, args: tuple[Expression, ...]) -> Expression:
    match e:
        case Apply() | Call():
            return replace(e, args=args)
    return e


def in_code(page: Page, called: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The formulas of the lines and the results as code, with the names that things are called by there."""
    shapes = {name: t.shape for name, t in page.constants.items()} | page.shapes
    like = {shape: name for name, shape in reversed(shapes.items())}

    def code(e: Expression) -> Expression:
        match e:
            case Name(text):
                return Written(called.get(text, text))
            case Full(sizes) if sizes in like:
                return Call(call("ones_like"), (Written(called[like[sizes]]),), ())
            case Full(sizes):
                text = ", ".join([called.get(n, n) if isinstance(n, str) else str(n) for n in sizes])
                return Written(f"ones(({text},))" if len(sizes) == 1 else f"ones(({text}))")
        return _with_args(e, tuple(map(code, e.args)))

    texts = []
    for line in page.lines:
        texts.append(write(code(line.formula), NUMPY)[0])
        like[line.shape] = line.name
    return texts, [write(code(e), NUMPY)[0] for e in page.results]
