"""Formulas on paper, and as lines of text with Unicode's mathematics; latex.py writes the same as LaTeX."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, TypeAlias
from unicodedata import combining, east_asian_width

from .. import array_ops as A
from .. import ops
from . import expression as E
from . import notation
from .expression import Expression, Language, Precedence, Spelling, call, infix, places, write

SUM, SUMMATION, MATRIX, PRODUCT = Precedence.SUM, Precedence.SUMMATION, Precedence.MATRIX, Precedence.PRODUCT
FRACTION, POWER, ATOM = Precedence.FRACTION, Precedence.POWER, Precedence.ATOM

_MOST_TERMS = 16  # of a sum, a product or a path
AXES = "ₙₖ"  # Σₙ runs over the rows of a matrix, one an example, and Σₖ along each of them

TEXT = {
    "+": infix(" + ", SUM, open=True),
    "−": infix(" − ", SUM, open=True),
    "×": infix(" · ", PRODUCT, open=True),
    "∘": infix(" ∘ ", PRODUCT, open=True),
    "÷": Spelling("{a} / {b}", PRODUCT, (PRODUCT, POWER)),
    "neg": Spelling("−{a}", SUM, (SUMMATION,)),
    "abs": Spelling("|{a}|", ATOM, (SUM,)),
    "pow": Spelling("{a}^{b}", FRACTION, (ATOM, ATOM)),
    "ᵀ": Spelling("{a}ᵀ", POWER, (POWER,)),
    "⟨⟩": Spelling("⟨{a}, {b}⟩", ATOM, (SUM, SUM)),
}


@dataclass
class Text(Language):
    """Plain text. A matrix takes several lines, and what stands beside it is centred on them.

    The other languages of paper say what they write in another way.

    Attributes:
        digits: decimals of a number.
        columns: whether vectors are columns, else they are transposed rows.
        most: rows and columns of a matrix that are shown: of more, the first ones and the last.
    """

    table: ClassVar[Mapping[str, Spelling]] = TEXT
    beside, arrow, dots, times = " ", " → ", "…", " × "

    digits: int = 4
    columns: bool = False
    most: int = 8

    # Names and numbers.

    def sign(self, relation: str) -> str:
        """A sign between two sides, or between two matrices where a line is broken."""
        return f" {relation} "

    def words(self, text: str) -> str:
        """Words in a Spelling, such as [1:, :2] of A[1:, :2]."""
        return text

    def tightness(self, name: str) -> Precedence:
        return E.tightness(name)

    def decimal(self, text: str) -> tuple[str, Precedence]:
        """A number that `notation` wrote."""
        return with_precedence(text)

    def fraction(self, p: int, q: int) -> tuple[str, Precedence]:
        return ("½", ATOM) if (p, q) == (1, 2) else (f"{notation.number(p, 0)}/{q}", SUM)

    def root(self, sign: str, p: int, q: int) -> tuple[str, Precedence]:
        """√p, or 1/√q."""
        text = f"√{p}" if p > 1 else f"1/√{q}"
        return sign + text, SUM if sign else ATOM if p > 1 else PRODUCT

    def matrix(self, number: Any) -> tuple[str, Precedence]:
        """The numbers of a vector or a matrix."""
        rows = self.cells(number, ("⋯", "⋮"))
        upright = len(number.shape) == 1 and not self.columns
        if upright:
            rows = [[row[0] for row in rows]]
        widths = [max(map(len, column)) for column in zip(*rows)]
        lines = ["  ".join([f"{cell:>{w}}" for cell, w in zip(row, widths)]) for row in rows]
        transposed = upright and len(rows[0]) > 1
        return _fenced(lines, "[⎡⎢⎣", "]⎤⎥⎦") + ("ᵀ" if transposed else ""), POWER if transposed else ATOM

    def number(self, number: Any) -> tuple[Any, Precedence] | Spelling:
        shape = getattr(number, "shape", ())
        if not shape:
            x = float(number if isinstance(number, (int, float)) else number.tolist())
            return self.decimal(notation.short(x, self.digits))
        if len(shape) > 2:
            return Spelling(self.size(shape) + self.words(" numbers"), SUM, ())
        return self.matrix(number)

    def constant(self, x: float) -> tuple[str, Precedence]:
        p, q = notation.as_fraction(x)
        return self.fraction(p, q) if q > 1 else self.literal(x)

    def literal(self, x: float) -> tuple[str, Precedence]:
        """A number of the formula, or the root that it is."""
        p, q = notation.as_root(x)
        return self.root("−" if x < 0 else "", p, q) if p else self.decimal(notation.constant(x, self.digits))

    def cells(self, number: Any, dots: tuple[str, str]) -> list[list[str]]:
        """The numbers of a vector (as a column) or a matrix; dots in place of those in the middle."""
        numbers = number.tolist()
        rows = [[x] for x in numbers] if len(number.shape) == 1 else numbers
        largest = max([abs(x) for row in rows for x in row])

        def cell(x: float | None) -> str:
            return dots[0] if x is None else self.decimal(notation.short(x, self.digits, largest))[0]

        table = [list(map(cell, ends(row, None, self.most))) for row in ends(rows, None, self.most) if row]
        if len(rows) > self.most:
            table.insert(-1, [dots[1]] * len(table[0]))
        return table

    def size(self, shape: Sequence[int]) -> str:
        return self.times.join(map(str, shape)) or "1"

    # Operations.

    def call(self, name: str, arguments: int = 1, note: str = "") -> Spelling:
        """name(a, b, note); a row that is not in the table is written so."""
        return call(name, arguments, note)

    def power(self, n: float) -> Spelling:
        exponent = notation.superscript(n, self.digits)
        return Spelling("{a}" + exponent, FRACTION if "^" in exponent else POWER, (ATOM,))

    def summation(self, axis: str) -> Spelling:
        return Spelling(f"Σ{axis} {{a}}", SUMMATION, (SUMMATION,))

    def spelling(self, op: Any, args: Sequence[Expression]) -> Spelling:
        if op in (ops.ADD, ops.MUL) and len(args) > 2:
            return self._repeated(op, len(args))
        if op is ops.MUL and all([len(_long(a)) for a in args]):
            return self.table["∘"]
        if op.exponent is not None:
            return self.power(op.exponent)
        nested = op is ops.ABS and any([isinstance(p, E.Apply) and p.op is op for p in E.within(args[0])])
        if op.symbol in self.table and not nested:
            return self.table[op.symbol]
        return self.call(op.symbol, len(args))

    def _repeated(self, op: Any, n: int) -> Spelling:
        """a + b + … + z."""
        sign = self.table[op.symbol]
        between = str(sign.parts[1])
        terms = ends(list(places(n)), self.dots)
        return Spelling(between.join(terms), sign.precedence, sign.operands[:1] + sign.operands[1:] * (n - 1))

    def spelled(self, e: Expression) -> tuple[Any, Precedence] | Spelling:
        match e:
            case E.Constant(number):
                return self.constant(number)
            case E.Literal(number):
                return self.literal(number)
            case E.Derivative(text=text):
                return self.name(text), FRACTION
            case E.Path(names):
                return self.arrow.join(ends([self.name(name) for name in names], self.dots)), SUM
            case E.Ones(shape):
                return self.call("ones", 0, self.size(shape))
            case E.MatMul(args):
                return Spelling(self.beside.join(places(len(args))), MATRIX, (FRACTION,) * len(args))
            case E.Transpose(_, axes) if axes and not e.of_matrices:
                return self.call("permute", 1, ", ".join(map(str, axes)))
            case E.Transpose():
                return self.table["ᵀ"]
            case E.Reshape(arg, shape):
                return self.call("reshape", 1, self.size(shape)) if _long(e) else write(arg, self)
            case E.Part(E.Name() as whole, _, (k,), ()):
                # z₂, as elsewhere: brackets with one number are a time, z⁽¹⁾[2]
                return self.spelled(E.Name(notation.elements(whole.text, whole.shape)[k]))
            case E.Part(_, index):
                return Spelling("{a}" + self.words(f"[{index}]"), ATOM, (ATOM,))
            case E.Placed(_, index, _, shape):
                return self.call("place", 1, f"{self.words(f'[{index}]')}, {self.size(shape)}")
            case E.Along():
                return self.along(e)
            case E.Join(op, args, axis):
                return self.call(op.symbol, len(args), f"axis={axis}" if axis else "")
            case E.Function(name, args):
                return self.call(name, len(args))
            case E.Chain():
                return self.table["⟨⟩"]
        return super().spelled(e)

    def along(self, e: E.Along) -> Spelling:
        """Σ over all, Σₙ or Σₖ of a matrix; of more axes `sum(C, axis=(0, 1))`."""
        ndim = len(e.arg.shape)
        axes = tuple(range(ndim)) if e.axes is None else e.axes
        shape_stays = e.function not in A.REDUCTIONS
        if shape_stays:  # without an axis it is that of each row
            default = all([n == 1 or (k == ndim - 1) == (k in axes) for k, n in enumerate(e.arg.shape)])
        else:
            default = len(axes) == ndim or not [n for k, n in enumerate(e.arg.shape) if n > 1 and k not in axes]
        if default or (ndim == 2 and len(axes) == 1):
            axis = "" if default else AXES[axes[0]]
            return self.summation(axis) if e.function is A.SUM else self.call(e.function.symbol + axis)
        said = f"axis={axes[0] if len(axes) == 1 else axes}"
        return self.call(e.function.symbol, 1, said + ", keepdims" * e.keepdims)

    # What stands side by side.

    def sentence(self, words: Sequence[str | Expression]) -> Any:
        """Words and formulas, one after the other."""
        return self.concatenated([self.atom(word) if isinstance(word, str) else write(word, self)[0] for word in words])

    def parentheses(self, text: str) -> str:
        return _fenced(text.split("\n"), "(⎛⎜⎝", ")⎞⎟⎠")

    def compose(self, spelling: Spelling, operands: Sequence[Any]) -> Any:
        """The operands in their places; parentheses and bars as tall as what is between them."""
        found: list[str] = [part if isinstance(part, str) else operands[part] for part in spelling.parts]
        if "\n" not in "".join(found):
            return "".join(found)
        if spelling.text.startswith("|"):
            return _fenced(self.join(*found[1:-1]).split("\n"), "||||", "||||")
        if found[0].endswith("(") and found[-1].endswith(")"):
            inside = self.join(*found[1:-1], found[-1].removesuffix(")"))
            return self.join(found[0].removesuffix("("), self.parentheses(inside))
        return self.join(*found)

    def join(self, *pieces: str) -> str:
        """The pieces side by side, each centred on the tallest."""
        blocks = [piece.split("\n") for piece in pieces]
        height = max(map(len, blocks))
        columns = []
        for block in blocks:
            above = (height - len(block)) // 2
            width = max(map(display_width, block))
            lines = [""] * above + block + [""] * (height - len(block) - above)
            columns.append([padded(line, width) for line in lines])
        return "\n".join(["".join(line) for line in zip(*columns)])


class Slot(NamedTuple):
    """Where a number stands in a line, which is filled in later.

    Attributes:
        number: what the formula has there as its Number: a number, a matrix, or what tells how to find it.
        signed: whether it needs parentheses if it begins with a minus sign, and
        raised: if there is a power of ten in it, or it is an array written as a transposed row.
    """

    number: Any
    signed: bool = False
    raised: bool = False


#: A line as what stands side by side: text, and places for numbers.
Pieces: TypeAlias = list[str | Slot]


class Typed(Text):
    """Text as pieces: the page fills in other numbers, and shows matrices in its own way.

    >>> from tinygrad_edu import ops
    >>> write(E.Apply(ops.SUB, (E.Name("a"), E.Number(-2.0))), Typed())[0]
    ['a − ', Slot(number=-2.0, signed=True, raised=False)]
    """

    def atom(self, text: str) -> Any:
        return [text]

    def number(self, number: Any) -> tuple[Any, Precedence]:
        return [Slot(number)], SUM

    def operand(self, written: Any, precedence: Precedence, least: Precedence) -> Any:
        match written:
            case [Slot(number)] if precedence is SUM and _is_array(number):
                return [Slot(number, False, least > POWER)]
            case [Slot(number)] if precedence is SUM:
                return [Slot(number, least > SUM, least > PRODUCT)]
        return super().operand(written, precedence, least)

    def parentheses(self, written: Any) -> Any:
        return super().parentheses(written) if isinstance(written, str) else joined(["(", *written, ")"])

    compose = Language.compose  # pieces have no height

    def concatenated(self, parts: Sequence[Any]) -> Any:
        return joined([piece for part in parts for piece in part])


def _is_array(number: Any) -> bool:
    return getattr(number, "shape", ()) != ()


def joined(pieces: Sequence[str | Slot]) -> Pieces:
    """The pieces with texts side by side as one."""
    found: Pieces = []
    for piece in pieces:
        if isinstance(piece, str) and found and isinstance(found[-1], str):
            found[-1] += piece
        else:
            found.append(piece)
    return found


def written(e: Expression, style: Language) -> Any:
    """The formula in the style.

    >>> from tinygrad_edu import ops
    >>> written(E.Apply(ops.MUL, (E.Name("a"), E.Apply(ops.ADD, (E.Name("b"), E.Name("c"))))), Text())
    'a · (b + c)'
    """
    return write(e, style)[0]


def ends(items: list[Any], dots: Any, most: int = _MOST_TERMS) -> list[Any]:
    """The items, or if they are too many the first ones, dots, and the last."""
    return items if len(items) <= most else [*items[: most - 2], dots, items[-1]]


def _long(e: Expression) -> list[int]:
    """The sizes above 1."""
    return [n for n in e.shape if n > 1]


def with_precedence(text: str) -> tuple[str, Precedence]:
    """A number, which may begin with a sign or have a power of ten in it."""
    return text, SUM if text.startswith("−") else PRODUCT if "·" in text else ATOM


def _fenced(lines: list[str], left: str, right: str) -> str:
    """The lines between brackets as tall as they are: `left` and `right` hold the parts ([⎡⎢⎣."""
    if len(lines) == 1:
        return left[0] + lines[0] + right[0]
    width = max(map(display_width, lines))
    parts = [1] + [2] * (len(lines) - 2) + [3]
    return "\n".join([left[k] + padded(line, width) + right[k] for k, line in zip(parts, lines)])


#: Latin, Greek and mathematical letters and signs, of one column each: most lines have no others, and are not counted.
_ONE_COLUMN_EACH = re.compile("[\x00-\u02ff\u0370-\u0482\u1d00-\u1dbf\u1e00-\u20cf\u2100-\u2319\u239b-\u23e8]*")


def display_width(text: str) -> int:
    """How many columns of a terminal a line takes: none for an accent, two for a letter of full width.

    >>> display_width("x\u0302 = 1"), display_width("重")
    (5, 2)
    """
    if _ONE_COLUMN_EACH.fullmatch(text):
        return len(text)
    return sum([0 if combining(c) else 1 + (east_asian_width(c) in "WF") for c in text])


def padded(text: str, width: int) -> str:
    """A line with blanks up to the width."""
    return text + " " * (width - display_width(text))
