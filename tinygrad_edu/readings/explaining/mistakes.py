"""The catalogue of mistakes that learners make, and the lines of a derivation in which they are made.

What each makes of a line's formula stands in wrong_rules.py. A mistake is made in one line of a
derivation; those of a whole pass (`whole_pass`) are made in every line in which several paths arrive.

>>> from tinygrad_edu import Value, explain
>>> z = Value(0.5, label="z"); h = z.tanh(); h.label = "h"
>>> derivation = explain(h)
>>> for mistake, wrong in mistakes_in(lines_of(derivation)[-1], lines_of(derivation)):
...     print(f"{mistake.id:20} {wrong}")
no-slope             ∂h/∂h
slope-of-z           ∂h/∂h · (1 − z²)
slope-not-squared    ∂h/∂h · (1 − h)
slope-of-sigmoid     ∂h/∂h · (h · (1 − h))
slope-of-tanh-of-h   ∂h/∂h · (1 − tanh(h)²)
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from ... import ops
from ...writing.algebra import same
from ...writing.evaluation import with_args
from ...writing.expression import Apply, Constant, Derivative, Expression, Name
from . import wrong_rules as wrong
from .rows import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from .rows import Derivation
    from .wrong_rules import Wrong


class Line(NamedTuple):
    """One quantity of a derivation and its whole rule.

    Attributes:
        quantity: a Name, or a Derivative in the backward pass.
        rule: its formula, the sum of all contributions; None for what is given.
        part: "forward", "backward" or "update".
        terms: the contributions, one a path, of which the rule is the sum.
        row: where it stands in the derivation; None for an update.
    """

    quantity: Name | Derivative
    rule: Expression | None
    part: str
    terms: tuple[Expression, ...] = ()
    row: Row | None = None


def number_of_slope(node: Any, k: int) -> Expression:
    """∂node/∂input for input k of a Value."""
    return Constant(node.partials[k])


def lines_of(derivation: Derivation, slope: Callable[[Any, int], Expression] = number_of_slope) -> list[Line]:
    """A line for each quantity: the contributions to one gradient are one line, where the last arrives.

    `slope` writes a local derivative that is only named, such as ∂z/∂b; by default as the number on the edge.

    >>> from tinygrad_edu import Value, explain
    >>> x = Value(3.0, label="x")
    >>> [f"{line.quantity} = {line.rule}" for line in lines_of(explain(x * x))]
    ['x = None', 'f = x · x', '∂f/∂f = None', '∂f/∂x = ∂f/∂f · x + ∂f/∂f · x']
    """
    lines = [_line(row.quantity, row.rule, "forward", (), row) for row in derivation.forward]
    arrived: dict[str, list[Expression]] = {}
    for step in derivation.backward:
        for row in step.rows:
            rule = row.rule
            if rule is None:
                lines.append(_line(row.quantity, None, "backward", (), row))
                continue
            assert isinstance(row.quantity, Derivative)
            if row.edge is not None:
                rule = with_slope(rule, slope(step.node, row.edge))
            terms = arrived.setdefault(row.quantity.text, [])
            terms.append(rule)
            if row.part is None or row.part[0] == row.part[1]:
                whole = terms[0] if len(terms) == 1 else Apply(ops.ADD, tuple(terms))
                found = terms if len(terms) > 1 else _terms(rule)
                lines.append(_line(row.quantity, whole, "backward", tuple(found), row))
    return lines


def _line(quantity: Expression, rule: Expression | None, part: str, terms: tuple[Expression, ...], row: Row) -> Line:
    assert isinstance(quantity, (Name, Derivative))
    return Line(quantity, rule, part, terms, row)


def with_slope(rule: Expression, slope: Expression) -> Expression:
    """∂L/∂b · ∂b/∂a, as a line has it, with the slope in place of a local derivative that is only named."""
    *above, local = rule.args
    return with_args(rule, [*above, slope]) if isinstance(local, Derivative) else rule


def _terms(e: Expression) -> list[Expression]:
    """The terms of a sum that each have a gradient from above in them."""
    if isinstance(e, Apply) and e.op is ops.ADD and all(map(wrong.from_above, e.args)):
        return [term for a in e.args for term in _terms(a)]
    return [e]


class Mistake(NamedTuple):
    """A wrong rule.

    Attributes:
        id: its name in a program.
        sentence: what was done, for whoever did it.
        part: where it is made: "forward", "backward" or "update".
        wrong: of a line and all lines of the derivation, the wrong formulas of that line; none where it cannot be made.
        whole_pass: whether it is made in all lines at once; then `wrong` is what is passed on.
        written: of a mistake of a whole pass, whether `wrong` also is what is written down.
    """

    id: str
    sentence: str
    part: str
    wrong: Wrong
    whole_pass: bool = False
    written: bool = True


def mistakes_in(line: Line, lines: Sequence[Line]) -> list[tuple[Mistake, Expression]]:
    """Each mistake that can be made in a line with its wrong formula; not those of a whole pass."""
    found = []
    for mistake in CATALOGUE:
        if mistake.part == line.part and line.rule is not None and not mistake.whole_pass:
            wrongs = [e for e in mistake.wrong(line, lines) if prod(e.shape) == prod(line.rule.shape)]
            found += [(mistake, e) for e in wrongs if not same(e, line.rule)]
    return found


# fmt: off
CATALOGUE = (
    Mistake("no-slope", "The local derivative is left out, as the 1 − h² of tanh.", "backward", wrong.no_slope),
    Mistake("slope-of-z", "The slope of the activation is taken of z where h belongs.", "backward", wrong.slope_of_z),
    Mistake("slope-not-squared", "tanh′ is 1 − h², not 1 − h.", "backward", wrong.slope_not_squared),
    Mistake("slope-of-sigmoid", "h (1 − h) is the slope of the sigmoid; that of tanh is 1 − h².", "backward",
            wrong.slope_of_sigmoid),
    Mistake("slope-of-tanh-of-h", "h is tanh(z) already: tanh′ is 1 − h², not 1 − tanh(h)².", "backward",
            wrong.slope_of_tanh_of_h),
    Mistake("slope-of-tanh", "1 − h² is the slope of tanh; that of the sigmoid is h (1 − h).", "backward",
            wrong.slope_of_tanh),
    Mistake("slope-at-output", "The output has no activation: no slope of one belongs here.", "backward",
            wrong.slope_at_output),
    Mistake("no-incoming", "The gradient that comes from above is left out.", "backward", wrong.no_incoming),
    Mistake("not-transposed", "W stands where its transpose belongs.", "backward", wrong.not_transposed),
    Mistake("other-layer", "The weights are those of another layer.", "backward", wrong.other_layer),
    Mistake("rows-reversed", "The rows of W are in reverse order.", "backward", wrong.rows_reversed),
    Mistake("outer-transposed", "The matrix is transposed: rows belong to outputs, columns to inputs.", "backward",
            wrong.outer_transposed),
    Mistake("other-h", "The h is that of another layer.", "backward", wrong.other_h),
    Mistake("z-for-h", "z stands where h belongs: a layer's input is what came out of the activation.", "backward",
            wrong.z_for_h),
    Mistake("path-left-out", "A path is left out: the gradients of all paths add up.", "backward", wrong.path_left_out),
    Mistake("sign", "The difference is the wrong way round: it is ŷ − y, not y − ŷ.", "backward", wrong.sign),
    Mistake("factor-2", "A factor 2 too much: the ½ of the loss cancels the 2 of the square.", "backward",
            wrong.times(2.0)),
    Mistake("factor-half", "A factor ½ too much.", "backward", wrong.times(0.5)),
    Mistake("no-constant", "A constant factor is left out, as the 2 of v² or the 1/N of a mean.", "backward",
            wrong.no_constant),
    Mistake("softmax-alone", "The − y is left out: the slope is softmax(z) − y.", "backward", wrong.softmax_alone),
    Mistake("softmax-twice", "The derivative of softmax is in softmax(z) − y already.", "backward",
            wrong.softmax_twice),
    Mistake("softmax-diagonal", "Each softmax output depends on every z, not only on its own.", "backward",
            wrong.diagonal_alone),
    Mistake("no-bias", "The bias is left out.", "forward", wrong.no_bias),
    Mistake("no-activation", "The activation is left out.", "forward", wrong.no_activation),
    Mistake("W-transposed", "W is transposed where it should not be.", "forward", wrong.W_transposed),
    Mistake("wrong-class", "The logarithm is that of another class.", "forward", wrong.wrong_class),
    Mistake("no-constant", "A constant factor is left out, as the ½ of the loss.", "forward", wrong.no_constant),
    Mistake("up", "The update goes up: it is − η ∂L/∂W, not +.", "update", wrong.up),
    Mistake("no-rate", "The learning rate η is left out.", "update", wrong.no_rate),
    Mistake("overwritten", "= for +=: only the last path counts, where all of them add up.", "backward",
            lambda line, lines: [line.terms[-1]] if len(line.terms) > 1 else [], whole_pass=True),
    Mistake("no-order", "A gradient is passed on before all of it has arrived.", "backward",
            lambda line, lines: [line.terms[0]] if len(line.terms) > 1 else [], whole_pass=True, written=False),
)
# fmt: on
