"""A graph as the statements of a program, and those as one Python function.

A statement is one formula over local variables, and a decision is an expression, so that every language can say it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, NamedTuple

from ...derivative_name import DerivativeName
from ...graph import topological_order
from ...network.tensor import Tensor
from ...tree import flatten, values_in
from ...value import Value
from ...writing.code import HELPERS, Code, called_in
from ...writing.expression import Precedence, Spelling, put_together
from .. import naming
from ..layers import computed_from
from . import source as S
from .source import EXPRESSION, INDENT, Called, Identifiers, Text
from .terms import COUNT, RESHAPE, VIEW, Term, simplify

# What a step without a label is called, with a number behind it.
_NAMES = {"+": "sum", "−": "diff", "×": "prod", "÷": "ratio"}


@dataclass
class Plan:
    """What a program computes, before it is printed.

    Attributes:
        entries: the arguments in their structure, each with the name it would like: Values and Tensors of such, or at
            level "tensor" the Terms of Tensors.
        variables: the Term of all that is at their ends.
        outputs: the structure of the result, with Terms and lists of them.
        called: the names of the nodes, as in every reading.
        forward, backward: the results of the two passes, where there are two; some may not be needed.
        tells_gradients: whether gradients have lines of their own too, as in the derivation.
        constants: arrays that are no arguments, each with the name it would like.
        order: the Terms that the outputs need, each after its inputs.
        lines: those that have a line of their own, also where they are used once, as in the notes: z, then h.
    """

    entries: list[tuple[str, Any]]
    variables: dict[Any, Term]
    outputs: Any
    called: Called
    forward: list[Term]
    backward: list[Term]
    tells_gradients: bool = False
    constants: dict[Term, tuple[str, Tensor]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.results: list[Term] = flatten(self.outputs)
        used = set(topological_order(*self.results))
        self.forward, self.backward = [[t for t in part if t in used] for part in (self.forward, self.backward)]
        self.constants = {term: named for term, named in self.constants.items() if term in used}
        named = topological_order(*self.forward, *self.backward if self.tells_gradients else ())
        self.lines = {term for term in named if term.label}.union(self.forward)
        self.order = topological_order(*self.forward, *self.backward, *self.results)

    def sections(self) -> list[tuple[str, list[Term]]]:
        """A heading and the Terms that stand below it."""
        if not (self.forward and self.backward):
            return [("", self.results)]
        rest = "" if set(self.results) <= {*self.forward, *self.backward} else "update"
        return [("forward", self.forward), ("backward", self.backward), (rest, self.results)]


def plan(outputs: Any, inputs: Any) -> Plan:
    """The plan of the function that `compile_graph` describes."""
    results, leaves = values_in(outputs), values_in(inputs)
    called = naming.Names([*S.ends(outputs), *results], [*S.ends(inputs), *leaves]).given
    check_distinct(leaves)
    forward, gradients = _passes(results)
    order = topological_order(*forward, *gradients, *results)
    terms = simplify(order, results, leaves)
    first = [terms[y] for y in forward]
    in_first = set(topological_order(*first))
    for value, label in _labels(order, outputs, called):
        elsewhere = isinstance(label, DerivativeName) and terms.get(value) in in_first
        if value in terms and not terms[value].label and not elsewhere:
            terms[value].label = label
    return Plan(
        arguments(inputs, called),
        {x: terms[x] for x in leaves},
        S.unfolded(outputs, terms.__getitem__),
        called,
        first,
        [terms[g] for g in gradients],
    )


class Statement(NamedTuple):
    """A statement of a program; its lines are indented as in a function.

    Attributes:
        heading: what is said in a comment above it.
        defines: the Term that it gives a name, and `uses`, the Terms whose names stand in it.
    """

    text: str
    heading: str = ""
    defines: Term | None = None
    uses: Sequence[Term] = ()

    def comment(self, language: Code) -> list[str]:
        """The lines above it."""
        return ["", f"{INDENT}{language.comment} {self.heading}"] if self.heading else []


@dataclass
class Printer:
    """Writes Terms as statements, each step before the steps that use it.

    Attributes:
        uses: how often a Term is used.
        names: the names that are taken.
        written: what stands for a Term: its name, or as long as it has none its formula; and how tightly it holds.
        named: the Terms that have a name.
        heading: what stands above the next statement.
    """

    language: Code
    uses: Counter[Term]
    names: Identifiers
    written: dict[Term, tuple[str, Precedence]] = field(default_factory=dict)
    named: set[Term] = field(default_factory=set)
    statements: list[Statement] = field(default_factory=list)
    heading: str = ""

    def statement(self, text: str, defines: Term | None = None, of: Iterable[Term] = ()) -> None:
        """Add a statement in which stands what is written for some Terms."""
        text = INDENT + text.replace("\n", f"\n{INDENT}")
        self.statements.append(Statement(text, self.heading, defines, self.names_in(of)))
        self.heading = ""

    def text(self, term: Term) -> str:
        return self.written[term][0]

    def call(self, term: Term, name: str) -> None:
        """From here on the Term is written as its name."""
        self.written[term] = name, Precedence.ATOM
        self.named.add(term)

    def is_nameless(self, term: Term) -> bool:
        """Whether the Term is a step that is written as its formula, and may get a name."""
        return bool(term.op) and term.kind != COUNT and term not in self.named

    def names_in(self, terms: Iterable[Term]) -> list[Term]:
        """The Terms whose names stand in what is written for some."""
        return [x for a in terms for x in ([a] if a in self.named else self.names_in(a.inputs))]

    def steps(self, plan: Plan) -> None:
        """A statement for each step that needs a name."""
        for heading, roots in plan.sections():
            self.heading = heading or self.heading
            for term in topological_order(*roots):
                if term not in self.written:
                    self.express(term)
                    if term in plan.lines:
                        self.name(term)

    def express(self, term: Term) -> None:
        """A formula for the Term, and a line of its own if it is used twice or too long.

        What is only arranged anew gets none, but then what it arranges.
        """
        if term.op is None:
            assert term.number is not None  # a variable has a name before anything is written
            self.written[term] = self.language.number(term.number)
            return
        spelling = self.language.spelling(term.op, term.inputs)
        for k, a in enumerate(term.inputs):
            if spelling.parts.count(k) > 1 or (self.uses[term] > 1 and term.kind in (VIEW, RESHAPE)):
                self.name(a)
        self.apply(spelling, term)
        while len(self.text(term)) > EXPRESSION and (inner := [a for a in term.inputs if self.is_nameless(a)]):
            self.name(max(inner, key=lambda a: len(self.text(a))))
            self.apply(spelling, term)
        if (self.uses[term] > 1 and term.kind not in (VIEW, RESHAPE)) or len(self.text(term)) > EXPRESSION:
            self.name(term)

    def apply(self, spelling: Spelling, term: Term) -> None:
        """Write the operation with what stands for its inputs."""
        self.written[term] = put_together(spelling, [self.written[a] for a in term.inputs], self.language)

    def name(self, term: Term) -> None:
        """Give the formula a statement and a name, if it is not a name already."""
        if self.is_nameless(term):
            if not (label := term.label):
                symbol = term.kind or term.op.symbol
                label = f"{'power' if symbol.startswith('^') else _NAMES.get(symbol, symbol)}_1"
            name = self.names.new(label)
            self.statement(self.language.definition.format(name, self.text(term)), term, term.inputs)
            self.call(term, name)


def printer(plan: Plan, language: Code, taken: Iterable[str]) -> Printer:
    """A printer of the program in a language where some names are taken."""
    uses = Counter([*plan.results, *[a for term in plan.order for a in term.inputs]])
    return Printer(language, uses, Identifiers(taken))


def print_program(plan: Plan, language: Code, library: ModuleType) -> Text:
    """The program in Python, with the functions of a library."""
    operations = {term.op for term in plan.order if term.op}
    called = {name for op in operations for name in called_in(language.spelling(op, ()).text)}
    printed = printer(plan, language, called)
    names = [printed.names.new(name) for name, _ in plan.entries]
    entries = [entry for _, entry in plan.entries]
    for name, entry in zip(names, entries):
        for x, own in S.unpacked(entry, name, printed.names, printed.statement, plan.called):
            printed.call(plan.variables[x], own)
    helpers = [text for name, text in HELPERS.items() if name in called]
    constants = []
    for term, (label, t) in plan.constants.items():
        printed.call(term, printed.names.new(label))
        constants.append(f"{printed.text(term)} = array({t.tolist()})")
    printed.steps(plan)
    printed.statement(f"return {S.laid_out(plan.outputs, printed.text)}")
    lines = [line for s in printed.statements for line in (*s.comment(language), s.text)]
    lines = [language.head.format("program", ", ".join(names)), *lines[not lines[0] :]]  # no empty line comes first
    blocks = [*helpers, *["\n".join(constants)] * bool(constants), "\n".join([*lines, ""])]
    above = {name for text in [*helpers, *constants] for name in called_in(text)}
    functions = [name for name in sorted({*called, *above} - {*HELPERS, "abs"}) if hasattr(library, name)]
    structures = [
        S.print_reader("program", dict(zip(names, entries))),
        S.print_reader("results", {"result": plan.outputs}),
        S.print_writer("arguments", entries),
        S.print_writer("result", plan.outputs),
    ]
    return Text("\n\n\n".join(blocks), library.__name__, functions, "\n".join(structures))


def arguments(inputs: Any, called: Called) -> list[tuple[str, Any]]:
    """The arguments, each with the name it would like."""
    if isinstance(inputs, dict):
        return [(str(key), entry) for key, entry in inputs.items()]
    entries = inputs if isinstance(inputs, (list, tuple)) else [inputs]
    return [(S.name_of(entry, called) or f"input_{i}", entry) for i, entry in enumerate(entries, start=1)]


def check_distinct(inputs: Sequence[Any]) -> None:
    """Raise ValueError where a Value or a Tensor is there twice."""
    for x, n in Counter(inputs).items():
        if n > 1:
            raise ValueError(f"compile_graph: {x} stands {n} times among the inputs; which number is it to be?")


def _labels(order: Iterable[Value], outputs: Any, called: Called) -> Iterator[tuple[Value, str]]:
    """What the Values of a graph may be called, the best name of each first."""
    if isinstance(outputs, dict):
        for key, branch in outputs.items():
            if len(values := values_in(branch)) == 1:
                yield values[0], str(key)
    results = set(values_in(outputs))  # the L or f of a result without a label is not needed
    named = [value for value in order if value.label or value not in results]
    yield from [(value, name) for value in named if (name := called(value))]


def _passes(results: list[Value]) -> tuple[list[Value], list[Value]]:
    """The results that need no gradient, and the gradients, those near the loss first; or neither."""
    order = topological_order(*results)
    depth: dict[Value, int] = {}
    for value in order:
        depth[value] = 1 + max([depth[a] for a in value.inputs], default=0)
    gradients = [value for value in order if isinstance(value.label, DerivativeName)]
    gradients.sort(key=lambda g: (depth[g], len(str(g.label)), g.label))
    after = computed_from(gradients, order)
    forward = [y for y in results if y not in after]
    return (forward, gradients) if forward and gradients else ([], [])
