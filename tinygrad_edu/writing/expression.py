"""Formulas as data, and the one function that writes them: on paper or in code.

A formula is built of small classes, rows of the table of `ops.py` applied to named quantities. It
holds no numbers of its own but constants and numbers put in; `evaluate` takes those of its names from
outside. A language says how each class looks; `write` decides where parentheses stand, from one table
of precedence, whatever the language.

The algebra of paper, which may reorder, is in algebra.py. Compiled
programs have an algebra of their own, in readings/compiling, that keeps the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cache
from itertools import accumulate, pairwise
from math import prod
from string import Formatter
from typing import Any, NamedTuple

from .. import array_ops as A
from .. import ops
from ..array_ops import ArrayOp
from ..derivative_name import LOOSE, DerivativeName
from ..shapes import Shape, axes, broadcast_shapes, offsets


class Precedence(IntEnum):
    """How tightly a formula holds together, from the loosest to the tightest."""

    CONDITION = 0  # a if a > 0 else b
    COMPARISON = 1  # a > b
    SUM = 2  # a + b, a − b; on paper −a too
    SUMMATION = 3  # Σ a · b, which extends to the right as far as the product does
    MATRIX = 4  # A B: a neighbour in a product of numbers puts it in parentheses, and the other way round
    PRODUCT = 5  # a · b, a / b
    SIGN = 6  # −a in code
    FRACTION = 7  # ∂L/∂a
    RAISED = 8  # a name such as x², which needs parentheses to be raised again
    POWER = 9  # a², Aᵀ
    ATOM = 10  # names, numbers, f(a)

    def next(self) -> Precedence:
        """The next tighter one: what the right operand of a − b needs."""
        return Precedence(min(self + 1, Precedence.ATOM))


class Expression:
    """A formula. `args` are the formulas inside, `shape` that of the array it stands for, () for a number."""

    __slots__ = ()
    __match_args__: tuple[str, ...] = ()

    @property
    def args(self) -> tuple[Expression, ...]:
        return ()

    @property
    def shape(self) -> Shape:
        return ()

    def __str__(self) -> str:
        from .paper import Text  # which is built on this file

        return str(write(self, Text())[0])


@dataclass(frozen=True, slots=True, eq=False)
class Name(Expression):
    """A quantity that is called by its name."""

    text: str
    shape: Shape = ()


@dataclass(frozen=True, slots=True, eq=False)
class Derivative(Expression):
    """∂above/∂below, for two names; its shape is that of what is below."""

    above: str
    below: str
    shape: Shape = ()

    @property
    def text(self) -> DerivativeName:
        """The name of its number.

        >>> Derivative("L", "z").text
        '∂L/∂z'
        >>> Derivative("∂L/∂a", "b").text
        '∂(∂L/∂a)/∂b'
        """
        return DerivativeName(self.above, [self.below])


def tightness(name: str) -> Precedence:
    """How tightly a name holds together on paper: less than an atom for a label such as "a + b" or "x²".

    >>> tightness("a + b").name, tightness("∂L/∂w").name, tightness("v₁²").name, tightness("w₁").name
    ('SUM', 'FRACTION', 'RAISED', 'ATOM')
    """
    if name.startswith("∂"):
        return Precedence.FRACTION
    if LOOSE & {*name}:
        return Precedence.SUM
    return Precedence.RAISED if name[-1:] in [*"⁰¹²³⁴⁵⁶⁷⁸⁹⁻"] else Precedence.ATOM


@dataclass(frozen=True, slots=True, eq=False)
class Number(Expression):
    """A number put in for a name, or an array (anything with `shape` and `tolist()`)."""

    number: Any

    @property
    def shape(self) -> Shape:
        return getattr(self.number, "shape", ())


@dataclass(frozen=True, slots=True, eq=False)
class Constant(Expression):
    """A number that is part of a rule, such as the 2 in 2 · a. It is written exactly."""

    number: float


@dataclass(frozen=True, slots=True, eq=False)
class Literal(Expression):
    """A number of the graph that nobody named. It is written exactly, and not simplified away.

    `formula` is how it follows from what has a name, where that is too long to be written.
    """

    number: float
    formula: Expression | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Ones(Expression):
    """An array full of 1."""

    shape: Shape


@dataclass(frozen=True, slots=True, eq=False)
class Apply(Expression):
    """An operation, a row of the table, applied to arguments: element by element, if they are arrays.

    More than two arguments of + or × are a + b + c as it stands.
    """

    op: Any
    args: tuple[Expression, ...]

    @property
    def shape(self) -> Shape:
        return broadcast([a.shape for a in self.args])


class OfOne(Expression):
    """A formula with one formula inside."""

    __slots__ = ()
    arg: Expression

    @property
    def args(self) -> tuple[Expression, ...]:
        return (self.arg,)


class Rearranged(Expression):
    """Elements of its arguments: those at `offsets`, where the arguments are laid out one after another."""

    __slots__ = ()

    @property
    def offsets(self) -> Sequence[int]:
        return range(prod(self.shape))


@dataclass(frozen=True, slots=True, eq=False)
class Along(OfOne):
    """A function along axes of an array, a row of `array_ops`. No axes means all.

    A reduction takes the axes away, unless they are kept with the size 1; softmax and log_softmax keep the shape.
    """

    function: ArrayOp
    arg: Expression
    axes: Shape | None = None
    keepdims: bool = False

    @property
    def shape(self) -> Shape:
        if self.function not in A.REDUCTIONS:
            return self.arg.shape
        kept = [(k, n) for k, n in enumerate(self.arg.shape) if self.axes is not None and k not in self.axes]
        if self.keepdims:
            return tuple([n if (k, n) in kept else 1 for k, n in enumerate(self.arg.shape)])
        return tuple([n for _, n in kept])


@dataclass(frozen=True, slots=True, eq=False)
class MatMul(Expression):
    """A B C. A vector is a column: a bᵀ is a matrix. Of more than two axes the last two are those of matrices."""

    args: tuple[Expression, ...]

    @property
    def shape(self) -> Shape:
        first, last = self.args[0].shape, self.args[-1].shape
        m, p = first[:1] if len(first) < 3 else first[-2:-1], last[1:][-1:]
        return (*broadcast([a.shape[:-2] for a in self.args]), *m, *p)


@dataclass(frozen=True, slots=True, eq=False)
class Transpose(OfOne, Rearranged):
    """Aᵀ of a matrix; of a vector, a row. With `axes`, the axes of any array in this order."""

    arg: Expression
    axes: Shape | None = None

    @property
    def shape(self) -> Shape:
        if self.axes is not None:
            return tuple([self.arg.shape[k] for k in self.axes])
        return (1, *self.arg.shape) if len(self.arg.shape) == 1 else self.arg.shape[::-1]

    @property
    def offsets(self) -> Sequence[int]:
        along, order = axes(self.arg.shape), range(len(self.arg.shape))
        return offsets([along[k] for k in self.axes or order[::-1]])

    @property
    def of_matrices(self) -> bool:
        """Whether it is Aᵀ of a matrix, or of each of several: the last two axes change places."""
        axes = self.axes or (1, 0)
        return (*axes[:-2], axes[-1], axes[-2]) == tuple(range(len(axes)))


@dataclass(frozen=True, slots=True, eq=False)
class Reshape(OfOne, Rearranged):
    """The same numbers, row by row, in another shape."""

    arg: Expression
    shape: Shape


@dataclass(frozen=True, slots=True, eq=False)
class OfPlace(OfOne):
    """An array and a place in one: `index` is what stands in the brackets, `offsets` are the elements, row by row.

    `keys` are the integers, slices and nested lists of integers in the brackets, where it was taken by such.
    """

    arg: Expression
    index: str
    offsets: tuple[int, ...]
    shape: Shape
    keys: tuple[Any, ...] | None = None


class Part(OfPlace, Rearranged):
    """A[1:, :2]."""

    __slots__ = ()


class Placed(OfPlace):
    """Zeros of a shape with an array in the place of a Part, where elements that meet add up."""

    __slots__ = ()


class Place(NamedTuple):
    """A part of an array: what stands in the brackets, its elements, counted row by row, its shape, and the keys."""

    brackets: str
    offsets: tuple[int, ...]
    shape: Shape
    keys: tuple[Any, ...] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Join(Rearranged):
    """Arrays one after another along an axis (CAT), or as the rows of a new first axis (STACK)."""

    op: ArrayOp
    args: tuple[Expression, ...]
    axis: int = 0

    @property
    def shape(self) -> Shape:
        first, k = self.args[0].shape, self.axis
        if self.op is A.STACK:
            return (len(self.args), *first)
        return (*first[:k], sum([a.shape[k] for a in self.args]), *first[k + 1 :])

    @property
    def offsets(self) -> Sequence[int]:
        pieces, ends = prod(self.shape[: self.axis]), accumulate([prod(a.shape) for a in self.args], initial=0)
        parts = [(start, (end - start) // pieces) for start, end in pairwise(ends)]
        return [start + k * n + i for k in range(pieces) for start, n in parts for i in range(n)]


@dataclass(frozen=True, slots=True, eq=False)
class Function(Expression):
    """A function that is known by its name alone."""

    name: str
    args: tuple[Expression, ...]
    shape: Shape


@dataclass(frozen=True, slots=True, eq=False)
class Chain(Expression):
    """⟨G, ∂t/∂a⟩ = Σᵢ Gᵢ ∂tᵢ/∂a: the chain rule element by element."""

    arg: Expression
    derivative: Derivative

    @property
    def args(self) -> tuple[Expression, ...]:
        return (self.arg, self.derivative)

    @property
    def shape(self) -> Shape:
        return self.derivative.shape


@dataclass(frozen=True, slots=True, eq=False)
class Path(Expression):
    """x → h → L, by its names."""

    names: tuple[str, ...]


def broadcast(shapes: Sequence[Shape]) -> Shape:
    """The shape of arrays combined element by element, as in NumPy.

    >>> broadcast([(3, 1), (2,), ()])
    (3, 2)
    """
    return broadcast_shapes("a formula", *shapes)


def within(e: Expression) -> list[Expression]:
    """The formula and every formula inside it, each where it stands."""
    found = [e]
    for part in found:  # which grows
        found += part.args
    return found


def with_args(e: Expression, args: Sequence[Expression]) -> Expression:
    """The same formula of other parts."""
    formula: Any = e
    if isinstance(e, (OfOne, Chain)):
        formula = replace(formula, arg=args[0])
    elif args:
        formula = replace(formula, args=tuple(args))
    return formula  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Spelling:
    """How an operation is written: its text with a letter in braces for each operand.

    `{a} - {b}` has the precedence SUM, and needs of a at least SUM and of b at least PRODUCT, or
    else parentheses.

    Attributes:
        text: such as "{a} - {b}"; an operand may occur several times.
        precedence: of the whole.
        operands: the least precedence of a, b, … without parentheses.
        open: whether the last operand may be a Σ, which then extends as far to the right as the whole does.
    """

    text: str
    precedence: Precedence
    operands: tuple[Precedence, ...]
    open: bool = False

    @property
    def parts(self) -> tuple[str | int, ...]:
        """What stands side by side: text, and the numbers of operands.

        >>> infix(" + ", Precedence.SUM).parts
        (0, ' + ', 1)
        """
        return _parts(self.text)


@cache
def _parts(text: str) -> tuple[str | int, ...]:
    found: list[str | int] = []
    for literal, letter, _, _ in Formatter().parse(text):
        found += [literal] if literal else []
        found += [ord(letter) - ord("a") if len(letter) == 1 else int(letter[1:])] if letter else []
    return tuple(found)


@cache
def places(n: int) -> tuple[str, ...]:
    """Where n operands stand in a Spelling: {a}, {b}, {c}, …"""
    return tuple([f"{{{chr(ord('a') + k) if k < 26 else f'a{k}'}}}" for k in range(n)])


def infix(sign: str, precedence: Precedence, open: bool = False) -> Spelling:
    """a sign b, read from the left: a − b − c is (a − b) − c."""
    return Spelling(f"{{a}}{sign}{{b}}", precedence, (precedence, precedence.next()), open)


@cache
def call(name: str, arguments: int = 1, note: str = "") -> Spelling:
    """name(a, b), or name(a, b, note)."""
    inside = ", ".join([*places(arguments), *[note] * bool(note)])
    return Spelling(f"{name}({inside})", Precedence.ATOM, (Precedence.CONDITION,) * arguments)


class Language:
    """What `write` asks of a language. Those of paper know every class; code knows names, numbers and Apply.

    What is written is a text, or what `atom` and `concatenated` of a language make of texts.
    """

    def name(self, text: str) -> str:
        return text

    def tightness(self, name: str) -> Precedence:
        """How tightly a name holds together: less than an atom if it looks like a formula."""
        return Precedence.ATOM

    def spelled(self, e: Expression) -> tuple[Any, Precedence] | Spelling:
        """A formula as text, or how it is spelled from its `args`."""
        match e:
            case Name(text):
                return self.name(text), self.tightness(text)
            case Number(number):
                return self.number(number)
            case Apply(op, args):
                return self.spelling(op, args)
        raise TypeError(f"{type(e).__name__} is not a formula of {type(self).__name__}")

    def number(self, number: Any) -> tuple[Any, Precedence] | Spelling:
        raise NotImplementedError

    def spelling(self, op: Any, args: Sequence[Expression]) -> Spelling:
        """Of an operation applied to arguments."""
        raise NotImplementedError

    def atom(self, text: str) -> Any:
        """What is written where a text stands by itself."""
        return text

    def operand(self, written: Any, precedence: Precedence, least: Precedence) -> Any:
        """An operand, in parentheses if it holds together less tightly than it has to."""
        return self.parentheses(written) if precedence < least else written

    def parentheses(self, written: Any) -> Any:
        return f"({written})"

    def compose(self, spelling: Spelling, operands: Sequence[Any]) -> Any:
        """The operands in their places."""
        return self.concatenated([self.atom(p) if isinstance(p, str) else operands[p] for p in spelling.parts])

    def concatenated(self, parts: Sequence[Any]) -> Any:
        """What has been written, side by side."""
        return "".join(parts)


def write(e: Expression, language: Language) -> tuple[Any, Precedence]:
    """The formula in the language, and how tightly it holds together."""
    spelled = language.spelled(e)
    if isinstance(spelled, Spelling):
        return put_together(spelled, [write(a, language) for a in e.args], language)
    written, precedence = spelled
    return language.atom(written) if isinstance(written, str) else written, precedence


def put_together(
    spelling: Spelling, operands: Sequence[tuple[Any, Precedence]], language: Language
) -> tuple[Any, Precedence]:
    """An operation and how tightly it holds together, of operands that are written already.

    >>> put_together(infix(" - ", Precedence.SUM), [("a", Precedence.ATOM), ("b + c", Precedence.SUM)], Language())
    ('a - (b + c)', <Precedence.SUM: 2>)
    """
    placed, whole = [], spelling.precedence
    last = len(spelling.operands) - 1
    for k, ((written, precedence), least) in enumerate(zip(operands, spelling.operands)):
        if k == last and spelling.open and precedence is Precedence.SUMMATION:
            whole = min(whole, precedence)
        else:
            written = language.operand(written, precedence, least)
        placed.append(written)
    return language.compose(spelling, placed), whole


def chunks(e: Expression, language: Language) -> list[list[tuple[str, Any]]]:
    """The formula in terms, and these in parts, each with the sign before it.

    A line may end between them: before + and −, and before · and the factors of a product of matrices.

    >>> from tinygrad_edu import ops
    >>> from tinygrad_edu.writing.paper import Text
    >>> chunks(Apply(ops.SUB, (Apply(ops.MUL, (Name("a"), Name("b"))), Name("c"))), Text())
    [[('', 'a'), (' · ', 'b')], [(' − ', 'c')]]
    """
    found: list[list[tuple[str, Any]]] = [[]]
    # What is still to be written, the sign before it, what it needs at least, and whether a term begins with it.
    waiting: list[tuple[Expression, str, Precedence, bool]] = [(e, "", Precedence.CONDITION, False)]
    while waiting:
        e, sign, least, begins = waiting.pop()
        is_sum = isinstance(e, Along) and e.function is A.SUM
        breaks = is_sum or isinstance(e, MatMul) or (isinstance(e, Apply) and e.op in _BREAKS)
        spelled = language.spelled(e) if breaks else None
        in_parentheses = least > Precedence.SUMMATION and _is_a_sum(e)
        if (
            not isinstance(spelled, Spelling)
            or isinstance(spelled.parts[-1], str)  # such as sum(a, axis=0)
            or spelled.precedence < least
            or in_parentheses
        ):
            if begins:
                found.append([])
            found[-1].append((sign, language.operand(*write(e, language), least)))
            continue
        operands: list[tuple[Expression, str, Precedence, bool]] = []
        for part in spelled.parts:
            if isinstance(part, str):
                sign = part if operands else sign + part  # such as + Σ
                begins = isinstance(e, Apply) and e.op in (ops.ADD, ops.SUB) if operands else begins
            else:
                is_last = spelled.open and part == len(spelled.operands) - 1
                least = Precedence.CONDITION if is_last and _is_a_sum(e.args[part]) else spelled.operands[part]
                operands.append((e.args[part], sign, least, begins))
        waiting += reversed(operands)
    return found


_BREAKS = (ops.ADD, ops.SUB, ops.MUL, ops.NEG)


def _is_a_sum(e: Expression) -> bool:
    """Whether it is a Σ, or a product that ends in one, which extends to the right as far as the formula does."""
    while isinstance(e, Apply) and e.op is ops.MUL:
        e = e.args[-1]
    return isinstance(e, Along) and e.function is A.SUM
