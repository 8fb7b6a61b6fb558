"""The catalogue of mistakes that learners make in the lines of a derivation.

Each is a right form and what is written instead of it, or a function of wrong_rules.py. A mistake is made in one line.
A learner who makes it in several computes each of them with the numbers that the lines before it gave.

>>> from tinygrad_edu import Value, explain
>>> from tinygrad_edu.readings.explaining.lines import lines_of
>>> z = Value(0.5, label="z"); h = z.tanh(); h.label = "h"
>>> lines = lines_of(explain(h))
>>> for mistake, wrong, _ in mistakes_in(lines[-1], lines):
...     print(f"{mistake.id:20} {wrong}")
no-slope             ∂h/∂h
slope-of-z           ∂h/∂h · (1 − z²)
slope-not-squared    ∂h/∂h · (1 − h)
slope-of-sigmoid     ∂h/∂h · (h · (1 − h))
slope-of-tanh-of-h   ∂h/∂h · (1 − tanh(h)²)
"""

from __future__ import annotations

from math import log, prod
from typing import Any, NamedTuple

from ...writing.algebra import same
from ...writing.expression import Constant, Expression
from . import wrong_rules as wrong
from .lines import Line, Lines


class Mistake(NamedTuple):
    """A wrong rule.

    Attributes:
        id: its name in a program.
        sentence: what was done wrong, for the learner.
        part: where it is made: "forward", "backward" or "update".
        wrong: takes a line and all lines of the derivation, and gives the wrong formulas of that line, or none.
    """

    id: str
    sentence: str
    part: str
    wrong: wrong.Wrong


class Made(NamedTuple):
    """A mistake made in a line.

    Attributes:
        mistake: which one.
        rule: the wrong formula, of one contribution if the line adds up several.
        term: which contribution it is; None where the rule is that of the whole line.
    """

    mistake: Mistake
    rule: Expression
    term: int | None = None


def mistakes_in(line: Line, lines: Lines) -> list[Made]:
    """Each mistake that can be made in a line, with its wrong formula."""
    found: list[Made] = []
    if line.rule is None:
        return found
    several = len(line.terms) > 1
    for k, rule in enumerate(line.terms if several else [line.rule]):
        one, term = (line._replace(rule=rule, terms=()), k) if several else (line, None)
        for mistake in CATALOGUE:
            if mistake.part == line.part:
                wrongs = [e for e in mistake.wrong(one, lines) if prod(e.shape) == prod(rule.shape)]
                found += [Made(mistake, e, term) for e in wrongs if not same(e, rule)]
        if several:
            found.append(Made(_PATH_LEFT_OUT, Constant(0.0), k))
    return [*found, Made(_OVERWRITTEN, line.terms[-1])] if several else found


def _adam(a: Any, eta: Any, m: Any, v: Any, eps: Any) -> Any:
    return a - eta * m / (v.sqrt() + eps)


# fmt: off
# `mistakes_in` makes these two itself, in lines with several contributions.
_PATH_LEFT_OUT = Mistake("path-left-out", "A path is left out: the gradients of all paths add up.", "backward",
                         wrong.in_no_single_path)
_OVERWRITTEN = Mistake("overwritten", "= for +=: only the last path counts, where all of them add up.", "backward",
                       wrong.in_no_single_path)

CATALOGUE = (
    Mistake("no-slope", "The local derivative is left out, as the 1 − h² of tanh.", "backward", wrong.no_slope),
    Mistake("slope-of-z", "The slope of the activation is taken of z where h belongs.", "backward", wrong.slope_of_z),
    Mistake("slope-not-squared", "tanh′ is 1 − h², not 1 − h.", "backward",
            wrong.instead(lambda h: 1 - h**2, lambda h: 1 - h)),
    Mistake("slope-of-sigmoid", "h (1 − h) is the slope of the sigmoid; that of tanh is 1 − h².", "backward",
            wrong.instead(lambda h: 1 - h**2, lambda h: h * (1 - h))),
    Mistake("slope-of-tanh-of-h", "h is tanh(z) already: tanh′ is 1 − h², not 1 − tanh(h)².", "backward",
            wrong.instead(lambda h: 1 - h**2, lambda h: 1 - h.tanh() ** 2)),
    Mistake("slope-of-tanh", "1 − h² is the slope of tanh; that of the sigmoid is h (1 − h).", "backward",
            wrong.instead(lambda h: h * (1 - h), lambda h: 1 - h**2)),
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
    _PATH_LEFT_OUT, _OVERWRITTEN,
    Mistake("no-order", "A gradient is passed on before all of it has arrived.", "backward", wrong.no_order),
    Mistake("updated-weights", "The weights are those after the update: a pass uses the ones before it.", "backward",
            wrong.updated_weights),
    Mistake("sign", "The difference is the wrong way round, as y − ŷ for ŷ − y.", "backward",
            wrong.at_the_start(wrong.instead(lambda a, b: a - b, lambda a, b: b - a))),
    Mistake("factor-2", "A factor 2 too much; a ½ before a square cancels its 2.", "backward",
            wrong.times(2.0)),
    Mistake("factor-half", "A factor ½ too much.", "backward", wrong.times(0.5)),
    Mistake("mean-too-much", "A factor 1/n too much: the loss is a sum here, not a mean over n.", "backward",
            wrong.mean_too_much),
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
    Mistake("decimal-logarithm", "The logarithm is that to the base 10: the loss has the natural one.", "forward",
            wrong.instead(lambda a: a.log(), lambda a: a.log() / log(10))),
    Mistake("not-normalised", "eᶻ is not divided by the sum: the outputs of softmax add up to 1.", "forward",
            wrong.not_normalised),
    Mistake("up", "The update goes up: it is − η ∂L/∂W, not +.", "update",
            wrong.instead(lambda a, change: a - change, lambda a, change: a + change)),
    Mistake("no-rate", "The learning rate η is left out.", "update",
            wrong.instead(lambda a, eta, g: a - eta * g, lambda a, eta, g: a - g)),
    Mistake("no-correction", "The bias correction is left out: m̂ is m / (1 − β₁ᵗ), and v̂ likewise.", "update",
            wrong.instead(lambda m, beta, t: m / (1 - beta**t), lambda m, beta, t: m)),
    Mistake("eps-in-root", "ε stands inside the root: the step is divided by √v̂ + ε.", "update",
            wrong.instead(_adam, lambda a, eta, m, v, eps: a - eta * m / (v + eps).sqrt())),
    Mistake("no-root", "The root is left out: the step is divided by √v̂ + ε.", "update",
            wrong.instead(_adam, lambda a, eta, m, v, eps: a - eta * m / (v + eps))),
    Mistake("m-and-v-exchanged", "m̂ and v̂ are exchanged: the step is m̂ divided by the root of v̂.", "update",
            wrong.instead(_adam, lambda a, eta, m, v, eps: a - eta * v / (m.abs().sqrt() + eps))),
)
# fmt: on
