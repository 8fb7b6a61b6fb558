"""The mistakes that learners make in the lines of a derivation, each with the wrong formulas that it leads to.

A mistake changes one part of a rule: it is a right form and what is written instead of it, or a function of the part.
They are kept apart from the table of `ops.py`. A mistake is made in one line, and of a rule of several contributions
in one of these. A learner who makes it in several lines computes each of them with the numbers that the lines before
it gave.

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

from collections.abc import Callable, Iterable
from math import log, prod
from typing import Any, NamedTuple, TypeAlias

from ... import array_ops as A
from ... import ops
from ...writing import expression as E
from ...writing.algebra import in_symbols, multiply, product_of, same, subtract, sum_of, transpose
from ...writing.expression import Expression, with_args, within
from ..formulas import is_softmax
from ..layers import ACTIVATION_ROWS
from .lines import Line, Lines, from_above

#: What is written in place of a part of a rule, in a line of the derivation: wrong formulas, or none.
Change: TypeAlias = Callable[[Expression, Line, Lines], Iterable[Expression]]


class Mistake(NamedTuple):
    """A wrong rule.

    Attributes:
        id: its name in a program; unique within a phase.
        phase: where it is made: "forward", "backward" or "update".
        sentence: what was done wrong, for the learner.
        change: what is written in place of a part of the rule.
    """

    id: str
    phase: str
    sentence: str
    change: Change = lambda e, line, lines: ()

    def wrong(self, line: Line, lines: Lines) -> list[Expression]:
        """The wrong formulas of a line: its rule with one of its parts changed, wherever that can be."""

        def variants(e: Expression) -> list[Expression]:
            found = list(self.change(e, line, lines))
            for k, a in enumerate(e.args):
                found += [_with_factor(e, k, new) for new in variants(a)]
            return found

        return variants(line.rule) if line.rule is not None else []


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
    several = len(line.terms) > 1
    for k, rule in enumerate(line.terms if several else [line.rule] if line.rule is not None else []):
        one, term = (line._replace(rule=rule, terms=()), k) if several else (line, None)
        for mistake in CATALOGUE:
            wrongs = mistake.wrong(one, lines) if mistake.phase == line.phase else []
            found += [Made(mistake, e, term) for e in wrongs if _fits(e, rule) and not same(e, rule)]
        if several:
            found.append(Made(_PATH_LEFT_OUT, E.Constant(0.0), k))
    return [*found, Made(_OVERWRITTEN, line.terms[-1])] if several else found


def _fits(wrong: Expression, right: Expression) -> bool:
    """Whether the wrong formula can be computed, and has as many numbers as the right one."""
    try:
        return prod(wrong.shape) == prod(right.shape) and all(map(_has_a_value, within(wrong)))
    except ValueError:
        return False


def _has_a_value(e: Expression) -> bool:
    match e:
        case E.Along(_, arg, axes):
            return not axes or max(axes) < len(arg.shape)
        case E.Part(arg, _, offsets):
            return max(offsets) < prod(arg.shape)
        case E.Reshape(arg, shape):
            return prod(arg.shape) == prod(shape)
        case E.MatMul(args):  # a vector is a column
            sides = [a.shape if len(a.shape) > 1 else (*a.shape, 1) for a in args]
            return all([left[-1] == right[-2] for left, right in zip(sides, sides[1:])])
    return True


# Kinds of changes.


def instead(right: Callable[..., Any], wrong: Callable[..., Any]) -> Change:
    """Another formula for a part that has the form of the right one, in the same letters.

    A letter stands for any formula but a constant: `instead(lambda a, b: a - b, lambda a, b: b - a)`.
    """
    letters = right.__code__.co_varnames[: right.__code__.co_argcount]
    pattern = in_symbols(right, *map(E.Name, letters))

    def change(e: Expression, line: Line, lines: Lines) -> Iterable[Expression]:
        found: dict[str, Expression] = {}
        return [in_symbols(wrong, *[found[letter] for letter in letters])] if same(e, pattern, found) else []

    return change


def of_the_rule(change: Change) -> Change:
    """The change of the whole rule, and of no part of it."""
    return lambda e, line, lines: change(e, line, lines) if e is line.rule else ()


def at_the_start(change: Change) -> Change:
    """The change where the backward pass starts: in the derivative of the loss."""

    def there(e: Expression, line: Line, lines: Lines) -> Iterable[Expression]:
        starts = line.phase == "backward" and line.rule is not None and not from_above(line.rule)
        return change(e, line, lines) if starts else ()

    return there


def times(c: float) -> Change:
    return at_the_start(of_the_rule(lambda e, line, lines: [E.Apply(ops.MUL, (E.Constant(c), e))]))


def for_a_factor(other: Callable[[E.Name, Lines], Iterable[Expression]], elementwise: bool = False) -> Change:
    """Another array in place of a named one, or of its transpose, in a product with a gradient.

    The product is one of matrices, or with `elementwise` also a product of elements.
    """

    def change(e: Expression, line: Line, lines: Lines) -> Iterable[Expression]:
        is_product = isinstance(e, E.MatMul) or (elementwise and isinstance(e, E.Apply) and e.op is ops.MUL)
        for k, a in enumerate(e.args if is_product and from_above(e) else ()):
            name = a.arg if isinstance(a, E.Transpose) else a
            for new in other(name, lines) if isinstance(name, E.Name) else ():
                yield _with_factor(e, k, new if name is a else transpose(new))

    return change


def _with_factor(e: Expression, k: int, new: Expression) -> Expression:
    return with_args(e, [*e.args[:k], new, *e.args[k + 1 :]])


# What stands beside a quantity in the network.


def _before(h: Expression, lines: Lines) -> list[E.Name]:
    """z, where h is an activation of z."""
    match lines.of[h.text].rule if isinstance(h, E.Name) and h.text in lines.of else None:
        case E.Apply(op, (E.Name() as z,)) if op in ACTIVATION_ROWS:
            return [z]
    return []


_NEAR = 2  # layers or steps of time away: how far one reaches for the wrong W or h


def _near(name: E.Name, names: list[str], lines: Lines) -> list[E.Name]:
    """Those beside one of a sequence of names."""
    if name.text not in names:
        return []
    k = names.index(name.text)
    beside = [*names[max(k - _NEAR, 0) : k], *names[k + 1 : k + 1 + _NEAR]]
    return [E.Name(text, lines.of[text].quantity.shape) for text in beside]


def _can_be_turned(e: Expression) -> bool:
    """Whether it is a matrix of more than one number, so that its transpose may differ."""
    return len(e.shape) == 2 and prod(e.shape) > 1


# The backward pass.


def no_slope(e: Expression, line: Line, lines: Lines) -> Iterable[Expression]:
    match e:
        case E.Apply(ops.MUL, args) if any(map(from_above, args)):
            for k, a in enumerate(args):
                if not from_above(a) and not isinstance(a, (E.Constant, E.Along)):
                    yield product_of([*args[:k], *args[k + 1 :]])


def of_tanh(h: Any) -> Any:
    """The slope of tanh, which is written in h."""
    return ops.TANH.partials(h, h)[0]


def of_sigmoid(h: Any) -> Any:
    return ops.SIGMOID.partials(h, h)[0]


_SLOPES = {ops.TANH: of_tanh, ops.SIGMOID: of_sigmoid}


def slope_of_z(e: Expression, line: Line, lines: Lines) -> Iterable[Expression]:
    for slope in _SLOPES.values():
        found: dict[str, Expression] = {}
        if same(e, in_symbols(slope, E.Name("h")), found):
            yield from [in_symbols(slope, z) for z in _before(found["h"], lines)]


@of_the_rule
def slope_at_output(e: Expression, line: Line, lines: Lines) -> Iterable[Expression]:
    """∂L/∂z of an affine z that goes through no activation, in a network with activations."""
    below = line.quantity.below if isinstance(line.quantity, E.Derivative) else ""
    match lines.of.get(below):
        case Line(E.Name() as z, E.Apply(ops.ADD, (E.MatMul(), _))) if z.text not in lines.activated:
            used = [op for op in _SLOPES if op in lines.activated.values()]
            return [multiply(e, in_symbols(_SLOPES[op], h)) for op in used for h in (z, E.Apply(op, (z,)))]
    return []


@of_the_rule
def no_incoming(e: Expression, line: Line, lines: Lines) -> Iterable[Expression]:
    def without(e: Expression) -> Expression:
        if isinstance(e, E.Derivative):
            return E.Ones(e.shape) if e.shape else E.Constant(1.0)
        return with_args(e, list(map(without, e.args))) if e.args else e

    above = [part for part in within(e) if isinstance(part, E.Derivative) and part.above != part.below]
    return [without(e)] if above else []


def other_layer(e: Expression, line: Line, lines: Lines) -> Iterable[Expression]:
    """Another W of the same letter; of a larger one the upper left corner."""
    for W in _near(e, lines.weights.get(e.text[0], []), lines) if isinstance(e, E.Name) else []:
        (m, n), (rows, width) = e.shape, W.shape
        if W.shape == e.shape:
            yield W
        elif m <= rows and n <= width:
            yield E.Part(W, f":{m}, :{n}", tuple([i * width + j for i in range(m) for j in range(n)]), e.shape)


def reversed_rows(W: E.Name, lines: Lines) -> Iterable[Expression]:
    if W.text in lines.weights.get(W.text[0], []) and W.shape[0] > 1:
        m, n = W.shape
        yield E.Part(W, "::-1", tuple([i * n + j for i in reversed(range(m)) for j in range(n)]), W.shape)


def updated(W: E.Name, lines: Lines) -> Iterable[Expression]:
    line = lines.of.get(f"new {W.text}")
    return [line.rule] if line and line.rule else []


def outer_transposed(e: Expression, line: Line, lines: Lines) -> Iterable[Expression]:
    match e:
        case E.MatMul((_, _)) if from_above(e) and _can_be_turned(e) and e.shape[0] == e.shape[1]:
            yield transpose(e)


def other_h(h: E.Name, lines: Lines) -> Iterable[Expression]:
    """Another layer input of the same shape, x or the result of an activation."""
    return _near(h, lines.layer_inputs.get(h.shape, []), lines)


def no_order(e: Expression, line: Line, lines: Lines) -> Iterable[Expression]:
    """The first contribution alone, for a gradient that several make."""
    if isinstance(e, E.Derivative) and e.text in lines.of and len(lines.of[e.text].terms) > 1:
        yield lines.of[e.text].terms[0]


@at_the_start
@of_the_rule
def mean_too_much(e: Expression, line: Line, lines: Lines) -> Iterable[Expression]:
    sizes = {n for part in within(e) if isinstance(part, E.Name) for n in part.shape if n > 2}
    return [multiply(E.Constant(1 / n), e) for n in sorted(sizes)]  # 1/2 is another mistake


def no_constant(e: Expression, line: Line, lines: Lines) -> Iterable[Expression]:
    match e:
        case E.Apply(ops.MUL, (E.Constant(), a)) | E.Apply(ops.DIV, (a, E.Constant())):
            yield a
        case E.Apply(ops.MUL, (a, E.Literal(c)) | (E.Literal(c), a)) | E.Apply(ops.DIV, (a, E.Literal(c))) if (
            abs(c) != 1
        ):
            yield a


def _softmaxes(e: Expression, line: Line, lines: Lines) -> list[Expression]:
    """Its parts that are the softmax of the z of a line ∂L/∂z: written out, or by name, as ŷ."""
    z = line.quantity.below if isinstance(line.quantity, E.Derivative) else ""

    def of_z(name: str) -> bool:
        rule = lines.of[name].rule if name in lines.of else None
        return rule is not None and is_softmax(rule) and str(rule.args[0]) == z

    return [p for p in within(e) if is_softmax(p) or (isinstance(p, E.Name) and of_z(p.text))]


def softmax_alone(e: Expression, line: Line, lines: Lines) -> Iterable[Expression]:
    match e:
        case E.Apply(ops.SUB, (a, _)) if _softmaxes(a, line, lines):
            yield a


@at_the_start
@of_the_rule
def softmax_twice(e: Expression, line: Line, lines: Lines) -> Iterable[Expression]:
    return [multiply(e, in_symbols(of_sigmoid, p)) for p in _softmaxes(e, line, lines)[:1]]


def diagonal_alone(e: Expression, line: Line, lines: Lines) -> Iterable[Expression]:
    match e:
        case E.Apply(ops.SUB, (G, E.Along(A.SUM, E.Apply(ops.MUL) as product))) if from_above(G):
            yield subtract(G, product)


# The forward pass.


def no_bias(e: Expression, line: Line, lines: Lines) -> Iterable[Expression]:
    match e:
        case E.Apply(ops.ADD, (*products, E.Name())) if not from_above(e):
            if all([isinstance(p, E.MatMul) or (isinstance(p, E.Apply) and p.op is ops.MUL) for p in products]):
                yield sum_of(products)


def no_activation(e: Expression, line: Line, lines: Lines) -> Iterable[Expression]:
    match e:
        case E.Apply(op, (z,)) if op in ACTIVATION_ROWS:
            yield z


def W_transposed(e: Expression, line: Line, lines: Lines) -> Iterable[Expression]:
    match e:
        case E.MatMul((E.Name() as W, h)) if _can_be_turned(W) and W.shape[0] == W.shape[1]:
            yield E.MatMul((E.Transpose(W), h))


def wrong_class(e: Expression, line: Line, lines: Lines) -> Iterable[Expression]:
    """y ∘ log ŷ with the 1 of y in another place; log softmax(z) is such a logarithm, too."""
    match e:
        case E.Apply(ops.MUL, (E.Name() as y, rest)) if y.shape:
            n = y.shape[-1]
            logarithm = any([isinstance(p, E.Along) or getattr(p, "op", None) is ops.LOG for p in within(rest)])
            for by in range(1, n) if logarithm else ():
                offsets = tuple([k - k % n + (k + by) % n for k in range(prod(y.shape))])
                yield E.Apply(ops.MUL, (E.Part(y, f"another class, {by} on", offsets, y.shape), rest))


def not_normalised(e: Expression, line: Line, lines: Lines) -> Iterable[Expression]:
    match e:
        case E.Along(A.SOFTMAX, z):
            yield E.Apply(ops.EXP, (z,))


# The update.


def adam(a: Any, eta: Any, m: Any, v: Any, eps: Any) -> Any:
    return a - eta * m / (v.sqrt() + eps)


# The catalogue: what it is called in a program, what it says to the learner, and what is written.

# fmt: off
_BACKWARD = (
    ("no-slope", "The local derivative is left out, as the 1 − h² of tanh.", no_slope),
    ("slope-of-z", "The slope of the activation is taken of z where h belongs.", slope_of_z),
    ("slope-not-squared", "tanh′ is 1 − h², not 1 − h.", instead(of_tanh, lambda h: 1 - h)),
    ("slope-of-sigmoid", "h (1 − h) is the slope of the sigmoid; that of tanh is 1 − h².",
     instead(of_tanh, of_sigmoid)),
    ("slope-of-tanh-of-h", "h is tanh(z) already: tanh′ is 1 − h², not 1 − tanh(h)².",
     instead(of_tanh, lambda h: of_tanh(h.tanh()))),
    ("slope-of-tanh", "1 − h² is the slope of tanh; that of the sigmoid is h (1 − h).", instead(of_sigmoid, of_tanh)),
    ("slope-at-output", "The output has no activation: no slope of one belongs here.", slope_at_output),
    ("no-incoming", "The gradient that comes from above is left out.", no_incoming),
    ("not-transposed", "W stands where its transpose belongs.",
     for_a_factor(lambda W, lines: [E.Transpose(W)] if _can_be_turned(W) else [])),
    ("other-layer", "The weights are those of another layer.", other_layer),
    ("rows-reversed", "The rows of W are in reverse order.", for_a_factor(reversed_rows)),
    ("outer-transposed", "The matrix is transposed: rows belong to outputs, columns to inputs.", outer_transposed),
    ("other-h", "The h is that of another layer.", for_a_factor(other_h)),
    ("z-for-h", "z stands where h belongs: a layer's input is what came out of the activation.",
     for_a_factor(_before, elementwise=True)),
    ("no-order", "A gradient is passed on before all of it has arrived.", no_order),
    ("updated-weights", "The weights are those after the update: a pass uses the ones before it.",
     for_a_factor(updated)),
    ("sign", "The difference is the wrong way round, as y − ŷ for ŷ − y.",
     at_the_start(instead(lambda a, b: a - b, lambda a, b: b - a))),
    ("factor-2", "A factor 2 too much. (Where a ½ stands before a square, no 2 is left.)", times(2.0)),
    ("factor-half", "A factor ½ too much.", times(0.5)),
    ("mean-too-much", "A factor 1/n too much: the loss is a sum here, not a mean over n.", mean_too_much),
    ("no-constant", "A constant factor is left out, as the 2 of v² or the 1/N of a mean.", no_constant),
    ("softmax-alone", "The − y is left out: the slope is softmax(z) − y.", softmax_alone),
    ("softmax-twice", "The derivative of softmax is in softmax(z) − y already.", softmax_twice),
    ("softmax-diagonal", "Each softmax output depends on every z, not only on its own.", diagonal_alone),
)
_FORWARD = (
    ("no-bias", "The bias is left out.", no_bias),
    ("no-activation", "The activation is left out.", no_activation),
    ("W-transposed", "W is transposed where it should not be.", W_transposed),
    ("wrong-class", "The logarithm is that of another class.", wrong_class),
    ("no-constant", "A constant factor is left out, such as a ½ before a sum.", no_constant),
    ("decimal-logarithm", "log₁₀ was taken: the loss has the natural logarithm.",
     instead(lambda a: a.log(), lambda a: a.log() / log(10))),
    ("not-normalised", "eᶻ is not divided by the sum: the outputs of softmax add up to 1.", not_normalised),
)
_UPDATE = (
    ("up", "The update goes up: it is − η ∂L/∂W, not +.", instead(lambda a, b: a - b, lambda a, b: a + b)),
    ("no-rate", "The learning rate η is left out.", instead(lambda a, eta, g: a - eta * g, lambda a, eta, g: a - g)),
    ("no-correction", "The bias correction is left out: m̂ is m / (1 − β₁ᵗ), and v̂ likewise.",
     instead(lambda m, beta, t: m / (1 - beta**t), lambda m, beta, t: m)),
    ("eps-in-root", "ε stands inside the root: the step is divided by √v̂ + ε.",
     instead(adam, lambda a, eta, m, v, eps: a - eta * m / (v + eps).sqrt())),
    ("no-root", "The root is left out: the step is divided by √v̂ + ε.",
     instead(adam, lambda a, eta, m, v, eps: a - eta * m / (v + eps))),
    ("m-and-v-exchanged", "m̂ and v̂ are exchanged: the step is m̂ divided by the root of v̂.",
     instead(adam, lambda a, eta, m, v, eps: a - eta * v / (m.abs().sqrt() + eps))),
)
# fmt: on
# `mistakes_in` makes these two itself, in lines with several contributions.
_PATH_LEFT_OUT = Mistake("path-left-out", "backward", "A path is left out: the gradients of all paths add up.")
_OVERWRITTEN = Mistake(
    "overwritten",
    "backward",
    "Only the last path counts here, as with = in place of +=, but the gradients of all paths add up.",
)
_PHASES = (("backward", _BACKWARD), ("forward", _FORWARD), ("update", _UPDATE))
CATALOGUE = (
    *[Mistake(id, phase, sentence, change) for phase, rows in _PHASES for id, sentence, change in rows],
    _PATH_LEFT_OUT,
    _OVERWRITTEN,
)
