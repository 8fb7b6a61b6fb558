"""The lines of a worksheet as data: what is asked, its rule and key, and names that can be typed."""

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import product
from typing import Any

from ... import array_ops as A
from ... import ops
from ...network.optim import Optimizer
from ...network.tensor import Tensor
from ...shapes import Shape
from ...writing import expression as E
from ...writing.algebra import multiply, negative, rebuilt, same, subtract
from ...writing.code import identifier
from ...writing.evaluation import Array, array, evaluate
from ...writing.notation import Shown, shown
from ..explaining import derivation_of
from ..explaining.lines import Line, Lines, lines_of
from ..explaining.updates import updates
from ..layers import computed_from
from ..subject import subject

_ACCENTS = {"\u0302": "_hat", "\u0303": "_tilde", "\u0304": "_bar", "′": "_prime"}


@dataclass(eq=False)
class Question:
    """One line of the sheet.

    Attributes:
        line: quantity, rule and contributions.
        name: of the quantity, as it is typed: dL_dW2.
        key: its numbers, an Array.
        asked: whether it is a blank.
        inputs: the names (as in formulas) of the quantities in its rule.
    """

    line: Line
    name: str
    key: Array
    asked: bool = False
    inputs: list[str] = field(init=False)

    def __post_init__(self) -> None:
        named = [] if self.line.rule is None else E.within(self.line.rule)
        self.inputs = list(dict.fromkeys([p.text for p in named if isinstance(p, (E.Name, E.Derivative))]))

    @property
    def text(self) -> str:
        """The quantity as in formulas."""
        return self.line.quantity.text

    @property
    def entries(self) -> list[str]:
        """The name of each of its numbers, row by row: dL_dW2[1,2], counted from 1."""
        return entries_of(self.name, self.key.shape)

    @property
    def copies(self) -> bool:
        """Whether the line only repeats numbers of others, as ∂L/∂b = ∂L/∂z and R = stack(R₁, R₂) do."""
        return self.line.rule is not None and _copies(self.line.rule)

    def decimals(self, digits: int) -> int:
        """How many decimals its numbers are printed with: of what is given all, if a few more show it exactly."""
        for more in range(digits, digits + 4) if self.line.rule is None else []:
            if all([math.isclose(x, float(shown(x, more)), rel_tol=1e-12) for x in self.key.numbers]):
                return more
        return digits

    def printed(self, digits: int) -> list[Shown]:
        """Its numbers as the sheet prints them: those of a given array beside each other, as `Text` does."""
        decimals, beside = self.decimals(digits), 0.0
        if self.line.rule is None and self.key.shape:
            beside = max(map(abs, self.key.numbers))
        return [shown(x, decimals, beside) for x in self.key.numbers]


def _copies(e: E.Expression) -> bool:
    match e:
        case E.Apply(ops.MUL, (a, E.Constant(1.0))) | E.Transpose(a) | E.Reshape(a) | E.Part(a):
            return _copies(a)
        case E.Join(_, args):
            return all(map(_copies, args))
    return isinstance(e, (E.Name, E.Derivative))


def entries_of(name: str, shape: Shape) -> list[str]:
    """The name of each number of an array, row by row.

    >>> entries_of("W", (1, 2)), entries_of("L", ())
    (['W[1,1]', 'W[1,2]'], ['L'])
    """
    places = product(*[range(1, n + 1) for n in shape])
    return [name + (f"[{','.join(map(str, place))}]" if place else "") for place in places]


def typable(label: str) -> str:
    """A label as a name of plain letters.

    >>> typable("W⁽²⁾"), typable("ŷ"), typable("η"), typable("∂L/∂z⁽³⁾")
    ('W2', 'y_hat', 'eta', 'dL_dz3')
    """
    text = ""
    for c in unicodedata.normalize("NFD", label):
        said = unicodedata.name(c, "")
        if c in _ACCENTS:
            c = _ACCENTS[c]
        elif said.startswith("GREEK") and "LETTER " in said:
            c = said.partition("LETTER ")[2].split()[0].lower()
        text += c
    return identifier(text)


def questions(
    reading: str,
    y: Any,
    blanks: Any,
    wrt: Sequence[Any],
    level: str | None,
    title: Any,
    digits: int,
    step: Optimizer | float | None,
    parameters_only: bool = True,
) -> list[Question]:
    """The lines of a sheet for y; those after the last blank are dropped.

    Without `wrt` a sheet of Tensors has the gradients of the Parameters and of what is computed from them, unless
    `parameters_only` is False. `reading` is the name of the public function, for messages.
    """
    read = subject(reading, y, wrt, title, digits)
    derivation = derivation_of(read, level, digits)
    lines = lines_of(derivation)
    if parameters_only and not wrt and isinstance(y, Tensor) and level != "value":
        quantities = read.quantities.of.values()
        learned = [q for q in quantities if read.names.parameters.issuperset(q.tensor.values)]
        between = {q.tensor for q in computed_from(learned, [*quantities])} if learned else {*read.quantities.of}
        lines = Lines([line for line in lines if line.phase == "forward" or line.row.node in between])
    if step is not None:
        given, rows = updates(reading, derivation, read, step, "new ")
        lines += [Line(row.quantity, row.rule, "update" if row.rule else "forward", row) for row in [*given, *rows]]
    known = {line.quantity.text: array(line.row.arrived) for line in lines if line.rule is None}
    softmaxes = {str(line.rule): line.quantity for line in lines if isinstance(line.rule, E.Along)}
    found: dict[str, Question] = {}
    for line in lines:
        name = typable(line.quantity.text)
        while name in found:
            name += "_"
        if line.rule is not None:
            terms = tuple([_as_taught(term, known, softmaxes) for term in line.terms])
            line = line._replace(rule=_as_taught(line.rule, known, softmaxes), terms=terms)
        found[name] = Question(line, name, array(line.row.arrived))
    wanted = _wanted(blanks, [q for q in found.values() if q.line.rule is not None])
    if not wanted:
        raise ValueError(f"{reading}: there is nothing to compute in this graph")
    for q in wanted:
        q.asked = True
    sheet = [*found.values()]
    while not sheet[-1].asked:
        sheet.pop()
    return sheet


def lines_in(sheet: Sequence[Question]) -> Lines:
    return Lines([q.line for q in sheet])


def _as_taught(e: E.Expression, known: Mapping[str, Array], softmaxes: Mapping[str, E.Expression]) -> E.Expression:
    """The formula as courses write it: −log ŷ for what takes the logarithm first, and no Σ y where that is 1."""
    match e:
        case E.Apply(ops.SUB, (E.Along(A.LSE, z, axes) | E.Reshape(E.Along(A.LSE, z, axes)), again)) if same(z, again):
            softmax = E.Along(A.SOFTMAX, z, axes)
            return negative(E.Apply(ops.LOG, (softmaxes.get(str(softmax), softmax),)))
        case E.Along(A.SUM, E.Name(text)) if text in known:
            if all([math.isclose(x, 1.0) for x in array(evaluate(e, known)).numbers]):
                return E.Constant(1.0)
    args = [_as_taught(a, known, softmaxes) for a in e.args]
    if all([new is old for new, old in zip(args, e.args)]):
        return e
    match e, args:
        case E.Apply(ops.SUB), [E.Apply(ops.MUL, (E.Constant(p), a)), E.Apply(ops.MUL, (E.Constant(q), b))] if p == q:
            return multiply(E.Constant(p), subtract(a, b))
    return rebuilt(e, args)


def _wanted(blanks: Any, computed: list[Question]) -> list[Question]:
    """The lines that are asked for, by part or by name. Raises ValueError for other blanks."""
    parts = {"forward": ["forward"], "backward": ["backward", "update"], "all": ["forward", "backward", "update"]}
    if isinstance(blanks, str) and blanks in parts:
        return [q for q in computed if q.line.phase in parts[blanks]]
    if not isinstance(blanks, (list, tuple)):
        raise ValueError(f'worksheet: blanks is "forward", "backward", "all" or a list of names, not {blanks!r}')
    named = {name: q for q in computed for name in (q.text, q.name)}
    for blank in blanks:
        if not isinstance(blank, str) or blank not in named:
            known = ", ".join([q.name for q in computed])
            raise ValueError(f"worksheet: nothing is computed for {blank!r}; there are {known}")
    return [named[blank] for blank in blanks]


def fingerprint(sheet: Sequence[Question]) -> str:
    """A few letters that differ from sheet to sheet: of what is given, and of what is asked.

    Numbers that no printed sheet tells apart do not count.
    """
    given = [f"{q.name} {x:.9g}" for q in sheet if q.line.rule is None for x in q.key.numbers]
    asked = [f"{entry} {round(x, 6) + 0.0}" for q in sheet if q.asked for entry, x in zip(q.entries, q.key.numbers)]
    return sha256("\n".join([*given, *asked]).encode()).hexdigest()[:8]


def prints_as_zero(sheet: Sequence[Question], digits: int) -> list[str]:
    """The names of the asked lines whose numbers are printed as zeros, all of them."""
    return [q.name for q in sheet if q.asked and not any([round(x, digits) for x in q.key.numbers])]


def at_a_kink(sheet: Sequence[Question]) -> bool:
    """Whether a number that goes through relu or abs is 0, where the slope is a convention."""
    activated = lines_in(sheet).activated
    bent = [q for q in sheet if activated.get(q.text) in (ops.RELU, ops.ABS)]
    return any([abs(x) < 1e-9 for q in bent for x in q.key.numbers])
